"""``seqkit vectors query``: vectors opened once, and a question a line."""

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from seqkit.cli.arguments import JsonOption
from seqkit.cli.vectors_answers import (
    AnnOption,
    Answerer,
    CosmulOption,
    TopOption,
    VectorsArgument,
    VectorsOption,
    asked,
    terms_of,
)
from seqkit.errors import SeqkitError, unknown

if TYPE_CHECKING:
    from seqkit.cli.vectors_answers import Found

HELP = """\
WORD                 the words nearest to it (several: to each in turn)
A - B + C            the words nearest to a sum
:analogy A B C       A is to B as what is to C?  the same as A - B + C
:compare A B         cosine and angle
:odd A B C ...       which fits the others least
:top N               list N words from now on
:cosmul              multiply in place of adding, and back
:info                what these vectors are
:help, :quit         (Ctrl-D ends too; Tab completes a word)"""
COMMANDS = (":analogy", ":compare", ":cosmul", ":help", ":info", ":odd", ":quit", ":top")


def query(
    place: VectorsArgument = None,
    vectors: VectorsOption = None,
    top: TopOption = 10,
    cosmul: CosmulOption = False,
    ann: AnnOption = False,
    as_json: JsonOption = False,
) -> None:
    """Answer questions, a line each.

    A word, or a sum as '왕 - 남자 + 여자'; :help lists more. On a terminal with history and
    completion. Piped, a line for each answer: the question, then words and cosines, parted by
    tabs; --json gives an object a line. Several words have an answer each.
    """
    from seqkit.cli.vectors_answers import chosen_path
    from seqkit.cli.vectors_terminal import talk

    prompt = Prompt(Answerer.open(vectors, place, ann=ann), top, cosmul)
    if sys.stdin is not None and sys.stdin.isatty() and not as_json:
        words = len(prompt.answerer.vectors)
        print(f"{chosen_path(vectors, place)}: {words:,} words. A word, or A - B + C; :help")
        talk(prompt)
        return
    for line in _piped():
        answers = prompt.answers(line)
        for answer in answers:
            written = json.dumps(answer, ensure_ascii=False) if as_json else plain(answer)
            print(written, flush=True)
        if answers and answers[-1].get("quit"):
            return


class Prompt:
    """Turns a line into answers: dictionaries of what was asked and found."""

    def __init__(self, answerer: Answerer, top: int = 10, cosmul: bool = False) -> None:
        self.answerer, self.top, self.cosmul = answerer, top, cosmul

    def answers(self, line: str) -> list[dict[str, Any]]:
        """Return the answers to a line, one for each word or sum; none to a blank line.

        What cannot be answered is an answer too, with ``error``, and ``nearest`` spellings.
        """
        from seqkit.cli.vectors_answers import UnknownWordError

        line = line.strip()
        if not line:
            return []
        try:
            if line.startswith(":"):
                return [{"query": line, **self._command(line)}]
            terms, is_sum = terms_of(line, self.answerer.find)
            groups = [terms] if is_sum else [[term] for term in terms]
            return [self._similar(line if is_sum else g[0].found.word, g) for g in groups]
        except UnknownWordError as error:
            return [{"query": line, "error": str(error), "nearest": error.nearest}]
        except SeqkitError as error:
            return [{"query": line, "error": str(error)}]

    def _similar(self, line: str, terms: list[Any]) -> dict[str, Any]:
        rows = self.answerer.neighbours(terms, self.top, cosmul=self.cosmul)
        found = [term.found for term in terms]
        return {"query": line, **_note(found), "similar": rows}

    def _command(self, line: str) -> dict[str, Any]:
        name, *words = line.split()
        if name in (":quit", ":q", ":exit"):
            return {"quit": True}
        if name == ":help":
            return {"help": HELP}
        if name == ":info":
            from seqkit.cli.vectors_files import facts

            return {"info": facts(self.answerer.vectors)}
        if name == ":top":
            return self._set_top(words)
        if name == ":cosmul":
            self.cosmul = not self.cosmul
            return {"cosmul": self.cosmul}
        if name in (":analogy", ":compare", ":odd"):
            return self._asked(name, words)
        raise unknown("command", name, COMMANDS)

    def _set_top(self, words: list[str]) -> dict[str, Any]:
        if len(words) != 1 or not words[0].isdecimal() or int(words[0]) < 1:
            raise SeqkitError("':top N' has a number, at least 1.")
        self.top = int(words[0])
        return {"top": self.top}

    def _asked(self, name: str, words: list[str]) -> dict[str, Any]:
        wanted = {":analogy": 3, ":compare": 2}.get(name)
        if wanted is not None and len(words) != wanted:
            raise SeqkitError(f"'{name}' has {wanted} words, not {len(words)}.")
        found = [self.answerer.find(word) for word in words]
        if name == ":analogy":
            return _note(found) | self.answerer.analogy(found, self.top, cosmul=self.cosmul)
        if name == ":compare":
            return _note(found) | self.answerer.compared(*found)
        return _note(found) | {"odd": self.answerer.odd_one(found)}


def _note(found: "list[Found]") -> dict[str, Any]:
    made = asked(found)["from_subwords"]
    return {"from_subwords": made} if made else {}


def plain(answer: dict[str, Any]) -> str:
    """Return an answer as one line of values parted by tabs, the question first."""
    from seqkit.cli.tokenize import visible

    head = visible(answer["query"]) if " " not in answer["query"] else answer["query"]
    if "error" in answer:
        return f"{head}\t? {answer['error']}"
    if "cosine" in answer:
        return f"{head}\t{answer['cosine']:.4f}\t{answer['degrees']:.1f}"
    for key in ("similar", "answers", "odd"):
        if key in answer:
            return "\t".join([head, *(cell for row in answer[key] for cell in _cells(row))])
    rest = {key: value for key, value in answer.items() if key != "query"}
    return f"{head}\t{json.dumps(rest, ensure_ascii=False)}"


def _cells(row: dict[str, Any]) -> tuple[str, str]:
    from seqkit.cli.tokenize import visible

    return visible(row["word"]), f"{row['cosine' if 'cosine' in row else 'score']:.4f}"


def _piped() -> Iterator[str]:
    from seqkit.files import lines_of

    if sys.stdin is None:
        raise SeqkitError("standard input is closed: give questions, a line each.")
    yield from (line for _, line in lines_of(sys.stdin.buffer, "standard input"))
