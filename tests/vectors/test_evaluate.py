"""Evaluation against gensim's figures and SciPy's, and what is said of unknown words."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors
from scipy.stats import spearmanr

from seqkit.errors import SeqkitError
from seqkit.sources import data_folders
from seqkit.vectors import WordVectors, evaluate, questions
from seqkit.vectors.evaluate import LEFT_OUT, NO_UNKNOWN, SKIPPED, SUBWORDS, WRONG, ZERO
from seqkit.vectors.subwords import Subwords, SubwordVectors

DRAW = np.random.default_rng(0)
Make = Callable[[str, str], str]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def write(name: str, text: str) -> str:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def both(names: list[str], matrix: np.ndarray) -> tuple[WordVectors, KeyedVectors]:
    theirs = KeyedVectors(matrix.shape[1])
    theirs.add_vectors(names, matrix)
    return WordVectors.of(names, matrix), theirs


def of_gensim(name: str) -> str:
    path = questions._find(questions.SETS[name])
    assert path is not None
    return str(path)


def test_the_figures_are_those_of_gensim() -> None:
    words = list(questions.load("google").words())
    pairs = [word for n in ("wordsim353", "simlex999") for word in questions.load(n).words()]
    names = list(dict.fromkeys(map(str.lower, [*words[:2000:3], *pairs[:300]])))
    names += ["Apple", "APPLE", "other", "words"]
    matrix = DRAW.normal(size=(len(names), 8)).astype(np.float32)
    ours, theirs = both(names, matrix)
    scores = evaluate.evaluate(ours, ["wordsim353", "simlex999", "google"], restrict=250)
    figures = {(score.name, score.unknown): score for score in scores}
    for name in ("wordsim353", "simlex999"):
        for policy, dummy in ((SKIPPED, False), (ZERO, True)):
            _, expected, unknown = theirs.evaluate_word_pairs(
                of_gensim(name), restrict_vocab=250, dummy4unknown=dummy
            )
            found = figures[name, policy]
            assert found.value == pytest.approx(expected.statistic, abs=1e-6)
            assert 100 * (1 - found.coverage) == pytest.approx(unknown)
    for policy, dummy in ((SKIPPED, False), (WRONG, True)):
        expected, sections = theirs.evaluate_word_analogies(
            of_gensim("google"), restrict_vocab=250, dummy4unknown=dummy
        )
        found = figures["google", policy]
        assert expected > 0
        assert found.value == pytest.approx(expected)
        for part, section in zip(found.parts, sections, strict=False):
            right, wrong = len(section["correct"]), len(section["incorrect"])
            assert part.part == section["section"]
            assert part.value == (pytest.approx(right / (right + wrong)) if right + wrong else None)


def test_analogies_of_a_file(make: Make) -> None:
    matrix = [[1, 0, 0, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 1, 0.5]]
    names = ["man", "woman", "king", "queen"]
    vectors = WordVectors.of(names, np.array(matrix, np.float32))
    rows = ["man woman king queen", "man woman king prince", ": none", "q q q q"]
    path = make("a.txt", ": royal\n" + "\n".join(rows))
    skipped, wrong = evaluate.evaluate(vectors, [path])
    assert (skipped.value, skipped.unknown, skipped.known, skipped.items) == (1, SKIPPED, 1, 3)
    assert (wrong.value, wrong.unknown, wrong.coverage) == (1 / 3, WRONG, 1 / 3)
    assert [(part.part, part.value) for part in skipped.parts] == [("royal", 1), ("none", None)]
    assert [(part.part, part.value) for part in wrong.parts] == [("royal", 0.5), ("none", 0)]


def test_pairs_of_korean_with_a_header_and_a_mark(make: Make) -> None:
    names = ["사랑", "정", "책", "종이", "왕"]
    vectors = WordVectors.of(names, DRAW.normal(size=(5, 4)).astype(np.float32))
    path = make(
        "ko.csv", "\ufeffword 1,word 2,kor_score\n사랑,정,7\n책,종이,6.5\n왕,책,1\n왕,정,2\n"
    )
    (score,) = evaluate.evaluate(vectors, [path])
    units = vectors.vectors / np.linalg.norm(vectors.vectors, axis=1, keepdims=True)
    cosines = [units[a] @ units[b] for a, b in ((0, 1), (2, 3), (4, 2), (4, 1))]
    assert score.value == pytest.approx(spearmanr([7, 6.5, 1, 2], cosines).statistic)
    assert (score.unknown, score.coverage, score.name) == (NO_UNKNOWN, 1, "ko.csv")


def test_case_is_folded_or_told_apart(make: Make) -> None:
    vectors = WordVectors.of(["Rome", "rome", "ITALY"], np.eye(3, dtype=np.float32))
    path = make("p.tsv", "rome\titaly\t3\nRome\tRome\t9\nitaly\titaly\t8\n")
    folded = evaluate.evaluate(vectors, [path])
    assert [score.known for score in folded] == [3]
    told = evaluate.evaluate(vectors, [path], fold_case=False)
    assert [score.known for score in told] == [1, 1]


def test_subwords_answer_and_it_is_said(make: Make) -> None:
    ngrams = DRAW.normal(size=(40, 4)).astype(np.float32)
    vectors = SubwordVectors.composed(
        ["cats", "dogs"], ngrams[:2], ngrams, Subwords(min_n=2, max_n=3, buckets=40)
    )
    pairs = [("cats", "dogs", 5.0), ("catty", "doggy", 4.0), ("cats", "cat", 9.0)]
    path = make("p.tsv", "".join(f"{a}\t{b}\t{n}\n" for a, b, n in pairs))
    answered, skipped = evaluate.evaluate(vectors, [path])
    cosines = [vectors.similarity(a, b) for a, b, _ in pairs]
    assert answered.value == pytest.approx(spearmanr([5, 4, 9], cosines).statistic)
    assert (answered.unknown, answered.known, answered.items) == (SUBWORDS, 1, 3)
    assert (skipped.unknown, skipped.value) == (SKIPPED, None)  # one pair has no ranks
    path = make("a.txt", ": s\ncat doggy cats dogs\ncats dogs cat dog\n")
    answered, skipped = evaluate.evaluate(vectors, [path])
    assert answered.unknown.startswith(SUBWORDS)
    assert (answered.value, answered.items) == (0.5, 2)  # "dog" is no word that can be found
    assert skipped.value is None


def test_sentences_are_scored_by_each_weighting(make: Make) -> None:
    vectors = WordVectors.of(["비", "눈", "해"], np.array([[3, 1], [2, 2], [0, 1]], np.float32))
    rows = ["비 눈\t비 눈\t5", "비\t눈\t3", "비\t해\t1", "눈\t아무\t0"]
    path = make("sts.tsv", "sentence1\tsentence2\tscore\n" + "\n".join(rows))
    scores = evaluate.evaluate(vectors, [path])
    assert [score.part for score in scores] == ["mean", "idf", "sif"]
    assert scores[0].value == pytest.approx(1)
    assert {(score.unknown, score.known, score.items) for score in scores} == {(LEFT_OUT, 3, 4)}


def test_the_facts_of_the_village() -> None:
    for name, example in (("village-ko", ("한국", "서울")), ("village-en", ("Korea", "Seoul"))):
        items = questions.load(name).analogies
        assert any((each.a, each.b) == example for each in items if each.section == "capital")
        assert {"capital", "male-female"} <= {each.section for each in items}
        assert all(len({*each[1:]}) == 4 for each in items)
        relation = {(each.a, each.b) for each in items if each.section == "capital"}
        sizes = sum(each.section == "capital" for each in items)
        assert sizes == len(relation) * (len(relation) - 1)


def test_without_names_all_that_is_known_is_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEQKIT_DATA", raising=False)
    vectors = WordVectors.of(["한국", "서울"], np.eye(2, dtype=np.float32))
    assert evaluate.evaluate(vectors) == []
    names = list(dict.fromkeys(questions.load("village-ko").words()))
    more = WordVectors.of(names, DRAW.normal(size=(len(names), 3)).astype(np.float32))
    assert {score.name for score in evaluate.evaluate(more)} == {"village-ko"}


def test_what_is_found_in_seqkit_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQKIT_DATA", str(tmp_path))
    message = r"ws353-ko is not on this machine: give the path of WS353_korean.csv, or set SEQKIT"
    with pytest.raises(SeqkitError, match=message):
        questions.load("ws353-ko")
    (tmp_path / "wordsim").mkdir()
    (tmp_path / "wordsim" / "WS353_korean.csv").write_text("a,b,1\n")
    assert questions.load("ws353-ko").pairs == [("a", "b", 1.0)]
    assert "ws353-ko" in questions.available()


def test_without_gensim_the_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQKIT_DATA", "")
    monkeypatch.setattr(questions, "find_spec", lambda name: None)
    with pytest.raises(
        SeqkitError, match=r"simlex999 ships inside gensim.*: pip install 'seqkit-nlp\[gensim\]'"
    ):
        questions.load("simlex999")
    assert questions.available() == ["village-ko", "village-en"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"f.txt has no questions: it is empty"),
        ("# a comment\n\n", r"f.txt has no questions"),
        ("a b 1\nc d\n", r"f.txt, line 2 is not two words and a number"),
        ("a\tb\t1\nc\td\tnan\n", "line 2 is not two words and a number"),
        ("head er x\na b 1\nc d e\n", "line 3 is not two words and a number"),
        (": s\na b c d\na b c\n", r"line 3 is not four words, or ': ' and the name"),
        ("score\tsentence1\tsentence2\n1\ta\n", r"line 2 has not the columns of line 1"),
        ("score\tsentence1\tsentence2\nx\ta\tb\n", r"line 2 has not the columns of line 1"),
    ],
)
def test_bad_files(make: Make, text: str, message: str) -> None:
    with pytest.raises(SeqkitError, match=message) as error:
        questions.load(make("f.txt", text))
    assert "\n" not in str(error.value)


def test_names_that_are_none() -> None:
    with pytest.raises(SeqkitError, match=r"unknown evaluation set 'wordsim'.*wordsim353"):
        questions.load("wordsim")
    with pytest.raises(SeqkitError, match=r"cannot read none.txt"):
        questions.load("none.txt")


@pytest.mark.skipif(
    not any((folder / "korsts").is_dir() for folder in data_folders()),
    reason="SEQKIT_DATA has no korsts and wordsim",
)
def test_the_real_korean_sets() -> None:
    assert len(questions.load("ws353-ko").pairs) == 353
    assert len(questions.load("analogies-ko").analogies) == 10_000
    assert len(questions.load("korsts").pairs) == 1_379


def test_a_csv_file_is_read_by_its_records(tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text('# told\nword1,word2,score\n"a\nb",c,1.5\n\nd,e,x\n')
    with pytest.raises(SeqkitError, match=r"line 6 is not two words and a number"):
        questions.read(file, "own")
    file.write_bytes(b"a,b,1\rc,d,2\r")
    with pytest.raises(SeqkitError, match=r"pairs.csv, line 1 is no line of a csv file"):
        questions.read(file, "own")
