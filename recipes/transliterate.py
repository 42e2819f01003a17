"""Write names in another script: place names in Latin letters to Hangul, letter by letter.

seqkit train transliterate                              # made-up names, by rule
seqkit train transliterate corpus=place_names           # real ones (GeoNames), as people write
seqkit train transliterate corpus=place_names source=ko # and back
seqkit train transliterate corpus=names.tsv             # your own: a name, a tab, the other

Then: seqkit predict RUN "San Francisco" "Uppsala"
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
    task="transliteration",
    languages=("ko", "en"),
    corpus="village",
    expected="acc 0.94",
    minutes=3,
)


@settings
class Settings(TranslationSettings):
    """The settings of a transliterator and the names it is learnt from."""

    corpus: PairsText = Field(
        default="village", description="pairs of names: by name, or a file of pairs"
    )
    source: str = Field(default="", description="language to write from (as the corpus has it)")
    target: str = Field(default="", description="language to write in")
    path: PathText = Field(default="", description="where the corpus lies, if not found by itself")
    data: CorpusOptions = Field(default_factory=dict, description="options of the corpus")

    text: UnitSettings = UnitSettings(tokenizer="jamo", min_count=2)
    model: TranslatorSettings = TranslatorSettings(
        embedding=EmbeddingSettings(size=64),
        encoder=EncoderSettings(hidden=128),
        decoder=DecoderSettings(
            embedding=EmbeddingSettings(size=64), hidden=256, output_dropout=0.2
        ),
    )
    evaluation: EvaluationSettings = EvaluationSettings(bleu="char")
    train: TrainSettings = TrainSettings(
        epochs=12,
        batch_size=64,
        optimizer=OptimizerSettings(
            optimizer="adam", lr=3e-3, schedule="cosine", warmup=0.05, clip_norm=1.0
        ),
    )


def read(settings: Settings) -> Corpus:
    """Open the names."""
    data = {"kind": "names", **settings.data} if settings.corpus == "village" else settings.data
    return open_pairs(settings.corpus, data, settings.source, settings.target, settings.path)


def build(settings: Settings, corpus: Corpus) -> Translation:
    """Assemble the job."""
    return Translation(settings, corpus)
