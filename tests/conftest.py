"""The same numbers on any machine, every time: one CPU thread, and a seed before each test."""

import os
import sys

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # and no threads that spin for each other


@pytest.fixture(autouse=True)
def _seed() -> None:
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)
