"""What is served: runs and word vectors, opened once and asked many times."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from seqkit.asking import Asked, terms_of
from seqkit.errors import SeqkitError
from seqkit.files import read_json
from seqkit.serve.about import about_run, languages
from seqkit.serve.plane import plane
from seqkit.serve.threads import compute_with, threads

if TYPE_CHECKING:
    from seqkit.tasks.answering import Answerer
    from seqkit.vectors.picture import Picture

VARIANTS = 8  # ways of writing of a run that are kept ready
MAP = 1_000  # words of the map, at most
WHOLE = re.compile("[가-힣]{2,}|[A-Za-z]{4,}")  # words that are offered as examples
UNITS = 100_000  # that options may ask for at once: what is begun is not given up
LENGTH = 100  # units of a text, where it is not said
WORD = 16  # units of a next word
# Questions that the page offers, where all their words are known.
QUESTIONS = (
    *("서울 - 한국 + 일본", "할머니 - 할아버지 + 아버지", "왕 - 남자 + 여자"),
    *("Paris - France + Japan", "grandmother - grandfather + father", "king - man + woman"),
)


class Predict(NamedTuple):
    """How texts are to be answered: so many answers, and whether attention is told."""

    top: int | None = None
    attention: bool = False


class Generate(NamedTuple):
    """How texts are to be gone on with or written: options of the run's ``writing``."""

    options: tuple[tuple[str, Any], ...] = ()


class Nearest(NamedTuple):
    """How a question to word vectors is to be answered."""

    top: int = 10
    cosmul: bool = False
    plane: bool = False


class Overview(NamedTuple):
    """A map of the most frequent words is asked for; the items say how many."""


class Served(Protocol):
    """Something that answers items, all of them asked in one way."""

    name: str
    about: Mapping[str, Any]

    def answer(self, how: Any, items: Sequence[Any]) -> list[dict[str, Any]]:
        """Return an answer for each item, as plain values.

        Raises:
            SeqkitError: if one cannot be answered.
        """
        ...


def open_served(words: Sequence[str]) -> list[Served]:
    """Open runs and word vectors.

    Args:
        words: the path of each, or ``NAME=PATH``; a path's last part is its name otherwise.

    Raises:
        SeqkitError: if one cannot be opened, or two have one name.
    """
    named: dict[str, Path] = {}
    for word in words:
        name, path = _named(word)
        if name in named:
            raise SeqkitError(
                f"two are named '{name}', {named[name]} and {path}: name them, as {name}-2={path}."
            )
        named[name] = path
    opened = [_open(name, path) for name, path in named.items()]
    compute_with(threads(len(opened)))
    for one in opened:
        _warm(one)
    return opened


def _warm(one: Served) -> None:
    """Ask something, so that what is made on the first use is made before anyone waits for it."""
    vectors = one.about["task"] == "vectors"
    with suppress(SeqkitError):
        one.answer(Nearest() if vectors else Predict(), one.about["examples"][:1] or ["."])


def _named(word: str) -> tuple[str, Path]:
    name, equals, path = word.partition("=")
    if equals and not Path(word).exists():
        if not name.strip() or not path.strip():
            raise SeqkitError(f"'{word}' is not of the form NAME=PATH.")
        return name.strip(), Path(path.strip()).expanduser()
    return Path(word).absolute().name or word, Path(word).expanduser()


def _open(name: str, path: Path) -> Served:
    if not path.exists():
        raise SeqkitError(f"there is no run and there are no word vectors at {path}.")
    settings = path / "settings.json"
    if settings.is_file():
        saved = read_json(settings)
        return ServedRun(name, *_run(path, saved if isinstance(saved, dict) else {}))
    from seqkit.vectors.files.formats import open_any

    return ServedVectors(name, Asked(open_any(path)))


def _run(path: Path, saved: Mapping[str, Any]) -> tuple["Answerer", str]:
    if "onnx" in saved:
        from seqkit.export.runtime import load as load_exported

        return load_exported(path), str(saved.get("task"))
    from seqkit.predict import load

    answerer, task = load(path), str(saved.get("task"))
    if getattr(answerer, "view", None) is not None:
        raise SeqkitError(
            f"{path} reads pictures by the path of their file, which is not for a server: serve "
            "runs that read texts."
        )
    return answerer, task


@dataclass(eq=False)
class ServedRun:
    """A trained run."""

    name: str
    answerer: Any
    task: str
    about: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.about = about_run(self.name, self.answerer, self.task)
        self._variant = lru_cache(VARIANTS)(self._with_options)

    def answer(self, how: Predict | Generate, items: Sequence[str]) -> list[dict[str, Any]]:
        """Return an answer for each text.

        Raises:
            SeqkitError: if a text cannot be answered, or an option means nothing to the run.
        """
        if isinstance(how, Generate):
            return self._rows(self._chosen(how.options, len(items)), None, items)
        writes = "generate" in self.about["can"]
        options = (("top", how.top),) if writes and how.top else ()
        rows = self._rows(self._chosen(options, len(items)), None if writes else how.top, items)
        if how.attention and "attention" in self.about["can"]:
            for row, text in zip(rows, items, strict=True):
                row["attention"] = _attention(self.answerer, text)
        return rows

    def _rows(
        self, answerer: "Answerer", top: int | None, texts: Sequence[str]
    ) -> list[dict[str, Any]]:
        writing = getattr(answerer, "writing", None)
        shown = top or (writing.top if writing is not None else 1)
        return [answer.row(shown) for answer in answerer.stream(texts)]

    def _chosen(self, options: tuple[tuple[str, Any], ...], texts: int) -> Any:
        """Return the run with options, unless it would write for too long with them."""
        answerer = self._variant(options)
        if options:
            _check_units(answerer.writing, texts)
        return answerer

    def _with_options(self, options: tuple[tuple[str, Any], ...]) -> Any:
        if not options:
            return self.answerer
        if "generate" not in self.about["can"]:
            raise SeqkitError(f"'{self.name}' writes no text: ask /predict.")
        try:
            return self.answerer.with_options(dict(options))
        except SeqkitError as error:  # options of the command line are fields here
            told = re.sub(r"--([a-z]\S*)", lambda m: m[1].replace("-", "_"), str(error))
            raise SeqkitError(told) from None


def _check_units(writing: Any, texts: int) -> None:
    beam = max(writing.decoding.beam, writing.decoding.answers)
    length = max(writing.length or LENGTH, getattr(writing, "min_length", 0))
    units = beam * length if getattr(writing, "sentences", 1) else 0
    if not getattr(writing, "lemmas", False):  # which are read off, not searched
        units += 4 * getattr(writing, "words", 0) * WORD  # by four hypotheses each
    if texts * units > UNITS:
        raise SeqkitError(
            f"{texts} texts x {units:,} units of their hypotheses are more than {UNITS:,}: ask for "
            "fewer texts, beams or words, or less length, at once."
        )


@dataclass(eq=False)
class ServedVectors:
    """Word vectors."""

    name: str
    asked: Asked
    about: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        words = [str(word) for word in self.asked.vectors.index_to_key[:MAP]]
        self.about = {
            "name": self.name,
            "task": "vectors",
            "can": ["similar"],
            "languages": languages(words),
            "writes": "",
            "labels": [],
            "words": len(self.asked.vectors),
            "examples": [*self._known(QUESTIONS), *filter(WHOLE.fullmatch, words)][:8],
        }
        self._overview = lru_cache(1)(self._draw)

    def _known(self, questions: Sequence[str]) -> Iterator[str]:
        has = self.asked.vectors.has_index_for
        return (q for q in questions if all(map(has, q.split()[::2])))

    def answer(self, how: Nearest | Overview, items: Sequence[Any]) -> list[dict[str, Any]]:
        """Return the words nearest to each sum; or the map of so many frequent words.

        Raises:
            SeqkitError: if a question is none, or a word is unknown.
        """
        if isinstance(how, Overview):
            return [self._overview(count) for count in items]
        return [self._similar(question, how) for question in items]

    def _similar(self, question: str, how: Nearest) -> dict[str, Any]:
        terms, _ = terms_of(question, self.asked.find)
        answers = self.asked.neighbours(terms, how.top, cosmul=how.cosmul)
        told = [
            {
                "word": term.found.word,
                "sign": term.sign,
                "from_subwords": term.found.source == "subwords",
            }
            for term in terms
        ]
        answer: dict[str, Any] = {"terms": told, "answers": answers}
        if how.plane:
            signed = [(term.found.word, term.sign) for term in terms]
            answer["plane"] = plane(self.asked.vectors, signed, [row["word"] for row in answers])
        return answer

    def _draw(self, count: int) -> dict[str, Any]:
        from seqkit.vectors import picture

        words = [str(word) for word in self.asked.vectors.index_to_key[: min(count, MAP)]]
        return _plain(picture.draw(self.asked.vectors, words))


def _plain(drawn: "Picture") -> dict[str, Any]:
    """Return a picture as plain values; the plane scaled to -1 to 1, y down."""
    centred = drawn.places - (drawn.places.max(axis=0) + drawn.places.min(axis=0)) / 2
    scale = abs(centred).max() or 1.0
    return {
        "words": list(drawn.words),
        "places": (centred / scale * [1, -1]).round(4).tolist(),
        "groups": drawn.groups.tolist(),
        "names": list(drawn.names),
        "nearest": drawn.nearest.tolist(),
        "cosines": drawn.cosines.round(3).tolist(),
        "about": drawn.about,
    }


def _attention(answerer: Any, text: str) -> dict[str, Any] | None:
    """Return what was attended to in answering a text; None where nothing of it can be read."""
    from seqkit.explain.attention import of

    try:
        found = of(answerer, text)
    except SeqkitError:
        return None
    weights = found.weights.round(4).tolist()
    return {"rows": list(found.target), "columns": list(found.source), "weights": weights}
