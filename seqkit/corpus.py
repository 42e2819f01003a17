"""A corpus: named splits of typed examples, found by name or path.

This file holds the nouns. The data sets themselves are the files of ``corpora/``.
"""

from typing import NamedTuple

from seqkit.text.tokenizer import Token


class Text(NamedTuple):
    """Plain text: one sentence, paragraph or document."""

    text: str


class Labelled(NamedTuple):
    """A text and its labels: exactly one, or any number where the corpus is multi-label."""

    text: str
    labels: tuple[str, ...]


class Tagged(NamedTuple):
    """A text cut into tokens, each with its tag and its offsets into the text."""

    text: str
    tokens: tuple[Token, ...]


class Pair(NamedTuple):
    """A sentence and its translation, or a question and its answer."""

    source: str
    target: str


class Fact(NamedTuple):
    """Two words in a relation (``capital``: 한국 -> 서울), for vector analogies."""

    relation: str
    left: str
    right: str
