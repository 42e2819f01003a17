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
    print_table(
        None,
        ["recipe", "shape", "task", "languages", "corpus", "data", "expected", "minutes"],
        [
            [
                n,
                a.shape,
                a.task,
                " ".join(a.languages),
                a.corpus,
                where(a.corpus),
                a.expected,
                a.minutes,
            ]
            for n, a in found
        ],
    )
