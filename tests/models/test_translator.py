"""The translator: what it is told, its likelihoods, and that it learns."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from seqkit.data.pairs import PairBatch, PairBatches
from seqkit.data.ragged import Ragged
from seqkit.decode import DecodeSettings, decode, read
from seqkit.models.translator import Translator, TranslatorSettings
from seqkit.nn.attention import AttentionName
from seqkit.nn.cells import CellName
from seqkit.nn.decoder import DecoderSettings
from seqkit.nn.embedding import EmbeddingSettings
from seqkit.nn.recurrent import EncoderSettings
from seqkit.recipe import find

PAD, UNK, BOS, EOS, SIZE = 0, 1, 2, 3, 12
VECTORS = EmbeddingSettings(size=8)
SMALL = TranslatorSettings(
    embedding=VECTORS,
    encoder=EncoderSettings(hidden=8),
    decoder=DecoderSettings(embedding=VECTORS, hidden=16),
)


def made(chosen: TranslatorSettings = SMALL, size: int = SIZE) -> Translator:
    """Return a translator with random weights."""
    torch.manual_seed(1)
    translator = Translator(
        chosen, source_size=size, target_size=SIZE, pad=PAD, unk=UNK, bos=BOS, eos=EOS
    )
    return translator.eval()


def decoder(**chosen: Any) -> TranslatorSettings:
    """Return small settings with another decoder."""
    return replace(SMALL, decoder=replace(SMALL.decoder, **chosen))


def backwards(count: int) -> PairBatches:
    """Return rows that are to be written backwards."""
    random = torch.Generator().manual_seed(4)
    rows = []
    for _ in range(count):
        length = int(torch.randint(1, 5, (1,), generator=random))
        rows.append(torch.randint(4, SIZE, (length,), generator=random).tolist())
    targets = Ragged.from_rows([*reversed(row), EOS] for row in rows)
    source = Ragged.from_rows(rows)
    return PairBatches(source, targets, source_pad=PAD, target_pad=PAD, batch_size=16, shuffle=True)


def whole(batches: PairBatches) -> PairBatch:
    """Return the first batch."""
    return next(batches.epoch(0))


@pytest.mark.parametrize("attention", ["none", "additive", "general"])
@pytest.mark.parametrize("cells", [("lstm", "gru"), ("gru", "lstm")])
def test_a_pair_is_as_likely_alone_as_in_company(
    attention: AttentionName, cells: tuple[CellName, CellName]
) -> None:
    chosen = replace(
        decoder(attention=attention, cell=cells[1]),
        encoder=replace(SMALL.encoder, cell=cells[0], layers=2),
    )
    translator, batches = made(chosen), backwards(16)
    batch = whole(batches)
    together = translator.nll(batch)
    for i, row in enumerate(batch.rows):
        alone = translator.nll(batches.batch(batch.rows[i : i + 1]))
        torch.testing.assert_close(alone, together[i : i + 1], rtol=1e-4, atol=1e-4), row
    mean = translator.loss(batch).item()
    assert mean == pytest.approx(together.sum().item() / batch.weight, rel=1e-4)


def test_a_beam_of_every_sentence_has_their_likelihoods() -> None:
    translator, batch = made(decoder(attention="dot", input_feeding=True)), whole(backwards(5))
    state = translator.encode(batch.source)
    start = read(translator, [[BOS]] * 5, state)
    chosen = DecodeSettings(beam=3, answers=3, max_length=4)
    for row, found in enumerate(decode(translator, start, [EOS], chosen)):
        for one in found:
            if not one.ended:
                continue
            targets = Ragged.from_rows([[*one.ids, EOS]])
            length = int(batch.source.lengths[row])
            source = Ragged.from_rows([batch.source.ids[row, :length].tolist()])
            pair = whole(PairBatches(source, targets, source_pad=PAD, target_pad=PAD, batch_size=1))
            assert -translator.nll(pair).item() == pytest.approx(one.log_probability, abs=1e-3)


def test_it_learns_to_write_backwards() -> None:
    chosen = decoder(attention="additive", cell="gru")
    encoder = EncoderSettings(cell="gru", hidden=16)
    translator, batches = made(replace(chosen, encoder=encoder)), backwards(256)
    optimizer = torch.optim.Adam(translator.parameters(), 2e-2)
    translator.train()
    for epoch in range(12):
        for batch in batches.epoch(epoch):
            optimizer.zero_grad()
            translator.loss(batch).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    translator.eval()
    batch = whole(batches)
    start = read(translator, [[BOS]] * len(batch.rows), translator.encode(batch.source))
    found = decode(translator, start, [EOS], DecodeSettings(max_length=6))
    right = 0
    for row, (best,) in enumerate(found):
        length = int(batch.target_lengths[row]) - 1
        right += list(best.ids) == batch.targets[row, :length].tolist()
    assert right >= 0.75 * len(found)


def test_one_embedding_for_both_languages() -> None:
    translator = made(replace(SMALL, shared=True))
    assert translator.embedding.table is not None
    tables = [name for name, p in translator.named_parameters() if p.shape == (SIZE, 8)]
    assert tables == ["embedding.table.weight"]
    assert translator.decoder.softmax.weight is translator.embedding.table.weight
    loss = translator.loss(whole(backwards(5)))
    loss.backward()  # type: ignore[no-untyped-call]
    assert translator.embedding.table.weight.grad is not None
    with pytest.raises(ValueError, match="vocabularies of 13 and 12 are not shared"):
        made(replace(SMALL, shared=True), size=13)


def test_each_side_drops_its_own_share_of_one_embedding() -> None:
    given = replace(VECTORS, dropout=0.9)
    batch = whole(backwards(5))

    @torch.no_grad()
    def losses(source: EmbeddingSettings, target: EmbeddingSettings) -> tuple[Tensor, Tensor]:
        both = decoder(embedding=target)
        translator = made(replace(both, shared=True, embedding=source)).train()
        torch.manual_seed(3)
        first = translator.loss(batch)
        torch.manual_seed(4)
        return first, translator.loss(batch)

    calm, calm_again = losses(VECTORS, VECTORS)
    assert calm == calm_again
    assert losses(given, VECTORS)[0] != losses(given, VECTORS)[1]
    assert losses(VECTORS, given)[0] != losses(VECTORS, given)[1]
    state = made(replace(SMALL, shared=True, embedding=given)).train().decoder
    assert torch.equal(state._embedded(batch.targets), state.eval()._embedded(batch.targets))


def test_what_the_encoder_says_is_dropped_in_training_alone() -> None:
    translator, batch = made(replace(SMALL, source_dropout=0.5)), whole(backwards(5))
    plain = translator.encode(batch.source)[1][1]
    dropped = translator.train().encode(batch.source)[1][1]
    gone = (dropped == 0) & (plain != 0)
    assert 0.2 < gone.float().mean() < 0.8
    kept = dropped != 0
    torch.testing.assert_close(dropped[kept], 2 * plain[kept])
    # whole features of a row
    for row, length in enumerate(batch.source.lengths.tolist()):
        assert (gone[row, :length].all(0) | ~gone[row, :length].any(0)).all()


def test_the_shipped_configuration_is_small_and_drops_much() -> None:
    chosen = find("translation").settings([], Path("multi30k"))
    assert chosen.corpus == "multi30k"
    assert chosen.model.shared
    made(replace(chosen.model, decoder=replace(chosen.model.decoder, bfloat16=False)))
    assert chosen.model.source_dropout > 0.3
    assert chosen.model.decoder.output_dropout > 0.3


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"shared": True, "embedding": EmbeddingSettings(size=9)}, "make them equal"),
        (
            {"shared": True, "embedding": replace(VECTORS, tune=False)},
            "embedding.tune=False but decoder.embedding.tune=True: make them equal",
        ),
        ({"decoder": DecoderSettings(attention="dot")}, "use attention=general, or"),
        ({"decoder": DecoderSettings(bridge="copy")}, "16 units into 256 of the decoder"),
        (
            {"decoder": DecoderSettings(bridge="copy", hidden=16, layers=2)},
            "copies 1 layers of the encoder into 2 of the decoder",
        ),
    ],
)
def test_contradictions_are_refused(chosen: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        replace(SMALL, **chosen)
