"""Sequences of numbers: forecast the next values, or label windows or time steps.

seqkit train series                                     # a generated series, the next value
seqkit train series horizon=24                          # a day ahead, all steps at once
seqkit train series goal=frames                         # a label for each time step
seqkit train series corpus=sales.csv target=price       # a csv of your own

Handwritten digits side by side, read column by column, a label for each column
(accuracy 0.94 on handwriting of others; always the commonest digit: 0.10):

seqkit train series corpus=digit_frames goal=frames bidirectional=true hidden=64 stride=4
"""

from pydantic import Field

from seqkit.corpus import Corpus, CorpusOptions, CorpusText, load, names
from seqkit.recipe import About
from seqkit.settings import settings
from seqkit.tasks.numbers.series import SeriesJob, SeriesSettings
from seqkit.train.optimizers import OptimizerSettings
from seqkit.train.settings import TrainSettings

ABOUT = About(
    shape="many-to-one",
    task="series of numbers",
    languages=("any",),
    corpus="seasons",
    expected="skill 0.59",
    minutes=0.5,
)


@settings
class Settings(SeriesSettings):
    """The settings of a job on a series and the corpus it is learnt from."""

    corpus: CorpusText = Field(
        default="seasons", description="seasons (generated), or a csv or tsv file"
    )
    data: CorpusOptions = Field(
        default_factory=dict, description="options of the corpus, as data.gaps=linear"
    )
    train: TrainSettings = TrainSettings(
        epochs=15,
        batch_size=64,
        optimizer=OptimizerSettings(lr=1e-2, schedule="cosine", warmup=0.1, clip_norm=1.0),
    )


def read(settings: Settings) -> Corpus:
    """Open the corpus."""
    if settings.corpus in names():
        return load(settings.corpus, settings.data)
    label = {"label": settings.target} if settings.goal != "forecast" else {}
    return load("series", {**label, **settings.data}, path=settings.corpus)


def build(settings: Settings, corpus: Corpus) -> SeriesJob:
    """Assemble the job."""
    return SeriesJob(settings, corpus)
