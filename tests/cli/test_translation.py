"""Translation on the command line: lines in, as many lines out, and one line for each mistake."""

import json
from pathlib import Path

import pytest
from command_line import Seqkit

SMALL = [
    *("text.tokenizer=whitespace", "epochs=1", "evaluation.length=6", "beam=2"),
    *("model.embedding.size=8", "decoder.embedding.size=8", "encoder.hidden=4", "decoder.hidden=8"),
]


@pytest.fixture(scope="module")
def seqkit(tmp_path_factory: pytest.TempPathFactory) -> Seqkit:
    seqkit = Seqkit(tmp_path_factory.mktemp("cli"))
    lines = [f"{chr(97 + i % 7)} {chr(97 + i // 7)} x{i % 5}" for i in range(49)]
    (seqkit.folder / "a.txt").write_text("".join(f"{line}\n" for line in [*lines, ""]))
    (seqkit.folder / "b.txt").write_text("".join(f"{line.upper()}\n" for line in [*lines, "no"]))
    for name, seed in (("one", 0), ("two", 1)):
        seqkit("train", "translation", "corpus=a.txt,b.txt", *SMALL, f"train.seed={seed}",
               "--out", name)  # fmt: skip
    return seqkit


def test_what_is_left_out_is_said(seqkit: Seqkit) -> None:
    ran = seqkit("train", "translation", "corpus=a.txt,b.txt", *SMALL, "--out", "three")
    assert "source to target: " in ran.stderr
    card = (seqkit.folder / "three" / "README.md").read_text(encoding="utf-8")
    assert "seqkit predict RUN < source.txt > target.txt" in card
    assert "BLEU signature: nrefs:1|case:mixed|eff:no|tok:13a" in card
    scored = seqkit("eval", "three", "--file", "a.txt", "beside=b.txt").stdout
    assert "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp" in scored
    assert "chrf" in scored
    beam = json.loads(seqkit("eval", "three", "evaluation.beam=1", "--json").stdout)
    assert {"bleu", "chrf", "perplexity", "accuracy", "signatures"} <= beam.keys()


def test_a_line_for_each_line_always(seqkit: Seqkit) -> None:
    given = "a b x1\n\n🙂\n" + "a " * 3000 + "\nc d x2"
    ran = seqkit("predict", "one", given=given.encode())
    assert ran.stdout.count("\n") == 5
    words = seqkit("predict", "one", *given.split("\n"))
    assert words.stdout == ran.stdout
    lines = seqkit("predict", "one", "--top", "2", given=given.encode()).stdout.splitlines()
    assert [line.split("\t")[0] for line in lines] == [t.strip() for t in ran.stdout.split("\n")][
        :5
    ]
    (row,) = seqkit("predict", "one", "a b x1", "--top", "3", "--json").stdout.splitlines()
    assert len(json.loads(row)["translations"]) == 3


def test_runs_that_answer_together(seqkit: Seqkit) -> None:
    texts = ["a b x1", "c c x2"]
    alone = seqkit("predict", "one", *texts, "--top", "2").stdout
    again = seqkit("predict", "one", *texts, "--top", "2", "--ensemble", "one").stdout
    both = seqkit("predict", "one", *texts, "--top", "2", "--ensemble", "two").stdout
    assert again == alone
    assert both != alone
    assert both.count("\n") == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["predict", "one", "a", "--beam", "0"], "--beam"),
        (["predict", "one", "a", "--top", "0"], "--top"),
        (["predict", "one", "a", "--beam", "2", "--top", "4"], "4 answers need a beam of as many"),
        (
            ["predict", "one", "a", "--beam", "4", "--temperature", "1"],
            "a beam searches and a temp",
        ),
        (["predict", "one", "a", "--unfinished"], "--unfinished means nothing to a translator"),
        (["predict", "one", "a", "--target", "fr"], "never trained to write 'fr': it was trained"),
        (["predict", "one", "a", "--ensemble", "none"], "no run directory at none"),
        (["predict", "one", "a", "--ensemble", "kind"], "kind is not a run of translation"),
        (["predict", "kind", "a", "--ensemble", "one"], "kind does not translate, so --ensemble"),
        (["predict", "kind", "a", "--target", "en"], "kind does not translate, so --target"),
        (["predict", "kind", "a", "--block-ngrams", "2"], "kind writes no text, so --block-ngrams"),
        (["eval", "one", "--file", "a.txt"], "a.txt, line 1 has 1 cells, and column 2 is needed"),
        (["eval", "one", "--file", "a.txt", "beside=c.txt"], "cannot read"),
        (["eval", "one", "model.encoder.hidden=3"], "cannot change when a run is scored"),
        (["train", "translation", "corpus=a.txt,c.txt"], "there is no file at c.txt"),
        (["train", "translation", "corpus=a.txt,short.txt"], "has 50 lines and"),
        (["train", "translation", "corpus=blank.txt,a.txt"], "all of its 50 lines are blank"),
        (["train", "translation", "target=fr"], "should be '', 'ko' or 'en'"),
        (["train", "translation", "source=en", "target=en"], "source and target are both 'en'"),
        (["train", "translation", "evaluation.beam=0"], "greater than or equal to 1"),
        (["train", "translation", "data.kind=topic"], "a translator needs pairs of sentences"),
        (["train", "translation", "shared=true", "target_tokenizer=jamo"], "shared=true has one"),
        (["train", "translation", "attention=none", "replace_unknown=true"], "goes by attention"),
        (["train", "translation", "attention=none", "input_feeding=true"], "attends to nothing"),
        (["train", "translation", "corpus=vilage"], "Did you mean 'village'?"),
        (["train", "dialogue", "corpus=kor.txt"], "kor.txt"),
    ],
)
def test_every_mistake_gets_one_line(seqkit: Seqkit, words: list[str], message: str) -> None:
    if not (seqkit.folder / "kind").exists():
        tiny = ["data.n=120", "epochs=1", "hidden=2", "embedding.size=2"]
        seqkit("train", "classify", *tiny, "--out", "kind")
        (seqkit.folder / "short.txt").write_text("one\n")
        (seqkit.folder / "blank.txt").write_text("\n" * 50)
    ran = seqkit(*words, ok=False)
    assert ran.returncode == 2
    assert message in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert ran.stdout == ""


def test_a_prompt_answers_each_line(seqkit: Seqkit, monkeypatch: pytest.MonkeyPatch) -> None:
    import seqkit.cli.predict as predict

    monkeypatch.setattr(predict, "is_prompt", lambda _texts, _file: True)
    ran = seqkit("predict", "one", "--top", "2", given=b"a b x1\nc d x2\n")
    assert "A text a line; Ctrl-D ends." in ran.stderr
    assert len(ran.stdout.splitlines()) == 2


def test_a_run_is_scored_from_any_folder(seqkit: Seqkit, tmp_path: Path) -> None:
    elsewhere = Seqkit(tmp_path)
    there = json.loads(elsewhere("eval", str(seqkit.folder / "one"), "--json").stdout)
    assert there == json.loads(seqkit("eval", "one", "--json").stdout)
