"""The named corpora of sentence pairs: what their files hold, and that no split leaks."""

import os
import re
from pathlib import Path

import pytest

from seqkit.corpus import Pair, load
from seqkit.errors import SeqkitError
from seqkit.tasks.translation.pairs import open_pairs

HERE = Path(os.environ.get("SEQKIT_DATA", "").split(os.pathsep)[0])


def needs(folder: str) -> pytest.MarkDecorator:
    there = "SEQKIT_DATA" in os.environ and (HERE / folder).is_dir()
    return pytest.mark.skipif(not there, reason=f"{folder} is not in SEQKIT_DATA")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))


def write(path: Path, lines: list[str]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_multi30k_reads_two_of_its_languages(tmp_path: Path) -> None:
    for part in ("train", "val", "test_2016_flickr"):
        for language in ("de", "fr"):  # without English
            write(tmp_path / f"{part}.{language}", [f"{part} {language} {i}" for i in range(3)])
    corpus = load("multi30k", {"source": "fr", "target": "de"}, path=str(tmp_path))
    assert list(corpus.splits) == ["train", "validation", "test"]
    assert next(corpus.examples("validation")) == Pair("val fr 0", "val de 0")
    assert corpus.card.languages == ("fr", "de")
    with pytest.raises(SeqkitError, match=r"has no train\.en"):
        load("multi30k", path=str(tmp_path))
    write(tmp_path / "train.fr", ["one"])
    with pytest.raises(SeqkitError, match=r"train\.de has 3 lines and .*train\.fr 1"):
        load("multi30k", {"source": "fr", "target": "de"}, path=str(tmp_path))


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("multi30k", {"source": "en", "target": "en"}, "both 'en': set target=de or target=fr"),
        ("multi30k", {"target": "ko"}, "'ko'.* input should be '', 'de', 'en' or 'fr'"),
        ("tatoeba", {"source": "ko", "target": "fr"}, "no fr-ko|no ko-fr|both|has ko-en and fr-en"),
        ("village", {"kind": "pair", "target": "de"}, "input should be '', 'ko' or 'en'"),
        ("chatbot", {"topic": "work"}, "'all', 'daily', 'parting' or 'love'"),
    ],
)
def test_a_language_that_a_corpus_has_not(name: str, options: dict[str, str], message: str) -> None:
    with pytest.raises(SeqkitError, match=message):
        load(name, options)


def test_a_corpus_of_one_direction_has_no_other() -> None:
    with pytest.raises(SeqkitError, match="chatbot has one direction only"):
        open_pairs("chatbot", {}, source="en")


@pytest.mark.parametrize(
    ("name", "file", "lines", "message"),
    [
        ("tatoeba", "kor-eng.txt", ["Go.\t가.\tCC", "Go."], r"kor-eng\.txt, line 2 is not an Engl"),
        ("chatbot", "ChatbotData.csv", ["Q,A"], r"line 1 is not the header 'Q,A,label'"),
        ("chatbot", "ChatbotData.csv", ["Q,A,label", "a,b,7"], r"line 2 is not a question, an"),
        ("place_names", "city_en_ko.tsv", ["en\tko\tcountry_code", "a\t\tKR"], "line 2 is not an"),
        ("python_docs_ko", "python_docs_3.13.en-ko.tsv.gz", ["a\tb"], "line 1 is not a file's"),
    ],
)
def test_malformed_lines(
    tmp_path: Path, name: str, file: str, lines: list[str], message: str
) -> None:
    write(tmp_path / file, lines)
    if file.endswith(".gz"):
        import gzip

        (tmp_path / file).write_bytes(gzip.compress("\n".join(lines).encode()))
    with pytest.raises(SeqkitError, match=message):
        load(name, path=str(tmp_path))


def test_the_village_is_told_both_ways() -> None:
    one = load("village", {"kind": "pair", "n": 100})
    other = load("village", {"kind": "pair", "n": 100, "source": "en"})
    korean = re.compile("[가-힣]")
    for split in one.splits:
        assert all(
            korean.search(p.source) and not korean.search(p.target) for p in one.examples(split)
        )
        assert all(
            korean.search(p.target) and not korean.search(p.source) for p in other.examples(split)
        )


def test_what_the_village_is_asked_was_answered_in_other_words() -> None:
    corpus = load("village", {"kind": "dialogue"})
    assert [len(split) for split in corpus.splits.values()] == [4800, 600, 600]
    train = list(corpus.examples("train"))
    asked, begun = {pair.source for pair in train}, {pair.target[:2] for pair in train}
    for split in ("validation", "test"):
        for question, answer in corpus.examples(split):
            assert question not in asked
            assert answer[:2] in begun  # the same is answered there, in another style
    with pytest.raises(SeqkitError, match="village cannot tell n=60000 of these"):
        load("village", {"kind": "dialogue", "n": 60_000})


def test_made_up_names_are_written_by_rule() -> None:
    corpus = load("village", {"kind": "names", "n": 500})
    back = load("village", {"kind": "names", "n": 500, "source": "ko"})
    for split in corpus.splits:
        pairs = list(corpus.examples(split))
        assert [Pair(p.target, p.source) for p in pairs] == list(back.examples(split))
    letters = {"한": "han", "강": "gang", "을": "eul", "섬": "Island"}
    for latin, hangul in corpus.examples("train"):
        for syllable, written in letters.items():
            assert syllable not in hangul or written.casefold() in latin.casefold()
    sources = [{p.source for p in corpus.examples(split)} for split in corpus.splits]
    assert len(set().union(*sources)) == sum(map(len, sources))


@pytest.mark.parametrize(
    ("name", "folder", "rows", "both"),
    [
        pytest.param(
            "multi30k", "multi30k", (29_000, 1_014, 1_000), False, marks=needs("multi30k")
        ),
        pytest.param("tatoeba", "tatoeba", (4_749, 500, 500), True, marks=needs("tatoeba")),
        pytest.param("place_names", "geonames", (6_375, 500, 500), True, marks=needs("geonames")),
        pytest.param("chatbot", "chatbot_ko", (10_823, 500, 500), False, marks=needs("chatbot_ko")),
    ],
)
def test_published_files(name: str, folder: str, rows: tuple[int, ...], both: bool) -> None:
    corpus = load(name)
    sizes = tuple(len(split) for split in corpus.splits.values())
    assert sum(sizes) == sum(rows)
    assert all(abs(one - other) < 20 for one, other in zip(sizes, rows, strict=True))
    if name == "multi30k":  # its splits are the published ones
        return
    for side in (0, 1) if both else (0,):
        train, *held = ({p[side].casefold() for p in corpus.examples(s)} for s in corpus.splits)
        assert not any(train & split for split in held)
        assert not held[0] & held[1]
