"""Exported runs as a user meets them: the same answers, without torch, and every error."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from command_line import Seqkit
from onnx import TensorProto, helper

from seqkit.errors import SeqkitError
from seqkit.export.sessions import open_session

TINY = ["data.n=120", "epochs=1", "embedding.size=8"]
RUNS = {
    "labels": [
        *("classify", *TINY, "hidden=6", "spelling=jamo", "word_encoder.pieces=2,3"),
        *("word_encoder.features=8", "text.ngrams.longest=2", "text.ngrams.bits=8"),
    ],
    "tags": ["tagging", *TINY, "hidden=6", "word_encoder.features=8", "output=crf"],
    "words": [
        *("language_model", "corpus=village", "data.kind=text", *TINY, "tokenizer=jamo"),
        *("hidden=8", "bptt=10", "evaluation.next_words=0"),
    ],
    "pairs": [
        *("translation", "data.n=200", "epochs=1", "options.size=600", "evaluation.beam=2"),
        *("model.embedding.size=8", "encoder.hidden=8", "decoder.embedding.size=8"),
        *("decoder.hidden=8", "evaluation.block_ngrams=2"),
    ],
}
TEXTS = ("나는 밥을 먹었다", "", "the weather was so nice that we all went out today", "하나")
OPTIONS = {
    "labels": [["--top", "3"]],
    "tags": [["--top", "2"]],
    "words": [
        ["--unfinished", "--sentences", "2", "--length", "15"],
        ["--beam", "1", "--top", "2"],
    ],
    "pairs": [
        ["--beam", "1", "--length", "9"],
        ["--top", "3", "--min-length", "6", "--block-ngrams", "1"],
    ],
}


@pytest.fixture(scope="module")
def seqkit(tmp_path_factory: pytest.TempPathFactory) -> Seqkit:
    return Seqkit(tmp_path_factory.mktemp("export"))


@pytest.fixture(scope="module")
def runs(seqkit: Seqkit) -> dict[str, Path]:
    for name, words in RUNS.items():
        seqkit("train", *words, "--out", name)
        said = seqkit("export", name, "--onnx").stdout
        assert "checked against torch at 1x1, 3x7, 2x19, 5x4" in said
    return {name: seqkit.folder / name for name in RUNS}


def close(a: object, b: object) -> bool:
    """Whether two answers are the same, numbers to 1e-4."""
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) < 1e-4
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(close(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(close, a, b))
    return a == b


@pytest.mark.parametrize("name", RUNS)
def test_answers_are_those_of_torch(seqkit: Seqkit, runs: dict[str, Path], name: str) -> None:
    for options in [[], *OPTIONS[name]]:
        words = ["predict", name, *options, "--json", *TEXTS]
        torch = [json.loads(line) for line in seqkit(*words).stdout.splitlines()]
        said = seqkit(*words, "--runtime", "onnx").stdout.splitlines()
        onnx_said = [json.loads(line) for line in said]
        assert len(torch) == len(TEXTS)
        assert all(map(close, onnx_said, torch)), (onnx_said, torch)


def test_dictionary_forms_are_those_of_torch(seqkit: Seqkit) -> None:
    pytest.importorskip("kiwipiepy")
    words = ["corpus=village", "data.kind=text", "tokenizer=kiwi", "hidden=8", "bptt=10"]
    words += ["min_count=1"]
    seqkit("train", "completion", *words, *TINY, "--out", "morphemes")
    seqkit("export", "morphemes", "--onnx")
    ask = ["predict", "morphemes", "--lemmas", "--top", "500", "--json", *TEXTS]
    torch = [json.loads(line) for line in seqkit(*ask).stdout.splitlines()]
    said = [json.loads(line) for line in seqkit(*ask, "--runtime", "onnx").stdout.splitlines()]
    assert all(map(close, said, torch)), (said, torch)
    assert [len(row["words"]) for row in torch] == [len(torch[0]["words"])] * len(TEXTS)
    assert any(word["text"].endswith("다") for row in torch for word in row["words"])


def test_the_lines_are_the_same_too(seqkit: Seqkit, runs: dict[str, Path]) -> None:
    for name in RUNS:
        assert (
            seqkit("predict", f"{name}/onnx", "--runtime", "onnx", *TEXTS).stdout
            == seqkit("predict", name, *TEXTS).stdout
        )


def test_torch_is_not_imported(runs: dict[str, Path], tmp_path: Path) -> None:
    script = tmp_path / "ask.py"
    script.write_text(
        "import sys\n"
        "from seqkit.cli import main\n"
        "for folder in sys.argv[1:]:\n"
        "    sys.argv = ['seqkit', 'predict', folder, '--runtime', 'onnx', 'one two', '하나']\n"
        "    try:\n"
        "        main()\n"
        "    except SystemExit as end:\n"
        "        assert not end.code, end.code\n"
        "assert 'onnxruntime' in sys.modules\n"
        "assert 'torch' not in sys.modules\n",
        encoding="utf-8",
    )
    folders = [str(run / "onnx") for run in runs.values()]
    done = subprocess.run(
        [sys.executable, str(script), *folders],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_tagged_file_is_answered_as_it_is_cut(
    seqkit: Seqkit, runs: dict[str, Path], tmp_path: Path
) -> None:
    file = tmp_path / "words.conll"
    file.write_text("나는\tN\n밥을\tN\n\none\tN\n", encoding="utf-8")
    words = ("predict", "tags", "--file", str(file))
    assert seqkit(*words, "--runtime", "onnx").stdout == seqkit(*words).stdout


@pytest.mark.parametrize("name", RUNS)
def test_eight_bits_are_smaller_and_say_about_the_same(
    seqkit: Seqkit, runs: dict[str, Path], name: str
) -> None:
    seqkit("export", name, "--onnx", "--int8")
    for file in (runs[name] / "onnx").glob("*.onnx"):
        small = runs[name] / "onnx-int8" / file.name
        assert any(
            tensor.data_type == TensorProto.INT8 for tensor in onnx.load(small).graph.initializer
        )
    said = seqkit("predict", f"{name}/onnx-int8", "--runtime", "onnx", *TEXTS).stdout
    assert len(said) > 0
    if name == "labels":
        rows = [
            json.loads(line)["probabilities"]
            for folder in (name, f"{name}/onnx-int8")
            for line in seqkit(
                *("predict", folder, "--top", "99", "--json", *TEXTS),
                *(["--runtime", "onnx"] if folder != name else []),
            ).stdout.splitlines()
        ]
        for whole, small_row in zip(rows[:4], rows[4:], strict=True):
            assert all(abs(whole[label] - small_row[label]) < 0.05 for label in whole)


def test_the_graph_alone(seqkit: Seqkit, runs: dict[str, Path]) -> None:
    seqkit("export", "labels", "--onnx", "--out", "alone.onnx")
    model = open_session(seqkit.folder / "alone.onnx")
    assert model.inputs[:2] == ("ids", "lengths")
    assert model.outputs == ("logits",)


def test_errors(seqkit: Seqkit, runs: dict[str, Path]) -> None:
    def fails(*words: str) -> str:
        said = seqkit(*words, ok=False).stderr
        assert said.count("\n") == 1
        return said

    assert "say what to export to: seqkit export labels --onnx" in fails("export", "labels")
    assert "exists already: choose another --out" in fails("export", "labels", "--onnx")
    assert "is an exported folder already" in fails("export", "labels/onnx", "--onnx")
    assert "which learns no more: --resume the run" in fails("train", "--resume", "labels/onnx")
    assert "without torch's weights" in fails("explain", "labels/onnx", "나는 간다")
    assert "no run directory at nowhere" in fails("export", "nowhere", "--onnx")
    assert "is 2 graphs: name a folder" in fails("export", "pairs", "--onnx", "--out", "x.onnx")
    seqkit("train", "hello", "epochs=1", "steps=2", "--out", "lesson")
    assert "is a run of lesson, which has no ONNX form" in fails("export", "lesson", "--onnx")
    onnx_words = ("--runtime", "onnx", "하나")
    assert "is not exported yet: seqkit export lesson --onnx" in fails(
        "predict", "lesson", *onnx_words
    )
    assert "--temperature does not work with --runtime onnx" in fails(
        "predict", "words", "--temperature", "1", *onnx_words
    )
    assert "--lemmas needs a run whose units are morphemes" in fails(
        "predict", "words", "--lemmas", *onnx_words
    )
    assert "leave out --lemmas or --unfinished" in fails(
        "predict", "words", "--lemmas", "--unfinished", *onnx_words
    )
    assert "--replace-unknown does not work with --runtime onnx" in fails(
        "predict", "pairs", "--replace-unknown", *onnx_words
    )
    assert "--ensemble does not work with --runtime onnx" in fails(
        "predict", "pairs", "--ensemble", "pairs", *onnx_words
    )
    assert "need a beam of as many" in fails(
        *("predict", "pairs", "--beam", "1", "--top", "2", *onnx_words)
    )
    assert "use a wider beam" in fails(
        *("predict", "words", "--beam", "1", "--sentences", "2", *onnx_words)
    )
    assert "writes no text, so --beam" in fails("predict", "labels", "--beam", "2", *onnx_words)
    assert "seqkit predict labels/onnx --runtime onnx" in fails("predict", "labels/onnx", "하나")


@pytest.mark.parametrize("name", RUNS)
def test_a_folder_of_parts_of_two_runs_is_one_line(
    seqkit: Seqkit, runs: dict[str, Path], name: str
) -> None:
    mixed = seqkit.folder / f"mixed-{name}"
    shutil.copytree(runs[name] / "onnx", mixed)
    other = runs["labels" if name != "labels" else "tags"] / "onnx" / "model.onnx"
    for file in mixed.glob("*.onnx"):
        shutil.copyfile(other, file)
    said = seqkit("predict", mixed.name, "--runtime", "onnx", "하나", ok=False).stderr
    assert "does not fit its folder" in said
    assert said.count("\n") == 1


def test_a_failed_check_writes_nothing(
    seqkit: Seqkit, runs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from seqkit.export import layers

    monkeypatch.setattr(layers, "masked_max", layers.masked_mean)
    said = seqkit("export", "labels", "--onnx", "--out", "wrong", ok=False).stderr
    assert "ONNX and torch differ by" in said
    assert "nothing was written" in said
    assert not (seqkit.folder / "wrong").exists()


@pytest.mark.parametrize("place", ["secret.bin", "../secret.bin", "/etc/hostname"])
def test_a_model_that_names_other_files_is_refused(tmp_path: Path, place: str) -> None:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=place)
    body = helper.make_graph([helper.make_node("Constant", [], ["y"], value=tensor)], "b", [], [])
    for graph in (
        helper.make_graph([], "g", [], [], [tensor]),
        helper.make_graph([helper.make_node("Constant", [], ["y"], value=tensor)], "g", [], []),
        helper.make_graph([helper.make_node("If", ["x"], ["y"], then_branch=body)], "g", [], []),
    ):
        (tmp_path / "model.onnx").write_bytes(helper.make_model(graph).SerializeToString())
        with pytest.raises(SeqkitError, match="keeps weights in other files"):
            open_session(tmp_path / "model.onnx")


@pytest.mark.parametrize("data", [b"not a model", b"\x80" * 12, b""])
def test_a_broken_file_is_one_line(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "model.onnx").write_bytes(data)
    with pytest.raises(SeqkitError, match=r"broken, or no ONNX file|no model that onnxruntime"):
        open_session(tmp_path / "model.onnx")
    with pytest.raises(SeqkitError, match=r"cannot read .*seqkit export RUN --onnx"):
        open_session(tmp_path / "other.onnx")


def test_a_graph_of_another_run_is_one_line(tmp_path: Path) -> None:
    given = helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", 3])
    made = helper.make_tensor_value_info("logits", TensorProto.INT64, ["batch", 3])
    graph = helper.make_graph([helper.make_node("Neg", ["ids"], ["logits"])], "g", [given], [made])
    opsets = [helper.make_opsetid("", 18)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    session = open_session(tmp_path / "model.onnx")
    with pytest.raises(SeqkitError, match="asks for 'ids', which its task has not"):
        session({})
    with pytest.raises(SeqkitError, match="does not fit its folder"):
        session({"ids": np.zeros((1, 2), np.int64)})
