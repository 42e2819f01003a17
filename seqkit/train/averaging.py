"""Weight averaging: the model is scored and saved with an average of its recent weights."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from seqkit.errors import SeqkitError


class WeightAverage:
    """An exponential moving average of all weights (Polyak and Juditsky 1992, in its EMA form).

    The decay rises as ``min(decay, (1 + t) / (10 + t))``, so that the random initial weights are
    forgotten at once. Statistics that are no weights (batch normalisation) are copied.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model, self.decay, self.updates = model, decay, 0
        self.scores: list[float] = []  # of validations, the higher the better
        self.average = {name: t.detach().clone() for name, t in model.state_dict().items()}

    def share(self) -> float:
        """Return what the present weights count for in the average, at the ``updates``-th time."""
        return 1 - min(self.decay, (1 + self.updates) / (10 + self.updates))

    def observe(self, score: float) -> None:
        """Hear of a validation, the higher the better."""
        self.scores.append(score)

    def end_epoch(self, number: int) -> None:
        """Hear that the epoch ``number``, from 1, is over."""

    @torch.no_grad()
    def update(self) -> None:
        """Take the present weights into the average."""
        self.updates += 1
        share = self.share()
        trained = {name for name, p in self.model.named_parameters() if p.requires_grad}
        for name, present in self.model.state_dict().items():
            if name in trained:
                self.average[name].lerp_(present, share)
            else:
                self.average[name].copy_(present)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Give the model the average, if there is one yet, for the time of a ``with`` block."""
        if not self.updates:
            yield
            return
        present = {name: t.detach().clone() for name, t in self.model.state_dict().items()}
        self.model.load_state_dict(self.average)
        try:
            yield
        finally:
            self.model.load_state_dict(present)

    def restore(self, average: Mapping[str, Tensor], updates: int, scores: Sequence[float]) -> None:
        """Go on from a saved average."""
        for name, tensor in average.items():
            self.average[name].copy_(tensor)
        self.updates, self.scores = updates, list(scores)

    def go_on_after(self, epoch: int) -> None:
        """Hear that training goes on after so many epochs, perhaps for more than was planned.

        Raises:
            SeqkitError: if what has been averaged does not belong to the average any more.
        """


class NonMonotonicAverage(WeightAverage):
    """The mean of all weights since validation stalled: NT-ASGD (Merity et al. 2018, algorithm 1).

    It begins after the first validation that is worse than the best of those more than
    ``patience`` validations before it. Until then the weights are as they are.

    Args:
        model: what is trained, by plain SGD in the paper.
        patience: the non-monotone interval ``n`` of the paper, 5 there.
    """

    def __init__(self, model: nn.Module, patience: int) -> None:
        super().__init__(model, decay=1.0)
        self.patience, self.started = patience, False

    def share(self) -> float:
        """Return ``1 / t``, so that all weights count alike."""
        return 1 / self.updates

    def observe(self, score: float) -> None:
        """Hear of a validation, the higher the better; it may be where averaging begins."""
        earlier = self.scores[: -self.patience]
        self.started = self.started or (bool(earlier) and score < max(earlier))
        super().observe(score)

    def update(self) -> None:
        """Take the present weights into the average, if that has begun."""
        if self.started:
            super().update()

    def restore(self, average: Mapping[str, Tensor], updates: int, scores: Sequence[float]) -> None:
        """Go on from a saved average."""
        super().restore(average, updates, ())
        for score in scores:
            self.observe(score)


class CheckpointAverage(WeightAverage):
    """The mean of the weights that the last epochs end with (Vaswani et al. 2017, section 6.1).

    Until then the weights are as they are.

    Args:
        model: what is trained.
        last: how many epochs count.
        epochs: of the whole training.
    """

    def __init__(self, model: nn.Module, last: int, epochs: int) -> None:
        super().__init__(model, decay=1.0)
        self.last, self.first = last, epochs - last + 1

    def share(self) -> float:
        """Return ``1 / t``, so that all epochs count alike."""
        return 1 / self.updates

    def go_on_after(self, epoch: int) -> None:
        """See :class:`WeightAverage`: epochs that are no longer the last ones do not count."""
        if epoch < self.first:
            self.updates = 0
        elif self.updates != epoch - self.first + 1:
            raise SeqkitError(
                f"average_epochs={self.last} averages the last epochs, and the average so far is "
                f"of others: go on to epochs={epoch + self.last} or more."
            )

    def update(self) -> None:
        """Do nothing at a step."""

    def end_epoch(self, number: int) -> None:
        """Take the weights at the end of one of the last epochs into the average."""
        if number >= self.first:
            super().update()
