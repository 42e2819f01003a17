"""``seqkit data``: which data sets there are, where they lie, and what is in them."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqkit.cli.arguments import JsonOption, OfflineOption, print_help

if TYPE_CHECKING:
    from seqkit.corpus import Corpus

app = typer.Typer(
    name="data",
    help="List, describe, fetch and sample data sets.",
    invoke_without_command=True,
    rich_markup_mode=None,
    callback=print_help,
)

Name = Annotated[
    str, typer.Argument(help="A data set ('seqkit data ls'), or your own file or folder.")
]
Words = Annotated[
    list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Options of the data set.")
]
Path = Annotated[str, typer.Option(help="Where its files are, if not in SEQKIT_DATA or the cache.")]


@app.command("ls")
def list_(as_json: JsonOption = False) -> None:
    """List the data sets and whether they are on this machine."""
    from seqkit.cli.output import print_json, print_table
    from seqkit.corpus import names, reader, where

    cards = [reader(name).CARD for name in names()]
    columns = ("name", "title", "task", "languages", "licence", "here")
    rows = [
        (c.name, c.title, c.task, ", ".join(c.languages), c.licence, where(c.name)) for c in cards
    ]
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:  # title and licence are for `show`: they would not fit beside the rest
        print_table(
            None, ("name", "languages", "task", "here"), [(n, g, t, h) for n, _, t, g, _, h in rows]
        )


@app.command()
def show(name: Name, words: Words = None, path: Path = "", as_json: JsonOption = False) -> None:
    """Describe a data set: origin, licence, options, splits, labels and text lengths.

    Nothing is fetched: what is not on this machine is described by its card alone.
    """
    from seqkit import settings
    from seqkit.cli.output import print_json, print_table
    from seqkit.corpus import card_of, resolve, where
    from seqkit.sources import find

    module, place = resolve(name, path)
    chosen = settings.parse(module.Options(), words or [])
    card, here = card_of(module, chosen, place), where(name, path, chosen)
    facts = {
        "name": card.name,
        "title": card.title,
        "task": card.task,
        "languages": ", ".join(card.languages),
        "synthetic": card.synthetic,
        "here": here,
        "licence": card.licence,
        "citation": card.citation,
        "homepage": card.homepage,
        "source": "; ".join(
            f"{s.url} ({s.size:,} bytes, SHA-256 {s.sha256})" for s in card.sources
        ),
    }
    options = [
        {"option": s.path, "type": s.type_name, "default": s.default, "help": s.help}
        for s in settings.leaves(module.Options())
    ]
    numbers: dict[str, Any] = {}
    if card.synthetic or find(card, place) is not None:
        numbers = _numbers(_open(name, words, path, offline=True))
    if as_json:
        print_json({**facts, "options": options, **numbers})
        return
    for key, value in facts.items():
        if value not in ("", False):
            print(f"{key + ':':<11} {'yes: not real text' if value is True else value}")
    tables = {"options": options, **numbers}
    for title, rows in ((title, rows) for title, rows in tables.items() if rows):
        print()
        print_table(title, list(rows[0]), [_plain(row) for row in rows])
    if here == "fetch":
        print(f"\nIts files are not here: seqkit data fetch {card.name}")


def _plain(row: dict[str, Any]) -> list[object]:
    """Return the cells of a row; a default that is not a number is shown as it is typed."""
    return [repr(v) if k == "default" and v in ("", None) else v for k, v in row.items()]


def _open(name: str, words: list[str] | None, path: str, *, offline: bool) -> "Corpus":
    from seqkit import settings
    from seqkit.corpus import load, resolve

    module, _ = resolve(name, path)
    options = settings.parse(module.Options(), words or [])
    return load(name, settings.as_dict(options), path=path, offline=offline)


def _numbers(corpus: "Corpus") -> dict[str, Any]:
    """Return three tables: rows a split, rows a label and split, and the lengths of the texts.

    Of a picture, the text is its first caption.
    """
    from collections import Counter

    from seqkit.corpus import Captioned, Series

    if corpus.kind is Series:
        return _columns(corpus)
    splits, lengths = [], []
    counts: dict[str, Counter[str]] = {}
    for split in corpus.splits:
        characters, words = [], []
        counts[split] = Counter()
        for example in corpus.examples(split):
            text = example.captions[0] if corpus.kind is Captioned else example[0]
            characters.append(len(text))
            words.append(len(text.split()))
            counts[split].update(getattr(example, "labels", ()))
        splits.append({"split": split, "rows": len(characters), "words": sum(words)})
        for unit, values in (("characters", characters), ("words", words)):
            lengths.append({"split": split, "length in": unit, **_percentiles(values)})
    names = sorted(set().union(*counts.values()), key=lambda n: (-counts["train"][n], n))
    labels = [{"label": n, **{s: counts[s][n] for s in counts if counts[s]}} for n in names]
    return {"splits": splits, "labels": labels, "lengths": lengths}


def _columns(corpus: "Corpus") -> dict[str, Any]:
    """Return two tables: the columns of each split of a series, and the frames of each label."""
    from collections import Counter

    columns, counts = [], {}
    for split in corpus.splits:
        for name, role, values, texts, filled in corpus.examples(split):
            row = {"split": split, "column": name, "kind": role, "frames": len(values or texts)}
            first, last = (texts[0], texts[-1]) if role == "date" else (None, None)
            low, high = (min(values), max(values)) if values else (first, last)
            columns.append({**row, "from": low, "to": high, "filled": filled})
            if role == "label":
                counts[split] = Counter(texts)
    names = sorted(set().union(*counts.values()))
    labels = [{"label": n, **{s: counts[s][n] for s in counts}} for n in names]
    return {"columns": columns, "labels": labels}


def _frames(corpus: "Corpus", split: str, rows: int) -> list[dict[str, Any]]:
    """Return the first time steps of a series, a value a column."""
    columns = {e.name: (e.values or e.texts)[:rows] for e in corpus.examples(split)}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _percentiles(values: list[int]) -> dict[str, int | None]:
    """Return percentiles by nearest rank, which are lengths that do occur."""
    ordered = sorted(values)
    ranks = {"p5": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95, "max": 1.0}
    last = len(ordered) - 1
    return {name: ordered[round(rank * last)] if ordered else None for name, rank in ranks.items()}


@app.command()
def fetch(
    name: Name, path: Path = "", offline: OfflineOption = False, as_json: JsonOption = False
) -> None:
    """Fetch a data set into the user cache, or say where it already is."""
    from seqkit.cli.output import print_json
    from seqkit.corpus import resolve
    from seqkit.sources import find, locate

    module, place = resolve(name, path)
    card = module.CARD
    before = None if card.synthetic else find(card, place)
    folder = locate(card, place, offline=offline)
    fetched = folder is not None and before is None
    if as_json:
        print_json({"name": card.name, "folder": folder and str(folder), "fetched": fetched})
    elif folder is None:
        print(f"{card.name} is generated: there is nothing to fetch.")
    else:
        print(f"{card.name} {'was fetched to' if fetched else 'is already at'} {folder}")


@app.command()
def head(
    name: Name,
    words: Words = None,
    rows: Annotated[int, typer.Option("-n", "--rows", min=1, help="How many rows.")] = 5,
    split: Annotated[str, typer.Option(help="Of which split [the first].")] = "",
    path: Path = "",
    offline: OfflineOption = False,
    as_json: JsonOption = False,
) -> None:
    """Print the first rows of a split."""
    from itertools import islice

    from seqkit.cli.output import print_json, print_table
    from seqkit.corpus import Series

    corpus = _open(name, words, path, offline=offline)
    split = split or next(iter(corpus.splits))
    if corpus.kind is Series:
        frames = _frames(corpus, split, rows)
        if as_json:
            print_json(frames)
        else:
            print_table(None, list(frames[0]), [list(frame.values()) for frame in frames])
        return
    examples = list(islice(corpus.examples(split), rows))
    if as_json:
        print_json([_row(example, as_json=True) for example in examples])
        return
    print_table(None, corpus.split(split).column_names, [list(_row(e).values()) for e in examples])


def _row(example: Any, *, as_json: bool = False) -> dict[str, Any]:
    """Return an example by column: whole for JSON, else cut to what a line can show."""
    row = {}
    for field, value in example._asdict().items():
        if isinstance(value, tuple):
            items = [v._asdict() if hasattr(v, "_asdict") else v for v in value]
            row[field] = items if as_json else _tokens(value)
        else:
            row[field] = value if as_json else _short(value)
    return row


def _tokens(items: tuple[Any, ...]) -> str:
    if items and hasattr(items[0], "tag"):
        return _short(" ".join(f"{token.text}/{token.tag}" for token in items))
    return _short(", ".join(f"{i:.3g}" if isinstance(i, float) else str(i) for i in items))


def _short(text: str, width: int = 160) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 3] + "..."
