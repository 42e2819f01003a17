"""ONNX graphs say what torch says, for every layer there is, at several sizes."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from seqkit.data import spans
from seqkit.errors import SeqkitError
from seqkit.export import models, translator
from seqkit.export.checking import SIZES, check
from seqkit.models.classifier import Classifier, ClassifierSettings
from seqkit.models.language_model import LanguageModel, LanguageModelSettings
from seqkit.models.tagger import Tagger, TaggerSettings
from seqkit.models.translator import Translator, TranslatorSettings
from seqkit.nn.cells import CELLS
from seqkit.settings import parse

EXACT = 1e-5
CLASSIFIERS = [
    "cell=lstm layers=2 pooling=last,mean,max,attention",
    "cell=gru bidirectional=false pooling=last",
    "cell=rnn_relu skip=true pooling=attention,max",
    "cell=minlstm layers=2 pooling=last,max",
    "model=mlp embedding.kind=onehot head.units=6 head.norm=batch head.activation=gelu",
    "model=mlp head.units=6 head.norm=layer head.activation=leaky_relu",
    "model=cnn widths=1,3,8 stride=3 padding=same reduce=average",
    "model=cnn widths=2,5 convolution.activation=tanh",
]
SPELLINGS = [
    "word_encoder.reader=cnn word_encoder.pieces=2,3",
    "word_encoder.reader=lstm word_encoder.keep=both word_encoder.pieces=2,3,4",
    "word_encoder.reader=gru word_encoder.keep=last",
    "word_encoder.reader=cnn word_encoder.shared=true",
]
SPELT = ["<pad>", "<unk>", "<bos>", "<eos>", "가", "나", "간", "a", "A"]
TRANSLATORS = [
    "decoder.attention=none decoder.bridge=zero decoder.repeat=true",
    "decoder.attention=additive decoder.layers=2 decoder.input_feeding=true",
    "decoder.attention=dot decoder.bridge=copy",
    "decoder.attention=general decoder.cell=gru shared=true decoder.input_feeding=true",
    "decoder.attention=concat decoder.cell=mogrifier encoder.cell=mingru",
]


def classifier(words: str, **options: Any) -> Classifier:
    torch.manual_seed(0)
    small = ["embedding.size=5", "encoder.hidden=4", "filters=3", "embedding.scale=1"]
    chosen = parse(ClassifierSettings(), [*small, *words.split()])
    model = Classifier(chosen, vocabulary_size=20, pad=0, unk=1, labels=3, **options).eval()
    _stir(model)
    return model


def _stir(model: torch.nn.Module) -> None:
    """Give weights that start at zero, and running statistics, some value."""
    for name, tensor in model.state_dict().items():
        if tensor.dtype.is_floating_point and not tensor.any():
            tensor.normal_()
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 2)


def language_model(words: str) -> LanguageModel:
    torch.manual_seed(0)
    small = ["embedding.size=5", "encoder.hidden=4", "encoder.layers=2"]
    chosen = parse(LanguageModelSettings(), [*small, *words.split()])
    return LanguageModel(chosen, vocabulary_size=20, pad=0, unk=1).eval()


def test_sizes_are_several_lengths_and_rows() -> None:
    assert len({rows for rows, _ in SIZES}) >= 3
    assert len({time for _, time in SIZES}) >= 3


@pytest.mark.parametrize("words", CLASSIFIERS)
def test_classifiers(words: str) -> None:
    assert check(models.classifier(classifier(words))) < EXACT


@pytest.mark.parametrize("words", SPELLINGS)
def test_classifiers_that_read_spelling_and_ngrams(words: str) -> None:
    assert check(models.classifier(classifier(words, units=SPELT, ngrams=256))) < EXACT


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_steps_on_from_a_state(cell: str) -> None:
    assert check(models.language_model(language_model(f"cell={cell}"))) < EXACT


@pytest.mark.parametrize(
    "words",
    [
        "tied=false softmax.softmax=adaptive cutoffs=5,12",
        "projection=true hidden=7",
        "tied=false embedding.kind=onehot softmax.softmax=sampled",
    ],
)
def test_language_models(words: str) -> None:
    assert check(models.language_model(language_model(words))) < EXACT


@pytest.mark.parametrize(
    "words", ["output=crf join=+", "beside=input bottleneck=0 word_encoder.reader=cnn"]
)
def test_taggers(words: str) -> None:
    torch.manual_seed(0)
    small = ["embedding.size=4", "unit_size=3", "word_encoder.features=4", "encoder.hidden=5"]
    tags = ("B-X", "I-X", "O") if "crf" not in words else ("a", "a+b", "b")
    model = Tagger(
        parse(TaggerSettings(), [*small, *words.split()]),
        counts=(0, 0, 1, 5, 100),
        pad=0,
        unk=1,
        units=("<pad>", "<unk>", "<bos>", "<eos>", "가", "N"),
        tags=tags,
        beside=("N", "V"),
        allowed=spans.allowed(tags),
    ).eval()
    _stir(model)
    assert check(models.tagger(model)) < EXACT


@pytest.mark.parametrize("words", TRANSLATORS)
def test_translators(words: str) -> None:
    torch.manual_seed(0)
    small = ["embedding.size=6", "encoder.hidden=4", "decoder.embedding.size=6", "decoder.hidden=8"]
    chosen = parse(TranslatorSettings(), [*small, *words.split()])
    sizes = {"source_size": 13, "target_size": 13}
    model = Translator(chosen, **sizes, pad=0, unk=1, bos=2, eos=3).eval()
    for part in translator.parts(model):
        assert check(part) < EXACT


def test_a_graph_that_says_something_else_is_refused() -> None:
    model = classifier("cell=lstm")
    part = models.classifier(model)
    with torch.no_grad():
        model.head.output.bias += 0.01
    with pytest.raises(SeqkitError, match=r"differ by .* in logits .*: nothing was written"):
        check(part)


def test_a_graph_whose_time_is_frozen_is_refused() -> None:
    part = models.classifier(classifier("model=mlp"))
    shape = part.model.graph.input[0].type.tensor_type.shape.dim
    shape[1].dim_value = SIZES[0][1]
    with pytest.raises(SeqkitError, match="does not fit"):
        check(part)


def test_padding_is_not_read() -> None:
    part = models.classifier(classifier("cell=gru pooling=last,mean"))
    random = np.random.default_rng(0)

    def example(rows: int, time: int, random: np.random.Generator) -> models.Arrays:
        given = part.example(rows, time, random)
        wider = np.pad(given["ids"], [(0, 0), (0, 3)], constant_values=7)
        return {**given, "ids": wider}

    def expected(given: models.Arrays) -> dict[str, torch.Tensor]:
        return part.expected({**given, "ids": given["ids"][:, :-3]})

    assert example(2, 4, random)["ids"].shape == (2, 7)
    assert check(replace(part, example=example, expected=expected)) < EXACT
