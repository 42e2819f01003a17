"""Tag every word: parts of speech, chunks, entities; a treebank or a file of one's own.

seqkit train tagging                                          # the village, in a minute
seqkit train tagging corpus=ud data.treebank=en_ewt           # English parts of speech
seqkit train tagging --config kaist                           # Korean ones, and morphemes' tags
seqkit train tagging corpus=conll2000 data.beside=pos beside=input output=crf    # chunks
seqkit train tagging corpus=mine.conllu data.tag=xpos         # or columns: data.tag=-1

Then: seqkit predict RUN "a text"; tabs stand between words that are cut already, as do and n't
"""

from pathlib import Path

from pydantic import Field

from seqkit.corpus import Corpus, CorpusOptions, CorpusText, load, names
from seqkit.recipe import About
from seqkit.settings import PathText, settings
from seqkit.tasks.tags.tagging import Tagging, TaggingSettings
from seqkit.train.optimizers import OptimizerSettings
from seqkit.train.settings import TrainSettings

ABOUT = About(
    shape="aligned",
    task="tags of words",
    languages=("ko", "en"),
    corpus="village",
    expected="acc 0.999",
    minutes=1,
)


@settings
class Settings(TaggingSettings):
    """The settings of a tagger and the corpus it is learnt from."""

    corpus: CorpusText = Field(
        default="village", description="village, ud, conll2000, or a tagged file or folder"
    )
    path: PathText = Field(default="", description="where the corpus lies, if not found by itself")
    data: CorpusOptions = Field(
        default_factory=dict, description="options of the corpus, as data.tag=xpos"
    )

    train: TrainSettings = TrainSettings(
        epochs=8,
        batch_size=32,
        average=0.999,
        optimizer=OptimizerSettings(
            optimizer="lazy_adam", lr=3e-3, schedule="cosine", warmup=0.05, clip_norm=5.0
        ),
    )


def read(settings: Settings) -> Corpus:
    """Open the corpus; a file or folder is one of tagged text."""
    name, data, path = settings.corpus, dict(settings.data), settings.path
    if name == "village":
        data = {"kind": "tags", **data}
    elif name not in names() and Path(name).exists():
        name, path = "tagged", name
    return load(name, data, path=path)


def build(settings: Settings, corpus: Corpus) -> Tagging:
    """Assemble the job."""
    return Tagging(settings, corpus)
