"""The CRF against every sequence written out, autograd against finite differences."""

from itertools import pairwise, product

import numpy as np
import pytest
import torch
from torch import Tensor

from seqkit.data import spans
from seqkit.nn.crf import CRF

TAGS = ("B-X", "B-Y", "I-X", "I-Y", "O")


def random_crf(*, rule: bool = False, tags: int = 5) -> CRF:
    torch.manual_seed(1)
    crf = CRF(tags, spans.allowed(TAGS) if rule else None)
    with torch.no_grad():
        for parameter in crf.parameters():
            parameter.normal_()
    return crf.double()


def given(lengths: list[int], tags: int = 5) -> tuple[Tensor, Tensor]:
    emissions = torch.randn(len(lengths), max(lengths), tags, dtype=torch.float64)
    return emissions, torch.tensor(lengths)


def every(crf: CRF, emissions: Tensor) -> dict[tuple[int, ...], float]:
    """The score of each allowed sequence over one row's ``(time, tags)``, from the definition."""
    edge, scores = crf.tags, {}
    for tags in product(range(crf.tags), repeat=len(emissions)):
        steps = list(zip((edge, *tags), (*tags, edge), strict=True))
        if any(crf.forbidden[a, b] < 0 for a, b in steps):
            continue
        score = crf.start[tags[0]] + crf.end[tags[-1]]
        score = score + sum(emissions[t, tag] for t, tag in enumerate(tags))
        score = score + sum(crf.transitions[a, b] for a, b in pairwise(tags))
        scores[tags] = score.item()
    return scores


@pytest.mark.parametrize("rule", [False, True])
def test_sums_maxima_and_marginals_are_those_over_every_sequence(rule: bool) -> None:
    crf = random_crf(rule=rule)
    emissions, lengths = given([4, 1, 3, 2])
    log_z = crf.log_partition(emissions, lengths)
    best, marginals = crf.decode(emissions, lengths), crf.marginals(emissions, lengths)
    for row, length in enumerate(lengths.tolist()):
        scores = every(crf, emissions[row, :length])
        total = np.logaddexp.reduce(list(scores.values()))
        assert log_z[row].item() == pytest.approx(total, abs=1e-9)
        winner = max(scores, key=scores.__getitem__)
        assert tuple(best[row, :length].tolist()) == winner
        assert best[row, length:].eq(0).all()
        expected = np.zeros((length, crf.tags))
        for tags, score in scores.items():
            expected[range(length), list(tags)] += np.exp(score - total)
        np.testing.assert_allclose(marginals[row, :length].numpy(), expected, atol=1e-9)
        assert marginals[row, length:].eq(0).all()
        with torch.inference_mode():
            again = crf.marginals(emissions[row : row + 1], lengths[row : row + 1])
        np.testing.assert_allclose(again[0, :length].numpy(), expected, atol=1e-9)
        tags = torch.tensor([[*winner, *[3] * (4 - length)]])
        nll = crf.nll(emissions[row : row + 1], tags, lengths[row : row + 1])
        assert nll.item() == pytest.approx(total - scores[winner], abs=1e-9)


def test_padding_and_the_other_rows_change_nothing() -> None:
    crf = random_crf(rule=True)
    emissions, lengths = given([3, 6, 1])
    tags = crf.decode(emissions, lengths)
    together = crf.nll(emissions, tags, lengths)
    longer = torch.cat([emissions, torch.full((3, 4, 5), 1e3).double()], dim=1)
    for row, length in enumerate(lengths.tolist()):
        longer[row, length:] = 1e3
    wide = torch.cat([tags, torch.full((3, 4), 2)], dim=1)
    torch.testing.assert_close(crf.nll(longer, wide, lengths), together)
    assert crf.decode(longer, lengths)[:, :6].equal(tags)
    for row, length in enumerate(lengths.tolist()):
        alone = emissions[row : row + 1, :length], lengths[row : row + 1]
        assert crf.decode(*alone)[0].equal(tags[row, :length])
        nll = crf.nll(alone[0], tags[row : row + 1, :length], alone[1])
        torch.testing.assert_close(nll[0], together[row])


@pytest.mark.parametrize("rule", [False, True])
def test_gradients_are_finite_differences(rule: bool) -> None:
    crf = random_crf(rule=rule)
    emissions, lengths = given([3, 2])
    tags = crf.decode(emissions, lengths)

    def loss(*parts: Tensor) -> Tensor:
        emitted, *weights = parts
        names = dict(zip(("transitions", "start", "end"), weights, strict=True))
        return torch.func.functional_call(crf, names, (emitted, tags, lengths), strict=False)

    crf.forward = crf.nll  # type: ignore[method-assign, assignment]
    parts = (emissions, crf.transitions, crf.start, crf.end)
    assert torch.autograd.gradcheck(loss, [p.detach().requires_grad_() for p in parts])


def test_the_gradient_by_transitions_is_expected_minus_seen() -> None:
    crf = random_crf()
    emissions, lengths = given([3])
    tags = torch.tensor([[0, 2, 2]])
    crf.nll(emissions, tags, lengths).sum().backward()
    scores = every(crf, emissions[0])
    total = np.logaddexp.reduce(list(scores.values()))
    expected = np.zeros((5, 5))
    for sequence, score in scores.items():
        for a, b in pairwise(sequence):
            expected[a, b] += np.exp(score - total)
    expected[0, 2] -= 1
    expected[2, 2] -= 1
    assert crf.transitions.grad is not None
    np.testing.assert_allclose(crf.transitions.grad.numpy(), expected, atol=1e-9)


def test_what_is_forbidden_is_never_answered_however_high_it_scores() -> None:
    crf, rule = random_crf(rule=True).float(), spans.allowed(TAGS)
    torch.manual_seed(0)
    emissions = torch.randn(64, 9, 5) * 30
    lengths = torch.randint(1, 10, (64,))
    answered = crf.decode(emissions, lengths)
    rows = [row[:n].tolist() for row, n in zip(answered, lengths.tolist(), strict=True)]
    assert spans.breaking(rows, rule) == []
    assert spans.breaking(emissions.argmax(dim=2).tolist(), rule)
    nll = crf.nll(emissions, answered, lengths)
    assert torch.isfinite(nll).all()
    assert (nll >= -1e-2).all()


def test_scores_far_apart_stay_exact_in_single_precision() -> None:
    crf = random_crf(rule=True)
    emissions, lengths = given([8, 5])
    emissions = emissions * 200
    exact = crf.log_partition(emissions, lengths)
    single = random_crf(rule=True).float().log_partition(emissions.float(), lengths)
    torch.testing.assert_close(single.double(), exact, rtol=1e-5, atol=1e-2)


def test_it_learns_what_emissions_do_not_tell() -> None:
    """Tags that alternate, seen through emissions that say nothing."""
    torch.manual_seed(0)
    crf, lengths = CRF(2), torch.tensor([6, 5])
    tags, nothing = torch.tensor([[0, 1, 0, 1, 0, 1], [0, 1, 0, 1, 0, 0]]), torch.zeros(2, 6, 2)
    optimizer = torch.optim.Adam(crf.parameters(), lr=0.3)
    for _ in range(60):
        optimizer.zero_grad()
        loss = crf.nll(nothing, tags, lengths).sum()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1
    assert crf.decode(nothing, lengths).tolist() == [[0, 1, 0, 1, 0, 1], [0, 1, 0, 1, 0, 0]]
