"""Windows against brute force, and scaling against numpy."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqkit.data.frames import Windows, starts
from seqkit.data.scaling import Scaler
from seqkit.errors import SeqkitError


@given(st.integers(0, 40), st.integers(1, 12), st.integers(1, 7))
def test_windows_cover_the_series_and_stay_inside(frames: int, span: int, stride: int) -> None:
    begins = starts(frames, span, stride).tolist()
    fits = [b for b in range(frames) if b + span <= frames]
    assert begins == sorted({b for b in fits if b % stride == 0} | set(fits[-1:]))


@given(st.integers(1, 30), st.integers(1, 8), st.integers(0, 3), st.booleans(), st.integers(1, 5))
def test_batches_are_the_windows_cut_by_hand(
    frames: int, window: int, horizon: int, shuffle: bool, size: int
) -> None:
    values = np.arange(frames * 2, dtype=np.float32).reshape(frames, 2)
    targets = -np.arange(frames, dtype=np.float32)
    begins = starts(frames, window + horizon)
    windows = Windows(
        values, begins, window=window, targets=targets, horizon=horizon,
        batch_size=size, shuffle=shuffle, seed=3,
    )  # fmt: skip
    seen = []
    for batch in windows.epoch(2):
        assert len(batch.inputs) <= size
        assert batch.weight == len(batch.inputs)
        assert batch.tokens == len(batch.inputs) * window
        assert batch.targets is not None
        for inputs, target in zip(batch.inputs, batch.targets, strict=True):
            first = int(inputs[0, 0]) // 2
            assert torch.equal(inputs, torch.from_numpy(values[first : first + window]))
            end = first + window
            expected = targets[end : end + horizon] if horizon else targets[end - 1]
            assert target.tolist() == expected.tolist()
            seen.append(first)
    assert sorted(seen) == begins.tolist()
    assert len(windows) == -(-len(begins) // size)


def test_aligned_windows_near_the_end_are_padded() -> None:
    values, labels = np.ones((7, 1), np.float32), np.arange(7)
    windows = Windows(values, np.array([0, 3, 5]), window=4, targets=labels, aligned=True)
    (batch,) = windows.epoch(0)
    assert batch.lengths.tolist() == [4, 4, 2]
    assert batch.weight == batch.tokens == 10
    assert batch.targets is not None
    assert batch.targets[batch.mask].tolist() == [0, 1, 2, 3, 3, 4, 5, 6, 5, 6]


def test_an_epoch_resumes_in_its_middle_and_differs_from_others() -> None:
    values = np.arange(50, dtype=np.float32)[:, None]
    windows = Windows(values, starts(50, 3), window=3, batch_size=7, shuffle=True, seed=1)
    whole = [batch.inputs for batch in windows.epoch(4)]
    rest = [batch.inputs for batch in windows.epoch(4, start=3)]
    assert all(torch.equal(a, b) for a, b in zip(whole[3:], rest, strict=True))
    assert not torch.equal(whole[0], next(windows.epoch(5)).inputs)
    with pytest.raises(SeqkitError, match="batch 99 of 7"):
        windows.epoch(0, start=99)


@pytest.mark.parametrize("method", ["standard", "minmax", "none"])
def test_scaling_is_what_numpy_says_and_can_be_undone(method: str) -> None:
    draw = np.random.default_rng(0)
    values = draw.normal([3, -100, 0], [1, 50, 1e-3], (200, 3))
    scaler = Scaler.learn(values, ("a", "b", "c"), method)  # type: ignore[arg-type]
    scaled = scaler.apply(values)
    if method == "standard":
        np.testing.assert_allclose(scaled.mean(0), 0, atol=1e-5)
        np.testing.assert_allclose(scaled.std(0), 1, rtol=1e-5)
    elif method == "minmax":
        np.testing.assert_allclose([scaled.min(0), scaled.max(0)], [[0] * 3, [1] * 3], atol=1e-6)
    else:
        np.testing.assert_array_equal(scaled, values.astype(np.float32))
    for column in range(3):
        np.testing.assert_allclose(scaler.undo(scaled[:, column], column), values[:, column],
                                   rtol=1e-4, atol=1e-4)  # fmt: skip
    again = Scaler.from_dict(scaler.as_dict())
    np.testing.assert_array_equal(again.apply(values), scaled)


def test_a_column_that_stands_still_is_left_in_place() -> None:
    values = np.full((5, 1), 0.1)
    scaler = Scaler.learn(values, ("still",), "standard")
    assert scaler.scale.tolist() == [1.0]
    assert np.abs(scaler.apply(values)).max() < 1e-9


def test_numbers_too_far_apart_are_refused() -> None:
    with pytest.raises(SeqkitError, match="column 'big' has numbers too far"):
        Scaler.learn(np.array([[0, 1e308], [0, -1e308]]), ("small", "big"), "standard")
    scaler = Scaler.learn(np.array([[0.0], [1e-300]]), ("x",), "minmax")
    with pytest.raises(SeqkitError, match="column 'x' has numbers too far"):
        scaler.apply(np.array([[1e300]]))


@pytest.mark.parametrize(
    "broken",
    [{}, {"columns": [], "shift": [], "scale": []}, {"columns": ["a"], "shift": [0], "scale": [0]}],
)
def test_a_broken_scaler_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises((KeyError, ValueError)):
        Scaler.from_dict(broken)
