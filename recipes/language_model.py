"""Predict the next word, syllable, jamo, piece or character of a running text.

seqkit train language_model                                # WikiText-2, words, on a CPU
seqkit train language_model --config awd_lstm              # AWD-LSTM, on a GPU
seqkit train language_model corpus=kowiki_lm tokenizer=unigram text.options.size=8000
seqkit train language_model corpus=shakespeare tokenizer=character bptt=128
seqkit train language_model corpus=book.txt tokenizer=unigram   # your own; reset=true: by lines

Then: seqkit eval RUN evaluation.cache=0.1 evaluation.dynamic=0.1
"""

from dataclasses import replace

from pydantic import Field

from seqkit.corpus import Corpus, CorpusOptions, CorpusText, load
from seqkit.data.windows import WindowSettings
from seqkit.models.language_model import ENCODER, LanguageModelSettings
from seqkit.nn.embedding import EmbeddingSettings
from seqkit.nn.softmax import SoftmaxSettings
from seqkit.recipe import About
from seqkit.settings import PathText, settings
from seqkit.tasks.language.language_modelling import LanguageModelling, LanguageModellingSettings
from seqkit.train.optimizers import OptimizerSettings
from seqkit.train.settings import TrainSettings

ABOUT = About(
    shape="aligned",
    task="next token",
    languages=("ko", "en"),
    corpus="wikitext2",
    expected="perplexity 97.9",
    minutes=111,
)


@settings
class Settings(LanguageModellingSettings):
    """The settings of a language model and the corpus it is learnt from."""

    corpus: CorpusText = Field(
        default="wikitext2", description="a corpus by name, or a file or folder"
    )
    path: PathText = Field(default="", description="where the corpus lies, if not found by itself")
    data: CorpusOptions = Field(
        default_factory=dict, description="options of the corpus, as data.unit=document"
    )

    window: WindowSettings = WindowSettings(bptt=48)
    model: LanguageModelSettings = LanguageModelSettings(
        embedding_dropout=0.1,
        output_dropout=0.45,
        embedding=EmbeddingSettings(size=320, dropout=0.35),
        encoder=replace(ENCODER, dropout=0.25, weight_dropout=0.25),
        softmax=SoftmaxSettings(softmax="sampled"),
    )
    train: TrainSettings = TrainSettings(
        epochs=20,
        batch_size=24,
        optimizer=OptimizerSettings(
            optimizer="lazy_adam", lr=3e-3, schedule="cosine", warmup=0.03, clip_norm=1.0
        ),
    )


def read(settings: Settings) -> Corpus:
    """Open the corpus."""
    return load(settings.corpus, settings.data, path=settings.path)


def build(settings: Settings, corpus: Corpus) -> LanguageModelling:
    """Assemble the job."""
    return LanguageModelling(settings, corpus)
