"""Several processes take the very steps of one. Run as a script, this is one of two of torchrun."""

import json
import os
import signal
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch

from seqkit.corpus import where
from seqkit.errors import SeqkitError
from seqkit.processes import from_first, process_group
from seqkit.recipe import find
from seqkit.settings import leaves
from seqkit.train import checkpoint
from seqkit.train.distributed import Ranks, widened
from seqkit.train.loop import Trainer
from seqkit.train.optimizers import build_optimizers
from seqkit.train.run import Run

VILLAGE = ["corpus=village", "data.n=80", "data.language=en"]
SMALL = ["model.embedding.size=6", "decoder.embedding.size=6", "encoder.hidden=4"]
TEXT = [*VILLAGE, "data.kind=text", "tokenizer=jamo", "hidden=5", "embedding.size=4", "bptt=12"]
# Every kind of batch, of model and of gradient; all as small as can be, in two epochs or so.
JOBS = {
    "classify": ["data.n=80", "data.language=en", "hidden=4", "embedding.size=4", "batch_size=15"],
    "classify spelt": [
        *("data.n=60", "data.language=ko", "hidden=3", "embedding.size=3", "batch_size=20"),
        *("text.tokenizer=word", "spelling=jamo", "word_encoder.features=4", "ngrams.longest=2"),
        *("ngrams.bits=8", "class_weights=balanced", "pretrain=none", "optimizer=adam"),
    ],
    "tagging": [
        *("data.n=60", "hidden=3", "embedding.size=3", "word_encoder.features=4"),
        *("batch_size=13", "output=crf"),
    ],
    "language_model": [*TEXT, "batch_size=5", "softmax=full", "ar=1", "tar=1"],
    "language_model documents": [
        *TEXT,
        "batch_size=7",
        "reset=true",
        "softmax=adaptive",
        "tied=false",
    ],
    "translation": [
        *("data.n=80", *SMALL, "decoder.hidden=6", "batch_size=17", "evaluation.beam=1"),
        "text.tokenizer=word",
    ],
    "names": [*VILLAGE, "hidden=4", "embedding.size=4", "category=4", "batch_size=19"],
    "captions": [
        *("data.language=en", "data.n=6", "channels=2", "image.features=4", "hidden=4"),
        *("decoder.embedding.size=4", "evaluation.beam=1", "batch_size=9", "shift=0", "turn=0"),
        "stretch=0",
    ],
    "series frames": ["goal=frames", "data.n=90", "window=6", "hidden=4", "batch_size=21"],
    "series": ["data.n=90", "window=6", "hidden=4", "batch_size=21"],
    "hello": ["steps=2", "epochs=3"],
}
DROPPING = ["classify", "language_model"]  # tried with dropout too, and stopped
LIMIT = 500  # seconds; it takes some twenty of an idle machine


def job(name: str, *words: str, dropout: bool = False) -> Any:
    recipe = find(name.split()[0])
    given = ["epochs=2", *JOBS[name], *words]
    if not dropout:
        told = leaves(recipe.defaults)
        given += [f"{s.path}=0" for s in told if s.name.endswith("dropout") and s.default]
    return recipe.build(recipe.settings(given))


def trainer(folder: Path, name: str, *words: str, dropout: bool = False) -> Trainer:
    built = job(name, *words, dropout=dropout)
    run = from_first(lambda: Run(folder) if folder.exists() else Run.create(folder))
    return Trainer(built, built.settings.train, run)


def steps(folder: Path) -> list[dict[str, Any]]:
    return [row for row in Run(folder).metrics() if row["kind"] == "step"]


def needed(name: str) -> None:
    if name == "captions" and where("digits") in ("fetch", "in sklearn"):
        pytest.skip("needs the folder of digits in SEQKIT_DATA, or the package that has it")


@pytest.mark.parametrize("name", sorted(JOBS))
def test_the_parts_of_a_batch_have_its_loss_and_its_gradient(name: str) -> None:
    """Weighed by their weights, whatever their sizes; the carried state is that of their rows."""
    needed(name)
    whole, count = job(name), 3
    parts = [deepcopy(whole) for _ in range(count)]
    for number, batch in enumerate(whole.batches.epoch(0)):
        loss = whole.loss(batch)
        whole.model.zero_grad()
        loss.backward()
        total, weight = 0.0, 0
        for one in parts:
            one.model.zero_grad()
        for rank, one in enumerate(parts):
            part = batch.part(rank, count)
            weight += part.weight
            if part.weight:
                own = one.loss(part) * (part.weight / batch.weight)
                own.backward()
                total += own.item()
        assert weight == batch.weight
        assert total == pytest.approx(loss.item(), rel=1e-5)
        for key, parameter in whole.model.named_parameters():
            grads = [one.model.get_parameter(key).grad for one in parts]
            found = [g.to_dense() for g in grads if g is not None]
            if parameter.grad is None:
                assert not found, key
            else:
                summed = torch.stack(found).sum(0)
                assert torch.allclose(summed, parameter.grad.to_dense(), atol=1e-6), key
        if number == 3:
            break


def test_of_a_batch_with_fewer_rows_than_processes_some_have_nothing() -> None:
    for name in sorted(JOBS):
        if name != "captions":
            batch = next(iter(job(name).batches.epoch(0))).part(0, 1000)  # one row
            assert [batch.part(rank, 3).weight > 0 for rank in range(3)] == [True, False, False]


def test_rows_without_a_gradient_here_get_zeros() -> None:
    table = torch.nn.Parameter(torch.zeros(6, 2))
    rows = torch.tensor([1, 3, 4])
    assert torch.equal(widened(table, rows).to_dense(), torch.zeros(6, 2))
    places, values = torch.tensor([[4, 1, 4]]), torch.tensor([[1.0, 2], [3, 4], [5, 6]])
    table.grad = torch.sparse_coo_tensor(places, values, (6, 2))
    wide = widened(table, rows)
    assert torch.equal(wide.to_dense(), table.grad.to_dense())
    assert wide.is_coalesced()
    assert wide.indices().tolist() == [[1, 3, 4]]


def test_alone_nothing_is_dealt_out() -> None:
    model = torch.nn.Linear(2, 2)
    built = job("hello")
    ranks = Ranks(build_optimizers(model, built.settings.train.optimizer))
    batch = built.batches.window
    assert ranks.alone
    assert ranks.part(batch) is batch
    assert ranks.add_up(1.5, 0) == (1.5, 0)


def test_a_batch_that_cannot_be_dealt_out_is_told_in_a_line() -> None:
    ranks = Ranks(build_optimizers(torch.nn.Linear(2, 2), job("hello").settings.train.optimizer))
    ranks.count = 2
    with pytest.raises(SeqkitError, match=r"int has no method part\(first, every\)"):
        ranks.part(3)  # type: ignore[type-var]


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where two processes have trained."""
    out = tmp_path_factory.mktemp("together")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    ran = subprocess.run(
        [*launch, __file__, str(out)], timeout=LIMIT, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    (out / "stderr").write_text(ran.stderr)
    return out


@pytest.mark.parametrize("name", sorted(JOBS))
def test_two_processes_take_the_steps_of_one(together: Path, tmp_path: Path, name: str) -> None:
    needed(name)
    trainer(tmp_path / "alone", name).fit()
    alone, both = (Run(folder).metrics() for folder in (tmp_path / "alone", together / name))
    assert len(alone) == len(both)
    for mine, theirs in zip(alone, both, strict=True):
        assert mine.keys() == theirs.keys()
        for key in {"loss", "gradient_norm", "lr", "train_loss", "best", "epoch"} & mine.keys():
            assert theirs[key] == pytest.approx(mine[key], rel=1e-5, abs=1e-7), key
    assert both[-1]["test"]["loss"] == pytest.approx(alone[-1]["test"]["loss"], rel=1e-4)


@pytest.mark.parametrize("name", sorted(JOBS))
def test_all_processes_have_the_same_bits(together: Path, name: str) -> None:
    needed(name)
    saved = checkpoint.load(together / name / "checkpoint" / "last.safetensors")[0]
    first = checkpoint.under(saved, "model")
    second = checkpoint.load(together / f"{name}.safetensors")[0]
    assert first.keys() == second.keys()
    assert all(torch.equal(first[key], second[key]) for key in first)


@pytest.mark.parametrize("how", ["dies", "is asked"])
@pytest.mark.parametrize("name", DROPPING)
def test_what_was_stopped_ends_the_same(together: Path, name: str, how: str) -> None:
    whole, parts = together / f"{name} whole", together / f"{name} {how}"
    for file in ("model.safetensors", "checkpoint/last.safetensors"):
        one, other = checkpoint.load(whole / file), checkpoint.load(parts / file)
        assert one[0].keys() == other[0].keys()
        assert all(torch.equal(one[0][key], other[0][key]) for key in one[0])
    assert steps(whole) == steps(parts)
    state = checkpoint.load(whole / "checkpoint/last.safetensors")[0]
    assert not torch.equal(state["random.cpu"], state["rank1.random.cpu"])
    if name == "language_model":
        assert {"carried.0.0", "rank1.carried.0.0"} <= state.keys()


def test_an_error_is_the_same_in_every_process(together: Path) -> None:
    """A loss that only the second process has, other data of its own, a run of one process."""
    said = [json.loads((together / f"said-{rank}.json").read_text()) for rank in range(2)]
    assert said[0] == said[1]
    nan, other, resumed = said[0]
    assert "the loss became nan at step 1" in nan
    assert "process 1 of torchrun has another training data or settings than process 0" in other
    assert "hello was trained by 1 process, and now there are 2: go on with: seqkit" in resumed


def test_a_process_that_will_have_nothing_to_do_is_told_of_once(together: Path) -> None:
    told = "batches of batch_size=1 are dealt out to 2 processes: some have nothing to do"
    assert (together / "stderr").read_text().count(told) == 2  # of hello, twice begun


def test_a_run_of_two_processes_is_not_gone_on_with_by_one(together: Path) -> None:
    said = r"series was trained by 2 processes, and now there is 1: .*torchrun --nproc-per-node 2 "
    with pytest.raises(SeqkitError, match=said):
        trainer(together / "series", "series", "epochs=3").fit()


# What follows runs in two processes.


def same_steps(out: Path) -> None:
    """Train each job without dropout, to be compared with one process."""
    for name in sorted(JOBS):
        trained = trainer(out / name, name)
        trained.fit()
        if trained.ranks.rank == 1:
            kept = trained.model.state_dict()
            checkpoint.save(out / f"{name}.safetensors", kept, {})


def stopped_and_resumed(out: Path) -> None:
    """Stop jobs with dropout, and go on; interrupt one by a signal to the second process alone."""
    for name in DROPPING:
        words = ["early_stopping=3", "average=0.5"] if name == "classify" else []
        trainer(out / f"{name} whole", name, *words, dropout=True).fit()
        for how in ("dies", "is asked"):
            victim = trainer(out / f"{name} {how}", name, *words, dropout=True)
            stop(victim, how)
            trainer(out / f"{name} {how}", name, *words, dropout=True).fit()


def stop(victim: Trainer, how: str) -> None:
    step = victim._step

    def end(batch: Any) -> None:
        if victim.position.step == 3 and how == "dies":
            raise MemoryError
        if victim.position.step == 3 and victim.ranks.rank == 1:
            os.kill(os.getpid(), signal.SIGTERM)
        step(batch)

    victim._step = end  # type: ignore[method-assign]
    if how == "dies":
        with pytest.raises(MemoryError):
            victim.fit()
        return
    victim.fit()
    assert victim.interrupted
    assert victim.position.step == 4


def errors(out: Path) -> None:
    """Meet what only one process meets; write what each says."""
    rank = Ranks([]).rank
    broken, said = trainer(out / "nan", "classify"), []
    loss = broken.job.loss
    broken.job.loss = lambda batch: loss(batch) * (float("nan") if rank else 1)  # type: ignore
    other = trainer(out / "other", "classify", f"data.n={80 + rank}")
    more = trainer(out / "hello", "hello", "epochs=4")
    path = more.run.checkpoint_file
    tensors, state = checkpoint.load(path)
    from_first(lambda: checkpoint.save(path, tensors, state | {"processes": 1}))
    for one in (broken, other, more):
        with pytest.raises(SeqkitError) as error:
            one.fit()
        said.append(str(error.value))
    (out / f"said-{rank}.json").write_text(json.dumps(said))


def main(out: Path) -> None:
    torch.set_num_threads(1)
    with process_group():
        same_steps(out)
        stopped_and_resumed(out)
        errors(out)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
