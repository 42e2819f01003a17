"""A corpus: named splits of typed examples, found by name or path.

This file holds the nouns. The data sets themselves are the files of ``corpora/``: a module there
that has a ``CARD`` (see :class:`Card`), ``Options`` (a ``@settings`` class) and
``read(options, folder) -> {split: examples}`` is a corpus, and is found by its file name.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import islice
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Protocol, cast

from pydantic import AfterValidator

from seqkit import arrow
from seqkit import settings as settings_
from seqkit.errors import SeqkitError, unknown
from seqkit.sources import Card as Card
from seqkit.sources import Source as Source
from seqkit.sources import files_of, find, locate
from seqkit.text.tokenizer import Token

if TYPE_CHECKING:
    from datasets import Dataset


class Text(NamedTuple):
    """Plain text: one sentence, paragraph or document."""

    text: str


class Labelled(NamedTuple):
    """A text and its labels: exactly one, or any number where the corpus is multi-label."""

    text: str
    labels: tuple[str, ...]


class Tagged(NamedTuple):
    """A text cut into tokens, each with its tag and its offsets into the text.

    ``beside`` is a second tag of each token, where the data has and the reader wants one.
    """

    text: str
    tokens: tuple[Token, ...]
    beside: tuple[str, ...] = ()


class Pair(NamedTuple):
    """A sentence and its translation, or a question and its answer."""

    source: str
    target: str


class Fact(NamedTuple):
    """Two words in a relation (``capital``: 한국 -> 서울), for vector analogies."""

    relation: str
    left: str
    right: str


class Series(NamedTuple):
    """A column of a table that has a row for each time step (a frame), oldest first.

    Attributes:
        name: of the column.
        role: ``number``, ``label`` or ``date``.
        values: of a number column.
        texts: of a column of labels or dates.
        filled: how many of the values were gaps that the reader filled.
    """

    name: str
    role: str
    values: tuple[float, ...]
    texts: tuple[str, ...]
    filled: int


class Captioned(NamedTuple):
    """A picture, or a vector of ready features, and the captions it may have.

    Attributes:
        name: of the picture, as its file's.
        shape: ``(height, width, channels)`` of a picture, ``(features,)`` of a vector.
        values: row by row, pixel by pixel, channel by channel; of a picture from 0 to 1.
        captions: at least one.
    """

    name: str
    shape: tuple[int, ...]
    values: tuple[float, ...]
    captions: tuple[str, ...]


KINDS: tuple[Any, ...] = (Text, Labelled, Tagged, Pair, Fact, Series, Captioned)


class Reader(Protocol):
    """What a module of ``corpora/`` provides.

    ``read`` yields the examples of each split and may raise SeqkitError as it goes; the splits
    are consumed in the order of the mapping. ``folder`` is where the files are, None if the data
    set is generated. Labelled rows have one label each (none in a split named ``unlabelled``),
    unless the options' ``multi_label`` is true. Options with a ``test_fraction`` and a ``seed``
    have a test split of that size carved out where the data has none. A module of several data
    sets has ``card(options, path)``, the card of the one that is meant.
    """

    CARD: Card
    Options: type[Any]

    def read(self, options: Any, folder: Path | None) -> Mapping[str, Iterable[Any]]:
        """Return the examples of each split."""
        ...


@dataclass(frozen=True, eq=False)
class Corpus:
    """Named splits of one type of example, each a ``datasets.Dataset``.

    Attributes:
        name: as it was asked for: a name of ``corpora/`` or the user's path.
        options: the settings it was read with.
        kind: the type of its examples; the columns of each Dataset are its fields.
        labels: of the training split, sorted; empty unless the examples are ``Labelled``.
        multi_label: whether an example may have any number of labels, rather than one.
        folder: where it was found; None if it was generated.
    """

    name: str
    card: Card
    options: Any
    splits: "Mapping[str, Dataset]"
    kind: type
    labels: tuple[str, ...] = ()
    multi_label: bool = False
    folder: Path | None = None

    def split(self, name: str) -> "Dataset":
        """Return a split by name; an unknown name raises SeqkitError and lists those there are."""
        if name not in self.splits:
            raise unknown("split", name, self.splits, f"corpus {self.name}")
        return self.splits[name]

    def examples(self, split: str) -> Iterator[Any]:
        """Yield the examples of a split, of type ``kind``."""
        return arrow.examples(self.split(split), self.kind)

    def only(self, names: Collection[str]) -> "Corpus":
        """Return the corpus without its splits of other names."""
        return replace(self, splits={n: rows for n, rows in self.splits.items() if n in names})

    def texts(self, split: str) -> Iterator[str]:
        """Yield the texts of a split, whatever its examples are; of a pair, one and the other.

        Of a picture, every caption.

        Raises:
            SeqkitError: if its examples are numbers.
        """
        if self.kind is Series:
            raise SeqkitError(f"{self.name} is a series of numbers: it has no texts.")
        several = {Pair: ["source", "target"], Fact: ["left", "right"], Captioned: ["captions"]}
        columns = self.split(split).select_columns(several.get(self.kind, ["text"]))
        for batch in columns.iter(1000):
            for row in zip(*batch.values(), strict=True):
                yield from row[0] if self.kind is Captioned else row

    def hold_out(self, fraction: float, seed: int = 0, split: str = "validation") -> "Corpus":
        """Return the corpus with a new split carved out of ``train``.

        Stratified by label (of several labels, the rarest); rows with the same text stay on one
        side; every label keeps at least one training row. The same seed gives the same rows. A
        corpus that already has the split is returned as it is.

        Args:
            fraction: of the distinct training texts, above 0 and below 1.
            seed: of the choice.
            split: the name of the new split.

        Raises:
            SeqkitError: if the fraction is out of range, or no row can be spared.
        """
        if split in self.splits:
            return self
        if not 0 < fraction < 1:
            raise SeqkitError(
                f"cannot hold out {fraction} of {self.name}: give a number in (0, 1)."
            )
        train = self.split("train")
        chosen = _choose(list(self.examples("train")), fraction, seed)
        if not chosen:
            why = f"it has one distinct text (rows: {len(train)})"
            if self.labels:
                why = f"every label of its {len(train)} rows has only one text"
            raise SeqkitError(
                f"{self.name} has no training row to spare for a {split} split: {why}; add rows, "
                f"or give a {split} split, or hold nothing out."
            )
        kept = [row for row in range(len(train)) if row not in chosen]
        held = {"train": train.select(kept), split: train.select(sorted(chosen))}
        return replace(self, splits={**self.splits, **held})


def _choose(rows: list[Any], fraction: float, seed: int) -> set[int]:
    """Choose the rows to hold out: see :meth:`Corpus.hold_out`."""
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        groups[row[0]].append(number)
    labels = {
        text: sorted({label for i in members for label in getattr(rows[i], "labels", ())})
        for text, members in groups.items()
    }
    left = Counter(label for several in labels.values() for label in several)
    strata: defaultdict[str, list[str]] = defaultdict(list)
    for text, several in labels.items():
        strata[min(several, key=lambda label: (left[label], label), default="")].append(text)

    chosen: set[int] = set()
    due = 1e-9  # carried over, so that many small strata still add up to the fraction
    draw = random.Random(seed)
    for _, texts in sorted(strata.items(), key=lambda item: (-len(item[1]), item[0])):
        draw.shuffle(texts)
        due += fraction * len(texts)
        for text in texts:
            if due >= 1 and all(left[label] > 1 for label in labels[text]):
                left.subtract(labels[text])
                chosen.update(groups[text])
                due -= 1
    if not chosen and len(groups) > 1:  # a small corpus: one text, if any can be spared
        every = (text for texts in strata.values() for text in texts)
        spare = (text for text in every if all(left[label] > 1 for label in labels[text]))
        chosen.update(row for text in islice(spare, 1) for row in groups[text])
    return chosen


def names() -> list[str]:
    """Return the names of the corpora, sorted."""
    from seqkit import corpora

    found = (module.name for module in iter_modules(corpora.__path__))
    return sorted(n for n in found if not n.startswith("_") and hasattr(_module(n), "CARD"))


def _absolute(corpus: str) -> str:
    here = corpus not in names() and Path(corpus).expanduser().exists()
    return str(Path(corpus).expanduser().absolute()) if here else corpus


# A setting: a corpus by name, or a path, kept absolute so that a run can be scored from any folder.
CorpusText = Annotated[str, AfterValidator(_absolute)]
CorpusOptions = dict[str, str | bool | int | float]  # a setting: those of a corpus, by name


def reader(name: str) -> Reader:
    """Return the module of ``corpora/`` by that name."""
    known = names()
    if name not in known:
        raise unknown("corpus", name, known)
    return cast(Reader, _module(name))


def _module(name: str) -> Any:
    return import_module(f"seqkit.corpora.{name}")


def resolve(name_or_path: str, path: str = "") -> tuple[Reader, str]:
    """Return the module that reads a corpus, and the path the user gave for its files or "".

    Raises:
        SeqkitError: if it is neither a known name nor something on disk.
    """
    if name_or_path in names():
        return reader(name_or_path), path
    given = Path(name_or_path).expanduser()
    if given.suffix in (".conllu", ".conll"):
        return reader("tagged"), str(given)
    if given.exists() or given.suffix or len(given.parts) > 1:
        return reader("text" if _is_text(given) else "labelled"), str(given)
    raise unknown("corpus", name_or_path, names())


def _is_text(path: Path) -> bool:
    """Whether a path is plain text: by its ending, or a folder with such files and no others.

    A folder with folders in it may be one for each class, and one with tables has labels.
    """
    from seqkit.corpora.labelled import READERS

    if not path.is_dir():
        endings = [ending.lower() for ending in path.suffixes[-2:]]
        return endings[-1:] == [".txt"] or (
            endings[-1:] in ([".gz"], [".zst"]) and endings[0] not in READERS
        )
    inside = [p for p in path.iterdir() if not p.name.startswith(".")]
    labelled = any(p.is_dir() or p.suffix.lower() in READERS for p in inside)
    return not labelled and any(_is_text(p) for p in inside)


def card_of(module: Reader, options: Any, path: str = "") -> Card:
    """Return the card of the data set that a module is to read with these options."""
    choose = getattr(module, "card", None)
    return cast(Card, choose(options, path)) if choose else module.CARD


def where(name_or_path: str, path: str = "", options: Any = None) -> str:
    """Return where a corpus lies on this machine, or how it comes to be there, in a word or two.

    A folder or file, ``generated``, ``fetch`` (it can be downloaded), ``by path`` (it is found
    only where the user says) or ``in`` a package that is not installed. ``options`` are the
    corpus's own, where they say which data set is meant.
    """
    module, path = resolve(name_or_path, path)
    card = card_of(module, options or module.Options(), path)
    if card.synthetic:
        return "generated"
    found = find(card, path)
    if found is not None:
        return str(found)
    if card.package:
        return f"in {card.package.partition('/')[0]}"
    return "fetch" if card.sources else "by path"


def load(
    name_or_path: str,
    options: Mapping[str, str | int | float | bool] | None = None,
    *,
    path: str = "",
    offline: bool = False,
) -> Corpus:
    """Open a corpus, reading it on the first call and from the user cache after that.

    Args:
        name_or_path: a name of ``corpora/``, or the user's own file or folder.
        options: the corpus's own settings, by name.
        path: where its files are, if not in a place that is looked in anyway (``SEQKIT_DATA``,
            the user cache).
        offline: never fetch what is not on this machine.

    Raises:
        SeqkitError: if it is unknown, cannot be found or fetched, or its files are malformed.
    """
    module, path = resolve(name_or_path, path)
    hint = f"'seqkit data show {module.CARD.name}' lists the options of this corpus"
    chosen = settings_.check(module.Options, options or {}, hint=hint)
    card = card_of(module, chosen, path)
    folder = locate(card, path, offline=offline)
    if folder is None:
        splits = arrow.in_memory(module.read(chosen, None), card.kind)
    else:
        key = [settings_.as_dict(chosen), str(folder.resolve())]
        stamp = [_stamp(file) for file in (*_code(module), *_files(card, folder))]
        splits = arrow.cached(card.name, key, stamp, lambda: module.read(chosen, folder), card.kind)
    corpus = Corpus(name_or_path, card, chosen, splits, _kind(splits, card), folder=folder)
    if corpus.kind is Labelled:
        multi_label = bool(getattr(chosen, "multi_label", False))
        corpus = replace(corpus, labels=_labels(corpus, multi_label), multi_label=multi_label)
    if fraction := getattr(chosen, "test_fraction", 0.0):
        corpus = corpus.hold_out(fraction, chosen.seed, "test")
    return corpus


def _stamp(file: Path) -> list[str | int]:
    status = file.stat()
    return [str(file), status.st_size, status.st_mtime_ns]


def _code(module: Any) -> list[Path]:
    """Return the readers' source, which share parts: what an older version read is read again."""
    return sorted(Path(module.__file__).parent.glob("*.py"))


def _files(card: Card, folder: Path) -> list[Path]:
    if card.files:
        return [folder / name for name in files_of(card, folder)]
    return sorted(p for p in folder.rglob("*") if p.is_file()) if folder.is_dir() else [folder]


def _kind(splits: "Mapping[str, Dataset]", card: Card) -> type:
    columns = tuple(next(iter(splits.values())).column_names) if splits else ()
    return next((kind for kind in KINDS if kind._fields == columns), card.kind)


def _labels(corpus: Corpus, multi_label: bool) -> tuple[str, ...]:
    """Return the training labels, once every split is seen to have the right number a row."""
    import pyarrow.compute as pc

    for name, dataset in corpus.splits.items():
        if multi_label or name == "unlabelled":
            continue
        counts = pc.value_counts(pc.list_value_length(dataset.data.column("labels"))).to_pylist()
        if wrong := {c["values"]: c["counts"] for c in counts if c["values"] != 1}:
            labels, rows = next(iter(wrong.items()))
            raise SeqkitError(
                f"{corpus.name} has {rows} rows with {labels} labels in its {name} split, "
                "where each must have one."
            )
    column = corpus.split("train").data.column("labels")
    return tuple(sorted(pc.unique(pc.list_flatten(column)).to_pylist()))
