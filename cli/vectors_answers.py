"""What the commands of word vectors share: which vectors are meant, and how answers look."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqkit.asking import Asked, Found, Term, UnknownWordError, asked, terms_of, told
from seqkit.errors import SeqkitError

if TYPE_CHECKING:
    from seqkit.text.tokenizer import Tokenizer
    from seqkit.vectors import WordVectors

__all__ = ["Answerer", "Found", "Term", "UnknownWordError", "asked", "terms_of", "told"]

VARIABLE, DEFAULT = "SEQKIT_VECTORS", "vectors"

VectorsOption = Annotated[
    Path | None,
    typer.Option(
        "--vectors",
        "-v",
        metavar="PATH",
        help=f"Word vectors: what 'vectors train' wrote, a run, or a word2vec, GloVe or fastText "
        f"file [${VARIABLE}, else ./{DEFAULT}].",
    ),
]
VectorsArgument = Annotated[
    Path | None, typer.Argument(metavar="[VECTORS]", help="The same as --vectors.")
]
TopOption = Annotated[int, typer.Option("--top", "-n", min=1, help="How many words to list.")]
CosmulOption = Annotated[
    bool,
    typer.Option("--cosmul", help="Multiply the parts in place of adding (Levy, Goldberg 2014)."),
]

AnnOption = Annotated[
    bool, typer.Option("--ann", help="Ask the approximate index ('vectors index' builds it).")
]


def chosen_path(option: Path | None, argument: Path | None = None) -> Path:
    """Return where the vectors are that a command line means, or its environment.

    Raises:
        SeqkitError: if they are named twice.
    """
    if option is not None and argument is not None:
        raise SeqkitError(f"name the vectors once: {argument}, or --vectors {option}.")
    return argument or option or Path(os.environ.get(VARIABLE) or DEFAULT)


def open_vectors(path: Path) -> "WordVectors":
    """Open word vectors of any format.

    Raises:
        SeqkitError: if there are none, or they are damaged.
    """
    if not path.exists():
        raise SeqkitError(
            f"no word vectors at {path}: 'seqkit vectors train CORPUS --out {path}' makes them, "
            f"--vectors PATH or {VARIABLE} names others."
        )
    from seqkit.vectors.files.formats import open_any

    return open_any(path)


def tokenizer_of(path: Path, name: str) -> "Tokenizer":
    """Return the tokenizer that was named, else the one kept with vectors, else white space."""
    from seqkit.cli.arguments import open_tokenizer
    from seqkit.text.tokenizer import FILE

    if name:
        return open_tokenizer(name)
    kept = (path / "tokenizer" / FILE).is_file()
    return open_tokenizer(str(path) if kept else "whitespace")


class Answerer(Asked):
    """Answers questions to the vectors that a command line means."""

    @classmethod
    def open(
        cls, option: Path | None, argument: Path | None = None, *, ann: bool = False
    ) -> "Answerer":
        """Open the vectors that a command line means; ``ann``: to be asked by their index."""
        return cls(open_vectors(chosen_path(option, argument)), ann=ann)


def comparison_line(answer: Mapping[str, Any]) -> str:
    """Return the cosine and angle of :meth:`Answerer.compared` in one line."""
    first, second = answer["words"]
    return f"{first}, {second}: cosine {answer['cosine']:.4f}, angle {answer['degrees']:.1f}°"


def table_of(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[object]]]:
    """Return the columns and cells of words with their figures; cosines of four decimals."""
    from seqkit.cli.tokenize import visible

    cells = [
        [visible(v) if k == "word" else f"{v:.4f}" if isinstance(v, float) else v
         for k, v in row.items()]
        for row in rows
    ]  # fmt: skip
    return list(rows[0]), cells
