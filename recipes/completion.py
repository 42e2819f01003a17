"""Complete a Korean sentence: its next words, and the rest of it.

seqkit train completion                            # film reviews (NSMC), syllable by syllable
seqkit train completion --config small_text        # the village; or corpus=kolaw: no download
seqkit train completion corpus=novel.txt           # or kowiki_lm: any text; small_text for a short
seqkit train completion tokenizer=unigram          # or jamo, bpe, kiwi, word, ...

Then: seqkit predict RUN "나는 지각을" "그래서 선생님께 혼이" "내 짝은 우리반에서 가장"
"""

from pydantic import Field

from seqkit.corpus import Corpus, CorpusOptions, CorpusText, load
from seqkit.data.windows import WindowSettings
from seqkit.models.language_model import LanguageModelSettings
from seqkit.nn.embedding import EmbeddingSettings
from seqkit.nn.recurrent import EncoderSettings
from seqkit.recipe import About
from seqkit.settings import PathText, settings
from seqkit.tasks.language.completing import Completing, CompletingSettings, JoinableUnits
from seqkit.train.optimizers import OptimizerSettings
from seqkit.train.settings import TrainSettings

ABOUT = About(
    shape="aligned",
    task="completion",
    languages=("ko", "en"),
    corpus="nsmc",
    expected="next word .051",
    minutes=26,
)


@settings
class Settings(CompletingSettings):
    """The settings of a completion job and the corpus it is learnt from."""

    corpus: CorpusText = Field(default="nsmc", description="by name, or a file or folder")
    path: PathText = Field(default="", description="where the corpus lies, if not found by itself")
    data: CorpusOptions = Field(
        default_factory=dict, description="options of the corpus, as data.language=ko"
    )

    validation: float = Field(default=0.02, ge=0, lt=1, description="share of train to choose on")
    text: JoinableUnits = JoinableUnits(tokenizer="syllable", min_count=3)
    window: WindowSettings = WindowSettings(bptt=60)
    model: LanguageModelSettings = LanguageModelSettings(
        projection=True,
        embedding=EmbeddingSettings(size=128),
        encoder=EncoderSettings(hidden=512, layers=1, bidirectional=False),
    )
    train: TrainSettings = TrainSettings(
        epochs=2,
        batch_size=64,
        optimizer=OptimizerSettings(
            optimizer="adam", lr=3e-3, schedule="cosine", warmup=0.02, clip_norm=1.0
        ),
    )


def read(settings: Settings) -> Corpus:
    """Open the corpus; of the village, its Korean text."""
    options = dict(settings.data)
    if settings.corpus == "village":
        options = {"kind": "text", "language": "ko", **options}
    return load(settings.corpus, options, path=settings.path)


def build(settings: Settings, corpus: Corpus) -> Completing:
    """Assemble the job."""
    return Completing(settings, corpus)
