from typing import Any

import pytest
import torch
from torch.nn import functional as F

from seqkit.data.windows import Streams
from seqkit.errors import SeqkitError
from seqkit.models.language_model import LanguageModel, LanguageModelSettings
from seqkit.models.state import continued, detached, flattened, unflattened
from seqkit.settings import as_dict, check
from seqkit.train import checkpoint
from seqkit.train.optimizers import OptimizerSettings, build_optimizers

V = 13
PLAIN = {
    "embedding": {"size": 6},
    "encoder": {"hidden": 8, "layers": 2, "bidirectional": False},
}


def model(**changes: Any) -> LanguageModel:
    torch.manual_seed(0)
    nested = {
        name: {**PLAIN.get(name, {}), **v} if isinstance(v, dict) else v
        for name, v in changes.items()
    }
    chosen = check(LanguageModelSettings, {**PLAIN, **nested})
    return LanguageModel(chosen, vocabulary_size=V, pad=0, unk=1)


def windows(bptt: int, tokens: int = 60) -> Streams:
    torch.manual_seed(1)
    text = torch.randint(3, V, (tokens,), dtype=torch.int32).numpy()
    return Streams(text, first=2, batch_size=3, bptt=bptt)


def gradients(lm: LanguageModel, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    names, weights = zip(*lm.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(loss, weights), strict=True))


def slow_loss(lm: LanguageModel, ids: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The definition: a step at a time over the whole text, the gradient through all of it."""
    state, losses = lm.initial_state(len(ids)), []
    for t in range(ids.shape[1]):
        predicted, state = lm.step(ids[:, t], state)
        losses.append(F.nll_loss(predicted, targets[:, t], reduction="none"))
    return torch.stack(losses).mean()


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_window_as_long_as_the_text_gives_the_gradient_of_full_bptt(cell: str) -> None:
    lm = model(encoder={"cell": cell})
    for bptt in (20, 0):  # the length of a stream, and all of it
        (window,) = windows(bptt).epoch(0)
        loss, _ = lm.loss(window.inputs, window.targets)
        slow = slow_loss(lm, window.inputs, window.targets)
        torch.testing.assert_close(loss, slow)
        ours, full = gradients(lm, loss), gradients(lm, slow)
        for name in full:
            torch.testing.assert_close(ours[name], full[name], rtol=1e-4, atol=1e-6, msg=name)


def test_shorter_windows_truncate_the_gradient_and_nothing_else() -> None:
    lm = model()
    (whole,) = windows(0).epoch(0)
    loss, _ = lm.loss(whole.inputs, whole.targets)
    full = gradients(lm, loss)["encoder.ahead.0.fused.weight_hh_l0"]
    state, parts, total = None, [], 0.0
    for window in windows(5).epoch(0):
        part, after = lm.loss(window.inputs, window.targets, continued(state, window))
        parts.append(gradients(lm, part)["encoder.ahead.0.fused.weight_hh_l0"])
        total, state = total + part.item(), detached(after)
    assert total / 4 == pytest.approx(loss.item(), rel=1e-5)
    assert (torch.stack(parts).mean(0) - full).norm() > 0.01 * full.norm()


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_state_carried_over_windows_equals_one_long_pass(cell: str) -> None:
    lm = model(encoder={"cell": cell}, tied=False).eval()
    (whole,) = windows(0).epoch(0)
    expected, last = lm(whole.inputs)
    for bptt in (1, 3, 7, 19):
        state, features = None, []
        for window in windows(bptt).epoch(0):
            out, after = lm(window.inputs, continued(state, window))
            features.append(out)
            state = unflattened(flattened(detached(after)))  # by way of a checkpoint
        torch.testing.assert_close(torch.cat(features, 1), expected, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(flattened(state), flattened(last), rtol=1e-4, atol=1e-5)
    assert unflattened({}) is None


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "mingru"])
def test_a_carried_state_holds_on_to_nothing_else(cell: str) -> None:
    lm = model(encoder={"cell": cell})
    (window,) = windows(0).epoch(0)
    _, state = lm.loss(window.inputs, window.targets)
    for part in flattened(detached(state)).values():
        assert not part.requires_grad
        assert part.untyped_storage().nbytes() == part.numel() * part.element_size()


def test_tied_weights_are_one_tensor_trained_from_both_ends_and_saved_once(tmp_path: Any) -> None:
    for changes in ({}, {"projection": True}, {"tied": False}):
        lm = model(**changes)
        names = [name for name, _ in lm.named_parameters()]
        tables = [
            name for name in names if name in ("embedding.table.weight", "softmax.layer.weight")
        ]
        assert len(tables) == (2 if changes.get("tied") is False else 1)
        assert (lm.encoder.features == 8) == bool(changes)
        path = tmp_path / "weights"
        checkpoint.save(path, lm.state_dict(), {})
        other = model(**changes)
        with torch.no_grad():
            other.embedding.table.weight.zero_()
        tensors, _ = checkpoint.load(path)
        checkpoint.restore(other, tensors, path)
        (window,) = windows(0).epoch(0)
        assert torch.equal(lm(window.inputs)[0], other(window.inputs)[0])
        hidden = torch.randn(4, lm.features)
        assert torch.equal(
            lm.softmax.log_probabilities(hidden), other.softmax.log_probabilities(hidden)
        )
    lm = model()
    (window,) = windows(0).epoch(0)
    unread = 3  # a word that is never an input still moves
    window.inputs[window.inputs == unread] = unread + 1
    loss, _ = lm.loss(window.inputs, window.targets)
    assert gradients(lm, loss)["embedding.table.weight"][unread].abs().max() > 0


def test_embedding_dropout_leaves_out_whole_words_of_a_batch() -> None:
    lm = model(embedding_dropout=0.5).train()
    ids = torch.randint(1, V, (40, 50))
    vectors = lm._embedded(ids)
    whole = lm.embedding.table.weight.detach()[ids]
    left_out = (vectors == 0).all(dim=2)
    for word in range(1, V):
        assert left_out[ids == word].unique().numel() == 1  # everywhere or nowhere
    assert 0 < left_out.float().mean() < 1
    torch.testing.assert_close(vectors[~left_out], 2 * whole[~left_out])
    assert torch.equal(lm.eval()._embedded(ids), whole)


def test_output_dropout_is_the_same_at_all_steps_of_a_row() -> None:
    lm = model(output_dropout=0.5).train()
    outputs = torch.rand(30, 7, 6) + 1
    dropped = lm._locked(outputs)
    kept = dropped != 0
    assert torch.equal(kept, kept[:, :1].expand_as(kept))
    assert not torch.equal(kept[0], kept[1])
    torch.testing.assert_close(dropped[kept], 2 * outputs[kept])
    assert torch.equal(lm.eval()._locked(outputs), outputs)


def test_the_penalties_are_those_of_the_formulas() -> None:
    (window,) = windows(0).epoch(0)
    plain, _ = model().loss(window.inputs, window.targets)
    outputs, _ = model()(window.inputs)
    squared = outputs.pow(2).mean()
    change = (outputs[:, 1:] - outputs[:, :-1]).pow(2).mean()
    loss, _ = model(ar=2.0, tar=3.0).loss(window.inputs, window.targets)
    torch.testing.assert_close(loss, plain + 2 * squared + 3 * change)
    evaluated, _ = model(ar=2.0, tar=3.0).eval().loss(window.inputs, window.targets)
    torch.testing.assert_close(evaluated, plain)


def test_what_is_not_to_be_predicted_counts_nothing() -> None:
    lm = model(ar=1.0, tar=1.0)
    (window,) = windows(0).epoch(0)
    ids, targets = window.inputs[:2], window.targets[:2].clone()
    targets[1, 4:] = -1
    garbage = ids.clone()
    garbage[1, 5:] = 3
    one, _ = lm.loss(ids, targets)
    other, _ = lm.loss(garbage, targets)
    torch.testing.assert_close(one, other)


def test_what_does_not_fit_together() -> None:
    for changes, message in (
        ({"encoder": {"bidirectional": True}}, "cannot read ahead"),
        ({"embedding": {"kind": "onehot"}}, "no vectors to share: use tied=false"),
        ({"softmax": {"softmax": "adaptive"}}, "use tied=false or shrink=1"),
    ):
        with pytest.raises(SeqkitError, match=message):
            model(**changes)
    assert model(embedding={"kind": "onehot"}, tied=False).features == 8
    assert as_dict(LanguageModelSettings())["encoder"]["bidirectional"] is False


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("softmax", ["full", "sampled", "adaptive"])
@pytest.mark.parametrize("optimizer", ["adam", "lazy_adam", "sgd"])
def test_any_softmax_learns_with_any_optimizer(optimizer: Any, softmax: str, tied: bool) -> None:
    chosen = {"softmax": softmax, "samples": 5, "cutoffs": (5, 9), "shrink": 1.0}
    lm = model(tied=tied, softmax=chosen)
    lr = 0.5 if optimizer == "sgd" else 0.02
    optimizers = build_optimizers(lm, OptimizerSettings(optimizer=optimizer, lr=lr))
    (window,) = windows(0).epoch(0)
    features, _ = lm(window.inputs)
    before = lm.softmax.nll(features.flatten(0, 1), window.targets.flatten()).mean()
    for _ in range(30):
        lm.zero_grad()
        loss, _ = lm.loss(window.inputs, window.targets)
        loss.backward()
        for each in optimizers:
            each.step()
    features, _ = lm(window.inputs)
    after = lm.softmax.nll(features.flatten(0, 1), window.targets.flatten()).mean()
    assert after < before - 0.2
