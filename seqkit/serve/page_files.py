"""The files of the page, which are part of the package."""

from functools import cache
from importlib.resources import files

KINDS = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


@cache
def page_files() -> dict[str, tuple[bytes, str]]:
    """Return the content and the media type of each file, by name."""
    found = {}
    for file in files("seqkit.serve").joinpath("page").iterdir():
        kind = KINDS.get(file.name.rpartition(".")[2])
        if kind and file.is_file():
            found[file.name] = (file.read_bytes(), kind)
    return found
