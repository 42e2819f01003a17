import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqkit.corpora.labelled import Options, read, rows
from seqkit.corpus import Corpus, Labelled, load
from seqkit.errors import SeqkitError

ROWS = [("좋은 영화", "good"), ('he said "no", twice', "bad"), ("so so", "good"), ("", "bad")]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))


def write_csv(path: Path, found: list[tuple[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *found])


def write_tsv(path: Path, found: list[tuple[str, str]]) -> None:
    lines = [("text", "label"), *found]
    path.write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8")


def write_jsonl(path: Path, found: list[tuple[str, str]]) -> None:
    lines = [json.dumps({"id": 1, "label": y, "text": t}) for t, y in found]
    path.write_text("\n".join(lines), encoding="utf-8")


def write_parquet(path: Path, found: list[tuple[str, str]]) -> None:
    texts, labels = zip(*found, strict=True)
    pq.write_table(pa.table({"label": labels, "text": texts}), path)


WRITERS: dict[str, Callable[[Path, list[tuple[str, str]]], None]] = {
    "csv": write_csv,
    "tsv": write_tsv,
    "jsonl": write_jsonl,
    "parquet": write_parquet,
}


def train(path: Path, **options: Any) -> list[Labelled]:
    return list(load(str(path), {"test_fraction": 0, **options}).examples("train"))


# --- every form holds the same rows ---------------------------------------------------------


@pytest.mark.parametrize("form", WRITERS)
def test_forms(form: str, tmp_path: Path) -> None:
    path = tmp_path / f"mine.{form}"
    WRITERS[form](path, ROWS)
    assert train(path) == [Labelled(t, (y,)) for t, y in ROWS]
    assert load(str(path), {"test_fraction": 0}).labels == ("bad", "good")


@pytest.mark.parametrize("form", WRITERS)
def test_folder_of_split_files(form: str, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, found in (("train", ROWS), ("dev", ROWS[:1]), ("test", ROWS[1:])):
        WRITERS[form](folder / f"{name}.{form}", found)
    corpus = load(str(folder))
    assert {k: len(v) for k, v in corpus.splits.items()} == {"train": 4, "validation": 1, "test": 3}


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    found=st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=9),
            st.sampled_from(["a", "b"]),
        ),
        min_size=1,
    )
)
def test_csv_reads_what_the_standard_library_writes(
    found: list[tuple[str, str]], tmp_path: Path
) -> None:
    path = tmp_path / "mine.csv"
    write_csv(path, found)
    assert list(rows(path, {})) == [Labelled(t, (y,)) for t, y in found]


def test_columns_by_name_and_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(
        "\ufeffreview,id,stars\r\nfine,1,5\r\nbad,2,1\r\n", encoding="utf-8", newline=""
    )
    assert train(path, text="review", label="stars") == [("fine", ("5",)), ("bad", ("1",))]


def test_quotes_mean_nothing_in_tsv_unless_asked(tmp_path: Path) -> None:
    path = tmp_path / "mine.tsv"
    path.write_text('text\tlabel\n"open\ta\n"shut"\tb\n', encoding="utf-8")
    assert train(path) == [('"open', ("a",)), ('"shut"', ("b",))]
    path.write_text('text\tlabel\n"o\tpen"\ta\n"shut"\tb\n', encoding="utf-8")
    assert train(path, quoting=True) == [("o\tpen", ("a",)), ("shut", ("b",))]


def test_several_labels(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("text,label\nx,a|b | a\ny,\nz,b\n", encoding="utf-8")
    corpus = load(str(path), {"separator": "|", "test_fraction": 0})
    assert list(corpus.examples("train")) == [("x", ("a", "b")), ("y", ()), ("z", ("b",))]
    assert corpus.multi_label
    path = tmp_path / "mine.jsonl"
    path.write_text('{"text": "x", "label": ["a", 2]}\n{"text": "y", "label": []}\n')
    assert train(path, separator="|") == [("x", ("a", "2")), ("y", ())]


def test_labels_that_are_numbers_or_truths(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text('{"text": "x", "label": 1}\n\n{"text": "y", "label": false}\n')
    assert train(path) == [("x", ("1",)), ("y", ("false",))]


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return root


def test_trees(tmp_path: Path) -> None:
    flat = tree(tmp_path / "f", {"neg/2.txt": "나쁨\r\n둘", "pos/1.txt": "좋음", "neg/1.txt": "no"})
    assert train(flat) == [("no", ("neg",)), ("나쁨\n둘", ("neg",)), ("좋음", ("pos",))]
    split = tree(tmp_path / "s", {"train/a/1.txt": "x", "train/b/1.txt": "y", "test/b/9.txt": "z"})
    corpus: Corpus = load(str(split))
    assert {k: len(v) for k, v in corpus.splits.items()} == {"train": 2, "test": 1}


def test_test_split_is_carved_out_by_seed(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    write_csv(path, [(f"t{i // 2}", "ab"[i // 2 % 2]) for i in range(200)])
    corpora = [load(str(path), {"test_fraction": 0.2, "seed": seed}) for seed in (0, 0, 1)]
    tests = [[e.text for e in corpus.examples("test")] for corpus in corpora]
    assert tests[0] == tests[1] != tests[2]
    assert len(tests[0]) == 40
    assert not set(tests[0]) & {e.text for e in corpora[0].examples("train")}


# --- what is wrong, and where ---------------------------------------------------------------

GOOD = "text,label\na,x\nb,y\n"
LONG = "text,label\na,x\n" + "z" * (10 * 1024**2) + ",y\n"
BAD: list[tuple[str, str | bytes, str]] = [
    ("m.csv", "", r"m\.csv is empty"),
    ("m.csv", "text,label\n", r"m\.csv has no rows"),
    (
        "m.csv",
        "txt,label\na,x\n",
        r"line 1, has no column 'text'\. Did you mean 'txt'\? Columns: txt",
    ),
    (
        "m.tsv",
        "text\tklass\na\tx\n",
        r"no column 'label'\..* Columns: text, klass.* data.label=COLUMN",
    ),
    ("m.csv", GOOD + "c\n", "line 4 has 1 cells and the header 2"),
    ("m.csv", GOOD + '"c\nd",x\ne,f,g\n', "line 6 has 3 cells and the header 2: put cells"),
    ("m.tsv", "text\tlabel\na\tb\tc\n", "line 2 has 3 cells and the header 2: no tab"),
    ("m.csv", GOOD + '"never shut,x\nd,y\n', "line 4: .*close every double quote"),
    ("m.csv", GOOD + "c, \n", "line 4: the label is missing"),
    ("m.csv", "text,label\na,x\nb,x\n", "only one class, 'x'"),
    ("m.csv", (GOOD + "좋다,x\n").encode("cp949"), r"line 4 is not UTF-8 \(byte 19 is 0x.*CP949"),
    ("m.csv", GOOD + "c\0d,x\n", "line 4 holds a NUL byte at byte 20"),
    ("m.csv", LONG, "line 3 is longer than 8 MiB"),
    ("m.jsonl", '{"text": "a", "label": "x"}\n{"text": \n', "line 2 is not valid JSON"),
    (
        "m.jsonl",
        '{"text": "\\ud83d\\ude00", "label": "x"}\n{"text": "\\ud83d", "label": "x"}',
        "line 2 holds half of a surrogate pair",
    ),
    ("m.jsonl", '["a", "x"]\n', "line 1 is not a JSON object"),
    ("m.jsonl", '{"text": "a"}\n', "line 1 has no column 'label'"),
    ("m.jsonl", '{"text": 3, "label": "x"}\n', "line 1: the text is a number, where a string"),
    ("m.jsonl", '{"text": "a", "label": null}\n', "line 1: the label is missing"),
    ("m.jsonl", '{"text": "a", "label": 0.5}\n', "line 1: the label is a number"),
    (
        "m.jsonl",
        '{"text": "a", "label": ["x"]}\n',
        "line 1: the label is a list; .* set the option 'separator'",
    ),
    ("m.parquet", "PAR1 not really", r"m\.parquet is not a readable parquet file"),
    ("m.xlsx", "x", r"cannot tell what .*m\.xlsx is by its name: it should end in \.csv, \.tsv"),
]


@pytest.mark.parametrize(("name", "content", "message"), BAD, ids=[str(i) for i in range(len(BAD))])
def test_bad_files(name: str, content: str | bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SeqkitError, match=message) as caught:
        load(str(path))
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    assert list(tmp_path.glob("cache/arrow/*")) == []


def test_bad_parquet_columns(tmp_path: Path) -> None:
    path = tmp_path / "m.parquet"
    pq.write_table(pa.table({"text": ["a"], "klass": ["x"]}), path)
    with pytest.raises(SeqkitError, match=r"no column 'label'\..* Columns: text, klass"):
        load(str(path))
    pq.write_table(pa.table({"text": ["a", None], "label": ["x", "y"]}), path)
    with pytest.raises(SeqkitError, match="row 2: the text is missing"):
        load(str(path))


def test_label_without_a_training_example(tmp_path: Path) -> None:
    tree(tmp_path, {"m/train.csv": GOOD, "m/test.csv": "text,label\na,x\nb,yy\n"})
    with pytest.raises(SeqkitError, match=r"test\.csv, line 3: label 'yy' has no training example"):
        load(str(tmp_path / "m"))


def test_bad_folders(tmp_path: Path) -> None:
    tree(tmp_path, {"test_only/test.csv": GOOD, "both/train.csv": GOOD, "both/train.tsv": GOOD})
    tree(tmp_path, {"hollow/pos/1.txt": "x", "hollow/neg/1.md": "y", "flat/1.md": "x"})
    with pytest.raises(SeqkitError, match=r"test_only has no training data: it needs train\.csv"):
        load(str(tmp_path / "test_only"))
    with pytest.raises(SeqkitError, match=r"both has train\.csv and train\.tsv: leave one"):
        load(str(tmp_path / "both"))
    with pytest.raises(SeqkitError, match=r"class 'neg' has no example: no \.txt file in"):
        load(str(tmp_path / "hollow"))
    with pytest.raises(SeqkitError, match="flat has no training data"):
        load(str(tmp_path / "flat"))


@pytest.mark.parametrize("value", [-0.1, 1.0])
def test_settings_out_of_range(value: float, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(GOOD)
    with pytest.raises(SeqkitError, match="'test_fraction' = "):
        load(str(tmp_path / "m.csv"), {"test_fraction": value})


def test_reading_is_lazy(tmp_path: Path) -> None:
    """A fault late in a file is met only when it is reached: nothing is read ahead."""
    path = tmp_path / "m.csv"
    path.write_text(GOOD * 2 + "only\n")
    found = iter(read(Options(), path)["train"])
    assert next(found) == ("a", ("x",))
    with pytest.raises(SeqkitError, match="line 7"):
        list(found)
