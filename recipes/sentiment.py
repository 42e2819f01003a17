"""Is a review good or bad: Korean (NSMC) by default, English (IMDb, SST) by setting.

seqkit train sentiment                            # morphemes of Kiwi, a bidirectional LSTM
seqkit train sentiment spelling=jamo              # and each one's jamo: typos keep a meaning
seqkit train sentiment tokenizer=unigram cell=gru # or jamo, syllable, bpe, mecab, okt, ...
seqkit train sentiment corpus=imdb                # 50,000 unlabelled reviews lend it words
"""

from typing import Literal

from pydantic import Field

from seqkit.corpus import Corpus, CorpusOptions, load
from seqkit.data.ngrams import NGramSettings
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
    task="sentiment",
    languages=("ko", "en"),
    corpus="nsmc",
    expected="acc 0.89",
    minutes=12,
)


@settings
class Settings(ClassificationSettings):
    """The settings of a classification and the corpus it is learnt from."""

    corpus: Literal["nsmc", "imdb", "sst"] = Field(default="nsmc", description="nsmc: Korean")
    path: PathText = Field(default="", description="where the corpus lies, if not found by itself")
    data: CorpusOptions = Field(
        default_factory=dict, description="options of the corpus, as data.version=sst5"
    )
    validation: float = Field(
        default=0.05, ge=0, lt=1, description="share of train to choose on (0: none)"
    )
    noise: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="also score test with typos: at each character (0: none)",
    )
    pretrain: Literal["none", "cooccurrence"] = "cooccurrence"
    text: TextSettings = TextSettings(
        max_words=40_000, max_length=400, ngrams=NGramSettings(longest=4, bits=21), workers=2
    )
    classifier: ClassifierSettings = ClassifierSettings(
        skip=True,
        pooling=("max",),
        embedding=EmbeddingSettings(size=200, scale=0.5, dropout=0.2),
        encoder=EncoderSettings(hidden=128),
        head=HeadSettings(dropout=0.5),
    )
    train: TrainSettings = TrainSettings(
        epochs=3,
        batch_size=64,
        optimizer=OptimizerSettings(
            optimizer="lazy_adam", lr=1.5e-3, schedule="cosine", warmup=0.1, clip_norm=1.0
        ),
    )


def read(settings: Settings) -> Corpus:
    """Open the corpus."""
    return load(settings.corpus, settings.data, path=settings.path)


def build(settings: Settings, corpus: Corpus) -> Classification:
    """Assemble the job."""
    return Classification(settings, corpus)
