"""Training steps of a translator: seqkit beside the loop that tutorials have.

Both have the same model with the same weights: a bidirectional GRU, additive attention (Bahdanau
et al. 2015), a GRU that reads the context, and a softmax. The tutorial's loop takes one Python step
a token, projects the whole source anew in each, asks torch's cross-entropy and Adam for the rest,
and pads batches of random sentences to their longest; seqkit's are of like lengths. Both are
measured with both kinds, and the losses of a first batch must agree. Steps alternate, on one
thread; what is counted is CPU time.

    python benchmarks/seq2seq.py [--rounds 10] [--rows 64] [--words 8000] [--size 256]
"""

import argparse
import os
import time
from collections.abc import Callable
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # before torch starts its threads

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqkit.data.batching import permutation
from seqkit.data.pairs import PairBatch, PairBatches
from seqkit.data.ragged import Ragged
from seqkit.models.translator import Translator, TranslatorSettings
from seqkit.nn.attention import Additive, AttentionName
from seqkit.nn.cells import TorchCell
from seqkit.nn.decoder import DecoderSettings
from seqkit.nn.embedding import EmbeddingSettings
from seqkit.nn.recurrent import EncoderSettings
from seqkit.train.optimizers import OptimizerSettings, build_optimizers, clip_gradients

PAD, UNK, BOS, EOS = range(4)


class Tutorial(nn.Module):
    """The model as tutorials write it, with the weights of ``twin``."""

    def __init__(self, twin: Translator) -> None:
        super().__init__()
        chosen, words = twin.chosen, twin.embedding.vocabulary_size
        size, hidden = chosen.embedding.size, chosen.decoder.hidden
        both = 2 * chosen.encoder.hidden
        self.source, self.target = nn.Embedding(words, size), nn.Embedding(words, size)
        self.encoder = nn.GRU(size, chosen.encoder.hidden, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(both, hidden)
        self.query = nn.Linear(hidden, hidden, bias=False)
        self.key = nn.Linear(both, hidden, bias=False)
        self.score = nn.Linear(hidden, 1, bias=False)
        self.decoder = nn.GRU(size + both, hidden, batch_first=True)
        self.join = nn.Linear(hidden + both + size, hidden)
        self.output = nn.Linear(hidden, words)
        self._copy(twin)

    @torch.no_grad()
    def _copy(self, twin: Translator) -> None:
        ours, bridge, attention = twin.decoder, twin.decoder.bridge.layer, twin.decoder.attention
        assert isinstance(attention, Additive)
        pairs: list[tuple[Any, Any]] = [(self.source, twin.embedding.table)]
        pairs += [(self.target, ours.embedding.table)]
        pairs += [(self.bridge, bridge), (self.query, attention.query), (self.key, attention.key)]
        pairs += [(self.score, attention.score), (self.join, ours.output)]
        pairs += [(self.output, ours.softmax)]
        for mine, theirs in pairs:
            mine.weight.copy_(theirs.weight)
            if getattr(mine, "bias", None) is not None:
                mine.bias.copy_(theirs.bias)
        cells = [
            (self.encoder, twin.encoder.ahead[0], ""),
            (self.decoder, ours.encoder.ahead[0], ""),
        ]
        for module, cell, suffix in [*cells, (self.encoder, twin.encoder.back[0], "_reverse")]:
            assert isinstance(cell, TorchCell)
            for name, value in cell.fused.named_parameters():
                getattr(module, name + suffix).copy_(value)

    def forward(self, batch: PairBatch) -> Tensor:
        """Return the mean loss a token."""
        lengths = batch.source.lengths
        packed = nn.utils.rnn.pack_padded_sequence(
            self.source(batch.source.ids), lengths, batch_first=True, enforce_sorted=False
        )
        read, last = self.encoder(packed)
        outputs, _ = nn.utils.rnn.pad_packed_sequence(read, batch_first=True)
        h = torch.tanh(self.bridge(torch.cat([last[0], last[1]], dim=1)))[None]
        ids, logits = torch.full_like(batch.targets[:, :1], BOS), []
        for t in range(batch.targets.shape[1]):
            x = self.target(ids)
            together = torch.tanh(self.query(h[0])[:, None] + self.key(outputs))
            scores = self.score(together)[..., 0].masked_fill(~batch.source.mask, -1e10)
            context = scores.softmax(dim=1)[:, None] @ outputs
            y, h = self.decoder(torch.cat([x, context], dim=2), h)
            joined = torch.tanh(self.join(torch.cat([y, context, x], dim=2)))
            logits.append(self.output(joined[:, 0]))
            ids = batch.targets[:, t : t + 1]
        every = torch.stack(logits, dim=1).flatten(0, 1)
        return F.cross_entropy(every, batch.targets.flatten(), ignore_index=PAD)


def pairs(count: int, words: int) -> tuple[Ragged, Ragged]:
    """Return pairs with lengths as captions have them, words as Zipf has them."""
    random = np.random.default_rng(0)
    lengths = np.clip(random.gamma(9.0, 1.55, count).round().astype(int), 4, 40)
    others = np.clip((lengths * random.normal(1.0, 0.14, count)).round().astype(int), 4, 40)

    def ids(length: int) -> list[int]:
        rank = np.exp(random.random(length) * np.log(words - 4)).astype(int)
        return [int(one) for one in 3 + rank]

    source = Ragged.from_rows(ids(length) for length in lengths)
    return source, Ragged.from_rows([*ids(length), EOS] for length in others)


def settings(size: int, attention: AttentionName, bfloat16: bool) -> TranslatorSettings:
    """Return the settings of the model."""
    vectors = EmbeddingSettings(size=size)
    decoder = DecoderSettings(
        embedding=vectors,
        cell="gru",
        hidden=2 * size,
        attention=attention,
        tied=False,
        bfloat16=bfloat16,
    )
    encoder = EncoderSettings(cell="gru", hidden=size)
    return TranslatorSettings(embedding=vectors, encoder=encoder, decoder=decoder)


Step = Callable[[PairBatch], Tensor]


def tutorial_step(model: Tutorial) -> Step:
    """Return the tutorial's training step."""
    optimizer = torch.optim.Adam(model.parameters())

    def step(batch: PairBatch) -> Tensor:
        optimizer.zero_grad()
        loss: Tensor = model(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return loss

    return step


def our_step(model: Translator) -> Step:
    """Return what the training loop does with a batch."""
    optimizers = build_optimizers(model, OptimizerSettings(optimizer="lazy_adam"))

    def step(batch: PairBatch) -> Tensor:
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss = model.loss(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        clip_gradients(model, 1.0, 0.0)
        for optimizer in optimizers:
            optimizer.step()
        return loss

    return step


def main() -> None:
    """Measure, and print a line a contestant."""
    parser = argparse.ArgumentParser()
    for name, value in (("rounds", 10), ("rows", 64), ("words", 8000), ("size", 256)):
        parser.add_argument(f"--{name}", type=int, default=value)
    given = parser.parse_args()
    torch.set_num_threads(1)
    source, targets = pairs(200 * given.rows, given.words)
    cut = {"source_pad": PAD, "target_pad": PAD, "batch_size": given.rows, "shuffle": True}
    batches = PairBatches(source, targets, **cut)
    order = permutation(len(source), 1).reshape(-1, given.rows)
    drawn = {"random": list(order), "sorted": batches.plan(0)}
    ids = {"source_size": given.words, "target_size": given.words}
    ids |= {"pad": PAD, "unk": UNK, "bos": BOS, "eos": EOS}

    def ours(attention: AttentionName, bfloat16: bool = False) -> Translator:
        torch.manual_seed(0)
        return Translator(settings(given.size, attention, bfloat16), **ids).train()

    first = batches.batch(drawn["random"][-1])
    losses = Tutorial(ours("additive"))(first).item(), ours("additive").loss(first).item()
    print(f"loss of a first batch: {losses[0]:.5f} and {losses[1]:.5f}")
    assert abs(losses[0] - losses[1]) < 1e-3
    steps = {
        "tutorial": tutorial_step(Tutorial(ours("additive"))),
        "seqkit": our_step(ours("additive")),
        "seqkit, bfloat16 softmax": our_step(ours("additive", bfloat16=True)),
        "seqkit, Luong in one pass": our_step(ours("general")),
    }
    spent = {(name, kind): 0.0 for kind in drawn for name in steps}
    tokens = dict.fromkeys(drawn, 0)
    for number in range(given.rounds + 1):
        for kind, rows in drawn.items():
            batch = batches.batch(rows[number])
            for name, step in steps.items():
                begin = time.process_time()
                step(batch)
                if number:  # the first compiles
                    spent[name, kind] += time.process_time() - begin
            tokens[kind] += batch.weight if number else 0
    base = tokens["random"] / spent["tutorial", "random"]
    for (name, kind), seconds in spent.items():
        speed, same = tokens[kind] / seconds, spent["tutorial", kind] / seconds
        print(
            f"{kind} batches, {name:26s} {speed:6.0f} target tokens/s   x{same:.2f} of the "
            f"tutorial's with the same batches, x{speed / base:.2f} of it with random ones"
        )


if __name__ == "__main__":
    main()
