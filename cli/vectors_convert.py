"""``seqkit vectors convert``: word vectors from one format to another."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqkit.cli.arguments import JsonOption
from seqkit.errors import SeqkitError, unknown

if TYPE_CHECKING:
    from seqkit.vectors import WordVectors

Writer = Callable[["WordVectors", Path], None]

ENDINGS = {
    "": "folder",
    ".txt": "word2vec",
    ".vec": "word2vec",
    ".bin": "word2vec-binary",
    ".kv": "gensim",
}
WITH_SUBWORDS = ("folder", "fasttext")


def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Vectors of any format.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file or folder to write.")],
    from_: Annotated[
        str, typer.Option("--from", metavar="FORMAT", help="The format of IN [by what it holds].")
    ] = "",
    to: Annotated[
        str, typer.Option("--to", metavar="FORMAT", help="The format of OUT [by its ending].")
    ] = "",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Of a word2vec or GloVe file, the first so many.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write vectors in another format.

    Formats: folder, word2vec (.txt, .vec), word2vec-binary (.bin), glove, fasttext, gensim (.kv);
    .gz packs a file. gensim's files are pickles, which can run any program: --from gensim says
    that you trust where IN comes from.
    """
    from seqkit.cli.output import print_json

    _check_paths(source, out, overwrite)
    writers = _writers()
    wanted = to or _by_ending(out)
    if wanted not in writers:
        raise unknown("format to write", wanted, writers)
    vectors = _read(source, from_, limit)
    if not to and wanted == "word2vec-binary" and _has_subwords(vectors) and "fasttext" in writers:
        wanted = "fasttext"
    if _has_subwords(vectors) and wanted not in WITH_SUBWORDS:
        print(f"seqkit: {wanted} has no place for subwords: they are left out.", file=sys.stderr)
    writers[wanted](vectors, out)
    if wanted == "folder":
        _copy_tokenizer(source, out)
    told = {"file": str(out), "format": wanted, "words": len(vectors), "size": vectors.vector_size}
    if as_json:
        print_json(told)
    else:
        print(f"{out}: {len(vectors):,} words, {vectors.vector_size} dimensions, {wanted}")


def _check_paths(source: Path, out: Path, overwrite: bool) -> None:
    from seqkit.vectors.files.runs import refuse_run

    if not source.exists():
        raise SeqkitError(f"no word vectors at {source}.")
    if out.exists() and source.samefile(out):
        raise SeqkitError(f"{out} is what is read: name another file to write.")
    refuse_run(out)
    empty = out.is_dir() and not any(out.iterdir())  # as a full disk leaves it
    if out.exists() and not empty and not overwrite:
        raise SeqkitError(f"{out} exists already: name another, or give --overwrite.")


def _by_ending(out: Path) -> str:
    endings = [ending for ending in out.suffixes if ending != ".gz"]
    ending = endings[-1].lower() if endings else ""
    if out.is_dir() or ending not in ENDINGS:
        ending = ""
        if not out.is_dir() and endings:
            raise SeqkitError(
                f"no format is known by '{endings[-1]}' of {out}: name it by --to, or end in "
                f"{', '.join(filter(None, ENDINGS))}."
            )
    return ENDINGS[ending]


def _writers() -> dict[str, Writer]:
    from functools import partial

    from seqkit.vectors.files import fasttext, formats

    return {
        "folder": lambda vectors, path: vectors.save(path),
        "word2vec": formats.write_word2vec,
        "word2vec-binary": partial(formats.write_word2vec, binary=True),
        "glove": partial(formats.write_word2vec, write_header=False),
        "fasttext": fasttext.write_fasttext,
        "gensim": formats.write_gensim,
    }


def _read(source: Path, named: str, limit: int | None) -> "WordVectors":
    from seqkit.vectors.files import formats

    if limit is None:
        return formats.open_any(source, format=named or None)
    known = named or formats.sniff(source)
    if known == "glove":
        return formats.read_glove(source, limit=limit)
    if known not in ("word2vec", "word2vec-binary"):
        raise SeqkitError(f"--limit is for files of word2vec and GloVe, not for {known}.")
    return formats.read_word2vec(source, binary=known == "word2vec-binary", limit=limit)


def _has_subwords(vectors: "WordVectors") -> bool:
    return getattr(vectors, "ngrams", None) is not None


def _copy_tokenizer(source: Path, out: Path) -> None:
    """Keep the tokenizer beside the vectors, by which sentences are cut as their text was."""
    from seqkit.text.tokenizer import kept, replace_kept

    replace_kept(out / "tokenizer", kept(source / "tokenizer"))
