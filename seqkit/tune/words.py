"""What is searched, as words say it.

===========================  =======================================================
``lr=1e-4..1e-2``            a range; log-uniform where both ends are positive and a decade apart
``dropout=0..0.5:6``         a range, six points of it in a grid
``lr=1e-4..5e-4:log``        a range, log-uniform in any case (``:linear``: in no case)
``layers=1..3``              whole numbers, where the setting is one
``cell=gru,lstm``            choices
``pooling=max/max,mean``     choices of a setting that is a list itself
===========================  =======================================================
"""

import math
from collections.abc import Iterable
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from seqkit.errors import SeqkitError
from seqkit.recipe import Recipe
from seqkit.settings import find, leaves
from seqkit.settings import parse as parse_settings
from seqkit.tune.space import Axis, Choices, Range, Space, Value, Values, as_text, as_words

DECADE = 10.0  # between the ends of a range, from which it is searched by its logarithm


def parse(recipe: Recipe, words: Iterable[str], start: Any) -> tuple[Space, Any]:
    """Split words into what is searched and what is fixed, and try every value that was named.

    Args:
        recipe: whose settings they are.
        words: ``key=value`` each, as in this module's table.
        start: the recipe's settings before the words.

    Returns:
        The space, and the settings with what is fixed: a searched one has its first value.

    Raises:
        SeqkitError: if a setting is unknown or a value is refused by the recipe, or nothing is
            to be searched.
    """
    axes, fixed = [], []
    for word in words:
        axis = _axis(start, word)
        axes.append(axis) if axis else fixed.append(word)
    hint = f"'seqkit show {recipe.source}' lists every setting"
    first = Space(tuple(axes)).at(0.0 for _ in axes)
    base = parse_settings(start, [*fixed, *as_words(first)], hint=hint)  # refuses unknown ones
    _refuse_twice(start, [axis.path for axis in axes], fixed)
    if not axes:
        raise SeqkitError(
            "nothing to search: give a setting several values, as lr=1e-4..1e-2, hidden=64,128 or, "
            f"of one that is a list itself, pooling=max/max,mean ({hint})."
        )
    last = _tried(base, Space(tuple(axes)).at(1.0 for _ in axes))
    starts = [base] + ([last] if last is not None else [])
    return Space(tuple(_typed(axis, starts, hint) for axis in axes)), base


def _tried(base: Any, values: Values) -> Any:
    """Return settings with these values; None if they have no sense together."""
    try:
        return parse_settings(base, as_words(values))
    except SeqkitError:
        return None


def _refuse_twice(start: Any, searched: list[str], fixed: list[str]) -> None:
    settings = [find(start, word.partition("=")[0].strip()) for word in fixed]
    for path in searched:
        if searched.count(path) > 1 or any(s is not None and s.path == path for s in settings):
            raise SeqkitError(f"'{path}' is given twice: say once what it may be.")


def _typed(axis: Axis, starts: list[Any], hint: str) -> Axis:
    """Try the values of an axis; return them as the types that the settings make them.

    A value that has no sense beside the first values of the others may have some beside the last.
    """
    tried = axis.values if isinstance(axis, Choices) else (axis.at(0.0), axis.at(1.0))
    kept: list[Value] = []
    for value in tried:
        found = (_tried(start, {axis.path: value}) for start in starts)
        chosen = next((made for made in found if made is not None), None)
        if chosen is None:
            chosen = parse_settings(starts[0], as_words({axis.path: value}), hint=hint)  # says why
        made = {leaf.path: leaf.default for leaf in leaves(chosen)}.get(axis.path, value)
        kept.append(made if isinstance(made, bool | int | float | str | None) else value)
    if isinstance(axis, Range):
        return axis
    if len(set(kept)) < len(kept):
        raise SeqkitError(f"'{axis.path}' has a choice twice: {', '.join(map(as_text, kept))}.")
    return Choices(axis.path, tuple(kept))


def _axis(defaults: Any, word: str) -> Axis | None:
    """Return what a word searches, or None if it fixes a setting (or is for others to refuse)."""
    key, _, text = word.partition("=")
    setting = find(defaults, key.strip())
    if setting is None:
        return None
    number = _number(setting.type)
    if ".." in text and number is not None:
        return _range(setting.path, text.strip(), number)
    between = "/" if get_origin(setting.type) is tuple else ","
    if between not in text:
        return None
    parts = [part.strip() for part in text.split(between)]
    if not all(parts):
        raise SeqkitError(
            f"'{word}' has an empty choice: put a value between every two '{between}'."
        )
    return Choices(setting.path, tuple(parts))


def _number(annotation: Any) -> type | None:
    """Return int or float for a setting that is such a number (or none); object for any type."""
    if annotation is Any:
        return object
    if get_origin(annotation) is Annotated:
        return _number(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        found = [_number(argument) for argument in get_args(annotation)]
        return next((kind for kind in found if kind is not None), None)
    return annotation if annotation in (int, float) else None


def _range(path: str, text: str, number: type) -> Range | None:
    ends, *options = text.split(":")
    low_text, _, high_text = ends.partition("..")
    if number is object and not (_float(low_text) is not None and _float(high_text) is not None):
        return None  # of any type: a text with dots in it, as a path
    if "..." in ends:  # 1e-3...1e-1 would end at 0.1e-1
        raise SeqkitError(
            f"'{path}={text}': a range is written low..high, with two dots and no number that "
            "begins with one."
        )
    low, high = (_end(path, end, text) for end in (low_text, high_text))
    whole = number is int or (number is object and "." not in low_text + high_text)
    if whole and not (low.is_integer() and high.is_integer()):
        raise SeqkitError(f"'{path}={text}': {path} is a whole number, and so are its ends.")
    if low >= high:
        way = f"write {path}={low:g} to fix it" if low == high else f"write {high:g}..{low:g}"
        raise SeqkitError(f"'{path}={text}' is an empty range: {way}.")
    log, points = low > 0 and high / low >= DECADE, 0
    for option in options:
        if option in ("log", "linear"):
            log = option == "log"
        elif option.isdecimal() and int(option) >= 2:
            points = int(option)
        else:
            raise SeqkitError(
                f"'{path}={text}': after a range comes how many points a grid has, 2 or more, or "
                f"log, or linear, and not '{option}'."
            )
    if log and low <= 0:
        raise SeqkitError(
            f"'{path}={text}': a range by the logarithm begins above 0: write 1e-6 instead of "
            f"{low:g}, or :linear."
        )
    return Range(path, low, high, whole, log, points)


def _end(path: str, end: str, text: str) -> float:
    value = _float(end)
    if value is None:
        raise SeqkitError(
            f"'{path}={text}': '{end}' is no number: a range is written low..high, as 1e-4..1e-2."
        )
    return value


def _float(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
