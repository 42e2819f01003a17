"""``seqkit vectors info``, ``index``, ``eval``: what vectors are and are worth."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqkit.cli.arguments import JsonOption, TokenizerOption
from seqkit.cli.vectors_answers import VectorsArgument, VectorsOption

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seqkit.vectors import WordVectors
    from seqkit.vectors.evaluate import Score


def info(
    place: VectorsArgument = None, vectors: VectorsOption = None, as_json: JsonOption = False
) -> None:
    """Tell what vectors are.

    Words, size, subwords, and how they were made.
    """
    from seqkit.cli.output import print_json
    from seqkit.cli.vectors_answers import chosen_path, open_vectors

    path = chosen_path(vectors, place)
    found = {"path": str(path), **facts(open_vectors(path))}
    if as_json:
        print_json(found)
        return
    width = max(map(len, found)) + 2
    for name, value in found.items():
        print(f"{name + ':':{width}}{_shown(value)}")


def _shown(value: object) -> str:
    """Return a value for a person; a truth value is an int too, and no number."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def facts(vectors: "WordVectors") -> dict[str, Any]:
    """Return what there is to know of vectors."""
    from itertools import islice

    found: dict[str, Any] = {"words": len(vectors), "size": vectors.vector_size}
    ngrams = getattr(vectors, "ngrams", None)
    if ngrams is not None:
        made = vectors.subwords  # type: ignore[attr-defined]
        found["subwords"] = f"{made.unit} {made.min_n}-{made.longest}, {len(ngrams):,} buckets"
    found["most frequent"] = " ".join(map(str, islice(iter(vectors.words), 10)))
    return found | dict(flat(vectors.card))


def flat(card: "dict[str, Any]", before: str = "") -> "Iterable[tuple[str, Any]]":
    """Yield the values of nested groups, with dots in their names."""
    for name, value in card.items():
        if isinstance(value, dict):
            yield from flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def index(
    place: VectorsArgument = None,
    settings: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="kind=usearch, recall=0.98, links=64, ..."),
    ] = None,
    vectors: VectorsOption = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an index that is there.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Build an index for approximate search.

    It is kept with the vectors, and --ann asks it. It tells its recall: the share of the ten
    nearest words that it finds.
    """
    from time import perf_counter

    from seqkit.cli.output import print_json
    from seqkit.cli.vectors_answers import chosen_path, open_vectors
    from seqkit.errors import SeqkitError
    from seqkit.settings import as_dict, leaves, parse
    from seqkit.vectors.files import folder
    from seqkit.vectors.search import index as indexes

    words = list(settings or [])
    if place is not None and "=" in str(place) and not place.exists():
        words, place = [str(place), *words], None
    plain = indexes.IndexSettings()
    known = ", ".join(leaf.path for leaf in leaves(plain))
    chosen, path = parse(plain, words, hint=f"it has: {known}"), chosen_path(vectors, place)
    opened = open_vectors(path)
    if not folder.is_folder(path):
        raise SeqkitError(
            f"{path} is no folder of vectors, and an index is kept in one: "
            f"seqkit vectors convert {path} FOLDER."
        )
    if (path / indexes.CARD).exists() and not overwrite:
        raise SeqkitError(f"{path} has an index already: give --overwrite to build another.")
    began = perf_counter()
    built = indexes.build(opened, chosen)
    built.save(path)
    seconds = perf_counter() - began
    if as_json:
        card = as_dict(built.card)  # its own "vectors" is a digest
        print_json({**card, "vectors": str(path), "digest": card["vectors"], "seconds": seconds})
        return
    print(
        f"{path}: {built.card.kind}, recall {built.recall:.3f} of the ten nearest (on "
        f"{built.card.queries} words), {seconds:.1f} s; --ann asks it"
    )


def evaluate(
    sets: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SET]...", help="Names or files [all that are here]."),
    ] = None,
    vectors: VectorsOption = None,
    restrict: Annotated[
        int, typer.Option(min=0, help="Know and search the first so many words; 0 for all.")
    ] = 300_000,
    case: Annotated[bool, typer.Option("--case", help="Tell upper from lower case.")] = False,
    parts: Annotated[bool, typer.Option("--parts", help="Each section of a set too.")] = False,
    tokenizer: TokenizerOption = "",
    as_json: JsonOption = False,
) -> None:
    """Score vectors on sets of questions.

    Similarity of words by Spearman's rank correlation, analogies by accuracy. 'known %' is the
    share of questions all of whose words are known; 'unknown' says what became of the others.
    Sets are found inside gensim, in SEQKIT_DATA, or at the path given.
    """
    from dataclasses import asdict

    from seqkit.cli.arguments import open_tokenizer
    from seqkit.cli.output import print_json, print_table
    from seqkit.cli.vectors_answers import chosen_path, open_vectors
    from seqkit.vectors import evaluate as evaluation

    chosen = open_tokenizer(tokenizer) if tokenizer else None
    opened = open_vectors(chosen_path(vectors))
    scores = evaluation.evaluate(
        opened, sets or (), restrict=restrict or None, fold_case=not case, tokenizer=chosen
    )
    if as_json:
        print_json([{**asdict(score), "coverage": score.coverage} for score in scores])
        return
    if not scores:
        print("no set of questions on this machine has a word of these vectors.")
        return
    rows = [row for score in scores for row in (score, *(score.parts if parts else ()))]
    columns = ["set", "part", "measure", "value", "known %", "questions", "unknown"]
    print_table(None, columns, [_row(score) for score in rows])


def _row(score: "Score") -> list[object]:
    value = None if score.value is None else f"{score.value:.4f}"
    known = f"{100 * score.coverage:.1f}"
    return [score.name, score.part, score.measure, value, known, score.items, score.unknown]
