"""One CPU thread: the same numbers on any machine, and no threads that spin for each other."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
