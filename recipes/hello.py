"""hell -> ello: a small network learns a word by heart and shows every number on the way.

seqkit train hello                                  # a vanilla RNN of three units
seqkit train hello cell=lstm hidden=4               # or cell=gru
seqkit train hello word=안녕하세요                     # by syllable; tokenizer=jamo: by letter
"""

from seqkit.corpus import Corpus, load
from seqkit.recipe import About
from seqkit.settings import settings
from seqkit.tasks.lesson.lesson import Lesson, LessonSettings
from seqkit.train.optimizers import OptimizerSettings
from seqkit.train.settings import TrainSettings

ABOUT = About(
    shape="aligned",
    task="a lesson",
    languages=("ko", "en"),
    corpus="word",
    expected="acc 1.00",
    minutes=0.1,
)


@settings
class Settings(LessonSettings):
    """The word, the network, and how it learns."""

    train: TrainSettings = TrainSettings(
        epochs=10, batch_size=1, optimizer=OptimizerSettings(optimizer="adam", lr=0.05)
    )


def read(settings: Settings) -> Corpus:
    """Make a corpus of the word."""
    return load("word", {"word": settings.word})


def build(settings: Settings, corpus: Corpus) -> Lesson:
    """Assemble the job."""
    return Lesson(settings, corpus)
