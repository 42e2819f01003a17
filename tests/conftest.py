"""The same numbers on any machine, every time: one CPU thread, and a seed before each test."""

import os
import sys

import hypothesis
import pytest

hypothesis.settings.register_profile("seqkit", deadline=None)  # timing never decides a test
hypothesis.settings.load_profile("seqkit")

os.environ.setdefault("OMP_NUM_THREADS", "1")  # and no threads that spin for each other


@pytest.fixture(autouse=True)
def _seed() -> None:
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)
