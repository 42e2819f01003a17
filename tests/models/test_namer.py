"""A namer's probabilities, against its own steps and against each category asked alone."""

import pytest
import torch

from seqkit.data.batch import Batch
from seqkit.decode import read
from seqkit.errors import SeqkitError
from seqkit.models import namer as module
from seqkit.models.namer import Namer, NamerSettings
from seqkit.nn.decoder_settings import DecoderSettings
from seqkit.nn.embedding import EmbeddingSettings
from seqkit.settings import parse

PAD, UNK, BOS, EOS = range(4)


def made(**chosen: object) -> Namer:
    decoder = DecoderSettings(
        embedding=EmbeddingSettings(size=5), hidden=6, attention="none", tied=False, **chosen
    )
    settings = NamerSettings(category=6, decoder=decoder)
    model = Namer(settings, vocabulary_size=9, categories=3, pad=PAD, bos=BOS, eos=EOS, unk=UNK)
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(0, 0.7)
    return model.eval()


def batch(rows: list[list[int]], targets: list[int] | None = None) -> Batch:
    longest = max(map(len, rows))
    ids = torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])
    lengths = torch.tensor([len(row) for row in rows])
    known = None if targets is None else torch.tensor(targets)
    return Batch(ids, lengths, torch.arange(len(rows)).numpy(), int(lengths.sum()), known)


NAMES = [[4, 5, EOS], [EOS], [8, 7, 6, 5, 4, EOS], [4, EOS]]


@pytest.mark.parametrize(
    "chosen", [{}, {"repeat": True}, {"repeat": True, "bridge": "zero"}, {"bridge": "copy"}]
)
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_every_category_of_a_name_is_what_its_steps_say(
    cell: str, chosen: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = made(cell=cell, **chosen)
    found = model.nll_by_category(batch(NAMES))
    for category in range(3):
        for row, name in enumerate(NAMES):
            start = model.start(torch.tensor([category]))
            said, state = read(model, [[BOS]], start)
            total = 0.0
            for token in name:
                total -= float(said[0, token].detach())
                said, state = model.step(torch.tensor([token]), state)
            assert float(found[row, category]) == pytest.approx(total, rel=1e-4)
    assert len({round(float(x), 3) for x in found[0]}) == 3  # categories differ
    monkeypatch.setattr(module, "CELLS", 1)  # a name at a time
    torch.testing.assert_close(model.nll_by_category(batch(NAMES)), found)


def test_the_loss_is_the_mean_of_a_character() -> None:
    model, targets = made(repeat=True), [2, 0, 1, 2]
    found = model.nll_by_category(batch(NAMES))[torch.arange(4), targets].sum()
    loss = model.loss(batch(NAMES, targets))
    assert float(loss.detach()) == pytest.approx(float(found) / sum(map(len, NAMES)), rel=1e-5)


def test_contradictions_get_one_line() -> None:
    for word, said in (
        ("decoder.attention=general", "nothing to attend: use attention=none"),
        ("decoder.bridge=copy", None),
    ):
        if said is None:
            chosen = parse(NamerSettings(), [word, "category=3", "hidden=4"])
            with pytest.raises(SeqkitError, match="bridge=copy copies 3 features"):
                Namer(chosen, vocabulary_size=9, categories=2, pad=0, bos=2, eos=3, unk=1)
        else:
            with pytest.raises(SeqkitError, match=said):
                parse(NamerSettings(), [word])
    with pytest.raises(SeqkitError, match="without having seen the input"):
        parse(NamerSettings(), ["bridge=zero", "repeat=false"])
