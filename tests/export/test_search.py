"""The searches in NumPy find what torch's find, and the CRF says what torch's says."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from seqkit.decode import DecodeSettings, decode, read
from seqkit.export.crf import Chain
from seqkit.export.search import Floats, Numbers, Search, State, search
from seqkit.nn.crf import CRF

EOS, SIZE = 2, 7


class Markov:
    """Says what comes next by the last token and how many there were."""

    def __init__(self) -> None:
        torch.manual_seed(3)
        self.logs = (torch.randn(12, SIZE, SIZE) * 2).log_softmax(2)

    def step(self, ids: Tensor, state: tuple[Tensor]) -> tuple[Tensor, tuple[Tensor]]:
        (time,) = state
        return self.logs[time[:, 0].clamp(max=11), ids].clone(), (time + 1,)

    def numpy_step(self, ids: Numbers, state: State) -> tuple[Floats, State]:
        time = state["time"]
        return self.logs.numpy()[time[:, 0].clip(max=11), ids], {"time": time + 1}


@pytest.mark.parametrize("ends", [[EOS], [EOS, 4, 5]])
@pytest.mark.parametrize(
    "chosen",
    [
        {"beam": 1, "max_length": 6},
        {"beam": 4, "answers": 3, "max_length": 5, "length_penalty": 0.6},
        {"beam": 3, "answers": 2, "max_length": 9, "min_length": 3, "length_penalty": 1.0},
        {"beam": 3, "answers": 2, "max_length": 9, "min_length": 6, "block_ngrams": 2},
        {"beam": 1, "max_length": 5, "min_length": 4, "block_ngrams": 1},
    ],
)
@pytest.mark.parametrize("opening", [0, 1])
def test_the_same_as_torch(chosen: dict[str, float], ends: Sequence[int], opening: int) -> None:
    model, prompts = Markov(), [1, 3, 4, 6]
    zeros = torch.zeros(len(prompts), 1, dtype=torch.long)
    start = read(model, [[p] for p in prompts], (zeros,))
    wanted = decode(model, start, ends, DecodeSettings(**chosen), opening=opening)  # type: ignore[arg-type]
    logs, state = model.numpy_step(np.array(prompts), {"time": zeros.numpy()})
    options = Search(**chosen)  # type: ignore[arg-type]
    found = search(model.numpy_step, (logs, state), ends, options, opening=opening)
    for these, those in zip(found, wanted, strict=True):
        assert [h.ids for h in these] == [h.ids for h in those]
        assert [h.ended for h in these] == [h.ended for h in those]
        for a, b in zip(these, those, strict=True):
            assert a.log_probability == pytest.approx(b.log_probability, abs=1e-5)
            assert a.score == pytest.approx(b.score, abs=1e-5)


def test_each_prompt_has_its_own_limit() -> None:
    model, prompts = Markov(), np.array([1, 3])
    start = model.numpy_step(prompts, {"time": np.zeros((2, 1), np.int64)})
    chosen = Search(beam=2, min_length=50)
    found = search(model.numpy_step, start, [EOS], chosen, limits=np.array([3, 6]))
    assert [len(h.ids) for (h,) in found] == [3, 6]


def test_the_crf_in_numpy() -> None:
    torch.manual_seed(0)
    crf = CRF(4, np.random.default_rng(0).random((5, 5)) < 0.8)
    for parameter in crf.parameters():
        torch.nn.init.normal_(parameter)
    emissions, lengths = torch.randn(3, 6, 4) * 2, torch.tensor([6, 1, 4])
    chain = Chain(*(part.detach().numpy() for part in crf._scores()))
    best = chain.decode(emissions.numpy(), lengths.numpy())
    shares = chain.marginals(emissions.numpy(), lengths.numpy())
    wanted, likely = crf.decode(emissions, lengths), crf.marginals(emissions, lengths)
    for row, length in enumerate(lengths.tolist()):
        assert best[row, :length].tolist() == wanted[row, :length].tolist()
        np.testing.assert_allclose(shares[row, :length], likely[row, :length].numpy(), atol=1e-5)
