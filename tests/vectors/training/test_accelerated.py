"""Training through torch: gradients against autograd, samples against their formulas."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from seqkit.data.ragged import Ragged
from seqkit.errors import SeqkitError
from seqkit.vectors.training import accelerated
from seqkit.vectors.training.accelerated import Batch, TorchEngine, cbow, descend, skipgram
from seqkit.vectors.training.objective import Objective, keep_probability, noise_distribution

WORDS, SIZE, WINDOW = 12, 5, 2


def engine(objective: Objective, rows: Ragged, counts: np.ndarray, **more: Any) -> TorchEngine:
    rng = np.random.default_rng(0)
    input = rng.normal(size=(more.pop("inputs", len(counts)), SIZE)).astype(np.float32)
    output = rng.normal(size=(len(counts), SIZE)).astype(np.float32)
    return TorchEngine(rows, counts, input, output, objective, device="cpu", **more)


def batch_and_loss(model: str, mean: bool) -> tuple[Batch, torch.Tensor, list[Any]]:
    """Return a batch, and its loss by plain loops over pairs in float64 that autograd follows."""
    torch.manual_seed(1)
    ids = torch.randint(WORDS, (9 + 2 * WINDOW,))
    noise = torch.randint(WORDS, (7,))
    mask = (torch.rand(9, 2 * WINDOW + 1) < 0.6).double()
    mask[:, WINDOW], mask[4] = 0, 0  # a centre is not its own context; one centre is alone
    input = torch.randn(WORDS, SIZE, dtype=torch.float64, requires_grad=True)
    output = torch.randn(WORDS, SIZE, dtype=torch.float64, requires_grad=True)
    centres = ids[WINDOW:-WINDOW]
    each = 0.3 + 0.6 * torch.rand(WORDS, dtype=torch.float64)  # of each word as a centre
    loss = torch.zeros((), dtype=torch.float64)
    for i, centre in enumerate(centres):
        around = [input[ids[i + j]] for j in range(2 * WINDOW + 1) if mask[i, j]]
        if model == "cbow":
            total: Any = sum(around)
            around = [total / len(around) if mean else total] if around else []
        for vector in around:
            loss = loss - torch.log(torch.sigmoid(vector @ output[centre]))
            for draw in noise:
                if draw != centre:
                    loss = loss - each[centre] * torch.log(torch.sigmoid(-vector @ output[draw]))
    words, place = torch.unique(ids, return_inverse=True)
    batch = Batch(
        vectors=input.detach()[words],
        place=place,
        mask=mask,
        centres=output.detach()[centres],
        noise=output.detach()[noise],
        each=each[centres, None],
        hits=each[centres, None] * torch.bincount(noise, minlength=WORDS)[centres, None].double(),
    )
    torch.autograd.backward(loss)
    assert input.grad is not None
    return batch, loss.detach(), [input.grad[words], output.grad, torch.cat([centres, noise])]


def test_the_gradient_of_skipgram_is_that_of_autograd() -> None:
    batch, loss, (input, output, rows) = batch_and_loss("skipgram", True)
    found = skipgram(batch)
    torch.testing.assert_close(found.loss, loss)
    assert found.pairs == batch.mask.sum()
    torch.testing.assert_close(found.input, input)
    torch.testing.assert_close(torch.zeros_like(output).index_add_(0, rows, found.output), output)


@pytest.mark.parametrize("mean", [True, False])
def test_the_gradient_of_cbow_is_that_of_autograd(mean: bool) -> None:
    batch, loss, (_, output, rows) = batch_and_loss("cbow", mean)
    found = cbow(batch, mean=mean)
    torch.testing.assert_close(found.loss, loss)
    assert found.pairs == (batch.mask.sum(1) > 0).sum()
    torch.testing.assert_close(torch.zeros_like(output).index_add_(0, rows, found.output), output)


def test_a_cbow_window_of_one_size_moves_by_its_size_times_the_gradient_of_the_mean() -> None:
    batch, _, _ = batch_and_loss("cbow", True)
    mask = torch.ones_like(batch.mask)
    mask[:, WINDOW] = 0
    vectors = batch.vectors.clone().requires_grad_()
    window = vectors[batch.place].unfold(0, mask.shape[1], 1) @ mask[0] / (2 * WINDOW)
    right = torch.nn.functional.softplus(-(window * batch.centres).sum(1))
    against = (torch.nn.functional.softplus(window @ batch.noise.T) * batch.each).sum()
    wrong = batch.hits[:, 0] * torch.nn.functional.softplus((window * batch.centres).sum(1))
    torch.autograd.backward(right.sum() + against - wrong.sum())
    assert vectors.grad is not None
    found = cbow(batch._replace(mask=mask), mean=True)
    torch.testing.assert_close(found.input, 2 * WINDOW * vectors.grad)


@pytest.mark.parametrize("model", ["skipgram", "cbow"])
def test_at_a_small_rate_a_pass_goes_down_the_gradient_of_its_own_loss(model: Any) -> None:
    rows = Ragged.from_rows([[0, 1, 2, 3, 4], [5, 6, 7], [], [8, 9, 10, 11]])
    objective = Objective(model=model, window=1, sample=0)
    made = engine(objective, rows, np.arange(20, 20 - WORDS, -1), shared=8)
    before = [weight.clone() for weight in made.weights]
    loss = made.run(0, 4, 1e-3, 1e-3, 3).loss
    square = sum(
        float(((w - b) / 1e-3).square().sum()) for w, b in zip(made.weights, before, strict=True)
    )
    after = made.run(0, 4, 0, 0, 3).loss  # the same seed: the same windows and noise
    assert after < loss
    if model == "skipgram":  # CBOW's step is not the gradient
        assert loss - after == pytest.approx(1e-3 * square, rel=0.1)


def test_a_word_with_ngrams_is_the_mean_of_its_rows_and_all_of_them_move() -> None:
    rows, grams = Ragged.from_rows([[0, 1]]), Ragged.from_rows([[0, 2], [2], []])
    objective = Objective(window=1, sample=0)
    made = engine(objective, rows, np.array([3, 3, 3]), inputs=6, grams=grams, shared=4)
    start = made.input.copy()
    words = torch.tensor([0, 1, 2])
    assert made.grams is not None
    composed = made.grams.compose(made.weights[0], words).numpy()
    expected = [start[[0, 3, 5]].mean(0), start[[1, 5]].mean(0), start[2]]
    np.testing.assert_allclose(composed, expected, rtol=1e-6)
    made.run(0, 1, 0.01, 0.01, 1)
    moved = made.input - start
    np.testing.assert_allclose(moved[0], moved[3], atol=1e-5)  # n-gram 0 is of word 0 alone
    np.testing.assert_allclose(moved[5], moved[0] + moved[1], rtol=0.02, atol=1e-4)
    assert not moved[[2, 4]].any()


def test_windows_are_as_wide_as_drawn_and_stay_in_their_row() -> None:
    made = engine(Objective(window=3), Ragged.from_rows([[0]]), np.ones(WORDS, np.int64))
    row = torch.full((30_006,), 7)
    mask = made.windows(row, torch.Generator().manual_seed(0))
    widths = mask.sum(1)
    assert torch.equal(mask, mask.flip(1))  # as many words on the left as on the right
    assert not mask[:, 3].any()
    observed = [int((widths == 2 * width).sum()) for width in (1, 2, 3)]
    assert chisquare(observed, [10_000] * 3).pvalue > 1e-3
    row = torch.tensor([-1, -1, -1, 0, 0, 1, 1, 1, 2, -1, -1, -1])
    mask = made.windows(row, torch.Generator().manual_seed(0))
    around = row.unfold(0, 7, 1)
    assert ((around == row[3:-3, None]) >= mask.bool()).all()
    assert mask[0, 4] == mask[1, 2] == 1  # neighbours are always in the window


def test_a_centre_expects_as_many_negatives_as_asked_for_none_of_them_itself() -> None:
    counts = np.array([1000, 300, 90, 20, 1])
    made = engine(Objective(negative=5), Ragged.from_rows([[0]]), counts, shared=64)
    others = 1 - noise_distribution(counts, 0.75)
    np.testing.assert_allclose(made.each.numpy() * 64 * others, 5, rtol=1e-5)


def test_noise_words_come_by_the_power_of_their_counts() -> None:
    counts = np.array([1000, 300, 90, 20, 1])
    objective = Objective(noise=0.75)
    made = engine(objective, Ragged.from_rows([[0]]), counts, shared=50_000)
    drawn = made.noise_words(torch.Generator().manual_seed(0)).numpy()
    expected = 50_000 * counts**0.75 / (counts**0.75).sum()
    assert chisquare(np.bincount(drawn, minlength=5), expected).pvalue > 1e-3
    np.testing.assert_allclose(noise_distribution(counts, 0.75) * 50_000, expected)


def test_subsampling_keeps_words_by_their_frequency_and_knows_their_rows() -> None:
    rng = np.random.default_rng(0)
    ids = rng.choice(4, size=40_000, p=[0.6, 0.3, 0.09, 0.01])
    rows = Ragged.from_rows([ids[:15_000].tolist(), [], ids[15_000:].tolist()])
    counts = np.bincount(ids)
    made = engine(Objective(sample=0.01), rows, counts)
    kept, row = made.subsampled(0, len(ids), torch.Generator().manual_seed(0))
    frequency = counts / counts.sum()
    chance = np.minimum(1, (np.sqrt(frequency / 0.01) + 1) * 0.01 / frequency)
    np.testing.assert_allclose(keep_probability(counts, 0.01), chance, rtol=1e-5)
    left = np.bincount(kept.numpy(), minlength=4)
    spread = np.sqrt(counts * chance * (1 - chance))
    assert (np.abs(left - counts * chance) <= 4 * spread + 1e-9).all()
    assert sorted(set(row.tolist())) == [0, 2]  # row 1 is empty
    assert int((row == 0).sum()) == pytest.approx(len(kept) * 15 / 40, rel=0.05)


def test_a_part_of_the_text_has_the_rows_of_the_whole() -> None:
    rows = Ragged.from_rows([[0, 1], [], [2, 3, 4], [5]])
    made = engine(Objective(sample=0), rows, np.ones(WORDS, np.int64))
    generator = torch.Generator().manual_seed(0)
    ids, row = made.subsampled(1, 6, generator)
    assert ids.tolist() == [1, 2, 3, 4, 5]
    assert [len(set(row[a].tolist())) for a in ([0], [1, 2, 3], [4])] == [1, 1, 1]
    assert len(set(row.tolist())) == 3


def test_the_sum_of_many_updates_goes_as_far_as_one_after_another() -> None:
    goal, rate, times = 3.0, 0.1, 50
    one_by_one = torch.zeros(1)
    for _ in range(times):
        one_by_one -= rate * (one_by_one - goal)
    summed, rows = torch.zeros(1, 1), torch.zeros(times, dtype=torch.int64)
    pull = torch.full((times, 1), 1 / accelerated.PULL)
    descend(summed, rows, (summed - goal).expand(times, 1), pull, rate)
    assert float(summed) == pytest.approx(float(one_by_one), rel=0.01)


@pytest.mark.parametrize("model", ["skipgram", "cbow"])
def test_a_huge_batch_of_few_words_does_not_diverge(model: Any) -> None:
    rng = np.random.default_rng(0)
    rows = Ragged.from_rows([rng.integers(6, size=20_000).tolist()])
    made = engine(Objective(model=model, sample=0), rows, np.full(6, 3333), batch=8192, shared=128)
    tallies = [made.run(0, 1, 0.1, 0.1, seed) for seed in range(6)]
    losses = [tally.loss / tally.pairs for tally in tallies]
    assert losses[-1] < losses[0]
    assert losses[-1] < 6 * np.log(2)  # what vectors of zeros would score
    assert np.abs(made.input).max() < 20


def test_the_same_seed_gives_the_same_bits_and_settle_leaves_them() -> None:
    rows = Ragged.from_rows(np.random.default_rng(0).integers(WORDS, size=(40, 9)).tolist())
    runs = [engine(Objective(), rows, np.full(WORDS, 30)) for _ in range(3)]
    for made, seed in zip(runs, (1, 1, 2), strict=True):
        made.run(0, 40, 0.05, 0.01, seed)
        made.settle()
    assert np.array_equal(runs[0].input, runs[1].input)
    assert not np.array_equal(runs[0].input, runs[2].input)


@pytest.mark.parametrize("device", ["cuda:99", "gpu"])
def test_a_device_that_is_not_there_is_named(device: str) -> None:
    with pytest.raises(SeqkitError, match=f"device '{device}' cannot be used .* device=cpu"):
        accelerated.find_device(device)
