import os
from pathlib import Path

import pytest

from seqkit.corpora.shakespeare import CARD, Options, read
from seqkit.corpus import load
from seqkit.errors import SeqkitError
from seqkit.files import sha256

HERE = Path(os.environ.get("SEQKIT_DATA", "").split(os.pathsep)[0]) / "tinyshakespeare"
needs_data = pytest.mark.skipif(
    not (HERE / "input.txt").is_file(), reason="tiny Shakespeare is not in SEQKIT_DATA"
)


def written(folder: Path, text: str) -> Path:
    (folder / CARD.files[0]).write_text(text, encoding="utf-8")
    return folder


def test_a_chronological_split_loses_no_character(tmp_path: Path) -> None:
    text = "".join(f"{'x' * (i % 7)}{i}\n" for i in range(300))
    splits = {name: list(e) for name, e in read(Options(), written(tmp_path, text)).items()}
    parts = ["".join(f"{e.text}\n" for e in found) for found in splits.values()]
    assert "".join(parts) == text
    for part, share in zip(parts, (0.9, 0.05, 0.05), strict=True):
        assert abs(len(part) - share * len(text)) < 12  # no line is longer


def test_a_document_is_a_whole_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))
    text = "A:\nYes.\n\nB:\nNo.\n" * 10
    whole = load("shakespeare", {"unit": "document"}, path=str(written(tmp_path, text)))
    lines = load("shakespeare", path=str(tmp_path))
    for split in ("train", "validation", "test"):
        assert list(whole.texts(split)) == ["\n".join(lines.texts(split))]


def test_a_blank_text(tmp_path: Path) -> None:
    with pytest.raises(SeqkitError, match=r"input\.txt has no text"):
        read(Options(), written(tmp_path, "\n \n"))


@needs_data
def test_the_card_describes_this_file() -> None:
    (source,) = CARD.sources
    assert sha256(HERE / "input.txt") == source.sha256
    assert (HERE / "input.txt").stat().st_size == source.size
    sizes = [sum(len(e.text) + 1 for e in found) for found in read(Options(), HERE).values()]
    assert sum(sizes) == 1_115_394
    assert sizes == [1_003_856, 55_780, 55_758]
