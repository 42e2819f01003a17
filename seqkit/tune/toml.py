"""Settings as a TOML file."""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any


def as_toml(table: Mapping[str, Any], marked: Collection[str] = (), comment: str = "") -> str:
    """Return nested plain values as TOML, a section for each group.

    None, which TOML has no word for, is written ``"none"``, as the settings read it.

    Args:
        table: of plain values.
        marked: dotted paths that end with a comment.
        comment: that comment.
    """
    return "\n".join(_lines(table, (), marked, comment)).strip() + "\n"


def _lines(
    table: Mapping[str, Any], group: tuple[str, ...], marked: Collection[str], comment: str
) -> Iterator[str]:
    for key, value in table.items():
        if not isinstance(value, Mapping):
            note = f"  # {comment}" if ".".join((*group, key)) in marked else ""
            yield f"{_key(key)} = {_value(value)}{note}"
    for key, value in table.items():
        if isinstance(value, Mapping) and value:
            inside = (*group, key)
            yield from ("", f"[{'.'.join(map(_key, inside))}]")
            yield from _lines(value, inside, marked, comment)


def _key(name: str) -> str:
    bare = name.replace("_", "").replace("-", "").isalnum() and name.isascii()
    return name if bare else _value(name)


def _value(value: Any) -> str:
    if value is None:
        return '"none"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):  # JSON's escapes are TOML's, but for DEL
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, float):
        return repr(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
