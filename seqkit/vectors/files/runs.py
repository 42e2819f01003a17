"""The embedding layer of a trained run, as word vectors."""

from pathlib import Path

import numpy as np

from seqkit.errors import SeqkitError
from seqkit.text.vocabulary import Vocabulary
from seqkit.vectors.keyed import WordVectors

WEIGHTS, WORDS = "model.safetensors", "vocabulary.txt"
SETTINGS = "settings.json"
TABLE = "embedding.table.weight"


def refuse_run(folder: Path) -> None:
    """Make sure that vectors may be written to a folder: a run's tokenizer and files are its own.

    Raises:
        SeqkitError: if it is a run.
    """
    if (folder / SETTINGS).is_file():
        raise SeqkitError(f"{folder} is a run, not a folder of word vectors: choose another.")


def open_run(path: Path) -> WordVectors:
    """Return the vectors that a run has for its words, without what stands for other things.

    Torch is not needed. The words are in order of falling frequency and have their counts.

    Raises:
        SeqkitError: if the run has no such layer, or a file is missing, damaged or of another
            run.
    """
    from safetensors import SafetensorError, safe_open

    vocabulary, file = Vocabulary.load(path / WORDS), path / WEIGHTS
    if not file.is_file():
        raise SeqkitError(f"no weights at {file}: the run was stopped before it saved any.")
    try:
        with safe_open(file, framework="np") as weights:
            if TABLE not in weights.keys():  # noqa: SIM118, it is no mapping
                raise SeqkitError(
                    f"{path} has no vectors of words that it reads: they are one-hot "
                    "(embedding.kind=onehot), or it reads none."
                )
            table = weights.get_tensor(TABLE)
    except (SafetensorError, OSError, TypeError) as error:
        raise SeqkitError(
            f"{file} cannot be read ({error}): it is truncated or was not written by seqkit; copy "
            "it again."
        ) from None
    if table.ndim != 2 or len(table) != len(vocabulary):
        raise SeqkitError(
            f"{file} has vectors for {len(table)} words and {path / WORDS} has "
            f"{len(vocabulary)}: they are not of one run; copy it again."
        )
    rows = np.ascontiguousarray(table[len(vocabulary.specials) :], dtype=np.float32)
    counts = np.array(vocabulary.counts, np.int64)
    card = {"source": f"the embedding layer of {path.name}"}
    return WordVectors.of(vocabulary.words, rows, counts=counts, card=card)
