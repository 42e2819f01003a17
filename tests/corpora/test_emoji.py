"""The emoji: what is held out, on a made-up set; the real one where its files are."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqkit.corpora.emoji import CARD, COLUMNS, SKIN, Options, read
from seqkit.corpus import load
from seqkit.errors import SeqkitError

HERE = Path(os.environ.get("SEQKIT_DATA", "none")) / CARD.folder
needs_data = pytest.mark.skipif(
    not all((HERE / name).is_file() for name in CARD.files),
    reason=f"needs the folder {CARD.folder} in SEQKIT_DATA",
)
TONES = ["", "-1F3FB", "-1F3FC", "-1F3FD", "-1F3FE", "-1F3FF"]
HEXES = [f"1F4{n:02}{tone}" for n in range(40) for tone in (TONES if n < 20 else [""])]


def write(folder: Path, pixels: Any = None, lines: list[str] | None = None) -> None:
    rows = [
        f"{h}\t{'Food' if h < '1F420' else 'Flags'}\t0\tname {h}\t이름 {h}\ttag\t말" for h in HEXES
    ]
    (folder / CARD.files[1]).write_text("\n".join(lines or ["\t".join(COLUMNS), *rows]) + "\n")
    if pixels is None:
        pixels = np.zeros((len(HEXES), 32, 32, 4), dtype=np.uint8)
        pixels[..., 3], pixels[..., 0] = 255, np.arange(len(HEXES))[:, None, None] % 256
    np.savez(folder / CARD.files[0], rgba=pixels)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))
    write(tmp_path)
    return tmp_path


def concepts(names: list[str]) -> set[str]:
    return {SKIN.sub("", name) for name in names}


@pytest.mark.parametrize("seed", [0, 1])
def test_variants_and_concepts_are_held_out(folder: Path, seed: int) -> None:
    corpus = load("emoji", {"seed": seed, "concepts": 0.1}, path=str(folder))
    names = {split: [e.name for e in corpus.examples(split)] for split in corpus.splits}
    assert sorted(name for split in names.values() for name in split) == sorted(HEXES)
    unseen = concepts(names["concepts"])
    assert len(unseen) == 4
    for split in ("train", "validation", "test"):
        assert not unseen & concepts(names[split])
    for split in ("validation", "test"):
        assert names[split]
        assert concepts(names[split]) <= concepts(names["train"])
    variants = sum(h < "1F420" for h in HEXES) - sum(h < "1F420" for h in names["concepts"])
    assert len(names["test"]) == pytest.approx(0.2 * variants, abs=1)
    assert len(names["validation"]) == pytest.approx(0.1 * variants, abs=1)


def test_pictures_and_names_stay_together(folder: Path) -> None:
    for language, word in (("en", "name"), ("ko", "이름")):
        corpus = load("emoji", {"language": language}, path=str(folder))
        for split in corpus.splits:
            for example in corpus.examples(split):
                assert example.captions == (f"{word} {example.name}",)
                assert example.shape == (32, 32, 3)
                assert example.values[0] * 255 == pytest.approx(HEXES.index(example.name) % 256)


def test_one_category(folder: Path) -> None:
    corpus = load("emoji", {"category": "Flags"}, path=str(folder))
    found = [e.name for split in corpus.splits for e in corpus.examples(split)]
    assert sorted(found) == [h for h in HEXES if h >= "1F420"]
    with pytest.raises(SeqkitError, match=r"unknown category 'Flag' .*Did you mean 'Flags'"):
        load("emoji", {"category": "Flag"}, path=str(folder))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["a\tb"], r"emoji32_twitter\.tsv, line 1 is not the header 'hex, category"),
        (["\t".join(COLUMNS), "a\tb"], "line 2 has 2 cells, and needs 7"),
        (["\t".join(COLUMNS), "1F4\tFood\t0\t\t이름\tt\t말"], r"line 2: the name \(en\) is empty"),
        (["\t".join(COLUMNS), "1F4\tFood\t0\tx\t이름\tt\t말"], "has 140 pictures and .* 1 rows"),
    ],
)
def test_malformed_tables(folder: Path, lines: list[str], message: str) -> None:
    write(folder, lines=lines)
    with pytest.raises(SeqkitError, match=message) as caught:
        read(Options(), folder)
    assert "\n" not in str(caught.value)


def test_pictures_are_never_unpickled(folder: Path) -> None:
    np.savez(folder / CARD.files[0], rgba=np.array([{}] * 3, dtype=object))
    with pytest.raises(SeqkitError, match="damaged or holds no array 'rgba'"):
        read(Options(), folder)
    np.savez(folder / CARD.files[0], other=np.zeros(3))
    with pytest.raises(SeqkitError, match="holds no array 'rgba'"):
        read(Options(), folder)
    write(folder, pixels=np.zeros((140, 32, 32, 3), dtype=np.uint8))
    with pytest.raises(SeqkitError, match=r"'rgba' is uint8 of shape \(140, 32, 32, 3\), where"):
        read(Options(), folder)
    (folder / CARD.files[0]).write_bytes(b"PK not a zip")
    with pytest.raises(SeqkitError, match="damaged"):
        read(Options(), folder)


@needs_data
def test_the_real_set() -> None:
    from seqkit.corpora.emoji import _pixels, _split, rows

    emojis = list(rows(HERE / CARD.files[1], "en"))
    assert len(_pixels(HERE / CARD.files[0])) == len(emojis) == 3786
    parts = _split(emojis, Options())
    assert sorted(n for numbers in parts.values() for n in numbers) == list(range(3786))
    names = {split: {emojis[n].concept for n in numbers} for split, numbers in parts.items()}
    assert names["test"] <= names["train"]
    assert not names["concepts"] & (names["train"] | names["test"])
    assert len(parts["test"]) > 300
