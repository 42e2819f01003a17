"""Finds a recipe by name or path, applies the user's settings, and hands back a job.

A recipe is a module with ``ABOUT``, a frozen ``Settings`` class (see :mod:`seqkit.settings`)
``read(settings) -> Corpus`` and ``build(settings, corpus) -> Job``. Those that ship are the files
of ``recipes/``; a user's own is any Python file, named by its path.
"""

import ast
import importlib
import importlib.util
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from seqkit.errors import SeqkitError, unknown
from seqkit.settings import check, leaves, parse

if TYPE_CHECKING:
    from seqkit.corpus import Corpus
    from seqkit.train.job import Job


@dataclass(frozen=True, kw_only=True)
class About:
    """What ``seqkit ls`` tells of a recipe.

    Attributes:
        shape: ``many-to-one`` and the like.
        task: what is learnt, in a word or two.
        languages: codes, ``ko`` and ``en``.
        corpus: the name of its default corpus.
        expected: the score to expect with the default settings.
        minutes: of training with the default settings, on two cores.
    """

    shape: str
    task: str
    languages: tuple[str, ...]
    corpus: str
    expected: str
    minutes: float


@dataclass(frozen=True)
class Recipe:
    """A recipe that was found: ``source`` is its name, or the path of a user's file."""

    source: str
    module: ModuleType

    @property
    def name(self) -> str:
        """The name for a person, and for the run directory."""
        return Path(self.source).stem

    @property
    def defaults(self) -> Any:
        """The recipe's settings as they are if nothing is said."""
        return self.module.Settings()

    @property
    def _hint(self) -> str:
        return f"'seqkit show {self.source}' lists every setting"

    def saved_settings(self, saved: Mapping[str, Any]) -> Any:
        """Return the settings that a run was trained with."""
        return check(self.module.Settings, saved, hint=self._hint)

    def settings(self, words: Iterable[str] = (), config: Path | None = None) -> Any:
        """Return the settings after a TOML file, or one that ships, and ``key=value`` words."""
        config = _shipped(config) if config else None
        return parse(self.defaults, words, config=config, hint=self._hint)

    def resumed_settings(self, saved: Mapping[str, Any], words: Iterable[str]) -> Any:
        """Return a run's saved settings; of them, only what ends or places it may change.

        Raises:
            SeqkitError: if ``words`` change what the run has learnt with so far.
        """
        before = self.saved_settings(saved)
        words = list(words)
        for word in words:
            key = word.partition("=")[0].rpartition(".")[2]
            if key not in RESUMABLE:
                raise SeqkitError(
                    f"'{key}' cannot change when a run is resumed (only {', '.join(RESUMABLE)} "
                    "can): start a new run."
                )
        return parse(before, words, hint=self._hint)

    def scoring_settings(self, saved: Mapping[str, Any], words: Iterable[str]) -> Any:
        """Return a run's saved settings; only how it is scored, ``evaluation.*``, may change.

        Raises:
            SeqkitError: if ``words`` change anything else.
        """
        before = self.saved_settings(saved)
        after = parse(before, words, hint=self._hint)
        for setting, new in zip(leaves(before), leaves(after), strict=True):
            if setting.default != new.default and setting.group != "evaluation":
                raise SeqkitError(
                    f"'{setting.path}' cannot change when a run is scored (only evaluation.* can)."
                )
        return after

    def read(self, chosen: Any) -> "Corpus":
        """Open the data that the settings name."""
        with self._blamed():
            corpus: Corpus = self.module.read(chosen)
            return corpus

    def build(self, chosen: Any, splits: Collection[str] | None = None) -> "Job":
        """Read the data and assemble the job; of the data, it sees only these ``splits`` [all]."""
        corpus = self.read(chosen)
        if splits is not None:
            corpus = corpus.only(splits)
        with self._blamed():
            job: Job = self.module.build(chosen, corpus)
        job.recipe = self.source
        return job

    @contextmanager
    def _blamed(self) -> Iterator[None]:
        """Tell of a mistake in a user's own file in one line, as when it is loaded."""
        try:
            yield
        except Exception as error:
            line = _line_in(error, Path(self.source))
            if isinstance(error, SeqkitError) or line is None:
                raise
            raise _blame(error, Path(self.source)) from error


RESUMABLE = ("epochs", "device", "threads", "checkpoint_every", "tensorboard")


def names() -> list[str]:
    """Return the names of the recipes that ship."""
    return sorted(p.stem for p in _folder().glob("*.py") if not p.stem.startswith("_"))


def _shipped(config: Path) -> Path:
    """Return a file of settings: the user's own, or one of ``recipes/`` by its name."""
    shipped = _folder() / f"{config}.toml"
    return shipped if shipped.is_file() and not config.is_file() else config


def _folder() -> Path:
    """Where the recipes lie: inside the package, or beside it in an editable install."""
    spec = importlib.util.find_spec("seqkit.recipes")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def path_of(name: str) -> Path:
    """Return the file of a recipe that ships.

    Raises:
        SeqkitError: if there is none of that name.
    """
    if name not in names():
        from seqkit.corpus import names as corpora

        if name in corpora():
            raise SeqkitError(f"{name} is a corpus, not a recipe: seqkit data show {name}.")
        raise unknown("recipe", name, names())
    return _folder() / f"{name}.py"


def about(name: str) -> About:
    """Read what a recipe says of itself without running it, so that a list stays quick."""
    tree = ast.parse(path_of(name).read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            (target,) = node.targets
            if isinstance(target, ast.Name) and target.id == "ABOUT":
                given = {k.arg: ast.literal_eval(k.value) for k in node.value.keywords}
                return About(**{f.name: given[f.name] for f in fields(About)})
    raise SeqkitError(f"recipe '{name}' has no ABOUT.")


def find(source: str) -> Recipe:
    """Find a recipe that ships by its name, or a user's own by its path.

    Raises:
        SeqkitError: if there is none, or it is not a recipe.
    """
    if source.endswith(".py") or "/" in source:
        module = _load_file(Path(source))
        source = str(Path(source).resolve())
    else:
        path_of(source)
        module = importlib.import_module(f"seqkit.recipes.{source}")
    for part in ("Settings", "read", "build"):
        if not hasattr(module, part):
            raise SeqkitError(f"{source} is not a recipe: it has no '{part}'.")
    return Recipe(source, module)


def _load_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise SeqkitError(f"no recipe file at {path}.")
    spec = importlib.util.spec_from_file_location(f"seqkit_recipe_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise SeqkitError(f"{path} is not a Python file: a recipe's name ends in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except SeqkitError:
        raise
    except Exception as error:
        raise _blame(error, path) from error
    return module


def _blame(error: Exception, path: Path) -> SeqkitError:
    line = getattr(error, "lineno", None) or _line_in(error, path)
    place = f"{path}, line {line}" if line else str(path)
    return SeqkitError(f"{place}: {type(error).__name__}: {error}")


def _line_in(error: BaseException, path: Path) -> int | None:
    trace, line = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
