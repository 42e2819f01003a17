"""The command line as a user meets it: every command on a tiny job, every error on one line."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import Seqkit

import seqkit as library
from seqkit.corpus import load, where
from seqkit.recipe import names

SMALL = [
    *("model.embedding.size=8", "decoder.embedding.size=8"),
    *("encoder.hidden=4", "decoder.hidden=8", "evaluation.length=5"),
]
TINY = {
    "sentiment": [
        *("corpus=sst", "data.version=sst2", "epochs=1", "hidden=2", "embedding.size=2"),
        *("max_length=4", "pretrain=none", "batch_size=1024", "text.workers=1"),
    ],
    "captions": [
        *("data.language=en", "data.n=6", "channels=2", "image.features=4", "hidden=4", "epochs=1"),
        *("decoder.embedding.size=4", "evaluation.beam=1"),
    ],
    "classify": ["data.n=120", "epochs=1", "hidden=4", "embedding.size=4"],
    "reuters": [
        *("version=r8", "epochs=1", "hidden=2", "embedding.size=2", "max_length=4"),
        *("pretrain=none", "batch_size=1024"),
    ],
    "hello": ["epochs=1", "steps=2"],
    "language_model": [
        *("corpus=village", "data.kind=text", "data.n=120", "tokenizer=jamo", "epochs=1"),
        *("hidden=4", "embedding.size=4", "bptt=10", "evaluation.next_words=3"),
    ],
    "completion": [
        *("corpus=village", "data.kind=text", "data.language=ko", "data.n=120", "epochs=1"),
        *("hidden=4", "embedding.size=4", "bptt=10", "batch_size=8", "evaluation.next_words=3"),
    ],
    "names": [
        *("corpus=village", "data.language=en", "data.n=120", "epochs=1", "hidden=4"),
        *("embedding.size=4", "category=4", "evaluation.drawn=20"),
    ],
    "translation": ["data.n=120", "epochs=1", *SMALL, "beam=2"],
    "dialogue": ["data.n=200", "epochs=1", *SMALL, "beam=2"],
    "transliterate": ["data.n=120", "epochs=1", *SMALL, "beam=2"],
    "series": ["goal=frames", "data.n=200", "window=6", "hidden=4", "epochs=1"],
    "tagging": [
        *("data.n=120", "epochs=1", "hidden=4", "embedding.size=4", "word_encoder.features=4"),
    ],
}
# What a recipe is judged by, where that is not accuracy.
SCORES = {"captions": "exact", "language_model": "perplexity", "completion": "perplexity"}
# What a recipe is asked, where not any text will do.
TEXTS = {"hello": ("hell", "hello"), "names": ("weather", "school"), "series": ("1,2; 3,4", "5,6")}


@pytest.fixture(scope="module")
def seqkit(tmp_path_factory: pytest.TempPathFactory) -> Seqkit:
    return Seqkit(tmp_path_factory.mktemp("cli"))


@pytest.fixture(scope="module")
def run_folder(seqkit: Seqkit) -> str:
    seqkit("train", "classify", *TINY["classify"], "--out", "tiny")
    return "tiny"


def test_every_recipe_has_a_tiny_job_here() -> None:
    assert set(TINY) == set(names())


@pytest.mark.parametrize("recipe", sorted(TINY))
def test_every_recipe_trains_scores_and_answers(seqkit: Seqkit, recipe: str) -> None:
    needed = {"captions": "digits", "reuters": "reuters", "sentiment": "sst"}.get(recipe)
    if needed and where(needed) in ("fetch", "in sklearn"):
        pytest.skip(f"needs the folder of {needed} in SEQKIT_DATA, or the package that has it")
    said = json.loads(
        seqkit("train", recipe, *TINY[recipe], "--out", f"a-{recipe}", "--json").stdout
    )
    assert said["finished"]
    assert "Loss by step" in (seqkit.folder / f"a-{recipe}" / "report.html").read_text("utf-8")
    score = SCORES.get(recipe, "accuracy")
    assert 0 <= said["scores"]["test"][score] <= (1 if score == "accuracy" else 1000)
    for split in ("test", "noisy") if recipe == "sentiment" else ("test",):
        scored = json.loads(seqkit("eval", f"a-{recipe}", "--split", split, "--json").stdout)
        assert scored[score] == pytest.approx(said["scores"][split][score])
        assert scored["loss"] == pytest.approx(said["scores"][split]["loss"], rel=1e-4)
    texts = TEXTS.get(recipe, ("하나", "two"))
    answers = seqkit("predict", f"a-{recipe}", *texts).stdout.splitlines()
    assert len(answers) == (4 if recipe == "tagging" else 2)  # a line a word, and a blank one
    assert len(seqkit("predict", f"a-{recipe}", *texts, "--json").stdout.splitlines()) == 2


def test_ls_and_show(seqkit: Seqkit) -> None:
    assert "many-to-one" in seqkit("ls").stdout
    listed = json.loads(seqkit("ls", "--json").stdout)
    assert {row["name"] for row in listed} == set(TINY)
    shown = seqkit("show", "reuters").stdout
    assert "train.optimizer  default" in shown
    defaults = {
        row["setting"]: row for row in json.loads(seqkit("show", "reuters", "--json").stdout)
    }
    assert defaults["version"]["type"] == "r8 | r52 | modapte"
    assert all(row["help"] for row in defaults.values())


def test_a_copied_recipe_trains_by_its_path_and_resumes(seqkit: Seqkit) -> None:
    said = seqkit("cp", "classify", "mine.py").stdout
    assert "seqkit train ./mine.py" in said
    assert "exists already" in seqkit("cp", "classify", "mine.py", ok=False).stderr
    seqkit("train", "./mine.py", *TINY["classify"], "--out", "mine")
    seqkit("train", "--resume", "mine", "epochs=2")
    rows = (seqkit.folder / "mine" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(r)["epoch"] for r in rows if '"kind": "epoch"' in r] == [1, 2]


def test_resume_takes_the_recipe_by_any_of_its_names(seqkit: Seqkit, run_folder: str) -> None:
    seqkit("train", "classify", "--resume", run_folder)
    seqkit("cp", "classify", "same.py")
    seqkit("train", "./same.py", *TINY["classify"], "--out", "same")
    seqkit("train", "same.py", "--resume", "same")
    assert "not of classify" in seqkit("train", "classify", "--resume", "same", ok=False).stderr


def test_a_mistake_in_a_recipe_of_ones_own_is_one_line(seqkit: Seqkit) -> None:
    seqkit("cp", "classify", "broken.py")
    file = seqkit.folder / "broken.py"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("return load(", "return 1 / 0, load("), encoding="utf-8")
    said = seqkit("train", "./broken.py", ok=False).stderr
    assert "broken.py, line " in said
    assert "ZeroDivisionError: division by zero" in said
    assert said.count("\n") == 1


def test_a_run_is_scored_from_any_folder(seqkit: Seqkit, tmp_path: Path) -> None:
    rows = [f"word{i % 5} {'good' if i % 2 else 'bad'},{i % 2}" for i in range(80)]
    (seqkit.folder / "near.csv").write_text("text,label\n" + "\n".join(rows))
    vectors = seqkit.folder / "near.vec"
    vectors.write_text("good 1 2 3 4\nbad 4 3 2 1\n")
    words = ["corpus=near.csv", "embedding.vectors=near.vec", "epochs=1", "embedding.size=4"]
    seqkit("train", "classify", *words, "--out", "near")
    vectors.unlink()  # the run has what it took from there
    elsewhere = Seqkit(tmp_path)
    elsewhere("eval", str(seqkit.folder / "near"))
    elsewhere("train", "--resume", str(seqkit.folder / "near"), "epochs=2")


def test_the_next_commands_are_told(seqkit: Seqkit) -> None:
    (seqkit.folder / "book.txt").write_text("the cat sat on the mat and slept\n" * 60)
    words = ["corpus=book.txt", "epochs=1", "hidden=4", "embedding.size=4", "batch_size=2"]
    said = seqkit("train", "language_model", *words, "--out", "book").stdout.splitlines()
    assert said[-1] == 'now: seqkit predict book "a text"; seqkit eval book --split validation'
    assert "perplexity" in seqkit(*said[-1].split("; seqkit ")[1].split()).stdout
    said = seqkit("train", "language_model", *words, "validation=0", "--out", "all").stdout
    assert "split" not in said  # no table without a row


def test_demo(seqkit: Seqkit) -> None:
    said = seqkit("demo").stdout
    assert "할머니께서" in said
    assert "What to try next" in said
    assert (seqkit.folder / "runs" / "demo" / "README.md").is_file()


def test_settings_come_from_a_file_too(seqkit: Seqkit) -> None:
    config = seqkit.folder / "small.toml"
    config.write_text('[data]\nn = 120\n[train]\nepochs = 1\n[classifier.encoder]\ncell = "gru"\n')
    seqkit("train", "classify", "--config", "small.toml", "hidden=4", "--out", "from-file")
    saved = json.loads((seqkit.folder / "from-file" / "settings.json").read_text())
    assert saved["settings"]["classifier"]["encoder"]["cell"] == "gru"


def test_the_default_place_of_a_run_is_free(seqkit: Seqkit) -> None:
    for _ in range(2):
        seqkit("train", "classify", *TINY["classify"])
    runs = seqkit.folder / "runs"
    assert sorted(p.name for p in runs.glob("classify*")) == ["classify", "classify-2"]


def test_output_is_plain_when_piped(seqkit: Seqkit) -> None:
    ran = seqkit("train", "classify", *TINY["classify"], "--out", "piped")
    assert "\x1b" not in ran.stdout + ran.stderr
    assert ran.stderr.count("\n") == 2  # the sizes, and a line an epoch
    assert "96 texts, " in ran.stderr
    assert seqkit("train", "classify", *TINY["classify"], "--out", "quiet", "-q").stderr == ""


def test_predict_gives_a_line_for_each_line(
    seqkit: Seqkit, run_folder: str, tmp_path: Path
) -> None:
    texts = "아버지가 빵을 먹는다.\n\n🙂\n" + "길다 " * 3000 + "\nThe farmer sleeps."
    piped = seqkit("predict", run_folder, given=texts.encode()).stdout.splitlines()
    assert len(piped) == 5
    file = tmp_path / "texts.txt"
    file.write_text(texts, encoding="utf-8")
    assert seqkit("predict", run_folder, "--file", str(file)).stdout.splitlines() == piped
    assert seqkit("predict", run_folder, *texts.split("\n")).stdout.splitlines() == piped
    dash = seqkit("predict", run_folder, "-", given=texts.encode()).stdout.splitlines()
    assert dash == piped
    best = seqkit("predict", run_folder, "빵", "--top", "3").stdout.strip().split("\t")
    assert len(best) == 6
    labels, probabilities = best[::2], list(map(float, best[1::2]))
    assert probabilities == sorted(probabilities, reverse=True)
    assert len(set(labels)) == 3
    minus = seqkit("predict", run_folder, "--file", "-", given=texts.encode())
    assert minus.stdout.splitlines() == piped
    (row,) = seqkit("predict", run_folder, "빵", "--json").stdout.splitlines()
    assert set(json.loads(row)) == {"labels", "probabilities"}
    assert seqkit("predict", run_folder, given=b"").stdout == ""


def test_eval_on_a_file_of_ones_own(seqkit: Seqkit, run_folder: str, tmp_path: Path) -> None:
    examples = list(load("village", {"n": "120"}).examples("test"))
    file = tmp_path / "own.jsonl"
    rows = [{"text": e.text, "label": e.labels[0]} for e in examples]
    file.write_text("".join(json.dumps(r) + "\n" for r in rows))
    ours = json.loads(seqkit("eval", run_folder, "--file", str(file), "--json").stdout)
    assert ours["rows"] == len(rows)
    assert ours == json.loads(seqkit("eval", run_folder, "--json").stdout)
    assert "precision" in seqkit("eval", run_folder, "--split", "validation").stdout


def test_several_labels_a_text(seqkit: Seqkit) -> None:
    names = {"warm": "red orange", "cold": "blue green", "dark": "black night"}
    rows = []
    for i in range(150):
        chosen = [n for j, n in enumerate(names) if (i >> j) % 2] or ["dark"]
        words = " ".join(names[n].split()[i % 2] for n in chosen)
        rows.append(f"{words} x{i % 9}\t{';'.join(chosen)}")
    file = seqkit.folder / "several.tsv"
    file.write_text("text\tlabel\n" + "\n".join(rows))
    words = ["corpus=several.tsv", "data.separator=;", "min_count=1", "epochs=12", "lr=0.02"]
    seqkit("train", "classify", *words, "hidden=8", "embedding.size=8", "--out", "several")
    own = ["--file", "several.tsv", "separator=;"]
    assert json.loads(seqkit("eval", "several", *own, "--json").stdout)["micro_f1"] > 0.95
    (line,) = seqkit("predict", "several", "orange green x1", "--json").stdout.splitlines()
    said = json.loads(line)
    assert set(said["labels"]) == set(said["probabilities"]) == {"warm", "cold"}
    plain = seqkit("predict", "several", "orange green x1").stdout.strip().split("\t")
    assert set(plain[::2]) == {"warm", "cold"}


def test_a_label_never_trained_on_gets_a_suggestion(seqkit: Seqkit, run_folder: str) -> None:
    (seqkit.folder / "odd.csv").write_text("text,label\nrain,wether\n")
    said = seqkit("eval", run_folder, "--file", "odd.csv", ok=False).stderr
    assert "unknown label 'wether' in row 1 of odd.csv. Did you mean 'weather'?" in said


def test_nothing_to_score_on_is_refused(seqkit: Seqkit, run_folder: str) -> None:
    (seqkit.folder / "header.csv").write_text("text,label\n")
    said = seqkit("eval", run_folder, "--file", "header.csv", ok=False).stderr
    assert "header.csv has no rows" in said


def test_one_text_is_not_a_list_of_characters(seqkit: Seqkit, run_folder: str) -> None:
    with pytest.raises(TypeError, match=r"predict\(\[text\]\)"):
        library.load(seqkit.folder / run_folder).predict("The farmer sleeps.")


@pytest.mark.parametrize(
    ("part", "text"), [("labels.json", "[]"), ("settings.json", "{}"), ("labels.json", '{"a": 1}')]
)
def test_a_part_of_another_kind_is_named(
    seqkit: Seqkit, run_folder: str, tmp_path: Path, part: str, text: str
) -> None:
    shutil.copytree(seqkit.folder / run_folder, tmp_path / "run")
    (tmp_path / "run" / part).write_text(text)
    said = seqkit("predict", str(tmp_path / "run"), "x", ok=False).stderr
    assert part in said
    assert said.count("\n") == 1


def test_a_run_works_where_it_is_copied_to(seqkit: Seqkit, run_folder: str, tmp_path: Path) -> None:
    before = library.load(seqkit.folder / run_folder)
    shutil.copytree(seqkit.folder / run_folder, tmp_path / "moved")
    after = library.load(tmp_path / "moved")
    texts = ["고양이가 잔다.", "", "It rains."]
    assert before.predict(texts) == after.predict(texts)


def test_a_home_that_is_no_users_and_a_terminal_that_cannot_write(
    seqkit: Seqkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = seqkit("data", "show", "~nosuchuser/x.csv", ok=False)
    assert ran.returncode == 2
    assert ran.stderr == (
        "seqkit: the home directory of a path that begins with ~ is not known: write it out.\n"
    )
    command = [sys.executable, "-m", "seqkit", "tokenize", "가"]
    env = {**os.environ, "PYTHONIOENCODING": "ascii:strict"}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 2
    assert "cannot be written in ascii: it is no text, or the terminal has no" in done.stderr
    assert done.stderr.count("\n") == 1


def test_doctor(seqkit: Seqkit) -> None:
    parts = {row["part"]: row for row in json.loads(seqkit("doctor", "--json").stdout)}
    assert parts["torch"]["here"] != "no"
    for row in parts.values():
        assert (row["here"] == "no") == bool(row["to get it"])


@pytest.mark.parametrize("other", [["seqkit-nlp"], [sys.executable, "-m", "seqkit"]])
def test_other_names_of_the_command(other: list[str]) -> None:
    if other == ["seqkit-nlp"]:
        other = [str(Path(sys.executable).parent / "seqkit-nlp")]
    said = subprocess.run([*other, "--version"], capture_output=True, text=True, check=True).stdout
    assert said.startswith("seqkit 0.")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trian"], "No such command 'trian'"),
        (["train"], "name a recipe to train"),
        (["train", "reuter"], "Did you mean 'reuters'?"),
        (["train", "./none.py"], "no recipe file at none.py"),
        (["train", "classify", "epoch=1"], "Did you mean 'epochs'?"),
        (["train", "classify", "cell=lstn"], "Did you mean 'lstm'?"),
        (["train", "classify", "epochs=0"], "greater than or equal to 1"),
        (["train", "classify", "lr=-1"], "setting 'train.optimizer.lr' = '-1'"),
        (["train", "classify", "dropout=0.5"], "could be"),
        (["train", "classify", "tokenizer=wrod"], "Did you mean 'word'?"),
        (["train", "classify", "corpus=vilage"], "Did you mean 'village'?"),
        (["train", "classify", "corpus=none.csv"], "none.csv"),
        (["train", "classify", "data.m=3"], "unknown setting 'm'"),
        (["train", "classify", "device=cuda"], "no cuda device"),
        (["train", "classify", "seed=99999999999999999999"], "seed"),
        (["train", "village"], "village is a corpus, not a recipe: seqkit data show village"),
        (["train", "classify", "corpus=village", "data.x=1"], "'seqkit data show village' lists"),
        (["train", "classify", "hidden=100000000"], "out of memory"),
        (["train", "classify", "data.kind=pair"], "village has Pair examples"),
        (
            ["train", "classify", "corpus=two.csv", "validation=0", "early_stopping=2"],
            "nothing to judge",
        ),
        (["train", "classify", "embedding.vectors=none.vec"], "none.vec"),
        (["train", "classify", "--config", "."], "cannot read ."),
        (["train", "classify", "--out", "tiny"], "tiny exists already"),
        (["train", "--resume", "none"], "no run directory at none"),
        (["train", "--resume", "tiny", "hidden=5"], "'hidden' cannot change"),
        (["train", "--resume", "tiny", "--out", "x"], "leave out --config and --out"),
        (["train", "classify", "--config", "none.toml"], "no settings file at none.toml"),
        (["eval", "none"], "no run directory at none"),
        (["eval", "tiny", "--split", "tset"], "Did you mean 'test'?"),
        (["eval", "tiny", "--file", "none.csv"], "none.csv"),
        (["predict", "none", "x"], "no run directory at none"),
        (["predict", "tiny", "--file", "none.txt"], "cannot read none.txt"),
        (["predict", "tiny", "x", "--top", "0"], "--top"),
        (["predict", "tiny", "x", "--tpo", "1"], "No such option: --tpo"),
        (["show", "reutres"], "Did you mean 'reuters'?"),
    ],
)
def test_every_mistake_gets_one_line(
    seqkit: Seqkit, run_folder: str, words: list[str], message: str
) -> None:
    rows = "".join(f"word{i},{i % 2}\n" for i in range(40))
    (seqkit.folder / "two.csv").write_text(f"text,label\n{rows}")
    import torch

    if "device=cuda" in words and torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    ran = seqkit(*words, ok=False)
    assert ran.returncode == 2
    assert message in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert ran.stdout == ""


CONLLU = "1\ta\t_\tDET\t_\t_\t_\t_\t_\t_\n"


@pytest.mark.parametrize(
    ("name", "text", "words", "message"),
    [
        ("a.txt", "a b c\n", ["language_model", "validation=0"], "less than one window"),
        ("a.conllu", CONLLU + "2\tb\n", ["tagging"], "a.conllu, line 2 has 2 columns between tabs"),
        ("a.conllu", CONLLU + CONLLU, ["tagging"], "a.conllu, line 2 has the ID '1' where word 2"),
        (
            "a.csv",
            "x,y\n1,2\n3,many\n",
            ["series", "target=x"],
            "a.csv, line 3, column 'y': 'many'",
        ),
        ("a.csv", "x,y\n1,2\n3,\n", ["series", "target=x"], "a.csv, line 3, column 'y' is a gap"),
    ],
)
def test_a_mistake_in_a_file_gets_one_line(
    seqkit: Seqkit, name: str, text: str, words: list[str], message: str
) -> None:
    (seqkit.folder / name).write_text(text)
    ran = seqkit("train", *words, f"corpus={name}", "--out", "never", ok=False)
    assert ran.returncode == 2
    assert message in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert ran.stdout == ""


def test_weights_of_another_vocabulary_get_one_line(
    seqkit: Seqkit, run_folder: str, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(seqkit.folder / run_folder, other)
    words = (other / "vocabulary.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    (other / "vocabulary.txt").write_text(
        "".join([*words[:-2], words[-1], words[-2]]), encoding="utf-8"
    )
    ran = seqkit("predict", str(other), "x", ok=False)
    assert ran.returncode == 2
    assert "was trained with another vocabulary, tokenizer or labels than lie beside" in ran.stderr
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("안녕".encode("cp949"), "standard input, line 1 is not UTF-8 (byte 0 is 0xbe)"),
        (b"good\nba\0d\n", "standard input, line 2 holds a NUL byte at byte 7"),
        (b"a" * 10_000_000, "standard input, line 1 is longer than 8 MiB"),
    ],
)
def test_what_is_no_text_is_refused(
    seqkit: Seqkit, run_folder: str, given: bytes, message: str
) -> None:
    ran = seqkit("predict", run_folder, given=given, ok=False)
    assert ran.returncode == 2
    assert message in ran.stderr
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("model.safetensors", "model.safetensors cannot be read as a checkpoint"),
        ("vocabulary.txt", "vocabulary.txt"),
        ("labels.json", "labels.json is not valid JSON"),
        ("settings.json", "settings.json is not valid JSON"),
        ("tokenizer/tokenizer.json", "tokenizer.json"),
    ],
)
def test_a_truncated_part_of_a_run_is_named(
    seqkit: Seqkit, run_folder: str, tmp_path: Path, part: str, message: str
) -> None:
    shutil.copytree(seqkit.folder / run_folder, tmp_path / "run")
    file = tmp_path / "run" / part
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    ran = seqkit("predict", str(tmp_path / "run"), "x", ok=False)
    assert ran.returncode == 2
    assert message in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_a_truncated_checkpoint_is_named_and_kept(
    seqkit: Seqkit, run_folder: str, tmp_path: Path
) -> None:
    shutil.copytree(seqkit.folder / run_folder, tmp_path / "run")
    file = tmp_path / "run" / "checkpoint" / "last.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    ran = seqkit("train", "--resume", str(tmp_path / "run"), ok=False)
    assert "last.safetensors cannot be read as a checkpoint" in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert file.stat().st_size == 1000
