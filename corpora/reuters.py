"""Reuters-21578: news of 1987 and their topics, from the raw SGML files."""

import html
import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field

from seqkit.corpus import Card, Labelled, Source
from seqkit.errors import SeqkitError
from seqkit.settings import settings

CARD = Card(
    name="reuters",
    title="Reuters-21578, distribution 1.0",
    task="topic classification",
    languages=("en",),
    licence="free for research; copyright Reuters Ltd. and Carnegie Group, Inc.",
    citation=(
        "D. D. Lewis, Reuters-21578 text categorization test collection, distribution 1.0, 1997. "
        "ModApte split: C. Apte, F. Damerau, S. M. Weiss, Automated learning of decision rules "
        "for text categorization, ACM TOIS 12(3), 1994. R8 and R52: A. Cardoso-Cachopo, "
        "Improving methods for single-label text categorization, 2007."
    ),
    homepage="https://kdd.ics.uci.edu/databases/reuters21578/reuters21578.html",
    kind=Labelled,
    folder="reuters21578",
    files=tuple(f"reut2-{number:03}.sgm" for number in range(22)),
    sources=(
        Source(
            url="https://kdd.ics.uci.edu/databases/reuters21578/reuters21578.tar.gz",
            sha256="3bae43c9b14e387f76a61b6d82bf98a4fb5d3ef99ef7e7075ff2ccbcf59f9d30",
            size=8_150_596,
        ),
    ),
)

R8 = frozenset(("acq", "crude", "earn", "grain", "interest", "money-fx", "ship", "trade"))


@settings
class Options:
    """How Reuters-21578 is read."""

    version: Literal["r8", "r52", "modapte"] = Field(
        default="r52",
        description="r8, r52: documents of one topic; modapte: 90 topics, any number a document",
    )
    text: Literal["title+body", "title", "body"] = Field(
        default="title+body", description="which part is read; a document without it uses the other"
    )

    @property
    def multi_label(self) -> bool:
        """Whether a document may have several topics."""
        return self.version == "modapte"


class Document(NamedTuple):
    """One ``<REUTERS>`` element; ``split`` is its LEWISSPLIT, ``judged`` its TOPICS="YES".

    ``topics`` are as written: one document has the same topic twice, and the published counts of
    R8 and R52 take that for two.
    """

    split: str
    judged: bool
    topics: tuple[str, ...]
    title: str
    body: str


def read(options: Options, folder: Path | None) -> dict[str, Iterable[Labelled]]:
    """Return the splits ``train``, ``test`` and ``unlabelled``.

    ``unlabelled`` has the documents without a topic that are in no test set: text to learn words
    from. Topics follow the ModApte split; those of r52 and modapte are the ones with at least
    one document in both of train and test (for r52, counting documents of one topic only).
    """
    assert folder is not None
    problems: Counter[str] = Counter()
    documents = [d for name in CARD.files for d in _read_file(folder / name, problems)]
    if problems:
        told = ", ".join(f"{count} with {what}" for what, count in sorted(problems.items()))
        logging.getLogger(__name__).warning("%s: malformed documents: %s", folder, told)

    limit = len(documents) if options.multi_label else 1
    sides = {
        side: [d for d in documents if d.split == side.upper() and d.judged
               and 1 <= len(d.topics) <= limit]
        for side in ("train", "test")
    }  # fmt: skip
    train, test = ({topic for d in side for topic in d.topics} for side in sides.values())
    topics = train & test & R8 if options.version == "r8" else train & test
    splits: dict[str, Iterable[Labelled]] = {
        side: [
            Labelled(
                _text(d, options.text), tuple(t for t in dict.fromkeys(d.topics) if t in topics)
            )
            for d in chosen
            if topics.intersection(d.topics)
        ]
        for side, chosen in sides.items()
    }
    splits["unlabelled"] = [
        Labelled(_text(d, options.text), ())
        for d in documents
        if not d.topics and (d.split != "TEST" or not d.judged)  # TOPICS="NO" is in no split
    ]
    return splits


def _text(document: Document, part: str) -> str:
    title, body = document.title, document.body
    if part == "title+body":
        return f"{title}\n{body}" if title and body else title or body
    return (title or body) if part == "title" else (body or title)


def _read_file(path: Path, problems: Counter[str]) -> Iterator[Document]:
    try:
        sgml = path.read_bytes().decode("latin-1")  # every byte is a character: nothing to fail
    except OSError as error:
        raise SeqkitError(f"cannot read {path}: {error.strerror}.") from None
    if "<REUTERS" not in sgml:
        raise SeqkitError(f"{path} holds no <REUTERS> document: it is not a file of Reuters-21578.")
    yield from parse(sgml, problems)


def parse(sgml: str, problems: Counter[str]) -> Iterator[Document]:
    """Yield the documents of an SGML file, as much of each as there is.

    Args:
        sgml: the file, decoded as Latin-1.
        problems: counts the documents with each kind of malformed markup.
    """
    for chunk in re.split(r"<REUTERS\b", sgml)[1:]:
        header, _, content = chunk.partition(">")
        attributes = dict(re.findall(r'(\w+)\s*=\s*"([^"]*)"', header))
        if "LEWISSPLIT" not in attributes or not content:
            problems["no readable header"] += 1
            continue
        content, closed, _ = content.partition("</REUTERS>")
        if not closed:
            problems["no end"] += 1
        text = _element(content, "TEXT", "", problems)
        title = _element(text, "TITLE", "<DATELINE|<BODY|</TEXT", problems)
        body = _element(text, "BODY", "</TEXT", problems)
        if not body and 'TYPE="UNPROC"' in content:
            body = text
        topics = _element(content, "TOPICS", r"<(?!/?D>)", problems)
        yield Document(
            attributes["LEWISSPLIT"],
            attributes.get("TOPICS") == "YES",
            tuple(_clean(topic) for topic in re.findall(r"<D>([^<]+)", topics)),
            _clean(title),
            _clean(body),
        )


def _element(content: str, tag: str, end: str, problems: Counter[str]) -> str:
    """Return what ``<tag>`` holds; one that is not closed ends at the pattern ``end`` or never."""
    start = re.search(rf"<{tag}\b[^>]*>", content)
    if start is None:
        return ""
    inside = content[start.end() :]
    text, closed, _ = inside.partition(f"</{tag}>")
    if closed:
        return text
    problems[f"unclosed {tag}"] += 1
    return re.split(end, inside, maxsplit=1)[0] if end else inside


# Control characters, as bytes or as numeric entities, come from the news wire and mean nothing.
_CONTROL = re.compile(r"&#(?:\d|[12]\d|3[01]|127);|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def _clean(text: str) -> str:
    return html.unescape(_CONTROL.sub("", text)).strip()
