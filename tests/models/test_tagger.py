"""The tagger: neither padding nor company changes an answer, and both outputs learn."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from seqkit.data import spans
from seqkit.data.ragged import Ragged
from seqkit.data.spelling import Spellings
from seqkit.data.tagged import UNSEEN, TaggedBatch, TaggedBatches, TaggedRows
from seqkit.models.tagger import Tagger, TaggerSettings
from seqkit.nn.embedding import EmbeddingSettings
from seqkit.nn.recurrent import EncoderSettings
from seqkit.nn.word_encoder import WordEncoderSettings

TAGS, BESIDE = ("B-X", "I-X", "O"), ("N", "V")
UNITS = ("<pad>", "<unk>", "<bos>", "<eos>", "가", "나")
LENGTHS = [5, 1, 3, 2]


def tagger(*, second: bool = True, **chosen: object) -> Tagger:
    torch.manual_seed(0)
    settings = TaggerSettings(
        embedding=EmbeddingSettings(size=4),
        word_encoder=WordEncoderSettings(unit_size=3, features=4, reader="gru", shared=True),
        encoder=EncoderSettings(hidden=5),
        **chosen,  # type: ignore[arg-type]
    )
    return Tagger(
        settings,
        counts=(0, 0, 1, 5, 100),
        pad=0,
        unk=1,
        units=UNITS,
        tags=TAGS,
        beside=BESIDE if second else (),
        allowed=spans.allowed(TAGS),
    ).eval()


def rows() -> TaggedRows:
    random = np.random.default_rng(0)
    words = Ragged.from_rows([random.integers(1, 5, n).tolist() for n in LENGTHS])
    total = len(words.values)
    spelt = Spellings(words.values, Ragged.from_rows([[2, 3], [2, 4, 3], [5], [4, 5, 4], [4]]))
    tags = np.array([0, 1, 2, 0, 0, 2, 0, 1, 1, 2, 2], dtype=np.int32)
    return TaggedRows(words, spelt, tags, random.integers(0, 2, total).astype(np.int32))


def batches(size: int) -> list[TaggedBatch]:
    return list(TaggedBatches(rows(), batch_size=size, pad=0).epoch(0))


def test_batches_keep_every_word_with_its_tags() -> None:
    given = rows()
    assert given.tags is not None
    for size in (1, 3):
        seen = 0
        for batch in batches(size):
            assert batch.tags is not None
            assert batch.weight == batch.tokens == int(batch.words.lengths.sum())
            for i, row in enumerate(batch.words.rows.tolist()):
                begin, end = given.words.offsets[row : row + 2]
                tags = batch.tags[i, : end - begin].tolist()
                assert tags == given.tags[begin:end].tolist()
                seen += 1
        assert seen == len(LENGTHS)


@pytest.mark.parametrize("output", ["linear", "crf"])
@pytest.mark.parametrize("beside", ["target", "input"])
def test_neither_company_nor_padding_changes_an_answer(output: str, beside: str) -> None:
    model = tagger(output=output, beside=beside, bottleneck=6)
    alone = {int(batch.words.rows[0]): batch for batch in batches(1)}
    (together,) = batches(4)
    lengths, losses = together.words.lengths, 0.0
    with torch.no_grad():
        every = model(together)
        best = model.decode(every.tags, lengths)
        shares = model.probabilities(every.tags, lengths)
        for i, row in enumerate(together.words.rows.tolist()):
            single, length = alone[row], LENGTHS[row]
            emissions = model(single)
            torch.testing.assert_close(emissions.tags[0], every.tags[i, :length])
            answer = model.decode(emissions.tags, single.words.lengths)[0]
            assert answer.equal(best[i, :length])
            share = model.probabilities(emissions.tags, single.words.lengths)[0]
            torch.testing.assert_close(share, shares[i, :length])
            torch.testing.assert_close(share.sum(dim=1), torch.ones(length))
            losses += model.loss(single).item() * length
            assert (emissions.beside is None) == (beside == "input")
        assert model.loss(together).item() * sum(LENGTHS) == pytest.approx(losses, rel=1e-5)


def test_the_loss_is_that_of_both_columns() -> None:
    model = tagger()
    (batch,) = batches(4)
    emissions, mask = model(batch), batch.words.mask
    assert batch.tags is not None
    assert batch.beside is not None
    expected = F.cross_entropy(emissions.tags[mask], batch.tags[mask])
    expected = expected + F.cross_entropy(emissions.beside[mask], batch.beside[mask])
    torch.testing.assert_close(model.loss(batch), expected)


@pytest.mark.parametrize("output", ["linear", "crf"])
def test_unseen_tags_have_no_loss(output: str) -> None:
    model = tagger(second=False, output=output)
    (batch,) = batches(4)
    assert batch.tags is not None
    scores = model(batch).tags
    row = int(batch.words.lengths.argmax())
    lengths = batch.words.lengths
    before = model.nll(scores, batch.tags, lengths)
    tags = batch.tags.clone()
    tags[row, 0] = UNSEEN
    after = model.nll(scores, tags, lengths)
    assert torch.isfinite(after).all()
    others = torch.arange(len(lengths)) != row
    torch.testing.assert_close(after[others], before[others])
    assert after[row] < before[row]


def test_second_tags_that_are_read_matter_and_may_be_missing() -> None:
    model = tagger(beside="input")
    (batch,) = batches(4)
    assert batch.beside is not None
    read = model(batch).tags
    flipped = TaggedBatch(batch.words, batch.tags, 1 - batch.beside)
    assert not torch.allclose(model(flipped).tags, read)
    missing = model(TaggedBatch(batch.words)).tags
    unseen = TaggedBatch(batch.words, None, torch.full_like(batch.beside, UNSEEN))
    torch.testing.assert_close(model(unseen).tags, missing)


def test_rare_words_are_forgotten_more_often() -> None:
    model = tagger(rare_dropout=0.5).train()
    (batch,) = batches(4)
    words = batch.words
    kept = torch.stack([model._forgotten(words) == words.ids for _ in range(3000)]).float().mean(0)
    for word, share in ((2, 1 / 1.5), (3, 5 / 5.5), (4, 100 / 100.5), (1, 1.0), (0, 1.0)):
        here = kept[words.ids == word]
        assert len(here) == 0 or torch.allclose(here, torch.tensor(share), atol=0.04)
    model.eval()
    assert model._forgotten(words).equal(words.ids)


@pytest.mark.parametrize("output", ["linear", "crf"])
def test_it_learns_a_batch_by_heart(output: str) -> None:
    model = tagger(output=output, dropout=0.0, rare_dropout=0.0).train()
    (batch,) = batches(4)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(80):
        optimizer.zero_grad()
        model.loss(batch).backward()
        optimizer.step()
    model.eval()
    best = model.decode(model(batch).tags, batch.words.lengths)
    assert batch.tags is not None
    assert (best == batch.tags)[batch.words.mask].float().mean() > 0.85
