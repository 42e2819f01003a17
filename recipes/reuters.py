"""Topics of Reuters news (Reuters-21578): R8, R52, or the 90 topics of ModApte.

seqkit train reuters                       # R52, a bidirectional LSTM
seqkit train reuters version=r8 cell=gru
seqkit train reuters version=modapte       # multi-label
seqkit train reuters model=mlp             # or cnn: the baselines
"""

from typing import Literal

from pydantic import Field

from seqkit.corpus import Corpus, load
from seqkit.models.classifier import ClassifierSettings
from seqkit.nn.embedding import EmbeddingSettings
from seqkit.nn.head import HeadSettings
from seqkit.nn.recurrent import EncoderSettings
from seqkit.recipe import About
from seqkit.settings import PathText, settings
from seqkit.tasks.labels.classification import Classification, ClassificationSettings, TextSettings
from seqkit.train.optimizers import OptimizerSettings
from seqkit.train.settings import TrainSettings

ABOUT = About(
    shape="many-to-one",
    task="topics",
    languages=("en",),
    corpus="reuters",
    expected="R52 0.95",
    minutes=4,
)


@settings
class Settings(ClassificationSettings):
    """The settings of a classification and the version of the corpus."""

    version: Literal["r8", "r52", "modapte"] = Field(
        default="r52", description="8 or 52 topics, one a text; or 90, any number a text"
    )
    path: PathText = Field(default="", description="folder of the reut2-*.sgm files")
    pretrain: Literal["none", "cooccurrence"] = "cooccurrence"
    text: TextSettings = TextSettings(max_length=400)
    classifier: ClassifierSettings = ClassifierSettings(
        skip=True,
        pooling=("max",),
        embedding=EmbeddingSettings(size=200, scale=0.5),
        encoder=EncoderSettings(hidden=100),
        head=HeadSettings(dropout=0.5),
    )
    train: TrainSettings = TrainSettings(
        epochs=8,
        batch_size=32,
        optimizer=OptimizerSettings(
            optimizer="lazy_adam", lr=2e-3, schedule="cosine", warmup=0.1, clip_norm=1.0
        ),
    )


def read(settings: Settings) -> Corpus:
    """Open the corpus."""
    return load("reuters", {"version": settings.version}, path=settings.path)


def build(settings: Settings, corpus: Corpus) -> Classification:
    """Assemble the job."""
    return Classification(settings, corpus)
