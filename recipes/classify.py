"""Sort texts into classes: any labelled corpus or file of one's own; `village` by default.

seqkit train classify
seqkit train classify corpus=reviews.csv data.text=review data.label=stars
"""

from typing import Literal

from pydantic import Field

from seqkit.corpus import Corpus, CorpusOptions, CorpusText, load
from seqkit.recipe import About
from seqkit.settings import PathText, settings
from seqkit.tasks.labels.classification import Classification, ClassificationSettings
from seqkit.train.optimizers import OptimizerSettings
from seqkit.train.settings import TrainSettings

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

    corpus: CorpusText = Field(
        default="village", description="a corpus by name, or a file or folder"
    )
    path: PathText = Field(default="", description="where the corpus lies, if not found by itself")
    data: CorpusOptions = Field(
        default_factory=dict, description="options of the corpus, as data.label=stars"
    )

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
