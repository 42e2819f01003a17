"""Picture files as arrays of numbers: decoded, brought to one size, the same every time.

Pillow (the extra ``images``) decodes; every rule about what becomes of the pixels is here.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from seqkit.errors import SeqkitError
from seqkit.settings import settings

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = NDArray[np.float32]
Colour = Literal["rgb", "rgba", "grey", "ink"]
CHANNELS: dict[Colour, int] = {"rgb": 3, "rgba": 4, "grey": 1, "ink": 1}
ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601
FAINT = 0.15  # of the darkest stroke: what is fainter is paper


@settings
class View:
    """How pictures are seen: of one size, in the same channels.

    A picture of another size is scaled to fit, its aspect kept, and centred on white. What is
    transparent is seen on white; ``rgba`` has the opacity as its fourth channel. ``ink`` is for
    handwriting, dark on light or light on dark: how far a pixel is from the paper, which is the
    median of the picture's border, as a share of the strongest stroke; a picture of another size
    is first cropped to what is written.
    """

    height: int = Field(default=32, ge=1, le=1024, description="pixels of every picture")
    width: int = Field(default=32, ge=1, le=1024, description="pixels of every picture")
    colour: Colour = Field(default="rgb", description="channels; ink: strokes on paper")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return self.height, self.width, CHANNELS[self.colour]


def read_picture(path: Path, view: View) -> Pixels:
    """Return a picture file as ``view.shape`` numbers from 0 to 1.

    Of an animated picture it is the first frame; a photograph is turned as its camera says.

    Raises:
        SeqkitError: if Pillow is missing, or the file cannot be read or is no picture.
    """
    return fitted(_decoded(path), view)


def seen(rgba: NDArray[np.uint8], colour: Colour) -> Pixels:
    """Return ``(..., 4)`` bytes as ``(..., channels)`` numbers from 0 to 1, on white."""
    values: Pixels = rgba.astype(np.float32) / np.float32(255)
    opacity: Pixels = values[..., 3:]
    rgb: Pixels = values[..., :3] * opacity + (1 - opacity)
    if colour == "rgb":
        return rgb
    if colour == "rgba":
        return np.concatenate([rgb, opacity], axis=-1)
    grey: Pixels = (rgb @ LUMINANCE)[..., None]
    return grey


def fitted(rgba: NDArray[np.uint8], view: View) -> Pixels:
    """Return ``(height, width, 4)`` bytes as ``view.shape`` numbers."""
    pixels = seen(rgba, view.colour)
    whole = pixels.shape == view.shape
    if view.colour == "ink":
        pixels = _ink(pixels)
        return pixels if whole else _scaled(_written(pixels), view, 0.0)
    paper = np.ones(pixels.shape[-1], dtype=np.float32)
    paper[3:] = 0.0
    return pixels if whole else _scaled(pixels, view, paper)


def _ink(grey: Pixels) -> Pixels:
    border = np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]])
    strokes = np.abs(grey - np.median(border))
    strongest = strokes.max()
    shares: Pixels = strokes / strongest if strongest > 0 else strokes
    return shares


def _written(strokes: Pixels) -> Pixels:
    """Crop to what is written, if anything is."""
    rows, columns = np.nonzero(strokes[..., 0] > FAINT)
    if not len(rows):
        return strokes
    return strokes[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def _scaled(pixels: Pixels, view: View, paper: Any) -> Pixels:
    """Scale to fit, each new pixel the mean of what it covers, and centre on ``paper``."""
    from PIL import Image

    height, width = pixels.shape[:2]
    scale = min(view.height / height, view.width / width)
    new = max(1, round(height * scale)), max(1, round(width * scale))
    top, left = (view.height - new[0]) // 2, (view.width - new[1]) // 2
    result = np.empty(view.shape, dtype=np.float32)
    result[:] = paper
    for channel in range(pixels.shape[-1]):
        plane = Image.fromarray(np.ascontiguousarray(pixels[..., channel]))
        small = plane.resize((new[1], new[0]), Image.Resampling.BOX)
        result[top : top + new[0], left : left + new[1], channel] = np.asarray(small)
    return result


def _decoded(path: Path) -> NDArray[np.uint8]:
    """Return a file as ``(height, width, 4)`` bytes."""
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError:
        raise SeqkitError(
            f"to read {path} a package is missing: pip install 'seqkit-nlp[images]'"
        ) from None
    try:
        with Image.open(path) as picture:
            turned = ImageOps.exif_transpose(picture)
            return np.asarray(_eight_bits(turned).convert("RGBA"))
    except UnidentifiedImageError:
        raise SeqkitError(f"{path} is not a picture: give a PNG, JPEG or the like.") from None
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise SeqkitError(f"cannot read {path}: {error.strerror}.") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        reason = " ".join(str(error).split())
        raise SeqkitError(f"{path} is a damaged picture ({reason}): write it again.") from None


def _eight_bits(picture: "Image") -> "Image":
    """Return a picture of 16 bits a pixel with its upper eight; others as they are."""
    if not picture.mode.startswith("I"):
        return picture
    from PIL import Image

    return Image.fromarray((np.asarray(picture).clip(0, 65535) // 256).astype(np.uint8))
