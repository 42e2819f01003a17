"""Where a corpus comes from: its card, the look-up on this machine, and the fetch over the net."""

import gzip
import hashlib
import http.client
import os
import shutil
import sys
import tarfile
import tempfile
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from seqkit.errors import SeqkitError
from seqkit.files import write_error


@dataclass(frozen=True)
class Source:
    """A file on the net: its address, its SHA-256 in hexadecimal, and its size in bytes.

    Archives (``.tar.*``, ``.tgz``, ``.zip``) and ``.gz`` files are unpacked once checked.
    """

    url: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Card:
    """What a reader should know of a data set before using it, and where its files are found.

    ``kind`` is the type of its examples (``Text``, ``Labelled``, ...). A data set with files has
    ``folder``, their folder's name inside ``SEQKIT_DATA`` and the user cache, ``files``, the
    names (of files, or of folders of them) it needs there, and ``sources``, where they can be
    fetched. ``also`` lists other layouts of the same data, a folder and its files each, and
    ``package`` the folder of an installed package that ships them (``konlpy/data/...``), which
    the extra ``extra`` brings if that is not of its name. One without a ``folder`` is generated
    (``synthetic``) or read from a path that the user gives.
    """

    name: str
    title: str
    task: str
    languages: tuple[str, ...]
    licence: str
    citation: str
    homepage: str
    kind: type
    synthetic: bool = False
    folder: str = ""
    files: tuple[str, ...] = ()
    also: tuple[tuple[str, tuple[str, ...]], ...] = ()
    package: str = ""
    extra: str = ""
    sources: tuple[Source, ...] = ()


def cache_folder() -> Path:
    """Return the user cache: ``SEQKIT_CACHE``, else where this platform keeps caches."""
    if given := os.environ.get("SEQKIT_CACHE"):
        return Path(given).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "seqkit"


def find(card: Card, path: str = "") -> Path | None:
    """Return where the data set lies on this machine, or None if it is not here.

    Looked for at ``path`` if the user gives one, else in the folders of ``SEQKIT_DATA``, then in
    the user cache, then in the package that ships it.

    Raises:
        SeqkitError: if there is nothing at ``path``, or files of the data set are missing there.
    """
    if path:
        given = Path(path).expanduser()
        if not given.exists():
            raise SeqkitError(f"no file or folder at {given} ({card.name}): check the path.")
        if missing := missing_files(card, given):
            raise SeqkitError(
                f"{given} has no {missing[0]}: {card.name} needs {len(card.files)} files there "
                f"({len(missing)} missing)."
            )
        return given
    if not card.folder:
        return None
    return next((place for place in _places(card) if not missing_files(card, place)), None)


def data_folders() -> list[Path]:
    """Return the folders of ``SEQKIT_DATA``."""
    given = os.environ.get("SEQKIT_DATA", "").split(os.pathsep)
    return [Path(folder).expanduser() for folder in given if folder]


def _places(card: Card) -> list[Path]:
    names = dict.fromkeys((card.folder, *(folder for folder, _ in card.also)))
    folders = (*data_folders(), cache_folder() / "data")
    return [folder / name for folder in folders for name in names] + _in_package(card)


def _in_package(card: Card) -> list[Path]:
    """Return where an installed package keeps the data, without importing it."""
    package, _, inside = card.package.partition("/")
    spec = find_spec(package) if package else None
    return [Path(place) / inside for place in (spec and spec.submodule_search_locations) or ()]


def files_of(card: Card, folder: Path) -> tuple[str, ...]:
    """Return the names that the data set has in ``folder``: those of the first whole layout."""
    layouts = (card.files, *(files for _, files in card.also))
    whole = (files for files in layouts if all((folder / name).exists() for name in files))
    return next(whole, card.files)


def missing_files(card: Card, folder: Path) -> list[str]:
    """Return what is missing from ``folder``; nothing if any one layout is whole."""
    return [name for name in files_of(card, folder) if not (folder / name).exists()]


def locate(card: Card, path: str = "", *, offline: bool = False) -> Path | None:
    """Return the folder (or file) of a data set, fetched if need be; None if it is generated.

    Raises:
        SeqkitError: if it is not on this machine and may not or cannot be fetched.
    """
    if card.synthetic:
        return None
    if (found := find(card, path)) is not None:
        return found
    if not card.folder:
        raise SeqkitError(f"{card.name} reads your own data: give its file or folder as the path.")
    if card.package:
        package = card.package.partition("/")[0]
        raise SeqkitError(
            f"{card.name} comes with {package}, which is not installed: "
            f"pip install 'seqkit-nlp[{card.extra or package}]'."
        )
    if offline or os.environ.get("SEQKIT_OFFLINE", "0") not in ("", "0") or not card.sources:
        why = "the network is switched off (offline)" if card.sources else "has no public download"
        how = (
            f"or run 'seqkit data fetch {card.name}' online"
            if card.sources
            else f"from {card.homepage}"
        )
        raise SeqkitError(
            f"{card.name} is not on this machine and {why}: put its files in a folder "
            f"'{card.folder}' inside a folder of SEQKIT_DATA or "
            f"in {cache_folder() / 'data'}, {how}."
        )
    return fetch(card)


def fetch(card: Card) -> Path:
    """Download, check and unpack a data set into the user cache, whole or not at all.

    Raises:
        SeqkitError: if it cannot be fetched or written, its size or SHA-256 differs, or a needed
            file is not in it; nothing is kept then.
    """
    target = cache_folder() / "data" / card.folder
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{card.folder}.", dir=target.parent))
    except OSError as error:
        raise write_error(target, error) from error
    try:
        unpacked = temporary / "unpacked"
        unpacked.mkdir()
        for source in card.sources:
            archive = temporary / source.url.rpartition("/")[2]
            download(source, archive)
            unpack(archive, unpacked)
        root = _root(card, unpacked)
        shutil.rmtree(target, ignore_errors=True)  # an incomplete folder, else it had been found
        root.rename(target)
    except OSError as error:
        raise write_error(target, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def _root(card: Card, unpacked: Path) -> Path:
    """Return the folder that holds the files: archives often wrap them in one of their own."""
    for folder in (unpacked, *sorted(p for p in unpacked.rglob("*") if p.is_dir())):
        if not missing_files(card, folder):
            return folder
    missing = missing_files(card, unpacked)[0]
    raise SeqkitError(f"what was fetched for {card.name} holds no {missing}; nothing was kept.")


def download(source: Source, path: Path) -> None:
    """Stream a file to ``path``, with a progress bar on a terminal, and check it.

    Raises:
        SeqkitError: if it cannot be fetched, or its size or SHA-256 differs.
    """
    digest, size = hashlib.sha256(), 0
    try:
        request = urllib.request.Request(source.url, headers={"User-Agent": "seqkit"})
        with urllib.request.urlopen(request, timeout=60) as response:
            opened = response
            with path.open("wb") as file, _progress(path.name, source.size) as advance:
                while size <= source.size and (block := _read(opened, source)):
                    file.write(block)
                    digest.update(block)
                    size += len(block)
                    advance(len(block))
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError) as error:
        raise _unreachable(source, error) from None
    if size != source.size:
        got = "more" if size > source.size else f"only {size:,}"
        raise SeqkitError(
            f"{source.url} should have {source.size:,} bytes and sent {got}: "
            "nothing was kept; try again later."
        )
    if digest.hexdigest() != source.sha256:
        raise SeqkitError(
            f"the SHA-256 of {source.url} differs from the expected {source.sha256[:12]}...: "
            "the file was changed or damaged on its way; nothing was kept."
        )


def _read(response: http.client.HTTPResponse, source: Source) -> bytes:
    try:  # apart from writing, so that a broken connection is not reported as a broken disk
        return response.read(1 << 18)
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(source, error) from None


def _unreachable(source: Source, error: Exception) -> SeqkitError:
    reason = getattr(error, "reason", None) or error or type(error).__name__
    return SeqkitError(
        f"cannot fetch {source.url} ({reason}): check the network, "
        "or put the files in a folder of SEQKIT_DATA."
    )


@contextmanager
def _progress(name: str, size: int) -> Iterator[Callable[[int], None]]:
    if not sys.stderr.isatty():
        yield lambda _count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    columns = ("{task.description}", BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=size)
        yield lambda count: bar.advance(task, count)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack an archive into ``folder``; a file that is not an archive is moved there.

    Raises:
        SeqkitError: if the archive is damaged, or a member would land outside ``folder``.
    """
    name = archive.name
    if not hasattr(tarfile, "data_filter"):
        raise SeqkitError("unpacking safely needs Python 3.11.4 or newer: update Python.")
    try:
        if name.endswith((".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")):
            with tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")
        elif name.endswith(".zip"):
            with zipfile.ZipFile(archive) as zipped:
                for member in zipped.namelist():
                    if not (folder / member).resolve().is_relative_to(folder.resolve()):
                        raise SeqkitError(f"{name} is not safe: it holds '{member}'.")
                zipped.extractall(folder)
        elif name.endswith(".gz"):
            with gzip.open(archive) as packed, (folder / archive.stem).open("wb") as file:
                shutil.copyfileobj(packed, file)
        else:
            archive.rename(folder / name)
    except tarfile.FilterError as error:
        raise SeqkitError(f"{name} is not safe: {error}.") from None
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, gzip.BadGzipFile) as error:
        reason = " ".join(str(error).split())
        raise SeqkitError(f"{name} is damaged ({reason}); fetch it again.") from None
