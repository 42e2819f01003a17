"""Say what is in a picture: handwritten digits, emoji, or a folder of pictures of your own.

seqkit train captions                                    # digits: 숫자 칠, 홀수, 소수; ...
seqkit train captions attention=general                  # looks at a place of it for each word
seqkit train captions bridge=zero repeat=true            # the picture's vector read at each step
seqkit train captions --config emoji data.language=ko    # needs the emoji in SEQKIT_DATA
seqkit train captions corpus=FOLDER                      # captions.tsv: file, tab, caption

Then: seqkit predict RUN picture.png other.png
"""

from pydantic import Field

from seqkit.corpus import Corpus, CorpusOptions, CorpusText, load, names
from seqkit.models.captioner import CaptionerSettings
from seqkit.nn.decoder import DecoderSettings
from seqkit.nn.embedding import EmbeddingSettings
from seqkit.nn.image import ImageSettings
from seqkit.recipe import About
from seqkit.settings import PathText, settings
from seqkit.tasks.captions.captioning import Captioning, CaptioningSettings
from seqkit.train.optimizers import OptimizerSettings
from seqkit.train.settings import TrainSettings

ABOUT = About(
    shape="one-to-many",
    task="captions of pictures",
    languages=("ko", "en"),
    corpus="digits",
    expected="exact 0.97",
    minutes=1,
)


@settings
class Settings(CaptioningSettings):
    """The settings of a captioner and the corpus it is learnt from."""

    corpus: CorpusText = Field(
        default="digits", description="digits, emoji, or a folder of pictures or vectors"
    )
    path: PathText = Field(default="", description="where the corpus lies, if not found by itself")
    data: CorpusOptions = Field(
        default_factory=dict, description="options of the corpus, as data.language=ko"
    )
    captioner: CaptionerSettings = CaptionerSettings(
        image=ImageSettings(
            channels=(32, 64), pool_every=2, dropout=0.5, shift=1, turn=10, stretch=0.15
        ),
        decoder=DecoderSettings(
            embedding=EmbeddingSettings(size=64),
            cell="gru",
            hidden=128,
            attention="none",
            repeat=True,
        ),
    )
    train: TrainSettings = TrainSettings(
        epochs=25,
        batch_size=32,
        optimizer=OptimizerSettings(lr=4e-3, schedule="cosine", warmup=0.05, clip_norm=1.0),
    )


def read(settings: Settings) -> Corpus:
    """Open the corpus."""
    if settings.corpus in names():
        return load(settings.corpus, settings.data, path=settings.path)
    return load("captioned", settings.data, path=settings.corpus)


def build(settings: Settings, corpus: Corpus) -> Captioning:
    """Assemble the job."""
    return Captioning(settings, corpus)
