"""The pairs that a recipe names: a corpus, a file, a folder, or two files side by side."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from seqkit.corpus import Corpus, load, names, reader
from seqkit.errors import SeqkitError


def _absolute(corpus: str) -> str:
    """Return paths in full, so that a run can be scored from any folder."""
    parts = [Path(part).expanduser() for part in corpus.split(",")]
    if corpus in names() or not all(part.exists() for part in parts):
        return corpus
    return ",".join(str(part.absolute()) for part in parts)


# A setting: pairs by name, a path, or the paths of two files with a comma between them.
PairsText = Annotated[str, AfterValidator(_absolute)]


def open_pairs(
    corpus: str,
    data: Mapping[str, str | int | float | bool],
    source: str = "",
    target: str = "",
    path: str = "",
) -> Corpus:
    """Open pairs in one direction.

    Args:
        corpus: see :data:`PairsText`.
        data: options of the corpus.
        source: the language of the first sentence, or what else the corpus calls its sides; "":
            as it is.
        target: that of the second.
        path: where the files of a named corpus are.

    Raises:
        SeqkitError: if there is no such corpus, file or direction.
    """
    options = {**data, **{k: v for k, v in (("source", source), ("target", target)) if v}}
    if corpus in names():
        if corpus == "village":
            options = {"kind": "pair", **options}
        known = {field.name for field in fields(reader(corpus).Options)}
        if not {"source", "target"} & known and (source or target):
            raise SeqkitError(f"{corpus} has one direction only: leave out source= and target=.")
        return load(corpus, options, path=path)
    files = corpus.split(",")
    for file in files if len(files) > 1 else ():
        if not Path(file).expanduser().is_file():
            raise SeqkitError(f"there is no file at {file}.")
    if len(files) > 2:
        raise SeqkitError(f"'{corpus}' names {len(files)} files, and a pair has two sides.")
    if len(files) == 2:
        options["beside"] = files[1]
    elif not Path(corpus).expanduser().exists():
        return load(corpus, options)  # which tells what is wrong with the name
    return load("pairs", options, path=files[0])
