"""The run directory: all that passes from training to anything else.

====================  ==========================================================
``settings.json``     recipe, task and resolved settings
``tokenizer/``        the tokenizer
``vocabulary.txt``    token and count, a line each
``spelling/``         tokenizer and vocabulary of what words are spelt with, if that is read
``ngrams/``           tokenizer and weights of n-grams, if a linear part reads those
``target_*``          tokenizer and vocabulary of what is written, if they are not the same
``languages.json``    what a translator reads and writes
``labels.json``       class names in the order of the model's outputs
``series.json``       columns, labels and scaling of a series
``model.safetensors`` the best weights so far: what ``predict`` loads
``checkpoint/``       the last state of training: what ``--resume`` loads
``metrics.jsonl``     a row for each step, each epoch, its weights, and the final scores
``report.html``       the course of training and its errors as a page
``environment.json``  versions, device and threads
``README.md``         the model card
====================  ==========================================================

It is self-contained: copy it to another machine and predict.
"""

import errno
import json
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from seqkit import __version__
from seqkit.errors import SeqkitError
from seqkit.files import read_json, write_error, write_json, write_text


@dataclass(frozen=True)
class Run:
    """A run directory; :meth:`create` makes one and :meth:`open` finds one."""

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> "Run":
        """Make a new run directory.

        Raises:
            SeqkitError: if ``folder`` exists and is not empty; a run is never overwritten.
        """
        cls.refuse_existing(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SeqkitError(f"cannot make {folder}: {error.strerror}.") from None
        return cls(folder)

    @classmethod
    def refuse_existing(cls, folder: Path) -> None:
        """Raise a :class:`SeqkitError` if ``folder`` exists and is not empty."""
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            resumable = folder.is_dir() and cls(folder).settings_file.is_file()
            way = f", or go on with it by --resume {folder}" if resumable else ""
            raise SeqkitError(f"{folder} exists already: choose another --out{way}.")

    @classmethod
    def open(cls, folder: Path) -> "Run":
        """Find an existing run directory.

        Raises:
            SeqkitError: if there is none at ``folder``.
        """
        run = cls(folder)
        if not folder.is_dir():
            raise SeqkitError(f"no run directory at {folder}.")
        if not run.settings_file.is_file():
            raise SeqkitError(f"{folder} is not a run directory: it has no settings.json.")
        return run

    @classmethod
    def next_to(cls, name: str, parent: Path = Path("runs")) -> Path:
        """Return the first free of ``runs/NAME``, ``runs/NAME-2``, ``runs/NAME-3``, ..."""
        number, folder = 1, parent / name
        while folder.exists():
            number += 1
            folder = parent / f"{name}-{number}"
        return folder

    @property
    def settings_file(self) -> Path:
        """What the run is: recipe, task, settings."""
        return self.folder / "settings.json"

    @property
    def tokenizer_folder(self) -> Path:
        """The tokenizer."""
        return self.folder / "tokenizer"

    @property
    def vocabulary_file(self) -> Path:
        """The vocabulary."""
        return self.folder / "vocabulary.txt"

    @property
    def target_tokenizer_folder(self) -> Path:
        """The tokenizer of what a translator writes."""
        return self.folder / "target_tokenizer"

    @property
    def target_vocabulary_file(self) -> Path:
        """The vocabulary of what a translator writes."""
        return self.folder / "target_vocabulary.txt"

    @property
    def languages_file(self) -> Path:
        """What a translator reads and writes."""
        return self.folder / "languages.json"

    @property
    def spelling_folder(self) -> Path:
        """The tokenizer and vocabulary of the units that words are spelt with."""
        return self.folder / "spelling"

    @property
    def ngrams_folder(self) -> Path:
        """The tokenizer and weights of the n-grams that a linear part reads."""
        return self.folder / "ngrams"

    @property
    def labels_file(self) -> Path:
        """Class names."""
        return self.folder / "labels.json"

    @property
    def series_file(self) -> Path:
        """Columns, labels and scaling of a series."""
        return self.folder / "series.json"

    @property
    def model_file(self) -> Path:
        """The best weights."""
        return self.folder / "model.safetensors"

    @property
    def checkpoint_file(self) -> Path:
        """The last state of training."""
        return self.folder / "checkpoint" / "last.safetensors"

    @property
    def metrics_file(self) -> Path:
        """A row for each step and epoch."""
        return self.folder / "metrics.jsonl"

    @property
    def report_file(self) -> Path:
        """The page that shows the course of training."""
        return self.folder / "report.html"

    @property
    def card_file(self) -> Path:
        """The model card."""
        return self.folder / "README.md"

    def parts_digest(self) -> str:
        """Return a digest of what the rows of the weights stand for: tokenizers, words, labels."""
        files = [self.vocabulary_file, self.target_vocabulary_file, self.labels_file]
        files.append(self.series_file)
        for folder in (
            self.tokenizer_folder,
            self.target_tokenizer_folder,
            self.spelling_folder,
            self.ngrams_folder,
        ):
            found = folder.iterdir() if folder.is_dir() else ()
            files += sorted(file for file in found if not file.name.startswith("."))
        digest = sha256()
        for file in files:
            if file.is_file():
                content = file.read_bytes()
                name = file.relative_to(self.folder).as_posix()
                digest.update(f"{name} {len(content)}\n".encode() + content)
        return digest.hexdigest()

    def write_settings(self, recipe: str, task: str, settings: Mapping[str, Any]) -> None:
        """Save what the run is: its recipe, its task, its resolved settings."""
        described = {"recipe": recipe, "task": task, "settings": dict(settings)}
        write_json(self.settings_file, {"seqkit": __version__, **described})

    def settings(self) -> dict[str, Any]:
        """Return what :meth:`write_settings` saved."""
        saved = read_json(self.settings_file)
        if not isinstance(saved, dict) or not {"recipe", "task", "settings"} <= saved.keys():
            raise SeqkitError(f"{self.settings_file} is not the settings of a run.")
        return saved

    def write_environment(self, device: str, threads: int, processes: int = 1) -> None:
        """Save the versions and the machine's kind, for whoever reproduces the run."""
        from importlib.metadata import version

        packages = {name: version(name) for name in ("torch", "numpy", "datasets", "safetensors")}
        write_json(
            self.folder / "environment.json",
            {
                "python": platform.python_version(),
                "system": f"{platform.system()} {platform.machine()}",
                "device": device,
                "threads": threads,
                "processes": processes,
                "packages": packages,
            },
        )

    def refuse_trained(self) -> None:
        """Raise a :class:`SeqkitError` if the run has learnt something already."""
        if self.model_file.is_file() or self.metrics_file.is_file():
            raise SeqkitError(
                f"{self.folder} has been trained, but has no checkpoint to go on from "
                f"({self.checkpoint_file} is gone): start a new run."
            )

    def remove_leftovers(self) -> None:
        """Delete the half-written files that a killed process left."""
        for part in list(self.folder.rglob(".*.part")):
            if part.is_dir():  # of an export
                shutil.rmtree(part, ignore_errors=True)
            else:
                part.unlink(missing_ok=True)

    def write_card(self, text: str) -> None:
        """Save the model card."""
        write_text(self.card_file, text)

    def log(self, row: Mapping[str, Any]) -> None:
        """Append a row to ``metrics.jsonl``, whole or not at all.

        Raises:
            SeqkitError: if it cannot be written, as on a full disk.
        """
        line = (json.dumps(row, ensure_ascii=False) + "\n").encode()
        try:
            with self.metrics_file.open("ab", buffering=0) as file:
                before = file.tell()
                if file.write(line) != len(line):
                    file.truncate(before)
                    raise OSError(errno.ENOSPC, "the disk is full")
        except OSError as error:
            raise write_error(self.metrics_file, error) from error

    def metrics(self) -> list[dict[str, Any]]:
        """Return the rows of ``metrics.jsonl``; a last row cut short by a crash is left out.

        Raises:
            SeqkitError: if another row is broken.
        """
        if not self.metrics_file.is_file():
            return []
        rows, lines = [], self.metrics_file.read_text(encoding="utf-8").split("\n")
        for number, line in enumerate(lines[:-1], start=1):
            try:
                rows.append(json.loads(line))
            except ValueError as error:
                place = f"{self.metrics_file}, line {number}"
                raise SeqkitError(f"{place} is not JSON ({error}): delete the line.") from None
        return rows

    def keep_metrics(self, rows: int) -> None:
        """Drop what was logged after the first ``rows`` rows: the resumed run says it again."""
        kept = self.metrics()[:rows]
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept)
        write_text(self.metrics_file, text)
