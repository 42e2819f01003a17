"""What each recurrent cell costs, and what it is worth, beside the LSTM: a Markdown table.

Speed: forward and backward through one layer (batch 20, 200 features, 200 units), tokens a CPU
second at lengths of 64 and 512, one thread; rounds alternate, and the figure is the median.
`compiled` is the speed at length 64 over that of the same cell with seqkit's compiled loops off.

Quality: bits per character of the last tenth of Tiny Shakespeare after a fixed number of steps,
two layers of 200 units, Adam, windows of 512 in 8 streams, for all; and how long training took.

    python benchmarks/cells.py                                    # all, some 20 minutes
    python benchmarks/cells.py --rounds 5 --steps 0               # speed alone
    python benchmarks/cells.py --cells lstm,mingru --steps 1500
"""

import argparse
import math
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqkit.nn import cells, minimal
from seqkit.nn.cell import compilable
from seqkit.nn.cells import CELLS, CellName
from seqkit.nn.recurrent import Encoder, EncoderSettings

BATCH, UNITS, LENGTHS = 20, 200, (64, 512)
ROWS, WINDOW, LEARNING_RATE, TESTED = 8, 512, 3e-3, 64_000  # of the language model


def compile_loops(chosen: bool) -> None:
    """Read sequences by compiled loops, or by torch's operations alone."""
    for module in (cells, minimal):
        setattr(module, "compilable", compilable if chosen else lambda _: False)  # noqa: B010


def one_pass(name: CellName, length: int, compiled: bool) -> Callable[[], None]:
    torch.manual_seed(0)
    cell = CELLS[name](UNITS, UNITS)
    x = torch.randn(BATCH, length, UNITS, requires_grad=True)
    gradient = torch.randn(BATCH, length, UNITS)

    def run() -> None:
        compile_loops(compiled)
        x.grad = None
        cell.zero_grad()
        torch.autograd.backward(cell(x)[0], gradient)
        compile_loops(True)

    return run


def speeds(names: list[CellName], length: int, rounds: int) -> dict[tuple[CellName, bool], float]:
    """Return tokens a CPU second of each cell, with compiled loops and, at 64, without."""
    ways = (True, False) if length == LENGTHS[0] else (True,)
    runs = {(name, way): one_pass(name, length, way) for name in names for way in ways}
    seconds: dict[tuple[CellName, bool], list[float]] = {key: [] for key in runs}
    for number in range(rounds + 1):  # the first is not counted: it compiles
        for key, run in runs.items():
            started = time.process_time()
            run()
            if number:
                seconds[key].append(time.process_time() - started)
    return {key: BATCH * length / statistics.median(each) for key, each in seconds.items()}


class CharacterModel(nn.Module):
    """Embedding, two layers, softmax."""

    def __init__(self, name: CellName, characters: int) -> None:
        super().__init__()
        chosen = EncoderSettings(cell=name, hidden=UNITS, layers=2, bidirectional=False)
        self.embedding = nn.Embedding(characters, 64)
        self.encoder = Encoder(64, chosen)
        self.output = nn.Linear(UNITS, characters)

    def forward(self, ids: Tensor, state: object) -> tuple[Tensor, object]:
        """Return logits ``(batch, time, characters)`` and the state after."""
        outputs, state = self.encoder.read(self.embedding(ids), state)  # type: ignore[arg-type]
        return self.output(outputs), state


def stream(ids: Tensor, rows: int) -> Tensor:
    """Return ``(rows, time)``: the text cut into as many pieces of one length."""
    return ids[: len(ids) // rows * rows].view(rows, -1)


def quality(name: CellName, ids: Tensor, characters: int, steps: int) -> tuple[float, float, int]:
    """Return bits per character, CPU seconds of training and the number of weights."""
    torch.manual_seed(1)
    model = CharacterModel(name, characters)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    split = len(ids) * 9 // 10
    text, state = stream(ids[:split], ROWS), None
    started, windows = time.process_time(), (text.shape[1] - 1) // WINDOW
    for step in range(steps):
        first = step % windows * WINDOW
        state = detached(state) if first else None
        logits, state = model(text[:, first : first + WINDOW], state)
        targets = text[:, first + 1 : first + WINDOW + 1]
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    spent = time.process_time() - started
    with torch.no_grad():
        test = stream(ids[split : split + TESTED], 16)
        logits, _ = model(test[:, :-1], None)
        loss = F.cross_entropy(logits.flatten(0, 1), test[:, 1:].flatten())
    return loss.item() / math.log(2), spent, sum(p.numel() for p in model.parameters())


def detached(state: object) -> object:
    """Return nested tuples of tensors without their history."""
    if isinstance(state, tuple):
        return tuple(detached(part) for part in state)
    return state.detach() if isinstance(state, Tensor) else state


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", default="lstm,gru,mingru,minlstm,layer_norm_lstm,mogrifier,rnn")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--steps", type=int, default=500, help="of training; 0: speed alone")
    parser.add_argument("--text", type=Path, help="another text than Tiny Shakespeare")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    names: list[CellName] = [name for name in CELLS if name in arguments.cells.split(",")]
    short, long = (speeds(names, length, arguments.rounds) for length in LENGTHS)
    columns = ["cell", *(f"tokens/s at {length} | x LSTM" for length in LENGTHS), "compiled"]
    if arguments.steps:
        columns += ["weights", f"bits/character after {arguments.steps} steps", "CPU seconds"]
        data = Path(os.environ.get("SEQKIT_DATA", "data"))
        path = arguments.text or data / "tinyshakespeare" / "input.txt"
        text = path.read_text(encoding="utf-8")
        known = {character: number for number, character in enumerate(sorted(set(text)))}
        ids = torch.tensor([known[character] for character in text])
    print(f"| {' | '.join(columns)} |\n|{'---|' * (len(columns) + len(LENGTHS))}")
    for name in names:
        row: list[str] = [name]
        for speed in (short, long):
            ratio = speed[name, True] / speed.get(("lstm", True), math.nan)
            row += [f"{speed[name, True]:,.0f}", f"{ratio:.2f}"]
        row.append(f"{short[name, True] / short[name, False]:.2f}")
        if arguments.steps:
            bits, seconds, weights = quality(name, ids, len(known), arguments.steps)
            row += [f"{weights:,}", f"{bits:.3f}", f"{seconds:.0f}"]
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
