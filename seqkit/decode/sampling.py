"""Sequences drawn at random.

Top-k sampling: Fan, Lewis and Dauphin 2018 (1805.04833). Top-p: Holtzman et al. 2020 (1904.09751).
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqkit.decode.hypothesis import Hypothesis, Ranking
from seqkit.decode.rules import Rules
from seqkit.decode.settings import DecodeSettings
from seqkit.decode.state import Start, Stepping, select
from seqkit.decode.writing import write


def distribution(log_probabilities: Tensor, chosen: DecodeSettings) -> tuple[Tensor, Tensor | None]:
    """Return what is drawn from: probabilities after temperature, then top-k, then top-p.

    Args:
        log_probabilities: ``(rows, V)``.
        chosen: with a temperature above 0.

    Returns:
        Probabilities ``(rows, m)`` and the tokens they are of, ``(rows, m)``, most
        probable first; None for the tokens where all of them take part, in order of id.
    """
    scaled = log_probabilities
    if chosen.temperature != 1:
        most_probable = scaled.amax(1, keepdim=True).nan_to_num(neginf=0.0)
        scaled = (scaled - most_probable) / max(chosen.temperature, 1e-30)
    if not chosen.top_k and chosen.top_p == 1:
        return scaled.softmax(1), None
    most = scaled.shape[1]
    scaled, ids = scaled.topk(min(chosen.top_k or most, most), dim=1)
    share = scaled.softmax(1)
    before = share.cumsum(1, dtype=torch.float64) - share
    share = share.masked_fill(before >= chosen.top_p, 0.0)
    return share / share.sum(1, keepdim=True), ids


def uniform(seed: int, key: int, number: int, count: int) -> NDArray[np.float64]:
    """Return ``count`` numbers in [0, 1) for one sequence of one prompt, alike on any machine."""
    raw = np.random.PCG64((seed, key, number)).random_raw(count)
    return (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53


class Drawn:
    """Draws a token for each row, from uniform numbers that are its own."""

    def __init__(self, chosen: DecodeSettings, uniform: Tensor) -> None:
        self.chosen, self.uniform = chosen, uniform  # (rows, time)

    def __call__(self, log_probabilities: Tensor, time: int, /) -> Tensor:
        """Return ``(rows,)``."""
        share, ids = distribution(log_probabilities, self.chosen)
        cumulated = share.cumsum(1, dtype=torch.float64)
        total = cumulated[:, -1:]
        point = self.uniform[:, time, None] * total
        point = point.minimum(total.nextafter(torch.zeros_like(total)))  # below, also if rounded
        place = torch.searchsorted(cumulated, point, right=True).clamp_(max=share.shape[1] - 1)
        return (place if ids is None else ids.gather(1, place))[:, 0]

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows."""
        self.uniform = self.uniform.index_select(0, rows)


def sample(
    model: Stepping,
    start: Start,
    rules: Rules,
    ranking: Ranking,
    chosen: DecodeSettings,
    keys: Sequence[int] | None,
) -> list[list[Hypothesis]]:
    """Draw ``answers`` sequences for each prompt."""
    keys, many = range(len(start[0])) if keys is None else keys, chosen.answers
    pairs = [(key, number) for key in keys for number in range(many)]
    longest = int(rules.limits.max())
    drawn = np.stack([uniform(chosen.seed, k, n, longest + 1) for k, n in pairs])
    device = start[0].device
    pick = Drawn(chosen, torch.from_numpy(drawn).to(device))
    prompts = torch.arange(len(keys), device=device).repeat_interleave(many)
    start = start if many == 1 else select(start, prompts)
    flat = write(model, start, rules, ranking, pick, prompts)
    return [[one for row in flat[i : i + many] for one in row] for i in range(0, len(flat), many)]
