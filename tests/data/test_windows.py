from collections import Counter

import numpy as np
import pytest
import torch

from seqkit.data.ragged import Ragged
from seqkit.data.windows import Documents, Streams, Window, WindowSettings
from seqkit.errors import SeqkitError
from seqkit.settings import check

EOS = 99


def text(tokens: int) -> np.ndarray:
    return np.arange(100, 100 + tokens, dtype=np.int32)  # every token another one


def same(one: Window, other: Window) -> bool:
    return (
        torch.equal(one.inputs, other.inputs)
        and torch.equal(one.targets, other.targets)
        and (one.fresh, one.tokens, one.pace) == (other.fresh, other.tokens, other.pace)
    )


@pytest.mark.parametrize("warmup", [0, 3, 1000])
@pytest.mark.parametrize("jitter", [False, True])
@pytest.mark.parametrize(
    ("tokens", "rows", "bptt"), [(7, 1, 3), (50, 7, 4), (301, 4, 12), (64, 8, 0)]
)
def test_every_token_is_predicted_once_from_the_one_before_it(
    tokens: int, rows: int, bptt: int, jitter: bool, warmup: int
) -> None:
    streams = Streams(
        text(tokens), first=EOS, batch_size=rows, bptt=bptt, jitter=jitter, warmup=warmup
    )
    for epoch in range(3):
        predicted: Counter[int] = Counter()
        read = [[] for _ in range(rows)]
        windows = list(streams.epoch(epoch))
        assert len(windows) == len(streams)
        for number, window in enumerate(windows):
            assert window.fresh == (number == 0)
            real = window.targets >= 0
            assert window.tokens == window.weight == int(real.sum())
            assert warmup or window.tokens
            predicted.update(window.targets[real].tolist())
            before = torch.where(window.targets == 100, EOS, window.targets - 1)
            assert torch.equal(window.inputs[real], before[real])
            for row, ids in zip(read, window.inputs.tolist(), strict=True):
                row.extend(ids)
        assert predicted == Counter(text(tokens).tolist())
        for number, row in enumerate(read):  # the streams run on from window to window
            own = number * tokens // rows
            begin = max(0, own - warmup)
            whole = [EOS, *text(tokens).tolist()]
            assert row[: len(whole) - begin] == whole[begin : begin + len(row)]


def test_the_text_is_not_copied_and_may_lie_on_disk(tmp_path: object) -> None:
    path = f"{tmp_path}/ids.npy"
    np.save(path, text(1000))
    mapped = np.load(path, mmap_mode="r")
    streams = Streams(mapped, first=EOS, batch_size=4, bptt=10)
    assert streams.text is mapped
    assert sum(window.tokens for window in streams.epoch(0)) == 1000


def test_jittered_windows_are_those_of_the_paper() -> None:
    streams = Streams(text(2_000_000), first=EOS, batch_size=10, bptt=70, jitter=True, seed=3)
    lengths = np.diff(streams.edges(0))
    assert len(streams) == len(lengths) == len(np.diff(streams.edges(1)))
    assert not np.array_equal(lengths, np.diff(streams.edges(1)))
    assert np.array_equal(lengths, np.diff(streams.edges(0)))
    other = Streams(text(2_000_000), first=EOS, batch_size=10, bptt=70, jitter=True, seed=4)
    assert not np.array_equal(lengths, np.diff(other.edges(0)))
    short = lengths < 52
    assert short.mean() == pytest.approx(0.05, abs=0.012)
    assert lengths[short].mean() == pytest.approx(35, abs=2)
    assert lengths[~short].mean() == pytest.approx(70, abs=1)
    assert lengths[~short].std() == pytest.approx(5, abs=0.5)
    window = next(streams.epoch(0))
    assert window.pace == pytest.approx(window.inputs.shape[1] / 70)


@pytest.mark.parametrize("jitter", [False, True])
def test_streams_go_on_from_any_window(jitter: bool) -> None:
    streams = Streams(text(500), first=EOS, batch_size=3, bptt=8, jitter=jitter)
    whole = list(streams.epoch(2))
    for start in range(len(streams) + 1):
        rest = list(streams.epoch(2, start))
        assert len(rest) == len(whole) - start
        assert all(map(same, rest, whole[start:]))
    with pytest.raises(SeqkitError, match="made with other data"):
        streams.epoch(0, len(streams) + 1)


def rows(count: int, longest: int) -> Ragged:
    draw, names = np.random.default_rng(count), iter(range(100, 1_000_000))
    return Ragged.from_rows(
        [[next(names) for _ in range(n)] for n in draw.integers(1, longest + 1, count)]
    )


@pytest.mark.parametrize(
    ("count", "longest", "size", "bptt"),
    [(1, 1, 4, 3), (50, 40, 8, 7), (333, 20, 5, 20), (9, 30, 4, 0)],
)
def test_documents_are_read_whole_each_from_a_fresh_state(
    count: int, longest: int, size: int, bptt: int
) -> None:
    given = rows(count, longest)
    documents = Documents(given, first=EOS, batch_size=size, bptt=bptt, seed=1)
    orders = []
    for epoch in range(3):
        windows = list(documents.epoch(epoch))
        assert len(windows) == len(documents)
        state: list[list[int]] = []  # of each row, what it has read so far
        done = []
        for window in windows:
            alive = len(window.inputs)
            done += state if window.fresh else state[alive:]
            state = [[] for _ in range(alive)] if window.fresh else state[:alive]
            assert window.tokens == int((window.targets >= 0).sum())
            assert alive <= size
            assert window.inputs.shape[1] <= (bptt or longest)
            for row, inputs, targets in zip(
                state, window.inputs.tolist(), window.targets.tolist(), strict=True
            ):
                real = [t for t in targets if t >= 0]
                assert real
                assert targets[: len(real)] == real
                assert inputs[: len(real)] == [row[-1] if row else EOS, *real[:-1]]
                row.extend(real)
        done += state
        assert sorted(done) == sorted(row.tolist() for row in (given[i] for i in range(count)))
        orders.append(done)
        for start in (0, 1, len(windows) // 2, len(windows)):
            assert all(map(same, documents.epoch(epoch, start), windows[start:]))
    assert count < 10 or orders[0] != orders[1]


def test_documents_of_like_lengths_are_together() -> None:
    documents = Documents(rows(4000, 60), first=EOS, batch_size=32, bptt=0)
    windows = list(documents.epoch(0))
    cells = sum(window.targets.numel() for window in windows)
    assert sum(window.tokens for window in windows) / cells > 0.95


def test_what_cannot_be_cut() -> None:
    with pytest.raises(
        SeqkitError, match=r"59 tokens, less than one window: 6 streams of 10 steps"
    ):
        Streams(text(59), first=EOS, batch_size=6, bptt=10)
    with pytest.raises(SeqkitError, match="less than one window: 8 streams of 1 steps"):
        Streams(text(7), first=EOS, batch_size=8, bptt=0)
    with pytest.raises(SeqkitError, match="at least one document"):
        Documents(Ragged.from_rows([]), first=EOS, batch_size=6, bptt=10)
    with pytest.raises(SeqkitError, match="at least one token"):
        Documents(Ragged.from_rows([[1], []]), first=EOS, batch_size=6, bptt=10)
    for other in ({"reset": True}, {"bptt": 0}):
        with pytest.raises(SeqkitError, match="jitter has no use with"):
            check(WindowSettings, {"jitter": True, **other})
    with pytest.raises(SeqkitError, match="jitter has windows of 5 steps and more"):
        check(WindowSettings, {"jitter": True, "bptt": 4})
