"""How many threads each run computes with."""

import os
import sys


def threads(count: int) -> int:
    """Return how many threads each of ``count`` runs computes with: all cores but one, shared."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, ((cores or 1) - 1) // max(count, 1))


def compute_with(count: int) -> None:
    """Let torch compute with so many threads, where anything that is served has loaded it."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(count)
