"""The copy task: what is asked, that it is learnt, and that a training that breaks off is told."""

import numpy as np
import torch

from seqkit.explain.copy_page import accuracies, gradient, remembered, with_encoder
from seqkit.explain.copying import CopyJob, CopySettings, learn, rows_of
from seqkit.train.optimizers import OptimizerSettings
from seqkit.train.settings import TrainSettings

SMALL = CopySettings(symbols=2, longest=3, steps=150, rows=16)
FAST = OptimizerSettings(lr=2e-2, clip_norm=1.0)


def test_the_symbol_comes_first_and_noise_is_of_other_symbols() -> None:
    batch = rows_of(7, 50, 4, 1)
    assert batch.ids.shape == (50, 8)
    assert torch.equal(batch.ids[:, 0], batch.targets)
    assert set(batch.targets.tolist()) == {0, 1, 2, 3}
    assert set(batch.ids[:, 1:].flatten().tolist()) == {4, 5, 6, 7}
    assert torch.equal(rows_of(7, 50, 4, 1).ids, batch.ids)
    assert not torch.equal(rows_of(7, 50, 4, 2).ids, batch.ids)


def test_a_short_lag_is_learnt_and_the_same_seed_learns_the_same() -> None:
    chosen = with_encoder(SMALL, cell="gru", hidden=8)
    chosen = CopySettings(
        symbols=2, longest=3, steps=150, rows=16, encoder=chosen.encoder,
        train=TrainSettings(epochs=1, device="cpu", optimizer=FAST),
    )  # fmt: skip
    learnt = learn(chosen, [1, 2, 3])
    assert min(learnt.accuracy.values()) > 0.95
    assert len(learnt.gradient_norms) == 150
    assert not learnt.failed
    assert learn(chosen, [3]).gradient_norms.tolist() == learnt.gradient_norms.tolist()
    (row,) = remembered({"GRU": learnt}).rows
    assert row[:2] == ["GRU", 3]
    assert accuracies("t", {"GRU": learnt}).level == 0.5


def test_nobody_remembers_before_learning() -> None:
    job = CopyJob(SMALL)
    assert abs(job.accuracy(3, rows=2000) - 0.5) < 0.25
    (hidden, memory) = gradient(job)
    assert (hidden.part, memory.part) == ("hidden state", "memory cell")
    assert hidden.losses.tolist() == [64] * 4  # every row, at every lag


def test_a_training_that_breaks_off_is_told() -> None:
    broken = CopySettings(
        longest=60, steps=60, rows=4, encoder=with_encoder(SMALL, cell="rnn_relu").encoder,
        train=TrainSettings(
            epochs=1, device="cpu",
            optimizer=OptimizerSettings(optimizer="sgd", lr=1e6),
        ),
    )  # fmt: skip
    learnt = learn(broken, [1])
    assert "step" in learnt.failed
    assert len(learnt.gradient_norms) < 60
    assert np.isfinite(learnt.gradient_norms).all()
