"""A language model that is to complete sentences: units that can be joined, and examples."""

from collections.abc import Mapping, Sequence

from pydantic import Field

from seqkit.settings import settings
from seqkit.tasks.language.completion import Completer
from seqkit.tasks.language.language_modelling import LanguageModelling, LanguageModellingSettings
from seqkit.tasks.language.running_text import UnitSettings
from seqkit.text import tokenizer as tokenizers
from seqkit.text.analysis import MorphologicalAnalyzer
from seqkit.text.joining import Joiner
from seqkit.text.tokenizer import Tokenizer

# I was late ..., so I was scolded ... by the teacher, my seatmate is the most ...
PROMPTS = ("나는 지각을", "그래서 선생님께 혼이", "내 짝은 우리반에서 가장")


@settings
class JoinableUnits(UnitSettings):
    """How a running text becomes ids of units that can be put together to words again."""

    def create(self, languages: Sequence[str]) -> Tokenizer:
        """Return the tokenizer; morphemes keep their tags, which tell how they are joined."""
        tokenizer = UnitSettings.create(self, languages)
        if isinstance(tokenizer, MorphologicalAnalyzer) and "attach_tag" not in self.options:
            return tokenizers.create(self.tokenizer, {**self.options, "attach_tag": True})
        return tokenizer


@settings
class CompletingSettings(LanguageModellingSettings):
    """All that a completion job is made of, besides its corpus."""

    prompts: tuple[str, ...] = Field(
        default=PROMPTS, description="completed in the model card, as examples"
    )
    text: JoinableUnits = JoinableUnits()


class Completing(LanguageModelling):
    """A language-modelling job whose card shows what the model makes of some prompts."""

    settings: CompletingSettings

    @property
    def asked(self) -> str:
        """What ``seqkit predict RUN`` may be given."""
        return f'"{self.settings.prompts[0]}"' if self.settings.prompts else '"a text"'

    def examples(self) -> dict[str, str]:
        """Return each prompt with its ten most probable next words."""
        training = self.model.training
        self.model.eval()
        joiner = Joiner(self.tokenizer, self.vocabulary)
        completer = Completer(self.model, joiner, self.vocabulary.eos)
        answers = completer.words(self.settings.prompts, 10) if self.settings.prompts else []
        self.model.train(training)
        return {
            f"{prompt} ...": ", ".join(f"{word.text} {word.probability:.3f}" for word in words)
            for prompt, words in zip(self.settings.prompts, answers, strict=True)
        }

    def card(self, scores: Mapping[str, Mapping[str, float]]) -> str:
        """Return the model card, with the prompts and their next words."""
        lines = [f"- {prompt} {words}" for prompt, words in self.examples().items()]
        shown = "\n".join(["## Next words", "", *lines, "", "## Use"])
        return super().card(scores).replace("## Use", shown, 1)
