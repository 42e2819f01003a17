"""``kolaw`` and ``kobill``: text inside an installed package."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from seqkit import sources
from seqkit.corpora import kobill, kolaw
from seqkit.corpus import Text, load, where
from seqkit.errors import SeqkitError

needs_konlpy = pytest.mark.skipif(find_spec("konlpy") is None, reason="konlpy is not installed")


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SEQKIT_DATA", str(tmp_path / "data"))
    return tmp_path


def texts(name: str, unit: str = "line", path: str = "") -> list[str]:
    return [e.text for e in load(name, {"unit": unit}, path=path).examples("train")]


@pytest.fixture
def package(places: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package named konlpy, ahead of the real one, that must not be imported."""
    root = places / "site"
    folder = root / "konlpy" / "data" / "corpus"
    (folder / "kolaw").mkdir(parents=True)
    (folder / "kobill").mkdir()
    (root / "konlpy" / "__init__.py").write_text("raise ImportError('no Java')\n")
    (folder / "kolaw" / "constitution.txt").write_text("헌법\n\n 제1조\n제2조\n", encoding="utf-8")
    for number, name in enumerate(kobill.CARD.files):
        (folder / "kobill" / name).write_text(f"의안\n\n{number}\n", encoding="utf-8")
    monkeypatch.delitem(sys.modules, "konlpy", raising=False)
    monkeypatch.syspath_prepend(str(root))
    return folder


def test_found_inside_a_package_that_cannot_be_imported(package: Path) -> None:
    assert where("kolaw") == str(package / "kolaw")
    assert texts("kolaw") == ["헌법", " 제1조", "제2조"]
    assert texts("kolaw", "paragraph") == ["헌법", " 제1조\n제2조"]
    assert texts("kolaw", "document") == ["헌법\n\n 제1조\n제2조"]
    assert texts("kobill", "document") == [f"의안\n\n{number}" for number in range(10)]


def test_the_users_own_folders_come_first(package: Path, places: Path) -> None:
    mine = places / "data" / "kolaw"
    mine.mkdir(parents=True)
    assert where("kolaw") == str(package / "kolaw")  # it is not whole: the file is missing
    (mine / "constitution.txt").write_text("데이터")
    assert texts("kolaw") == ["데이터"]
    (places / "constitution.txt").write_text("경로")
    assert texts("kolaw", path=str(places)) == ["경로"]


def test_without_konlpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "find_spec", lambda name: None)
    assert where("kobill") == "in konlpy"
    for name in ("kolaw", "kobill"):
        with pytest.raises(SeqkitError, match=r"pip install 'seqkit-nlp\[konlpy\]'") as caught:
            load(name)
        assert str(caught.value).startswith(f"{name} comes with konlpy, which is not installed")


@needs_konlpy
def test_the_real_ones_need_neither_konlpy_nor_java() -> None:
    code = (
        "import json, sys; from seqkit.corpus import load;"
        "found = {n: [len(load(n, {'unit': u}).split('train')) for u in ('line', 'document')]"
        " for n in ('kolaw', 'kobill')};"
        "print(json.dumps([found, 'konlpy' in sys.modules, 'jpype' in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found, *imported = json.loads(done.stdout)
    assert imported == [False, False]
    assert found == {"kolaw": [344, 1], "kobill": [2136, 10]}


@needs_konlpy
def test_all_of_the_constitution_is_read() -> None:
    corpus = load("kolaw", {"unit": "document"})
    assert corpus.folder is not None
    path = corpus.folder / kolaw.CARD.files[0]
    (document,) = corpus.examples("train")
    assert document == Text(path.read_text(encoding="utf-8").removesuffix("\n"))
    assert "  제1조 ① 대한민국은 민주공화국이다." in texts("kolaw")
    parts = load("kolaw", {"test_fraction": 0.1}).splits
    assert [len(parts["train"]), len(parts["test"])] == [310, 34]
