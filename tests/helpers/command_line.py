"""Runs the command line in the tests' own process, which has torch already."""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from seqkit.cli import main


@dataclass(frozen=True)
class Ran:
    returncode: int
    stdout: str
    stderr: str


class Seqkit:
    """Runs ``seqkit SUBCOMMAND ...`` in a folder of its own."""

    def __init__(self, folder: Path, *subcommand: str) -> None:
        self.folder, self.subcommand = folder, subcommand

    def __call__(self, *words: str, given: bytes = b"", ok: bool = True) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            patch.setattr(sys, "argv", ["seqkit", *self.subcommand, *words])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
            with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as end:
                main()
        code = end.value.code
        ran = Ran(code if isinstance(code, int) else 0, out.getvalue(), err.getvalue())
        assert (ran.returncode == 0) == ok, ran.stderr + ran.stdout
        return ran
