"""seqkit: train sequence models and word vectors from scratch, in Korean and English."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqkit.predict import load as load

__version__ = "0.1.0"
__all__ = ["__version__", "load"]


def __getattr__(name: str) -> Any:
    """Import :func:`seqkit.predict.load` on first use, so that ``import seqkit`` stays light."""
    if name == "load":
        from seqkit.predict import load

        return load
    raise AttributeError(f"module 'seqkit' has no attribute '{name}'")
