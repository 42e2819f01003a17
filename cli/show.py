"""``seqkit show``: a recipe's settings."""

from itertools import groupby
from operator import attrgetter

from seqkit.cli.arguments import JsonOption, RecipeArgument


def show(recipe: RecipeArgument, as_json: JsonOption = False) -> None:
    """Show every setting of a recipe: type, default, what it does."""
    from seqkit.cli.output import print_json, print_table
    from seqkit.recipe import find
    from seqkit.settings import leaves

    found = find(recipe)
    settings = list(leaves(found.defaults))
    if as_json:
        names = ("setting", "type", "default", "help")
        rows = [(s.path, s.type_name, s.default, s.help) for s in settings]
        print_json([dict(zip(names, row, strict=True)) for row in rows])
        return
    print((found.module.__doc__ or "").strip())
    print(
        "\nChange a setting by GROUP.SETTING=VALUE; SETTING=VALUE will do if only one is so named."
    )
    for group, members in groupby(settings, key=attrgetter("group")):
        print()
        cells = [(s.name, _plain(s.default), s.help, s.type_name) for s in members]
        print_table(None, [group or "setting", "default", "what it does", "type"], cells)


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "(none)"
    if isinstance(value, dict):
        return " ".join(f"{key}={_plain(entry)}" for key, entry in value.items()) or "(none)"
    if isinstance(value, bool):
        return str(value).lower()
    return "(none)" if value == "" else str(value)
