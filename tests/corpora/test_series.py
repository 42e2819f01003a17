"""Series of the user's own: every form that is read, every form that is refused, and mutants."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqkit.corpora import seasons
from seqkit.corpora.series import Options, instant, read, table
from seqkit.corpus import Corpus, Series, load
from seqkit.errors import SeqkitError


def columns(path: Path, **options: object) -> dict[str, dict[str, Series]]:
    splits = read(Options(**options), path)  # type: ignore[arg-type]
    return {split: {column.name: column for column in part} for split, part in splits.items()}


def write(folder: Path, text: str, name: str = "own.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode("utf-8"))
    return path


def test_columns_keep_their_order_and_splits_follow_each_other(tmp_path: Path) -> None:
    rows = "".join(f"2024-01-{i + 1:02},{i},{-i / 2},{'ab'[i % 2]}\n" for i in range(20))
    path = write(tmp_path, f"date,x,y,kind\n{rows}")
    found = columns(path, label="kind", validation=0.25, test=0.1)
    assert [len(found[s]["x"].values) for s in ("train", "validation", "test")] == [13, 5, 2]
    joined = [v for part in found.values() for v in part["y"].values]
    assert joined == [-i / 2 for i in range(20)]
    assert found["test"]["date"].texts == ("2024-01-19", "2024-01-20")
    assert found["test"]["kind"] == Series("kind", "label", (), ("a", "b"), 0)
    corpus = load("series", {"label": "kind"}, path=str(path))
    assert corpus.kind is Series
    again = {c.name: c for c in corpus.examples("train")}
    assert again["x"].values == tuple(range(14))
    with pytest.raises(SeqkitError, match="no texts"):
        next(corpus.texts("train"))


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("x,y\n1,2.5\n-3,4e1\n", {}),
        ("x;y\r\n1;2.5\r\n-3;4e1\r\n", {}),
        ("x\ty\n1\t2.5\n\n-3\t40\n", {}),
        ("x;y\n1;2,5\n-3;40,0\n", {"decimal": ","}),
        ('\ufeff"x","y"\n"1"," 2.5 "\n"-3",40', {}),
        ("note,x,y\n위,1,2.5\na,-3,40\n", {"skip": "note"}),
        ("y,note,x\n2.5,,1\n40,b,-3\n", {"columns": "x,y"}),
        ("x|y,2\n", None),
    ],
)
def test_forms_of_files(tmp_path: Path, text: str, options: dict[str, str] | None) -> None:
    path = write(tmp_path, text)
    if options is None:
        with pytest.raises(SeqkitError, match="no rows"):
            table(path, Options())
        return
    found = table(path, Options(**options))  # type: ignore[arg-type]
    assert found.numbers["x"].tolist() == [1, -3]
    assert found.numbers["y"].tolist() == [2.5, 40]


def test_missing_rows_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    days = [*range(1, 6), *range(8, 13), *range(15, 20), *range(22, 27)]  # of a market
    rows = [f"2024-01-{day:02},{day}\n" for day in days]
    hours = [f"2024-01-{day:02} {hour:02}:00,1\n" for day in days for hour in range(9, 12)]
    months = [f"2024{month:02},1\n" for month in range(1, 13)]
    for regular in (hours, [*months, "202501,1\n"]):
        table(write(tmp_path, "date,x\n" + "".join(regular)), Options())
    table(write(tmp_path, "date,x\n" + "".join(rows)), Options())
    assert not caplog.messages
    table(write(tmp_path, "date,x\n" + "".join(rows) + "2024-03-01,1\n"), Options())
    (told,) = caplog.messages
    assert "line 22, column 'date': 2024-03-01 comes right after 2024-01-26" in told
    assert "(1 such places)" in told


def test_rows_of_blank_cells_are_gaps_but_at_the_end(tmp_path: Path) -> None:
    text = "x,y\n1,2\n,\n\n5,6\n,\n,\n"  # a spreadsheet leaves commas at the end
    filled = table(write(tmp_path, text), Options(gaps="linear")).whole("linear")
    assert [list(column.values) for column in filled] == [[1, 3, 5], [2, 4, 6]]
    with pytest.raises(SeqkitError, match=r"line 3, column 'x' is a gap"):
        table(write(tmp_path, text), Options())
    with pytest.raises(SeqkitError, match=r"line 3, column 'date': the date is missing: write it"):
        table(write(tmp_path, "date,x\n2024-01-01,1\n,\n2024-01-03,3\n"), Options(gaps="linear"))
    with pytest.raises(SeqkitError, match=r"line 3, column 'price' is a gap"):  # as of pandas
        table(write(tmp_path, 'price\n1\n""\n3\n'), Options())


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", {}, "own.csv is empty"),
        ("x,y\n", {}, "own.csv has a header and no rows"),
        ("1,2\n3,4\n", {}, "line 1 holds numbers where names of columns belong"),
        ("x,\n1,2\n", {}, "line 1: column 2 has no name"),
        ('"x\ny",z\n1,2\n', {}, "line 1: the name of column 1 goes on to the next line"),
        ("x,x\n1,2\n", {}, "line 1: two columns are named 'x'"),
        ("x,y\n1,2\n3\n", {}, "line 3 has 1 cells and the header 2"),
        ("x,y\n1,2\n\n3,\n", {}, "line 4, column 'y' is a gap"),
        ("x,y\n1,2\n3,NaN\n", {}, "line 3, column 'y' is a gap"),
        ("x,y\n1,2\n3,many\n", {}, r"line 3, column 'y': 'many' is not a number.*data.skip=y"),
        ("x,y\n1,2\n3,many\n", {"gaps": "linear"}, "'many' is not a number"),
        ("x;y\n1;2,5\n", {}, r"line 2, column 'y': '2,5' is not a number.*data.decimal=,"),
        ("x;y\n1;1.234\n", {"decimal": ","}, r"column 'y': '1.234' is not a number"),
        ("x,y\n1,1_0\n", {}, "'1_0' is not a number"),
        ("x,y\n1,inf\n", {}, "'inf' is not a number"),
        ("x,y\n1,１\n", {}, "'１' is not a number"),
        ("x,y\n1,1e999\n", {}, "1e999 is too large a number"),
        (
            "x,y\n1,\n2,3\n",
            {"gaps": "previous", "validation": 0},
            "line 2: column 'y' has no value yet",
        ),
        (
            "x,y\n1,\n2,\n",
            {"gaps": "linear", "validation": 0},
            "column 'y' has no value in a whole split",
        ),
        ("x,kind\n1,a\n2,\n", {"label": "kind"}, "line 3: the label in column 'kind' is missing"),
        ("x,kind\n1,a\n", {"label": "kin"}, "no column 'kin'. Did you mean 'kind'"),
        ("x,y\n1,2\n", {"skip": "z"}, "no column 'z', which data.skip names"),
        ("x,y\n1,2\n", {"columns": "x,z"}, "no column 'z'. Columns: x, y"),
        ("date\n2024-01-01\n", {}, "no column of numbers"),
        ("date,x\n2024-01-01,1\n2024-13-01,2\n", {}, "line 3, column 'date': '2024-13-01' is not"),
        ("date,x\n2024-01-02,1\n2024-01-01,2\n", {}, "line 3.*2024-01-01 is before that of line 2"),
        ("time,x\n2024-01-02,1\n2024-01-02,2\n", {}, "line 3.*is the same as that of line 2"),
        ("time,x\n1,1\n2024-01-02,2\n", {}, "line 3.*'2024-01-02' is not of the form of the"),
        ("time,x\n2024-01-01,1\n2024-01-02T00:00+09:00,2\n", {}, "line 3.*not of the form"),
        ("when,x\n1,1\n", {"date": "wen"}, "no column 'wen', which data.date names. Did you mean"),
        ('x,y\n1,"2\n', {}, "line 2: unexpected end of data; close every double quote"),
        ("x\n1\n2\n", {"validation": 0.5, "test": 0.6}, "leave nothing to train on"),
        ("x\n1\n2\n", {}, "own.csv has 2 rows: too few for train, validation, test splits"),
    ],
)
def test_every_mistake_is_named_with_its_line(
    tmp_path: Path, text: str, options: dict[str, object], message: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(SeqkitError, match=message) as error:
        load("series", options, path=str(path))  # type: ignore[arg-type]
    assert "\n" not in str(error.value)


def test_other_things_than_a_text_file(tmp_path: Path) -> None:
    with pytest.raises(SeqkitError, match="is a folder"):
        table(tmp_path, Options())
    with pytest.raises(SeqkitError, match="cannot read"):
        table(tmp_path / "none.csv", Options())
    (tmp_path / "cp949.csv").write_bytes("날짜,값\n2024-01-01,1\n".encode("cp949"))
    with pytest.raises(SeqkitError, match="line 1 is not UTF-8"):
        table(tmp_path / "cp949.csv", Options())
    with pytest.raises(SeqkitError, match="reads your own data"):
        load("series")


def test_gaps_are_filled_by_the_rule_and_counted(tmp_path: Path) -> None:
    cells = ["1", "", "3", "NA", "", "6", "", "8", "", "0"]
    path = write(tmp_path, "x,y\n" + "".join(f"{c},1\n" for c in cells))
    shares = {"validation": 0.2, "test": 0.3}  # train 1..5, validation 6..7, test 8..10
    previous = columns(path, gaps="previous", **shares)
    assert previous["train"]["x"].values == (1, 1, 3, 3, 3)
    assert previous["validation"]["x"].values == (6, 6)
    assert previous["test"]["x"].values == (8, 8, 0)
    assert [part["x"].filled for part in previous.values()] == [3, 1, 1]
    linear = columns(path, gaps="linear", **shares)
    assert linear["train"]["x"].values == (1, 2, 3, 3, 3)  # never a look into validation
    assert linear["test"]["x"].values == (8, 4, 0)
    assert all(part["y"].filled == 0 for part in linear.values())


@pytest.mark.parametrize("gaps", ["previous", "linear"])
def test_what_fills_train_does_not_depend_on_test(tmp_path: Path, gaps: str) -> None:
    draw = np.random.default_rng(0)
    for _ in range(20):
        cells = [str(v) if draw.random() < 0.6 else "" for v in draw.integers(0, 9, 30)]
        cells[0] = cells[25] = cells[21] = "5"
        other = [*cells[:21], *("7" if cell else "" for cell in cells[21:])]
        found = [
            columns(write(tmp_path, "x,y\n" + "".join(f"{c},1\n" for c in some)), gaps=gaps)
            for some in (cells, other)
        ]
        assert found[0]["train"] == found[1]["train"]


def test_dates_in_the_forms_that_people_write() -> None:
    spelt = ["2024-01-03", "2024/1/3", "2024. 1. 3.", "2024.01.03", "2024-1-3"]
    assert len({instant(cell) for cell in spelt}) == 1
    assert instant("2024-01") == instant("2024-01-01")
    assert instant("2024/01/03 07:05") == instant("2024-01-03T07:05:00")
    assert instant("20240103") == 20240103
    assert instant("yesterday") is None
    assert instant("2024-02-30") is None


CELLS = st.sampled_from(
    [
        "1",
        "-2.5",
        "1e3",
        "",
        "x",
        '"',
        '"4"',
        "a,b",
        ";",
        "\t",
        "2024-01-01",
        "nan",
        "\0",
        "한",
        "1,5",
    ]
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_mutated_file_is_read_right_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    rows = [["date", "x", "y"]] + [[f"2024-01-{i:02}", str(i), str(i * i)] for i in range(1, 9)]
    for _ in range(data.draw(st.integers(1, 3))):
        row = data.draw(st.sampled_from(rows))
        if data.draw(st.booleans()):
            row[data.draw(st.integers(0, len(row) - 1))] = data.draw(CELLS)
        else:
            row.append(data.draw(CELLS))
    text = "".join(",".join(row) + "\n" for row in rows)
    path = write(tmp_path, text)
    gaps: Any = data.draw(st.sampled_from(["refuse", "previous", "linear"]))
    problem = ""
    try:
        found = table(path, Options(gaps=gaps))
        parts = found.whole(gaps)
    except SeqkitError as error:
        problem = str(error)
    if problem:
        assert "\n" not in problem
        assert "own.csv" in problem
        return
    delimiter = next((sign for sign in "\t;" if sign in text.split("\n")[0]), ",")
    cells = [
        r for r in csv.reader(io.StringIO(text), delimiter=delimiter) if any(map(str.strip, r))
    ]
    assert len(found) == len(cells) - 1
    for part in parts:
        expected = [
            row[[c.strip() for c in cells[0]].index(part.name)].strip() for row in cells[1:]
        ]
        if part.role == "number":
            known = [(v, cell) for v, cell in zip(part.values, expected, strict=True)]
            assert all(v == float(c) for v, c in known if c not in ("", "nan"))
            assert np.isfinite(part.values).all()
        else:
            assert list(part.texts) == expected


def corpus(**options: object) -> Corpus:
    return load("seasons", options)  # type: ignore[arg-type]


def test_seasons_are_a_function_of_their_options() -> None:
    one, same, other = corpus(n=200), corpus(n=200), corpus(n=200, seed=1)
    assert list(one.examples("test")) == list(same.examples("test"))
    assert list(one.examples("test")) != list(other.examples("test"))
    longer = seasons.frames(seasons.Options(n=300))
    assert longer.numbers["demand"][:140].tolist() == pytest.approx(
        next(c.values for c in one.examples("train") if c.name == "demand")
    )
    assert {c.name: c.role for c in one.examples("train")} == {
        "date": "date",
        "regime": "label",
        "demand": "number",
        "temperature": "number",
    }
