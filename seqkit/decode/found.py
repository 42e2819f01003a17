"""The sequences that a search has found."""

import torch
from torch import Tensor

from seqkit.decode.hypothesis import Hypothesis, Ranking, Written
from seqkit.decode.rules import Rules
from seqkit.decode.settings import DecodeSettings


class Found:
    """The best sequences that have ended, of each prompt.

    Attributes:
        answers: of each prompt, the best first, as many as are asked for.
    """

    def __init__(
        self, prompts: int, rules: Rules, ranking: Ranking, chosen: DecodeSettings
    ) -> None:
        self.answers: list[list[Hypothesis]] = [[] for _ in range(prompts)]
        self.limits, self.ranking, self.chosen = rules.limits, ranking, chosen
        self.bars = torch.full_like(rules.limits, -torch.inf, dtype=torch.float64)
        self.counts = torch.zeros_like(rules.limits)

    def add(self, done: Written, ended: Tensor, prompts: Tensor, last: Tensor | None) -> None:
        """Take sequences.

        Args:
            done: the sequences, their ends counted in the log-probabilities.
            ended: ``(rows,)``, which of them have come to an end; the others are cut.
            prompts: ``(rows,)``, the prompt of each.
            last: ``(rows, source)``, what the ends attended to.
        """
        many = self.chosen.answers
        hypotheses = self.ranking.hypotheses(done, ended, prompts, last)
        for prompt, hypothesis in zip(prompts.tolist(), hypotheses, strict=True):
            best = sorted([*self.answers[prompt], hypothesis], key=lambda h: (-h.score, h.ids))
            self.answers[prompt] = best[:many]
            if len(best) >= many:
                self.bars[prompt] = best[many - 1].score
        self.counts += prompts.bincount(minlength=len(self.counts))

    def over(self, prompts: Tensor, hopes: Tensor) -> Tensor:
        """Return for which prompts nothing of log-probability ``hopes`` is worth going on with.

        A log-probability only falls, the longest sequence is penalised least, and coverage is at
        most complete: what then is no better than the last of the answers will never be.
        """
        bars = self.bars[prompts]
        hopeless = self.ranking.penalised(hopes, self.limits[prompts] + 1) <= bars
        if self.chosen.stop_after:
            hopeless |= self.counts[prompts] >= self.chosen.stop_after * self.chosen.beam
        return hopeless & (bars > -torch.inf)
