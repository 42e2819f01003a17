import io
from pathlib import Path

import pytest

from seqkit.errors import SeqkitError
from seqkit.train.run import Run


def test_a_run_is_never_overwritten(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "a")
    run.log({"x": 1})
    with pytest.raises(SeqkitError, match=r"a exists already: choose another --out\.$"):
        Run.create(tmp_path / "a")
    run.write_settings("reuters", "classification", {})
    with pytest.raises(SeqkitError, match=r"or go on with it by --resume .*a\.$"):
        Run.create(tmp_path / "a")
    assert run.metrics() == [{"x": 1}]


def test_free_names_count_up(tmp_path: Path) -> None:
    for expected in ("reuters", "reuters-2", "reuters-3"):
        folder = Run.next_to("reuters", tmp_path)
        assert folder.name == expected
        Run.create(folder)


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SeqkitError, match="no run directory at"):
        Run.open(tmp_path / "none")
    with pytest.raises(SeqkitError, match=r"is not a run directory: it has no settings.json"):
        Run.open(tmp_path)
    (tmp_path / "settings.json").write_text("[]")
    with pytest.raises(SeqkitError, match="is not the settings of a run"):
        Run.open(tmp_path).settings()


def test_a_row_cut_short_is_left_out_and_later_rows_are_dropped(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "a")
    for i in range(4):
        run.log({"i": i, "한": "글"})
    with run.metrics_file.open("ab") as file:
        file.write(b'{"i": 4, "ha')
    assert [row["i"] for row in run.metrics()] == [0, 1, 2, 3]
    run.keep_metrics(2)
    run.log({"i": 9})
    assert [row["i"] for row in run.metrics()] == [0, 1, 9]


def test_a_full_disk_leaves_no_half_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run.create(tmp_path / "a")
    run.log({"i": 0})
    write = io.FileIO.write

    class Full(io.FileIO):
        def write(self, data):  # type: ignore[no-untyped-def]
            return write(self, data[: len(data) // 2])

    monkeypatch.setattr(Path, "open", lambda path, *_, **__: Full(path, "ab"))
    with pytest.raises(SeqkitError, match=r"the disk is full: .*metrics.jsonl was not written"):
        run.log({"i": 1, "long": "x" * 50})
    monkeypatch.undo()
    run.log({"i": 2})
    assert [row["i"] for row in run.metrics()] == [0, 2]


def test_a_broken_row_is_named(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "a")
    run.metrics_file.write_text('{"i": 0}\n{"i": \n{"i": 2}\n')
    with pytest.raises(SeqkitError, match=r"metrics.jsonl, line 2 is not JSON"):
        run.metrics()


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "a")
    (run.folder / ".onnx.x1.part").mkdir()
    (run.folder / ".onnx.x1.part" / "model.onnx").write_bytes(b"half")
    (run.folder / ".settings.json.x2.part").write_bytes(b"half")
    run.remove_leftovers()
    assert not list(run.folder.rglob(".*.part"))
