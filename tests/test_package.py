"""What is installed, and that it starts light."""

import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TOP = {"cli": "seqkit.cli", "recipes": "seqkit.recipes", "corpora": "seqkit.corpora"}


def test_every_folder_with_code_is_in_the_wheel() -> None:
    inside = {
        ".".join(p.parent.relative_to(ROOT).parts) for p in ROOT.glob("seqkit/**/__init__.py")
    }
    listed = CONFIG["tool"]["setuptools"]["packages"]
    assert sorted(listed) == sorted(inside | set(TOP.values()))
    for folder in (*ROOT.glob("seqkit/**/"), *(ROOT / name for name in TOP)):
        if list(folder.glob("*.py")):
            assert (folder / "__init__.py").is_file(), f"{folder} has modules but no __init__.py"


HEAVY = ("torch", "datasets", "gensim", "numpy", "pandas", "pyarrow", "scipy")


@pytest.mark.parametrize("what", ["import seqkit", "from seqkit.cli import app"])
def test_nothing_heavy_is_imported_before_it_is_needed(what: str) -> None:
    code = f"import sys; {what}; print(sorted(set(sys.modules) & set({HEAVY!r})), len(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy, count = ran.stdout.rsplit(" ", 1)
    assert heavy == "[]"
    assert int(count) < 700


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "sys.argv = ['seqkit', '--help']\n"
        "from seqkit.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert end.code == 0\n"
        f"print(sorted(set(sys.modules) & set({HEAVY!r})))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "train" in ran.stdout
    assert ran.stdout.strip().endswith("[]")


def test_the_wheel_works_from_another_folder(tmp_path: Path) -> None:
    pytest.importorskip("build", reason="builds the wheel")
    built = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr[-2000:]
    (wheel,) = tmp_path.glob("*.whl")
    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env" / "bin" / "python"
    install = ["install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run([sys.executable, "-m", "pip", "--python", python, *install], check=True)
    site = next((tmp_path / "env").glob("lib/python*/site-packages"))
    assert {p.name for p in site.iterdir() if p.suffix != ".dist-info"} == {"seqkit"}
    # the dependencies come from this environment, seqkit itself from the wheel alone
    (site / "dependencies.pth").write_text(f"{Path(pytest.__file__).parent.parent}\n")
    for name in ("seqkit", "seqkit-nlp"):
        command = [tmp_path / "env" / "bin" / name, "ls"]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        assert "reuters" in ran.stdout
    where = "import seqkit.cli, seqkit.recipes, seqkit.corpora as c; print(c.__file__)"
    found = subprocess.run([python, "-c", where], cwd=tmp_path, capture_output=True, text=True)
    assert found.stdout.startswith(str(tmp_path / "env"))
