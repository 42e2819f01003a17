import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqkit.errors import SeqkitError
from seqkit.nn import cross_entropy as fused
from seqkit.nn.cross_entropy import cross_entropy
from seqkit.nn.softmax import (
    SampledSoftmax,
    Softmax,
    SoftmaxSettings,
    cheapest_cutoffs,
    inclusion_probabilities,
)
from seqkit.settings import check
from seqkit.train.optimizers import OptimizerSettings, build_optimizers

WORDS, FEATURES, ROWS = 40, 6, 23
COUNTS = (1000 / torch.arange(1, WORDS + 1)).long()


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused, "CHUNK", 3 * WORDS)  # several chunks, the last one shorter


def made(softmax: str, tied: nn.Parameter | None = None, **options: object) -> Softmax:
    chosen = check(SoftmaxSettings, {"softmax": softmax, **options})
    made = Softmax(FEATURES, WORDS, chosen, counts=COUNTS, tied=tied).double()
    for weight in made.parameters():  # far from where it starts
        nn.init.normal_(weight)
    return made


def data() -> tuple[Tensor, Tensor]:
    hidden = torch.randn(ROWS, FEATURES, dtype=torch.float64, requires_grad=True)
    return hidden, torch.randint(WORDS, (ROWS,))


def gradients(loss: Tensor, of: list[Tensor]) -> list[Tensor]:
    return [g.to_dense() for g in torch.autograd.grad(loss, of)]


@pytest.mark.usefixtures("small_chunks")
def test_the_full_loss_and_its_gradients_are_those_of_torch() -> None:
    softmax, (hidden, targets) = made("full"), data()
    of = [hidden, softmax.layer.weight, softmax.layer.bias]
    ours = softmax.loss(hidden, targets)
    theirs = F.cross_entropy(F.linear(*of), targets)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(gradients(3 * ours, of), gradients(3 * theirs, of))
    once = softmax.loss(hidden, targets)
    torch.testing.assert_close(
        gradients(once, of), gradients(F.cross_entropy(F.linear(*of), targets), of)
    )


def test_logits_that_overflow_and_vanish_do_no_harm() -> None:
    hidden = torch.tensor([[1e4], [-1e4]], requires_grad=True)
    weight, bias = torch.tensor([[1.0], [0.0], [-1.0]]), torch.zeros(3)
    loss = cross_entropy(hidden, weight, bias, torch.tensor([2, 2]))
    assert loss.item() == pytest.approx(1e4)  # 2e4 nats, and none
    (gradient,) = gradients(loss, [hidden])
    torch.testing.assert_close(gradient, torch.tensor([[1.0], [0.0]]))


def test_bfloat16_changes_the_loss_and_its_gradients_little() -> None:
    softmax, (hidden, targets) = made("full").float(), data()
    hidden = hidden.detach().float().requires_grad_()
    of = [hidden, softmax.layer.weight, softmax.layer.bias]
    exact = cross_entropy(*of, targets)
    half = cross_entropy(*of, targets, bfloat16=True)
    assert half.dtype == torch.float32
    assert half.item() != exact.item()
    assert half.item() == pytest.approx(exact.item(), rel=0.01)
    for a, b in zip(gradients(half, of), gradients(exact, of), strict=True):
        assert (a - b).norm() < 0.01 * b.norm()


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("kind", ["full", "sampled", "adaptive"])
def test_evaluation_is_exact(kind: str) -> None:
    softmax, (hidden, targets) = made(kind, samples=5, cutoffs=(7, 19)), data()
    logs = softmax.log_probabilities(hidden)
    torch.testing.assert_close(logs.exp().sum(1), torch.ones(ROWS, dtype=torch.float64))
    nll = softmax.nll(hidden, targets)
    torch.testing.assert_close(nll, -logs.gather(1, targets[:, None])[:, 0])
    assert not nll.requires_grad
    if kind != "adaptive":
        torch.testing.assert_close(
            nll,
            F.cross_entropy(
                F.linear(hidden, *softmax.layer.parameters()), targets, reduction="none"
            ),
        )


@pytest.mark.parametrize("kind", ["full", "sampled", "adaptive"])
def test_a_model_starts_from_the_frequencies(kind: str) -> None:
    softmax = Softmax(FEATURES, WORDS, SoftmaxSettings(softmax=kind), counts=COUNTS)  # type: ignore[arg-type]
    seen = softmax.log_probabilities(torch.zeros(1, FEATURES)).exp()[0]
    torch.testing.assert_close(seen, ((COUNTS + 1) / (COUNTS + 1).sum()).float())


@pytest.mark.parametrize("kind", ["full", "sampled", "adaptive"])
def test_the_bias_may_start_at_zero(kind: str) -> None:
    chosen = SoftmaxSettings(softmax=kind, bias="zero")  # type: ignore[arg-type]
    softmax = Softmax(FEATURES, WORDS, chosen, counts=COUNTS)
    biases = [p for name, p in softmax.named_parameters() if "bias" in name]
    assert biases
    assert all(not bias.any() for bias in biases)


# Sampled


def test_with_as_many_samples_as_words_sampling_is_the_full_softmax() -> None:
    full, sampled, (hidden, targets) = made("full"), made("sampled", samples=WORDS), data()
    sampled.load_state_dict(full.state_dict())
    of = [hidden, *full.layer.parameters()], [hidden, *sampled.layer.parameters()]
    losses = full.loss(hidden, targets), sampled.loss(hidden, targets)
    torch.testing.assert_close(*losses)
    torch.testing.assert_close(gradients(losses[0], of[0]), gradients(losses[1], of[1]))


def test_the_estimated_sum_over_all_words_is_unbiased() -> None:
    softmax = made("sampled", samples=8)
    hidden, targets = torch.randn(1, FEATURES).double() / 2, torch.tensor([30])
    exact = softmax.nll(hidden, targets).exp()  # Z / exp(o_y)
    drawn = torch.stack([softmax.loss(hidden, targets).detach().exp() for _ in range(3000)])
    error = drawn.std() / math.sqrt(len(drawn))
    assert error < 0.05 * exact
    assert abs(drawn.mean() - exact) < 3.5 * error


def test_the_expected_gradient_nears_the_full_one_with_more_samples() -> None:
    hidden, targets = data()
    hidden = (hidden.detach() / 2).requires_grad_()
    full = made("full")
    exact = flat(full, hidden, targets)
    errors = []
    for samples in (6, 20, 36):
        softmax = made("sampled", samples=samples)
        softmax.load_state_dict(full.state_dict())
        mean = torch.stack([flat(softmax, hidden, targets) for _ in range(400)]).mean(0)
        errors.append(float((mean - exact).norm() / exact.norm()))
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.02, errors


def flat(softmax: Softmax, hidden: Tensor, targets: Tensor) -> Tensor:
    of = [hidden, softmax.layer.weight, softmax.layer.bias]
    return torch.cat([g.flatten() for g in gradients(softmax.loss(hidden, targets), of)])


@pytest.mark.parametrize("samples", [1, 7, 20, 39])
@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 3.0])
def test_inclusion_probabilities(samples: int, exponent: float) -> None:
    weights = torch.rand(WORDS, dtype=torch.float64).add(0.1) ** exponent
    pi = inclusion_probabilities(weights, samples)
    assert pi.sum() == pytest.approx(samples)
    assert 0 < pi.min() <= pi.max() <= 1
    drawn = pi < 1 - 1e-12
    shares = pi[drawn] / weights[drawn]
    torch.testing.assert_close(shares, shares.mean().expand_as(shares))
    if drawn.any() and not drawn.all():  # those that are certain are the heaviest
        assert weights[~drawn].min() >= weights[drawn].max()


def test_a_sparse_gradient_has_the_rows_used_and_no_others() -> None:
    softmax, (hidden, targets) = made("sampled", samples=5), data()
    layer = softmax.layer
    assert isinstance(layer, SampledSoftmax)
    found = []
    for layer.sparse in (False, True):
        torch.manual_seed(1)
        found.append(torch.autograd.grad(softmax.loss(hidden, targets), layer.weight)[0])
    dense, sparse = found
    assert sparse.is_sparse
    torch.testing.assert_close(sparse.to_dense(), dense)
    used = sparse.coalesce().indices()[0]
    assert set(targets.tolist()) <= set(used.tolist())
    assert len(used) < WORDS
    assert not dense[~torch.isin(torch.arange(WORDS), used)].any()


@pytest.mark.parametrize("tie", [False, True])
@pytest.mark.parametrize("kind", ["full", "sampled"])
def test_lazy_adam_moves_only_the_rows_used(kind: str, tie: bool) -> None:
    table = nn.Embedding(WORDS, FEATURES)
    chosen = SoftmaxSettings(softmax=kind, samples=5)  # type: ignore[arg-type]
    softmax = Softmax(FEATURES, WORDS, chosen, counts=COUNTS, tied=table.weight if tie else None)
    model = nn.ModuleList([table, softmax])
    weight = softmax.layer.weight
    before = weight.detach().clone()
    optimizers = build_optimizers(model, OptimizerSettings(optimizer="lazy_adam", lr=0.1))
    targets = torch.randint(WORDS, (ROWS,))
    softmax.loss(table(targets.flip(0)), targets).backward()
    for optimizer in optimizers:
        optimizer.step()
    moved = (weight != before).any(1)
    assert moved[targets].all()
    assert moved.all() == (kind == "full")
    assert weight.grad is not None
    assert weight.grad.is_sparse == (kind == "sampled")


@pytest.mark.parametrize("kind", ["full", "sampled", "adaptive"])
def test_tied_weights_get_both_gradients(kind: str) -> None:
    tied = nn.Parameter(torch.randn(WORDS, FEATURES).double())
    softmax = made(kind, tied, samples=WORDS, shrink=1)
    ids, targets = torch.randint(WORDS, (2, ROWS))
    loss = softmax.loss(tied[ids], targets)
    logs = softmax.log_probabilities(tied[ids])
    torch.testing.assert_close(
        gradients(loss, [tied]), gradients(F.nll_loss(logs, targets), [tied])
    )
    assert all(p is not tied for p in softmax.parameters())  # saved once, with the embedding


# Adaptive


@pytest.mark.usefixtures("small_chunks")
def test_the_adaptive_loss_is_that_of_its_own_probabilities() -> None:
    softmax, (hidden, targets) = made("adaptive", cutoffs=(7, 19, 33), shrink=2), data()
    of = [hidden, *softmax.parameters()]
    ours = softmax.loss(hidden, targets)
    theirs = F.nll_loss(softmax.log_probabilities(hidden), targets)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(gradients(ours, of), gradients(theirs, of))


def test_adaptive_agrees_with_torch() -> None:
    softmax, (hidden, targets) = made("adaptive", cutoffs=(10, 22), shrink=2), data()
    layer = softmax.layer
    peer = nn.AdaptiveLogSoftmaxWithLoss(FEATURES, WORDS, [10, 22], div_value=2, head_bias=True)
    peer.double()
    with torch.no_grad():
        peer.head.weight.copy_(torch.cat([layer.tables[0], layer.classes]))
        peer.head.bias.copy_(layer.biases[0])
        for i in range(2):
            peer.tail[i][0].weight.copy_(layer.projections[i].weight)
            peer.tail[i][1].weight.copy_(layer.tables[i + 1])
            layer.biases[i + 1].zero_()  # torch's clusters have none
    torch.testing.assert_close(softmax.log_probabilities(hidden), peer.log_prob(hidden))
    torch.testing.assert_close(softmax.loss(hidden, targets), peer(hidden, targets).loss)


def test_a_cluster_without_targets_has_no_gradient() -> None:
    softmax, (hidden, _) = made("adaptive", cutoffs=(10, 22)), data()
    softmax.loss(hidden, torch.randint(10, (ROWS,))).backward()
    tables = softmax.layer.tables
    assert tables[0].grad is not None
    assert tables[1].grad is None


@pytest.mark.parametrize("size", [2, 5, 300, 33_000])
def test_cutoffs_by_themselves_are_cheap(size: int) -> None:
    counts = 1 / torch.arange(1, size + 1, dtype=torch.float64)
    cutoffs = cheapest_cutoffs(counts, 200, 4)
    assert list(cutoffs) == sorted(set(cutoffs))
    assert cutoffs[0] > 0
    assert cutoffs[-1] < size
    softmax = Softmax(FEATURES, size, SoftmaxSettings(softmax="adaptive"))
    assert softmax.log_probabilities(torch.zeros(1, FEATURES)).shape == (1, size)
    if size > 1000:  # the head is a small part of the words, and most of the text
        assert cutoffs[0] < size / 8
        assert counts[: cutoffs[0]].sum() > 0.5 * counts.sum()


# Errors


def test_cutoffs_must_rise() -> None:
    with pytest.raises(SeqkitError, match=r"cutoffs=9,3 do not rise from above 0: use cutoffs="):
        check(SoftmaxSettings, {"cutoffs": (9, 3)})
    with pytest.raises(SeqkitError, match=r"do not rise"):
        check(SoftmaxSettings, {"cutoffs": (-1, 3)})


def test_cutoffs_must_lie_inside_the_vocabulary() -> None:
    with pytest.raises(SeqkitError, match=r"cutoffs=7,40 .* has 40 words: the last cut-off must"):
        made("adaptive", cutoffs=(7, 40))


def test_tied_weights_must_fit() -> None:
    wide = nn.Parameter(torch.zeros(WORDS, FEATURES + 1))
    with pytest.raises(SeqkitError, match=r"it has 6 features and the embedding 7"):
        made("full", wide)
    fitting = nn.Parameter(torch.zeros(WORDS, FEATURES))
    with pytest.raises(SeqkitError, match=r"use tied=false or shrink=1"):
        made("adaptive", fitting)
