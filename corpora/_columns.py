"""Files of one word a line with its tags in columns: CoNLL-U, and the older column formats.

A sentence ends at a blank line. CoNLL-U (https://universaldependencies.org/format.html) has ten
columns between tabs, and lines that are no words: comments, multiword ranges (``3-4  don't``),
whose words follow, and empty nodes (``8.1``), which are no part of the text. The older formats
(CoNLL-2000, CoNLL-2003) have any columns between white space.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from seqkit.corpus import Tagged
from seqkit.errors import SeqkitError, unknown
from seqkit.files import read_lines
from seqkit.text.tokenizer import Token

CONLLU = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
TAGS = ("upos", "xpos", "lemma", "feats", "deprel")  # columns of CoNLL-U that may be learnt
# Files whose text is cut into words; eng.testa is how CoNLL-2003 names them.
CUT = (".conllu", ".conll", ".iob", ".bio", ".col", ".tsv", ".train", ".testa", ".testb")
ENDINGS = (*CUT, ".txt")

# What the name of a split's file has in it: train.txt, en_ewt-ud-dev.conllu.
SPLITS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev", "devel", "testa"),
    "test": ("test", "testb"),
}

# Lines before a sentence that tell of it: # sent_id = 1, # newdoc id = d1, # global.columns = ..,
# # id 3f.. domain=en (MultiCoNER), and ## klue-ner-v1_.. with a tab and the text after it.
_COMMENT = re.compile(r"# id |# (?:new(?:doc|par) )?[\w.:-]+ ?=|## \S+\t")
_ID = re.compile(r"([0-9]+)(?:([-.])([0-9]+))?")


@dataclass
class Counts:
    """What was met in files besides words and sentences."""

    sentences: int = 0
    words: int = 0
    multiword_ranges: int = 0
    empty_nodes: int = 0


@dataclass(frozen=True)
class Columns:
    """Which columns are read.

    Attributes:
        tag: a name of ``TAGS`` (CoNLL-U), or a column's number from 1, or from -1, the last;
            ``auto`` is ``upos`` or the last, ``form`` the word itself.
        beside: another column, or "".
        word: the number of the word's column; CoNLL-U has it in its own place.
    """

    tag: str = "auto"
    beside: str = ""
    word: int = 1
    counts: Counts = field(default_factory=Counts, compare=False)

    def words_of(self, path: Path) -> Iterator[Tagged]:
        """Yield the sentences of a file whose tags are not known, with those beside if any."""
        return replace(self, tag="form" if is_conllu(path) else str(self.word)).read(path)

    def read(self, path: Path) -> Iterator[Tagged]:
        """Yield the sentences of a file, of which there must be one; see the module."""
        sentences = self._conllu(path) if is_conllu(path) else self._plain(path)
        before = self.counts.sentences
        for sentence in sentences:
            self.counts.sentences += 1
            self.counts.words += len(sentence.tokens)
            yield sentence
        if self.counts.sentences == before:
            raise SeqkitError(f"{path} has no sentence in it.")

    def _conllu(self, path: Path) -> Iterator[Tagged]:
        tag = _named(self.tag if self.tag != "auto" else "upos", path)
        beside = _named(self.beside, path) if self.beside else 0
        for lines in _blocks(path, comments=True):
            yield self._sentence([_Line.of(path, n, line) for n, line in lines], tag, beside)

    def _sentence(self, lines: "list[_Line]", tag: int, beside: int) -> Tagged:
        """Put a sentence together: its text is that of its words, as ``SpaceAfter`` joins them."""
        words, ranges = self._sorted(lines)
        text, tokens = "", list[Token]()
        while len(tokens) < len(words):
            surface = ranges.get(len(tokens) + 1, words[len(tokens)])
            for word, start, end in _within(surface, words[len(tokens) : surface.last]):
                place = len(text) + start, len(text) + end
                tokens.append(Token(word.form, *place, word.tag(tag)))
            text += surface.form + (" " if surface.has_space_after else "")
        others = tuple(word.tag(beside) for word in words) if beside else ()
        return Tagged(text.removesuffix(" "), tuple(tokens), others)

    def _sorted(self, lines: "list[_Line]") -> "tuple[list[_Line], dict[int, _Line]]":
        """Return the words, and the multiword ranges by the number of their first word."""
        words: list[_Line] = []
        ranges: dict[int, _Line] = {}
        end = 0  # the last word of the last range
        for line in lines:
            if line.kind == ".":
                self.counts.empty_nodes += 1
                continue
            is_range, due = line.kind == "-", len(words) + 1
            if line.first != due or (is_range and not end < due < line.last):
                raise SeqkitError(
                    f"{line.where} has the ID '{line.cells[0]}' where word {due} should be: words "
                    "of a sentence count from 1, and a blank line ends it."
                )
            if is_range:
                ranges[due], end = line, line.last
            else:
                words.append(line)
        if not words:
            raise SeqkitError(f"{lines[0].where} begins a sentence without words.")
        if end > len(words):
            raise SeqkitError(f"{lines[-1].where} ends a sentence inside of a multiword range.")
        self.counts.multiword_ranges += len(ranges)
        return words, ranges

    def _plain(self, path: Path) -> Iterator[Tagged]:
        places: list[int] = []
        width, first = 0, ""
        for lines in _blocks(path, comments=False):
            rows = []
            for number, line in lines:
                cells = line.split("\t") if "\t" in line else line.split()
                where = f"{path}, line {number}"
                if not width:
                    width, first = len(cells), f"line {number}"
                    wanted = [str(self.word), "-1" if self.tag == "auto" else self.tag]
                    wanted += [self.beside] if self.beside else []
                    places = [_numbered(column, width, where) for column in wanted]
                    if self.tag == "auto" and places[0] == places[1]:
                        raise SeqkitError(
                            f"{where} has no tag beside its word '{cells[places[0]][:40]}': tagged "
                            "text is a word a line with its tags in more columns (prose has none "
                            "to learn)."
                        )
                if len(cells) != width:
                    raise SeqkitError(
                        f"{where} has {len(cells)} columns and {first} has {width}: a line is one "
                        "word with its tags, and a blank line ends a sentence (prose has no tags "
                        "to learn)."
                    )
                if not cells[places[0]] or not all(cells[place].strip() for place in places[1:]):
                    raise SeqkitError(f"{where} has an empty cell where a word or a tag should be.")
                rows.append([cells[place] for place in places])
            yield _joined(rows)


@dataclass(frozen=True)
class _Line:
    """A line of CoNLL-U: ``kind`` is "" for a word, "-" for a range, "." for an empty node."""

    where: str
    cells: list[str]
    kind: str
    first: int
    last: int

    @classmethod
    def of(cls, path: Path, number: int, line: str) -> "_Line":
        where, cells = f"{path}, line {number}", line.split("\t")
        if len(cells) != len(CONLLU):
            raise SeqkitError(
                f"{where} has {len(cells)} columns between tabs, where CoNLL-U has {len(CONLLU)}: "
                "mend the line."
            )
        found = _ID.fullmatch(cells[0])
        if found is None:
            raise SeqkitError(
                f"{where} has the ID '{cells[0]}', where CoNLL-U has 1, 2-3 or 4.1: mend the line."
            )
        if not cells[1]:
            raise SeqkitError(f"{where} has no word: its column FORM is empty.")
        first, kind, last = found.groups()
        return cls(where, cells, kind or "", int(first), int(last or first))

    @property
    def form(self) -> str:
        """The word, or the surface of a range."""
        return self.cells[1]

    @property
    def has_space_after(self) -> bool:
        """Whether white space follows."""
        return "SpaceAfter=No" not in self.cells[9].split("|")

    def tag(self, column: int) -> str:
        """Return the tag of a word; ``_`` is one among features, and else means that it is missing.

        Raises:
            SeqkitError: if it is missing.
        """
        name, found = CONLLU[column], self.cells[column]
        if not found or (found == "_" and name != "feats" and found != self.form):
            other = "xpos" if name == "upos" else "upos"
            raise SeqkitError(
                f"{self.where}: '{self.form}' has no {name} ('_'): write one, or choose another "
                f"column (tag={other})."
            )
        return found


def _within(surface: _Line, words: list[_Line]) -> Iterator[tuple[_Line, int, int]]:
    """Yield words with their offsets in a surface, all of it where they do not spell it."""
    spells, at = "".join(word.form for word in words) == surface.form, 0
    for word in words:
        size = len(word.form) if spells else len(surface.form)
        yield word, at, at + size
        at += size if spells else 0


def parts(path: Path) -> dict[str, Path]:
    """Find the file of each split: a file is all training data, a folder has one for each.

    Raises:
        SeqkitError: if a folder has no training file, or two for one split.
    """
    if path.is_file():
        return {"train": path}
    files = sorted(p for p in path.iterdir() if ending(p) in ENDINGS)
    if any(map(is_conllu, files)):  # a release of UD has each text without tags beside it
        files = [file for file in files if is_conllu(file)]
    found: dict[str, Path] = {}
    for file in files:
        names = re.split(r"[^a-z]+", file.name.lower())
        split = next((s for s, known in SPLITS.items() if set(known) & set(names)), None)
        if split in found:
            raise SeqkitError(
                f"{path} has {found[split].name} and {file.name}: leave one of them for the "
                f"{split} split, or give the path of a file."
            )
        if split:
            found[split] = file
    if "train" not in found:
        raise SeqkitError(
            f"{path} has no training data: it needs a file with 'train' in its name that ends in "
            f"{', '.join(ENDINGS)}."
        )
    return {split: found[split] for split in SPLITS if split in found}


def ending(path: Path) -> str:
    """Return the ending of a file's name, before that of a packed one."""
    return path.with_suffix("").suffix if path.suffix in (".gz", ".zst") else path.suffix


def is_conllu(path: Path) -> bool:
    """Whether a file is CoNLL-U, by its name."""
    return ending(path) == ".conllu"


def seem_columns(path: Path, looked_at: int = 200) -> bool:
    """Whether the first lines of a file are as those of columns, with sentences between blanks."""
    lines = [line for _, line in islice(read_lines(path), looked_at)]
    widths = {len(line.split()) for line in lines if line.strip()}
    return len(widths) == 1 and widths != {1} and any(not line.strip() for line in lines[:-1])


def _blocks(path: Path, *, comments: bool) -> Iterator[list[tuple[int, str]]]:
    """Yield the numbered lines of each sentence, without comments.

    Where ``#`` may be a word too, comments stand before a sentence, in one of their usual forms.
    """
    block: list[tuple[int, str]] = []
    for number, line in read_lines(path):
        if not line.strip():
            if block:
                yield block
            block = []
        elif not line.startswith("-DOCSTART-"):
            told = line.startswith("#") if comments else not block and _COMMENT.match(line)
            if not told:
                block.append((number, line))
    if block:
        yield block


def _named(name: str, path: Path) -> int:
    if name not in (*TAGS, "form"):
        raise unknown("column", name, TAGS, str(path))
    return CONLLU.index(name)


def _numbered(column: str, width: int, where: str) -> int:
    """Return the place of a column that is named by its number, from 1, or -1 from the end."""
    try:
        number = int(column)
    except ValueError:
        raise SeqkitError(
            f"column '{column}' is asked for, and {where} is not of a .conllu file, where columns "
            "have names: give a number, from 1, or -1 for the last (tag=-1)."
        ) from None
    if number == 0 or abs(number) > width:
        raise SeqkitError(f"{where} has {width} columns, and column {number} is asked for.")
    return number - 1 if number > 0 else width + number


def _joined(rows: list[list[str]]) -> Tagged:
    """Return the words of a sentence with a space between two."""
    tokens, at = [], 0
    for word, tag, *_ in rows:
        tokens.append(Token(word, at, at + len(word), tag))
        at += len(word) + 1
    text = " ".join(token.text for token in tokens)
    return Tagged(text, tuple(tokens), tuple(row[2] for row in rows if len(row) > 2))
