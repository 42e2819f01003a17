"""Translate sentences: Korean and English, German and English, or pairs of one's own.

seqkit train translation                                       # the village, Korean to English
seqkit train translation source=en target=ko                   # and back
seqkit train translation --config tatoeba                      # real sentences; or python_docs_ko
seqkit train translation --config multi30k                     # German captions to English
seqkit train translation corpus=ko.txt,en.txt                  # or a .tsv, .jsonl, or a folder

Then: seqkit predict RUN < source.txt > target.txt
"""

from pydantic import Field

from seqkit.corpus import Corpus, CorpusOptions
from seqkit.models.translator import TranslatorSettings
from seqkit.nn.decoder import DecoderSettings
from seqkit.nn.embedding import EmbeddingSettings
from seqkit.nn.recurrent import EncoderSettings
from seqkit.recipe import About
from seqkit.settings import PathText, settings
from seqkit.tasks.translation.pairs import PairsText, open_pairs
from seqkit.tasks.translation.translation import Translation, TranslationSettings
from seqkit.tasks.translation.units import UnitSettings
from seqkit.train.optimizers import OptimizerSettings
from seqkit.train.settings import TrainSettings

ABOUT = About(
    shape="many-to-many",
    task="translation",
    languages=("ko", "en"),
    corpus="village",
    expected="BLEU 97",
    minutes=4,
)


@settings
class Settings(TranslationSettings):
    """The settings of a translator and the pairs it is learnt from."""

    corpus: PairsText = Field(
        default="village", description="pairs by name, a file or folder, or two files: a.txt,b.txt"
    )
    source: str = Field(default="", description="language to translate from (as the corpus has it)")
    target: str = Field(default="", description="language to translate to")
    path: PathText = Field(default="", description="where the corpus lies, if not found by itself")
    data: CorpusOptions = Field(default_factory=dict, description="options of the corpus")

    text: UnitSettings = UnitSettings(pieces=900)
    model: TranslatorSettings = TranslatorSettings(
        embedding=EmbeddingSettings(size=256, dropout=0.1),
        encoder=EncoderSettings(hidden=128),
        decoder=DecoderSettings(
            embedding=EmbeddingSettings(size=256, dropout=0.1), hidden=256, output_dropout=0.1
        ),
    )
    train: TrainSettings = TrainSettings(
        epochs=6,
        batch_size=32,
        optimizer=OptimizerSettings(
            optimizer="lazy_adam", lr=2e-3, schedule="cosine", warmup=0.05, clip_norm=1.0
        ),
    )


def read(settings: Settings) -> Corpus:
    """Open the pairs."""
    data = {"n": 12_000} if settings.corpus == "village" else {}
    return open_pairs(
        settings.corpus,
        {**data, **settings.data},
        settings.source,
        settings.target,
        settings.path,
    )


def build(settings: Settings, corpus: Corpus) -> Translation:
    """Assemble the job."""
    return Translation(settings, corpus)
