"""Columns of numbers brought to one size, by what the training part says of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from seqkit.errors import SeqkitError

ScalingName = Literal["standard", "minmax", "none"]


@dataclass(frozen=True, eq=False)
class Scaler:
    """``(x - shift) / scale``, column by column.

    Attributes:
        columns: their names.
        shift: ``(columns,)``, mean or minimum.
        scale: ``(columns,)``, standard deviation or range; 1 where a column never changes.
    """

    columns: tuple[str, ...]
    shift: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def learn(
        cls, values: NDArray[np.float64], columns: Sequence[str], method: ScalingName
    ) -> "Scaler":
        """Return the scaler of ``values``, ``(frames, columns)``.

        ``standard`` gives mean 0 and standard deviation 1, ``minmax`` the range from 0 to 1.

        Raises:
            SeqkitError: if a column is too large to be scaled.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            if method == "standard":
                shift, scale = values.mean(axis=0), values.std(axis=0)
            elif method == "minmax":
                shift, scale = values.min(axis=0), np.ptp(values, axis=0)
            else:
                shift, scale = np.zeros(len(columns)), np.ones(len(columns))
        # A column of one value has a deviation that is rounding alone.
        changes = values.max(axis=0) > values.min(axis=0)
        scale = np.where(changes & (scale != 0), scale, 1.0)
        _refuse_infinite(np.stack([shift, scale]), columns)
        return cls(tuple(columns), shift, scale)

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Scale ``(frames, columns)``.

        Raises:
            SeqkitError: if a number is too far from those in training to be represented.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = ((values - self.shift) / self.scale).astype(np.float32)
        _refuse_infinite(scaled, self.columns)
        return scaled

    def undo(self, scaled: NDArray[np.float32], column: int) -> NDArray[np.float64]:
        """Bring numbers of one column back to the size they had."""
        plain: NDArray[np.float64] = scaled.astype(np.float64) * self.scale[column]
        plain += self.shift[column]
        return plain

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON."""
        return {
            "columns": list(self.columns),
            "shift": self.shift.tolist(),
            "scale": self.scale.tolist(),
        }

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> "Scaler":
        """Rebuild what :meth:`as_dict` returned.

        Raises:
            KeyError, TypeError, ValueError: if it is not that.
        """
        columns = tuple(str(name) for name in saved["columns"])
        shift, scale = (np.array(saved[part], dtype=np.float64) for part in ("shift", "scale"))
        fits = shift.shape == scale.shape == (len(columns),) and bool(columns)
        if not (fits and np.isfinite(shift).all() and np.isfinite(scale).all() and scale.all()):
            raise ValueError("shift and scale do not fit the columns")
        return cls(columns, shift, scale)


def _refuse_infinite(numbers: NDArray[np.floating[Any]], columns: Sequence[str]) -> None:
    finite = np.isfinite(numbers).all(axis=0)
    if not finite.all():
        name = columns[int(finite.argmin())]
        raise SeqkitError(
            f"column '{name}' has numbers too far from the rest to be scaled: correct them, or "
            "leave the column out."
        )
