"""A run that writes text, from the command line and as a library."""

import json
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from command_line import Seqkit

import seqkit as library
from seqkit.models.stepping import LeanModel
from seqkit.nn.short_weights import ShortMatrix
from seqkit.tasks.language.prompts import Completion, Sentence, Word
from seqkit.tasks.language.running_text import cut
from seqkit.tasks.language.text_writer import TextWriter
from seqkit.text import tokenizer as tokenizers

VILLAGE = ["corpus=village", "data.kind=text", "data.language=ko", "data.n=300", "validation=0.1"]
SMALL = ["epochs=3", "embedding.size=32", "hidden=32", "bptt=20", "batch_size=8", "lr=0.01"]


@pytest.fixture(scope="module")
def seqkit(tmp_path_factory: pytest.TempPathFactory) -> Seqkit:
    made = Seqkit(tmp_path_factory.mktemp("writer"))
    made("train", "completion", *VILLAGE, *SMALL, "--out", "run", "-q")
    return made


@pytest.fixture(scope="module")
def writer(seqkit: Seqkit) -> TextWriter:
    loaded = library.load(seqkit.folder / "run")
    assert isinstance(loaded, TextWriter)
    return loaded


def test_the_card_shows_the_prompts_of_the_lecture(seqkit: Seqkit) -> None:
    card = (seqkit.folder / "run" / "README.md").read_text(encoding="utf-8")
    for prompt in ("나는 지각을", "그래서 선생님께 혼이", "내 짝은 우리반에서 가장"):
        (line,) = [line for line in card.splitlines() if line.startswith(f"- {prompt} ...")]
        assert line.count(",") == 9
    assert "completion.py" not in card


def test_a_line_has_words_with_probabilities_and_then_sentences(seqkit: Seqkit) -> None:
    said = seqkit("predict", "run", "할머니가", "나는 ", "--top", "3", "--sentences", "2").stdout
    first, second = (line.split("\t") for line in said.splitlines())
    assert len(first) == len(second) == 3 * 2 + 2
    shares = list(map(float, first[1:6:2]))
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) <= 1
    assert all(sentence.startswith("할머니가") for sentence in first[6:])
    (plain,) = seqkit("predict", "run", "할머니가").stdout.splitlines()
    assert len(plain.split("\t")) == 5 * 2 + 1


def test_rows_are_json_and_a_text_a_line_is_read(seqkit: Seqkit) -> None:
    given = "할머니가\n\n나는\n".encode()
    rows = list(
        map(json.loads, seqkit("predict", "run", "--json", given=given).stdout.splitlines())
    )
    assert [row["prompt"] for row in rows] == ["할머니가", "", "나는"]
    for row in rows:
        assert len(row["words"]) == 5
        assert set(row["words"][0]) == {"text", "probability"}
        (sentence,) = row["sentences"]
        assert sentence["text"].startswith(row["prompt"])
        assert sentence["log_probability"] < 0
    nothing = json.loads(seqkit("predict", "run", "나", "--sentences", "0", "--json").stdout)
    assert nothing["sentences"] == []


def test_what_is_drawn_is_of_the_seed_and_the_prompt(seqkit: Seqkit) -> None:
    draw = ["--temperature", "1.5", "--sentences", "3", "--top-k", "40", "--top-p", "0.95"]
    one = seqkit("predict", "run", "나는", "할머니가", *draw, "--seed", "4").stdout.splitlines()
    alone = seqkit("predict", "run", "할머니가", *draw, "--seed", "4").stdout.splitlines()
    other = seqkit("predict", "run", "나는", "할머니가", *draw, "--seed", "5").stdout.splitlines()
    assert one[1].split("\t")[-3:] == alone[0].split("\t")[-3:]
    assert one[0] != other[0]
    assert len(set(one[0].split("\t")[-3:])) == 3


def test_length_and_unfinished_words(seqkit: Seqkit) -> None:
    short = json.loads(seqkit("predict", "run", "할머니", "--length", "4", "--json").stdout)
    assert len(short["sentences"][0]["text"]) <= len("할머니") + 4
    least = ["--min-length", "30", "--length", "30"]
    long = json.loads(seqkit("predict", "run", "할머니", *least, "--json").stdout)
    assert len(long["sentences"][0]["text"]) > 25
    once = json.loads(
        seqkit("predict", "run", "할머니", *least, "--block-ngrams", "2", "--json").stdout
    )["sentences"][0]["text"].removeprefix("할머니")
    pairs = list(pairwise(once))
    assert len(pairs) == len(set(pairs)) > 25
    whole = json.loads(seqkit("predict", "run", "할머", "--unfinished", "--json").stdout)
    assert all(word["text"].startswith("할머") for word in whole["words"])
    assert whole["words"]


def test_all_of_a_labelled_file_is_scored(writer: TextWriter, tmp_path: Path) -> None:
    lines = [f"할머니가 잔다 {i}" for i in range(40)]
    plain, labelled = tmp_path / "own.txt", tmp_path / "own.csv"
    plain.write_text("\n".join(lines) + "\n", encoding="utf-8")
    labelled.write_text(
        "text,label\n" + "".join(f"{line},good\n" for line in lines), encoding="utf-8"
    )  # of one label, as of a part of a corpus
    expected = sum(len(writer.tokenizer.words(line)) + 1 for line in lines)
    assert writer.score_file(plain, {}).rows == expected
    assert writer.score_file(labelled, {}).rows == expected
    (tmp_path / "split").mkdir()
    labelled.rename(tmp_path / "split" / "train.csv")
    (tmp_path / "split" / "test.csv").write_text("text,label\nno,good\n", encoding="utf-8")
    assert writer.score_file(tmp_path / "split", {}).rows == expected  # of the training part


def test_the_most_probable_sentence_comes_first(seqkit: Seqkit) -> None:
    ran = seqkit("predict", "run", "할머니", "나는", "--sentences", "4", "--json")
    for line in ran.stdout.splitlines():
        found = [sentence["log_probability"] for sentence in json.loads(line)["sentences"]]
        assert found == sorted(found, reverse=True)
    long = ["--length-penalty", "3", "--length", "30", "--json"]
    longer = json.loads(seqkit("predict", "run", "나는", *long).stdout)["sentences"][0]
    assert longer["log_probability"] < found[0]
    assert len(longer["text"]) > 20


def test_unknown_characters_are_told_and_kept(seqkit: Seqkit) -> None:
    ran = seqkit("predict", "run", "뷁 할머니가", "--json")
    row = json.loads(ran.stdout)
    assert row["unknown"] == ["뷁"]
    assert row["sentences"][0]["text"].startswith("뷁 할머니가")
    assert "'뷁 할머니가': read as unknown, never seen in training: '뷁'" in ran.stderr
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--top-k", "3"], "set a temperature too"),
        (["--temperature", "1", "--beam", "2"], "set one of the two"),
        (["--sentences", "9", "--beam", "3"], "beam=9"),
        (["--top-p", "2"], "top_p"),
        (["--min-length", "9", "--length", "3"], "min_length = 9"),
        (["--seed", "-1"], "--seed"),
        (["--lemmas"], "--lemmas needs a run whose units are morphemes with their tags"),
        (["--lemmas", "--unfinished"], "leave out --lemmas or --unfinished"),
        (["--coverage-penalty", "1"], "--coverage-penalty means nothing to a language model"),
    ],
)
def test_options_without_sense_get_one_line(seqkit: Seqkit, words: list[str], message: str) -> None:
    ran = seqkit("predict", "run", "나는", *words, ok=False)
    assert message in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert ran.stdout == ""


def test_runs_that_write_nothing_refuse_the_options(seqkit: Seqkit) -> None:
    words = ["data.n=120", "epochs=1", "hidden=4", "embedding.size=4"]
    seqkit("train", "classify", *words, "--out", "classes", "-q")
    for option in (["--top-p", "0.5"], ["--unfinished"], ["--beam", "3"]):
        ran = seqkit("predict", "classes", "나는", *option, ok=False)
        assert f"classes writes no text, so {option[0]} means nothing to it" in ran.stderr
        assert ran.stderr.count("\n") == 1


def test_jamo_are_printed_as_syllables_and_letters() -> None:
    jamo = "\u1112\u1161\u11ab"  # 한
    word, sentence = Word(f"{jamo}\u1100", 0.5), Sentence(f"가\u11a8 {jamo}\u1161", -1.0, True)
    said = Completion("", (word,), (sentence,), ()).line(1)
    assert said == "한ㄱ\t0.5000\t각 한ㅏ"


def test_words_are_not_scored_where_units_do_not_tell_them(
    writer: TextWriter, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("kiwipiepy")
    texts = ["할머니가 잔다."]
    text = cut(texts, writer.tokenizer).encode(writer.vocabulary)
    assert "next_word" in writer._score(text, texts).scores
    morphemes = replace(writer, tokenizer=tokenizers.create("kiwi"))
    scored = morphemes._score(text, texts).scores
    assert "next_word" not in scored
    assert scored["word_perplexity"] == pytest.approx(
        writer._score(text, texts).scores["word_perplexity"]
    )
    assert "text.options.attach_tag=true" in caplog.text
    assert "leave out the white space, which these units do not spell" in caplog.text
    caplog.clear()
    list(morphemes.stream(["할머니가"]))
    assert [m for m in caplog.messages if m.startswith("next words are single morphemes")]
    caplog.clear()
    list(writer.stream(["할머니가"]))
    assert not any(m.startswith("next words") for m in caplog.messages)


def test_eval_counts_whole_words(seqkit: Seqkit, writer: TextWriter) -> None:
    scored = json.loads(seqkit("eval", "run", "--json").stdout)
    assert 0 <= scored["next_word"] <= scored["next_word_top5"] <= 1
    assert scored["next_word_top5"] > 0
    assert scored["perplexity"] == pytest.approx(math.exp(scored["loss"]))
    assert scored["next"]["words"] >= 20
    table = seqkit("eval", "run").stdout
    assert "next word, first answer" in table
    file = seqkit.folder / "own.txt"
    file.write_text("할머니가 빵을 먹는다.\n할머니가 잔다.\n", encoding="utf-8")
    own = json.loads(seqkit("eval", "run", "--file", "own.txt", "--json").stdout)
    assert own["next"]["words"] == 5


def test_the_same_answers_in_a_batch_and_alone(writer: TextWriter) -> None:
    prompts = ["할머니가", "나는", "", "그래서 선생님께 혼이", "뷁"]
    together = writer.predict(prompts)
    for prompt, answer in zip(prompts, together, strict=True):
        (alone,) = writer.predict([prompt])
        assert [w.text for w in alone.words] == [w.text for w in answer.words]
        assert [s.text for s in alone.sentences] == [s.text for s in answer.sentences]
    few = list(writer.stream(iter(prompts), at_once=2))
    assert [a.row(5)["words"][0]["text"] for a in few] == [a.words[0].text for a in together]
    with pytest.raises(TypeError, match=r"predict\(\[text\]\)"):
        writer.predict("나는")


def test_words_of_other_units(seqkit: Seqkit) -> None:
    units = {"jamo": [], "unigram": ["text.options.size=650"], "word": [], "whitespace": []}
    for name, options in units.items():
        words = [
            *VILLAGE,
            *SMALL,
            "epochs=1",
            "evaluation.next_words=9",
            f"tokenizer={name}",
            *options,
        ]
        seqkit("train", "completion", *words, "--out", name, "-q")
        row = json.loads(seqkit("predict", name, "할머니가", "--json").stdout)
        assert row["words"]
        assert all(word["text"].split() == [word["text"]] for word in row["words"])
        assert row["sentences"][0]["text"].startswith("할머니가")


def test_a_run_of_another_kind_is_named(seqkit: Seqkit, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(seqkit.folder / "run", tmp_path / "run")
    file = tmp_path / "run" / "settings.json"
    saved = json.loads(file.read_text(encoding="utf-8"))
    del saved["settings"]["model"]
    file.write_text(json.dumps(saved), encoding="utf-8")
    said = seqkit("predict", str(tmp_path / "run"), "x", ok=False).stderr
    assert "settings.json is not of a language model's run" in said
    assert said.count("\n") == 1


def test_a_loaded_run_steps_lean(writer: TextWriter) -> None:
    assert isinstance(writer.completer.model, LeanModel)
    assert writer.completer.model.step(torch.tensor([3]), writer.model.initial_state(1))


def test_half_draws_by_rounded_weights(writer: TextWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqkit.models.stepping.SMALL", 0)  # those of a tiny model too
    drawing = {"temperature": 1.0, "seed": 3, "words": 0}
    half = writer.with_options({**drawing, "half": True})
    lean = half.completer.model
    assert isinstance(lean, LeanModel)
    assert isinstance(lean.weight, ShortMatrix)
    ids, state = torch.tensor([5]), writer.model.initial_state(1)
    expected, _ = writer.model.step(ids, state)
    found, _ = lean.step(ids, state)
    assert not torch.equal(found, expected)
    torch.testing.assert_close(found, expected, rtol=0, atol=0.05)
    assert half.predict(["나는"]) == half.predict(["나는"])
