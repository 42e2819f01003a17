"""Writing sequences: the one entry to greedy and beam search and to sampling."""

import math
from collections.abc import Sequence

import torch

from seqkit.decode.beam import beam_search
from seqkit.decode.ensemble import attention
from seqkit.decode.hypothesis import Hypothesis, Ranking
from seqkit.decode.rules import Filter, Rules
from seqkit.decode.sampling import sample
from seqkit.decode.settings import DecodeSettings
from seqkit.decode.state import Start, Stepping
from seqkit.decode.watching import begun
from seqkit.decode.writing import Best, write
from seqkit.errors import SeqkitError


@torch.inference_mode()
def decode(
    model: Stepping,
    start: Start,
    ends: Sequence[int],
    chosen: DecodeSettings,
    *,
    filters: Sequence[Filter] = (),
    prefixes: Sequence[Sequence[int]] | None = None,
    sources: Sequence[int] | None = None,
    keys: Sequence[int] | None = None,
    opening: int = 0,
) -> list[list[Hypothesis]]:
    """Write sequences that go on from ``start``, for all its rows at once.

    Args:
        model: the model.
        start: what it says first, and its state, a row for each prompt.
        ends: tokens that end a sequence, at least one. Of several, their probabilities are
            summed: it does not matter which of them comes.
        chosen: how to write.
        filters: what tokens must not come, asked before each step.
        prefixes: for each row, tokens that every one of its sequences begins with (none: any);
            no other rule leaves them out, and their log-probabilities count.
        sources: for each row, of how many tokens what it attends to is: those behind are padding.
            None: what gets no attention at all is.
        keys: numbers that tell prompts apart when drawing, at least 0: what is drawn for a prompt
            depends on the seed and its key alone. None: the number of its row.
        opening: so many first tokens end nothing, even those of ``ends``.

    Returns:
        For each row up to ``answers`` hypotheses, the best first; drawn ones, as they were drawn.

    Raises:
        SeqkitError: if the settings ask for what the model does not have, or a prefix is longer
            than its sequences may be.
    """
    logs, state = start
    if len(logs) == 0:
        return []
    if not ends:
        raise ValueError("decode needs at least one token that ends a sequence")
    for given in (prefixes, sources, keys):
        if given is not None and len(given) != len(logs):
            raise ValueError(f"{len(given)} prefixes, sources or keys for {len(logs)} row(s)")
    if chosen.coverage_penalty and attention(model, state) is None:
        raise SeqkitError(
            "coverage_penalty needs a model with attention and this one has none: use "
            "coverage_penalty=0."
        )
    if chosen.max_ratio and sources is None:
        raise SeqkitError(
            "max_ratio needs a source of so many tokens and this model has none: use max_ratio=0."
        )
    limits = [
        chosen.max_length + math.ceil(chosen.max_ratio * size)
        for size in sources or [0] * len(logs)
    ]
    device = logs.device
    rules = Rules(
        chosen,
        ends,
        torch.tensor(limits, device=device),
        opening=opening,
        filters=filters,
        prefixes=prefixes,
    )
    ranking = Ranking(chosen, None if sources is None else torch.tensor(sources, device=device))
    start = logs.clone(), state  # rules write into it, and it is the caller's
    watching = begun()
    if chosen.temperature:
        answers = sample(model, start, rules, ranking, chosen, keys)
    elif chosen.beam == 1:
        rows = torch.arange(len(logs), device=device)
        answers = write(model, start, rules, ranking, Best(), rows)
    else:
        answers = beam_search(model, start, rules, ranking, chosen, watching)
    if watching is not None:
        watching.answers = answers
    return answers
