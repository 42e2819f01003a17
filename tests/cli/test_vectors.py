"""``seqkit vectors`` as a user meets it: one question, one answer."""

import json
import math
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from command_line import Seqkit
from rich.cells import cell_len
from tiny_vectors import circle, royal

from seqkit.cli.demo import show_vectors
from seqkit.vectors import WordVectors
from seqkit.vectors.subwords import Subwords, SubwordVectors


@pytest.fixture
def vectors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seqkit:
    monkeypatch.delenv("SEQKIT_VECTORS", raising=False)
    circle().save(tmp_path / "vectors")
    royal().save(tmp_path / "royal")
    return Seqkit(tmp_path, "vectors")


def as_json(vectors: Seqkit, *words: str) -> object:
    return json.loads(vectors(*words, "--json").stdout)


def test_similar_lists_the_nearest_by_their_angles(vectors: Seqkit) -> None:
    (found,) = as_json(vectors, "similar", "서울", "--top", "3")  # type: ignore[misc]
    assert [row["word"] for row in found["similar"]] == ["seoul", "부산", "대구"]
    cosines = [row["cosine"] for row in found["similar"]]
    np.testing.assert_allclose(cosines, np.cos(np.radians([5, 10, 25])), atol=1e-6)
    assert [row["count"] for row in found["similar"]] == [40, 80, 70]


def test_similar_prints_columns_that_align_in_hangul(vectors: Seqkit) -> None:
    said = vectors("similar", "서울").stdout.splitlines()
    assert said[0].split() == ["word", "cosine", "count"]
    assert said[1].split() == ["seoul", "0.9962", "40"]
    assert len({cell_len(line) for line in said}) == 1


def test_similar_answers_each_of_several_words_or_their_sum(vectors: Seqkit) -> None:
    each = as_json(vectors, "similar", "사과", "부산", "-n", "1")
    assert [found["similar"][0]["word"] for found in each] == ["과일", "seoul"]  # type: ignore[attr-defined]
    (both,) = as_json(vectors, "similar", "서울", "대구", "--together", "-n", "1")  # type: ignore[misc]
    row = both["similar"][0]
    assert row["word"] == "부산"  # at 10 degrees, of the mean of directions at 12.5
    assert row["cosine"] == pytest.approx(math.cos(math.radians(2.5)))
    text = vectors("similar", "사과", "부산", "-n", "1").stdout
    assert text.startswith("사과\nword")
    assert "\n\n부산\nword" in text


def test_similar_by_cosmul_is_the_library_s(vectors: Seqkit) -> None:
    (found,) = as_json(vectors, "similar", "서울", "사과", "--together", "--cosmul")  # type: ignore[misc]
    expected = circle().most_similar_cosmul(["서울", "사과"])
    assert [row["word"] for row in found["similar"]] == [word for word, _ in expected]
    scores = [row["score"] for row in found["similar"]]
    np.testing.assert_allclose(scores, [score for _, score in expected], rtol=1e-6)


def test_an_unknown_word_is_told_with_words_spelt_like_it(vectors: Seqkit) -> None:
    ran = vectors("similar", "부신", "서울", ok=False)
    assert ran.returncode == 2
    assert "seoul" in ran.stdout  # what is known is answered all the same
    assert ran.stderr == "seqkit: '부신' is not among the words. Spelt like it: 부산.\n"
    ran = vectors("similar", "부신", "--json", ok=False)
    assert json.loads(ran.stdout) == [{"words": ["부신"], "unknown": "부신", "nearest": ["부산"]}]


def test_hangul_typed_as_jamo_is_the_word(vectors: Seqkit) -> None:
    typed = unicodedata.normalize("NFD", "서울")
    assert typed != "서울"
    assert "seoul" in vectors("similar", typed).stdout


def test_subwords_answer_an_unseen_word_and_say_so(vectors: Seqkit) -> None:
    words, chosen = ["사과나무", "사과", "자동차"], Subwords(min_n=2, max_n=3, buckets=500)
    ngrams = np.random.default_rng(0).normal(size=(500, 8)).astype(np.float32)
    own = np.zeros((3, 8), np.float32)
    made = SubwordVectors.composed(words, own, ngrams, chosen)
    made.save(vectors.folder / "sub")
    ran = vectors("similar", "사과나뭇", "-n", "1", "-v", "sub")
    assert ran.stdout.splitlines()[1].startswith("사과나무")
    assert ran.stderr == "seqkit: '사과나뭇': not among the words; answered from subwords.\n"
    (found,) = as_json(vectors, "similar", "사과나뭇", "-v", "sub")  # type: ignore[misc]
    assert found["from_subwords"] == ["사과나뭇"]


def test_analogy_says_the_rule_and_the_answer(vectors: Seqkit) -> None:
    said = vectors("analogy", "왕", "남자", "여자", "-v", "royal").stdout.splitlines()
    assert said[0] == "남자 : 왕 = 여자 : 여왕   (왕 - 남자 + 여자)"
    assert said[3].split()[0] == "여왕"
    found = as_json(vectors, "analogy", "왕", "남자", "여자", "-v", "royal")
    words = [row["word"] for row in found["answers"]]  # type: ignore[index]
    assert words == [word for word, _ in royal().most_similar(["왕", "여자"], ["남자"], topn=5)]


def test_compare_tells_cosine_and_angle(vectors: Seqkit) -> None:
    assert vectors("compare", "부산", "대구").stdout == "부산, 대구: cosine 0.9659, angle 15.0°\n"
    found = as_json(vectors, "compare", "서울", "과일")
    assert found["degrees"] == pytest.approx(100, abs=1e-4)  # type: ignore[index]
    same = as_json(vectors, "compare", "과일", "과일")
    assert (same["cosine"], same["degrees"]) == (1.0, 0.0)  # type: ignore[index]


def test_odd_is_the_one_that_gensim_calls_so(vectors: Seqkit) -> None:
    said = vectors("odd", "서울", "부산", "사과", "대구").stdout.splitlines()
    assert said[0] == circle().doesnt_match(["서울", "부산", "사과", "대구"]) == "사과"
    assert said[-1].split()[0] == "사과"
    found = as_json(vectors, "odd", "서울", "부산", "사과", "대구")
    assert found["odd"] == "사과"  # type: ignore[index]
    assert "three words" in vectors("odd", "서울", "부산", ok=False).stderr


def test_a_vector_of_zeros_has_no_angle(vectors: Seqkit) -> None:
    WordVectors.of(["a", "b"], np.array([[0, 0], [0, 1]], np.float32)).save(vectors.folder / "z")
    ran = vectors("compare", "a", "b", "-v", "z", ok=False)
    assert ran.stderr == "seqkit: the vector of 'a' is all zeros: it has no direction.\n"


def test_sentence_finds_the_line(vectors: Seqkit) -> None:
    text = "사과 과일\n서울 부산\n부산 대구 서울\n"
    (vectors.folder / "text.txt").write_text(text, encoding="utf-8")
    words = ("sentence", "seoul 부산", "--in", "text.txt", "--weighting", "mean", "-n", "2")
    (found,) = as_json(vectors, *words)  # type: ignore[misc]
    assert [(near["line"], near["text"]) for near in found["nearest"]] == [
        (2, "서울 부산"),
        (3, "부산 대구 서울"),
    ]
    said = vectors(*words).stdout.splitlines()
    assert said[1].split(maxsplit=2)[1:] == ["2", "서울 부산"]
    ran = vectors("sentence", "없다", "--in", "text.txt", ok=False)
    assert "no word of '없다' has a vector" in ran.stderr
    ran = vectors("sentence", "서울", "--in", "text.txt", "--weighting", "tfidf", ok=False)
    assert "weighting" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_the_vectors_are_named_in_one_way_everywhere(
    vectors: Seqkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert json.loads(vectors("info", "--json").stdout)["path"] == "vectors"
    monkeypatch.setenv("SEQKIT_VECTORS", "royal")
    assert as_json(vectors, "info")["words"] == 5  # type: ignore[index]
    assert "여왕" in vectors("similar", "왕").stdout
    assert as_json(vectors, "info", "vectors")["words"] == 6  # type: ignore[index]
    assert as_json(vectors, "info", "-v", "vectors")["words"] == 6  # type: ignore[index]
    ran = vectors("info", "royal", "-v", "vectors", ok=False)
    assert ran.stderr == "seqkit: name the vectors once: royal, or --vectors vectors.\n"
    monkeypatch.setenv("SEQKIT_VECTORS", "nowhere")
    ran = vectors("similar", "왕", ok=False)
    assert ran.returncode == 2
    assert ran.stderr.startswith("seqkit: no word vectors at nowhere: 'seqkit vectors train")


def test_info_tells_words_size_and_card(vectors: Seqkit) -> None:
    made = circle()
    made.card = {"settings": {"model": "cbow", "window": 5}}
    made.save(vectors.folder / "card")
    found = as_json(vectors, "info", "card")
    assert found["size"] == 2
    assert found["settings.model"] == "cbow"
    assert "words:" in vectors("info", "card").stdout


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.txt", "word2vec"),
        ("a.vec.gz", "word2vec"),
        ("a.bin", "word2vec-binary"),
        ("a.txt", "glove"),
        ("folder", "folder"),
    ],
)
def test_convert_and_back_keeps_words_and_numbers(vectors: Seqkit, name: str, format: str) -> None:
    to = ["--to", "glove"] if format == "glove" else []
    assert format in vectors("convert", "vectors", name, *to).stdout
    vectors("convert", name, "back")
    back = WordVectors.load(vectors.folder / "back")
    assert back.index_to_key == circle().index_to_key
    np.testing.assert_allclose(back.vectors, circle().vectors, rtol=1e-6)


def test_convert_refuses_what_it_should(vectors: Seqkit) -> None:
    def refused(*words: str) -> str:
        return vectors("convert", *words, ok=False).stderr

    assert "exists already: name another, or give --overwrite" in refused("royal", "vectors")
    assert "is what is read" in refused("royal", "royal", "--overwrite")
    assert "no word vectors at gone" in refused("gone", "b.bin")
    assert "no format is known by '.dat'" in refused("royal", "b.dat")
    assert "Did you mean 'glove'?" in refused("royal", "b.txt", "--to", "glov")
    (vectors.folder / "p.kv").write_bytes(b"\x80\x04cos\nsystem\n")
    assert "pickle" in refused("p.kv", "b.bin")
    (vectors.folder / "run").mkdir()
    (vectors.folder / "run" / "settings.json").write_text("{}")
    assert "run is a run, not a folder of word vectors" in refused("royal", "run", "--overwrite")
    vectors("convert", "royal", "vectors", "--overwrite")
    assert as_json(vectors, "info")["words"] == 5  # type: ignore[index]


def test_convert_takes_the_first_vectors(vectors: Seqkit) -> None:
    vectors("convert", "vectors", "all.txt")
    vectors("convert", "all.txt", "two.bin", "--limit", "2")
    assert as_json(vectors, "info", "two.bin")["words"] == 2  # type: ignore[index]
    ran = vectors("convert", "vectors", "few", "--limit", "2", ok=False)
    assert "--limit is for files of word2vec and GloVe, not for folder" in ran.stderr


def test_eval_scores_a_file_of_pairs(vectors: Seqkit) -> None:
    pairs = "서울\t부산\t9\n서울\t대구\t7\n서울\t사과\t1\n부산\t없다\t5\n"
    (vectors.folder / "pairs.tsv").write_text(pairs, encoding="utf-8")
    scores = as_json(vectors, "eval", "pairs.tsv")
    skipped = scores[0]  # type: ignore[index]
    assert (skipped["value"], skipped["known"], skipped["items"]) == (pytest.approx(1), 3, 4)
    assert "skipped" in skipped["unknown"]
    row = vectors("eval", "pairs.tsv").stdout.splitlines()[1]
    assert row.split()[:4] == ["pairs.tsv", "spearman", "1.0000", "75.0"]
    assert "unknown evaluation set" in vectors("eval", "wordsin353", ok=False).stderr


def test_index_is_built_once_and_asked(vectors: Seqkit) -> None:
    rng = np.random.default_rng(0)
    made = WordVectors.of(map(str, range(300)), rng.normal(size=(300, 8)).astype(np.float32))
    made.save(vectors.folder / "many")
    said = as_json(vectors, "index", "many", "lists=4")
    assert said["kind"] == "principal"
    assert said["vectors"] == "many"  # and not the digest of the index's card
    assert said["recall"] > 0.9
    assert "give --overwrite" in vectors("index", "many", ok=False).stderr
    ran = vectors("index", "many", "recal=0.9", ok=False)
    assert "Did you mean 'recall'?" in ran.stderr
    exact = as_json(vectors, "similar", "7", "-v", "many", "-n", "1")
    assert as_json(vectors, "similar", "7", "-v", "many", "-n", "1", "--ann") == exact
    vectors("convert", "many", "many.bin")
    assert "seqkit vectors convert many.bin FOLDER" in vectors("index", "many.bin", ok=False).stderr


def test_a_file_without_a_known_sentence_is_told(vectors: Seqkit) -> None:
    (vectors.folder / "none.txt").write_text("", encoding="utf-8")
    ran = vectors("sentence", "서울", "--in", "none.txt", ok=False)
    assert ran.returncode == 2
    assert "no sentence of none.txt has a word that has a vector" in ran.stderr


def test_convert_writes_into_a_folder_that_is_empty(vectors: Seqkit) -> None:
    (vectors.folder / "there").mkdir()
    vectors("convert", "royal", "there")
    assert "exists already" in vectors("convert", "royal", "there", ok=False).stderr


def test_info_shows_truth_values_and_fractions_as_such(vectors: Seqkit) -> None:
    card = {"settings": {"mean": True, "hierarchical": False, "max_words": None}, "loss": 2 / 3}
    made = WordVectors.of(["가", "나"], np.eye(2, dtype=np.float32), card=card)
    made.save(vectors.folder / "told")
    said = dict(line.split(":", 1) for line in vectors("info", "told").stdout.splitlines())
    shown = {name: value.strip() for name, value in said.items()}
    assert shown["settings.mean"] == "true"
    assert shown["settings.hierarchical"] == "false"
    assert shown["settings.max_words"] == "none"
    assert shown["loss"] == "0.666667"


def test_ann_without_an_index_says_how_to_get_one(vectors: Seqkit) -> None:
    ran = vectors("similar", "서울", "--ann", ok=False)
    assert ran.returncode == 2
    assert "seqkit vectors index" in ran.stderr


def test_every_subcommand_has_a_short_help(vectors: Seqkit) -> None:
    said = vectors().stdout
    for name in ("train", "similar", "analogy", "compare", "odd", "sentence", "query", "map"):
        line = next(line for line in said.splitlines() if line.split()[:1] == [name])
        assert line.endswith((".", '?".'))
        assert not line.endswith("...")


def test_the_demo_shows_neighbours_an_analogy_and_a_map(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["한국", "서울", "일본", "도쿄", "고양이"]
    rows = [[1, 0, 0], [1, 0, 1], [0, 1, 0], [0, 1, 1], [-1, -1, 0]]
    made = WordVectors.of(words, np.array(rows, np.float32))
    show_vectors(made, Path("runs/v"), tmp_path / "map.html")
    said = capsys.readouterr().out
    assert "한국 : 서울 = 일본 : 도쿄   (서울 - 한국 + 일본)" in said
    assert "seqkit vectors similar 고양이 서울 -v runs/v" in said
    assert "doctor" not in said
    assert "Paris" not in said
    assert "도쿄" in (tmp_path / "map.html").read_text(encoding="utf-8")
