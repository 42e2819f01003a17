"""Files compressed by Zstandard (``.zst``), read as a stream in bounded memory."""

import io
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from seqkit.errors import SeqkitError

PACKED = 1 << 11  # bytes unpacked at a time: however well they pack, some 64 MiB at most


def open_zst(path: Path) -> IO[bytes]:
    """Open a ``.zst`` file to read what it holds.

    Raises:
        SeqkitError: if the package that unpacks it is missing. Reading a damaged file raises
            OSError, one that ends early EOFError.
    """
    decompressor, problem = _backend(path)
    return io.BufferedReader(_Unpacked(path.open("rb"), decompressor, problem), 1 << 16)


def _backend(path: Path) -> tuple[Any, type[Exception]]:
    """Return what makes a decompressor of one frame, and the error it raises."""
    try:
        zstd = import_module("compression.zstd")  # Python 3.14 has its own
    except ImportError:
        try:
            zstd = import_module("zstandard")
        except ImportError:
            raise SeqkitError(
                f"to read {path} a package is missing: pip install 'seqkit-nlp[zstd]'"
            ) from None
        return zstd.ZstdDecompressor().decompressobj, zstd.ZstdError
    return zstd.ZstdDecompressor, zstd.ZstdError


class _Unpacked(io.RawIOBase):
    """The frames of a file, one after another."""

    def __init__(self, file: IO[bytes], decompressor: Any, problem: type[Exception]) -> None:
        self._file, self._new, self._problem = file, decompressor, problem
        self._frame: Any = None
        self._packed, self._ready = b"", memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as there is something to read."""
        while not self._ready:
            self._packed = self._packed or self._file.read(PACKED)
            if not self._packed:
                if self._frame is not None:
                    raise EOFError("it ends early")
                return 0
            self._unpack()
        size = min(len(buffer), len(self._ready))
        buffer[:size], self._ready = self._ready[:size], self._ready[size:]
        return size

    def _unpack(self) -> None:
        frame = self._frame or self._new()
        try:
            self._ready = memoryview(frame.decompress(self._packed))
        except self._problem as error:
            raise OSError(f"it is damaged ({error})") from None
        self._packed = frame.unused_data if frame.eof else b""
        self._frame = None if frame.eof else frame

    def close(self) -> None:
        self._file.close()
        super().close()
