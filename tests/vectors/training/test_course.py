"""Training as a whole: what is learnt, saved, resumed, continued and refused."""

import json
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from seqkit.corpora.village import Options, read
from seqkit.data.ragged import Ragged
from seqkit.errors import SeqkitError
from seqkit.text.basic import WhitespaceTokenizer
from seqkit.vectors import SubwordVectors, WordVectors
from seqkit.vectors.training import course
from seqkit.vectors.word2vec import Report, Word2VecSettings, settings_of, train

TINY = Word2VecSettings(size=20, epochs=3, min_count=2, seed=3, lr=0.05)


@pytest.fixture(scope="module")
def text() -> list[list[str]]:
    told = read(Options(kind="text", language="en", n=3000))["train"]
    return [example.text.rstrip(".").lower().split() for example in told]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course, "BLOCK", 3000)


def losses(out: Path) -> list[float]:
    return [json.loads(line)["loss"] for line in (out / "log.jsonl").read_text().splitlines()]


def same(a: Path, b: Path) -> bool:
    return np.array_equal(WordVectors.load(a).vectors, WordVectors.load(b).vectors)


KINDS = {
    "skipgram": TINY,
    "cbow": replace(TINY, model="cbow"),
    "sum": replace(TINY, model="cbow", mean=False),
    "hierarchical": replace(TINY, hierarchical=True),
    "hierarchical cbow": replace(TINY, hierarchical=True, model="cbow"),
    "characters": replace(TINY, subwords="character", buckets=2000),
    "jamo cbow": replace(TINY, subwords="jamo", buckets=2000, model="cbow"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_learns_and_one_worker_gives_the_same_bits(
    kind: str, text: list[list[str]], tmp_path: Path
) -> None:
    train(text, KINDS[kind], tmp_path / "a")
    train(text, KINDS[kind], tmp_path / "b")
    assert same(tmp_path / "a", tmp_path / "b")
    found = losses(tmp_path / "a")
    assert found[0] > found[1] > found[2]
    loaded = WordVectors.load(tmp_path / "a")
    assert isinstance(loaded, SubwordVectors) == (KINDS[kind].subwords != "none")
    assert loaded.get_vecattr(loaded.index_to_key[0], "count") >= TINY.min_count
    assert not (tmp_path / "a" / "training" / "text").exists()


@pytest.mark.parametrize("kind", ["skipgram", "characters", "hierarchical cbow"])
@pytest.mark.parametrize("after", [1, 5])
def test_a_stopped_training_resumes_to_the_last_bit(
    kind: str, after: int, text: list[list[str]], tmp_path: Path
) -> None:
    chosen, seen = KINDS[kind], []

    def interrupt(report: Report) -> None:
        seen.append(report)
        if len(seen) == after:
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        train(text, chosen, tmp_path / "a", report=interrupt)
    assert signal.getsignal(signal.SIGINT) is before
    assert len(seen) == after  # the block that ran was finished, and no other begun
    usable = WordVectors.load(tmp_path / "a")
    assert usable.card["epochs"] < chosen.epochs
    assert np.isfinite(usable.vectors).all()
    assert settings_of(tmp_path / "a") == chosen
    train("-", chosen, tmp_path / "a", resume=True)  # the text is not read again
    train(text, chosen, tmp_path / "b")
    assert same(tmp_path / "a", tmp_path / "b")
    assert losses(tmp_path / "a") == losses(tmp_path / "b")


def test_a_training_that_died_resumes_from_the_last_epoch(
    text: list[list[str]], tmp_path: Path
) -> None:
    def die(report: Report) -> None:
        if report.epoch == 2 and report.words / report.total_words > 0.5:
            raise MemoryError

    with pytest.raises(MemoryError):
        train(text, TINY, tmp_path / "a", report=die)
    train("-", TINY, tmp_path / "a", resume=True)
    train(text, TINY, tmp_path / "b")
    assert same(tmp_path / "a", tmp_path / "b")


def test_several_workers_can_give_the_same_bits(text: list[list[str]], tmp_path: Path) -> None:
    chosen = replace(TINY, workers=3, deterministic=True)
    train(text, chosen, tmp_path / "a")
    train(text, chosen, tmp_path / "b")
    assert same(tmp_path / "a", tmp_path / "b")


def test_the_loss_does_not_depend_on_the_number_of_workers(
    text: list[list[str]], tmp_path: Path
) -> None:
    found = {}
    for workers in (1, 2, 4):
        train(text, replace(TINY, workers=workers), tmp_path / str(workers))
        found[workers] = losses(tmp_path / str(workers))[-1]
    seeds = []
    for seed in (4, 5, 6):
        train(text, replace(TINY, seed=seed), tmp_path / f"seed{seed}")
        seeds.append(losses(tmp_path / f"seed{seed}")[-1])
    noise = max(np.std(seeds), 0.01)
    assert abs(found[2] - found[1]) < 4 * noise
    assert abs(found[4] - found[1]) < 4 * noise


def test_reports_rise_to_the_end(text: list[list[str]], tmp_path: Path) -> None:
    seen: list[Report] = []
    train(text, TINY, tmp_path / "a", report=seen.append)
    words = [report.words for report in seen]
    assert words == sorted(set(words))
    assert words[-1] == seen[-1].total_words == 3 * sum(map(len, text))
    rates = [report.lr for report in seen]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(TINY.min_lr)
    assert [report.epoch for report in seen] == sorted(report.epoch for report in seen)


def test_a_thread_may_train(text: list[list[str]], tmp_path: Path) -> None:
    thread = threading.Thread(target=train, args=(text, TINY, tmp_path / "a"))
    thread.start()
    thread.join()
    train(text, TINY, tmp_path / "b")
    assert same(tmp_path / "a", tmp_path / "b")


def test_training_goes_on_with_new_words(text: list[list[str]], tmp_path: Path) -> None:
    train(text, TINY, tmp_path / "a")
    new = [["robots", *row] for row in text[:200]]
    more = train(new, replace(TINY, epochs=1, lr=0.01), tmp_path / "b", start=tmp_path / "a")
    before = WordVectors.load(tmp_path / "a")
    assert more.index_to_key[: len(before)] == before.index_to_key
    assert "robots" in more
    assert more.get_vecattr("robots", "count") == 200
    seen = {word for row in new for word in row}
    untouched = [word for word in before.index_to_key if word not in seen]
    moved = [word for word in before.index_to_key if word in seen]
    assert untouched
    for word in untouched:  # what the new text does not tell is kept
        assert np.array_equal(more[word], before[word])
    assert all(not np.array_equal(more[word], before[word]) for word in moved[:20])
    cosines = [float(np.dot(*(v.get_vector(w, norm=True) for v in (more, before)))) for w in moved]
    assert np.mean(cosines) > 0.9  # it is learnt on, not anew


def test_subwords_go_on_too(text: list[list[str]], tmp_path: Path) -> None:
    chosen = replace(TINY, subwords="character", buckets=500)
    train(text, chosen, tmp_path / "a")
    more = train(text[:300], replace(chosen, epochs=1), tmp_path / "b", start=tmp_path / "a")
    assert isinstance(more, SubwordVectors)
    assert more["mondayish"].any()
    with pytest.raises(SeqkitError, match="has not the subwords that are chosen"):
        train(text, TINY, tmp_path / "c", start=tmp_path / "a")
    with pytest.raises(SeqkitError, match="features: start from them with size=20"):
        train(text, replace(chosen, size=8), tmp_path / "c", start=tmp_path / "a")


def test_buckets_that_were_never_trained_are_zero(text: list[list[str]], tmp_path: Path) -> None:
    chosen = replace(TINY, subwords="character", buckets=100_000)
    made = train(text, chosen, tmp_path / "a")
    assert isinstance(made, SubwordVectors)
    used = np.unique(made.subwords.rows(made.index_to_key).values)
    assert np.array_equal(np.flatnonzero(made.ngrams.any(axis=1)), used)
    assert not made["ゑゑゑゑ"].any()


def test_what_cannot_be_done_is_one_line(text: list[list[str]], tmp_path: Path) -> None:
    with pytest.raises(SeqkitError, match="holds no state of a training"):
        train(text, TINY, tmp_path / "none", resume=True)
    train(text, TINY, tmp_path / "a")
    with pytest.raises(SeqkitError, match="exists already"):
        train(text, TINY, tmp_path / "a")
    with pytest.raises(SeqkitError, match="is finished: to go on with it, start from it"):
        train(text, TINY, tmp_path / "a", resume=True)
    with pytest.raises(SeqkitError, match="was begun with window=5, not 3: resume with the same"):
        train(text, replace(TINY, window=3), tmp_path / "a", resume=True)
    with pytest.raises(ValueError, match=r"min_lr=0\.5 is above lr=0\.05"):
        replace(TINY, min_lr=0.5)


def test_divergence_is_told(
    text: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(course.Training, "_rate", lambda *_: 1e30)
    with pytest.raises(SeqkitError, match=r"diverged.*Lower lr=0\.05"):
        train(text, TINY, tmp_path / "a")
    assert not (tmp_path / "a" / "vectors.safetensors").exists()


def test_a_broken_state_is_refused(text: list[list[str]], tmp_path: Path) -> None:
    train(text, TINY, tmp_path / "a")
    state = tmp_path / "a" / "training" / "state.safetensors"
    state.write_bytes(state.read_bytes()[:-1000])
    with pytest.raises(SeqkitError, match="cut short"):
        train("-", TINY, tmp_path / "a", resume=True)


def test_what_is_overwritten_is_kept_until_training_begins(
    text: list[list[str]], tmp_path: Path
) -> None:
    train(text, TINY, tmp_path / "a")
    with pytest.raises(SeqkitError, match=r"cannot read .*no such text"):
        train(tmp_path / "no such text", TINY, tmp_path / "a", overwrite=True)
    assert len(course.load(tmp_path / "a").position.log) == TINY.epochs


def test_a_text_that_could_not_be_read_does_not_take_its_folder(
    text: list[list[str]], tmp_path: Path
) -> None:
    with pytest.raises(SeqkitError, match="gave no words"):
        train([[]], TINY, tmp_path / "a")
    (tmp_path / "a" / "training" / "text-1").mkdir()  # another process of torchrun was faster
    train(text, replace(TINY, epochs=1), tmp_path / "a")
    (tmp_path / "file").touch()
    with pytest.raises(SeqkitError, match="is a file: choose a folder"):
        train(text, TINY, tmp_path / "file", overwrite=True)


def test_vectors_and_a_training_of_other_words_are_not_mixed(
    text: list[list[str]], tmp_path: Path
) -> None:
    def die(report: Report) -> None:
        if report.epoch == 2:
            raise MemoryError

    train(text, TINY, tmp_path / "a")
    with pytest.raises(MemoryError):
        train(text[:500], TINY, tmp_path / "a", overwrite=True, report=die)
    with pytest.raises(SeqkitError, match="are not of the same words"):
        train(text, TINY, tmp_path / "b", start=tmp_path / "a")
    train("-", TINY, tmp_path / "a", resume=True)
    train(text, TINY, tmp_path / "b", start=tmp_path / "a")


def test_subwords_without_their_training_go_on_with_every_row(
    text: list[list[str]], tmp_path: Path
) -> None:
    chosen = replace(TINY, subwords="character", buckets=500)
    before = train(text, chosen, tmp_path / "a")
    before.save(tmp_path / "b")  # as converted from another's file
    again = replace(chosen, lr=1e-9, min_lr=0, epochs=1)
    more = train(text[:300], again, tmp_path / "c", start=tmp_path / "b")
    for word in (*before.index_to_key, "mondayish"):
        np.testing.assert_allclose(more[word], before[word], atol=1e-5)


def test_reproducible_is_not_promised_where_it_is_not(
    text: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = replace(TINY, deterministic=True, workers=2)
    with pytest.raises(SeqkitError, match="device=meta adds in any order"):
        train(text, chosen, tmp_path / "a", device="meta")
    training = course.Training.begun(
        text, chosen, tmp_path / "b", tokenizer=None, start=None, overwrite=False, rank=0
    )
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(SeqkitError, match="one thread each: workers=1"):
        training.run("cpu", None, 0.0)


def test_any_tokenizer_cuts_and_those_with_a_name_are_kept(tmp_path: Path) -> None:
    class Mine(WhitespaceTokenizer):
        pass

    for name, tokenizer in {"mine": Mine(), "named": WhitespaceTokenizer()}.items():
        made = train(["a b c"] * 50, TINY, tmp_path / name, tokenizer=tokenizer)
        assert sorted(made.index_to_key) == ["a", "b", "c"]
        assert (tmp_path / name / "tokenizer").is_dir() == (name == "named")


def test_long_rows_are_cut() -> None:
    rows = Ragged.from_rows([range(7), [], range(3), range(6)])
    short = course.cut(rows, 3)
    assert [row.tolist() for row in short] == [
        [0, 1, 2], [3, 4, 5], [6], [], [0, 1, 2], [0, 1, 2], [3, 4, 5],
    ]  # fmt: skip
    assert course.cut(rows, 7) is rows


def test_phrases_become_words(tmp_path: Path) -> None:
    pytest.importorskip("gensim", reason="learning phrases needs gensim")
    rows = [["new", "york", "is", "big"], ["a", "cat", "is", "big"], ["new", "york"]] * 30
    chosen = replace(TINY, min_count=1, phrases=1, phrase_threshold=0.1)
    assert "new_york" in train(rows, chosen, tmp_path / "a")


@pytest.mark.parametrize("kind", ["skipgram", "cbow", "characters"])
def test_torch_trains_too(kind: str, text: list[list[str]], tmp_path: Path) -> None:
    chosen = replace(KINDS[kind], epochs=4)
    made = train(text, chosen, tmp_path / "a", device="cpu:0")  # cpu alone is the compiled passes
    train(text, chosen, tmp_path / "b")
    found, compiled = losses(tmp_path / "a"), losses(tmp_path / "b")
    assert found == sorted(found, reverse=True)
    assert found[-1] < compiled[0]
    assert np.isfinite(made.vectors).all()


def test_what_torch_cannot_do_is_told(text: list[list[str]], tmp_path: Path) -> None:
    with pytest.raises(SeqkitError, match="device=cpu:0 trains by negative sampling"):
        train(text, KINDS["hierarchical"], tmp_path / "a", device="cpu:0")
    with pytest.raises(SeqkitError, match="cuda:9"):
        train(text, TINY, tmp_path / "b", device="cuda:9")
    assert not (tmp_path / "b").exists()  # the text was not read in vain


def test_reproducible_threads_resume_from_the_last_epoch(
    text: list[list[str]], tmp_path: Path
) -> None:
    chosen = replace(TINY, workers=3, deterministic=True)
    seen: list[Report] = []

    def interrupt(report: Report) -> None:
        seen.append(report)
        if len(seen) in (2, 12):  # in the first epoch, and in a later one
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(text, chosen, tmp_path / "a", report=interrupt)
    assert WordVectors.load(tmp_path / "a").card["epochs"] > 0
    with pytest.raises(KeyboardInterrupt):
        train("-", chosen, tmp_path / "a", resume=True, report=interrupt)
    train("-", chosen, tmp_path / "a", resume=True)
    train(text, chosen, tmp_path / "b")
    assert same(tmp_path / "a", tmp_path / "b")


def test_phrases_are_joined_again_in_a_text_to_go_on_with(tmp_path: Path) -> None:
    pytest.importorskip("gensim", reason="learning phrases needs gensim")
    rows = [["new", "york", "is", "big"], ["a", "cat", "is", "big"], ["new", "york"]] * 30
    chosen = replace(TINY, min_count=1, phrases=1, phrase_threshold=0.1)
    train(rows, chosen, tmp_path / "a")
    more = [["new", "york", "sleeps"], ["a", "cat", "sleeps"]]  # too few to learn it from
    made = train(more, chosen, tmp_path / "b", start=tmp_path / "a")
    assert made.get_vecattr("new_york", "count") == 61
    assert "new" not in made


@pytest.mark.parametrize("kind", ["skipgram", "characters", "sum"])
def test_the_logged_loss_is_that_of_the_weights_at_rest(
    kind: str, text: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Report] = []
    train(text, KINDS[kind], tmp_path / "a", report=seen.append)
    found = losses(tmp_path / "a")
    assert [r.loss for r in seen if r.words % sum(map(len, text)) == 0] == found
    monkeypatch.setattr(course, "SAMPLES", 1)  # all of this text, which is shorter
    monkeypatch.setattr(course, "SAMPLE", 10**9)
    train(text, KINDS[kind], tmp_path / "b")
    assert same(tmp_path / "a", tmp_path / "b")  # measuring changes nothing
    assert losses(tmp_path / "b") == pytest.approx(found, abs=0.05)


def test_a_training_that_died_at_once_resumes_too(text: list[list[str]], tmp_path: Path) -> None:
    def die(_: Report) -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        train(text, TINY, tmp_path / "a", report=die)
    train("-", TINY, tmp_path / "a", resume=True)
    train(text, TINY, tmp_path / "b")
    assert same(tmp_path / "a", tmp_path / "b")
