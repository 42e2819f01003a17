"""Morphological analysers that need no Java: Kiwi and MeCab-ko.

Kiwi: https://github.com/bab2min/Kiwi. MeCab: Kudo, Yamamoto and Matsumoto, Applying conditional
random fields to Japanese morphological analysis, EMNLP 2004; with the dictionary of the
mecab-ko project, through python-mecab-ko.
"""

import os
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from seqkit.errors import SeqkitError
from seqkit.settings import settings
from seqkit.text import tags
from seqkit.text.alignment import spans
from seqkit.text.analysis import Morpheme, MorphologicalAnalyzer
from seqkit.text.dictionary import Entry, entries
from seqkit.text.tokenizer import Token, Tokens

_KIWI_USER_TAGS = [tag for tag in tags.KIWI if not tag.startswith(("W_", "Z_", "U"))]
_MECAB_USER_TAGS = [tag for tag in tags.MECAB if tag != "UNKNOWN"]
KiwiEntries = Annotated[
    tuple[Entry, ...], BeforeValidator(lambda value: entries(value, _KIWI_USER_TAGS))
]
MecabEntries = Annotated[
    tuple[Entry, ...],
    BeforeValidator(lambda value: entries(value, _MECAB_USER_TAGS, refused=' ,"')),
]

# options -> backend. A forked child goes on with its parent's: both are memory and no threads.
_backends: dict[tuple[Any, ...], Any] = {}
# Held while a backend is made or at work, and while the process forks: so no child begins with
# one that another thread was in the middle of.
_lock = threading.RLock()
os.register_at_fork(
    before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
)


def _backend(key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    if key not in _backends:
        _backends[key] = make()
    return _backends[key]


@settings
class KiwiTokenizer(MorphologicalAnalyzer):
    """Kiwi: the best published disambiguation of the free analysers; no Java, many platforms."""

    lemma: bool = Field(default=False, description="write verbs and adjectives with 다")
    normalize: bool = Field(
        default=False,
        description="give an added final back to the laughter behind it: 했닼ㅋ as 했다ㅋㅋ",
    )
    typos: Literal["none", "basic", "continual", "basic_with_continual"] = Field(
        default="none", description="the kinds of misspelling to see through (slower)"
    )
    model: Literal["cong", "cong-global", "largest"] = Field(
        default="cong", description="Kiwi's language model; the global one is slower"
    )
    dictionary: KiwiEntries = Field(
        default=(),
        description="a file of words to know: word, tab, tag, and perhaps a tab and a score "
        "(added to Kiwi's log-probability)",
    )

    table: ClassVar[Mapping[str, str]] = tags.KIWI
    unknown: ClassVar[str] = "UN"

    def _analysed(self, text: str) -> list[Morpheme]:
        with _lock:
            kiwi = _backend(("kiwi", self.model, self.dictionary), self._load)
            found = kiwi.tokenize(
                text,
                normalize_coda=self.normalize,
                typos=None if self.typos == "none" else self.typos,
            )
        return [
            Morpheme(token.form, token.tag, (token.start, token.end) if token.len else None)
            for token in found
        ]

    def _load(self) -> Any:
        try:
            from kiwipiepy import Kiwi
        except ImportError:
            raise SeqkitError(
                "the kiwi tokenizer needs kiwipiepy: pip install kiwipiepy."
            ) from None
        with warnings.catch_warnings():  # about what 0 meant before
            warnings.simplefilter("ignore", DeprecationWarning)
            kiwi = Kiwi(num_workers=0, model_type=self.model)  # threads of its own: none
        for word, tag, score in self.dictionary:
            kiwi.add_user_word(word, tag, score or 0.0)
        kiwi.tokenize("")  # loads the model
        return kiwi

    def detokenize(self, tokens: Sequence[Token]) -> str:
        """Return the source of the tokens; without it, as Kiwi joins morphemes to sentences."""
        if isinstance(tokens, Tokens) or any(token.tag is None for token in tokens):
            return MorphologicalAnalyzer.detokenize(self, tokens)
        with _lock:
            kiwi = _backend(("kiwi", self.model, self.dictionary), self._load)
            return str(kiwi.join([self._joinable(token) for token in tokens]))

    def _joinable(self, token: Token) -> tuple[str, str]:
        form, tag = token.text, token.tag or "NNG"
        if self.attach_tag:
            form = form.removesuffix(f"/{tag}")
        if self.lemma and tags.sejong(tag, form, tags.KIWI) in tags.VERBS:
            form = form.removesuffix("다")
        return form, tag if tag in tags.KIWI else "NNG"


@settings
class MecabTokenizer(MorphologicalAnalyzer):
    """MeCab-ko: the fastest. One token may hold several morphemes, tagged ``VV+EP``."""

    lemma: bool = Field(default=False, description="write verbs and adjectives with 다")
    decompose: bool = Field(
        default=False, description="take tokens of several morphemes apart: 했 into 하 and 았"
    )
    dictionary: MecabEntries = Field(
        default=(),
        description="a file of words to know: word, tab, tag, and perhaps a tab and a score "
        "(MeCab's cost: less is preferred, -5000 wins over known words)",
    )

    table: ClassVar[Mapping[str, str]] = tags.MECAB
    unknown: ClassVar[str] = "UNKNOWN"

    def _analysed(self, text: str) -> list[Morpheme]:
        with _lock:
            parsed = _backend(("mecab", self.dictionary), self._load).parse(text)
        found: list[Morpheme] = []
        for morpheme in parsed:
            span, feature = tuple(morpheme.span), morpheme.feature
            if feature.type == "Inflect" and feature.expression:
                if self.decompose:
                    found += _decomposed(feature.expression, morpheme.surface, span[0])
                    continue
                if self.lemma:  # that of its first morpheme
                    form = feature.expression.partition("/")[0]
                    found.append(Morpheme(form, morpheme.pos, span))
                    continue
            elif self.decompose and feature.type == "Compound" and feature.expression:
                found += _decomposed(feature.expression, morpheme.surface, span[0])
                continue
            found.append(Morpheme(morpheme.surface, morpheme.pos, span))
        return found

    def _load(self) -> Any:
        try:
            from mecab import MeCab
        except ImportError:
            raise SeqkitError(
                "the mecab tokenizer needs python-mecab-ko: pip install 'seqkit-nlp[mecab]'."
            ) from None
        if not self.dictionary:
            return MeCab()
        with tempfile.TemporaryDirectory() as folder:
            compiled = Path(folder) / "user.dic"
            _compile(self.dictionary, compiled)
            return MeCab(user_dictionary_path=compiled)


def _decomposed(expression: str, surface: str, start: int) -> list[Morpheme]:
    """Cut at MeCab's own expression for a token: ``하/VV/*+았/EP/*``."""
    parts = [part.split("/")[:2] for part in expression.split("+")]
    places = spans(surface, [form for form, _ in parts])
    return [
        Morpheme(form, tag, span and (span[0] + start, span[1] + start))
        for (form, tag), span in zip(parts, places, strict=True)
    ]


def _compile(dictionary: Sequence[Entry], target: Path) -> None:
    """Compile a user dictionary; in a process of its own, since MeCab's compiler may exit."""
    from seqkit.text.hangul import has_final

    lines = []
    # The words without a score first: the compiler estimates costs only if the first line asks.
    for word, tag, score in sorted(dictionary, key=lambda entry: entry.score is not None):
        final = "T" if has_final(word) else "F"
        cost = "" if score is None else str(round(score))
        lines.append(f"{word},,,{cost},{tag},*,{final},{word},*,*,*,*\n")
    table = target.with_suffix(".csv")
    table.write_text("".join(lines), encoding="utf-8")
    command = [sys.executable, "-m", "mecab", "dict-index", "--userdic", str(target), str(table)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not target.exists():
        reason = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise SeqkitError(f"MeCab did not accept the user dictionary: {reason[-1]}.")
