"""Topics of Reuters news (Reuters-21578): R8, R52, or the 90 topics of ModApte.

seqkit train reuters                       # R52, a bidirectional LSTM
seqkit train reuters version=r8 cell=gru
seqkit train reuters version=modapte       # multi-label
seqkit train reuters model=mlp             # or cnn: the baselines
"""

from typing import Literal

from pydantic import Field

from seqkit.corpus import load
from seqkit.recipe import About
from seqkit.settings import settings
from seqkit.tasks.classification import Classification, ClassificationSettings

ABOUT = About(
    shape="many-to-one",
    task="topics",
    languages=("en",),
    corpus="reuters",
    expected="R52 accuracy 0.94",
    minutes=10,
)


@settings
class Settings(ClassificationSettings):
    """The settings of a classification and the version of the corpus."""

    version: Literal["r8", "r52", "modapte"] = Field(
        default="r52", description="8 or 52 topics, one a text; or 90, any number a text"
    )
    path: str = Field(default="", description="folder of the reut2-*.sgm files")


def build(settings: Settings) -> Classification:
    """Read the corpus and assemble the job."""
    corpus = load("reuters", {"version": settings.version}, path=settings.path)
    return Classification("reuters", settings, corpus)
