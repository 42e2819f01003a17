import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from seqkit.errors import SeqkitError
from seqkit.predict import load
from seqkit.recipe import find
from seqkit.tasks.language.language_modelling import LanguageModelling
from seqkit.text.vocabulary import Vocabulary
from seqkit.train import checkpoint
from seqkit.train.loop import Trainer
from seqkit.train.run import Run

WORDS = [
    *("corpus=village", "data.kind=text", "data.n=60", "tokenizer=syllable", "epochs=2"),
    *("hidden=6", "embedding.size=5", "encoder.dropout=0.3", "embedding.dropout=0.2", "bptt=9"),
    *("output_dropout=0.3", "weight_dropout=0.2", "embedding_dropout=0.1", "ar=1", "tar=1"),
    *("batch_size=10", "checkpoint_every=3"),
]
WAYS = {
    "streams": ["jitter=true", "optimizer=adam"],
    "documents": ["reset=true", "optimizer=lazy_adam", "softmax=sampled", "samples=20"],
    "rnn": ["cell=rnn"],  # whose products have other bits where a state lies otherwise in memory
    "asgd": [
        "optimizer=sgd",
        "lr=200",
        "asgd=1",
        "clip_norm=0.25",
        "epochs=4",
        "schedule=constant",
    ],
}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """As ``seqkit train`` does: the same bits are promised for ``threads=1`` alone."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def job(*words: str) -> LanguageModelling:
    recipe = find("language_model")
    built = recipe.build(recipe.settings([*WORDS, *words]))
    assert isinstance(built, LanguageModelling)
    return built


def trainer(folder: Path, *words: str) -> Trainer:
    built = job(*words)
    run = Run.open(folder) if folder.exists() else Run.create(folder)
    return Trainer(built, built.settings.train, run)


def die_at(steps: int, victim: Trainer) -> None:
    """Train until an update fails, as on a machine that runs out of memory."""
    step = victim._step

    def die(batch: Any) -> None:
        if victim.position.step == steps:
            raise MemoryError
        step(batch)

    victim._step = die  # type: ignore[method-assign]
    with pytest.raises(MemoryError):
        victim.fit()


@pytest.mark.parametrize("way", sorted(WAYS))
def test_a_run_killed_at_any_step_ends_with_the_same_bits(way: str, tmp_path: Path) -> None:
    whole = trainer(tmp_path / "whole", *WAYS[way])
    whole.fit()
    assert whole.steps > 10
    late = 3 if way == "asgd" else 1  # epochs before it is killed: averaging has begun
    folder, steps = tmp_path / "killed", late * whole.steps_per_epoch + 4
    die_at(steps, trainer(folder, *WAYS[way]))
    resumed = trainer(folder, *WAYS[way])
    resumed.restore()
    assert 0 < resumed.position.batch < 4
    assert isinstance(resumed.job, LanguageModelling)
    assert resumed.job.carried()
    resumed.fit()
    for name in ("model.safetensors", "checkpoint/last.safetensors"):
        one = checkpoint.load(tmp_path / "whole" / name)[0]
        other = checkpoint.load(folder / name)[0]
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key]) for key in one), name
    if way == "asgd":
        assert whole.average is not None
        assert 0 < whole.average.updates < whole.steps


def test_the_state_runs_on_within_an_epoch_and_begins_anew_in_the_next() -> None:
    built = job("window.jitter=false", "train.batch_size=2")
    windows = list(built.batches.epoch(0))
    built.model.eval()
    with torch.no_grad():
        built.loss(windows[0])
        first = built.carried()
        one = built.loss(windows[1])
        built.carry(first)
        assert torch.equal(built.loss(windows[1]), one)
        built.carry({name: torch.zeros_like(t) for name, t in first.items()})
        assert not torch.equal(built.loss(windows[1]), one)
        built.loss(windows[0])  # fresh: whatever was carried
        assert all(torch.equal(t, first[name]) for name, t in built.carried().items())


def test_it_learns_scores_and_answers(tmp_path: Path) -> None:
    made = trainer(tmp_path / "run", "hidden=16", "embedding.size=16", "epochs=8", "lr=0.02")
    scores = made.fit()
    rows = [row for row in made.run.metrics() if row["kind"] == "epoch"]
    assert [row["best"] for row in rows] == sorted(row["best"] for row in rows)
    best = min(rows, key=lambda row: row["perplexity"])  # the lower the better
    assert rows[-1]["best"] == best["epoch"]
    assert best["perplexity"] < 0.8 * rows[0]["perplexity"]
    assert scores["validation"]["perplexity"] == pytest.approx(best["perplexity"])
    text = made.job._scored["test"]
    nats = scores["test"]["loss"] * text.tokens
    lines = list(made.job.corpus.texts("test"))
    characters = sum(len(line) + 1 for line in lines)
    words = sum(len(line.split()) + 1 for line in lines)
    assert scores["test"]["bits_per_character"] == pytest.approx(nats / math.log(2) / characters)
    assert scores["test"]["word_perplexity"] == pytest.approx(math.exp(nats / words))
    answerer = load(tmp_path / "run")
    scored = answerer.score(made.job.corpus, "test", made.job.settings).scores
    assert scored["loss"] == pytest.approx(scores["test"]["loss"], rel=1e-5)
    card = (tmp_path / "run" / "README.md").read_text(encoding="utf-8")
    assert "word_perplexity of a word of the raw text" in card


def test_figures_of_different_units_compare() -> None:
    texts = {}
    for units in ("syllable", "jamo", "whitespace"):
        built = job(f"tokenizer={units}")
        texts[units] = built._scored["test"]
    assert len({(text.words, text.characters) for text in texts.values()}) == 1
    assert len({text.tokens for text in texts.values()}) == 3


def test_validation_is_the_end_of_a_text_that_has_none(tmp_path: Path) -> None:
    path = tmp_path / "book.txt"
    path.write_text("\n".join(f"line {i}" for i in range(100)), encoding="utf-8")
    recipe = find("language_model")
    words = [f"corpus={path}", "bptt=5", "batch_size=2", "hidden=3", "embedding.size=3"]
    built = recipe.build(recipe.settings([*words, "validation=0.2"]))
    assert next(iter(built.corpus.texts("validation"))) == "line 80"
    assert built.splits == ["validation"]
    assert built._scored["validation"].unknown == 20  # words of train are known, no others
    whole = recipe.build(recipe.settings([*words, "validation=0"]))
    assert whole.splits == []
    assert whole.text.tokens == 300
    with pytest.raises(SeqkitError, match="nothing to judge"):
        recipe.build(recipe.settings([*words, "validation=0", "asgd=2"]))
    path.write_text("one line only", encoding="utf-8")
    with pytest.raises(SeqkitError, match="none to spare for validation: use validation=0"):
        recipe.build(recipe.settings(words))


def test_what_cannot_be_trained() -> None:
    with pytest.raises(SeqkitError, match="less than one window: 500 streams of 9 steps"):
        job("batch_size=500")
    with pytest.raises(SeqkitError, match="average and asgd all average weights"):
        find("language_model").settings(["train.average=0.9", "asgd=5"])
    with pytest.raises(SeqkitError, match="needs a running text"):
        job("data.kind=pair")


def test_a_run_with_another_vocabulary_is_refused(tmp_path: Path) -> None:
    trainer(tmp_path / "run", "epochs=1").fit()
    run = Run.open(tmp_path / "run")
    known = Vocabulary.load(run.vocabulary_file)
    Vocabulary(known.words[:-1], known.counts[:-1], known.specials).save(run.vocabulary_file)
    with pytest.raises(SeqkitError, match="other settings or another vocabulary"):
        load(tmp_path / "run")


def test_the_shipped_configuration_is_awd_lstm(tmp_path: Path) -> None:
    chosen = find("language_model").settings(["epochs=2"], Path("awd_lstm"))
    assert (chosen.model.encoder.hidden, chosen.model.encoder.layers) == (1150, 3)
    assert (chosen.train.asgd, chosen.train.epochs, chosen.window.jitter) == (5, 2, True)
    optimizer = chosen.train.optimizer  # the rate stays as it is until weights are averaged
    assert (optimizer.lr, optimizer.schedule, optimizer.warmup) == (30.0, "constant", 0.0)
    assert chosen.model.softmax.bias == "zero"  # else three layers stay at the words' frequencies
    own = tmp_path / "own.toml"
    own.write_text("[model.encoder]\nhidden = 7\n", encoding="utf-8")
    assert find("language_model").settings([], own).model.encoder.hidden == 7
    with pytest.raises(SeqkitError, match="no settings file at awd"):
        find("language_model").settings([], Path("awd"))


def test_short_texts_have_settings_and_others_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    found = find("completion")
    chosen = found.settings(["corpus=village", "data.n=40"], Path("small_text"))
    assert (chosen.train.batch_size, chosen.train.epochs, chosen.model.encoder.hidden) == (
        8,
        20,
        128,
    )
    texts = list(found.module.read(chosen).texts("train"))
    assert all(re.search("[가-힣]", text) and not re.search("[a-z]", text) for text in texts)
    job = found.build(found.settings(["corpus=village", "data.n=40", "batch_size=4", "hidden=4"]))
    assert job.asked == '"나는 지각을"'
    assert re.search(r"[0-9]+ updates in all: too few .* \(--config small_text", caplog.text)


def test_a_trained_run_is_scored_adapted(tmp_path: Path) -> None:
    made = trainer(tmp_path / "run", "epochs=1")
    plain = made.fit()["test"]
    recipe = find("language_model")
    saved = made.run.settings()["settings"]
    words = ["evaluation.cache=0.1", "dynamic=0.2", "evaluation.next_words=0"]
    chosen = recipe.scoring_settings(saved, words)
    scores = load(tmp_path / "run").score(made.job.corpus, "test", chosen).scores
    assert scores["perplexity"] == pytest.approx(plain["perplexity"], rel=1e-5)
    assert {"perplexity_cache", "perplexity_dynamic"} <= set(scores)
    with pytest.raises(SeqkitError, match=r"'window.reset' cannot change when a run is scored"):
        recipe.scoring_settings(saved, ["reset=true"])


def test_the_embedding_starts_from_word_vectors(tmp_path: Path) -> None:
    file = tmp_path / "known.vec"
    file.write_text("이 1 2 3 4 5\n가 5 4 3 2 1\n", encoding="utf-8")
    built = job(f"embedding.vectors={file}")
    built.start()
    (row,) = built.vocabulary.ids(["가"])
    table = built.model.embedding.table
    assert table is not None
    assert table.weight[row].tolist() == [5, 4, 3, 2, 1]
    assert "start from the vectors in known.vec" in built.summary
