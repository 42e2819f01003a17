import gzip
import json
import random
from pathlib import Path

import pytest

from seqkit.corpora._pairs import direction, parts
from seqkit.corpora.pairs import Options, rows
from seqkit.corpus import Corpus, Pair, load
from seqkit.errors import SeqkitError
from seqkit.tasks.translation.pairs import open_pairs

PAIRS = [Pair(f"잠 {i} 번", f"sleep number {i}") for i in range(40)]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))


def write(path: Path, lines: list[str]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def every(corpus: Corpus) -> list[Pair]:
    return sorted(pair for split in corpus.splits for pair in corpus.examples(split))


def test_every_way_to_give_pairs_is_the_same_pairs(tmp_path: Path) -> None:
    korean, english = [p.source for p in PAIRS], [p.target for p in PAIRS]
    tabs = [f"{p.source}\t{p.target}" for p in PAIRS]
    one = write(tmp_path / "ko.txt", korean)
    write(tmp_path / "en.txt", english)
    write(tmp_path / "pairs.tsv", tabs)
    write(tmp_path / "named.tsv", ["n\ten\tko", *(f"0\t{p.target}\t{p.source}" for p in PAIRS)])
    write(tmp_path / "cells.csv", [f'"{p.source}",{p.target}' for p in PAIRS])
    objects = [{"ko": p.source, "en": p.target} for p in PAIRS]
    write(tmp_path / "o.jsonl", [json.dumps(o, ensure_ascii=False) for o in objects])
    write(tmp_path / "folder" / "train.ko", korean)
    write(tmp_path / "folder" / "train.en", english)
    write(tmp_path / "sides" / "source.txt", korean)
    write(tmp_path / "sides" / "target.txt", english)
    (tmp_path / "packed.tsv.gz").write_bytes(gzip.compress("\n".join(tabs).encode()))
    ways = [
        open_pairs(f"{one},{tmp_path / 'en.txt'}", {}),
        open_pairs(str(tmp_path / "pairs.tsv"), {}),
        open_pairs(str(tmp_path / "packed.tsv.gz"), {}),
        open_pairs(str(tmp_path / "named.tsv"), {}, "ko", "en"),
        open_pairs(str(tmp_path / "named.tsv"), {}, "3", "2"),
        open_pairs(str(tmp_path / "cells.csv"), {}),
        open_pairs(str(tmp_path / "o.jsonl"), {}, "ko", "en"),
        open_pairs(str(tmp_path / "folder"), {}, "ko", "en"),
        open_pairs(str(tmp_path / "sides"), {}),
    ]
    header = Pair("ko", "en")
    for number, corpus in enumerate(ways):
        assert corpus.kind is Pair
        expected = sorted([*PAIRS, header]) if number == 4 else sorted(PAIRS)  # counted: no header
        assert every(corpus) == expected
        assert list(corpus.splits) == ["train", "validation", "test"]
        assert len(corpus.split("test")) == 2
    swapped = open_pairs(str(tmp_path / "folder"), {}, "en", "ko")
    assert swapped.options.direction == ("en", "ko")
    turned = [Pair(p.target, p.source) for p in swapped.examples("test")]
    assert turned == list(ways[7].examples("test"))  # the same sentences are held out


def test_files_of_splits_are_taken_as_they_are(tmp_path: Path) -> None:
    for name, part in (("train", PAIRS[:30]), ("val", PAIRS[30:35]), ("test", PAIRS[35:])):
        write(tmp_path / f"{name}.de", [p.source for p in part])
        write(tmp_path / f"{name}.en", [p.target for p in part])
    corpus = open_pairs(str(tmp_path), {}, "de", "en")
    assert list(corpus.examples("validation")) == PAIRS[30:35]
    assert [len(corpus.split(name)) for name in ("train", "test")] == [30, 5]


def test_a_changed_second_file_is_read_again(tmp_path: Path) -> None:
    one, two = (write(tmp_path / f"{n}.txt", [p[n] for p in PAIRS]) for n in (0, 1))
    before = every(open_pairs(f"{one},{two}", {}))
    write(two, [f"{p.target}!" for p in PAIRS])
    after = every(open_pairs(f"{one},{two}", {}))
    assert [p.target + "!" for p in before] == [p.target for p in after]


def test_an_empty_side_is_kept_for_the_task_to_count(tmp_path: Path) -> None:
    one = write(tmp_path / "a.txt", ["one", "", " two "])
    write(tmp_path / "b.txt", ["eins", "zwei", ""])
    options = Options(beside=str(tmp_path / "b.txt"))
    assert list(rows(one, options)) == [Pair("one", "eins"), Pair("", "zwei"), Pair("two", "")]


def test_no_sentence_is_in_two_splits() -> None:
    draw = random.Random(1)
    pairs = [Pair(f"s{draw.randrange(150)}", f"t{draw.randrange(400)}") for _ in range(300)]
    pairs += [Pair("S0!", "t-new"), Pair(" s0", "t-other")]  # the same but for case and marks
    found = parts(pairs, {"validation": 30, "test": 30})
    assert sorted(p for split in found.values() for p in split) == sorted(pairs)
    assert all(len(found[split]) >= 30 for split in ("validation", "test"))
    for side in (0, 1):
        seen = [{p[side].strip(" !").lower() for p in split} for split in found.values()]
        assert len(seen[0] | seen[1] | seen[2]) == sum(map(len, seen))
    draw.shuffle(pairs)
    again = parts([Pair(t, s) for s, t in pairs], {"validation": 30, "test": 30})
    assert {(t, s) for s, t in again["test"]} == set(found["test"])  # nor order nor direction


def test_answers_may_be_shared_between_splits() -> None:
    pairs = [Pair(f"question {i}", "yes") for i in range(50)]
    found = parts(pairs, {"test": 10}, questions=True)
    assert len(found["test"]) == 10
    with pytest.raises(SeqkitError, match="50 pairs, in 1 groups that share no sentence"):
        parts(pairs, {"test": 10})


def test_a_direction_is_completed_or_refused() -> None:
    assert direction("", "", ("ko", "en")) == ("ko", "en")
    assert direction("en", "", ("ko", "en")) == ("en", "ko")
    assert direction("", "ko", ("ko", "en")) == ("en", "ko")
    with pytest.raises(SeqkitError, match="source and target are both 'ko': set target=en"):
        direction("ko", "ko", ("ko", "en"))


@pytest.mark.parametrize(
    ("one", "two", "message"),
    [
        (["a", "b", "c"], ["x"], r"a\.txt has 3 lines and .*b\.txt 1: .*a\.txt, line 2 has no"),
        (["a"], ["x", "y"], r"b\.txt has 2 lines and .*a\.txt 1: .*b\.txt, line 2 has no partner"),
        (["a", "b"], ["", " "], r"b\.txt has no text \(all of its 2 lines are blank\)"),
        ([], [], r"a\.txt has no text \(it is empty\)"),
    ],
)
def test_files_that_are_no_pairs(
    tmp_path: Path, one: list[str], two: list[str], message: str
) -> None:
    files = [write(tmp_path / "a.txt", one), write(tmp_path / "b.txt", two)]
    with pytest.raises(SeqkitError, match=message):
        open_pairs(",".join(map(str, files)), {})


@pytest.mark.parametrize(
    ("name", "lines", "options", "message"),
    [
        ("p.tsv", ["a\tb", "c"], {}, r"p\.tsv, line 2 has 1 cells, and column 2 is needed: a tab"),
        ("p.csv", ['"a,b'], {}, r"p\.csv, line 1: .*quot"),
        ("p.tsv", ["\ta", "\tb"], {}, "the source of all its 2 pairs is empty"),
        ("p.tsv", [], {}, "it has no pair"),
        ("p.tsv", ["en\tkorean", "a\tb"], {"source": "en", "target": "korea"},
         r"line 1 has no column 'korea'\. Did you mean 'korean'\?"),
        ("p.tsv", ["a\tb"], {"source": "0", "target": "1"}, "columns are counted from 1"),
        ("p.jsonl", ['{"source": "a"}'], {}, r"line 1 has no text 'target' \(it has: source\)"),
        ("p.jsonl", ["[1]"], {}, "line 1 is not an object such as"),
        ("p.jsonl", ["{"], {}, "line 1 is not valid JSON"),
        ("p.xyz", ["a\tb"], {}, "cannot tell what"),
    ],
)  # fmt: skip
def test_malformed_tables(
    tmp_path: Path, name: str, lines: list[str], options: dict[str, str], message: str
) -> None:
    with pytest.raises(SeqkitError, match=message):
        load("pairs", options, path=str(write(tmp_path / name, lines)))


def test_folders_that_lack_something(tmp_path: Path) -> None:
    with pytest.raises(SeqkitError, match=r"needs train\.source and train\.target, train\.tsv"):
        load("pairs", path=str(tmp_path))
    write(tmp_path / "train.de", ["a"])
    write(tmp_path / "train.en", ["b"])
    with pytest.raises(SeqkitError, match=r"say which side is which, as source=de target=en"):
        load("pairs", path=str(tmp_path))
    with pytest.raises(SeqkitError, match=r"train\.de has no train\.fr beside it"):
        load("pairs", {"source": "de", "target": "fr"}, path=str(tmp_path))
    with pytest.raises(SeqkitError, match=r"there is no file at .*none\.txt"):
        open_pairs(f"{tmp_path / 'train.de'},none.txt", {})
    with pytest.raises(SeqkitError, match="names 3 files"):
        open_pairs(",".join([str(tmp_path / "train.de")] * 3), {})
    with pytest.raises(SeqkitError, match="both 'de'"):
        load("pairs", {"source": "de", "target": "de"}, path=str(tmp_path))
