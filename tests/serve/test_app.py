import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the serve extra")

from starlette.testclient import TestClient

from seqkit.asking import Asked
from seqkit.errors import SeqkitError
from seqkit.predict import load
from seqkit.serve import app as api
from seqkit.serve import served as served_module
from seqkit.serve.about import languages
from seqkit.serve.desk import Desk
from seqkit.serve.limits import Limits
from seqkit.serve.served import open_served
from seqkit.vectors import WordVectors

KOREAN = "고양이가 마당에서 잠을 잔다."
ENGLISH = "The nurse will earn money."


@pytest.fixture(scope="module")
def client(desk: Desk) -> TestClient:
    return TestClient(api.application(desk), raise_server_exceptions=False)


def told(client: TestClient, path: str, **body: Any) -> Any:
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(client: TestClient, path: str, body: Any, status: int) -> str:
    answer = client.post(path, json=body)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert isinstance(error, str)
    assert "\n" not in error
    return error


@pytest.mark.parametrize("name", ["topics", "tags", "ko-en"])
def test_predict_answers_as_the_run_does(client: TestClient, runs: Path, name: str) -> None:
    texts = [KOREAN, ENGLISH, ""]
    answered = told(client, "/predict", model=name, texts=texts)
    alone = [answer.row(1) for answer in load(runs / name).stream(texts)]
    assert answered == {"model": name, "answers": json.loads(json.dumps(alone))}


def test_top_gives_the_best_answers(client: TestClient, runs: Path) -> None:
    (answer,) = told(client, "/predict", model="topics", texts=[KOREAN], top=3)["answers"]
    (alone,) = load(runs / "topics").stream([KOREAN])
    assert answer == json.loads(json.dumps(alone.row(3)))
    assert len(answer["probabilities"]) >= 3
    (answer,) = told(client, "/predict", model="ko-en", texts=[KOREAN], top=2)["answers"]
    assert len(answer["translations"]) == 2


def test_generate_writes_as_it_is_asked_to(client: TestClient, runs: Path) -> None:
    options = {"top": 3, "sentences": 2, "length": 6, "unfinished": True}
    answered = told(client, "/generate", model="next", texts=["고양"], **options)
    writer: Any = load(runs / "next")
    (alone,) = writer.with_options(options).stream(["고양"])
    assert answered["answers"] == json.loads(json.dumps([alone.row(3)]))
    drawn = {"temperature": 1.0, "seed": 7, "length": 8, "sentences": 1, "top": 1}
    same = [told(client, "/generate", model="next", texts=["고양"], **drawn) for _ in range(2)]
    assert same[0] == same[1]


def test_all_that_is_to_be_written_counts() -> None:
    def writing(beam: int, **others: int) -> SimpleNamespace:
        return SimpleNamespace(decoding=SimpleNamespace(beam=beam, answers=1), **others)

    served_module._check_units(writing(8, length=0, words=5), 64)
    with pytest.raises(SeqkitError, match="64 texts x 7,500 units of their hypotheses are"):
        served_module._check_units(writing(15, length=0, min_length=500), 64)
    with pytest.raises(SeqkitError, match="64 texts x 6,480 units of their hypotheses are more"):
        served_module._check_units(writing(8, length=10, words=100), 64)
    served_module._check_units(writing(8, length=10, words=100, lemmas=True), 64)
    served_module._check_units(writing(20, length=100, words=5, sentences=0), 64)


def test_exported_runs_write_what_the_runs_do(
    client: TestClient, runs: Path, tmp_path: Path
) -> None:
    for package in ("onnx", "onnxruntime"):
        pytest.importorskip(package, reason="the onnx extra")
    from seqkit.export.exporting import export

    words = [f"{name}={export(runs / name, tmp_path / name).path}" for name in ("next", "ko-en")]
    limits = Limits(texts=8, characters=200, body=4096)
    opened = Desk.open(open_served(words), limits, lambda: None)
    exported = TestClient(api.application(opened), raise_server_exceptions=False)
    for path, options in (
        ("/generate", {"model": "next", "top": 3, "sentences": 2, "length": 6, "unfinished": True}),
        ("/generate", {"model": "ko-en", "top": 2, "beam": 3, "length": 9}),
        ("/predict", {"model": "ko-en", "top": 2}),
    ):
        (here,) = told(exported, path, texts=["고양"], **options)["answers"]
        (there,) = told(client, path, texts=["고양"], **options)["answers"]
        for part in ("words", "sentences", "translations"):
            rows = [[row["text"] for row in answer.get(part, [])] for answer in (here, there)]
            assert rows[0] == rows[1]
    opened.close(5)


def test_attention_is_told_where_it_is_asked_for(client: TestClient) -> None:
    asked = {"model": "ko-en", "texts": [KOREAN, ""]}
    told_with, nothing = told(client, "/predict", **asked, attention=True)["answers"]
    found = told_with["attention"]
    assert len(found["weights"]) == len(found["rows"])
    for row in found["weights"]:
        assert len(row) == len(found["columns"])
        assert sum(row) == pytest.approx(1, abs=0.01)
    assert nothing["attention"] is None
    assert "attention" not in told(client, "/predict", **asked)["answers"][0]
    # a run without attention has none to tell
    (plain,) = told(client, "/predict", model="topics", texts=[KOREAN], attention=True)["answers"]
    assert "attention" not in plain


def test_similar_answers_words_and_sums(client: TestClient, runs: Path) -> None:
    answer = told(client, "/similar", question="서울 - 한국 + 일본", top=2)
    assert [term["sign"] for term in answer["terms"]] == [1, -1, 1]
    best = WordVectors.load(runs / "words").most_similar(["서울", "일본"], ["한국"], topn=2)
    assert [row["word"] for row in answer["answers"]] == [word for word, _ in best]
    assert answer["answers"][0] == {"word": "도쿄", "cosine": pytest.approx(best[0][1])}
    assert "plane" not in answer
    product = told(client, "/similar", question="서울 - 한국 + 일본", top=1, cosmul=True)
    assert product["answers"][0]["score"] > 0


def test_the_arithmetic_is_seen_in_the_plane(client: TestClient) -> None:
    found = told(client, "/similar", question="서울 - 한국 + 일본", top=3, plane=True)["plane"]
    place = dict(zip(found["words"], found["places"], strict=True))
    assert set(place) >= {"서울", "한국", "일본", "도쿄"}
    for axis in (0, 1):  # the arrow from B to A is the arrow from C to the sum
        ab = place["서울"][axis] - place["한국"][axis]
        assert found["target"][axis] - place["일본"][axis] == pytest.approx(ab, abs=2e-3)
    assert 0 < found["share"] <= 1
    alone = told(client, "/similar", question="고양이", top=1, plane=True)["plane"]
    assert alone["target"] == pytest.approx(alone["places"][0])


def test_an_unknown_word_is_told_with_words_spelt_like_it(client: TestClient) -> None:
    answer = client.post("/similar", json={"question": "고양기"})
    assert answer.status_code == 400
    assert answer.json()["nearest"][0] == "고양이"
    assert answer.json()["word"] == "고양기"
    assert refused(client, "/similar", {"question": "서울 -"}, 400).startswith("'서울 -': a word")


def test_the_map_shows_the_most_frequent_words(client: TestClient) -> None:
    found = client.get("/map?top=4").json()
    assert found["words"] == ["한국", "서울", "일본", "도쿄"]
    assert max(abs(value) for place in found["places"] for value in place) == 1
    assert len(found["nearest"]) == 4
    assert client.get("/map?top=1").status_code == 422
    assert (
        client.get("/map?model=topics")
        .json()["error"]
        .startswith("'topics' does not answer /similar")
    )


def test_what_is_served_says_what_it_can(client: TestClient) -> None:
    listed = {one["name"]: one for one in client.get("/served").json()["served"]}
    assert list(listed) == ["topics", "tags", "next", "ko-en", "words"]
    assert {name: one["can"] for name, one in listed.items()} == {
        "topics": ["predict"],
        "tags": ["predict"],
        "next": ["predict", "generate"],
        "ko-en": ["predict", "generate", "attention"],
        "words": ["similar"],
    }
    assert listed["ko-en"]["languages"] == ["ko"]
    assert listed["ko-en"]["writes"] == "en"
    assert listed["next"]["languages"] == ["ko"]
    assert listed["topics"]["languages"] == ["ko", "en"]
    assert "food" in listed["topics"]["labels"]
    assert listed["words"]["examples"][0] == "서울 - 한국 + 일본"


def test_languages_are_those_of_the_words() -> None:
    assert languages(["고양이", "ㅋㅋ"]) == ["ko"]
    assert languages(["Ⅳ", "cat"] * 10 + ["개"]) == ["en"]
    assert languages([]) == []


REFUSED = [
    ("/predict", {"texts": ["a"]}, 422, "name a model, one of: topics, tags, next, ko-en"),
    ("/predict", {"model": "topic", "texts": ["a"]}, 404, "Did you mean 'topics'?"),
    ("/predict", {"model": "words", "texts": ["a"]}, 400, "'words' does not answer /predict; what"),
    ("/generate", {"model": "topics", "texts": ["a"]}, 400, "'topics' does not answer /generate"),
    ("/predict", {"model": "topics"}, 422, "texts: field required"),
    ("/predict", {"model": "topics", "texts": []}, 422, "texts: list should have at least 1"),
    ("/predict", {"model": "topics", "texts": "a"}, 422, "texts: input should be a valid list"),
    ("/predict", {"model": "topics", "texts": [1]}, 422, "texts.0: input should be a valid string"),
    ("/predict", {"model": "topics", "texts": ["a"], "tpo": 1}, 422, "tpo: extra inputs"),
    (
        "/predict",
        {"model": "topics", "texts": ["a"], "top": 0},
        422,
        "top: input should be greater",
    ),
    ("/predict", {"model": "topics", "texts": ["a"] * 9}, 413, "9 texts are more than 8"),
    ("/predict", {"model": "topics", "texts": ["a", "가" * 201]}, 413, "text 2 has 201 characters"),
    ("/similar", {"question": "가" * 201}, 413, "text 1 has 201 characters"),
    ("/generate", {"model": "ko-en", "texts": ["a"], "sentences": 2}, 400, "sentences means noth"),
    ("/generate", {"model": "next", "texts": ["a"], "top_p": 0}, 422, "top_p: input should be gr"),
    ("/generate", {"model": "next", "texts": ["a"], "beam": 2, "sentences": 5}, 400, ""),
    ("/predict", [], 422, "the body"),
    ("/predict", None, 422, "the body"),
]


@pytest.mark.parametrize(("path", "body", "status", "error"), REFUSED)
def test_what_cannot_be_answered_is_told_in_one_line(
    client: TestClient, path: str, body: Any, status: int, error: str
) -> None:
    assert error in refused(client, path, body, status)


def test_what_is_no_json_is_told(client: TestClient) -> None:
    as_json = {"content-type": "application/json"}
    for body in (b"{", b"\xff\xfe", b"[" * 100_000, b'{"texts": ["\\ud800"], "model": "topics"}'):
        answer = client.post("/predict", content=body, headers=as_json)
        assert answer.status_code in (400, 422), body[:20]
        assert answer.json()["error"]
    plain = client.post("/predict", content=b'{"model": "topics", "texts": ["a"]}')
    assert plain.status_code == 422
    assert "Content-Type: application/json" in plain.json()["error"]
    number = b'{"top": ' + b"9" * 5000 + b"}"
    for body in (number, b"[" * 100_000, '{"texts": ["가"]}'.encode("euc-kr")):
        answer = client.post("/predict", content=body, headers=as_json)
        assert answer.status_code == 400
        assert answer.json() == {"error": "the body is not JSON in UTF-8 that can be read."}
    answer = client.post("/predict", headers=as_json)
    assert answer.json() == {"error": "the body is empty: send a JSON object."}


def test_an_error_quotes_little_of_what_was_sent(client: TestClient) -> None:
    long = {"model": "x" * 300, "texts": ["a"]}
    assert "model: string should have at most 200" in refused(client, "/predict", long, 422)
    field = {"model": "topics", "texts": ["a"], "y" * 3000: 1}
    assert len(refused(client, "/predict", field, 422)) == api.LINE
    assert client.get("/map", params={"model": "x" * 300}).status_code == 422


def test_more_writing_than_others_can_wait_for_is_refused(client: TestClient) -> None:
    much = {"model": "ko-en", "texts": [KOREAN] * 8, "beam": 32, "length": 500}
    told_why = refused(client, "/generate", much, 400)
    assert told_why == (
        "8 texts x 16,000 units of their hypotheses are more than 100,000: ask for fewer texts, "
        "beams or words, or less length, at once."
    )
    many = {"model": "ko-en", "texts": [KOREAN] * 8, "top": 100}
    told(client, "/predict", **many)  # 80,000, where the length is as the source's


def test_odd_characters_are_texts_too(client: TestClient) -> None:
    odd = ["\0", "\u2028\x07", "ᄀ", "\U0001f600" * 3, "\ufeff", "e\u0301" * 20, "\t", "a\tb"]
    for name in ("topics", "tags", "ko-en", "next"):
        assert len(told(client, "/predict", model=name, texts=odd)["answers"]) == len(odd)


def test_paths_that_are_not_there_are_told(client: TestClient) -> None:
    assert client.get("/nothing").json()["error"].startswith("there is nothing at /nothing")
    assert client.get("/docs/", follow_redirects=False).status_code == 404
    answer = client.get("/predict")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert client.get("/page/../app.py").status_code == 404
    assert client.get("/page/%2e%2e%2fapp.py").status_code == 404


def test_health_counts(client: TestClient) -> None:
    before = client.get("/health").json()
    told(client, "/predict", model="topics", texts=["a", "b"])
    after = client.get("/health").json()
    assert after["status"] == "ok"
    assert after["answered"] == before["answered"] + 2
    assert after["waiting"] == 0


def test_the_page_and_the_documents_load_nothing_from_elsewhere(client: TestClient) -> None:
    for path in ("/", "/docs", "/page/main.js", "/page/cards.js", "/page/style.css"):
        answer = client.get(path)
        assert answer.status_code == 200
        without = answer.text.replace("http://www.w3.org/", "").replace("http://127.0.0.1:8000", "")
        assert "//" not in "".join(part for part in without.split() if "http" in part), path
    documents = client.get("/docs").text
    for path in client.get("/openapi.json").json()["paths"]:
        assert f" {path}</code>" in documents


class Broken:
    def __init__(self) -> None:
        self.name = "broken"
        self.about = {"name": "broken", "task": "classification", "can": ["predict"]}

    def answer(self, how: Any, items: Any) -> Any:
        if items == ["nan"]:
            return [{"labels": [], "probabilities": {"a": float("nan"), "b": [float("-inf"), 1.5]}}]
        raise KeyError("secret")


@pytest.fixture
def broken() -> Iterator[TestClient]:
    desk = Desk.open([Broken()], Limits(), lambda: None)
    yield TestClient(api.application(desk), raise_server_exceptions=False)
    desk.close(5)


def test_a_fault_of_ours_is_told_without_its_inside(broken: TestClient) -> None:
    answer = broken.post("/predict", json={"texts": ["a"]})
    assert answer.status_code == 500
    assert answer.json() == {"error": "something is wrong here: the server's log has what."}


def test_what_json_has_no_number_for_is_null(broken: TestClient) -> None:
    answer = broken.post("/predict", json={"texts": ["nan"]}).json()["answers"][0]
    assert answer["probabilities"] == {"a": None, "b": [None, 1.5]}


def test_where_nothing_can_it_is_told(broken: TestClient) -> None:
    assert (
        refused(broken, "/generate", {"texts": ["a"]}, 404)
        == "nothing that is served answers /generate."
    )


def test_names_are_folders_or_given(runs: Path) -> None:
    opened = open_served([str(runs / "words"), f"mine={runs / 'topics'}"])
    assert [one.name for one in opened] == ["words", "mine"]
    same = str(runs / "words")
    with pytest.raises(SeqkitError, match=r"two are named 'words'.*words-2="):
        open_served([same, same])
    with pytest.raises(SeqkitError, match="no run and there are no word vectors at"):
        open_served(["nothing-here"])
    with pytest.raises(SeqkitError, match="NAME=PATH"):
        open_served(["=x"])


def test_runs_that_read_files_are_not_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings.json").write_text('{"task": "captioning"}')

    class Captioner:
        view = object()

    monkeypatch.setattr("seqkit.predict.load", lambda path: Captioner())
    with pytest.raises(SeqkitError, match="reads pictures by the path"):
        open_served([str(tmp_path)])


def test_few_words_have_a_map_all_the_same(tmp_path: Path) -> None:
    vectors = WordVectors.load(_words(tmp_path))
    one = served_module.ServedVectors("words", Asked(vectors))
    (found,) = one.answer(served_module.Overview(), [1000])
    assert len(found["words"]) == 6


def _words(folder: Path) -> Path:
    from serving import words_of

    words_of(folder / "w")
    return folder / "w"
