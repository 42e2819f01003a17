"""``seqkit tokenize``: texts cut into tokens, by one tokenizer or by several side by side."""

import json
import re
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from seqkit.cli.arguments import (
    FileOption,
    JsonOption,
    OptionOption,
    TextsArgument,
    TokenizerOption,
    WorkersOption,
    is_prompt,
    open_tokenizer,
    read_texts,
)

if TYPE_CHECKING:
    from seqkit.text.tokenizer import Token, Tokenizer

LINES, CHARACTERS = 256, 65_536  # of a worker's share: a second of the slow ones, no more memory


def tokenize(
    texts: TextsArgument = None,
    tokenizer: TokenizerOption = "kiwi",
    option: OptionOption = None,
    compare: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Side by side: kiwi,mecab,jamo or all.")
    ] = None,
    text: Annotated[
        str, typer.Option(help="--compare: the corpus that bpe and unigram learn from.")
    ] = "village",
    tags: Annotated[bool, typer.Option("--tags", help="form/TAG, where there is one.")] = False,
    offsets: Annotated[
        bool, typer.Option("--offsets", help="form@START-END, in characters of the line.")
    ] = False,
    workers: WorkersOption = 1,
    file: FileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Cut texts into tokens: a line for each line, in order.

    Tokens stand between spaces; white space inside a token is written as an open box. --json
    gives an object a line: text, and tokens with text, start, end and tag.
    """
    from seqkit.parallel import ordered_map

    if compare is not None:
        _compare(compare, read_texts(texts, file), text, option, tags, offsets, as_json)
        return
    chosen = open_tokenizer(tokenizer, option)
    _refuse_untrained(chosen, tokenizer)
    typed = is_prompt(texts, file)
    if typed:
        print("A text a line; Ctrl-D ends.", file=sys.stderr)
    cut = partial(lines, chosen, tags, offsets, as_json)
    given = _chunks(_encodable(read_texts(texts, file)), 1 if workers == 1 else LINES)
    for written in _shown(ordered_map(cut, given, 1 if typed else workers), typed):
        print("\n".join(written), flush=True)


def lines(
    tokenizer: "Tokenizer", tags: bool, offsets: bool, as_json: bool, texts: list[str]
) -> list[str]:
    """Return the line to print for each text."""
    if as_json:
        rows = ({"text": t, "tokens": as_rows(tokenizer.tokenize(t))} for t in texts)
        return [json.dumps(row, ensure_ascii=False) for row in rows]
    if not (tags or offsets):
        return [" ".join(map(visible, tokenizer.words(text))) for text in texts]
    return [" ".join(forms(tokenizer.tokenize(text), tags, offsets)) for text in texts]


def as_rows(tokens: "Iterable[Token]") -> list[dict[str, str | int | None]]:
    """Return tokens as JSON has them."""
    return [token._asdict() for token in tokens]


def forms(tokens: "Iterable[Token]", tags: bool, offsets: bool) -> Iterator[str]:
    """Yield each token as ``form``, ``form/TAG``, ``form@3-5`` (``@-``: nowhere)."""
    for token in tokens:
        tag = f"/{token.tag}" if tags and token.tag else ""
        place = "-" if token.start is None else f"{token.start}-{token.end}"
        yield visible(token.text) + tag + (f"@{place}" if offsets else "")


def visible(word: str) -> str:
    """Return a token as it can stand between spaces, on a line."""
    return re.sub(r"\s", "␣", word)


def _encodable(texts: Iterable[str]) -> Iterator[str]:
    """Refuse what a terminal of another encoding may hand over."""
    from seqkit.errors import SeqkitError

    for number, text in enumerate(texts, start=1):
        try:
            text.encode()
        except UnicodeEncodeError:
            raise SeqkitError(f"text {number} is not UTF-8: set the terminal to UTF-8.") from None
        yield text


def _chunks(texts: Iterable[str], most: int) -> Iterator[list[str]]:
    chunk: list[str] = []
    size = 0
    for text in texts:
        chunk.append(text)
        size += len(text)
        if len(chunk) == most or size >= CHARACTERS:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _shown(chunks: Iterable[list[str]], typed: bool) -> Iterator[list[str]]:
    """Pass chunks of lines on; show their number where nobody sees the lines themselves."""
    if typed or not sys.stderr.isatty() or sys.stdout.isatty():
        yield from chunks
        return
    from rich import progress
    from rich.console import Console

    columns = (
        progress.SpinnerColumn(),
        progress.TextColumn("{task.completed:,.0f} lines, {task.fields[rate]:,.0f} a second"),
    )
    with progress.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, rate=0.0)
        for chunk in chunks:
            yield chunk
            bar.update(task, advance=len(chunk), rate=bar.tasks[0].speed or 0.0)


def _refuse_untrained(tokenizer: "Tokenizer", name: str) -> None:
    from seqkit.errors import SeqkitError
    from seqkit.text.tokenizer import Trainable

    if isinstance(tokenizer, Trainable) and not tokenizer.is_trained:
        raise SeqkitError(
            f"the {name} tokenizer has learnt no pieces yet: seqkit vocab build CORPUS "
            f"--tokenizer {name} --out FOLDER, then --tokenizer FOLDER."
        )


def _compare(
    names: str,
    texts: Iterator[str],
    corpus: str,
    option: list[str] | None,
    tags: bool,
    offsets: bool,
    as_json: bool,
) -> None:
    from seqkit.cli.compare import compared, print_compared
    from seqkit.cli.output import print_json
    from seqkit.errors import SeqkitError

    if option:
        raise SeqkitError("--option is for one --tokenizer: leave it out beside --compare.")
    tables = compared(names, list(_encodable(texts)), corpus)
    if as_json:
        print_json([row.as_dict() for table in tables for row in table])
    else:
        print_compared(tables, corpus, tags=tags, offsets=offsets)
