"""Settings: frozen, typed, validated dataclasses, changed by ``key=value`` words or a TOML file.

A settings class is declared with :func:`settings`; its fields carry their range and their
one-line help (``Field(default=128, ge=1, description="...")``). Groups nest as fields whose
type is another settings class, and are addressed with dots: ``train.epochs=5``. The ending
alone is enough where only one setting ends in it: ``epochs=5``.
"""

import dataclasses
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    TypeVar,
    Union,
    dataclass_transform,
    get_args,
    get_origin,
)

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass

from seqkit.errors import SeqkitError, suggest

T = TypeVar("T")

# A path of the user's, kept absolute so that a run can be scored from any folder; "" is none.
PathText = Annotated[str, AfterValidator(lambda p: p and str(Path(p).expanduser().absolute()))]


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(Field,))
def settings(cls: type[T]) -> type[T]:
    """Make ``cls`` a frozen dataclass that checks every value and refuses unknown names."""
    config = ConfigDict(extra="forbid", allow_inf_nan=False)
    made: Any = pydantic_dataclass(frozen=True, kw_only=True, config=config)(cls)
    checked: type[T] = made
    return checked


@dataclasses.dataclass(frozen=True)
class Setting:
    """One leaf of a settings class, as ``seqkit show`` prints it."""

    path: str
    type: Any
    default: Any
    help: str

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]

    @property
    def group(self) -> str:
        """The path without its last part; empty at the top."""
        return self.path.rpartition(".")[0]

    @property
    def type_name(self) -> str:
        """The type in words: ``int``, ``last | mean | max``, ``list of int``."""
        return _type_name(self.type)


def _type_name(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " | ".join(str(value) for value in arguments)
    if origin in (Union, UnionType):
        return " | ".join(_type_name(a) for a in arguments if a is not NoneType) + " | none"
    if origin is Annotated:
        return _type_name(arguments[0])
    if origin is tuple:
        return f"list of {_type_name(arguments[0])}"
    if origin in (dict, Mapping):
        return "key=value"
    return getattr(annotation, "__name__", str(annotation))


def leaves(defaults: Any, prefix: str = "") -> Iterator[Setting]:
    """Yield every setting of an instance and of its groups, in order of declaration.

    The instance's values are the defaults: a recipe may give a group others than its class does.
    """
    for field in dataclasses.fields(defaults):
        path, default = f"{prefix}{field.name}", getattr(defaults, field.name)
        if dataclasses.is_dataclass(default):
            yield from leaves(default, f"{path}.")
        else:
            yield Setting(path, field.type, default, _help(type(defaults), field.name))


def _help(cls: type[Any], name: str) -> str:
    """Return a field's description, its base class's where it only changes the default."""
    for base in cls.__mro__:
        field = getattr(base, "__dataclass_fields__", {}).get(name)
        if text := getattr(getattr(field, "default", None), "description", None):
            return str(text)
    return ""


def parse(
    defaults: T, words: Iterable[str] = (), *, config: Path | None = None, hint: str = ""
) -> T:
    """Return ``defaults`` changed by a TOML file, then by ``key=value`` words; the last wins.

    Args:
        defaults: an instance of a settings class.
        words: ``key=value`` each.
        config: a TOML file.
        hint: where to read on, for the end of an error.

    Raises:
        SeqkitError: for every unreadable word and unknown key at once, in one line; or for
            every bad value.
    """
    known = {leaf.path: leaf for leaf in leaves(defaults)}
    values: dict[str, Any] = dict(_flatten(as_dict(defaults)))
    problems: list[str] = []
    if config is not None:
        for path, value in _flatten(_read_toml(config)):
            _set(values, known, path, value, problems)
    for word in words:
        key, equals, raw = word.partition("=")
        if equals:
            _set(values, known, key.strip(), raw, problems)
        else:
            problems.append(f"'{word}' is not of the form key=value")
    if problems:
        raise SeqkitError(_one_line(problems, hint))
    return check(type(defaults), _nest(values), hint=hint)


def find(defaults: Any, key: str) -> Setting | None:
    """Return the setting that a key means to :func:`parse`; None if it means none, or several.

    One inside a free group, as ``data.n``, is of any type.
    """
    known = {leaf.path: leaf for leaf in leaves(defaults)}
    path = _resolve(key, known)
    return None if path is None else known.get(path) or Setting(path, Any, None, "")


def check(cls: type[T], values: Mapping[str, Any], *, hint: str = "") -> T:
    """Validate a nested mapping as a ``cls``, with one-line errors.

    Raises:
        SeqkitError: if a key is unknown or a value is of the wrong type or out of range.
    """
    try:
        return TypeAdapter(cls).validate_python(dict(values))
    except ValidationError as error:
        known = [leaf.path for leaf in leaves(cls())]
        problems = [_explain(dict(item), known) for item in error.errors()]
        raise SeqkitError(_one_line(problems, hint)) from None


def as_dict(instance: Any) -> dict[str, Any]:
    """Return a settings instance as nested plain values, ready for JSON or TOML."""
    plain = TypeAdapter(type(instance)).dump_python(instance, mode="json")
    assert isinstance(plain, dict)
    return plain


def _one_line(problems: list[str], hint: str) -> str:
    told = "; ".join(problems) + (f" ({hint})" if hint else "")
    return told if told.endswith("?") else f"{told}."


def _explain(item: dict[str, Any], known: list[str]) -> str:
    location = [str(part) for part in item["loc"]]
    path = ".".join(location)
    if item["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return f"unknown setting '{path}'.{suggest(path, known)}".rstrip(".")
    if item["type"] == "missing":
        return f"setting '{path}' is missing"
    message = str(item["msg"]).removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    if item["type"] == "value_error":  # a check across several settings names them itself
        return message
    given = item.get("input")
    guess = ""
    if item["type"] == "literal_error":
        guess = "." + suggest(str(given), _choices(str(item["ctx"]["expected"])))
    return f"setting '{path}' = {given!r}: {message}{guess}".rstrip(".")


def _choices(expected: str) -> list[str]:
    return [part for part in expected.split("'") if part not in ("", ", ", " or ")]


def _resolve(key: str, known: Mapping[str, Setting]) -> str | None:
    """Return the full path for a key given in full, by a unique ending, or inside a free group."""
    if key in known:
        return key
    ends = _ending_in(key, known)
    if len(ends) == 1:
        return ends[0]
    group, dot, last = key.rpartition(".")
    path = _resolve(group, known) if dot else None
    if path and get_origin(known[path].type) in (dict, Mapping):
        return f"{path}.{last}"
    return None


def _ending_in(key: str, known: Iterable[str]) -> list[str]:
    return [path for path in known if path.endswith(f".{key}")]


def _set(
    values: dict[str, Any], known: Mapping[str, Setting], key: str, raw: Any, problems: list[str]
) -> None:
    path = _resolve(key, known)
    if path is None:
        ends = _ending_in(key, known)
        if ends:
            problems.append(f"setting '{key}' could be {' or '.join(ends)}: write one in full")
        else:
            names = {p.rpartition(".")[2]: p for p in known}
            guess = suggest(key, [*known, *names])
            problems.append(f"unknown setting '{key}'.{guess}".rstrip("."))
        return
    values[path] = _value(raw, known[path].type if path in known else str)


def _value(raw: Any, annotation: Any) -> Any:
    """Turn the text after ``=`` into a value; pydantic converts numbers and booleans itself."""
    if not isinstance(raw, str):
        return raw
    if raw.casefold() == "none" and NoneType in get_args(annotation):
        return None
    if get_origin(annotation) is tuple:
        return [part.strip() for part in raw.strip("[]()").split(",") if part.strip()]
    return raw


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise SeqkitError(f"no settings file at {path}.") from None
    except OSError as error:
        raise SeqkitError(f"cannot read {path}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SeqkitError(f"{path} is not a TOML file: {error}.") from None


def _flatten(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for path, value in flat.items():
        *groups, last = path.split(".")
        table = nested
        for group in groups:
            table = table.setdefault(group, {})
        table[last] = value
    return nested
