"""Sort texts into classes: any labelled corpus or file of one's own; `village` by default.

seqkit train classify
seqkit train classify corpus=reviews.csv data.text=review data.label=stars
"""

from typing import Literal

from pydantic import Field

from seqkit.corpus import load
from seqkit.recipe import About
from seqkit.settings import settings
from seqkit.tasks.classification import Classification, ClassificationSettings
from seqkit.train.loop import TrainSettings
from seqkit.train.optimizers import OptimizerSettings

ABOUT = About(
    shape="many-to-one",
    task="classification",
    languages=("ko", "en"),
    corpus="village",
    expected="accuracy 0.97 (synthetic)",
    minutes=0.5,
)


@settings
class Settings(ClassificationSettings):
    """The settings of a classification and the corpus it is learnt from."""

    corpus: str = Field(default="village", description="a corpus by name, or a file or folder")
    path: str = Field(default="", description="where the corpus lies, if not found by itself")
    data: dict[str, str | bool | int | float] = Field(
        default_factory=dict, description="options of the corpus, as data.label=stars"
    )
    pretrain: Literal["none", "cooccurrence"] = "cooccurrence"
    train: TrainSettings = TrainSettings(
        epochs=8, batch_size=32, optimizer=OptimizerSettings(optimizer="lazy_adam", lr=2e-3)
    )


def build(settings: Settings) -> Classification:
    """Read the corpus and assemble the job."""
    corpus = load(settings.corpus, settings.data, path=settings.path)
    return Classification("classify", settings, corpus)
