"""What decoding knows of a model: its steps, and the rows of its state."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from seqkit.nn.attention import Memory

Start = tuple[Tensor, Any]  # what a model says first: log-probabilities (rows, V), and its state


class Stepping(Protocol):
    """A model that writes one token a step.

    One with attention also has ``attended(state) -> (rows, source) | None``: the weights with
    which the last step's log-probabilities were made, 0 at padding.
    """

    def step(self, ids: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Read ``ids`` ``(rows,)``; return log-probabilities ``(rows, V)`` and the new state.

        The log-probabilities are the caller's, to be changed in place.
        """
        ...


def select(state: Any, rows: Tensor, prompts: Tensor | None = None) -> Any:
    """Return the given rows of every tensor in nested tuples, in that order.

    Args:
        state: nested tuples of tensors.
        rows: ``(n,)``.
        prompts: ``(m,)``, rising, the prompts that are left: the rows of each
            :class:`~seqkit.nn.attention.Memory`. None: it has a row for each of the state's.
    """
    if isinstance(state, Tensor):
        return state.index_select(0, rows)
    if isinstance(state, Memory) and prompts is not None:
        return state if len(prompts) == len(state[0]) else select(state, prompts)
    return _mapped(lambda part: select(part, rows, prompts), state)


def joined(states: Sequence[Any]) -> Any:
    """Put the rows of several states, of one shape of nested tuples, one below the other."""
    if isinstance(states[0], Tensor):
        return torch.cat(list(states))
    return _mapped(lambda *parts: joined(parts), *states)


def _mapped(function: Callable[..., Any], *states: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a tuple of the first one's kind, of the function's values for the parts."""
    parts = map(function, *states)
    return Memory(parts) if isinstance(states[0], Memory) else tuple(parts)


def read(model: Stepping, prompts: Sequence[Sequence[int]], state: Any) -> Start:
    """Read prompts of any lengths, all in one batch; those that are over leave it.

    Args:
        model: the model.
        prompts: token ids, at least one each.
        state: before the first token, a row for each prompt.

    Returns:
        What the model says after each prompt, in the order of the prompts.
    """
    order = sorted(range(len(prompts)), key=lambda i: -len(prompts[i]))
    device, done, live = _device(state), [], len(order)
    if all(len(prompt) == 1 for prompt in prompts):  # as those of decoders are: nothing to sort
        return model.step(torch.tensor(prompts, device=device)[:, 0], state)
    state = select(state, torch.tensor(order, device=device))
    for time in range(len(prompts[order[0]])):
        ids = torch.tensor([prompts[row][time] for row in order[:live]], device=device)
        log_probabilities, state = model.step(ids, state)
        going = sum(len(prompts[row]) > time + 1 for row in order[:live])
        if going < live:
            over = torch.arange(going, live, device=device)
            done.append((log_probabilities[going:live], select(state, over)))
            state, live = select(state, torch.arange(going, device=device)), going
    done.reverse()
    back = torch.tensor(np.argsort(order, kind="stable"), device=device)
    log_probabilities = torch.cat([first for first, _ in done])[back]
    return log_probabilities, select(joined([after for _, after in done]), back)


def _device(state: Any) -> torch.device:
    while not isinstance(state, Tensor):
        state = state[0]
    return state.device
