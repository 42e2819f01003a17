"""Skip-gram and CBOW with negative sampling through torch: whole batches on an accelerator.

The objective is that of Mikolov et al. 2013 (arXiv 1310.4546, equation 4), as the compiled kernels
train it. What differs is how much is done at once: thousands of centres a step. They share their
negatives (Ji et al. 2016, arXiv 1604.04661, section 3), so that the scores of all words of a batch
with all its negatives are one matrix product. Each draw counts about ``negative / shared`` times,
which makes the expected objective that of ``negative`` draws for every pair.

A frequent word is in a batch hundreds of times. One after another, its updates would shrink as
they near their goal; summed, they overshoot it and training diverges. :func:`damping` makes of
the sum what the updates would have come to one after another.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad, softplus

from seqkit.data.ragged import Ragged
from seqkit.errors import SeqkitError
from seqkit.vectors.training.objective import Objective, Tally, keep_probability, noise_distribution

Floats = NDArray[np.float32]

PULL = 0.5  # part of a pull that lies along the gradient; by experiment better than 1
CHUNK = 1 << 21  # tokens of text on the device at once; no window crosses from one to the next


class TorchEngine:
    """Trains weights on rows of word ids, on any device that torch knows.

    On ``cpu`` the arrays are trained in place; on another device they are copied there, and
    brought up to date by :meth:`settle`. The same seed gives the same bits on ``cpu``; CUDA adds
    in any order unless ``torch.use_deterministic_algorithms`` is set.

    Args:
        rows: the text, as ids below ``words``; a row's words are never paired with another's.
        counts: ``(words,)``, how often each occurs.
        input: ``(words + buckets, size)`` float32.
        output: ``(words, size)`` float32.
        objective: what is trained.
        grams: the n-grams of each word as rows of buckets from 0; a word's vector is then the
            mean of its own row and theirs (Bojanowski et al. 2017, as fastText composes it).
        device: ``cuda``, ``cuda:1``, ``cpu``, ...
        batch: centres a step.
        shared: noise words a step.

    Raises:
        SeqkitError: if torch has no such device.
    """

    def __init__(
        self,
        rows: Ragged,
        counts: NDArray[np.int64],
        input: Floats,
        output: Floats,
        objective: Objective,
        *,
        grams: Ragged | None = None,
        device: str = "cuda",
        batch: int = 4096,
        shared: int = 1024,
    ) -> None:
        self.rows, self.objective, self.device = rows, objective, find_device(device)
        self.input, self.output = input, output
        self.weights = tuple(torch.from_numpy(array).to(self.device) for array in (input, output))
        self.batch, self.shared = batch, shared
        self.keep = self._on_device(keep_probability(counts, objective.sample))
        noise = noise_distribution(counts, objective.noise)
        self.noise = self._on_device(np.cumsum(noise))
        # A draw that is the word to be predicted is no noise: the others stand for it.
        others = self.shared * np.maximum(1 - noise, 1e-6)
        self.each = self._on_device((objective.negative / others).astype(np.float32))
        self.grams = None
        if grams is not None:
            ends, values = self._on_device(grams.offsets), self._on_device(grams.values)
            self.grams = _Grams(ends, values)
        self.offsets = np.asarray(rows.offsets)
        self.steps = torch.arange(-objective.window, objective.window + 1, device=self.device)

    def run(self, first: int, last: int, lr: float, next_lr: float, seed: int) -> Tally:
        """Train on rows ``first`` to ``last`` once, while the rate falls from lr to next_lr."""
        generator = torch.Generator(self.device).manual_seed(seed)
        begin, end = int(self.offsets[first]), int(self.offsets[last])
        sums = torch.zeros(3, dtype=torch.float64, device=self.device)
        edge = self.objective.window
        for start in range(begin, end, CHUNK):
            stop = min(start + CHUNK, end)
            ids, row = self.subsampled(start, stop, generator)
            words = len(ids)
            ids, row = pad(ids, (edge, edge)), pad(row, (edge, edge), value=-1)
            for at in range(0, words, self.batch):
                done = (start + (stop - start) * at / words - begin) / (end - begin)
                part = slice(at, min(at + self.batch, words) + 2 * edge)
                rate = lr + (next_lr - lr) * done
                sums[:2] += self._step(ids[part], row[part], rate, generator)
            sums[2] += words
        pairs, loss, kept = sums.tolist()
        return Tally(int(pairs), loss, int(kept))

    def settle(self) -> None:
        """Bring the arrays that were given up to date with the device."""
        for array, weight in zip((self.input, self.output), self.weights, strict=True):
            if self.device.type != "cpu":
                array[...] = weight.cpu().numpy()

    def subsampled(
        self, start: int, stop: int, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return the ids that subsampling leaves of tokens ``start`` to ``stop``, and their rows.

        Words are kept with :func:`~seqkit.vectors.training.objective.keep_probability`.
        """
        ids = self._on_device(self.rows.values[start:stop]).long()
        after, until = np.searchsorted(self.offsets, [start, stop], side="right")
        ends = self._on_device(self.offsets[after:until] - start)
        places = torch.arange(stop - start, device=self.device)
        row = torch.searchsorted(ends, places, right=True)
        chance = torch.rand(len(ids), generator=generator, device=self.device)
        kept = chance < self.keep[ids]
        return ids[kept], row[kept]

    def windows(self, row: Tensor, generator: torch.Generator) -> Tensor:
        """Return which places around each centre are in its window, ``(centres, 2 * window + 1)``.

        ``row`` has ``window`` more places than centres on either side.
        """
        window = self.objective.window
        around = row.unfold(0, 2 * window + 1, 1)
        size = (len(around), 1)
        reach = torch.randint(1, window + 1, size, generator=generator, device=self.device)
        inside = (self.steps.abs() <= reach) & (self.steps != 0)
        return (inside & (around == around[:, window : window + 1])).to(self.weights[0].dtype)

    def noise_words(self, generator: torch.Generator) -> Tensor:
        """Draw the noise words that a batch shares."""
        chance = torch.rand(
            self.shared, generator=generator, device=self.device, dtype=torch.float64
        )
        return torch.searchsorted(self.noise, chance, right=True).clamp_(max=len(self.noise) - 1)

    def _step(self, ids: Tensor, row: Tensor, lr: float, generator: torch.Generator) -> Tensor:
        """Train on one batch; return its pairs and its loss."""
        window, (input, output) = self.objective.window, self.weights
        centres = ids[window : len(ids) - window]
        words, place = torch.unique(ids, return_inverse=True)
        noise = self.noise_words(generator)
        each = self.each[centres, None]
        batch = Batch(
            vectors=self.grams.compose(input, words) if self.grams else input[words],
            place=place,
            mask=self.windows(row, generator),
            centres=output[centres],
            noise=output[noise],
            each=each,
            hits=each * torch.bincount(noise, minlength=len(output))[centres, None],
        )
        if self.objective.model == "skipgram":
            found = skipgram(batch)
        else:
            found = cbow(batch, mean=self.objective.mean)
        rows, change, pull = words, found.input, found.input_pull
        if self.grams:
            rows, of_word = self.grams.rows(words, len(output))
            change, pull = change[of_word], pull[of_word]
        descend(input, rows, change, pull, lr)
        descend(output, torch.cat([centres, noise]), found.output, found.output_pull, lr)
        return torch.stack([found.pairs, found.loss]).double()

    def _on_device(self, array: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.array(array)).to(self.device)


class _Grams(NamedTuple):
    """The n-grams of every word, as rows of buckets."""

    offsets: Tensor
    values: Tensor

    def rows(self, words: Tensor, first: int) -> tuple[Tensor, Tensor]:
        """Return the rows that make up the words, and the place in ``words`` of each row's word.

        A word's own row comes before those of its n-grams, which begin at row ``first``.
        """
        starts = self.offsets[words]
        counts = self.offsets[words + 1] - starts
        of_word = torch.repeat_interleave(counts)
        ends = counts.cumsum(0)
        within = torch.arange(len(of_word), device=words.device) - (ends - counts)[of_word]
        grams = self.values[starts[of_word] + within] + first
        own = torch.arange(len(words), device=words.device)
        return torch.cat([words, grams]), torch.cat([own, of_word])

    def compose(self, input: Tensor, words: Tensor) -> Tensor:
        """Return the words' vectors: the mean of a word's own row and its n-grams'."""
        rows, of_word = self.rows(words, len(self.offsets) - 1)
        sums = input.new_zeros(len(words), input.shape[1]).index_add_(0, of_word, input[rows])
        counts = self.offsets[words + 1] - self.offsets[words] + 1
        return sums / counts[:, None]


class Batch(NamedTuple):
    """What one step reads: B centres, L = B + 2 * window places, U distinct words, M negatives."""

    vectors: Tensor  # (U, size), the words' input vectors
    place: Tensor  # (L,), the word at each place, below U
    mask: Tensor  # (B, 2 * window + 1), 1 where a place is in the window of a centre, else 0
    centres: Tensor  # (B, size), output vectors of the centres
    noise: Tensor  # (M, size), output vectors of the negatives
    each: Tensor  # (B, 1), how many negatives of a centre each of the M stands for
    hits: Tensor  # (B, 1), how many of them are the centre itself


class Gradient(NamedTuple):
    """What one step found: the summed loss, its gradients, and how fast they fall on the way."""

    pairs: Tensor
    loss: Tensor
    input: Tensor  # (U, size)
    input_pull: Tensor  # (U, 1)
    output: Tensor  # (B + M, size), of the centres and then of the negatives
    output_pull: Tensor  # (B + M, 1)


def skipgram(batch: Batch) -> Gradient:
    """Return the gradient of skip-gram: each word of a window predicts the centre."""
    vectors, place, mask, centres, noise, each, hits = batch
    band = vectors[place].unfold(0, mask.shape[1], 1)  # (B, size, places of a window), a view
    scores = torch.bmm(centres[:, None], band)[:, 0]
    chances = torch.sigmoid(scores)
    errors = (chances * (1 - hits) - 1) * mask
    curves = curvature(scores, chances) * mask
    lengths, places_lengths = _squares(centres), _squares(vectors)

    uses = mask.new_zeros(len(vectors), 1)
    weights = uses.index_add_(0, place, spread(mask, each))
    against = vectors @ noise.T
    chances = torch.sigmoid(against)
    noise_errors, noise_curves = chances * weights, curvature(against, chances) * weights

    loss = (mask * (softplus(-scores) - hits * softplus(scores))).sum()
    return Gradient(
        pairs=mask.sum(),
        loss=loss + (softplus(against) * weights).sum(),
        input=(noise_errors @ noise).index_add_(0, place, spread(errors, centres)),
        input_pull=(noise_curves @ _squares(noise)).index_add_(0, place, spread(curves, lengths)),
        output=torch.cat([_products(band, errors), noise_errors.T @ vectors]),
        output_pull=torch.cat(
            [
                _products(places_lengths[place].unfold(0, mask.shape[1], 1), curves),
                noise_curves.T @ places_lengths,
            ]
        ),
    )


def cbow(batch: Batch, *, mean: bool) -> Gradient:
    """Return the gradient of CBOW: all words of a window together predict the centre.

    As in the paper's code and in gensim, each word of the window moves by the whole gradient of
    the mean, and by its share of that of the sum.
    """
    vectors, place, mask, centres, noise, each, hits = batch
    sums = _products(vectors[place].unfold(0, mask.shape[1], 1), mask)
    count = mask.sum(1, keepdim=True)
    has = (count > 0).to(mask.dtype)  # a centre without any words around it predicts nothing
    window = sums / count.clamp_min(1) if mean else sums
    scores = (window * centres).sum(1, keepdim=True)
    chances = torch.sigmoid(scores)
    errors = (chances * (1 - hits) - 1) * has
    curves = curvature(scores, chances) * has
    against = window @ noise.T
    weights = each * has
    chances = torch.sigmoid(against)
    noise_errors, noise_curves = chances * weights, curvature(against, chances) * weights

    change = errors * centres + noise_errors @ noise
    pull = curves * _squares(centres) + noise_curves @ _squares(noise)
    share = mask if mean else mask / count.clamp_min(1)
    loss = (has * (softplus(-scores) - hits * softplus(scores))).sum()
    return Gradient(
        pairs=has.sum(),
        loss=loss + (softplus(against) * weights).sum(),
        input=torch.zeros_like(vectors).index_add_(0, place, spread(share, change)),
        input_pull=vectors.new_zeros(len(vectors), 1).index_add_(0, place, spread(share, pull)),
        output=torch.cat([errors * window, noise_errors.T @ window]),
        output_pull=torch.cat([curves * _squares(window), noise_curves.T @ _squares(window)]),
    )


def _squares(vectors: Tensor) -> Tensor:
    return vectors.square().sum(1, keepdim=True)


def _products(band: Tensor, weights: Tensor) -> Tensor:
    """Return each window's weighted sum, ``(B, size, places)`` and ``(B, places)`` given."""
    return torch.bmm(band, weights[:, :, None])[:, :, 0]


def spread(weights: Tensor, vectors: Tensor) -> Tensor:
    """Add each centre's vector, times a weight a place, to the places of its window.

    Args:
        weights: ``(B, 2 * window + 1)``.
        vectors: ``(B, size)``.

    Returns:
        ``(B + 2 * window, size)``.
    """
    centres, places = weights.shape
    sums = vectors.new_zeros(centres + places - 1, vectors.shape[1])
    for place in range(places):
        sums[place : place + centres].addcmul_(weights[:, place : place + 1], vectors)
    return sums


def curvature(scores: Tensor, chances: Tensor) -> Tensor:
    """Return ``tanh(x / 2) / (2 x)``, the least curvature of a parabola above the logistic loss.

    Jaakkola and Jordan 2000, "Bayesian parameter estimation via variational methods", section 3.
    The second derivative itself vanishes far from the goal, just where a step must not be long.
    ``chances`` are the sigmoids of the scores.
    """
    return torch.where(scores.abs() < 1e-2, 0.25, (chances - 0.5) / scores)


def damping(pull: Tensor) -> Tensor:
    """Return what part of a sum of updates they come to when made one after another.

    Of a way of length 1 each update goes a part; ``pull`` is the sum of the parts, and after all
    ``1 - exp(-pull)`` of the way is gone.
    """
    return torch.where(pull < 1e-4, 1 - pull / 2, -torch.expm1(-pull) / pull.clamp_min(1e-4))


def descend(weights: Tensor, rows: Tensor, gradient: Tensor, pull: Tensor, lr: float) -> None:
    """Take a damped step down the gradient of some rows, in place; a row may come many times.

    Args:
        weights: ``(words, size)``.
        rows: ``(n,)``.
        gradient: ``(n, size)``, summed over the updates.
        pull: ``(n, 1)``, their curvature times the squared length of what they are scored with.
        lr: of each update.
    """
    distinct, place = torch.unique(rows, return_inverse=True)
    sums = gradient.new_zeros(len(distinct), gradient.shape[1]).index_add_(0, place, gradient)
    pulls = pull.new_zeros(len(distinct), 1).index_add_(0, place, pull)
    weights.index_add_(0, distinct, sums.mul_(damping(lr * PULL * pulls)), alpha=-lr)


def find_device(name: str) -> torch.device:
    """Return the device of this name.

    Raises:
        SeqkitError: if torch does not know it or it is not there.
    """
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise SeqkitError(
            f"device '{name}' cannot be used ({str(error).splitlines()[0].rstrip('.')}): "
            "choose device=cpu, or install a torch with that device."
        ) from None
    return device
