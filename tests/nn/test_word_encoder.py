import pytest
import torch
from pydantic import ValidationError
from torch.nn import functional as F

from seqkit.data.batch import Spelling
from seqkit.nn.convolution import TextCNN
from seqkit.nn.recurrent import Encoder
from seqkit.nn.word_encoder import WordEncoder, WordEncoderSettings

UNITS = [[2, 5, 6, 3], [2, 7, 3], [2, 5, 8, 9, 4, 4, 3]]


def encoder(reader: str) -> WordEncoder:
    torch.manual_seed(0)
    chosen = WordEncoderSettings(reader=reader, unit_size=5, features=8, windows=(2, 3), dropout=0)  # type: ignore[arg-type]
    return WordEncoder(10, chosen, pad=0, unk=1)


def spelling(words: list[list[int]], longest: int = 0) -> Spelling:
    lengths = torch.tensor([len(units) for units in UNITS])
    longest = max(longest, int(lengths.max()))
    units = torch.tensor([row + [0] * (longest - len(row)) for row in UNITS])
    return Spelling(torch.tensor(words), units, lengths)


def plain(model: WordEncoder, units: list[int]) -> torch.Tensor:
    """One word, straight from the definition."""
    assert model.embedding.table is not None
    x = model.embedding.table.weight[units]
    if isinstance(model.reader, Encoder):
        return model.reader(x[None], torch.tensor([len(units)])).outputs[0].amax(dim=0)
    assert isinstance(model.reader, TextCNN)
    pooled = []
    for filters in model.reader.convolutions:
        width = filters.kernel_size[0]  # type: ignore[index]
        windows = [x[i : i + width].T for i in range(len(x) - width + 1)]
        values = [F.relu((filters.weight * w).sum((1, 2)) + filters.bias) for w in windows]  # type: ignore[operator]
        pooled.append(torch.stack(values).amax(dim=0))
    return torch.cat(pooled)


@pytest.mark.parametrize("reader", ["cnn", "gru", "lstm"])
def test_a_word_has_the_vector_of_its_units_wherever_it_stands(reader: str) -> None:
    model, words = encoder(reader), [[0, 1, 2], [2, 0, 0]]
    given = model(spelling(words))
    assert model.features == given.shape[2] == 8
    for i, row in enumerate(words):
        for j, word in enumerate(row):
            torch.testing.assert_close(given[i, j], plain(model, UNITS[word]))
    torch.testing.assert_close(given, model(spelling(words, longest=12)))


def test_settings_are_checked() -> None:
    with pytest.raises(ValidationError, match=r"word_encoder.windows names no width"):
        WordEncoderSettings(windows=())
