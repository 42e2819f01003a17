"""The same numbers on any machine, every time: one CPU thread, and a seed before each test."""

import logging
import os
import sys
from collections.abc import Iterator

import hypothesis
import pytest

hypothesis.settings.register_profile("seqkit", deadline=None)  # timing never decides a test
hypothesis.settings.load_profile("seqkit")

os.environ.setdefault("OMP_NUM_THREADS", "1")  # and no threads that spin for each other


@pytest.fixture(autouse=True)
def _seed() -> None:
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.fixture(autouse=True)
def _loggers_stay() -> Iterator[None]:
    """Nothing that the library does keeps another part of the process from telling its warnings."""
    yield
    known = logging.root.manager.loggerDict
    quiet = [
        name
        for name in known
        if name.split(".")[0] == "seqkit"
        and (logging.getLogger(name).level or logging.getLogger(name).disabled)
    ]
    assert not quiet, f"left silent: {quiet}"
