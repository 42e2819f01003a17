"""What ``seqkit vectors train`` reads, and by which settings: its words taken apart."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from seqkit.errors import SeqkitError

if TYPE_CHECKING:
    from seqkit.cli.sources import Opened
    from seqkit.text.tokenizer import Tokenizer

T = TypeVar("T")
STDIN = "-"
TOKENIZER, DEVICE, CORPUS = "tokenizer", "device", "corpus."

Texts = Path | Literal["-"] | list[Path] | Iterable[str]


@dataclass(frozen=True)
class Request:
    """The words of a command line, by what they are for.

    Attributes:
        sources: text files, ``-``, or one data set.
        settings: ``key=value`` of the training.
        tokenizer: its name or folder; ``""`` if none was named.
        options: ``key=value`` of the tokenizer.
        corpus: ``key=value`` of the data set.
        device: what ``device=`` names; ``""`` if nothing does.
    """

    sources: list[str]
    settings: list[str]
    tokenizer: str = ""
    options: list[str] = field(default_factory=list)
    corpus: list[str] = field(default_factory=list)
    device: str = ""

    @classmethod
    def read(cls, words: Iterable[str], known: Iterable[str], *, resume: bool = False) -> "Request":
        """Sort words; a bare key that training has (``known``) is training's, else the data's.

        Raises:
            SeqkitError: if no text is named, or a data set among others.
        """
        sources: list[str] = []
        given: list[str] = []
        for word in words:
            (given if "=" in word and not Path(word).exists() else sources).append(word)
        if resume:
            if sources:
                raise SeqkitError(
                    f"--resume keeps the text that training began with: leave out '{sources[0]}'."
                )
            return cls._sorted([], given, set(known), set())
        if not sources:
            raise SeqkitError(
                "name a text to train on: a file, - for standard input, or a data set "
                "('seqkit data ls' lists them)."
            )
        sets = [source for source in sources if is_data_set(source)]
        if sets and len(sources) > 1:
            raise SeqkitError(f"'{sets[0]}' is a data set: train on it alone, or on text files.")
        return cls._sorted(sources, given, set(known), _options_of(sets[0]) if sets else set())

    @classmethod
    def _sorted(
        cls, sources: list[str], given: list[str], known: set[str], options: set[str]
    ) -> "Request":
        tokenizer, device, request = "", "", cls(sources, [])
        for word in given:
            key = word.partition("=")[0].strip()
            if key == TOKENIZER:
                tokenizer = word.partition("=")[2]
            elif key == DEVICE and key not in known:
                device = word.partition("=")[2]
            elif key.startswith(f"{TOKENIZER}."):
                request.options.append(word.removeprefix(f"{TOKENIZER}."))
            elif key.startswith(CORPUS):
                request.corpus.append(word.removeprefix(CORPUS))
            elif key in options and key not in known:
                request.corpus.append(word)
            else:
                request.settings.append(word)
        return cls(sources, request.settings, tokenizer, request.options, request.corpus, device)

    def texts(self, splits: str) -> "tuple[Texts, Tokenizer | None]":
        """Return what to train on, and what cuts it; None for words between spaces.

        A tokenizer that has to learn has learnt from the same texts.

        Raises:
            SeqkitError: if a text, split or tokenizer is not there, or an option is not known.
        """
        if is_data_set(self.sources[0]):
            return self._data_set(splits)
        if self.corpus or splits:
            raise SeqkitError("--splits and corpus.KEY=VALUE are for a data set, not for a file.")
        for source in self.sources:
            if source != STDIN and not Path(source).exists():
                raise _no_text(source)
        if STDIN in self.sources and len(self.sources) > 1:
            raise SeqkitError("- is standard input: train on it alone, or on text files.")
        texts: Texts = STDIN if self.sources == [STDIN] else [Path(each) for each in self.sources]
        return texts, self._tokenizer("", lambda: _lines(self.sources))

    def _data_set(self, splits: str) -> "tuple[Texts, Tokenizer | None]":
        from seqkit.cli.sources import open_source

        opened = open_source(self.sources[0], self.corpus)
        names = _splits(opened, splits)

        def texts() -> Iterator[str]:
            return chain.from_iterable(opened.texts(name) for name in names)

        languages = tuple(_card(self.sources[0]).languages)
        english = languages == ("en",) or "language=en" in self.corpus
        usual = "word" if english else "kiwi"
        return texts(), self._tokenizer(usual, texts)

    def _tokenizer(self, usual: str, texts: Any) -> "Tokenizer | None":
        from seqkit.cli.arguments import open_tokenizer
        from seqkit.text.tokenizer import Trainable, trained

        name = self.tokenizer or usual
        if not name:
            if self.options:
                raise SeqkitError(f"'{TOKENIZER}.{self.options[0]}' of which? Add tokenizer=NAME.")
            return None
        tokenizer = open_tokenizer(name, self.options)
        if isinstance(tokenizer, Trainable) and not tokenizer.is_trained:
            if self.sources == [STDIN]:
                raise SeqkitError(
                    f"{name} has to read the text twice, and standard input is read once: give "
                    "a file, or tokenizer=FOLDER of 'vocab build'."
                )
            return trained(tokenizer, texts())
        return tokenizer


def is_data_set(source: str) -> bool:
    """Whether a name is a data set's, or a path is of labelled texts in a table or folder."""
    from seqkit.corpora.labelled import READERS
    from seqkit.corpus import names, resolve

    if source == STDIN:
        return False
    if source in names():
        return True
    path = Path(source).expanduser()
    if path.is_dir():
        return resolve(source)[0].CARD.name == "labelled"
    return path.is_file() and any(ending.lower() in READERS for ending in path.suffixes[-2:])


def _card(source: str) -> Any:
    from seqkit.corpus import resolve

    return resolve(source)[0].CARD


def _options_of(source: str) -> set[str]:
    from seqkit import settings
    from seqkit.corpus import resolve

    return {leaf.path for leaf in settings.leaves(resolve(source)[0].Options())}


def _splits(opened: "Opened", wanted: str) -> list[str]:
    from seqkit.errors import unknown

    if wanted == "all":
        return list(opened.splits)
    names = [name.strip() for name in wanted.split(",") if name.strip()] or ["train"]
    for name in names:
        if name not in opened.splits:
            raise unknown("split", name, opened.splits)
    return names


def _no_text(source: str) -> SeqkitError:
    from seqkit.corpus import names
    from seqkit.errors import suggest

    if Path(source).suffix or len(Path(source).parts) > 1:
        return SeqkitError(f"no file at {source}.")
    return SeqkitError(
        f"'{source}' is neither a file nor a data set.{suggest(source, names())} "
        "'seqkit data ls' lists data sets."
    )


def _lines(sources: Iterable[str]) -> Iterator[str]:
    from seqkit.data.streams import files_in, lines

    for source in sources:
        for file in files_in(Path(source)):
            yield from lines(file)
