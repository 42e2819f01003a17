"""Pooling and convolution against loops over each row's own tokens."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from seqkit.errors import SeqkitError
from seqkit.nn.activation import ACTIVATIONS
from seqkit.nn.convolution import ConvolutionSettings, TextCNN
from seqkit.nn.head import BatchNorm, Head, HeadSettings
from seqkit.nn.pooling import Pooling
from seqkit.nn.recurrent import Encoded
from seqkit.settings import parse

LENGTHS = torch.tensor([3, 6, 1])
MASK = torch.arange(6) < LENGTHS[:, None]


def test_pooling_against_rows() -> None:
    torch.manual_seed(0)
    outputs, last = torch.randn(3, 6, 4), torch.randn(2, 3, 4)  # nothing is zero at padding
    pooling = Pooling(("attention", "last", "mean", "max"), 4)
    result = pooling(Encoded(outputs, last), MASK)
    assert pooling.features == result.shape[1] == 16
    attention = pooling.attention
    assert attention is not None
    for i, length in enumerate(LENGTHS.tolist()):
        row = outputs[i, :length]
        u = torch.tanh(attention.project(row))
        alpha = torch.exp(u @ attention.query.weight[0])
        alpha = alpha / alpha.sum()
        summed = (alpha[:, None] * row).sum(0)
        expected = torch.cat([summed, last[1, i], row.mean(0), row.max(0).values])
        torch.testing.assert_close(result[i], expected)
        weights = attention.weights(outputs, MASK)[i]
        torch.testing.assert_close(weights[:length], alpha)
        assert (weights[length:] == 0).all()


@hypothesis_settings(deadline=None, max_examples=60)
@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    extra=st.integers(0, 4),
    width=st.integers(1, 6),
    stride=st.integers(1, 4),
    padding=st.sampled_from(["same", "valid"]),
    reduce=st.sampled_from(["max", "average"]),
)
def test_convolution_against_windows(
    lengths: list[int], extra: int, width: int, stride: int, padding: str, reduce: str
) -> None:
    torch.manual_seed(sum(lengths))
    words = [f"widths={width},2", f"stride={stride}", f"padding={padding}", f"reduce={reduce}"]
    cnn = TextCNN(3, parse(ConvolutionSettings(), [*words, "filters=5", "activation=tanh"]))
    time = max(lengths) + extra
    x, size = torch.randn(len(lengths), time, 3), torch.tensor(lengths)
    result = cnn(x, size, torch.arange(time) < size[:, None])[:, :5]
    convolution = cnn.convolutions[0]
    assert isinstance(convolution, nn.Conv1d)
    assert convolution.bias is not None
    kernel = convolution.weight.detach().numpy()  # (filters, features, width)
    bias = convolution.bias.detach().numpy()
    for i, length in enumerate(lengths):
        row = x[i, :length].numpy()
        if padding == "same":
            starts = range(-((width - 1) // 2), length - (width - 1) // 2, stride)
        else:
            starts = range(0, max(length - width, 0) + 1, stride)
        values = []
        for start in starts:
            value = bias.copy()
            for k in range(width):
                if 0 <= start + k < length:
                    value += kernel[:, :, k] @ row[start + k]
            values.append(np.tanh(value))
        expected = np.max(values, axis=0) if reduce == "max" else np.mean(values, axis=0)
        np.testing.assert_allclose(result[i].detach().numpy(), expected, atol=1e-5)


def test_a_filter_needs_a_width() -> None:
    with pytest.raises(SeqkitError, match=r"^convolution\.widths names no width"):
        parse(ConvolutionSettings(), ["widths="])
    with pytest.raises(SeqkitError, match="greater than 0"):
        parse(ConvolutionSettings(), ["widths=3,0"])


@pytest.mark.parametrize("norm", ["none", "layer", "batch"])
def test_head_is_its_formula(norm: str) -> None:
    torch.manual_seed(0)
    head = Head(4, parse(HeadSettings(), ["units=5,3", "activation=gelu", f"norm={norm}"]), 2)
    x = expected = torch.randn(6, 4)
    for linear in head.hidden:
        assert isinstance(linear, nn.Linear)
        expected = F.linear(expected, linear.weight, linear.bias)
        if norm != "none":
            axis = 0 if norm == "batch" else 1
            expected = expected - expected.mean(axis, keepdim=True)
            variance = (expected**2).mean(axis, keepdim=True)
            expected = expected / torch.sqrt(variance + 1e-5)
        expected = ACTIVATIONS["gelu"](expected)
    expected = F.linear(expected, head.output.weight, head.output.bias)
    torch.testing.assert_close(head(x), expected)


def test_head_dropout_stands_before_every_layer() -> None:
    torch.manual_seed(0)
    head = Head(400, parse(HeadSettings(), ["dropout=0.5"]), 1).train()
    with torch.no_grad():
        head.output.weight.fill_(1 / 400)
        head.output.bias.zero_()
    scores = head(torch.ones(500, 400))
    assert scores.std().item() == pytest.approx((1 / 400) ** 0.5, rel=0.1)
    assert head.eval()(torch.ones(1, 400)).item() == pytest.approx(1)


def test_batch_norm_of_one_row_uses_and_keeps_the_running_statistics() -> None:
    torch.manual_seed(0)
    norm = BatchNorm(3).train()
    norm(torch.randn(20, 3) * 4 + 2)
    before = {name: value.clone() for name, value in norm.state_dict().items()}
    row = torch.randn(1, 3)
    alone = norm(row)
    assert all(torch.equal(before[name], value) for name, value in norm.state_dict().items())
    torch.testing.assert_close(alone, norm.eval()(row))
