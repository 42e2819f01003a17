"""Answer what is said: questions and answers in Korean, or pairs of one's own.

seqkit train dialogue                               # the village's: of countries and capitals
seqkit train dialogue corpus=chatbot                # Chatbot_data: daily life, parting, love
seqkit train dialogue corpus=faq.tsv                # your own: a question, a tab, an answer

Then: seqkit predict RUN, which asks and answers; --top 5 for several answers
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
from seqkit.tasks.translation.scores import EvaluationSettings
from seqkit.tasks.translation.translation import Translation, TranslationSettings
from seqkit.tasks.translation.units import UnitSettings
from seqkit.train.optimizers import OptimizerSettings
from seqkit.train.settings import TrainSettings

ABOUT = About(
    shape="many-to-many",
    task="dialogue",
    languages=("ko", "en"),
    corpus="village",
    expected="acc 0.99",
    minutes=5,
)


@settings
class Settings(TranslationSettings):
    """The settings of a model that answers, and the pairs it is learnt from."""

    corpus: PairsText = Field(
        default="village", description="questions and answers: by name, or a file of pairs"
    )
    path: PathText = Field(default="", description="where the corpus lies, if not found by itself")
    data: CorpusOptions = Field(
        default_factory=dict, description="options of the corpus, as data.topic=love"
    )

    text: UnitSettings = UnitSettings(pieces=900)
    model: TranslatorSettings = TranslatorSettings(
        shared=True,
        embedding=EmbeddingSettings(size=256, dropout=0.2),
        encoder=EncoderSettings(hidden=128),
        decoder=DecoderSettings(
            embedding=EmbeddingSettings(size=256, dropout=0.2), hidden=256, output_dropout=0.3
        ),
    )
    evaluation: EvaluationSettings = EvaluationSettings(block_ngrams=3)
    train: TrainSettings = TrainSettings(
        epochs=10,
        batch_size=64,
        optimizer=OptimizerSettings(
            optimizer="lazy_adam", lr=2e-3, schedule="cosine", warmup=0.05, clip_norm=1.0
        ),
    )


def read(settings: Settings) -> Corpus:
    """Open the questions and answers."""
    data = {"kind": "dialogue"} if settings.corpus == "village" else {}
    return open_pairs(settings.corpus, {**data, **settings.data}, path=settings.path)


def build(settings: Settings, corpus: Corpus) -> Translation:
    """Assemble the job."""
    return Translation(settings, corpus)
