"""The layers of a network: every parameter once, shapes as of this text."""

from typing import Any

import pytest

from seqkit.explain.network import layers, picture
from seqkit.explain.reading import READERS, Reading
from seqkit.models.classifier import parameter_count
from seqkit.recipe import find
from seqkit.tasks.labels.classification import Classification


def job(recipe: str, *words: str) -> Any:
    found = find(recipe)
    made = found.build(found.settings([*words, "data.n=60"]))
    made.model.eval()
    return made


@pytest.fixture(scope="module")
def classification() -> Classification:
    return job("classify", "hidden=3", "embedding.size=4", "layers=2", "pooling=max,attention")


def read(answerer: Any, task: str, text: str) -> Reading:
    return READERS[task](answerer, text)


def test_a_classifier_s_layers_by_hand(classification: Classification) -> None:
    reading = read(classification.classifier, "classification", "The farmer sleeps.")
    time = len(reading.inputs)
    found = {layer.name: layer for layer in layers(classification.model, reading)}
    vocabulary = len(classification.classifier.vocabulary)
    assert found["embedding"].shape == f"1 × {time} × 4"
    assert found["embedding"].parameters == vocabulary * 4
    for side in ("ahead", "back"):
        first, second = (found[f"reader.encoder.{side}.{n}"] for n in (0, 1))
        assert (first.kind, first.shape) == ("lstm", f"1 × {time} × 3")
        assert first.parameters == 4 * 3 * (4 + 3) + 2 * 4 * 3  # four gates, two biases
        assert second.parameters == 4 * 3 * (6 + 3) + 2 * 4 * 3
    labels = len(classification.classifier.labels)
    assert found["head.output"].shape == f"1 × {labels}"
    names = list(found)
    assert names.index("embedding") < names.index("reader.encoder.ahead.0")
    assert names.index("reader.encoder.back.1") < names.index("head.output")


def test_parameters_of_all_layers_are_those_of_the_model(classification: Classification) -> None:
    small = ("model.embedding.size=6", "decoder.embedding.size=6", "encoder.hidden=4")
    tied = job("translation", *small, "decoder.hidden=5", "decoder.tied=true", "beam=1")
    tagger = job("tagging", "hidden=3", "embedding.size=4", "word_encoder.features=4", "output=crf")
    for model, reading in (
        (classification.model, read(classification.classifier, "classification", "고양이")),
        (tied.model, read(tied.translator, "translation", "할머니께서 만드셨습니다.")),
        (tagger.model, read(tagger.tagger, "tagging", "고양이가 잔다.")),
    ):
        counted = sum(layer.parameters for layer in layers(model, reading))
        assert counted == parameter_count(model)


def test_the_answer_is_at_its_place_in_the_picture(classification: Classification) -> None:
    answerer = classification.classifier
    reading = read(answerer, "classification", "The farmer sleeps.")
    section = picture(classification.model, reading)
    (figure,) = section.figures
    assert figure.pattern == "many-to-one"
    assert figure.bidirectional
    assert list(figure.outputs) == list(answerer.predict(["The farmer sleeps."])[0].labels)
    assert list(figure.inputs) == ["the", "farmer", "sleeps", "."]
