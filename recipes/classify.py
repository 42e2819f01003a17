"""Sort texts into classes: any labelled corpus or file of one's own; `village` by default.

seqkit train classify
seqkit train classify corpus=reviews.csv data.text=review data.label=stars
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from seqkit.corpus import Corpus, load, names
from seqkit.recipe import About
from seqkit.settings import PathText, settings
from seqkit.tasks.classification import Classification, ClassificationSettings
from seqkit.train.loop import TrainSettings
from seqkit.train.optimizers import OptimizerSettings

ABOUT = About(
    shape="many-to-one",
    task="any labels",
    languages=("ko", "en"),
    corpus="village",
    expected="acc 0.97",
    minutes=0.5,
)


@settings
class Settings(ClassificationSettings):
    """The settings of a classification and the corpus it is learnt from."""

    corpus: str = Field(default="village", description="a corpus by name, or a file or folder")
    path: PathText = Field(default="", description="where the corpus lies, if not found by itself")
    data: dict[str, str | bool | int | float] = Field(
        default_factory=dict, description="options of the corpus, as data.label=stars"
    )

    @field_validator("corpus")
    @classmethod
    def _absolute(cls, corpus: str) -> str:
        here = corpus not in names() and Path(corpus).expanduser().exists()
        return str(Path(corpus).expanduser().absolute()) if here else corpus

    pretrain: Literal["none", "cooccurrence"] = "cooccurrence"
    train: TrainSettings = TrainSettings(
        epochs=8, batch_size=32, optimizer=OptimizerSettings(optimizer="lazy_adam", lr=2e-3)
    )


def read(settings: Settings) -> Corpus:
    """Open the corpus."""
    return load(settings.corpus, settings.data, path=settings.path)


def build(settings: Settings, corpus: Corpus) -> Classification:
    """Assemble the job."""
    return Classification(settings, corpus)
