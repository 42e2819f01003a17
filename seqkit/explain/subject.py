"""What is explained: a run, what answers for it, and the texts it is shown on."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from seqkit.train.run import Run

if TYPE_CHECKING:
    from seqkit.explain.reading import Reading


@dataclass(frozen=True, eq=False)
class Subject:
    """A run and what it is shown on.

    Attributes:
        run: the run directory.
        task: of the run, as ``classification``.
        answerer: what answers for the run: of that task's class (``predict.ANSWERERS``).
        texts: what a person gave, or examples of the run's own data; what the answerer's
            ``stream`` takes, at least one (for captions: paths of pictures, or none).
        given: whether a person gave them.
    """

    run: Run
    task: str
    answerer: Any
    texts: tuple[str, ...]
    given: bool = True

    @cached_property
    def readings(self) -> "list[Reading]":
        """Each text as the model reads it.

        Raises:
            SeqkitError: if one cannot be read.
        """
        from seqkit.explain.reading import readings

        return readings(self)
