"""A lean step, against the model's own."""

import numpy as np
import pytest
import torch

from seqkit.models.language_model import LanguageModel, LanguageModelSettings
from seqkit.models.stepping import LeanModel, stepping
from seqkit.nn.cells import CellName
from seqkit.nn.embedding import EmbeddingSettings
from seqkit.nn.recurrent import EncoderSettings
from seqkit.nn.short_weights import ShortMatrix
from seqkit.nn.softmax import SoftmaxSettings


def model(
    cell: CellName = "lstm", softmax: SoftmaxSettings | None = None, **words: bool
) -> LanguageModel:
    torch.manual_seed(1)
    made = LanguageModel(
        LanguageModelSettings(
            embedding=EmbeddingSettings(size=10, scale=1.0),
            encoder=EncoderSettings(cell=cell, hidden=14, layers=2, bidirectional=False),
            softmax=softmax or SoftmaxSettings(),
            **words,  # type: ignore[arg-type]
        ),
        vocabulary_size=30,
        pad=0,
        unk=1,
    )
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.uniform_(-1.0, 1.0)
    return made.eval()


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("words", [{}, {"projection": True}, {"tied": False}])
@pytest.mark.parametrize("softmax", ["full", "sampled"])
def test_a_lean_step_gives_the_models_numbers(
    cell: CellName, words: dict[str, bool], softmax: str
) -> None:
    ours = model(cell, SoftmaxSettings(softmax=softmax), **words)  # type: ignore[arg-type]
    lean = stepping(ours)
    assert isinstance(lean, LeanModel)
    state = other = ours.initial_state(1)
    with torch.inference_mode():
        for token in [2, 5, 0, 1, 29, 5, 5, 17]:
            ids = torch.tensor([token])
            expected, state = ours.step(ids, state)
            found, other = lean.step(ids, other)
            torch.testing.assert_close(found, expected, rtol=1e-5, atol=2e-5)
            for layer, same in zip(other, state, strict=True):
                for part, true in zip(layer, same, strict=True):
                    torch.testing.assert_close(part, true, rtol=1e-5, atol=1e-5)
        # the whole text at once, by the fused pass
        whole, _ = ours(torch.tensor([[2, 5, 0, 1, 29, 5, 5, 17]]))
        last = ours.softmax.log_probabilities(whole[:, -1])
    torch.testing.assert_close(found, last, rtol=1e-5, atol=2e-5)


def test_short_weights_are_near_and_sums_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqkit.models.stepping.SMALL", 0)
    for cell in ("lstm", "gru"):
        ours = model(cell)  # type: ignore[arg-type]
        short = stepping(ours, short=True)
        state = other = ours.initial_state(1)
        for token in [2, 5, 29, 17]:
            ids = torch.tensor([token])
            with torch.inference_mode():
                expected, state = ours.step(ids, state)
                found, other = short.step(ids, other)
            assert float(found.exp().sum()) == pytest.approx(1, abs=1e-5)
            assert not torch.equal(found, expected)
            torch.testing.assert_close(found, expected, rtol=0, atol=1e-3)


def test_a_short_matrix_is_within_its_bound() -> None:
    draw = np.random.default_rng(0)
    for rows, columns in ((1, 1), (7, 33), (64, 200)):
        weight = draw.normal(size=(rows, columns)).astype(np.float32)
        weight[0] = 0
        x = draw.normal(size=columns).astype(np.float32)
        bound = np.abs(weight).max(axis=1) / (2 * 32767) * np.abs(x).sum() + 1e-5
        assert (np.abs(ShortMatrix(weight) @ x - weight @ x) <= bound).all()


def test_several_rows_go_on_from_lean_ones_and_back() -> None:
    ours = model()
    lean = stepping(ours)
    with torch.inference_mode():
        _, state = lean.step(torch.tensor([4]), lean.initial_state(1))
        three = tuple(tuple(part.repeat(3, 1) for part in layer) for layer in state)
        many, three = lean.step(torch.tensor([5, 6, 7]), three)
        for row, token in enumerate([5, 6, 7]):
            one, _ = lean.step(torch.tensor([token]), state)
            torch.testing.assert_close(one[0], many[row], rtol=1e-5, atol=2e-5)
        last = tuple(tuple(part[2:] for part in layer) for layer in three)
        after, _ = lean.step(torch.tensor([8]), last)
    assert float(after.exp().sum()) == pytest.approx(1, abs=1e-5)


def test_large_numbers_do_not_overflow() -> None:
    ours = model()
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.mul_(300.0)
    ids, state = torch.tensor([3]), ours.initial_state(1)
    with torch.inference_mode():
        expected, found = ours.step(ids, state)[0], stepping(ours).step(ids, state)[0]
    assert torch.isfinite(found).all()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=0.1)


@pytest.mark.parametrize(
    "other",
    [
        model("mingru"),
        model("mogrifier"),
        model(softmax=SoftmaxSettings(softmax="adaptive", cutoffs=(5, 12)), tied=False),
        model().double(),
    ],
)
def test_what_has_no_lean_step_steps_itself(other: LanguageModel) -> None:
    assert stepping(other) is other
