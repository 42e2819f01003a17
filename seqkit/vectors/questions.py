"""Questions with known answers: pairs of words or sentences, and analogies, from files by name."""

import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import permutations
from pathlib import Path
from typing import Literal, NamedTuple

from seqkit.errors import SeqkitError, unknown
from seqkit.files import read_lines
from seqkit.sources import data_folders

Kind = Literal["pairs", "analogies", "sentences"]


class Pair(NamedTuple):
    """Two words, or two sentences, and how similar people find them."""

    left: str
    right: str
    score: float


class Analogy(NamedTuple):
    """``a`` is to ``b`` as ``c`` is to ``answer``."""

    section: str
    a: str
    b: str
    c: str
    answer: str


@dataclass(frozen=True)
class Questions:
    """A set of questions: pairs, of words or of sentences; or analogies."""

    name: str
    kind: Kind
    pairs: Sequence[Pair] = ()
    analogies: Sequence[Analogy] = ()

    def words(self) -> Iterator[str]:
        """Yield every word of the questions; none for sentences, which are not cut here."""
        if self.kind == "pairs":
            yield from (word for pair in self.pairs for word in (pair.left, pair.right))
        yield from (word for each in self.analogies for word in each[1:])


@dataclass(frozen=True)
class Source:
    """Where a named set is found: a file that gensim ships, or that lies in SEQKIT_DATA."""

    about: str
    file: str = ""
    folder: str = "wordsim"
    gensim: bool = False
    village: str = ""


SETS = {
    "wordsim353": Source("WordSim-353, English", "wordsim353.tsv", gensim=True),
    "simlex999": Source("SimLex-999, English", "simlex999.txt", gensim=True),
    "google": Source("Google's analogies, English", "questions-words.txt", gensim=True),
    "ws353-ko": Source("WordSim-353 in Korean", "WS353_korean.csv"),
    "analogies-ko": Source("Korean analogies, Park et al. 2018", "word_analogy_korean.txt"),
    "korsts": Source("KorSTS, the test part: Korean sentences", "sts-test.tsv", "korsts"),
    "village-ko": Source("facts of the village, Korean (synthetic)", village="ko"),
    "village-en": Source("facts of the village, English (synthetic)", village="en"),
}


def available() -> list[str]:
    """Return the names of the sets that are on this machine."""
    return [name for name, source in SETS.items() if source.village or _find(source)]


def load(name: str) -> Questions:
    """Return a set of questions by its name in ``SETS``, or from a file.

    Raises:
        SeqkitError: if there is no such set or file, or a line of it cannot be read.
    """
    if (source := SETS.get(name)) is None:
        file = Path(name).expanduser()
        if not file.exists() and not file.suffix and os.sep not in name:
            raise unknown("evaluation set", name, SETS)
        return read(file, file.name)
    if source.village:
        return Questions(name, "analogies", analogies=village(source.village))
    path = _find(source)
    if path is None and source.gensim:
        raise SeqkitError(
            f"{name} ships inside gensim, which is not installed: "
            f"pip install 'seqkit-nlp[gensim]' (or give the path of {source.file})."
        )
    if path is None:
        raise SeqkitError(
            f"{name} is not on this machine: give the path of {source.file}, or set SEQKIT_DATA "
            f"to a folder that has {source.folder}/{source.file}."
        )
    return read(path, name)


def _find(source: Source) -> Path | None:
    places = [folder / source.folder for folder in data_folders()]
    spec = find_spec("gensim") if source.gensim else None
    for place in (spec and spec.submodule_search_locations) or ():
        places.append(Path(place) / "test" / "test_data")
    return next((p / source.file for p in places if (p / source.file).is_file()), None)


def village(language: str) -> list[Analogy]:
    """Return the facts of a language, each pair of a relation asked by every other one."""
    from seqkit.corpora.village import Options
    from seqkit.corpora.village import read as read_village
    from seqkit.corpus import Fact

    options = Options(kind="facts", language="ko" if language == "ko" else "en")
    facts = [fact for fact in read_village(options)["test"] if isinstance(fact, Fact)]
    return [
        Analogy(known.relation, known.left, known.right, asked.left, asked.right)
        for known, asked in permutations(facts, 2)
        if known.relation == asked.relation
        and len({known.left, known.right, asked.left, asked.right}) == 4
    ]


def read(path: Path, name: str) -> Questions:
    """Read a file of questions; what it holds shows in its first lines.

    - analogies, as Google's: four words a line, and lines ``: section``;
    - pairs: two words and a number, parted by tabs, commas (``.csv``) or spaces;
    - sentences: tab-separated, with a header that names ``score``, ``sentence1``, ``sentence2``.

    A byte-order mark, lines that begin with ``#``, empty lines and a header are skipped.

    Raises:
        SeqkitError: if the file cannot be read, with the line that is none of these.
    """
    rows = _rows(path)
    if not rows:
        raise SeqkitError(f"{path} has no questions: it is empty.")
    if {"sentence1", "sentence2", "score"} <= set(rows[0][1]):
        return Questions(name, "sentences", _sentences(path, rows))
    if rows[0][1][0].startswith(":") or len(rows[0][1]) == 4:
        return Questions(name, "analogies", analogies=list(_analogies(path, rows)))
    if len(rows) > 1 and not _is_score(rows[0][1][-1]):
        rows = rows[1:]
    return Questions(name, "pairs", [_pair(path, number, row) for number, row in rows])


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Return the cells of each line that has any, with its number."""
    if path.suffix == ".csv":
        return [(n, row) for n, row in _records(path) if "".join(row).strip() and row[0][:1] != "#"]
    lines = [(n, line) for n, line in read_lines(path) if line.strip() and line[0] != "#"]
    tabs = bool(lines) and "\t" in lines[0][1]
    return [(number, line.split("\t") if tabs else line.split()) for number, line in lines]


def _records(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the records of a csv file and the line that each begins on."""
    reader = csv.reader(line + "\n" for _, line in read_lines(path))
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise SeqkitError(f"{path}, line {number} is no line of a csv file: {error}.") from None
        if cells is None:
            return
        yield number, cells


def _pair(path: Path, number: int, row: Sequence[str]) -> Pair:
    if len(row) != 3 or not _is_score(row[2]):
        raise SeqkitError(
            f"{path}, line {number} is not two words and a number: mend or drop the line."
        )
    return Pair(row[0].strip(), row[1].strip(), float(row[2]))


def _analogies(path: Path, rows: Sequence[tuple[int, Sequence[str]]]) -> Iterator[Analogy]:
    section = ""
    for number, row in rows:
        if row[0].startswith(":"):
            section = " ".join(row).lstrip(": ")
        elif len(row) == 4:
            yield Analogy(section, *row)
        else:
            raise SeqkitError(
                f"{path}, line {number} is not four words, or ': ' and the name of a section: "
                "mend or drop the line."
            )


def _sentences(path: Path, rows: Sequence[tuple[int, list[str]]]) -> list[Pair]:
    head = rows[0][1]
    places = [head.index(name) for name in ("sentence1", "sentence2", "score")]
    found = []
    for number, row in rows[1:]:
        if len(row) != len(head) or not _is_score(row[places[2]]):
            raise SeqkitError(
                f"{path}, line {number} has not the columns of line 1, or no score: mend or drop "
                "the line."
            )
        left, right, score = (row[place] for place in places)
        found.append(Pair(left, right, float(score)))
    return found


def _is_score(text: str) -> bool:
    try:
        return abs(float(text)) < float("inf")
    except ValueError:
        return False
