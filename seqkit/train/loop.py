"""The one training loop, for every recipe."""

import logging
import math
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from seqkit.errors import SeqkitError
from seqkit.settings import as_dict
from seqkit.train import checkpoint, weights
from seqkit.train.averaging import CheckpointAverage, NonMonotonicAverage, WeightAverage
from seqkit.train.distributed import Ranks
from seqkit.train.events import Events
from seqkit.train.interruption import interruptible
from seqkit.train.job import Carrying, Job, Paced, TrainingBatch
from seqkit.train.optimizers import Schedule, build_optimizers, clip_gradients
from seqkit.train.precision import Precision, compile_parts
from seqkit.train.progress import Progress
from seqkit.train.run import Run
from seqkit.train.settings import TrainSettings

log = logging.getLogger(__name__)
LOWER_IS_BETTER = frozenset(("loss", "perplexity", "bits_per_character", "mae", "mse", "rmse"))


@dataclass
class Position:
    """Where training stands; all of it is in every checkpoint."""

    epoch: int = 0  # epochs finished
    batch: int = 0  # batches of the present epoch done
    step: int = 0  # updates done
    rows: int = 0  # rows logged in metrics.jsonl
    loss_sum: float = 0.0  # of the present epoch, over its batches by their weight
    weight: int = 0
    best: float | None = None
    best_epoch: int = 0
    waited: int = 0  # epochs since the best
    seconds: float = 0.0  # of the present epoch
    tokens: int = 0  # of the present epoch


class Trainer:
    """Trains a job into a run directory; :meth:`fit` goes on from a checkpoint if there is one.

    Under ``torchrun`` every process has one of the same job: they take each step together, and
    the first of them scores, writes and speaks for all.

    Args:
        job: what is trained.
        chosen: the settings.
        run: where to; in several processes, the same directory.
        progress: what a person sees; None: nothing.
    """

    def __init__(
        self, job: Job, chosen: TrainSettings, run: Run, progress: Progress | None = None
    ) -> None:
        self.job, self.chosen, self.run = job, chosen, run
        self.progress = progress or Progress(quiet=True)
        self.device = chosen.find_device()
        self.model = job.model.to(self.device)
        if chosen.compile:
            compile_parts(self.model)
        self.steps_per_epoch = len(job.batches)
        self.steps = chosen.epochs * self.steps_per_epoch
        self.optimizers = build_optimizers(self.model, chosen.optimizer)
        self.ranks = Ranks(self.optimizers)
        self.precision = Precision(chosen.precision, self.device)
        self.schedule = Schedule(chosen.optimizer, self.steps, self.steps_per_epoch)
        self.average = averaging(self.model, chosen)
        wanted = chosen.tensorboard and self.ranks.first
        self.events = Events(run.folder / "tensorboard") if wanted else None
        self.position = Position()
        self.asked_to_stop = False  # in this process
        self.interrupted = False  # all processes know

    def fit(self) -> dict[str, dict[str, float]]:
        """Train to the end, or to Ctrl-C, and return the scores of every split.

        Raises:
            SeqkitError: if the loss is not finite, or the checkpoint belongs to other data.
        """
        self.ranks.check_same("training data or settings", self._described())
        if self.chosen.batch_size < self.ranks.count:
            log.warning(
                "batches of batch_size=%d are dealt out to %d processes: some have nothing to do.",
                self.chosen.batch_size,
                self.ranks.count,
            )
        if self.ranks.from_first(self.run.checkpoint_file.is_file):
            self.restore()
        else:
            self._begin()
        self.progress.say(self.job.summary)
        if self.finished:
            more = "epochs=N with a larger N goes further"
            if self.position.epoch < self.chosen.epochs:
                more = f"no better score for {self.position.waited} epochs (early_stopping)"
            self.progress.say(f"finished already; {more}")
        with (
            interruptible(self._ask_to_stop),
            self.progress.training(self.steps, self.position.step),
        ):
            while not self.finished and not self.interrupted:
                self._epoch()
        return self._finish()

    def _described(self) -> tuple[str, dict[str, Any]]:
        return self.job.fingerprint, as_dict(self.job.settings)

    def _begin(self) -> None:
        """Write all that a run needs, its settings first: with them it can be resumed."""
        if self.ranks.first:
            self.run.refuse_trained()
            self.run.write_settings(self.job.recipe, self.job.task, as_dict(self.job.settings))
            self.run.write_environment(str(self.device), torch.get_num_threads(), self.ranks.count)
        self.job.start()
        self.ranks.begin(self.model, self.chosen.seed)
        if self.average:
            self.average.restore(self.model.state_dict(), updates=0, scores=())
        if self.ranks.first:
            self.job.save(self.run)
        self.save()

    def _ask_to_stop(self) -> None:
        """End the step in hand and save; if asked again, stop at once."""
        if self.asked_to_stop and self.ranks.alone:  # torchrun kills one that takes too long
            raise KeyboardInterrupt
        self.asked_to_stop = True
        if self.ranks.alone:  # of several, all are to stop after the same step
            self.interrupted = True

    def _epoch(self) -> None:
        position, number = self.position, self.position.epoch
        started = time.perf_counter()
        self.model.train()
        for batch in self.job.batches.epoch(number, start=position.batch):
            self._step(batch)
            now = time.perf_counter()
            position.seconds, started = position.seconds + now - started, now
            every = self.chosen.checkpoint_every
            if self.interrupted or (every and position.step % every == 0):
                self.save()
            if self.interrupted and position.batch < self.steps_per_epoch:
                return
        train_loss = position.loss_sum / max(1, position.weight)
        speed = position.tokens / max(position.seconds, 1e-9)
        row = {"kind": "epoch", "epoch": number + 1, "step": position.step}
        row |= {"train_loss": train_loss, "seconds": round(position.seconds, 3)}
        row |= {"tokens_per_second": round(speed)}
        if self.average:
            self.average.end_epoch(number + 1)
        scores = self._validate()
        position.epoch, position.batch = number + 1, 0
        position.loss_sum, position.weight, position.seconds, position.tokens = 0.0, 0, 0.0, 0
        self._judge(scores)
        row |= {"best": position.best_epoch, **scores}
        self._log(row)
        self._log(weights.row(self.model, epoch=number + 1, step=position.step))
        self.progress.epoch(row, self.chosen.epochs, self.job.monitor)
        self.save()

    def _step(self, batch: TrainingBatch) -> None:
        position, chosen = self.position, self.chosen.optimizer
        value = self._gradient(batch)
        norm = clip_gradients(self.model, chosen.clip_norm, chosen.clip_value)
        skipped = self.precision.skips()
        if not math.isfinite(value):
            raise self._diverged(f"the loss became {value}", position.step + 1)
        if not (math.isfinite(norm) or skipped):
            raise self._diverged("the gradient overflowed", position.step + 1)
        # a window that is shorter than usual moves the weights less (Merity et al. 2018, section 5)
        pace = batch.pace if isinstance(batch, Paced) else 1.0
        lr = self.schedule.rate(position.step) * pace
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = lr
            if not skipped:
                optimizer.step()
        if self.average and not skipped:
            self.average.update()
        position.step += 1
        position.batch += 1
        position.loss_sum += value * batch.weight
        position.weight += batch.weight
        position.tokens += batch.tokens
        self._log(
            {
                "kind": "step",
                "epoch": position.epoch + 1,
                "step": position.step,
                "loss": value,
                "gradient_norm": None if skipped else norm,
                "lr": lr,
            }
        )
        self.progress.step(value, batch.tokens)

    def _gradient(self, batch: TrainingBatch) -> float:
        """Leave the gradient of a batch's mean loss in the weights; return that loss."""
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        part, value = self.ranks.part(batch), 0.0
        if part.weight:  # of a batch with fewer rows than processes, not all have some
            part = part.to(self.device)
            with self.precision.autocast():
                loss = self.job.loss(part)
            if not self.ranks.alone:
                loss = loss * (part.weight / batch.weight)
            torch.autograd.backward(self.precision.scaled(loss))
            value = loss.item()
        value, stopping = self.ranks.add_up(value, self.asked_to_stop)
        self.interrupted = self.interrupted or stopping > 0
        self.precision.unscale(self.optimizers)
        return value

    def _diverged(self, what: str, step: int) -> SeqkitError:
        kept = f"What was good before is kept in {self.run.folder}."
        if not self.run.model_file.is_file():
            kept = "It has not learnt anything yet."
        return SeqkitError(
            f"{what} at step {step} (epoch {self.position.epoch + 1}): train anew with a "
            f"smaller learning rate (lr={self.chosen.optimizer.lr / 10:g}), clipping "
            f"(clip_norm=1) or a warm-up (warmup=0.1). {kept}"
        )

    def _validate(self) -> dict[str, float]:
        if "validation" not in self.job.splits:
            return {}
        with self._averaged():
            scores = self.ranks.from_first(lambda: self.job.evaluate("validation"))
        for name in {"loss", self.job.monitor} & scores.keys():
            if math.isnan(scores[name]):  # the very last update may be the one that went wrong
                raise self._diverged(f"on validation the {name} became nan", self.position.step)
        return scores

    def _averaged(self) -> AbstractContextManager[None]:
        return self.average.applied() if self.average else nullcontext()

    def _judge(self, scores: Mapping[str, float]) -> None:
        """Keep the weights of the best epoch; without validation data, those of the last."""
        position, monitor = self.position, self.job.monitor
        score = scores.get(monitor, 0.0) * (-1 if monitor in LOWER_IS_BETTER else 1)
        better = position.best is None or score > position.best or not scores
        if better:
            position.best, position.best_epoch, position.waited = score, position.epoch, 0
            self._save_model()
        else:
            position.waited += 1
        self.schedule.observe(better)
        if self.average and scores:
            self.average.observe(score)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or there was no better score for too long."""
        position, patience = self.position, self.chosen.early_stopping
        stopped = patience > 0 and position.waited >= patience
        return stopped or position.epoch >= self.chosen.epochs

    def _save_model(self) -> None:
        if not self.ranks.first:
            return
        with self._averaged():
            about = {
                "epoch": self.position.best_epoch,
                "step": self.position.step,
                "parts": self.run.parts_digest(),
            }
            checkpoint.save(self.run.model_file, self.model.state_dict(), about)

    def _finish(self) -> dict[str, dict[str, float]]:
        """Score the best weights and write the model card."""
        return self.ranks.from_first(self._scored)

    def _scored(self) -> dict[str, dict[str, float]]:
        if self.interrupted and not self.run.model_file.is_file():
            self._save_model()  # stopped before the first epoch ended: what there is
        checkpoint.restore_run(self.model, self.run)
        scores = {split: self.job.evaluate(split) for split in self.job.splits}
        if not self.interrupted:
            self._log({"kind": "final", "best": self.position.best_epoch, **scores})
        self.run.write_card(self.job.card(scores))
        return scores

    def _log(self, row: Mapping[str, Any]) -> None:
        self.position.rows += 1
        if self.ranks.first:
            self.run.log(row)
        if self.events:
            self.events.write(row)

    def save(self) -> None:
        """Write a checkpoint of everything that decides what comes next."""
        states = self.ranks.gathered(self._own_state())
        if not self.ranks.first:
            return
        tensors = checkpoint.prefixed("model", self.model.state_dict())
        optimizer_state = checkpoint.optimizer_tensors(self.optimizers)
        tensors |= checkpoint.prefixed("optimizer", optimizer_state)
        tensors |= states[0]
        for rank, other in enumerate(states[1:], start=1):
            tensors |= checkpoint.prefixed(f"rank{rank}", other)
        if self.average:
            tensors |= checkpoint.prefixed("average", self.average.average)
        state = {
            "position": asdict(self.position),
            "updates": self.average.updates if self.average else 0,
            "scores": list(self.average.scores) if self.average else [],
            "reductions": self.schedule.reductions,
            "waited": self.schedule.waited,
            "fingerprint": self.job.fingerprint,
            "processes": self.ranks.count,
            "precision": self.precision.state(),
        }
        checkpoint.save(self.run.checkpoint_file, tensors, state)

    def _own_state(self) -> dict[str, Tensor]:
        """Return what this process alone knows: its random numbers, and what passes on in it."""
        own = checkpoint.prefixed("random", checkpoint.random_state())
        if isinstance(self.job, Carrying):
            own |= checkpoint.prefixed("carried", self.job.carried())
        if not self.ranks.first:  # statistics of its part of the batches
            own |= checkpoint.prefixed("buffer", dict(self.model.named_buffers()))
        return own if self.ranks.alone else {name: t.cpu() for name, t in own.items()}

    def restore(self) -> None:
        """Go on from the run's checkpoint, exactly.

        Raises:
            SeqkitError: if it cannot be read, or was made from other data or settings.
        """
        if self.ranks.first:
            self.run.remove_leftovers()
        path = self.run.checkpoint_file
        tensors, state = checkpoint.load(path)
        if not {"position", "fingerprint"} <= state.keys():
            raise SeqkitError(f"{path} holds no state of training: start a new run.")
        if state["fingerprint"] != self.job.fingerprint:
            raise SeqkitError(
                f"the training data is not what {self.run.folder} began with: restore the data, "
                "or start a new run."
            )
        if state.get("processes", 1) != self.ranks.count:
            raise self._of_other_processes(state.get("processes", 1))
        own = tensors if self.ranks.first else checkpoint.under(tensors, f"rank{self.ranks.rank}")
        checkpoint.restore(self.model, checkpoint.under(tensors, "model"), path)
        checkpoint.restore_optimizers(self.optimizers, checkpoint.under(tensors, "optimizer"))
        if self.average:
            average = checkpoint.under(tensors, "average")
            self.average.restore(average, state["updates"], state.get("scores", ()))
        if isinstance(self.job, Carrying):
            self.job.carry(checkpoint.under(own, "carried"))
        for name, buffer in checkpoint.under(own, "buffer").items():
            self.model.get_buffer(name).copy_(buffer)
        self.schedule.reductions, self.schedule.waited = state["reductions"], state["waited"]
        self.position = _position(state["position"], path)
        if self.average:
            self.average.go_on_after(self.position.epoch)
        if "precision" in state:
            self.precision.restore(state["precision"])
        if self.ranks.first:
            self.run.keep_metrics(self.position.rows)
        checkpoint.restore_random_state(checkpoint.under(own, "random"))

    def _of_other_processes(self, count: int) -> SeqkitError:
        start = f"torchrun --nproc-per-node {count} -m seqkit" if count > 1 else "seqkit"
        return SeqkitError(
            f"{self.run.folder} was trained by {count} process{'es' * (count > 1)}, and now there "
            f"{'are' if self.ranks.count > 1 else 'is'} {self.ranks.count}: go on with: {start} "
            f"train --resume {self.run.folder}"
        )


def _position(saved: Mapping[str, Any], path: Path) -> Position:
    try:
        return Position(**saved)
    except TypeError:
        raise SeqkitError(
            f"{path} was written by another version of seqkit: its model still answers, but to "
            "train on, start a new run."
        ) from None


def averaging(model: nn.Module, chosen: TrainSettings) -> WeightAverage | None:
    """Return what averages the weights of ``model`` as they are trained, if anything does."""
    if chosen.asgd:
        return NonMonotonicAverage(model, chosen.asgd)
    if chosen.average_epochs:
        return CheckpointAverage(model, chosen.average_epochs, chosen.epochs)
    return WeightAverage(model, chosen.average) if chosen.average else None
