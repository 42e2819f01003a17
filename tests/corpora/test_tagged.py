"""CoNLL-U and column files: what is read of them, and what is said of broken ones."""

import gzip
import os
from pathlib import Path
from typing import Any

import pytest

from seqkit.corpora._columns import Columns
from seqkit.corpus import Tagged, load
from seqkit.errors import SeqkitError
from seqkit.sources import find
from seqkit.text.tokenizer import Token


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))


def conllu(*words: str) -> str:
    """Lines of CoNLL-U from ``ID FORM UPOS XPOS MISC``."""
    lines = []
    for word in words:
        id_, form, upos, xpos, misc = (word.split() + ["_"] * 4)[:5]
        lines.append("\t".join((id_, form, "_", upos, xpos, "_", "_", "_", "_", misc)))
    return "\n".join(lines) + "\n\n"


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def read(path: Path, **options: Any) -> list[Tagged]:
    return list(load(str(path), {"test_fraction": 0, **options}).examples("train"))


def test_conllu_by_hand(tmp_path: Path) -> None:
    text = "# newdoc\n# text = anything\n" + conllu(
        "1-2 Don't _ _ SpaceAfter=Yes",
        "1 Do AUX VB",
        "2 n't PART RB",
        "3 go VERB VB SpaceAfter=No",
        "3.1 there ADV RB CopyOf=-1",
        "4 . PUNCT . SpaceAfter=No",
    )
    text += conllu("1-2 du _ _ _", "1 de ADP P", "2 le DET D", "3 # SYM SYM")
    file = write(tmp_path / "a.conllu", text)
    first, second = read(file, tag="xpos", beside="upos")
    assert first.text == "Don't go."
    assert first.tokens == (
        Token("Do", 0, 2, "VB"),
        Token("n't", 2, 5, "RB"),
        Token("go", 6, 8, "VB"),
        Token(".", 8, 9, "."),
    )
    assert first.beside == ("AUX", "PART", "VERB", "PUNCT")
    assert second.text == "du #"
    assert [t[:3] for t in second.tokens] == [("de", 0, 2), ("le", 0, 2), ("#", 3, 4)]
    columns = Columns()
    assert [t.tag for t in list(columns.read(file))[1].tokens] == ["ADP", "DET", "SYM"]
    assert columns.counts.__dict__ == {
        "sentences": 2,
        "words": 7,
        "multiword_ranges": 2,
        "empty_nodes": 1,
    }


def test_columns_of_any_kind(tmp_path: Path) -> None:
    text = "-DOCSTART- -X- O O\n\n# # B-NP\n1.8 CD I-NP\n\n\nthe   DT\tB-NP\n"
    with pytest.raises(SeqkitError, match=r"a.conll, line 7 has 2 columns and line 3 has 3"):
        read(write(tmp_path / "a.conll", text.replace("   DT\tB-NP", " B-NP")))
    file = write(tmp_path / "b.conll", "# # B-NP\n1.8 CD I-NP\n\n\nthe\tDT\tB-NP\nend\tNN\tI-NP")
    first, second = read(file, beside="2")
    assert first == Tagged(
        "# 1.8", (Token("#", 0, 1, "B-NP"), Token("1.8", 2, 5, "I-NP")), ("#", "CD")
    )
    assert [t.tag for t in second.tokens] == ["B-NP", "I-NP"]
    assert read(file, tag="2")[0].tokens[1].tag == "CD"
    assert read(file, tag="1", word=-2)[0].tokens[1] == Token("CD", 2, 4, "1.8")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "It was a dark night.\nThe rain fell.\n",
            "line 2 has 3 columns and line 1 has 5: .*prose",
        ),
        ("Hello\n\nworld\n", r"line 1 has no tag beside its word 'Hello': .*\(prose has none"),
    ],
)
def test_prose_is_refused_in_a_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SeqkitError, match=rf"^\S+book.txt, {message}"):
        list(Columns().read(write(tmp_path / "book.txt", text)))


@pytest.mark.parametrize(
    "comment",
    [
        "# sent_id = train-1",
        "# id 3fd9\tdomain=en",
        "# newdoc id = d1",
        "# global.columns = ID FORM UPOS",
        "## klue-ner-v1_train_1\t<서울:LC>에 간다",
        "# text = a b\n# sent_id = 2",
    ],
)
def test_comments_before_a_sentence_of_columns(tmp_path: Path, comment: str) -> None:
    text = f"{comment}\n서\tB-LC\n울\tI-LC\n \tO\n\n{comment}\n#\tO\nx\tO\n"
    file = write(tmp_path / "a.tsv", text)
    first, second = load("tagged", {"test_fraction": 0}, path=str(file)).examples("train")
    assert [token.text for token in first.tokens] == ["서", "울", " "]
    assert [token.text for token in second.tokens] == ["#", "x"]  # a word here
    (spaced,) = read(write(tmp_path / "a.conll", "# NN O\nwords NNS O\n"))
    (signs,) = read(write(tmp_path / "b.conll", "# SYM Shape=# O\n## SYM _ O\na NN _ O\n"))
    assert [token.text for token in signs.tokens] == ["#", "##", "a"]
    assert [token.text for token in spaced.tokens] == ["#", "words"]


def test_a_release_of_universal_dependencies_and_the_names_of_conll(tmp_path: Path) -> None:
    for split in ("train", "dev", "test"):
        write(tmp_path / f"xx_y-ud-{split}.conllu", conllu(f"1 {split} NOUN N"))
        write(tmp_path / f"xx_y-ud-{split}.txt", "the same as prose\n")
    corpus = load("ud", {}, path=str(tmp_path))
    assert list(corpus.splits) == ["train", "validation", "test"]
    other = tmp_path / "2003"
    other.mkdir()
    for ending in ("train", "testa", "testb"):
        write(other / f"eng.{ending}", f"-DOCSTART- -X- O O\n\n{ending} NN O O\n")
    corpus = load("tagged", path=str(other))
    found = {s: next(iter(corpus.examples(s))).tokens[0].text for s in corpus.splits}
    assert found == {"train": "train", "validation": "testa", "test": "testb"}


def test_a_folder_with_its_splits(tmp_path: Path) -> None:
    for split, tag in (("train", "A"), ("dev", "B"), ("test", "C")):
        write(tmp_path / f"xx_yy-ud-{split}.conllu", conllu(f"1 x {tag}") * 2)
    write(tmp_path / "README.md", "train")
    for corpus in (load("ud", path=str(tmp_path)), load("tagged", path=str(tmp_path))):
        assert list(corpus.splits) == ["train", "validation", "test"]
        assert next(corpus.examples("validation")).tokens[0].tag == "B"
    assert load("ud", path=str(tmp_path)).card.title.endswith(tmp_path.name)
    write(tmp_path / "other-train.conllu", conllu("1 x A"))
    with pytest.raises(SeqkitError, match=r"other-train.conllu and xx_yy-ud-train.conllu"):
        load("ud", path=str(tmp_path))
    (tmp_path / "empty").mkdir()
    with pytest.raises(SeqkitError, match=r"no training data: it needs a file with 'train'"):
        load("ud", path=str(tmp_path / "empty"))


def test_a_packed_file_and_a_part_for_test(tmp_path: Path) -> None:
    path = tmp_path / "a.conllu.gz"
    path.write_bytes(gzip.compress("".join(conllu(f"1 w{i} X") for i in range(50)).encode()))
    corpus = load("tagged", path=str(path))
    assert {name: len(rows) for name, rows in corpus.splits.items()} == {"train": 45, "test": 5}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("1\tx\t_\tX", r"a.conllu, line 3 has 4 columns between tabs, where CoNLL-U has 10"),
        (conllu("x y X"), r"line 3 has the ID 'x', where CoNLL-U has 1, 2-3 or 4.1"),
        (conllu("2 y X"), r"line 3 has the ID '2' where word 1 should be"),
        (conllu("1 y X", "1 z X"), r"line 4 has the ID '1' where word 2 should be"),
        (conllu("1-1 y", "1 y X"), r"line 3 has the ID '1-1' where word 1"),
        (conllu("1-3 yz", "1 y X", "2-3 z", "2 z X", "3 z X"), r"line 5 has the ID '2-3'"),
        (conllu("1-3 yz", "1 y X", "2 z X"), r"line 5 ends a sentence inside of a multiword range"),
        (conllu("0.1 y X"), r"line 3 begins a sentence without words"),
        (conllu("1 y _ Y"), r"line 3: 'y' has no upos \('_'\): write one, or .*tag=xpos"),
        ("1\t\t_\tX\tX\t_\t_\t_\t_\t_\n", r"line 3 has no word: its column FORM is empty"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, lines: str, message: str) -> None:
    with pytest.raises(SeqkitError, match=message) as caught:
        read(write(tmp_path / "a.conllu", conllu("1 x X") + lines))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "options", "message"),
    [
        ("a.conllu", "# nothing\n\n", {}, "a.conllu has no sentence in it"),
        ("a.conllu", conllu("1 x X"), {"tag": "pos"}, "unknown column 'pos'.*Did you mean"),
        ("a.conll", "x X\n", {"tag": "upos"}, "column 'upos' is asked for.*give a number"),
        ("a.conll", "x X\n", {"tag": "3"}, "line 1 has 2 columns, and column 3 is asked for"),
        ("a.conll", "x X\n", {"word": 0}, "column 0 is asked for"),
        ("a.conll", "x\t\tX\n", {"tag": "2"}, "line 1 has an empty cell"),
    ],
)
def test_what_cannot_be_read_is_told(
    tmp_path: Path, name: str, text: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(SeqkitError, match=message):
        read(write(tmp_path / name, text), **options)


@pytest.mark.parametrize(
    ("name", "options", "sizes", "words"),
    [
        ("ud", {"treebank": "ko_kaist"}, (23010, 2066, 2287), 25278),
        ("ud", {"treebank": "en_ewt", "tag": "xpos"}, (12544, 2001, 2077), 25147),
        ("conll2000", {"beside": "pos"}, (8936, 2012), 47377),
    ],
)
def test_the_real_ones(
    name: str, options: dict[str, str], sizes: tuple[int, ...], words: int
) -> None:
    from seqkit.corpus import card_of, reader

    module = reader(name)
    folder = find(card_of(module, module.Options(**options)))
    if folder is None:
        pytest.skip(f"needs {name} ({options}) in SEQKIT_DATA, now {os.environ.get('SEQKIT_DATA')}")
    splits = list(module.read(module.Options(**options), folder).items())
    assert len(splits) == len(sizes)
    _, rows = splits[1]
    examples = list(rows)
    assert len(examples) == sizes[1]
    assert sum(len(e.tokens) for e in examples) == words
    offsets = (t.text == e.text[t.start : t.end] for e in examples for t in e.tokens)
    assert all(offsets)  # no word of a range is spelt otherwise in these
