"""Picture files: what becomes of sizes, colours and transparency, and what is no picture."""

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqkit.data.pictures import View, fitted, read_picture, seen
from seqkit.errors import SeqkitError

Image = pytest.importorskip("PIL.Image", reason="needs Pillow (seqkit-nlp[images])")
RGB = View(height=4, width=4)


def solid(height: int, width: int, *rgba: int) -> Any:
    return np.tile(np.array(rgba, dtype=np.uint8), (height, width, 1))


def saved(path: Path, pixels: Any, mode: str = "RGBA") -> Path:
    Image.fromarray(pixels).convert(mode).save(path)
    return path


@pytest.mark.parametrize("ending", ["png", "bmp", "gif", "tiff", "webp"])
def test_a_picture_of_the_right_size_is_as_it_is(tmp_path: Path, ending: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 4, 4), dtype=np.uint8) // 64 * 64
    pixels[..., 3] = 255
    options = {"lossless": True} if ending == "webp" else {}
    Image.fromarray(pixels).convert("RGB").save(tmp_path / f"a.{ending}", **options)
    np.testing.assert_allclose(
        read_picture(tmp_path / f"a.{ending}", RGB), pixels[..., :3] / 255, atol=1e-6
    )


def test_transparency_is_seen_on_white() -> None:
    pixels = np.array([[[255, 0, 0, 255], [255, 0, 0, 0], [0, 0, 0, 51]]], dtype=np.uint8)
    np.testing.assert_allclose(
        seen(pixels, "rgb"), [[[1, 0, 0], [1, 1, 1], [0.8, 0.8, 0.8]]], atol=1e-6
    )
    np.testing.assert_allclose(seen(pixels, "rgba")[0, :, 3], [1, 0, 0.2], atol=1e-6)
    np.testing.assert_allclose(seen(pixels, "grey")[0, :, 0], [0.299, 1, 0.8], atol=1e-6)


def test_another_size_is_scaled_to_fit_and_centred_on_white() -> None:
    wide = fitted(solid(2, 8, 0, 0, 0, 255), RGB)
    np.testing.assert_allclose(wide[..., 0], [[1] * 4, [0] * 4, [1] * 4, [1] * 4])
    large = np.random.default_rng(0).integers(0, 256, (12, 12, 4), dtype=np.uint8)
    large[..., 3] = 255
    expected = (large[..., :3] / 255).reshape(4, 3, 4, 3, 3).mean((1, 3))
    np.testing.assert_allclose(fitted(large, RGB), expected, atol=1e-3)
    clear = fitted(solid(2, 8, 9, 9, 9, 255), View(height=4, width=4, colour="rgba"))
    np.testing.assert_allclose(clear[:, 0, 3], [0, 1, 0, 0])


@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0), (40, 200)])
def test_handwriting_is_ink_on_any_paper(tmp_path: Path, ink: int, paper: int) -> None:
    strokes = np.zeros((8, 8))
    strokes[1:7, 3] = 1
    strokes[6, 3:6] = 0.5
    grey = (paper + strokes * (ink - paper)).round().astype(np.uint8)
    view = View(height=8, width=8, colour="ink")
    path = saved(tmp_path / "seven.png", grey, "L")
    np.testing.assert_allclose(read_picture(path, view)[..., 0], strokes, atol=0.01)


def test_handwriting_is_cropped_and_fills_the_picture() -> None:
    page = solid(100, 60, 230, 230, 220, 255)
    page[40:64, 20:32, :3] = 30
    found = fitted(page, View(height=8, width=8, colour="ink"))[..., 0]
    np.testing.assert_allclose(found[:, 2:6], 1, atol=1e-5)
    np.testing.assert_allclose(found[:, [0, 1, 6, 7]], 0, atol=1e-5)
    blank = fitted(solid(9, 9, 200, 200, 200, 255), View(height=8, width=8, colour="ink"))
    assert not blank.any()


def test_sixteen_bits_and_turned_photographs(tmp_path: Path) -> None:
    deep = np.array([[0, 65535], [32768, 257]], dtype=np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    view = View(height=2, width=2, colour="grey")
    found = read_picture(tmp_path / "deep.png", view)[..., 0]
    np.testing.assert_allclose(found, [[0, 1], [128 / 255, 1 / 255]], atol=1e-5)
    turned = Image.fromarray(np.array([[0, 255], [255, 255]], dtype=np.uint8))
    exif = turned.getexif()
    exif[0x0112] = 6  # the camera was turned by 90 degrees
    turned.save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_allclose(
        read_picture(tmp_path / "turned.png", view)[..., 0], [[1, 0], [1, 1]]
    )


def test_what_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("not a picture")
    whole = saved(tmp_path / "whole.png", solid(40, 40, 1, 2, 3, 255)).read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    for name, message in {
        "text.png": r"text\.png is not a picture: give a PNG, JPEG or the like",
        "half.png": r"half\.png is a damaged picture",
        "none.png": r"cannot read .*none\.png: No such file",
        ".": "cannot read .*: Is a directory",
    }.items():
        with pytest.raises(SeqkitError, match=message) as caught:
            read_picture(tmp_path / name, RGB)
        assert "\n" not in str(caught.value)


def test_without_pillow_the_command_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = builtins.__import__

    def refuse(name: str, *rest: Any, **more: Any) -> Any:
        if name == "PIL":
            raise ImportError(name)
        return original(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(SeqkitError, match=r"pip install 'seqkit-nlp\[images\]'"):
        read_picture(tmp_path / "a.png", RGB)
