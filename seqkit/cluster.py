"""The map of :mod:`seqkit.parallel` on a Ray cluster, through Ray Data."""

import logging
import os
import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from seqkit.errors import SeqkitError

Item = TypeVar("Item")
Result = TypeVar("Result")

WINDOW = 1024  # items given to the cluster at a time: what the object store has to hold


def ray_map(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yield ``function(item)`` for each item, in order, computed by the tasks of a Ray cluster.

    The cluster is the one this process is connected to; else the one that ``RAY_ADDRESS`` names;
    else one is started on this machine, and stopped at the end. Its machines need seqkit.

    Raises:
        SeqkitError: if Ray is not installed or its cluster cannot be reached.
        Exception: what ``function`` raised.
    """
    with _cluster() as data:
        call, items = pickle.dumps(function), iter(items)
        while window := list(islice(items, WINDOW)):
            # Bytes, so that no type is changed on the way through Arrow's columns.
            rows = [{"number": i, "item": pickle.dumps(item)} for i, item in enumerate(window)]
            answers = data.from_items(rows, override_num_blocks=min(len(rows), 64)).map_batches(
                _answer, fn_kwargs={"function": call}, batch_size=8
            )
            early, turn = {}, 0
            for row in _rows(answers):
                early[row["number"]] = row["answer"]
                while turn in early:
                    yield _value(early.pop(turn))
                    turn += 1


def _answer(batch: dict[str, Any], function: bytes) -> dict[str, Any]:
    """Be a task: call the function on every item of a batch."""
    import numpy as np

    from seqkit.parallel import portable

    call, answers = pickle.loads(function), []
    for item in batch["item"]:
        try:
            answers.append(pickle.dumps((True, call(pickle.loads(item)))))
        except Exception as error:
            answers.append(pickle.dumps((False, portable(error))))
    column = np.empty(len(answers), dtype=object)
    column[:] = answers
    return {"number": batch["number"], "answer": column}


def _value(answer: bytes) -> Any:
    fine, value = pickle.loads(answer)
    if not fine:
        raise value
    return value


def _rows(answers: Any) -> Iterator[dict[str, Any]]:
    from ray.exceptions import RayError

    try:
        yield from answers.iter_rows()
    except RayError as error:
        last = str(error).strip().splitlines()[-1]
        raise SeqkitError(f"Ray failed: {last}; see `ray status`.") from error


@contextmanager
def _cluster() -> Iterator[Any]:
    try:
        for name, value in (("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0"), ("RAY_DEDUP_LOGS", "1")):
            os.environ.setdefault(name, value)
        import ray
        import ray.data
    except ImportError:
        raise SeqkitError(
            "--engine ray needs Ray: pip install 'seqkit-nlp[ray]' (or leave it out)."
        ) from None
    ours = not ray.is_initialized()
    if ours:
        try:
            ray.init(log_to_driver=False, logging_level=logging.ERROR, include_dashboard=False)
        except (ConnectionError, RuntimeError, ValueError) as error:
            told = str(error).strip().splitlines()[0]
            raise SeqkitError(
                f"cannot reach a Ray cluster: {told}; check RAY_ADDRESS, or unset it to use "
                "this machine."
            ) from None
    context, logger = ray.data.DataContext.get_current(), logging.getLogger("ray.data")
    before = (context.execution_options.preserve_order, context.enable_progress_bars, logger.level)
    try:
        context.execution_options.preserve_order, context.enable_progress_bars = True, False
        logger.setLevel(logging.ERROR)
        yield ray.data
    finally:
        context.execution_options.preserve_order, context.enable_progress_bars, level = before
        logger.setLevel(level)
        if ours:
            ray.shutdown()
