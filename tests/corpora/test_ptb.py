from pathlib import Path

import pytest
from command_line import Seqkit

from seqkit.corpora.ptb import CARD
from seqkit.corpus import load
from seqkit.errors import SeqkitError

SENTENCES = [
    " pierre <unk> N years old will join the board \n mr. <unk> is chairman \n",
    " a \n",
    "b\n",
]


def test_every_sentence_under_either_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))
    for folder, names in (
        ("named", CARD.files),
        *((f"also{i}", a[1]) for i, a in enumerate(CARD.also)),
    ):
        (tmp_path / folder).mkdir()
        for name, text in zip(names, SENTENCES, strict=True):
            (tmp_path / folder / name).write_text(text, encoding="utf-8")
        corpus = load("ptb", path=str(tmp_path / folder))
        assert {s: "".join(f"{t}\n" for t in corpus.texts(s)) for s in corpus.splits} == dict(
            zip(("train", "validation", "test"), SENTENCES, strict=True)
        )


def test_a_corpus_without_options_is_described(tmp_path: Path) -> None:
    said = Seqkit(tmp_path)("data", "show", "ptb").stdout
    assert "licence:    LDC User Agreement" in said
    assert "options" not in said


def test_it_is_not_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQKIT_DATA", str(tmp_path))
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path))
    with pytest.raises(SeqkitError, match=r"has no public download: put its files .* 'ptb'"):
        load("ptb")
