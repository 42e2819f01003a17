"""Translation with beam 5: seqkit beside a loop over hypotheses, on one CPU thread.

The same model with the same weights translates the same sentences. The other loop is that of most
tutorials: sentence by sentence, and each hypothesis is stepped alone. Both search alike, and their
translations are compared. Rounds alternate; the figure is the median over rounds of the ratio of
CPU times.

    python benchmarks/translation.py
    python benchmarks/translation.py --attention additive --hidden 256 --words 10000 --rounds 5
    python benchmarks/translation.py --joeynmt

Weights are random, and a translation is about as long as its source. With `--joeynmt`, JoeyNMT
2.3.0 (`pip install --no-deps joeynmt`, and what it imports) takes the place of the loop: a model of
the same layers, sizes and kind of attention, with input feeding. All sentences are then of 13
tokens and translations of 14, as it has one greatest length for a batch; the weights of both are
random, so that only speed is compared.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from seqkit.data.batch import Batch
from seqkit.decode import DecodeSettings, decode, read
from seqkit.models.translator import Translator, TranslatorSettings
from seqkit.settings import parse

UNK, PAD, BOS, EOS = range(4)
Sentences = list[list[int]]


def model_of(words: int, hidden: int, attention: str, feeding: bool) -> Translator:
    """Return a translator with random weights, of one layer of LSTMs on either side."""
    torch.manual_seed(0)
    chosen = parse(
        TranslatorSettings(),
        [
            f"embedding.size={hidden}",
            f"decoder.embedding.size={hidden}",
            f"encoder.hidden={hidden // 2}",
            f"decoder.hidden={hidden}",
            f"attention={attention}",
            f"input_feeding={feeding}",
        ],
    )
    model = Translator(
        chosen, source_size=words, target_size=words, pad=PAD, unk=UNK, bos=BOS, eos=EOS
    )
    return model.eval()


def sentences_of(count: int, words: int) -> Sentences:
    """Return sources whose lengths are those of captions of pictures: 13 tokens, more or less."""
    draw = np.random.default_rng(0)
    lengths = draw.normal(13, 4, count).round().clip(4, 40).astype(int)
    return [draw.integers(4, words, length).tolist() for length in lengths]


def batch_of(sources: Sentences) -> Batch:
    """Return padded sources."""
    lengths = torch.tensor([len(source) for source in sources])
    rows = [torch.tensor(source) for source in sources]
    ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=PAD)
    return Batch(ids, lengths, np.arange(len(sources)), int(lengths.sum()))


def ours(model: Translator, sources: Sentences, beam: int, at_once: int) -> Sentences:
    """Translate with all sentences and hypotheses of a batch together, longest sentences first."""
    chosen = DecodeSettings(beam=beam, max_length=1, max_ratio=1)
    order = sorted(range(len(sources)), key=lambda i: -len(sources[i]))
    found: Sentences = [[] for _ in sources]
    for begin in range(0, len(order), at_once):
        rows = order[begin : begin + at_once]
        some = [sources[i] for i in rows]
        with torch.inference_mode():
            start = read(model, [[BOS]] * len(some), model.encode(batch_of(some)))
        answers = decode(model, start, [EOS], chosen, sources=[len(s) for s in some])
        for row, (best,) in zip(rows, answers, strict=True):
            found[row] = list(best.ids)
    return found


@torch.inference_mode()
def tutorial(model: Translator, sources: Sentences, beam: int) -> Sentences:
    """Translate sentence by sentence, stepping each hypothesis alone."""
    return [_searched(model, source, beam) for source in sources]


def _searched(model: Translator, source: list[int], beam: int) -> list[int]:
    live: list[tuple[float, list[int], Any]] = [(0.0, [BOS], model.encode(batch_of([source])))]
    ended: list[tuple[float, list[int]]] = []
    for time_left in range(len(source) + 1, -1, -1):
        ways: list[tuple[float, list[int], Any]] = []
        for total, ids, state in live:
            logs, after = model.step(torch.tensor(ids[-1:]), state)
            best, tokens = logs[0].topk(beam + 1)
            if time_left == 0:
                ended.append((total + float(best[0]) * (int(tokens[0]) == EOS), ids[1:]))
            ways += [
                (total + gained, [*ids, token], after)
                for gained, token in zip(best.tolist(), tokens.tolist(), strict=True)
            ]
        ways.sort(key=lambda way: -way[0])
        ended += [(total, ids[1:-1]) for total, ids, _ in ways[:beam] if ids[-1] == EOS]
        live = [way for way in ways if way[1][-1] != EOS][:beam]
        if ended and max(ended)[0] >= live[0][0]:
            break
    return max(ended)[1]


def joeynmt_of(words: int, hidden: int, attention: str) -> Callable[[Sentences, int], Sentences]:
    """Return JoeyNMT's own translation with a model of those sizes, given sentences and a beam."""
    from types import SimpleNamespace

    from joeynmt.model import build_model
    from joeynmt.search import beam_search
    from joeynmt.vocabulary import Vocabulary

    names = {"unk": UNK, "pad": PAD, "bos": BOS, "eos": EOS}  # its own order
    special: dict[str, Any] = {f"{name}_token": f"<{name}>" for name in names}
    special |= {f"{name}_id": place for name, place in names.items()}
    tokens = [str(i) for i in range(4, words)]
    chosen = SimpleNamespace(**special, sep_token=None, sep_id=None, lang_tags=[])
    vocabulary = Vocabulary(tokens, chosen)
    layer = {
        "type": "recurrent",
        "rnn_type": "lstm",
        "num_layers": 1,
        "embeddings": {"embedding_dim": hidden, "scale": False},
    }
    settings = {
        "initializer": "xavier_uniform",
        "bias_initializer": "zeros",
        "tied_softmax": True,
        "encoder": {**layer, "hidden_size": hidden // 2, "bidirectional": True},
        "decoder": {
            **layer,
            "hidden_size": hidden,
            "attention": "bahdanau" if attention == "additive" else "luong",
            "init_hidden": "bridge",
            "input_feeding": True,
        },
    }
    torch.manual_seed(0)
    model = build_model(settings, vocabulary, vocabulary).eval()

    @torch.inference_mode()
    def write(sources: Sentences, beam: int) -> Sentences:
        batch = batch_of(sources)
        mask = (batch.ids != PAD)[:, None]
        read, last, _, _ = model(
            return_type="encode", src=batch.ids, src_length=batch.lengths, src_mask=mask
        )
        size = max(map(len, sources)) + 1
        ids, _, _ = beam_search(model, beam, read, last, mask, size, -1, min_output_length=size)
        rows: Sentences = ids.tolist()
        return rows

    return write


def main() -> None:
    """Print the seconds a token, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--words", type=int, default=10_000)
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--attention", default="general")
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--sentences", type=int, default=256, help="of a round")
    parser.add_argument("--compared", type=int, default=16, help="of them, by the tutorial's loop")
    parser.add_argument("--at-once", type=int, default=128, help="sentences in a batch")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--joeynmt", action="store_true", help="beside JoeyNMT, not the loop")
    given = parser.parse_args()
    torch.set_num_threads(1)
    model = model_of(given.words, given.hidden, given.attention, feeding=given.joeynmt)
    sources = sentences_of(given.sentences, given.words)
    other, compared = "each hypothesis alone", sources[: given.compared]
    contenders: dict[str, tuple[Sentences, Callable[[Sentences], Sentences]]] = {}
    if given.joeynmt:
        other, sources = "JoeyNMT", [(source * 4)[:13] for source in sources]
        compared, joey = sources, joeynmt_of(given.words, given.hidden, given.attention)
        contenders[other] = (
            sources,
            lambda rows: [
                row
                for i in range(0, len(rows), given.at_once)
                for row in joey(rows[i : i + given.at_once], given.beam)
            ],
        )
    else:
        contenders[other] = compared, lambda rows: tutorial(model, rows, given.beam)
    contenders["seqkit"] = sources, lambda rows: ours(model, rows, given.beam, given.at_once)
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    found = {name: write(rows[:2]) for name, (rows, write) in contenders.items()}
    for _ in range(given.rounds):
        for name, (rows, write) in contenders.items():
            started = time.process_time()
            found[name] = write(rows)
            seconds[name].append((time.process_time() - started) / sum(map(len, rows)))
    print(f"{given.words} words, {given.hidden} units, {given.attention}, beam {given.beam}")
    for name, each in seconds.items():
        print(f"{name:24}{1e3 * statistics.median(each):10.2f} CPU-ms a source token")
    ratios = [a / b for a, b in zip(seconds[other], seconds["seqkit"], strict=True)]
    told = f"{statistics.median(ratios):.1f}x (rounds: {min(ratios):.1f} to {max(ratios):.1f})"
    if given.joeynmt:
        lengths = {name: {len(row) for row in rows} for name, rows in found.items()}
        print(f"{told}; lengths of translations: {lengths}")
    else:
        alike = sum(a == b for a, b in zip(*found.values(), strict=False))
        print(f"{told}; {alike} of {len(compared)} translations are the same")


if __name__ == "__main__":
    main()
