"""Compiled loop that merges rows. Imported only where it is run."""

from typing import Any

import numpy as np

from seqkit.text.kernels import compiled


@compiled
def merge_rows(common: Any, copies: Any, rows: Any, weights: Any) -> None:
    """Do what :func:`seqkit.vectors.training.merging.merge` says."""
    replicas, _, size = copies.shape
    for number in range(len(rows)):
        row, weight = rows[number], np.float64(weights[number])
        for feature in range(size):
            start = np.float64(common[row, feature])
            change = 0.0
            for replica in range(replicas):
                change += np.float64(copies[replica, row, feature]) - start
            merged = np.float32(start + weight * change)
            common[row, feature] = merged
            for replica in range(replicas):
                copies[replica, row, feature] = merged
