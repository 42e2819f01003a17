"""``seqkit vocab``: the words of a text, counted, kept in a folder, and looked at."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqkit.cli.arguments import (
    JsonOption,
    OfflineOption,
    OptionOption,
    TokenizerOption,
    WorkersOption,
    go_offline,
    open_tokenizer,
    print_help,
)

if TYPE_CHECKING:
    from seqkit.text.vocabulary import Vocabulary

app = typer.Typer(
    name="vocab",
    help="Build vocabularies and look into them.",
    invoke_without_command=True,
    rich_markup_mode=None,
    callback=print_help,
)

CorpusArgument = Annotated[
    str, typer.Argument(metavar="CORPUS", help="A data set, or your own file or folder.")
]
Words = Annotated[
    list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Options of the data set.")
]
FolderArgument = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="What 'vocab build' wrote, or a run directory.")
]
PathOption = Annotated[
    str, typer.Option(help="Where its files are, if not in SEQKIT_DATA or the cache.")
]
MinCount = Annotated[
    int, typer.Option(min=1, help="Leave out words that occur less often in the training text.")
]
MaxSize = Annotated[
    int | None, typer.Option(min=3, help="The most entries, special tokens included [all].")
]
PARTS = ("tokenizer", "vocabulary.txt")  # as in a run directory


@app.command()
def build(
    corpus: CorpusArgument,
    out: Annotated[Path, typer.Option(help="The folder to write.")],
    words: Words = None,
    tokenizer: TokenizerOption = "kiwi",
    option: OptionOption = None,
    min_count: MinCount = 1,
    max_size: MaxSize = None,
    workers: WorkersOption = 1,
    engine: Annotated[
        str, typer.Option(help="local: processes of this machine; ray: a Ray cluster.")
    ] = "local",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a vocabulary that is there.")
    ] = False,
    path: PathOption = "",
    offline: OfflineOption = False,
    as_json: JsonOption = False,
) -> None:
    """Count the words of the training split and keep the most frequent, and the tokenizer.

    bpe and unigram learn their pieces from the same split first.
    """
    from seqkit.cli.output import print_json, progress_bar
    from seqkit.cli.sources import open_source
    from seqkit.files import atomic_folder
    from seqkit.text.counting import sorted_counts
    from seqkit.text.tokenizer import save, trained
    from seqkit.text.vocabulary import Vocabulary

    go_offline(offline)
    _refuse_existing(out, overwrite)
    chosen = open_tokenizer(tokenizer, option)
    source = open_source(corpus, words, path)
    chosen = trained(chosen, source.texts("train"))
    with progress_bar("counting", source.size("train")) as progress:
        counts = sorted_counts(
            source.countable("train"),
            chosen,
            min_count=min_count,
            workers=workers,
            engine=engine,
            progress=progress,
        )
        with closing(counts):
            vocabulary = Vocabulary.build(counts, min_count=min_count, max_size=max_size)
    if not vocabulary.words:
        from seqkit.errors import SeqkitError

        raise SeqkitError(f"no word of it occurs {min_count} times: lower --min-count.")
    with atomic_folder(out) as folder:
        save(chosen, folder / PARTS[0])
        vocabulary.save(folder / PARTS[1])
    if as_json:
        print_json({"folder": str(out), **_facts(vocabulary)})
    else:
        facts = _facts(vocabulary)
        print(f"{out}: {facts['words']:,} words, which occur {facts['tokens']:,} times")


def _refuse_existing(out: Path, overwrite: bool) -> None:
    from seqkit.errors import SeqkitError

    if not out.exists():
        return
    inside = [p.name for p in out.iterdir()] if out.is_dir() else [out.name]
    others = sorted(set(inside) - set(PARTS))
    if others:
        raise SeqkitError(f"{out} holds {others[0]}, no vocabulary alone: choose another --out.")
    if inside and not overwrite:
        raise SeqkitError(f"{out} exists already: choose another --out, or give --overwrite.")


def _facts(vocabulary: "Vocabulary") -> dict[str, Any]:
    return {
        "words": len(vocabulary.words),
        "specials": list(vocabulary.specials),
        "tokens": sum(vocabulary.counts),
    }


def open_vocabulary(folder: Path) -> "Vocabulary":
    """Load the vocabulary of a folder, or from the file itself."""
    from seqkit.errors import SeqkitError
    from seqkit.text.vocabulary import Vocabulary

    file = folder / PARTS[1] if folder.is_dir() else folder
    if not file.is_file():
        raise SeqkitError(f"no vocabulary at {file}: 'seqkit vocab build' makes one.")
    return Vocabulary.load(file)


@app.command()
def show(
    folder: FolderArgument,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[WORD]...", help="Words to look up.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="How many of the most frequent.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List the most frequent words, or look words up: rank, id, count and share of the text."""
    from seqkit.cli.output import print_json, print_table
    from seqkit.cli.tokenize import visible

    vocabulary = open_vocabulary(folder)
    rows = _rows(vocabulary, words or vocabulary.words[:top])
    if as_json:
        print_json({**_facts(vocabulary), "rows": rows})
        return
    facts = _facts(vocabulary)
    print(
        f"{facts['words']:,} words, which occur {facts['tokens']:,} times; "
        f"special tokens: {' '.join(facts['specials'])}\n"
    )
    columns = ["rank", "id", "word", "count", "share %", *(["nearest"] if words else [])]
    cells = [{**row, "word": visible(row["word"]), "nearest": _near(row)} for row in rows]
    print_table(None, columns, [[row[name] for name in columns] for row in cells])


def _rows(vocabulary: "Vocabulary", words: Iterable[str]) -> list[dict[str, Any]]:
    from seqkit.vectors.spelling import Spelling

    tokens, rows = max(1, sum(vocabulary.counts)), []
    spelling = Spelling(vocabulary.words)
    for word in words:
        row: dict[str, Any] = dict.fromkeys(("rank", "id", "count", "share %"))
        row |= {"word": word, "nearest": []}
        if word in vocabulary:
            (number,) = vocabulary.ids([word])
            rank = number - len(vocabulary.specials)
            n = vocabulary.counts[rank]
            row |= {"rank": rank + 1, "id": number, "count": n, "share %": 100 * n / tokens}
        else:
            row["nearest"] = spelling.nearest(word)
        rows.append(row)
    return rows


def _near(row: dict[str, Any]) -> str:
    if row["id"] is not None:
        return ""
    return f"unknown; near: {', '.join(row['nearest'])}" if row["nearest"] else "unknown"


@app.command()
def stats(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A vocabulary's folder, or a data set.")
    ],
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CORPUS] [KEY=VALUE]...",
            help="A data set to hold a vocabulary against; options of the data set.",
        ),
    ] = None,
    compare: Annotated[
        str, typer.Option(metavar="NAMES", help="Of a data set: kiwi,jamo,... or all [kiwi].")
    ] = "",
    option: OptionOption = None,
    min_count: MinCount = 1,
    max_size: MaxSize = None,
    rows: Annotated[
        int | None, typer.Option(min=1, help="Use the first so many texts of a split [all].")
    ] = None,
    workers: WorkersOption = 1,
    path: PathOption = "",
    offline: OfflineOption = False,
    as_json: JsonOption = False,
) -> None:
    """Tell how much of a text its most frequent words cover, and how long texts are in tokens.

    Of a data set, by tokenizer: the vocabulary is of the training split; unknown words and
    lengths are of the validation split, else of the test split, else of the training split.
    """
    from seqkit.cli import statistics
    from seqkit.cli.compare import names_of
    from seqkit.cli.output import print_json
    from seqkit.cli.sources import open_source
    from seqkit.errors import SeqkitError

    go_offline(offline)
    given = list(words or [])
    if (Path(source) / PARTS[1]).is_file():
        if compare:
            raise SeqkitError("--compare is for a data set: leave it out beside a vocabulary.")
        corpus = given.pop(0) if given and "=" not in given[0] else ""
        if given and not corpus:
            raise SeqkitError(f"'{given[0]}' is an option of which data set? Name it before.")
        vocabulary = open_vocabulary(Path(source))
        tokenizer = open_tokenizer(source, option)
        held = open_source(corpus, given, path, rows) if corpus else None
        found = [statistics.of_vocabulary(source, vocabulary, tokenizer, held, workers)]
    else:
        names = names_of(compare or "kiwi")
        if option and len(names) > 1:
            raise SeqkitError("--option is for one tokenizer: leave it out, or --compare only one.")
        tokenizers = {name: open_tokenizer(name, option) for name in names}
        opened = open_source(source, given, path, rows)
        found = statistics.of_corpus(tokenizers, opened, min_count, max_size, workers)
    if as_json:
        print_json([each.as_dict() for each in found])
    else:
        statistics.print_statistics(found)
