"""Attention that is shown, against the model followed a step at a time and formulas by hand."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from seqkit.data.pictures import View
from seqkit.data.ragged import Ragged
from seqkit.errors import SeqkitError
from seqkit.explain.attention import attends, figures, of
from seqkit.models.captioner import CaptionerSettings
from seqkit.pages.figures import Bars, ColouredText, HeatMap
from seqkit.recipe import find
from seqkit.settings import parse
from seqkit.tasks.captions.caption_writer import CaptionWriter, build_model
from seqkit.text import tokenizer as tokenizers
from seqkit.text.vocabulary import Vocabulary

KOREAN = "고양이가 마당에서 잠을 잡니다."


def shaken(model: Any) -> Any:
    torch.manual_seed(5)
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(torch.randn_like(weight) * 0.5)
    return model.eval()


@cache
def translator(attention: str) -> Any:
    recipe = find("translation")
    words = ["data.n=80", "encoder.hidden=4", "model.embedding.size=6", "tokenizer=syllable"]
    words += ["decoder.hidden=8", "decoder.embedding.size=6", f"attention={attention}"]
    job: Any = recipe.build(recipe.settings(words))
    shaken(job.model)
    return job.translator


@cache
def classifier(*words: str) -> Any:
    recipe = find("classify")
    small = ["data.n=80", "hidden=5", "embedding.size=4", "tokenizer=whitespace"]
    job: Any = recipe.build(recipe.settings([*small, *words]))
    shaken(job.classifier.model)
    return job.classifier


@torch.no_grad()
def followed(answerer: Any, text: str, answer: str) -> np.ndarray:
    """Return the attention of each token of an answer, from the model's own steps."""
    model, target = answerer.model, answerer.target
    rows: Ragged = answerer.source.encode([text], first=answerer.max_length)
    state = model.encode(answerer._batches(rows, rows).batch(np.array([0])).source)
    found, last = [], target.vocabulary.bos
    for token in target.vocabulary.ids(target.tokenizer.words(answer)):
        _, state = model.step(torch.tensor([last]), state)
        found.append(model.attended(state)[0].numpy())
        last = token
    return np.array(found)


@pytest.mark.parametrize("attention", ["additive", "dot", "general", "concat"])
def test_a_translations_weights_are_those_it_was_written_with(attention: str) -> None:
    answerer = translator(attention)
    found = of(answerer, KOREAN)
    assert found.answer == answerer.predict([KOREAN])[0].text
    assert found.source == (*("␣" if c == " " else c for c in KOREAN), "<eos>")
    assert found.weights.shape == (len(found.target), len(found.source))
    np.testing.assert_allclose(found.weights.sum(1), 1, atol=1e-6)
    assert found.weights.std(axis=1).max() > 1e-3
    expected = followed(answerer, KOREAN, "".join(found.target).replace("␣", " "))
    np.testing.assert_allclose(found.weights, expected, atol=1e-5)


def test_a_long_sentence_is_attended_to_as_far_as_it_is_read() -> None:
    found = of(replace(translator("general"), max_length=3), KOREAN)
    assert found.source == ("고", "양", "이", "<eos>")
    np.testing.assert_allclose(found.weights.sum(1), 1, atol=1e-6)


@pytest.mark.parametrize("more", ["spelling=none", "spelling=jamo"])
def test_a_labels_weights_are_a_softmax_over_words(more: str) -> None:
    answerer = classifier("pooling=mean,attention", more)
    found = of(answerer, KOREAN)
    assert found.source == tuple(KOREAN.split())
    assert found.answer == answerer.predict([KOREAN])[0].label
    reader, seen = answerer.model.reader, []
    hook = reader.encoder.register_forward_hook(lambda *given: seen.append(given[2].outputs))
    answerer.predict([KOREAN])
    hook.remove()
    attention = reader.pooling.attention
    hidden = seen[0][0].numpy() @ attention.project.weight.detach().numpy().T
    hidden = np.tanh(hidden + attention.project.bias.detach().numpy())
    scores = hidden @ attention.query.weight.detach().numpy()[0]
    np.testing.assert_allclose(found.weights[0], np.exp(scores) / np.exp(scores).sum(), atol=1e-5)


def test_an_empty_text_is_one_unknown_word() -> None:
    found = of(classifier("pooling=mean,attention", "spelling=none"), "")
    assert found.source == ("<unk>",)
    assert found.weights.tolist() == [[1.0]]


def captioner() -> CaptionWriter:
    tokenizer = tokenizers.create("whitespace")
    vocabulary = Vocabulary.build(
        {"a": 3, "red": 2, "dog": 1}, specials=("pad", "unk", "bos", "eos")
    )
    words = ["attention=general", "decoder.hidden=6", "decoder.embedding.size=4", "features=5"]
    chosen = parse(CaptionerSettings(), words)
    model = shaken(build_model(chosen, (12, 12, 3), vocabulary))
    view = View(height=12, width=12)
    return CaptionWriter(model, tokenizer, vocabulary, view, 6)


def test_a_captioner_looks_at_places(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="needs Pillow (seqkit-nlp[images])")
    path = str(tmp_path / "a.png")
    pixels = np.random.default_rng(0).integers(0, 255, (12, 12, 3), dtype=np.uint8)
    image.fromarray(pixels).save(path)
    writer = captioner().with_options({"length": 4})
    found = of(writer, path)
    caption = writer.predict([path])[0].captions[0]
    assert found.grid == writer.model.image.positions
    assert found.answer == caption.text == " ".join(found.target)
    np.testing.assert_allclose(found.weights.sum(1), 1, atol=1e-6)
    assert found.grid is not None
    looked = [divmod(int(row.argmax()), found.grid[1]) for row in found.weights]
    assert looked == list(caption.looked_at)
    maps = figures(found)
    assert all(isinstance(each, HeatMap) and np.shape(each.values) == found.grid for each in maps)
    assert len(maps) == len(found.target)
    with pytest.raises(SeqkitError, match=r"nowhere\.png"):
        of(writer, "nowhere.png")


def test_what_has_no_attention_is_refused() -> None:
    assert not attends(translator("none"))
    assert not attends(classifier("pooling=max"))
    with pytest.raises(SeqkitError, match="this run's model has no attention: train one with"):
        of(translator("none"), KOREAN)
    with pytest.raises(SeqkitError, match="nothing can be translated of ''"):
        of(translator("general"), "")


def test_the_pictures_hold_the_numbers() -> None:
    found = of(translator("general"), KOREAN)
    (picture,) = figures(found)
    assert isinstance(picture, HeatMap)
    assert (picture.rows, picture.columns) == (found.target, found.source)
    assert picture.values is found.weights
    found = of(classifier("pooling=mean,attention", "spelling=none"), KOREAN)
    text, bars = figures(found)
    assert isinstance(text, ColouredText)
    assert isinstance(bars, Bars)
    assert text.values["weight"] == found.weights[0].tolist()
    assert bars.values == sorted(found.weights[0].tolist(), reverse=True)
    words = KOREAN.split()
    assert sorted(bars.names) == sorted(f"{word} ({i})" for i, word in enumerate(words, 1))
