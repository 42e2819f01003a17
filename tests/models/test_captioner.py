"""The captioner: a tiny set is learnt by every way of seeing; batching; attention to places."""

import numpy as np
import pytest
import torch
from torch import Tensor

from seqkit.data.captions import CaptionBatch
from seqkit.decode import DecodeSettings, decode, read
from seqkit.errors import SeqkitError
from seqkit.models.captioner import Captioner, CaptionerSettings
from seqkit.settings import parse

PAD, UNK, BOS, EOS = range(4)
SMALL = ["channels=4", "image.features=12", "decoder.embedding.size=8", "hidden=16"]
WAYS = [
    "bridge=linear",
    "bridge=copy image.features=16",
    "bridge=zero repeat=true",
    "bridge=linear repeat=true cell=gru",
    "bridge=zero attention=general",
    "attention=additive cell=gru",
    "attention=dot channels=16 input_feeding=true",
]


def make(words: str, shape: tuple[int, ...] = (6, 6, 1)) -> Captioner:
    torch.manual_seed(0)
    chosen = parse(CaptionerSettings(), [*SMALL, *words.split()])
    return Captioner(
        chosen, shape=shape, vocabulary_size=9, pad=PAD, unk=UNK, bos=BOS, eos=EOS
    ).eval()


def batch(pictures: Tensor, rows: list[list[int]]) -> CaptionBatch:
    lengths = torch.tensor([len(row) for row in rows])
    targets = torch.full((len(rows), int(lengths.max())), PAD)
    for i, row in enumerate(rows):
        targets[i, : len(row)] = torch.tensor(row)
    return CaptionBatch(pictures, targets, lengths, np.arange(len(rows)), int(lengths.sum()))


CAPTIONS = [[4, 5, EOS], [5, 4, 6, 7, EOS], [8, EOS], [4, 6, 5, 8, EOS]]


@pytest.mark.parametrize("words", WAYS)
def test_a_tiny_set_is_learnt_by_heart(words: str) -> None:
    model, pictures = make(words).train(), torch.randn(4, 6, 6, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-2)
    data = batch(pictures, CAPTIONS)
    for _ in range(800):
        optimizer.zero_grad()
        loss = model.loss(data)
        if loss < 0.03:
            break
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    model.eval()
    start = read(model, [[BOS]] * 4, model.encode(pictures))
    written = decode(model, start, [EOS], DecodeSettings(beam=2, max_length=8))
    assert [[*best.ids, EOS] for best, *_ in written] == CAPTIONS


@pytest.mark.parametrize("words", WAYS)
def test_steps_and_the_whole_caption_agree_and_neighbours_change_nothing(words: str) -> None:
    model, pictures = make(words), torch.randn(4, 6, 6, 1)
    together = model.nll(batch(pictures, CAPTIONS))
    for i, caption in enumerate(CAPTIONS):
        with torch.no_grad():
            state, total = model.encode(pictures[i : i + 1]), 0.0
        for before, token in zip([BOS, *caption], caption, strict=False):
            with torch.no_grad():
                logs, state = model.step(torch.tensor([before]), state)
            total -= float(logs[0, token])
        assert float(together[i]) == pytest.approx(total, rel=1e-4)


@pytest.mark.parametrize("words", ["attention=general", "attention=additive", "attention=concat"])
def test_weights_over_the_places_of_the_map_sum_to_one(words: str) -> None:
    model = make(words, (7, 5, 3))
    assert model.image.positions == (3, 2)
    state = model.encode(torch.randn(3, 7, 5, 3))
    for token in (BOS, 4, 5):
        _, state = model.step(torch.tensor([token] * 3), state)
        weights = model.attended(state)
        assert weights is not None
        assert weights.shape == (3, 6)
        assert (weights >= 0).all()
        torch.testing.assert_close(weights.sum(1), torch.ones(3))


def test_attention_looks_where_the_token_is() -> None:
    """One bright place; the caption says which: only what is looked at can tell."""
    torch.manual_seed(0)
    model = make("attention=additive bridge=zero channels=8 pool_size=3 hidden=24", (6, 6, 1))
    places = torch.tensor([[y, x] for y in (1, 4) for x in (1, 4)])
    which = torch.randint(4, (64,))
    colour = torch.randint(2, (64,))
    pictures = torch.zeros(64, 6, 6, 1)
    y, x = places[which].T
    pictures[torch.arange(64), y, x, 0] = torch.where(colour == 1, 3.0, -3.0)
    rows = [[4 + int(c), EOS] for c in colour]
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(150):
        optimizer.zero_grad()
        model.loss(batch(pictures, rows)).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    _, state = model.step(torch.full((64,), BOS), model.encode(pictures))
    weights = model.attended(state)
    assert weights is not None
    assert (weights.argmax(1) == which).float().mean() > 0.9


def test_without_attention_there_are_no_weights() -> None:
    model = make("attention=none")
    assert model.attended(model.encode(torch.randn(1, 6, 6, 1))) is None


@pytest.mark.parametrize(
    ("words", "shape", "message"),
    [
        ("attention=general", (9,), "attention=general looks at places of a picture, and a ready"),
        ("bridge=zero attention=none", (6, 6, 1), "without having seen the input"),
        ("channels=4,4,4", (6, 6, 1), "pictures of 6x6 are too small"),
        ("attention=dot", (6, 6, 1), "attention=dot compares 16 units of the decoder with 4"),
    ],
)
def test_contradictions(words: str, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(SeqkitError, match=message) as caught:
        make(words, shape)
    assert "\n" not in str(caught.value)
