"""Settings as TOML, read back by Python's own reader."""

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from seqkit.tune.toml import as_toml

KEYS = st.text(min_size=1, max_size=8)
LEAVES = (
    st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
)
PLAIN = st.characters(exclude_categories=("Cs",))
TABLES = st.recursive(
    st.dictionaries(st.text(PLAIN, min_size=1, max_size=6), LEAVES | st.lists(LEAVES, max_size=3)),
    lambda inner: st.dictionaries(
        st.text(PLAIN, min_size=1, max_size=6), LEAVES | inner, max_size=4
    ),
    max_leaves=12,
)


def without_empty(table: dict[str, Any]) -> dict[str, Any]:
    inside = {k: without_empty(v) if isinstance(v, dict) else v for k, v in table.items()}
    return {key: value for key, value in inside.items() if value != {}}


@given(TABLES)
def test_toml_reads_back_what_was_written(table: dict[str, Any]) -> None:
    assert without_empty(tomllib.loads(as_toml(table))) == without_empty(table)


def test_none_and_marks() -> None:
    text = as_toml({"a": None, "b": {"c": [1, 2], "d": {"한글": "값"}}}, {"b.c"}, "searched")
    assert text == 'a = "none"\n\n[b]\nc = [1, 2]  # searched\n\n[b.d]\n"한글" = "값"\n'
