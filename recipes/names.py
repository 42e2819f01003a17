"""Write names of a category, character by character, and tell what a name is.

seqkit train names                                 # surnames of eighteen languages
seqkit train names corpus=cities                   # cities of 158 countries
seqkit train names corpus=mine.tsv data.text=name data.label=language
seqkit train names corpus=village data.language=ko tokenizer=jamo     # nothing to download

Then: seqkit predict RUN Korean Russian; seqkit predict RUN --classify "Kim" "Tolstoy"
"""

from pydantic import Field

from seqkit.corpus import Corpus, CorpusOptions, CorpusText, load
from seqkit.recipe import About
from seqkit.settings import PathText, settings
from seqkit.tasks.names.naming import Naming, NamingSettings
from seqkit.train.optimizers import OptimizerSettings
from seqkit.train.settings import TrainSettings

ABOUT = About(
    shape="one-to-many",
    task="names of a category",
    languages=("any",),
    corpus="names",
    expected="acc 0.85",
    minutes=1,
)


@settings
class Settings(NamingSettings):
    """The settings of a naming job and the corpus it is learnt from."""

    corpus: CorpusText = Field(
        default="names", description="a labelled corpus by name, or a file or folder"
    )
    path: PathText = Field(default="", description="where the corpus lies, if not found by itself")
    data: CorpusOptions = Field(
        default_factory=dict, description="options of the corpus, as data.label=language"
    )

    train: TrainSettings = TrainSettings(
        epochs=12,
        batch_size=64,
        optimizer=OptimizerSettings(
            optimizer="adam", lr=4e-3, schedule="cosine", warmup=0.05, clip_norm=1.0
        ),
    )


def read(settings: Settings) -> Corpus:
    """Open the corpus."""
    return load(settings.corpus, settings.data, path=settings.path)


def build(settings: Settings, corpus: Corpus) -> Naming:
    """Assemble the job."""
    return Naming(settings, corpus)
