"""The digits: captions by the rules of arithmetic, splits that share no handwriting, frames."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from seqkit.corpora import digits as module
from seqkit.corpora.digits import ENGLISH, KOREAN, Options, caption, digits, read
from seqkit.corpus import load
from seqkit.errors import SeqkitError

pytest.importorskip("sklearn", reason="needs scikit-learn (seqkit-nlp[images])")


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))


def test_the_pictures_are_those_of_scikit_learn() -> None:
    from sklearn.datasets import load_digits

    known = load_digits()
    corpus = load("digits", {"language": "en"})
    found = [example for split in corpus.splits for example in corpus.examples(split)]
    values = np.array([example.values for example in found]).reshape(-1, 8, 8)
    np.testing.assert_array_equal(values * 16, known.images)
    words = [ENGLISH[digit] for digit in known.target]
    assert [example.captions[0].split(",")[0].split()[-1] for example in found] == words
    assert {split: len(rows) for split, rows in corpus.splits.items()} == {
        "train": 1287,
        "validation": 128,
        "test": 382,
    }


def test_a_split_begins_with_a_new_form() -> None:
    """Every form has the same digits in the same order, and begins with 0 to 9, three times."""
    folder = load("digits").folder
    assert folder is not None
    order = [digit for digit, _ in digits(folder / module.CARD.files[0])]
    for begin in (0, 1287, 1287 + 128):
        assert order[begin : begin + 30] == [*range(10)] * 3


@pytest.mark.parametrize("digit", range(10))
def test_captions_are_true(digit: int) -> None:
    prime = digit > 1 and all(digit % d for d in range(2, digit))
    square = any(d * d == digit for d in range(digit + 1))
    korean, english = caption(digit, "ko"), caption(digit, "en")
    assert english.startswith(f"the digit {ENGLISH[digit]}, {('even', 'odd')[digit % 2]}")
    assert korean.startswith(f"숫자 {KOREAN[digit]}, {('짝수', '홀수')[digit % 2]}")
    assert ("prime" in english) == ("소수" in korean) == prime
    assert ("square" in english) == ("제곱수" in korean) == square
    assert caption(digit, "both") == f"{korean}; {english}"


def test_seven() -> None:
    assert caption(7, "ko") == "숫자 칠, 홀수, 소수"
    assert caption(7, "en") == "the digit seven, odd, prime"


def test_few_of_each_to_train_on() -> None:
    corpus = load("digits", {"n": 3})
    captions = [example.captions for example in corpus.examples("train")]
    assert sorted(captions) == sorted(3 * [(caption(d, "both"),) for d in range(10)])
    assert len(corpus.split("test")) == 382


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,2,x", r"digits\.csv\.gz, line 2 holds what is not a number"),
        ("1,2,3", "line 2 is not of 64 pixels and a digit"),
        (",".join(["0"] * 64 + ["12"]), "line 2 is not of 64 pixels"),
        (",".join(["-1"] * 64 + ["2"]), "line 2 is not of 64 pixels"),
    ],
)
def test_malformed_lines(tmp_path: Path, line: str, message: str) -> None:
    good = ",".join(["0"] * 64 + ["3"])
    (tmp_path / module.CARD.files[0]).write_bytes(gzip.compress(f"{good}\n{line}\n".encode()))
    with pytest.raises(SeqkitError, match=message) as caught:
        read(Options(), tmp_path)
    assert "\n" not in str(caught.value)


def test_a_damaged_file(tmp_path: Path) -> None:
    (tmp_path / module.CARD.files[0]).write_bytes(b"not gzip")
    with pytest.raises(SeqkitError, match=r"damaged: pip install --force-reinstall scikit-learn"):
        read(Options(), tmp_path)


def test_without_scikit_learn_the_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqkit.sources.find_spec", lambda name: None)
    monkeypatch.delenv("SEQKIT_DATA", raising=False)
    with pytest.raises(SeqkitError, match=r"pip install 'seqkit-nlp\[images\]'"):
        load("digits")


def test_frames_are_the_columns_of_pictures_in_a_row() -> None:
    pictures = {(e.values, e.name[-1]) for e in load("digits").examples("test")}
    corpus = load("digit_frames")
    columns = {e.name: e for e in corpus.examples("test")}
    labels = columns["digit"].texts
    frames = np.stack([columns[f"y{i}"].values for i in range(1, 9)], axis=1)
    assert len(frames) == len(labels) == 382 * 8
    strip = frames.reshape(382, 8, 8).transpose(0, 2, 1)
    names = [labels[i : i + 8] for i in range(0, len(labels), 8)]
    assert all(len(set(name)) == 1 for name in names)
    found = {(tuple(p.ravel().tolist()), n[0]) for p, n in zip(strip, names, strict=True)}
    assert found == pictures
    whole = {e.name: e for e in load("digit_frames", {"frame": "picture"}).examples("test")}
    assert whole["digit"].texts == labels[::8]
    assert whole["p10"].values == tuple(strip[:, 1, 1].tolist())


def test_frames_are_not_in_the_order_of_the_forms() -> None:
    """The order of the forms would tell the next digit."""
    options = {"frame": "picture"}
    order = [e.name[-1] for e in load("digits").examples("test")]
    corpus = load("digit_frames", options)
    (labels,) = (e.texts for e in corpus.examples("test") if e.role == "label")
    assert sorted(labels) == sorted(order)
    assert sum(a == b for a, b in zip(labels, order, strict=True)) < 80
    (again,) = (
        e.texts for e in load("digit_frames", options).examples("test") if e.role == "label"
    )
    assert again == labels
