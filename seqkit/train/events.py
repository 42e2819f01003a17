"""TensorBoard event files (an extra)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seqkit.errors import SeqkitError


def require_tensorboard() -> None:
    """Raise a :class:`SeqkitError` if TensorBoard is not installed."""
    try:
        import torch.utils.tensorboard  # noqa: F401
    except ImportError:
        raise SeqkitError(
            "tensorboard=true needs TensorBoard: pip install 'seqkit-nlp[tensorboard]'."
        ) from None


class Events:
    """Writes the numbers of metrics rows as TensorBoard scalars.

    Raises:
        SeqkitError: if TensorBoard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        require_tensorboard()
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder))

    def write(self, row: Mapping[str, Any]) -> None:
        """Write a row of ``metrics.jsonl``, at its step."""
        for name, value in row.items():
            if isinstance(value, float) and "step" in row:
                self._writer.add_scalar(f"{row['kind']}/{name}", value, row["step"])
        if row["kind"] != "step":
            self._writer.flush()
