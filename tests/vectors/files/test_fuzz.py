"""Damaged files of every format: an error of one line or an answer, and memory as of the file."""

import gzip
import tracemalloc
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqkit.errors import SeqkitError
from seqkit.vectors import WordVectors
from seqkit.vectors.files import formats
from seqkit.vectors.files.fasttext import read_fasttext, write_fasttext
from seqkit.vectors.subwords import Subwords, SubwordVectors

MOST_MEMORY = 64 << 20  # bytes; the files have some thousands

READERS: dict[str, Callable[[Path], Any]] = {
    "text": formats.read_word2vec,
    "binary": partial(formats.read_word2vec, binary=True),
    "glove": formats.read_glove,
    "chosen": formats.read_text_vectors,
    "fasttext": read_fasttext,
    "any": formats.open_any,
}


@cache
def files() -> dict[str, bytes]:
    """One small file of each format."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(12, 5)).astype(np.float32)
    words = [*"abcdefghij", "서울", "naïve"]
    made = WordVectors.of(words, rows)
    deep = SubwordVectors.composed(words, rows, rows[:7], Subwords(buckets=7))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "v"
        written = {}
        for name, write in {
            "text": partial(formats.write_word2vec, made),
            "binary": partial(formats.write_word2vec, made, binary=True),
            "glove": partial(formats.write_word2vec, made, write_header=False),
            "fasttext": partial(write_fasttext, deep),
        }.items():
            write(path)
            written[name] = path.read_bytes()
    return written | {"gz": gzip.compress(written["text"], mtime=0)}


@st.composite
def damaged(draw: Any) -> bytes:
    """A file of which some parts are cut out, doubled, or written over."""
    data: bytes = draw(st.sampled_from(sorted(files().values())))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)) | st.integers(0, min(100, len(data))))
        to = min(len(data), at + draw(st.integers(0, 8) | st.integers(0, len(data))))
        part = draw(
            st.sampled_from([b"", data[at:to] * 2, b"\xff" * (to - at), b"\0" * (to - at)])
            | st.sampled_from([b"999999999999", b" ", b"\n", b"-", b"nan", b"1e999", b"\x80"])
            | st.binary(max_size=8)
        )
        data = data[:at] + part + data[to:]
    return data


@pytest.fixture(scope="module", autouse=True)
def compiled(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Compile the loops, which takes longer than any file may."""
    path = tmp_path_factory.mktemp("compiled") / "v"
    for data in files().values():
        path.write_bytes(data)
        formats.open_any(path)


@given(damaged(), st.sampled_from(sorted(READERS)))
@settings(max_examples=200, deadline=2000, suppress_health_check=list(HealthCheck))
def test_damaged_files(data: bytes, reader: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "v"
        path.write_bytes(data)
        tracemalloc.start()
        try:
            read = READERS[reader](path)
        except SeqkitError as error:
            told = str(error)
        else:
            told = ""
            rows = read.vectors if isinstance(read, WordVectors) else read[1]
            assert np.isfinite(rows).all()
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert "\n" not in told
        assert peak < MOST_MEMORY


@pytest.mark.parametrize("name", ["text", "binary", "glove", "fasttext", "gz"])
def test_whole_files_are_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "v").write_bytes(files()[name])
    assert len(formats.open_any(tmp_path / "v")) == 12
