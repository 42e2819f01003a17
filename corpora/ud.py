"""Universal Dependencies: words with parts of speech; any treebank's folder, or CoNLL-U file."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import Field

from seqkit.corpora._columns import Columns, parts
from seqkit.corpus import Card, Tagged
from seqkit.settings import settings


def _files(treebank: str, train: str = "ud") -> tuple[str, ...]:
    return (
        f"{treebank}-{train}-train.conllu",
        f"{treebank}-ud-dev.conllu",
        f"{treebank}-ud-test.conllu",
    )


KAIST = Card(
    name="ud",
    title="UD Korean Kaist",
    task="tagging",
    languages=("ko",),
    licence="CC BY-SA 4.0",
    citation=(
        "J. Chun, N.-R. Han, J. D. Hwang, J. D. Choi, Building Universal Dependency Treebanks in "
        "Korean, LREC 2018."
    ),
    homepage="https://github.com/UniversalDependencies/UD_Korean-Kaist",
    kind=Tagged,
    folder="ud_korean_kaist",
    files=_files("ko_kaist"),
    also=(
        ("UD_Korean-Kaist", _files("ko_kaist")),
        ("ud_korean_kaist", _files("ko_kaist", "pos")),  # tags only, as some pass it around
    ),
)
EWT = Card(
    name="ud",
    title="UD English EWT",
    task="tagging",
    languages=("en",),
    licence="CC BY-SA 4.0",
    citation=(
        "N. Silveira, T. Dozat, M.-C. de Marneffe, S. Bowman, M. Connor, J. Bauer, C. D. Manning, "
        "A gold standard dependency corpus for English, LREC 2014."
    ),
    homepage="https://github.com/UniversalDependencies/UD_English-EWT",
    kind=Tagged,
    folder="ud_english_ewt",
    files=_files("en_ewt"),
    also=(("UD_English-EWT", _files("en_ewt")),),
)
TREEBANKS = {"ko_kaist": KAIST, "en_ewt": EWT}
CARD = replace(
    KAIST,
    title="Universal Dependencies: Korean Kaist, English EWT, or any treebank by path",
    languages=("ko", "en"),
    citation=f"{KAIST.citation} {EWT.citation}",
    homepage="https://universaldependencies.org",
)


@settings
class Options:
    """Which treebank, and which of its columns."""

    treebank: Literal["ko_kaist", "en_ewt"] = Field(
        default="ko_kaist", description="one that is found by name; any other by path=FOLDER"
    )
    tag: Literal["upos", "xpos", "feats", "deprel", "lemma"] = Field(
        default="upos", description="the column to learn"
    )
    beside: Literal["", "upos", "xpos", "feats", "deprel", "lemma"] = Field(
        default="", description="a second column, for tagger.beside"
    )
    test_fraction: float = Field(
        default=0.1, ge=0, lt=1, description="of the sentences, where there is no test file"
    )
    seed: int = Field(default=0, ge=0, description="of the choice of test sentences")

    @property
    def columns(self) -> Columns:
        """The columns that are read."""
        return Columns(self.tag, self.beside)


def card(options: Options, path: str) -> Card:
    """Return the card of the treebank: the one named, or that of what lies at ``path``."""
    if not path:
        return TREEBANKS[options.treebank]
    return Card(
        name="ud",
        title=f"Universal Dependencies: {Path(path).name}",
        task="tagging",
        languages=("any",),
        licence="see its README",
        citation="see its README",
        homepage=CARD.homepage,
        kind=Tagged,
    )


def read(options: Options, folder: Path | None) -> dict[str, Iterable[Tagged]]:
    """Return the splits ``train``, ``validation`` and ``test``, as far as there are files.

    The words are the syntactic ones, each with its tags. Those of a multiword range (``don't``:
    ``do``, ``n't``) have their part of its text, or all of it where it is not spelt by them;
    empty nodes are no words.

    Raises:
        SeqkitError: here or while the splits are consumed, with the file and line of what is
            malformed.
    """
    assert folder is not None
    return {split: options.columns.read(path) for split, path in parts(folder).items()}
