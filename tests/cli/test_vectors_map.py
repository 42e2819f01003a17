"""``seqkit vectors map``: the picture that a browser shows."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Seqkit
from tiny_vectors import circle

from seqkit.errors import SeqkitError
from seqkit.vectors import WordVectors
from seqkit.vectors.picture import clusters, draw, write


@pytest.fixture
def map_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seqkit:
    monkeypatch.delenv("SEQKIT_VECTORS", raising=False)
    circle().save(tmp_path / "vectors")
    return Seqkit(tmp_path, "vectors", "map")


def data_of(file: Path) -> dict[str, Any]:
    page = file.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def normal(words: int, size: int = 12) -> WordVectors:
    rows = np.random.default_rng(1).normal(size=(words, size)).astype(np.float32)
    return WordVectors.of([f"단어{i}" for i in range(words)], rows)


def test_the_most_frequent_words_in_one_file(map_: Seqkit) -> None:
    assert map_("--top", "4").stdout == "map.html: 4 words; open it in a browser\n"
    data = data_of(map_.folder / "map.html")
    assert data["words"] == ["서울", "부산", "대구", "사과"]
    assert data["nearest"][0][0] == 1
    assert data["cosines"][0][0] == 0.985


def test_chosen_words_bring_those_near_them(map_: Seqkit) -> None:
    map_("서울", "사과", "--near", "1", "--out", "own.html")
    data = data_of(map_.folder / "own.html")
    assert dict(zip(data["words"], data["groups"], strict=True)) == {
        "서울": 0, "사과": 1, "seoul": 0, "과일": 1,
    }  # fmt: skip
    assert [data["words"][i] for i in data["seeds"]] == data["names"] == ["서울", "사과"]


def test_what_is_refused(map_: Seqkit) -> None:
    map_()
    assert "map.html exists already" in map_(ok=False).stderr
    map_("--overwrite")
    assert "Spelt like it: 부산" in map_("부신", "--out", "b.html", ok=False).stderr
    assert "Known: pca, tsne, umap" in map_("--method", "som", "--out", "b.html", ok=False).stderr
    assert "--near is for words" in map_("--near", "3", "--out", "b.html", ok=False).stderr
    ran = map_("서울", "--near", "0", "--out", "b.html", ok=False)
    assert ran.stderr == "seqkit: a picture has 2 to 5,000 words, not 1.\n"
    assert not (map_.folder / "b.html").exists()


class Seen(HTMLParser):
    """What a browser would fetch, and the labels it would show."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.fetched: list[tuple[str, str | None]] = []
        self.labels: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [(k, v) for k, v in attrs if k in ("src", "href", "srcset", "data")]
        if tag == "text":
            self.labels.append("")

    def handle_data(self, data: str) -> None:
        if self.labels and self.get_starttag_text() and self.tags[-1] == "text":
            self.labels[-1] += data.strip("\n")


def test_the_page_fetches_nothing_and_no_word_escapes_from_its_label(tmp_path: Path) -> None:
    words = [
        "<script>alert(1)</script>",
        "</script>",
        "a&amp;b",
        "\u202e뒤집기",
        "'\"`",
        "@@DATA@@",
    ]
    made = WordVectors.of(words, np.eye(6, dtype=np.float32))
    write(draw(made, words), tmp_path / "m.html", title="<b>&")
    page = (tmp_path / "m.html").read_text(encoding="utf-8")
    seen = Seen()
    seen.feed(page)
    assert seen.fetched == []
    assert "url(" not in page
    assert "@import" not in page
    assert seen.tags.count("script") == 2
    assert seen.labels == [word.replace("\u202e", "␣") for word in words]
    assert data_of(tmp_path / "m.html")["words"] == seen.labels
    assert re.findall(r"https?://\S+", page) == ["http://www.w3.org/2000/svg',"]  # a name, no fetch


def test_the_same_vectors_draw_the_same_bytes(tmp_path: Path) -> None:
    made, words = normal(60), [f"단어{i}" for i in range(60)]
    for name in ("a", "b"):
        write(draw(made, words), tmp_path / name, title="t")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_pca_is_scikit_learn_s() -> None:
    decomposition = pytest.importorskip("sklearn.decomposition", reason="the baseline extra")
    made = normal(40)
    units = made.vectors / np.linalg.norm(made.vectors, axis=1, keepdims=True)
    expected = decomposition.PCA(2).fit_transform(units.astype(np.float64))
    places = draw(made, made.index_to_key).places
    signs = np.sign((places * expected).sum(axis=0))
    np.testing.assert_allclose(places, expected * signs, atol=1e-6)


def test_tsne_keeps_neighbours_together_and_is_deterministic() -> None:
    pytest.importorskip("sklearn", reason="the baseline extra")
    rng = np.random.default_rng(0)
    rows = np.repeat(np.eye(3, 10) * 5, 10, axis=0) + rng.normal(size=(30, 10)) * 0.3
    made = WordVectors.of(map(str, range(30)), rows.astype(np.float32))
    first, second = (draw(made, made.index_to_key, method="tsne") for _ in range(2))
    np.testing.assert_array_equal(first.places, second.places)
    apart = np.linalg.norm(first.places[:, None] - first.places[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (apart.argmin(axis=1) // 10 == np.arange(30) // 10).all()
    with pytest.raises(SeqkitError, match="t-SNE needs 4 words or more, not 3"):
        draw(made, ["0", "1", "2"], method="tsne")


def test_clusters_find_what_is_plainly_there() -> None:
    rng = np.random.default_rng(0)
    sizes = (30, 20, 10)
    rows = np.concatenate(
        [np.eye(3, 8)[i] + rng.normal(size=(n, 8)) * 0.05 for i, n in enumerate(sizes)]
    )
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    groups, centres = clusters(units, 3)
    np.testing.assert_array_equal(groups, np.repeat([0, 1, 2], sizes))  # the largest first
    assert [centres[0] < 30, 30 <= centres[1] < 50, centres[2] >= 50] == [True] * 3


@pytest.mark.parametrize("rows", [np.zeros((3, 4)), np.ones((2, 1)), np.eye(2)])
def test_degenerate_vectors_are_drawn(rows: Any, tmp_path: Path) -> None:
    words = list("가나다")[: len(rows)]
    drawn = draw(WordVectors.of(words, rows.astype(np.float32)), words)
    assert np.isfinite(drawn.places).all()
    assert np.isfinite(drawn.cosines).all()
    write(drawn, tmp_path / "m.html", title="t")
    assert np.isfinite(data_of(tmp_path / "m.html")["places"]).all()
