"""``seqkit vectors similar``, ``analogy``, ``compare``, ``odd``, ``sentence``: one question."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqkit.cli.arguments import JsonOption, complete_tokenizer
from seqkit.cli.vectors_answers import AnnOption, CosmulOption, TopOption, VectorsOption

if TYPE_CHECKING:
    from seqkit.cli.vectors_answers import Found

WordsArgument = Annotated[list[str], typer.Argument(metavar="WORD...", help="Words.")]


def similar(
    words: WordsArgument,
    vectors: VectorsOption = None,
    top: TopOption = 10,
    together: Annotated[
        bool, typer.Option("--together", help="The words nearest to the sum of all given.")
    ] = False,
    cosmul: CosmulOption = False,
    ann: AnnOption = False,
    as_json: JsonOption = False,
) -> None:
    """List the words nearest to a word.

    By cosine; of several words, to each in turn. A word that is not known is told with those
    spelt like it; vectors with subwords answer it.
    """
    from seqkit.cli.output import print_json
    from seqkit.cli.vectors_answers import Answerer, Term, UnknownWordError, asked
    from seqkit.errors import SeqkitError

    answerer = Answerer.open(vectors, ann=ann)
    groups = [words] if together else [[word] for word in words]
    answers: list[dict[str, Any]] = []
    unknown: list[UnknownWordError] = []
    for group in groups:
        try:
            found = [answerer.find(word) for word in group]
        except UnknownWordError as error:
            unknown.append(error)
            answers.append({"words": group, "unknown": error.word, "nearest": error.nearest})
            continue
        rows = answerer.neighbours([Term(each) for each in found], top, cosmul=cosmul)
        answers.append({**asked(found), "similar": rows})
        if not as_json:
            title = " + ".join(each.word for each in found) if len(groups) > 1 or together else ""
            _print_words(title, found, rows, first=len(answers) == 1)
    if as_json:
        print_json(answers)
    if unknown:
        raise SeqkitError(" ".join(map(str, unknown)))


def analogy(
    a: Annotated[str, typer.Argument(metavar="A", help="왕")],
    b: Annotated[str, typer.Argument(metavar="B", help="남자")],
    c: Annotated[str, typer.Argument(metavar="C", help="여자")],
    vectors: VectorsOption = None,
    top: TopOption = 5,
    cosmul: CosmulOption = False,
    as_json: JsonOption = False,
) -> None:
    """Answer "A is to B as what is to C?".

    The answers are the words nearest to A - B + C: 'analogy 왕 남자 여자' asks what is to a woman
    (여자) as a king (왕) is to a man (남자). The three words themselves are no answers.
    """
    from seqkit.cli.output import print_json
    from seqkit.cli.vectors_answers import Answerer, asked

    answerer = Answerer.open(vectors)
    found = [answerer.find(word) for word in (a, b, c)]
    answer = answerer.analogy(found, top, cosmul=cosmul)
    if as_json:
        print_json({**asked(found), **answer})
        return
    print(f"{answer['analogy']}\n")
    _print_words("", found, answer["answers"])


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="A word.")],
    b: Annotated[str, typer.Argument(metavar="B", help="Another.")],
    vectors: VectorsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell the cosine and angle of two words.

    1 and 0 degrees: the same direction; 0 and 90: nothing in common.
    """
    from seqkit.cli.output import print_json
    from seqkit.cli.vectors_answers import Answerer, asked, comparison_line

    answerer = Answerer.open(vectors)
    found = [answerer.find(word) for word in (a, b)]
    answer = answerer.compared(*found)
    if as_json:
        print_json({**asked(found), **answer})
        return
    _note(found)
    print(comparison_line(answer))


def odd(words: WordsArgument, vectors: VectorsOption = None, as_json: JsonOption = False) -> None:
    """Tell which word fits the others least.

    It is the one farthest from the mean of all.
    """
    from seqkit.cli.output import print_json, print_table
    from seqkit.cli.vectors_answers import Answerer, asked, table_of

    answerer = Answerer.open(vectors)
    found = [answerer.find(word) for word in words]
    rows = answerer.odd_one(found)
    if as_json:
        print_json({**asked(found), "odd": rows[0]["word"], "words": rows})
        return
    _note(found)
    print(f"{rows[0]['word']}\n")
    _, cells = table_of(rows[::-1])
    print_table(None, ["word", "cosine to the mean"], cells)


def sentence(
    texts: Annotated[list[str], typer.Argument(metavar="SENTENCE...", help="Sentences.")],
    file: Annotated[Path, typer.Option("--in", help="A file with a sentence a line.")],
    vectors: VectorsOption = None,
    top: Annotated[int, typer.Option("--top", "-n", min=1, help="How many sentences to list.")] = 5,
    weighting: Annotated[
        str, typer.Option(help="mean; idf: rare words weigh more; sif: Arora et al. 2017.")
    ] = "sif",
    tokenizer: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="A tokenizer's name or folder [that of the vectors, else spaces].",
            autocompletion=complete_tokenizer,
        ),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """List the nearest sentences of a file.

    The vector of a sentence is made of those of its words, weighted by how rare they are.
    """
    from seqkit.cli.output import print_json, print_table
    from seqkit.cli.vectors_answers import chosen_path, open_vectors, tokenizer_of
    from seqkit.errors import SeqkitError
    from seqkit.settings import check
    from seqkit.vectors.sentences import SentenceSettings, SentenceVectors

    path = chosen_path(vectors)
    chosen = check(SentenceSettings, {"weighting": weighting})
    model = SentenceVectors(open_vectors(path), tokenizer_of(path, tokenizer), chosen)
    found = model.nearest(texts, file, top)
    if not any(found):
        raise SeqkitError(f"no sentence of {file} has a word that has a vector.")
    if as_json:
        rows = [[near._asdict() for near in each] for each in found]
        print_json([{"sentence": t, "nearest": r} for t, r in zip(texts, rows, strict=True)])
        return
    for number, (text, nearest) in enumerate(zip(texts, found, strict=True)):
        if number:
            print()
        table = [[near.score, near.line, near.text] for near in nearest]
        print_table(text if len(texts) > 1 else None, ["cosine", "line", "sentence"], table)


def _note(found: "list[Found]") -> None:
    from seqkit.cli.vectors_answers import told

    if line := told(found):
        print(f"seqkit: {line}.", file=sys.stderr)


def _print_words(
    title: str, found: "list[Found]", rows: list[dict[str, Any]], *, first: bool = True
) -> None:
    """Print words with their cosine, under a title where there are several tables."""
    from seqkit.cli.output import print_table
    from seqkit.cli.vectors_answers import table_of

    if not first:
        print()
    _note(found)
    if not rows:
        print(f"{title}: no other word." if title else "no other word.")
        return
    print_table(title or None, *table_of(rows))
