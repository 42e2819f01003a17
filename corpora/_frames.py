"""A table with a row for each time step: its columns, cut into splits in order of time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from seqkit.corpus import Series
from seqkit.errors import SeqkitError
from seqkit.settings import settings

if TYPE_CHECKING:  # corpora are listed without numpy
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


@settings
class SplitOptions:
    """How a series is cut in time: train first, then validation, then test."""

    validation: float = Field(
        default=0.1, ge=0, lt=1, description="share of the frames, those before test (0: none)"
    )
    test: float = Field(default=0.2, ge=0, lt=1, description="share of the frames, the last ones")

    @model_validator(mode="after")
    def _leave_some(self) -> "SplitOptions":
        if self.validation + self.test >= 1:
            raise ValueError(
                f"validation={self.validation:g} and test={self.test:g} leave nothing to train on"
            )
        return self


@dataclass(frozen=True)
class Table:
    """The columns of a table; all are of one length, a value a frame, oldest first.

    Attributes:
        where: the file, for errors.
        numbers: the number columns by name; NaN is a gap.
        texts: the columns of labels and dates by name.
        date: the name of the column of dates; "" if there is none.
        lines: the line of each frame in the file.
    """

    where: str
    numbers: "Mapping[str, Numbers]"
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    date: str = ""
    lines: Sequence[int] = ()

    def __len__(self) -> int:
        """Return the number of frames."""
        columns = [*self.numbers.values(), *self.texts.values()]
        return len(columns[0]) if columns else 0

    def splits(self, chosen: SplitOptions, gaps: str = "previous") -> dict[str, list[Series]]:
        """Return the columns of each split.

        Shares are rounded to whole frames, and a split that is asked for has at least one.

        Raises:
            SeqkitError: if there are too few frames, or a gap cannot be filled.
        """
        frames = len(self)
        shares = {"validation": chosen.validation, "test": chosen.test}
        sizes = {s: max(1, round(share * frames)) for s, share in shares.items() if share}
        sizes = {"train": frames - sum(sizes.values()), **sizes}
        if sizes["train"] < 1:
            raise SeqkitError(
                f"{self.where} has {frames} rows: too few for {', '.join(sizes)} splits."
            )
        ends = list(accumulate(sizes.values()))
        begins = [0, *ends[:-1]]
        filled = {n: fill(self, n, gaps, begins) for n in self.numbers}
        return {
            split: self._part(slice(begin, end), filled)
            for split, begin, end in zip(sizes, begins, ends, strict=True)
        }

    def whole(self, gaps: str) -> list[Series]:
        """Return all columns as one part."""
        return self._part(slice(None), {n: fill(self, n, gaps, [0]) for n in self.numbers})

    def _part(self, part: slice, filled: "Mapping[str, Numbers]") -> list[Series]:
        import numpy as np

        columns = []
        for name, texts in self.texts.items():
            role = "date" if name == self.date else "label"
            columns.append(Series(name, role, (), tuple(texts[part]), 0))
        for name, values in filled.items():
            gaps = int(np.isnan(self.numbers[name][part]).sum())
            columns.append(Series(name, "number", tuple(values[part].tolist()), (), gaps))
        return columns


def fill(table: Table, name: str, gaps: str, begins: Sequence[int]) -> "Numbers":
    """Return a column without gaps.

    ``previous`` takes the value before the gap, which is known by then. ``linear`` draws a line
    from there to the value after it, within the splits that begin at ``begins``, so that no split
    sees another; at the ends of a split it takes the nearest value.

    Raises:
        SeqkitError: if there is no value to fill a gap with.
    """
    import numpy as np

    values = table.numbers[name]
    missing = np.isnan(values)
    if not missing.any():
        return values
    if gaps == "previous":
        if missing[0]:
            place = f"{table.where}, line {table.lines[0]}"
            raise SeqkitError(
                f"{place}: column '{name}' has no value yet for gaps=previous to repeat: "
                "drop the first rows, or use gaps=linear."
            )
        last_known = np.maximum.accumulate(np.where(missing, 0, np.arange(len(values))))
        return values[last_known]
    parts = []
    for part, absent in zip(
        np.split(values, begins[1:]), np.split(missing, begins[1:]), strict=True
    ):
        if absent.all():
            raise SeqkitError(
                f"{table.where}: column '{name}' has no value in a whole split: leave it out "
                f"(data.skip={name})."
            )
        frames = np.arange(len(part))
        parts.append(np.interp(frames, frames[~absent], part[~absent]))
    return np.concatenate(parts)
