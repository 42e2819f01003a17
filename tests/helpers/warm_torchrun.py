"""Runs ``seqkit ...`` as torchrun does, job after job, in processes that have torch already.

    python warm_torchrun.py < jobs.json

The jobs are lists of words; a first word ``RANK:STEP:HOW`` (``all`` for any rank) has a process
killed once it is about to take that step, or fail. What rank R of job J writes is in
``J.R.out`` and ``J.R.err``; at the end a list of exit codes is printed: 1 if a process failed.
"""

import json
import multiprocessing
import os
import signal
import sys
from typing import Any

from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

HEAVY = ["seqkit.recipes.classify", "seqkit.train.loop", "seqkit.explain.training"]


def disturb(who: str, at: int, how: str) -> None:
    """Have this process killed, or fail, at a step."""
    from seqkit.train.loop import Trainer

    step = Trainer._step

    def die(self: Trainer, batch: Any) -> None:
        if who in ("all", os.environ["RANK"]) and self.position.step == at:
            if how == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(28, "No space left on device", "batch")
        step(self, batch)

    Trainer._step = die  # type: ignore[method-assign]


def work(number: int, words: list[str]) -> None:
    """Run one job, as one of its processes."""
    for name, descriptor in (("out", 1), ("err", 2)):
        os.dup2(os.open(f"{number}.{os.environ['RANK']}.{name}", 0o1101, 0o644), descriptor)
    if ":" in words[0]:
        who, at, how = words.pop(0).split(":")
        disturb(who, int(at), how)
    from seqkit.cli import main

    sys.argv = ["seqkit", *words]
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise


def launch(number: int, words: list[str]) -> int:
    """Run one job, by two processes."""
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=2,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        run_id=str(number),
        max_restarts=0,
        monitor_interval=0.1,
        start_method="forkserver",
    )
    try:
        elastic_launch(config, work)(number, words)
    except ChildFailedError:
        return 1
    return 0


if __name__ == "__main__":
    multiprocessing.set_forkserver_preload(HEAVY)
    print(json.dumps([launch(*job) for job in enumerate(json.load(sys.stdin))]))
