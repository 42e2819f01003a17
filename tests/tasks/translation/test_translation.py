import json
import math
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from seqkit.arrow import in_memory
from seqkit.corpora.pairs import CARD, Options
from seqkit.corpus import Corpus, Pair, load
from seqkit.errors import SeqkitError
from seqkit.models.translator import TranslatorSettings
from seqkit.nn.decoder import DecoderSettings
from seqkit.nn.embedding import EmbeddingSettings
from seqkit.nn.recurrent import EncoderSettings
from seqkit.predict import load as load_run
from seqkit.tasks.translation.scores import EvaluationSettings, score
from seqkit.tasks.translation.text_translator import TextTranslator
from seqkit.tasks.translation.translation import Translation, TranslationSettings
from seqkit.tasks.translation.units import SPECIALS, Side, UnitSettings
from seqkit.tasks.translation.writing import SearchSettings, WritingSettings
from seqkit.text import tokenizer as tokenizers
from seqkit.text.vocabulary import Vocabulary
from seqkit.train.loop import Trainer
from seqkit.train.optimizers import OptimizerSettings
from seqkit.train.run import Run
from seqkit.train.settings import TrainSettings

WORDS = dict(zip("abcdefgh", ["가", "나", "다", "라", "마", "바", "사", "아"], strict=True))


def corpus_of(train: list[Pair], held: list[Pair] | None = None) -> Corpus:
    splits = {"train": train, **({"validation": held, "test": held} if held else {})}
    return Corpus("mine", CARD, Options(), in_memory(splits, Pair), Pair)


def backwards(count: int, seed: int = 0) -> list[Pair]:
    """Sentences of letters, each translated letter by letter and turned round."""
    draw = random.Random(seed)
    rows = [draw.choices("abcdefgh", k=draw.randint(2, 5)) for _ in range(count)]
    return [Pair(" ".join(row), " ".join(WORDS[w] for w in reversed(row))) for row in rows]


def small(size: int = 16, **decoder: object) -> TranslatorSettings:
    return TranslatorSettings(
        embedding=EmbeddingSettings(size=size),
        encoder=EncoderSettings(hidden=size // 2),
        decoder=DecoderSettings(embedding=EmbeddingSettings(size=size), hidden=size, **decoder),
    )


def settings_of(
    *, tokenizer: str = "whitespace", epochs: int = 1, evaluation: EvaluationSettings | None = None,
    model: TranslatorSettings | None = None, seed: int = 0, **text: object,
) -> TranslationSettings:  # fmt: skip
    return TranslationSettings(
        text=UnitSettings(tokenizer=tokenizer, **text),
        model=model or small(),
        evaluation=evaluation or EvaluationSettings(beam=2),
        train=TrainSettings(
            epochs=epochs, batch_size=32, seed=seed,
            optimizer=OptimizerSettings(optimizer="adam", lr=0.02),
        ),
    )  # fmt: skip


def train(job: Translation, run: Run) -> dict[str, dict[str, float]]:
    return Trainer(job, job.settings.train, run).fit()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that has learnt to turn sentences round."""
    held = backwards(40, seed=1)
    job = Translation(
        settings_of(epochs=14, model=small(32), evaluation=EvaluationSettings(greedy=20)),
        corpus_of(backwards(500), held),
    )
    run = Run.create(tmp_path_factory.mktemp("runs") / "run")
    scores = train(job, run)
    assert scores["test"]["bleu"] > 60
    assert scores["validation"]["greedy_bleu"] > 50
    assert set(scores["validation"]) == {"loss", "perplexity", "greedy_bleu"}
    return run


@pytest.fixture(scope="module")
def translator(run: Run) -> TextTranslator:
    found = load_run(run.folder)
    assert isinstance(found, TextTranslator)
    return found


# -- what is learnt from --


def test_pairs_left_out_are_counted() -> None:
    pairs = [*backwards(30), Pair("a", ""), Pair("", "가"), Pair("a " * 9, "가"), Pair("b", "나")]
    job = Translation(settings_of(max_length=5), corpus_of(pairs))
    assert (job.kept.empty, job.kept.long, len(job.kept.rows)) == (2, 1, 31)
    said = "pairs left out: 2 with an empty side, 1 with a side of more than 5 tokens"
    assert said in job.summary
    assert "left out: 2 with an empty side" in job.card({})


def test_units_come_from_the_training_pairs_that_are_kept() -> None:
    held = [Pair("new z", "새 것")]
    pairs = [*backwards(30), Pair("long " * 9, "긴"), Pair("", "빈")]
    job = Translation(settings_of(max_length=5), corpus_of(pairs, held))
    source, target = job.translator.source.vocabulary, job.translator.target.vocabulary
    assert set(source.words) == set(WORDS)
    assert set(target.words) == set(WORDS.values())
    assert source.specials == target.specials == SPECIALS


def test_a_shared_vocabulary_has_both_sides() -> None:
    shared = TranslatorSettings(
        shared=True, embedding=EmbeddingSettings(size=8), encoder=EncoderSettings(hidden=4),
        decoder=DecoderSettings(embedding=EmbeddingSettings(size=8), hidden=8),
    )  # fmt: skip
    job = Translation(settings_of(model=shared), corpus_of(backwards(30)))
    side = job.translator.source
    assert side == job.translator.target
    assert set(side.vocabulary.words) == {*WORDS, *WORDS.values()}
    assert side.vocabulary.counts[0] == max(side.vocabulary.counts)
    assert "shared units" in job.summary


def test_targets_end_and_every_split_keeps_all_its_pairs() -> None:
    held = [Pair("", "가"), Pair("a b", ""), Pair("z " * 300, "가")]
    job = Translation(settings_of(max_length=5), corpus_of(backwards(30), held))
    ends = job.targets.values[job.targets.offsets[1:] - 1]
    assert set(ends.tolist()) == {job.translator.target.vocabulary.eos}
    scores = job.evaluate("test")
    assert math.isfinite(scores["perplexity"])
    found = job.translator.scored(held)
    assert (found.rows, found.tokens) == (3, 5)  # units of the references, the three ends counted


def test_the_loss_is_that_of_the_references_unit_by_unit(translator: TextTranslator) -> None:
    pairs = backwards(7, seed=5)
    model, total = translator.model, 0.0
    for pair in pairs:  # one at a time, a step a token, without the fused pass or padding
        row = translator.source.encode([pair.source])
        batch = translator._batches(row, row).batch(torch.tensor([0]).numpy()).source
        state, last = model.encode(batch), translator.target.vocabulary.bos
        for token in translator.target.encode([pair.target])[0].tolist():
            logs, state = model.step(torch.tensor([last]), state)
            total -= logs[0, token].item()
            last = token
    found = translator.scored(pairs)
    assert found.nats == pytest.approx(total, rel=1e-4)
    assert found.scores["perplexity"] == pytest.approx(math.exp(total / found.tokens), rel=1e-4)


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    pairs = backwards(60)
    states = []
    for number in range(2):
        job = Translation(settings_of(), corpus_of(pairs, pairs[:5]))
        train(job, Run.create(tmp_path / str(number)))
        states.append(job.model.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_each_side_starts_from_its_own_word_vectors(tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text(f"2 16\n가 {'0.5 ' * 16}\n나 {'0.25 ' * 16}\n", encoding="utf-8")
    embedding = EmbeddingSettings(size=16, vectors=str(path))
    model = TranslatorSettings(
        embedding=EmbeddingSettings(size=16), encoder=EncoderSettings(hidden=8),
        decoder=DecoderSettings(embedding=embedding, hidden=16),
    )  # fmt: skip
    job = Translation(settings_of(model=model), corpus_of(backwards(30)))
    job.start()
    (known,) = job.translator.target.vocabulary.ids(["가"])
    with torch.no_grad():
        vector = job.model.decoder.embedding(torch.tensor([[known]]))[0, 0]
    assert vector.tolist() == [0.5] * 16
    assert "start from the vectors in vectors.txt" in job.summary
    with pytest.raises(ValueError, match=r"leave decoder\.embedding\.vectors out"):
        replace(model, shared=True)


# -- answers --


def test_there_is_a_line_for_each_line_in_order(translator: TextTranslator) -> None:
    texts = ["a b c", "", "zzz 🙂", "  ", "h g", "a " * 400, "a b c", "\u2028", "b"]
    answers = list(translator.stream(texts))
    assert [answer.source for answer in answers] == texts
    assert all("\n" not in answer.line(1) for answer in answers)
    assert answers[0].line(1) == "다 나 가"
    assert answers[4].text == "사 아"
    assert [answers[i].text for i in (1, 3, 7)] == ["", "", ""]  # nothing said, nothing written
    assert translator.predict(["", " "])[1].line(3) == ""
    for at_once in (1, 2, 7):  # what is read together changes nothing
        again = [answer.text for answer in translator.stream(texts, at_once=at_once)]
        assert again == [answer.text for answer in answers]
    assert translator.predict([]) == []
    with pytest.raises(TypeError, match=r"predict\(\[text\]\)"):
        translator.predict("a b c")


def test_several_candidates_come_best_first(translator: TextTranslator) -> None:
    several = translator.with_options({"top": 3})
    (answer,) = several.predict(["a b c"])
    assert answer.text == translator.predict(["a b c"])[0].text
    scores = [candidate.score for candidate in answer.candidates]
    assert len(set(answer.candidates)) == 3
    assert scores == sorted(scores, reverse=True)
    cells = answer.line(3).split("\t")
    assert cells[0] == "다 나 가"
    assert [float(cell) for cell in cells[1::2]] == pytest.approx(scores, abs=1e-4)
    assert len(answer.row(2)["translations"]) == 2


def test_what_is_drawn_depends_on_the_text_and_the_seed_alone(translator: TextTranslator) -> None:
    drawing = translator.with_options({"temperature": 2.0, "top": 4})
    alone = drawing.predict(["d e f"])[0]
    among = drawing.predict(["a", "d e f", "h " * 20])[1]
    assert [c.text for c in alone.candidates] == [c.text for c in among.candidates]
    other = translator.with_options({"temperature": 2.0, "top": 4, "seed": 1}).predict(["d e f"])[0]
    assert [c.text for c in alone.candidates] != [c.text for c in other.candidates]


def test_lengths_and_repetition_are_kept_to(translator: TextTranslator) -> None:
    texts = ["a", "a b c d e"]
    for answer in translator.with_options({"length": 2}).predict(texts):
        assert len(answer.text.split()) <= 2
    for answer in translator.with_options({"min_length": 7}).predict(texts):
        assert len(answer.text.split()) >= 7
    blocked = translator.with_options({"min_length": 8, "block_ngrams": 1}).predict(["a a a"])[0]
    words = blocked.text.split()
    assert len(set(words)) == len(words) == 8


def test_an_unknown_word_is_replaced_by_the_word_it_attends_to(
    tmp_path: Path,
) -> None:
    names = [f"name{i}" for i in range(200)]  # each is seen once, so all are unknown
    pairs = [Pair(f"hello {n}", f"안녕 {n}") for n in names] + [Pair("hello a", "안녕 가")] * 20
    chosen = settings_of(
        epochs=6, min_count=2, evaluation=EvaluationSettings(replace_unknown=True, beam=2)
    )
    job = Translation(chosen, corpus_of(pairs, pairs[:8]))
    train(job, Run.create(tmp_path / "run"))
    replaced = load_run(tmp_path / "run")
    assert isinstance(replaced, TextTranslator)
    (answer,) = replaced.predict(["hello Dokdo"])
    assert answer.text == "안녕 Dokdo"
    long = "hello " * 100 + "Dokdo"  # one more than is read: its place is that of the end
    assert "Dokdo" not in replaced.predict([long])[0].text
    plain = replaced.with_options({"replace_unknown": False}).predict(["hello Dokdo"])[0]
    assert "Dokdo" not in plain.text
    assert "<unk>" not in plain.text


def test_an_ensemble_averages_probabilities(run: Run, translator: TextTranslator) -> None:
    texts = ["a b c", "h g f e", "d"]
    same = translator.with_ensemble([("again", translator)])
    assert [a.text for a in same.predict(texts)] == [a.text for a in translator.predict(texts)]
    other = load_run(run.folder)
    assert isinstance(other, TextTranslator)
    with torch.no_grad():
        for weight in other.model.parameters():
            weight.mul_(0.5)
    both = translator.with_ensemble([("other", other)])
    first = both.with_options({"beam": 1}).predict(["d"])[0].candidates[0]
    total, last, states = 0.0, translator.target.vocabulary.bos, []
    row = translator.source.encode(["d"])
    batch = translator._batches(row, row).batch(torch.tensor([0]).numpy()).source
    states = [model.encode(batch) for model in both.models]
    written = translator.target.encode([first.text])[0].tolist()
    for token in written:
        logs = []
        for number, model in enumerate(both.models):
            said, states[number] = model.step(torch.tensor([last]), states[number])
            logs.append(said[0, token].exp().item())
        total += math.log(sum(logs) / 2)
        last = token
    assert first.log_probability == pytest.approx(total, rel=1e-4)


# -- scores --


def test_bleu_and_chrf_are_those_of_the_sacrebleu_command(tmp_path: Path) -> None:
    draw = random.Random(3)
    words = ["그는", "어제,", "(학교에)", "갔다.", "The", "cat's", "3.5%", "“hat”", "on", "mat!"]
    references = [" ".join(draw.choices(words, k=draw.randint(4, 12))) for _ in range(30)]
    written = [" ".join(w for w in line.split() if draw.random() > 0.2) for line in references]
    ours = score(written, references, nats=1.0, tokens=1, tokenize="13a")
    files = [tmp_path / "ref.txt", tmp_path / "out.txt"]
    for path, lines in zip(files, (references, written), strict=True):
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    command = [sys.executable, "-m", "sacrebleu", str(files[0]), "-i", str(files[1])]
    command += ["-m", "bleu", "chrf", "-w", "6"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    for theirs, figure in zip(json.loads(ran.stdout), (ours.bleu, ours.chrf), strict=True):
        assert figure == pytest.approx(theirs["score"], abs=1e-5)
        name = {"BLEU": "BLEU", "chrF2": "chrF"}[theirs["name"]]
        assert ours.signatures[name] == theirs["signature"]
    assert ours.accuracy == sum(a == b for a, b in zip(written, references, strict=True)) / 30


def test_a_run_is_scored_on_a_file_and_on_its_corpus(
    translator: TextTranslator, tmp_path: Path
) -> None:
    pairs = backwards(40, seed=1)
    file = tmp_path / "own.tsv"
    file.write_text("".join(f"{p.source}\t{p.target}\n" for p in pairs), encoding="utf-8")
    found = translator.score_file(file, {})
    chosen = settings_of(evaluation=translator.evaluation)
    other = translator.score(corpus_of(pairs, pairs), "test", chosen)
    assert found.as_dict() == other.as_dict()
    assert {"bleu", "chrf", "perplexity", "signatures"} <= found.as_dict().keys()
    assert any("nrefs:1|case:mixed" in str(row) for row in found.tables()[1].rows)


# -- text again --


@pytest.mark.parametrize("name", ["unigram", "bpe", "character", "syllable", "jamo", "whitespace"])
def test_units_become_exactly_the_text_that_they_were(name: str) -> None:
    texts = [
        f"{p.source} {p.target}"
        for p in load("village", {"kind": "pair", "n": 60}).examples("train")
    ]
    options = {"size": 700} if name in ("unigram", "bpe") else {}
    tokenizer = tokenizers.trained(tokenizers.create(name, options), texts)
    units = UnitSettings(tokenizer="whitespace")
    from seqkit.data.interning import intern

    interned = intern(texts, tokenizer)
    side = Side(tokenizer, units.vocabulary([interned]))
    rows = side.ids(interned)
    assert [side.joiner.join(rows[i].tolist()) for i in range(len(texts))] == texts


def test_words_are_joined_as_a_writer_would(tmp_path: Path) -> None:
    vocabulary = Vocabulary.build(
        {"그는": 1, "갔다": 1, ".": 1, ",": 1, "(": 1, ")": 1}, specials=SPECIALS
    )
    side = Side(tokenizers.create("word"), vocabulary)
    text = "그는 (갔다), 갔다."
    assert side.joiner.join(side.encode([text])[0].tolist()) == text
    unk = vocabulary.ids(["그는", "none", "."])
    assert side.joiner.join(unk, ["새"]) == "그는 새."
    assert side.joiner.join(unk) == "그는."


# -- what is refused --


def test_settings_that_contradict_each_other() -> None:
    plain = small(attention="none")
    for name, value in (("replace_unknown", True), ("coverage_penalty", 0.2)):
        with pytest.raises(ValueError, match=f"evaluation.{name} goes by attention"):
            TranslationSettings(model=plain, evaluation=EvaluationSettings(**{name: value}))
    with pytest.raises(ValueError, match="shared=true has one vocabulary for both sides"):
        TranslationSettings(
            model=TranslatorSettings(shared=True), text=UnitSettings(target_tokenizer="jamo")
        )
    with pytest.raises(SeqkitError, match="cut the same way in every epoch: leave out"):
        UnitSettings(options={"alpha": 0.1})
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        SearchSettings(beam=0)
    with pytest.raises(SeqkitError, match="min_length = 9 is more than max_length = 5"):
        SearchSettings(min_length=9, length=5)
    with pytest.raises(SeqkitError, match="a beam searches and a temperature draws"):
        WritingSettings(temperature=1, beam=4)


def test_corpora_that_cannot_be_translated() -> None:
    with pytest.raises(SeqkitError, match="has Labelled examples, and a translator needs pairs"):
        Translation(settings_of(), load("village", {"n": 60}))
    with pytest.raises(SeqkitError, match=r"no training pair with text on both sides \(of 2\)"):
        Translation(settings_of(), corpus_of([Pair("a", ""), Pair("", "b")]))
    with pytest.raises(SeqkitError, match="no training pair of at most 1 units a side"):
        Translation(settings_of(max_length=1), corpus_of([Pair("a b", "c"), Pair("a", "b c")]))


def test_runs_that_are_no_ensemble(translator: TextTranslator) -> None:
    with pytest.raises(SeqkitError, match="x is not a run of translation"):
        translator.with_ensemble([("x", object())])
    from dataclasses import replace

    turned = replace(translator, direction=("en", "ko"))
    with pytest.raises(SeqkitError, match="x was trained from en to ko, and the first run"):
        translator.with_ensemble([("x", turned)])
    other = replace(translator, target=translator.source)
    with pytest.raises(SeqkitError, match="x has other units or another vocabulary"):
        translator.with_ensemble([("x", other)])
    with pytest.raises(SeqkitError, match="never trained to write 'fr': it was trained from"):
        translator.refuse_other("fr")


def test_options_without_sense(translator: TextTranslator) -> None:
    with pytest.raises(SeqkitError, match="--unfinished means nothing to a translator"):
        translator.with_options({"unfinished": True})
    with pytest.raises(SeqkitError, match="5 answers need a beam of as many"):
        translator.with_options({"beam": 2, "top": 5})
    with pytest.raises(SeqkitError, match="less than or equal to 500"):
        translator.with_options({"top": 99_999})
    assert translator.with_options({"top": 9}).writing.beam == 9


def test_no_attention_is_needed_to_translate(tmp_path: Path) -> None:
    job = Translation(settings_of(model=small(attention="none")), corpus_of(backwards(40)))
    run = Run.create(tmp_path / "run")
    train(job, run)
    plain = load_run(run.folder)
    assert isinstance(plain, TextTranslator)
    assert len(plain.predict(["a b", ""])) == 2
    with pytest.raises(SeqkitError, match="replace_unknown goes by attention"):
        plain.with_options({"replace_unknown": True})


def test_sides_that_are_alike_without_being_shared_are_both_saved(tmp_path: Path) -> None:
    turned = [Pair(p.source, " ".join(reversed(p.source.split()))) for p in backwards(40)]
    job = Translation(settings_of(), corpus_of(turned))
    assert job.translator.source == job.translator.target
    train(job, Run.create(tmp_path / "run"))
    again = load_run(tmp_path / "run")
    assert isinstance(again, TextTranslator)
    assert again.predict(["a b c"]) == job.translator.predict(["a b c"])


@pytest.mark.parametrize("part", ["languages.json", "target_vocabulary.txt"])
def test_a_missing_part_is_named(run: Run, tmp_path: Path, part: str) -> None:
    import shutil

    shutil.copytree(run.folder, tmp_path / "run")
    (tmp_path / "run" / part).unlink()
    with pytest.raises(SeqkitError, match=part):
        load_run(tmp_path / "run")
