import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from seqkit.errors import SeqkitError
from seqkit.parallel import engine_map, ordered_map


def test_results_are_in_order_and_items_taken_as_needed() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for i in range(60):
            taken.append(i)
            yield i

    # `pow`, importable anywhere: a worker cannot import a test of pytest's importlib mode.
    results = ordered_map(partial(pow, 2), items(), 2)
    for i, result in enumerate(results):
        assert result == 2**i
        assert len(taken) <= i + 1 + 4 * 2
    assert len(taken) == 60


def test_it_ends_where_the_last_answer_comes_before_the_end_of_the_items(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("seqkit.parallel.AHEAD", 1)  # the end is asked for when nobody works
    assert list(ordered_map(time.sleep, iter([0.3, 0.0]), 2)) == [None, None]


SCRIPT = """
import os, signal, sys, time
from seqkit.errors import SeqkitError
from seqkit.parallel import ordered_map

def work(number):
    if number == -1: raise SeqkitError("bad item: mend it.")
    if number == -2: raise ValueError("of the function itself")
    if number == -3: os.kill(os.getpid(), signal.SIGKILL)
    if number == -4:
        print("busy", flush=True)
        time.sleep(60)
    return number

if __name__ == "__main__":
    try:
        print(*ordered_map(work, map(int, sys.argv[1:]), 2))
    except (SeqkitError, ValueError) as error:
        print(type(error).__name__, error)
    except KeyboardInterrupt:
        print("stopped")
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ("-1", "SeqkitError bad item: mend it."),
        ("-2", "ValueError of the function itself"),
        ("-3", "SeqkitError a worker process was killed by signal 9"),
    ],
)
def test_what_goes_wrong_in_a_worker_reaches_the_caller(script: Path, item: str, told: str) -> None:
    done = subprocess.run(
        [sys.executable, script, "1", item, "2"], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.startswith(told)
    assert done.stderr == ""


def alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_workers_end_with_their_parent(script: Path, how: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, script, "-4", "-4"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "busy\n"
    assert process.stdout.readline() == "busy\n"
    if how is signal.SIGINT:
        os.killpg(process.pid, how)  # a terminal's Ctrl-C reaches every process
    else:
        process.send_signal(how)
    out, err = process.communicate(timeout=10)
    assert out == ("stopped\n" if how is signal.SIGINT else "")
    assert "Traceback" not in err
    until = time.monotonic() + 5
    while alive(process.pid) and time.monotonic() < until:
        time.sleep(0.02)
    assert not alive(process.pid)


@pytest.mark.parametrize("given_on", ["standard input", "a file"])
def test_a_script_needs_no_guard_unless_its_own_functions_run(
    given_on: str, tmp_path: Path
) -> None:
    script = "from seqkit.parallel import ordered_map; print(*ordered_map(abs, [-1, -2, -3], 2))"
    path = tmp_path / "script.py"
    path.write_text(script, encoding="utf-8")
    name, text = ("-", script) if given_on == "standard input" else (str(path), "")
    done = subprocess.run(
        [sys.executable, name], input=text, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("1 2 3\n", "")


def test_one_worker_is_this_process() -> None:
    pids: list[int] = []

    def note(item: int) -> int:  # cannot be pickled
        pids.append(os.getpid())
        return item

    assert list(ordered_map(note, [1, 2], 1)) == [1, 2]
    assert list(ordered_map(note, [3], 4)) == [3]
    assert list(ordered_map(note, [], 4)) == []
    assert set(pids) == {os.getpid()}


def test_what_has_no_sense_is_refused() -> None:
    with pytest.raises(SeqkitError, match="workers = 0: it must be at least 1"):
        ordered_map(abs, [1], 0)
    with pytest.raises(SeqkitError, match=r"unknown engine 'rai'.*Did you mean 'ray'"):
        engine_map(abs, [1], 1, "rai")
