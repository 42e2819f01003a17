"""Generation at batch 1: seqkit beside `nn.LSTM` called a step at a time, on one CPU thread.

The same weights draw the same number of tokens. The other loop is that of PyTorch's word-LM
example and of most tutorials: embed the last token, call `nn.LSTM` with the last state, multiply
by the output layer, draw with `torch.multinomial`, all under `torch.inference_mode()`. Rounds
alternate; the figure is the median over rounds of tokens a CPU second.

    python benchmarks/generation.py
    python benchmarks/generation.py --rounds 9 --tokens 400 --size 10000x200x2

`model` steps the torch modules, `lean` NumPy over weights laid out once (what `seqkit predict`
does), `16 bits` the same with weights rounded to 16 bits.

A size is words x hidden x layers: 2,000 syllables; the word-LM example's model; a medium one; a
vocabulary as large as that of WikiText-2.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import nn

from seqkit.decode import DecodeSettings, decode, read
from seqkit.models.language_model import LanguageModel, LanguageModelSettings
from seqkit.models.stepping import LeanModel, stepping
from seqkit.nn.cells import LSTM
from seqkit.nn.embedding import EmbeddingSettings
from seqkit.nn.recurrent import EncoderSettings
from seqkit.nn.softmax import FullSoftmax

SIZES = ("2000x512x1", "10000x200x2", "10000x650x2", "33000x300x2")
Writing = Callable[[int], list[int]]  # writes so many tokens


def model_of(words: int, hidden: int, layers: int) -> LanguageModel:
    """Return a language model with random weights, tied."""
    torch.manual_seed(0)
    chosen = LanguageModelSettings(
        embedding=EmbeddingSettings(size=hidden, scale=0.05),
        encoder=EncoderSettings(hidden=hidden, layers=layers, bidirectional=False),
    )
    return LanguageModel(chosen, vocabulary_size=words, pad=0, unk=1).eval()


def tutorial(model: LanguageModel) -> Writing:
    """Return the loop of the tutorials, over the model's own weights."""
    cells = [cell.fused for cell in model.encoder.ahead if isinstance(cell, LSTM)]
    lstm = nn.LSTM(cells[0].input_size, cells[0].hidden_size, len(cells), batch_first=True)
    for layer, cell in enumerate(cells):
        for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            getattr(lstm, f"{part}_l{layer}").data.copy_(getattr(cell, f"{part}_l0").data)
    lstm.eval()
    softmax, embedding = model.softmax.layer, model.embedding.table
    assert embedding is not None
    assert isinstance(softmax, FullSoftmax)

    @torch.inference_mode()
    def write(tokens: int) -> list[int]:
        state, last, written = None, torch.tensor([[2]]), []
        for _ in range(tokens):
            outputs, state = lstm(embedding(last), state)
            logits = nn.functional.linear(outputs[0], softmax.weight, softmax.bias)
            last = torch.multinomial(torch.softmax(logits, dim=-1), 1)
            written.append(int(last))
        return written

    return write


def ours(stepper: LanguageModel | LeanModel) -> Writing:
    """Return seqkit's own decoding, drawing from a model's whole distribution."""

    def write(tokens: int) -> list[int]:
        chosen = DecodeSettings(temperature=1.0, min_length=tokens, max_length=tokens)
        with torch.inference_mode():
            start = read(stepper, [[2]], stepper.initial_state(1))
        ((found,),) = decode(stepper, start, [2], chosen)
        return list(found.ids)

    return write


def main() -> None:
    """Print a table for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", nargs="*", default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tokens", type=int, default=200)
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{'words x hidden x layers':26}{'':18}{'tokens/CPU-s':>14}{'ratio':>9}")
    for size in given.size:
        model = model_of(*map(int, size.split("x")))
        contenders = {
            "nn.LSTM": tutorial(model),
            "seqkit, model": ours(model),
            "seqkit, lean": ours(stepping(model)),
            "seqkit, 16 bits": ours(stepping(model, short=True)),
        }
        rates: dict[str, list[float]] = {name: [] for name in contenders}
        for write in contenders.values():
            write(20)
        for _ in range(given.rounds):
            for name, write in contenders.items():
                started = time.process_time()
                assert len(write(given.tokens)) == given.tokens
                rates[name].append(given.tokens / (time.process_time() - started))
        for name, each in rates.items():
            pairs = zip(each, rates["nn.LSTM"], strict=True)
            ratio = statistics.median(a / b for a, b in pairs)
            print(f"{size:26}{name:18}{statistics.median(each):14,.0f}{ratio:8.2f}x", flush=True)


if __name__ == "__main__":
    main()
