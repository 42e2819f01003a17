"""The classifier: padding, losses, settings."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from seqkit.data.batch import Bag, Batch, Spelling
from seqkit.errors import SeqkitError
from seqkit.models.classifier import Classifier, ClassifierSettings, Recurrent, parameter_count
from seqkit.settings import parse

SMALL = ["embedding.size=5", "encoder.hidden=4", "filters=3", "embedding.scale=1"]
READERS = [
    *(
        f"cell={cell} bidirectional={two} layers={layers} pooling={pooling}"
        for cell in ("rnn", "rnn_relu", "lstm", "gru")
        for two in ("false", "true")
        for layers in (1, 2)
        for pooling in ("last", "mean", "max", "attention")
    ),
    "cell=gru pooling=last,mean,max,attention",
    "skip=true pooling=max,attention,mean",
    "model=mlp",
    "model=mlp embedding.kind=onehot",
    *(
        f"model=cnn widths=1,3,8 stride={stride} padding={padding} reduce={reduce}"
        for stride in (1, 3)
        for padding in ("same", "valid")
        for reduce in ("max", "average")
    ),
]


def make(words: str, labels: int = 3, seed: int = 0, **options: Any) -> Classifier:
    torch.manual_seed(seed)
    chosen = parse(ClassifierSettings(), [*SMALL, *words.split()])
    return Classifier(chosen, vocabulary_size=20, pad=0, unk=1, labels=labels, **options)


def batch(rows: list[list[int]], columns: int = 0, targets: Tensor | None = None) -> Batch:
    """The rows, padded to at least ``columns``."""
    lengths = torch.tensor([len(row) for row in rows])
    ids = torch.zeros(len(rows), max(int(lengths.max()), columns), dtype=torch.int64)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
    return Batch(ids, lengths, np.arange(len(rows)), int(lengths.sum()), targets)


def gradients(model: Classifier, logits: Tensor) -> list[Tensor]:
    model.zero_grad()
    (logits * torch.tensor([1.0, -2.0, 0.5])).sum().backward()  # type: ignore[no-untyped-call]
    return [p.grad if p.grad is not None else torch.zeros(()) for p in model.parameters()]


token_rows = st.lists(st.lists(st.integers(1, 19), min_size=1, max_size=9), min_size=1, max_size=4)


@pytest.mark.parametrize("words", READERS)
@hypothesis_settings(deadline=None, max_examples=4)
@given(row=token_rows.map(lambda rows: rows[0]), others=token_rows, columns=st.integers(0, 14))
def test_padding_and_neighbours_change_nothing(
    words: str, row: list[int], others: list[list[int]], columns: int
) -> None:
    model = make(words)
    alone = model(batch([row]))
    expected = [g.clone() for g in gradients(model, alone)]
    among = model(batch([*others, row], columns))[-1:]
    torch.testing.assert_close(among, alone, rtol=1e-5, atol=1e-5)
    for ours, theirs in zip(gradients(model, among), expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("words", ["cell=lstm", "model=cnn padding=same"])
def test_word_order_matters_and_not_to_the_bag(words: str) -> None:
    forwards, backwards = batch([[2, 3, 4, 5, 6]]), batch([[6, 5, 4, 3, 2]])
    model, bag = make(words), make("model=mlp")
    assert (model(forwards) - model(backwards)).abs().max() > 1e-3
    torch.testing.assert_close(bag(forwards), bag(backwards))


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weights", [None, [0.5, 3.0, 1.0]])
def test_cross_entropy(smoothing: float, weights: list[float] | None) -> None:
    given = None if weights is None else torch.tensor(weights)
    model = make(f"model=mlp label_smoothing={smoothing}", class_weights=given)
    data = batch([[2, 3], [4], [5, 6, 7], [8]], targets=torch.tensor([1, 0, 2, 1]))
    z = model(data).detach().double().numpy()
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    q = np.eye(3)[[1, 0, 2, 1]] * (1 - smoothing) + smoothing / 3
    expected = -(q * np.array(weights or [1, 1, 1]) * log_p).sum(axis=1).mean()
    assert model.loss(data).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weights", [None, [0.5, 3.0, 1.0]])
@pytest.mark.parametrize("dtype", [torch.float32, torch.uint8])
def test_binary_cross_entropy(
    smoothing: float, weights: list[float] | None, dtype: torch.dtype
) -> None:
    given = None if weights is None else torch.tensor(weights)
    words = f"model=mlp label_smoothing={smoothing}"
    model = make(words, multi_label=True, class_weights=given)
    y = np.array([[1.0, 0, 1], [0, 0, 0]])
    data = batch([[2, 3], [4]], targets=torch.tensor(y).to(dtype))
    p = 1 / (1 + np.exp(-model(data).detach().double().numpy()))
    y = y * (1 - smoothing) + smoothing / 2
    w = np.array(weights or [1, 1, 1])
    expected = -(w * y * np.log(p) + (1 - y) * np.log(1 - p)).sum(1).mean()
    assert model.loss(data).item() == pytest.approx(expected, rel=1e-5)


def test_class_weights_are_not_saved() -> None:
    weighted = make("model=mlp", class_weights=torch.ones(3))
    plain = make("model=mlp", seed=1)
    plain.load_state_dict(weighted.state_dict())
    data = batch([[2, 3], [4]])
    torch.testing.assert_close(plain(data), weighted(data))


@pytest.mark.parametrize("words", ["pooling=attention", "pooling=max,attention skip=true"])
def test_attention_is_what_the_logits_use(words: str) -> None:
    model = make(words).eval()
    data = batch([[2, 3, 4], [5]])
    weights = model.attention(data)
    assert weights is not None
    torch.testing.assert_close(weights.sum(1), torch.ones(2))
    assert weights[1].tolist() == [1, 0, 0]
    reader = model.reader
    assert isinstance(reader, Recurrent)
    outputs = reader.encode(model.embedding(data.ids), data).outputs
    summed = (weights[:, :, None] * outputs).sum(1)
    pooled = reader(model.embedding(data.ids), data)
    torch.testing.assert_close(pooled[:, -summed.shape[1] :], summed)


@pytest.mark.parametrize("words", ["pooling=max", "model=mlp", "model=cnn"])
def test_no_attention(words: str) -> None:
    assert make(words).attention(batch([[2, 3]])) is None


def test_skip_is_the_recurrent_cnn() -> None:
    model = make("skip=true bidirectional=true")
    data = batch([[2, 3, 4], [5]])
    x = model.embedding(data.ids)
    reader = model.reader
    assert isinstance(reader, Recurrent)
    join = reader.join
    assert join is not None
    outputs = reader.encoder(x, data.lengths).outputs
    for i, length in enumerate([3, 1]):
        both = torch.cat([x[i, :length], outputs[i, :length]], 1)
        y = torch.tanh(both @ join.weight.T + join.bias).max(0).values
        torch.testing.assert_close(model(data)[i], model.head(y))


@pytest.mark.parametrize("words", ["cell=gru pooling=last layers=2", "model=mlp", "model=cnn"])
def test_it_learns(words: str) -> None:
    model = make(f"{words} head.units=8 head.norm=batch")
    rows = [[2, 3, 4], [5, 6], [7, 8, 9, 10], [3, 2], [6, 5, 5], [9, 7]]
    data = batch(rows, targets=torch.tensor([0, 1, 2, 0, 1, 2]))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    for _ in range(40):
        optimizer.zero_grad()
        model.loss(data).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert model.eval()(data).argmax(1).tolist() == [0, 1, 2, 0, 1, 2]
    one = batch([[2, 3, 4]], targets=torch.tensor([0]))
    assert model.train().loss(one).isfinite()


def test_parameter_count() -> None:
    words = "encoder.hidden=4 bidirectional=true embedding.tune="
    lstm = 2 * 4 * (4 * 5 + 4 * 4 + 4 + 4)
    head = 8 * 3 + 3
    assert parameter_count(make(words + "true")) == 20 * 5 + lstm + head
    assert parameter_count(make(words + "false")) == lstm + head


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("skip=true pooling=last", "^skip=true pools over all tokens"),
        ("pooling=max,max", "^pooling=max,max names one of them twice"),
        ("pooling=", "^pooling names nothing"),
        ("pooling=meen", r"^setting 'pooling\.0' = 'meen': .*Did you mean 'mean'\?\.?$"),
        ("cell=ltsm", "Did you mean 'lstm'"),
        ("model=bert", "'model' = 'bert'"),
        ("embedding.kind=onehot embedding.vectors=a.txt", "^embedding.kind=onehot has no use"),
        ("dropout=0.1", "could be embedding.dropout or word_encoder.dropout or"),
        ("head.units=0", "greater than 0"),
        ("encoder.hidden=0", "greater than or equal to 1"),
        ("head.norm=bach", "Did you mean 'batch'"),
    ],
)
def test_settings_that_make_no_sense(words: str, message: str) -> None:
    with pytest.raises(SeqkitError, match=message) as error:
        parse(ClassifierSettings(), words.split())
    assert "\n" not in str(error.value)


def test_expectations_are_the_answer_to_a_text_that_says_nothing() -> None:
    model = make("model=mlp", multi_label=True)
    torch.nn.init.zeros_(model.head.output.weight)
    shares = torch.tensor([0.7, 0.2, 0.1])
    model.expect(shares)
    torch.testing.assert_close(torch.sigmoid(model(batch([[2, 3]]))[0]), shares)


def with_extras(rows: list[list[int]], targets: Tensor | None = None) -> Batch:
    """A batch whose tokens are spelt with two units each, and whose texts have two n-grams."""
    given = batch(rows, targets=targets)
    spelling = Spelling(given.ids % 4, torch.arange(2, 10).reshape(4, 2), torch.full((4,), 2))
    features = torch.tensor([row[0] % 5 + i for row in rows for i in (0, 1)])
    bag = Bag(features, torch.full((2 * len(rows),), 0.5**0.5), 2 * torch.arange(len(rows)))
    return replace(given, spelling=spelling, bag=bag)


def test_the_linear_part_and_the_network_learn_alone_and_answer_together() -> None:
    rows, targets = [[2, 3, 4], [5, 6], [7]], torch.tensor([0, 2, 1])
    model, plain = make("head.dropout=0", ngrams=8), make("head.dropout=0", ngrams=8)
    assert model.wide is not None
    torch.nn.init.normal_(model.wide.table.weight)
    given = with_extras(rows, targets)
    deep, wide = model.parts(given)
    torch.testing.assert_close(model(given), (deep + wide) / 2)
    plain.load_state_dict(model.state_dict())
    torch.testing.assert_close(wide, model.wide(given.bag))  # type: ignore[arg-type]
    model.loss(given).backward()  # type: ignore[no-untyped-call]
    plain.zero_grad()
    (F.cross_entropy(plain.parts(given)[0], targets) / 2).backward()
    for (name, ours), theirs in zip(model.named_parameters(), plain.parameters(), strict=True):
        if not name.startswith("wide"):
            torch.testing.assert_close(ours.grad, theirs.grad)
        else:
            assert theirs.grad is None
            assert ours.grad is not None


def test_the_spelling_of_a_token_stands_beside_its_vector() -> None:
    model, given = make("", units=[*"<>[]가나간갈abAB"]).eval(), with_extras([[2, 3, 4], [5, 6]])
    assert model.word_encoder is not None
    assert given.spelling is not None
    vector, spelt = model.embed(given).split(
        [model.embedding.features, model.word_encoder.features], dim=2
    )
    torch.testing.assert_close(vector, model.embedding(given.ids))
    torch.testing.assert_close(spelt, model.word_encoder(given.spelling))
    other = replace(given, spelling=replace(given.spelling, units=given.spelling.units.flip(0)))
    assert not torch.allclose(model(given), model(other))
