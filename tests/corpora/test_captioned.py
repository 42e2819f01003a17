"""Pictures and vectors of one's own: several captions, splits, and every way to be malformed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqkit.corpora.captioned import Options, examples, view
from seqkit.corpus import Captioned, load
from seqkit.errors import SeqkitError

Image = pytest.importorskip("PIL.Image", reason="needs Pillow (seqkit-nlp[images])")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))
    made = tmp_path / "pictures"
    (made / "sub").mkdir(parents=True)
    for number in range(10):
        pixels = np.full((4, 4, 3), number * 20, dtype=np.uint8)
        Image.fromarray(pixels).save(made / "sub" / f"{number}.png")
    lines = [f"sub/{number}.png\tgrey of {number * 20}" for number in range(10)]
    (made / "captions.tsv").write_text("file\tcaption\n" + "\n".join(lines) + "\n\nsub/3.png\t셋\n")
    return made


def opened(path: Path, **options: Any) -> dict[str, list[Captioned]]:
    options = {"height": 4, "width": 4, **options}
    corpus = load("captioned", options, path=str(path))
    return {split: list(corpus.examples(split)) for split in corpus.splits}


def test_a_folder_is_split_by_picture(folder: Path) -> None:
    parts = opened(folder, test=0.2)
    assert {split: len(rows) for split, rows in parts.items()} == {
        "train": 7,
        "validation": 1,
        "test": 2,
    }
    rows = sorted(row for part in parts.values() for row in part)
    assert [row.name for row in rows] == [f"sub/{number}.png" for number in range(10)]
    assert rows[3].captions == ("grey of 60", "셋")
    for number, row in enumerate(rows):
        assert row.shape == (4, 4, 3)
        np.testing.assert_allclose(row.values, [number * 20 / 255] * 48, atol=1e-6)
    assert opened(folder, test=0.2) == parts
    assert opened(folder, test=0.2, seed=1) != parts
    assert set(opened(folder, test=0, validation=0)) == {"train"}


def test_files_of_splits(folder: Path) -> None:
    text = (folder / "captions.tsv").read_text().splitlines()
    (folder / "train.tsv").write_text("\n".join(text[1:6]))
    (folder / "dev.tsv").write_text("\n".join(text[6:8]))
    (folder / "test.tsv").write_text("\n".join(text[8:11]))
    parts = opened(folder)
    assert {split: len(rows) for split, rows in parts.items()} == {
        "train": 5,
        "validation": 2,
        "test": 3,
    }
    scored = list(examples(folder, Options(), view(Options(height=4, width=4))))
    assert scored == parts["test"]


def test_ready_features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))
    features = np.random.default_rng(0).normal(size=(10, 3)).astype(np.float32)
    captions = np.array([[f"row {i}", "zero" if i == 0 else ""] for i in range(10)])
    np.savez(tmp_path / "own.npz", features=features, captions=captions)
    rows = sorted(
        (row for part in opened(tmp_path / "own.npz").values() for row in part),
        key=lambda row: int(row.name),
    )
    np.testing.assert_array_equal([row.values for row in rows], features)
    assert rows[0].captions == ("row 0", "zero")
    assert rows[9] == Captioned("10", (3,), tuple(features[9].tolist()), ("row 9",))
    beside = tmp_path / "beside"
    beside.mkdir()
    np.save(beside / "features.npy", features)
    (beside / "features.tsv").write_text(
        "row 0\tzero\n" + "\n".join(f"row {i}" for i in range(1, 10))
    )
    again = [row for part in opened(beside).values() for row in part]
    assert sorted(again, key=lambda row: int(row.name)) == rows


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sub/0.png\ta\nsub/none.png\tb", r"captions\.tsv, line 2: cannot read .*none\.png: No su"),
        ("sub/0.png\ta\n\ncaptions.tsv\tb", r"line 3: .*captions\.tsv is not a picture"),
        ("sub/0.png\t ", r"line 1: the caption of sub/0\.png is empty"),
        ("sub/0.png", "line 1 has 1 cells: write a picture's file, a tab and a caption"),
        ("sub/0.png\ta\tb", "line 1 has 3 cells"),
        ("\n \n", "names no picture"),
        ("sub/0.png\ta\nsub/1.png\tb", "has 2 pictures: too few for splits of train, validation"),
    ],
)
def test_malformed_captions(folder: Path, text: str, message: str) -> None:
    (folder / "captions.tsv").write_text(text)
    with pytest.raises(SeqkitError, match=message) as caught:
        opened(folder)
    assert "\n" not in str(caught.value)


def test_no_captions(folder: Path) -> None:
    (folder / "captions.tsv").rename(folder / "other.txt")
    with pytest.raises(SeqkitError, match=r"has no captions\.tsv: write a picture's file"):
        opened(folder)
    with pytest.raises(SeqkitError, match=r"other\.txt is a file: name its folder"):
        opened(folder / "other.txt")
    with pytest.raises(SeqkitError, match="no file or folder at"):
        opened(folder / "none")


GOOD = np.ones((4, 3))
NAMES = np.array(["a", "b", "c", "d"])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"features": GOOD}, "has no array 'captions.*': it needs features and captions"),
        ({"features": GOOD, "captions": NAMES[:3]}, "has 4 rows of features and 3 of captions"),
        ({"features": GOOD[0], "captions": NAMES[:3]}, r"of shape \(3,\): numbers of \(rows"),
        ({"features": NAMES[:, None], "captions": NAMES}, "the features are <U1"),
        ({"features": GOOD * np.nan, "captions": NAMES}, "row 1 has a number that is not finite"),
        ({"features": GOOD, "captions": np.array(["a", "b", " ", "d"])}, "row 3: the caption is e"),
        ({"features": GOOD, "captions": np.arange(4)}, "the captions are int64, and text is need"),
        ({"features": GOOD, "captions": NAMES.astype(object)}, "which are never unpickled"),
    ],
)
def test_malformed_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arrays: Any, message: str
) -> None:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))
    np.savez(tmp_path / "own.npz", **arrays)
    with pytest.raises(SeqkitError, match=message) as caught:
        opened(tmp_path / "own.npz")
    assert "\n" not in str(caught.value)


def test_splits_of_other_widths_and_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))
    made = tmp_path / "own"
    made.mkdir()
    np.savez(made / "train.npz", features=GOOD, captions=NAMES)
    np.savez(made / "test.npz", features=GOOD[:, :2], captions=NAMES)
    with pytest.raises(SeqkitError, match="test has 2 features a row and train 3"):
        opened(made)
    (made / "test.npz").write_bytes((made / "train.npz").read_bytes()[:100])
    with pytest.raises(SeqkitError, match=r"test\.npz is damaged"):
        opened(made)
    np.save(made / "test.npy", GOOD)
    with pytest.raises(SeqkitError, match=r"test\.npy has no test\.tsv beside it"):
        opened(made)


@pytest.mark.parametrize("options", [{"validation": 0.5, "test": 0.5}, {"height": 0}])
def test_options_without_sense(folder: Path, options: Any) -> None:
    with pytest.raises(SeqkitError, match=r"leave nothing to train on|greater than or equal to 1"):
        opened(folder, **options)
