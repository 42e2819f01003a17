"""``seqkit vectors map``: words as a picture in one HTML file."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqkit.cli.arguments import JsonOption
from seqkit.cli.vectors_answers import VectorsOption

if TYPE_CHECKING:
    from seqkit.cli.vectors_answers import Answerer

MAP = Path("map.html")


def map_(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[WORD]...", help="Words [the most frequent].")
    ] = None,
    vectors: VectorsOption = None,
    out: Annotated[Path, typer.Option(help="The file to write.")] = MAP,
    top: Annotated[
        int, typer.Option("--top", "-n", min=2, help="How many of the most frequent words.")
    ] = 300,
    near: Annotated[
        int | None, typer.Option(min=0, help="With each WORD, so many nearest to it [10].")
    ] = None,
    method: Annotated[
        str, typer.Option(help="pca, or tsne or umap, which keep neighbours together.")
    ] = "pca",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file that is there.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Draw words in the plane.

    One HTML file, which works offline: zoom, search, a word's neighbours in all dimensions.
    """
    from seqkit.cli.output import print_json
    from seqkit.cli.vectors_answers import Answerer, chosen_path
    from seqkit.errors import SeqkitError

    if out.exists() and (out.is_dir() or not overwrite):
        raise SeqkitError(f"{out} exists already: choose another --out, or give --overwrite.")
    if near is not None and not words:
        raise SeqkitError("--near is for words that you name: seqkit vectors map WORD ... --near N")
    answerer = Answerer.open(vectors)
    drawn = draw_map(
        answerer,
        out,
        words=words or [],
        top=top,
        near=10 if near is None else near,
        method=method,
        title=chosen_path(vectors).absolute().name,
    )
    if as_json:
        print_json({"file": str(out), "words": drawn})
    else:
        print(f"{out}: {drawn:,} words; open it in a browser")


def draw_map(
    answerer: "Answerer",
    out: Path,
    *,
    title: str,
    words: Sequence[str] = (),
    top: int = 300,
    near: int = 10,
    method: str = "pca",
) -> int:
    """Write the picture of words and those near them, or of the most frequent; return how many."""
    from typing import cast

    from seqkit.vectors import picture

    groups: dict[str, str] | None = None
    if words:
        groups = {}
        found = [answerer.find(word) for word in words]
        groups = {each.word: each.word for each in found}
        for each in found:
            for word in answerer.around(each, near):
                groups.setdefault(word, each.word)
        shown = list(groups)
    else:
        shown = list(answerer.vectors.index_to_key[:top])
    drawn = picture.draw(
        answerer.vectors, shown, groups=groups, method=cast(picture.Method, method)
    )
    picture.write(drawn, out, title=title)
    return len(drawn.words)
