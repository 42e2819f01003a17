"""The reader of pictures: sizes against torch and brute force, batching, what it learns."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from seqkit.errors import SeqkitError
from seqkit.nn.image import ImageEncoder, ImageSettings, distorted, side, sizes
from seqkit.settings import parse


def make(words: str = "", shape: tuple[int, ...] = (8, 7, 2)) -> ImageEncoder:
    chosen = parse(ImageSettings(channels=(3, 5), features=6), words.split())
    encoder = ImageEncoder(shape, chosen).eval()
    encoder.learn(torch.randn(20, *shape) * 3 + 1)
    return encoder


@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_a_side_is_as_many_places_as_a_filter_has(kernel: int, stride: int, padding: int) -> None:
    for pixels in range(1, 12):
        there = range(-padding, pixels + padding)
        places = [p for p in there if p + kernel <= pixels + padding][::stride]
        assert max(0, side(pixels, kernel, stride, padding)) == len(places)


@pytest.mark.parametrize("pool", ["max", "average", "none"])
@pytest.mark.parametrize(
    "words", ["", "kernel=2 padding=0", "stride=2 padding=2", "pool_size=3", "pool_every=2"]
)
def test_the_map_has_the_sizes_that_were_foretold(pool: str, words: str) -> None:
    encoder = make(f"pool={pool} {words}", (13, 11, 2))
    seen = encoder(torch.randn(4, 13, 11, 2))
    height, width = sizes((13, 11), encoder.chosen)[-1]
    assert encoder.positions == (height, width)
    assert seen.map is not None
    assert seen.map.shape == (4, height * width, encoder.channels)


def by_hand(
    x: np.ndarray, weight: Tensor, bias: Tensor, words: dict[str, int], pool: str
) -> np.ndarray:
    """Convolution, ReLU and pooling of ``(height, width, channels)``, place by place."""
    kernel, stride, padding, size = (words[k] for k in ("kernel", "stride", "padding", "pool"))
    x = np.pad(x, ((padding, padding), (padding, padding), (0, 0)))
    w = weight.numpy().transpose(0, 2, 3, 1)
    rows = range(0, x.shape[0] - kernel + 1, stride)
    columns = range(0, x.shape[1] - kernel + 1, stride)
    out = np.empty((len(rows), len(columns), len(w)))
    for (i, r), (j, c) in itertools.product(enumerate(rows), enumerate(columns)):
        square = x[r : r + kernel, c : c + kernel]
        out[i, j] = [
            max(0.0, float((square * one).sum() + b)) for one, b in zip(w, bias, strict=True)
        ]
    if pool == "none":
        return out
    keep = np.max if pool == "max" else np.mean
    height, width = out.shape[0] // size, out.shape[1] // size
    pooled = np.empty((height, width, len(w)))
    for i, j in itertools.product(range(height), range(width)):
        pooled[i, j] = keep(out[i * size : (i + 1) * size, j * size : (j + 1) * size], axis=(0, 1))
    return pooled


@pytest.mark.parametrize("pool", ["max", "average", "none"])
def test_vector_and_map_by_hand(pool: str) -> None:
    encoder = make(f"kernel=3 stride=2 padding=1 pool={pool} channels=3")
    (layer,) = encoder.layers
    picture = torch.randn(8, 7, 2) * 2 + 1
    words = {"kernel": 3, "stride": 2, "padding": 1, "pool": 2}
    x = ((picture - encoder.mean) * encoder.scale).numpy()
    weight, bias = (p.detach() for p in layer.parameters())
    expected = by_hand(x, weight, bias, words, pool)
    seen = encoder(picture[None])
    assert seen.map is not None
    flat = torch.from_numpy(expected).float()
    torch.testing.assert_close(seen.map[0], flat.flatten(0, 1), atol=1e-5, rtol=1e-5)
    assert encoder.project is not None
    vector = encoder.project(flat.permute(2, 0, 1).flatten()).relu()
    torch.testing.assert_close(seen.vector[0], vector, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("words", ["", "pool=average dropout=0.5 shift=1", "channels="])
def test_other_pictures_of_a_batch_change_nothing(words: str) -> None:
    encoder, pictures = make(words), torch.randn(5, 8, 7, 2)
    together = encoder(pictures)
    for i in range(5):
        alone = encoder(pictures[i : i + 1])
        torch.testing.assert_close(together.vector[i : i + 1], alone.vector)
        if alone.map is not None:
            torch.testing.assert_close(together.map[i : i + 1], alone.map)


def test_input_is_standardised_by_what_was_learnt() -> None:
    pictures = torch.randn(50, 4, 4, 3) * torch.tensor([1.0, 5.0, 0.0]) + torch.tensor([2.0, 0, 7])
    encoder = ImageEncoder((4, 4, 3), ImageSettings(channels=(), features=0))
    encoder.learn(pictures)
    seen = encoder(pictures).vector.unflatten(1, (3, 16)).transpose(1, 2).flatten(0, 1)
    torch.testing.assert_close(seen.mean(0), torch.zeros(3), atol=1e-5, rtol=0)
    expected = torch.tensor([1.0, 1.0, 0.0])  # a channel that never varies tells nothing
    torch.testing.assert_close(seen.std(0, correction=0), expected, atol=1e-5, rtol=0)


def test_without_channels_the_pixels_are_the_vector() -> None:
    encoder = make("channels= features=0 shift=0")
    pictures = torch.randn(3, 8, 7, 2)
    x = ((pictures - encoder.mean) * encoder.scale).permute(0, 3, 1, 2)
    seen = encoder(pictures)
    torch.testing.assert_close(seen.vector, x.flatten(1))
    torch.testing.assert_close(seen.map, x.flatten(2).transpose(1, 2))


def test_a_ready_vector_goes_through_one_layer() -> None:
    encoder = make("activation=tanh", (9,))
    vectors = torch.randn(3, 9)
    seen = encoder(vectors)
    assert seen.map is None
    assert encoder.positions is None
    assert encoder.project is not None
    standard = (vectors - encoder.mean) * encoder.scale
    torch.testing.assert_close(seen.vector, encoder.project(standard).tanh())


def test_what_is_distorted_moves_as_much_as_it_is_told_to() -> None:
    """The centre of gravity of a blob, before and after."""
    y, x = torch.meshgrid(torch.arange(33.0) - 16, torch.arange(33.0) - 16, indexing="ij")
    blob = torch.exp(-((y - 2) ** 2 + (x - 5) ** 2) / 8).expand(400, 1, 33, 33)

    def centres(moved: Tensor) -> tuple[Tensor, Tensor]:
        mass = moved.sum((1, 2, 3))
        return (moved[:, 0] * y).sum((1, 2)) / mass, (moved[:, 0] * x).sum((1, 2)) / mass

    assert torch.allclose(distorted(blob, 0, 0, 0), blob, atol=1e-4)
    down, right = centres(distorted(blob, 3, 0, 0))
    for offset in (down - 2, right - 5):
        assert 2.8 < offset.abs().max() < 3.1
        assert offset.min() < -2.5 < 2.5 < offset.max()
    down, right = centres(distorted(blob, 0, 30, 0))
    torch.testing.assert_close(
        (down**2 + right**2).sqrt(), torch.tensor(29**0.5).expand(400), atol=0.1, rtol=0
    )
    angles = torch.rad2deg(torch.atan2(down, right)) - math.degrees(math.atan2(2, 5))
    assert 28 < angles.abs().max() < 30.5
    assert angles.min() < -20 < 20 < angles.max()
    wide = torch.exp(-((y - 2) ** 2 + (x - 5) ** 2) / 8)[8:25].expand(400, 1, 17, 33)
    mass = wide.sum((1, 2, 3)).mean()
    turned = distorted(wide, 0, 30, 0)
    assert turned.sum((1, 2, 3)).sub(mass).abs().max() < 0.05 * mass  # turned, and not sheared
    moved = [(turned[:, 0] * at[8:25]).sum((1, 2)) / turned.sum((1, 2, 3)) for at in (y, x)]
    angles = torch.rad2deg(torch.atan2(*moved)) - math.degrees(math.atan2(2, 5))
    assert 28 < angles.abs().max() < 30.5
    _, right = centres(distorted(blob, 0, 0, 0.2))
    assert (right - 5).abs().max() < 5 * (1 / 0.8 - 1) + 0.3


def test_pictures_are_distorted_in_training_alone() -> None:
    encoder, picture = make("shift=2 turn=20 stretch=0.3"), torch.randn(1, 8, 7, 2)
    torch.testing.assert_close(encoder(picture).vector, encoder(picture).vector)
    encoder.train()
    assert not torch.allclose(encoder(picture).vector, encoder(picture).vector)


@pytest.mark.parametrize(
    ("words", "shape", "message"),
    [
        ("channels=4,4,4,4", (8, 8, 1), "8x8 are too small: before layer 4 of 4 they are 1x1, whi"),
        ("kernel=5 padding=0", (4, 9, 3), "before layer 1 of 2 they are 4x9, which kernel=5 does"),
        ("pool_size=9", (8, 8, 1), "which pool_size=9 does not fit; use fewer channels, or pool=n"),
    ],
)
def test_pictures_that_are_too_small(words: str, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(SeqkitError, match=message) as caught:
        make(words, shape)
    assert "\n" not in str(caught.value)
