import pytest
import torch
from pydantic import ValidationError
from torch.nn import functional as F

from seqkit.data.batch import Spelling
from seqkit.nn.convolution import TextCNN
from seqkit.nn.recurrent import Encoder
from seqkit.nn.word_encoder import Pieces, WordEncoder, WordEncoderSettings, parts_of

UNITS = [[2, 5, 6, 3], [2, 7, 3], [2, 5, 8, 9, 4, 4, 3]]
SPELT = ["<pad>", "<unk>", "<bos>", "<eos>", "가", "나", "간", "a", "A", "1"]


def encoder(reader: str) -> WordEncoder:
    torch.manual_seed(0)
    chosen = WordEncoderSettings(reader=reader, unit_size=5, features=8, windows=(2, 3), dropout=0)  # type: ignore[arg-type]
    return WordEncoder(SPELT, chosen, pad=0, unk=1)


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


def vectors(words: list[list[int]], longest: int = 0, **chosen: object) -> torch.Tensor:
    """The vectors of words, each once."""
    torch.manual_seed(0)
    sizes = {"unit_size": 5, "features": 8, "piece_size": 3, "dropout": 0.0, **chosen}
    model = WordEncoder(SPELT, WordEncoderSettings(**sizes), pad=0, unk=1)  # type: ignore[arg-type]
    if model.pieces is not None:
        model.pieces.table.weight.data.normal_()
    lengths = torch.tensor([len(units) for units in words])
    longest = max(longest, int(lengths.max()))
    units = torch.tensor([row + [0] * (longest - len(row)) for row in words])
    result: torch.Tensor = model(Spelling(torch.arange(len(words))[None], units, lengths))[0]
    assert result.shape[1] == model.features
    return result


WORDS = [[2, 5, 6, 3], [2, 7, 3], [2, 3], [2, 5, 8, 9, 4, 4, 3], [4], [2, 9, 3], [2, 5, 6, 4, 3]]
EVERY = {"reader": "lstm", "keep": "both", "pieces": (2, 3), "shared": True}


def test_neither_padding_nor_order_nor_company_changes_a_word() -> None:
    together = vectors(WORDS, **EVERY)
    torch.testing.assert_close(vectors(WORDS, longest=12, **EVERY), together)
    torch.testing.assert_close(vectors(WORDS[::-1], **EVERY), together.flip(0))
    for row, word in enumerate(WORDS):
        torch.testing.assert_close(vectors([word], **EVERY)[0], together[row])


def test_both_is_the_highest_and_the_end() -> None:
    both = vectors(WORDS, reader="gru", keep="both")
    torch.testing.assert_close(both[:, :8], vectors(WORDS, reader="gru", keep="max"))
    torch.testing.assert_close(both[:, 8:], vectors(WORDS, reader="gru", keep="last"))


def test_pieces_are_summed_by_what_they_are() -> None:
    """Of length 2: a-b-c has ab and bc, so (abc * root 2) = ab + bc, wherever they stand."""
    ab, bc, abc, none = vectors([[2, 5], [5, 7], [2, 5, 7], [4]], pieces=(2,))[:, 8:]
    torch.testing.assert_close(abc * 2**0.5, ab + bc)
    assert none.eq(0).all()
    other = vectors([[5, 2]], pieces=(2,))[0, 8:]
    assert not torch.allclose(ab, other)  # order counts


def test_pieces_begin_at_nothing_and_are_left_out_while_training() -> None:
    torch.manual_seed(0)
    pieces = Pieces((2,), 3, dropout=0.4)
    units, lengths = torch.arange(40)[None], torch.tensor([40])
    assert pieces(units, lengths).eq(0).all()
    pieces.table.weight.data.fill_(1.0)  # then the sum is the root of the number of pieces
    kept = torch.stack([pieces(units, lengths)[0, 0] ** 2 for _ in range(300)]).mean()
    assert kept.item() == pytest.approx(39 * 0.6, rel=0.05)
    assert pieces.eval()(units, lengths)[0, 0].item() == pytest.approx(39**0.5)


def test_parts_of_units() -> None:
    assert parts_of("간") == ["\u1100", "\u1161", "\u11ab"]
    assert parts_of("가") == ["\u1100", "\u1161"]
    assert parts_of("A") == ["a", "capital"]
    assert parts_of("a") == ["a", "other"]
    assert parts_of("7") == ["7", "digit"]
    assert parts_of("<pad>") == []


def test_syllables_share_their_jamo() -> None:
    torch.manual_seed(0)
    chosen = WordEncoderSettings(unit_size=5, shared=True)
    parts = WordEncoder(SPELT, chosen, pad=0, unk=1).parts
    assert parts is not None
    read = parts(torch.arange(10))
    assert read[:4].eq(0).all()
    final = read[6] - read[4]  # 간 - 가 = the final ㄴ
    assert any(torch.allclose(final, vector) for vector in parts.vectors)
    assert not torch.allclose(read[4], read[5])
