import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from seqkit.errors import SeqkitError
from seqkit.predict import load
from seqkit.recipe import find
from seqkit.settings import check
from seqkit.tasks.labels.classification import Classification, TextSettings
from seqkit.tasks.labels.text_classifier import encode_labels
from seqkit.text.noise import perturb_all
from seqkit.text.tokenizer import Token, create
from seqkit.train.loop import Trainer
from seqkit.train.run import Run
from seqkit.vectors.subwords import Subwords, SubwordVectors

SMALL = ["data.n=200", "hidden=6", "embedding.size=5", "epochs=1", "head.dropout=0.2"]


def build(*words: str) -> Classification:
    recipe = find("classify")
    job = recipe.build(recipe.settings([*SMALL, *words]))
    assert isinstance(job, Classification)
    job.start()
    return job


@pytest.fixture(scope="module")
def multi_label_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "rows.tsv"
    draw = random.Random(0)
    names = {"red": "빨강 red", "blue": "파랑 blue", "green": "초록 green"}
    rows = ["text\tlabel"]
    for i in range(300):
        chosen = [name for name in names if draw.random() < 0.4] or ["red"]
        words = [draw.choice(names[name].split()) for name in chosen] + [f"word{i % 7}"]
        draw.shuffle(words)
        rows.append(f"{' '.join(words)}\t{'|'.join(chosen)}")
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_answers_do_not_depend_on_order_or_company() -> None:
    classifier = build().classifier
    texts = ["비가 온다.", "", "The cat sleeps in the yard every day.", "🙂", "소 소 소"] * 3
    together = classifier.predict(texts)
    alone = [classifier.predict([text])[0] for text in texts]
    streamed = list(classifier.stream(iter(texts), at_once=2))
    for a, b, c in zip(together, alone, streamed, strict=True):
        assert a.labels == b.labels == c.labels
        np.testing.assert_allclose(
            list(a.probabilities.values()), list(b.probabilities.values()), rtol=1e-5
        )
        assert sum(a.probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert a.label == a.top(1)[0][0] == a.labels[0]


def test_predict_changes_nothing() -> None:
    classifier = build().classifier
    classifier.model.train()
    state = torch.get_rng_state()
    classifier.predict(["비가 온다."])
    assert classifier.model.training
    assert torch.equal(state, torch.get_rng_state())


def test_many_labels_are_learnt_and_each_text_has_at_least_one(
    multi_label_file: Path, tmp_path: Path
) -> None:
    words = [f"corpus={multi_label_file}", "data.separator=|", "epochs=20", "lr=0.02"]
    recipe = find("classify")
    job = recipe.build(recipe.settings([*words, "hidden=8", "embedding.size=8", "min_count=1"]))
    scores = Trainer(job, job.settings.train, Run.create(tmp_path / "run")).fit()
    assert scores["test"]["micro_f1"] > 0.95
    classifier = load(tmp_path / "run")
    assert classifier.multi_label
    both, neither = classifier.predict(["red 파랑 word1", "word3 word3"])
    assert set(both.labels) == {"red", "blue"}
    assert both.probabilities[both.labels[0]] >= both.probabilities[both.labels[1]]
    assert len(neither.labels) >= 1


def test_the_reported_loss_is_the_plain_cross_entropy() -> None:
    job = build("label_smoothing=0.3", "class_weights=balanced")
    inputs, true = job._encoded("test"), job._truth("test")
    probabilities = job.classifier.probabilities(inputs)
    expected = -np.log(probabilities[true.astype(bool)]).mean()
    report = job.report("test")
    assert report.loss == pytest.approx(expected, rel=1e-4)
    assert report.accuracy == pytest.approx((probabilities.argmax(1) == true.argmax(1)).mean())


def test_balanced_weights_make_every_class_weigh_the_same(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    rows = [f"word{i},{'rare' if i % 10 == 0 else 'common'}" for i in range(200)]
    path.write_text("text,label\n" + "\n".join(rows))
    recipe = find("classify")
    words = [f"corpus={path}", "class_weights=balanced", "data.test_fraction=0", "validation=0"]
    job: Any = recipe.build(recipe.settings([*words, "min_count=1"]))
    weights = dict(zip(job.corpus.labels, job._class_weights().tolist(), strict=True))
    assert weights["rare"] * 20 == pytest.approx(weights["common"] * 180)
    assert weights["rare"] * 20 + weights["common"] * 180 == pytest.approx(200)
    assert torch.equal(job.model.class_weights, job._class_weights())


@pytest.mark.parametrize("tune", [True, False])
def test_the_embedding_starts_from_a_file_of_vectors(tmp_path: Path, tune: bool) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text("the 1 2 3 4 5\n비가 5 4 3 2 1\nunheard 9 9 9 9 9\n", encoding="utf-8")
    job = build(f"embedding.vectors={path}", f"embedding.tune={tune}")
    table, ids = job.model.embedding.table, job.classifier.vocabulary.ids(["the", "비가"])
    assert table is not None
    assert table.weight[ids[0]].tolist() == [1, 2, 3, 4, 5]
    Trainer(job, job.settings.train, Run.create(tmp_path / "run")).fit()
    moved = table.weight[ids[0]].tolist() != [1, 2, 3, 4, 5]
    assert moved == tune
    with pytest.raises(SeqkitError, match=r"have 5 features and embedding.size is 7"):
        build(f"embedding.vectors={path}", "embedding.size=7")


def test_the_embedding_starts_from_another_run_and_the_card_says_so(tmp_path: Path) -> None:
    first = build("train.seed=1")
    scores = Trainer(first, first.settings.train, Run.create(tmp_path / "first")).fit()
    assert "word vectors" not in first.card(scores)
    job = build(f"embedding.vectors={tmp_path / 'first'}", "embedding.tune=false")
    table, other = job.model.embedding.table, first.model.embedding.table
    assert table is not None
    assert other is not None
    assert torch.equal(table.weight[2:], other.weight[2:])
    assert "of the words start from the vectors in first" in job.card({})
    assert job.started in job.summary


def test_an_unseen_word_starts_from_its_subwords(tmp_path: Path) -> None:
    ngrams = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    vectors = SubwordVectors.composed(["the"], ngrams[:1], ngrams, Subwords(buckets=60))
    vectors.save(tmp_path / "subwords")
    job = build(f"embedding.vectors={tmp_path / 'subwords'}")
    table, vocabulary = job.model.embedding.table, job.classifier.vocabulary
    assert table is not None
    long = next(word for word in vocabulary.words if len(word) > 4)
    for word in ("the", long):
        row = table.weight[vocabulary.ids([word])[0]].detach().numpy()
        np.testing.assert_allclose(row, vectors.get_vector(word), atol=1e-6)
    unk = table.weight[vocabulary.unk].detach().numpy()
    assert not np.allclose(unk, vectors.get_vector("<unk>"))


def test_cooccurrence_vectors_have_the_scale_that_was_asked_for() -> None:
    job = build("pretrain=cooccurrence", "embedding.scale=0.3")
    table = job.model.embedding.table
    assert table is not None
    assert table.weight.std().item() == pytest.approx(0.3, rel=0.1)
    assert not table.weight[job.classifier.vocabulary.pad].any()


def test_unlabelled_texts_lend_their_words_to_the_vectors() -> None:
    recipe = find("classify")
    chosen = recipe.settings([*SMALL, "pretrain=cooccurrence", "ngrams.longest=2"])
    corpus = recipe.read(chosen)
    more = {**corpus.splits, "unlabelled": corpus.splits["validation"]}
    tables = []
    for each in (corpus, replace(corpus, splits=more)):
        job = Classification(chosen, each)
        job.start()
        assert job.model.embedding.table is not None
        tables.append(job.model.embedding.table.weight.detach())
    assert tables[0].shape == tables[1].shape  # the vocabulary is of the training text
    assert not torch.allclose(tables[0], tables[1])


def test_a_spelt_word_that_was_never_seen_is_not_like_any_other(tmp_path: Path) -> None:
    job = build("spelling=jamo", "word_encoder.features=8", "text.workers=2")
    Trainer(job, job.settings.train, Run.create(tmp_path / "run")).fit()
    texts = ["비가 온다.", "", "zyzzyva", "뷁궭"]
    before = [answer.probabilities for answer in job.classifier.predict(texts)]
    classifier = load(tmp_path / "run")
    assert classifier.speller == job.classifier.speller
    for text, expected in zip(texts, before, strict=True):
        assert classifier.predict([text])[0].probabilities == pytest.approx(expected, abs=1e-5)
    assert before[2] != before[3]  # both are one <unk>, but spelt differently
    assert build().classifier.predict(texts[2:3]) == build().classifier.predict(texts[3:])


def test_a_subword_tokenizer_is_learnt_from_train_and_saved_with_the_run(tmp_path: Path) -> None:
    job = build("tokenizer=unigram", "text.options.size=700")
    Trainer(job, job.settings.train, Run.create(tmp_path / "run")).fit()
    classifier = load(tmp_path / "run")
    assert classifier.tokenizer == job.classifier.tokenizer
    text = "비가 온다. The cat sleeps."
    expected = job.classifier.predict([text])[0].probabilities
    assert classifier.predict([text])[0].probabilities == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", ["unigram", "bpe"])
def test_training_texts_are_cut_at_random_anew_in_each_epoch(name: str, tmp_path: Path) -> None:
    words = [f"tokenizer={name}", "text.options.size=700", "text.options.alpha=0.2"]
    words += ["spelling=jamo", "ngrams.longest=2", "epochs=2"]
    job = build(*words)

    def rows(epoch: int, start: int = 0) -> dict[int, list[int]]:
        found = {}
        for batch in job.batches.epoch(epoch, start):
            for row, ids, length in zip(batch.rows, batch.ids, batch.lengths, strict=True):
                found[int(row)] = ids[: int(length)].tolist()
        return found

    first, second = rows(0), rows(1)
    assert rows(1) == second  # as a resumed run wants it
    assert list(rows(1, start=2)) == list(second)[-len(rows(1, start=2)) :]
    assert sum(first[row] != second[row] for row in first) > len(first) / 2
    vocabulary = job.classifier.vocabulary
    texts = list(job._texts("train"))
    for row, ids in first.items():
        if vocabulary.unk not in ids:
            tokens = [Token(text) for text in vocabulary.tokens(ids)]
            assert job.classifier.tokenizer.detokenize(tokens) == texts[row]
    unknown = sum(ids.count(vocabulary.unk) for ids in first.values())
    assert unknown < 0.01 * sum(map(len, first.values()))
    before = job.evaluate("validation")["tokens_per_text"]  # what is scored is cut as ever
    Trainer(job, job.settings.train, Run.create(tmp_path / "run")).fit()
    assert job.evaluate("validation")["tokens_per_text"] == before


def test_the_noisy_split_is_test_misspelt() -> None:
    job = build("noise=0.3")
    assert job.splits == ["validation", "test", "noisy"]
    clean, noisy = list(job._texts("test")), list(job._texts("noisy"))
    assert noisy == list(perturb_all(clean, seed=0, rate=0.3))
    assert 0 < sum(a != b for a, b in zip(clean, noisy, strict=True)) <= len(clean)
    assert (job._truth("test") == job._truth("noisy")).all()
    assert job.report("noisy").loss != job.report("test").loss
    assert "noisy" not in build().splits


def test_auto_takes_morphemes_for_korean_alone() -> None:
    assert TextSettings().create(["ko"]) == create("kiwi", {"normalize": True})
    for languages in (["en"], ["ko", "en"], []):
        assert TextSettings().create(languages) == create("word", {"lower": True})
    assert TextSettings(options={"lower": False}).create(["en"]) == create("word")
    assert TextSettings(options={"lemma": True}).create(["ko"]) == create(
        "kiwi", {"normalize": True, "lemma": True}
    )
    with pytest.raises(SeqkitError, match="unknown option of the kiwi tokenizer: 'lenna'"):
        check(TextSettings, {"options": {"lenna": True}})
    assert TextSettings(tokenizer="jamo").create(["en"]) == create("jamo")


def test_the_vocabulary_is_of_the_training_text_alone(tmp_path: Path) -> None:
    for split, words in (("train", ["here", "there"]), ("test", ["nowhere", "here"])):
        for label in ("a", "b"):
            folder = tmp_path / split / label
            folder.mkdir(parents=True)
            for i, word in enumerate(words):
                (folder / f"{i}.txt").write_text(f"{word} {label}")
    recipe = find("classify")
    job: Any = recipe.build(recipe.settings([f"corpus={tmp_path}", "validation=0", "min_count=1"]))
    assert "here" in job.classifier.vocabulary
    assert "nowhere" not in job.classifier.vocabulary


def test_a_label_never_trained_on_gets_a_suggestion() -> None:
    with pytest.raises(SeqkitError, match=r"unknown label 'gold' in row 2 of x.csv.*'gild'"):
        encode_labels([["gild"], ["gold"]], ["gild", "oil"], "x.csv")


@pytest.mark.parametrize("words", [("model=mlp",), ("model=cnn",), ("embedding.kind=onehot",)])
def test_the_baselines_learn_the_village(words: tuple[str, ...], tmp_path: Path) -> None:
    recipe = find("classify")
    size = ["data.n=1200", "data.language=en", "epochs=6", "hidden=24", "lr=0.005"]
    job = recipe.build(recipe.settings([*size, *words]))
    scores = Trainer(job, job.settings.train, Run.create(tmp_path / "run")).fit()
    assert scores["test"]["accuracy"] > 0.6  # of eight topics
    card = (tmp_path / "run" / "README.md").read_text(encoding="utf-8")
    assert "synthetic" in card
    assert f"{scores['test']['accuracy']:.4f}" in card
