"""``seqkit ls``: the recipes."""

from seqkit.cli.arguments import JsonOption


def ls(as_json: JsonOption = False) -> None:
    """List the recipes: shape, task, corpus, expected score."""
    from dataclasses import asdict

    from seqkit import recipe
    from seqkit.cli.output import print_json, print_table
    from seqkit.corpus import where

    found = [(name, recipe.about(name)) for name in recipe.names()]
    if as_json:
        print_json([{"name": n, **asdict(a), "data": where(a.corpus)} for n, a in found])
        return
    columns = ["recipe", "shape", "task", "lang", "corpus", "data", "expected", "minutes"]
    rows = []
    for name, a in found:
        place = where(a.corpus)
        here = place if place in ("generated", "fetch", "by path") else "here"
        languages = ",".join(a.languages)
        rows.append([name, a.shape, a.task, languages, a.corpus, here, a.expected, a.minutes])
    print_table(None, columns, rows)
