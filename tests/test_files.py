import errno
import os
from pathlib import Path

import pytest

from seqkit import files
from seqkit.errors import SeqkitError


def test_a_write_replaces_the_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "text.txt"
    files.write_text(path, "하나")
    files.write_text(path, "둘")
    assert path.read_text(encoding="utf-8") == "둘"
    assert [p.name for p in path.parent.iterdir()] == ["text.txt"]


def test_a_failure_inside_the_block_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    files.write_text(path, "old")
    with pytest.raises(ZeroDivisionError), files.atomic(path) as file:
        file.write(b"half" * (1 // 0))
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_full_disk_keeps_the_old_file_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.safetensors"
    files.write_bytes(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SeqkitError, match=r"the disk is full: .*model.safetensors was not written"):
        files.write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_an_unwritable_place_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SeqkitError, match="cannot write"):
        files.write_text(tmp_path / "file" / "below", "x")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"good\nb\xed\xad\xf0d\n", r"line 2 is not UTF-8 \(byte 6 is 0xed\).*iconv"),
        ("안녕".encode("cp949"), r"line 1 is not UTF-8 \(byte 0"),
        (b"a\nb\0c\n", r"line 2 holds a NUL byte at byte 3"),
        (b"x\n" + b"a" * (10 * 1024 * 1024), r"line 2 is longer than 8 MiB"),
    ],
)
def test_text_that_is_none_is_refused_by_line(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(data)
    with pytest.raises(SeqkitError, match=message) as caught:
        list(files.read_lines(path))
    assert "text.txt" in str(caught.value)


def test_lines_end_at_line_feeds_only(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes("\ufeff가\r\n나\u2028다\x0b라\n\n끝".encode())
    assert list(files.read_lines(path)) == [(1, "가"), (2, "나\u2028다\x0b라"), (3, ""), (4, "끝")]


def test_a_missing_or_broken_json_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SeqkitError, match=r"cannot read .*none.json"):
        files.read_json(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(SeqkitError, match="not valid JSON"):
        files.read_json(tmp_path / "bad.json")
