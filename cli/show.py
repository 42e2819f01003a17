"""``seqkit show``: a recipe's settings."""

from seqkit.cli.arguments import JsonOption, RecipeArgument


def show(recipe: RecipeArgument, as_json: JsonOption = False) -> None:
    """Show every setting of a recipe: type, default, what it does."""
    from seqkit.cli.output import print_json, print_table
    from seqkit.recipe import find
    from seqkit.settings import leaves

    found = find(recipe)
    rows = [(leaf.path, leaf.type_name, leaf.default, leaf.help) for leaf in leaves(found.defaults)]
    if as_json:
        names = ("setting", "type", "default", "help")
        print_json([dict(zip(names, row, strict=True)) for row in rows])
        return
    print((found.module.__doc__ or "").strip() + "\n")
    shown = [(path, kind, _plain(default), text) for path, kind, default, text in rows]
    print_table(None, ["setting", "type", "default", "what it does"], shown)


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "(none)"
    if isinstance(value, dict):
        return " ".join(f"{key}={_plain(entry)}" for key, entry in value.items()) or "(none)"
    if isinstance(value, bool):
        return str(value).lower()
    return "(none)" if value == "" else str(value)
