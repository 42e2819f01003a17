"""Attributions against brute force: deletion, gradients by hand, closed forms, sums."""

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from seqkit.data.batching import Batches
from seqkit.data.interning import intern_rows
from seqkit.data.tagged import TaggedBatches
from seqkit.errors import SeqkitError
from seqkit.explain.attribution import ask, figures, integrated_gradients, occlusion
from seqkit.pages.figures import Bars, ColouredText
from seqkit.recipe import find
from seqkit.tasks.labels.text_classifier import TextClassifier
from seqkit.tasks.tags.text_tagger import TextTagger

TEXT = "The cat sleeps in the yard and the dog barks ."
KOREAN = "고양이가 마당에서 잠을 잡니다."
SMALL = ("data.n=120", "hidden=5", "embedding.size=4", "scale=1", "tokenizer=whitespace")


@cache
def classifier(*words: str) -> TextClassifier:
    recipe = find("classify")
    job: Any = recipe.build(recipe.settings([*SMALL, *words]))
    torch.manual_seed(1)
    with torch.no_grad():
        for weight in job.classifier.model.parameters():
            weight.copy_(torch.randn_like(weight) * 0.5)
    job.classifier.model.eval()
    answerer: TextClassifier = job.classifier
    return answerer


@cache
def tagger(*words: str) -> TextTagger:
    recipe = find("tagging")
    small = ["corpus=village", "data.n=60", "hidden=5", "embedding.size=4", "pretrain=none"]
    more = ["word_encoder.features=6", "unit_size=4", "piece_size=3", "bottleneck=0"]
    job: Any = recipe.build(recipe.settings([*small, *more, *words]))
    torch.manual_seed(2)
    with torch.no_grad():
        for weight in job.tagger.model.parameters():
            weight.copy_(torch.randn_like(weight) * 0.5)
    job.tagger.model.eval()
    answerer: TextTagger = job.tagger
    return answerer


def log_ratio(answerer: TextClassifier, text: str, label: str, against: str) -> float:
    """Return the output that is explained, from the probabilities that a user sees."""
    shares = answerer.predict([text])[0].probabilities
    return math.log(shares[label]) - math.log(shares[against])


SMOOTH = ["pooling=last", "pooling=mean", "pooling=attention,mean", "model=mlp"]
READ = [(read, "ngrams.longest=0") for read in (*SMOOTH, "pooling=max")]
READ += [(read, "ngrams.longest=2") for read in ("pooling=mean", "model=cnn")]
READ += [("pooling=mean", "spelling=jamo"), ("pooling=max", "spelling=jamo")]


@pytest.mark.parametrize(("read", "more"), READ)
def test_integrated_gradients_sum_to_the_difference_of_outputs(read: str, more: str) -> None:
    answerer = classifier(read, more)
    for text in (TEXT, KOREAN):
        asked = ask(answerer, text)
        found = integrated_gradients(asked, steps=64 if read in SMOOTH else 0)
        output = log_ratio(answerer, text, found.label, found.against)
        assert found.output == pytest.approx(output, abs=1e-4)
        sum_ = sum(found.values.tolist()) + found.rest
        assert found.gap == pytest.approx(found.output - found.baseline - sum_, abs=1e-12)
        near = 1e-4 if read in SMOOTH and more != "spelling=jamo" else 4e-3 * (1 + abs(output))
        assert abs(found.gap) < near
        assert np.sum(list(found.parts.values()), axis=0) == pytest.approx(found.values)
        assert found.tokens == tuple(text.split())


@pytest.mark.parametrize("more", ["ngrams.longest=0", "ngrams.longest=2"])
def test_the_baseline_is_a_text_of_zeros_without_ngrams(more: str) -> None:
    answerer = classifier("pooling=mean", more)
    found = integrated_gradients(ask(answerer, TEXT), steps=2)
    model = answerer.model
    hook = model.embedding.register_forward_hook(lambda *given: torch.zeros_like(given[2]))
    inputs = answerer.encode([TEXT])
    if inputs.bags is not None:
        inputs.bags.weights[:] = 0
    try:
        logits = dict(zip(answerer.labels, answerer.logits(inputs)[0].tolist(), strict=True))
    finally:
        hook.remove()
    assert found.baseline == pytest.approx(logits[found.label] - logits[found.against], abs=1e-5)


def test_of_a_linear_model_they_are_weights_times_inputs() -> None:
    answerer = classifier("model=mlp", "ngrams.longest=0")
    found = integrated_gradients(ask(answerer, TEXT), steps=1)
    model, names = answerer.model, answerer.labels
    weight = model.head.output.weight.detach().double()
    row = weight[names.index(found.label)] - weight[names.index(found.against)]
    ids = torch.from_numpy(answerer.encode([TEXT]).rows.values.astype(np.int64))
    assert model.embedding.table is not None
    vectors = model.embedding.table.weight.detach().double()[ids]
    np.testing.assert_allclose(found.values, (vectors @ row / len(ids)).numpy(), atol=1e-6)


def test_integrated_gradients_are_the_mean_gradient_on_the_way_from_zero() -> None:
    """Autograd by hand, a step at a time, through a hook on the embedding."""
    answerer = classifier("pooling=last", "ngrams.longest=0")
    found = integrated_gradients(ask(answerer, TEXT), steps=32)
    inputs, model, names = answerer.encode([TEXT]), answerer.model, answerer.labels
    (batch,) = Batches(inputs.rows, batch_size=1, pad=answerer.vocabulary.pad).epoch(0)
    vectors = model.embedding(batch.ids).detach()
    total, steps = torch.zeros(vectors.shape[1], dtype=torch.float64), 100
    for step in range(steps):
        x = (vectors * (step + 0.5) / steps).requires_grad_()
        hook = model.embedding.register_forward_hook(lambda *_, x=x: x)
        logits = model(batch)[0]
        hook.remove()
        output = logits[names.index(found.label)] - logits[names.index(found.against)]
        (gradient,) = torch.autograd.grad(output, x)
        total += (gradient * vectors)[0].double().sum(1) / steps
    np.testing.assert_allclose(found.values, total.numpy(), atol=1e-3)


def test_ngrams_are_shared_by_their_tokens_exactly() -> None:
    answerer = classifier("model=mlp", "ngrams.longest=2", "ngrams.of=whitespace")
    assert answerer.ngrams is not None
    assert answerer.model.wide is not None
    found = integrated_gradients(ask(answerer, TEXT), steps=2)
    words, shares = TEXT.split(), np.zeros(len(TEXT.split()))
    table = answerer.model.wide.table.weight.detach().double().numpy()
    names = answerer.labels
    column = table[:, names.index(found.label)] - table[:, names.index(found.against)]
    bag = answerer.ngrams.bags([TEXT])
    weights = dict(zip(bag.rows.values.tolist(), bag.weights.tolist(), strict=True))
    for size in (1, 2):
        texts = [words[i : i + size] for i in range(len(words) - size + 1)]
        for begin, ngram in enumerate(texts):
            key = hash_of(answerer, ngram)
            value = 0.5 * 10 * weights.get(key, 0.0) * column[key] / texts.count(ngram)
            shares[begin : begin + size] += value / size
    assert np.abs(shares).max() > 0.01
    np.testing.assert_allclose(found.parts["n-grams"], shares, atol=1e-6)
    assert found.rest == pytest.approx(0, abs=1e-6)


def hash_of(answerer: TextClassifier, ngram: list[str]) -> int:
    """Return the one hash of an n-gram that its parts have not, from bags that weigh all alike."""
    from dataclasses import replace

    assert answerer.ngrams is not None
    even = replace(answerer.ngrams, idf=np.ones_like(answerer.ngrams.idf))
    shorter = even.bags([*ngram, ""]).rows.values.tolist()
    if len(ngram) == 1:
        return int(even.bags(ngram).rows.values[0])
    (rest,) = set(even.bags([" ".join(ngram)]).rows.values.tolist()) - set(shorter)
    return int(rest)


def test_ngrams_past_the_longest_text_are_the_rest() -> None:
    answerer = classifier("model=mlp", "ngrams.longest=2", "max_length=4")
    found = integrated_gradients(ask(answerer, TEXT), steps=4)
    assert len(found.tokens) == 4
    assert abs(found.rest) > 1e-3
    assert abs(found.gap) < 1e-5


def test_ngrams_of_syllables_are_handed_on_to_whole_words() -> None:
    answerer = classifier("model=mlp", "ngrams.longest=3", "ngrams.of=syllable")
    found = integrated_gradients(ask(answerer, KOREAN), steps=4)
    assert found.tokens == tuple(KOREAN.split())
    assert np.abs(found.parts["n-grams"]).max() > 1e-3
    assert abs(found.gap) < 1e-5


@pytest.mark.parametrize(("read", "more"), [READ[4], READ[6], READ[8]])
def test_occlusion_is_deletion(read: str, more: str) -> None:
    answerer = classifier(read, more)
    found = occlusion(ask(answerer, TEXT))
    words = TEXT.split()
    whole = log_ratio(answerer, TEXT, found.label, found.against)
    for i in range(len(words)):
        without = " ".join(words[:i] + words[i + 1 :])
        expected = whole - log_ratio(answerer, without, found.label, found.against)
        assert found.values[i] == pytest.approx(expected, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("text", ["", "   ", "하나"])
def test_short_texts_are_explained_too(text: str) -> None:
    answerer = classifier("pooling=mean", "ngrams.longest=2")
    asked = ask(answerer, text)
    assert asked.tokens == ((text.strip() or "<unk>"),)
    assert abs(integrated_gradients(asked, steps=32).gap) < 1e-4
    assert occlusion(asked).values[0] == pytest.approx(
        log_ratio(answerer, text, asked.label, asked.against)
        - log_ratio(answerer, "", asked.label, asked.against),
        abs=1e-4,
    )


def test_a_multi_label_classifier_is_asked_for_log_odds() -> None:
    from dataclasses import replace

    answerer = replace(classifier("pooling=mean", "ngrams.longest=0"), multi_label=True)
    asked = ask(answerer, TEXT, label=answerer.labels[1])
    share = answerer.predict([TEXT])[0].probabilities[answerer.labels[1]]
    found = integrated_gradients(asked, steps=32)
    assert (found.label, found.against) == (answerer.labels[1], "")
    assert found.output == pytest.approx(math.log(share / (1 - share)), abs=1e-4)
    assert abs(found.gap) < 1e-4


# -- taggers --

TAGGERS = [("output=linear",), ("output=crf",), ("output=linear", "word_encoder.reader=cnn")]


@pytest.mark.parametrize("words", TAGGERS)
def test_a_tag_is_explained_whatever_gives_it(words: tuple[str, ...]) -> None:
    answerer = tagger(*words)
    answer = answerer.predict([KOREAN])[0]
    for word in (None, 0, len(answer.tokens) - 1):
        asked = ask(answerer, KOREAN, word=word)
        place = int(answer.probabilities[:, 0].argmin()) if word is None else word
        assert asked.word == place
        assert asked.label == answer.tokens[place].tag
        found = integrated_gradients(asked, steps=128)
        shares = probabilities(answerer, [token.text for token in answer.tokens])[place]
        ratio = (
            shares[answerer.tags.index(asked.label)] / shares[answerer.tags.index(asked.against)]
        )
        assert found.output == pytest.approx(math.log(ratio), abs=2e-3)
        assert abs(found.gap) < 2e-3 * (1 + abs(found.difference))
        assert set(found.parts) == {"word vectors", "spelling"}


@torch.no_grad()
def probabilities(answerer: TextTagger, words: list[str]) -> Any:
    rows = answerer.rows(intern_rows([words]))
    (batch,) = TaggedBatches(rows, batch_size=1, pad=answerer.vocabulary.pad).epoch(0)
    scores = answerer.model(batch).tags
    return answerer.model.probabilities(scores, batch.words.lengths)[0].double().numpy()


@pytest.mark.parametrize("words", TAGGERS[:2])
def test_a_tagger_reads_an_unknown_word_where_one_is_occluded(words: tuple[str, ...]) -> None:
    answerer = tagger(*words)
    asked = ask(answerer, KOREAN)
    found, given = occlusion(asked), [t.text for t in answerer.predict([KOREAN])[0].tokens]
    assert asked.word is not None
    label, other = answerer.tags.index(asked.label), answerer.tags.index(asked.against)

    def output(row: list[str]) -> float:
        shares = probabilities(answerer, row)[asked.word]
        return math.log(shares[label]) - math.log(shares[other])

    unseen = chr(0xF123)
    assert answerer.vocabulary.ids([unseen]) == [answerer.vocabulary.unk]
    for i in range(len(given)):
        expected = output(given) - output([*given[:i], unseen, *given[i + 1 :]])
        assert found.values[i] == pytest.approx(expected, abs=3e-3)


# -- errors and pictures --


def test_what_cannot_be_asked_is_refused() -> None:
    answerer = classifier("pooling=mean", "ngrams.longest=0")
    first = answerer.labels[0]
    with pytest.raises(SeqkitError, match=f"unknown label '{first}x'.*Did you mean '{first}'"):
        ask(answerer, TEXT, label=f"{first}x")
    with pytest.raises(SeqkitError, match="cannot be compared with itself"):
        ask(answerer, TEXT, label=first, against=first)
    with pytest.raises(SeqkitError, match="leave word out"):
        ask(answerer, TEXT, word=1)
    with pytest.raises(SeqkitError, match="no word 99 in a text of 5"):
        ask(tagger("output=linear"), KOREAN, word=99)
    with pytest.raises(SeqkitError, match="without words"):
        ask(tagger("output=linear"), "  ")
    with pytest.raises(SeqkitError, match="attribution is of labels and tags"):
        ask(object(), TEXT)


def test_the_pictures_hold_the_numbers() -> None:
    asked = ask(classifier("pooling=mean", "ngrams.longest=2"), KOREAN, label="", against="")
    found, other = integrated_gradients(asked), occlusion(asked)
    text, bars = figures(found, other)
    assert isinstance(text, ColouredText)
    assert isinstance(bars, Bars)
    assert text.tokens == tuple(KOREAN.split())
    assert list(text.values) == ["integrated gradients", "occlusion", "word vectors", "n-grams"]
    assert text.values["occlusion"] == other.values.tolist()
    assert bars.values == sorted(found.values.tolist(), key=abs, reverse=True)
    assert found.label in text.title
    assert f"{found.output:+.3f}" in text.about
