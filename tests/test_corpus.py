import functools
import gzip
import hashlib
import http.server
import io
import os
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import Field

from seqkit import arrow, corpus, sources
from seqkit.corpus import Card, Corpus, Fact, Labelled, Pair, Source, Tagged, Text, load
from seqkit.errors import SeqkitError
from seqkit.settings import settings as settings_of_a_corpus
from seqkit.text.tokenizer import Token

CARD = Card(
    name="toy",
    title="Toy",
    task="classification",
    languages=("en",),
    licence="CC0",
    citation="",
    homepage="http://example.org",
    kind=Labelled,
    folder="toy",
    files=("a.txt",),
)


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEQKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SEQKIT_DATA", raising=False)
    monkeypatch.delenv("SEQKIT_OFFLINE", raising=False)
    return tmp_path


def put(folder: Path, text: str = "x") -> Path:
    folder.mkdir(parents=True)
    (folder / "a.txt").write_text(text)
    return folder


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


# --- looking up -----------------------------------------------------------------------------


def test_look_up_order(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sources.find(CARD) is None
    cached = put(places / "cache" / "data" / "toy")
    assert sources.find(CARD) == cached
    second = put(places / "two" / "toy")
    monkeypatch.setenv("SEQKIT_DATA", os.pathsep.join([str(places / "one"), str(places / "two")]))
    assert sources.find(CARD) == second
    first = put(places / "one" / "toy")
    assert sources.find(CARD) == first
    mine = put(places / "mine")
    assert sources.find(CARD, str(mine)) == mine
    (first / "a.txt").unlink()  # a folder without the files is not the data set
    assert sources.find(CARD) == second


def test_path_errors(places: Path) -> None:
    with pytest.raises(SeqkitError, match=r"no file or folder at .*nowhere"):
        sources.find(CARD, str(places / "nowhere"))
    (places / "empty").mkdir()
    with pytest.raises(SeqkitError, match=r"empty has no a\.txt: toy needs 1 files"):
        sources.find(CARD, str(places / "empty"))


@pytest.mark.parametrize("by", ["argument", "environment"])
def test_offline_says_where_to_put_the_files(by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    card = replace(CARD, sources=(Source("http://localhost:9/a.txt", "0" * 64, 1),))
    if by == "environment":
        monkeypatch.setenv("SEQKIT_OFFLINE", "1")
    with pytest.raises(SeqkitError, match=r"'toy' inside .*SEQKIT_DATA.*seqkit data fetch toy"):
        sources.locate(card, offline=by == "argument")


def test_no_public_download_points_to_the_homepage() -> None:
    with pytest.raises(SeqkitError, match=r"no public download.*http://example\.org"):
        sources.locate(CARD)


def test_unknown_names_are_suggested() -> None:
    with pytest.raises(SeqkitError, match=r"unknown corpus 'reuter'\. Did you mean 'reuters'"):
        load("reuter")
    with pytest.raises(SeqkitError, match=r"no file or folder at nowhere\.csv"):
        load("nowhere.csv")
    with pytest.raises(SeqkitError, match="labelled reads your own data"):
        load("labelled")


def test_names_are_modules_with_a_card() -> None:
    names = corpus.names()
    assert {"reuters", "labelled"} <= set(names)
    assert all(corpus.reader(name).CARD.name == name for name in names)


def test_names_need_neither_torch_nor_datasets() -> None:
    code = (
        "import sys; from seqkit import corpus; corpus.names();"
        "print([m for m in ('torch', 'datasets', 'numpy', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@settings_of_a_corpus
class Toy:
    n: int = Field(default=4, ge=1, description="rows")


def generated(monkeypatch: pytest.MonkeyPatch, labels: tuple[str, ...] = ("a",)) -> None:
    def read(options: Toy, folder: Path | None) -> dict[str, Iterator[Labelled]]:
        assert folder is None
        return {
            "train": (Labelled(str(i), labels) for i in range(options.n)),
            "unlabelled": iter([Labelled("u", ())]),
        }

    card = replace(CARD, synthetic=True, folder="", files=())
    module = SimpleNamespace(CARD=card, Options=Toy, read=read, __file__=__file__)
    monkeypatch.setattr(corpus, "resolve", lambda name, path="": (module, path))


def test_a_generated_corpus_needs_no_files(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generated(monkeypatch)
    toy = load("toy", {"n": "3"})
    assert list(toy.examples("train")) == [Labelled(str(i), ("a",)) for i in range(3)]
    assert (toy.labels, toy.multi_label, toy.folder) == (("a",), False, None)
    assert corpus.where("toy") == "generated"
    assert not (places / "cache").exists()
    with pytest.raises(SeqkitError, match="'n' = 0: input should be greater"):
        load("toy", {"n": 0})


@pytest.mark.parametrize("labels", [(), ("a", "b")])
def test_one_label_a_row(labels: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    generated(monkeypatch, labels)
    message = f"toy has 4 rows with {len(labels)} labels in its train split"
    with pytest.raises(SeqkitError, match=message):
        load("toy")


# --- fetching -------------------------------------------------------------------------------


@pytest.fixture
def site(places: Path) -> Iterator[tuple[Path, str]]:
    """A web server on this machine, and the folder it serves."""
    folder = places / "site"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def gzipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)  # the same bytes at any time: they name tests


def tarball(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return gzipped(buffer.getvalue())


def zipped(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, data in members.items():
            file.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def serve(site: tuple[Path, str], name: str, data: bytes, **changes: Any) -> Card:
    folder, url = site
    (folder / name).write_bytes(data)
    source = Source(f"{url}/{name}", hashlib.sha256(data).hexdigest(), len(data))
    return replace(CARD, sources=(replace(source, **changes),))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("toy.tar.gz", tarball({"a.txt": b"hello"})),
        ("toy.tgz", tarball({"toy-1.0/a.txt": b"hello"})),
        ("toy.zip", zipped({"toy/a.txt": b"hello"})),
        ("a.txt.gz", gzipped(b"hello")),
        ("a.txt", b"hello"),
    ],
)
def test_fetched_checked_and_unpacked(
    site: tuple[Path, str], places: Path, name: str, data: bytes
) -> None:
    card = serve(site, name, data)
    folder = sources.locate(card)
    assert folder == places / "cache" / "data" / "toy"
    assert (folder / "a.txt").read_bytes() == b"hello"
    assert names_in(folder.parent) == ["toy"]
    (site[0] / name).unlink()
    assert sources.locate(card) == folder  # found, not fetched again


EVIL = {"../../evil.txt": b"evil", "a.txt": b"hello"}


@pytest.mark.parametrize(
    ("name", "data", "changes", "message"),
    [
        ("toy.tar.gz", tarball({"a.txt": b"x"}), {"sha256": "0" * 64}, "SHA-256 of .* differs"),
        ("a.txt", b"x" * 100, {"size": 50}, "should have 50 bytes and sent more"),
        ("a.txt", b"x" * 100, {"size": 150}, "should have 150 bytes and sent only 100"),
        ("toy.tar.gz", tarball({"b.txt": b"x"}), {}, r"holds no a\.txt"),
        ("toy.tar.gz", tarball(EVIL), {}, "not safe"),
        ("toy.zip", zipped(EVIL), {}, r"not safe: it holds '\.\./\.\./evil\.txt'"),
        ("toy.tar.gz", b"not an archive", {}, r"toy\.tar\.gz is damaged"),
        ("toy.zip", b"not an archive", {}, r"toy\.zip is damaged"),
        ("a.txt.gz", gzipped(b"hello" * 100)[:-9], {}, r"a\.txt\.gz is damaged"),
    ],
)
def test_nothing_is_kept_of_a_bad_download(
    site: tuple[Path, str], places: Path, name: str, data: bytes, changes: Any, message: str
) -> None:
    with pytest.raises(SeqkitError, match=message) as caught:
        sources.locate(serve(site, name, data, **changes))
    assert "\n" not in str(caught.value)
    assert names_in(places / "cache" / "data") == []
    assert not list(places.rglob("evil.txt"))


def test_unreachable_source(site: tuple[Path, str], places: Path) -> None:
    card = serve(site, "a.txt", b"x")
    (site[0] / "a.txt").unlink()
    with pytest.raises(SeqkitError, match=r"cannot fetch .*a\.txt \(File not found\).*SEQKIT_DATA"):
        sources.locate(card)
    assert names_in(places / "cache" / "data") == []


def test_an_incomplete_cached_folder_is_replaced(site: tuple[Path, str], places: Path) -> None:
    (places / "cache" / "data" / "toy").mkdir(parents=True)
    folder = sources.locate(serve(site, "a.txt", b"hello"))
    assert folder is not None
    assert (folder / "a.txt").read_text() == "hello"


# --- Arrow ----------------------------------------------------------------------------------

text = st.text(st.characters(codec="utf-8"), max_size=8)
examples_of_a_kind = st.one_of(
    st.lists(st.builds(Text, text)),
    st.lists(st.builds(Labelled, text, st.lists(text, max_size=3).map(tuple))),
    st.lists(st.builds(Pair, text, text)),
    st.lists(st.builds(Fact, text, text, text)),
    st.lists(
        st.builds(
            Tagged,
            text,
            st.lists(
                st.builds(
                    Token,
                    text,
                    st.none() | st.integers(0, 9),
                    st.none() | st.integers(0, 9),
                    st.none() | text,
                ),
                max_size=3,
            ).map(tuple),
        )
    ),
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=examples_of_a_kind, repeat=st.sampled_from([1, 700]))
def test_examples_survive_arrow(rows: list[Any], repeat: int) -> None:
    rows = rows[:3] * repeat  # more than one record batch
    kind = type(rows[0]) if rows else Text
    opened = arrow.in_memory({"train": iter(rows)}, kind)
    assert list(arrow.examples(opened["train"], kind)) == rows


def csv(path: Path, rows: list[tuple[str, str]]) -> Path:
    path.write_text("text,label\n" + "".join(f"{t},{y}\n" for t, y in rows), encoding="utf-8")
    return path


def test_second_load_reads_no_source(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = csv(places / "mine.csv", [(f"t{i}", "ab"[i % 2]) for i in range(40)])
    first = load(str(path))
    monkeypatch.setattr("seqkit.corpora.labelled.read", None)  # a call would fail
    second = load(str(path))
    assert list(second.examples("train")) == list(first.examples("train"))
    assert second.labels == ("a", "b")
    assert {name: len(split) for name, split in second.splits.items()} == {"train": 36, "test": 4}


def test_a_changed_file_is_read_again_and_the_old_copy_deleted(places: Path) -> None:
    path = csv(places / "mine.csv", [("one", "a"), ("two", "b")])
    load(str(path), {"test_fraction": 0})
    csv(path, [("one", "a"), ("six", "b")])  # the same size
    os.utime(path, ns=(1, 1))
    assert [e.text for e in load(str(path), {"test_fraction": 0}).examples("train")] == [
        "one",
        "six",
    ]
    assert len(names_in(places / "cache" / "arrow")) == 1


def test_options_have_their_own_copy(places: Path) -> None:
    path = places / "mine.csv"
    path.write_text("text,label,stars\nx,a,1\ny,b,2\n")
    assert load(str(path), {"test_fraction": 0}).labels == ("a", "b")
    assert load(str(path), {"test_fraction": 0, "label": "stars"}).labels == ("1", "2")
    with pytest.raises(SeqkitError, match=r"unknown setting 'lable'\. Did you mean 'label'"):
        load(str(path), {"lable": "stars"})


def test_a_failed_reading_leaves_no_cache(places: Path) -> None:
    path = places / "mine.csv"
    path.write_text("text,label\nx,a\ny\n")
    with pytest.raises(SeqkitError, match=r"mine\.csv, line 3 has 1 cells"):
        load(str(path))
    assert names_in(places / "cache" / "arrow") == []


def test_a_cache_that_cannot_be_written_is_done_without(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = csv(places / "mine.csv", [("one", "a"), ("two", "b")])
    (places / "file").write_text("")
    monkeypatch.setenv("SEQKIT_CACHE", str(places / "file" / "below"))
    assert len(load(str(path), {"test_fraction": 0}).split("train")) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this platform")
def test_a_full_disk_is_told_and_nothing_kept(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = csv(places / "mine.csv", [("one", "a"), ("two", "b")])
    real = pyarrow.OSFile
    monkeypatch.setattr("pyarrow.OSFile", lambda _path, mode: real("/dev/full", mode))
    with pytest.raises(SeqkitError, match=r"the disk is full: .*train\.arrow was not written"):
        load(str(path), {"test_fraction": 0})
    assert names_in(places / "cache" / "arrow") == []


def test_a_damaged_cache_is_told(places: Path) -> None:
    path = csv(places / "mine.csv", [("one", "a"), ("two", "b")])
    load(str(path), {"test_fraction": 0})
    (cached,) = places.rglob("train.arrow")
    cached.write_bytes(cached.read_bytes()[:100])
    with pytest.raises(SeqkitError, match=r"the cached copy .* is damaged: delete it"):
        load(str(path), {"test_fraction": 0})


def test_two_processes_may_write_the_same_cache(places: Path) -> None:
    rows_of_the_other = {"train": [Labelled("one", ("a",))]}

    def read() -> dict[str, Iterator[Labelled]]:
        def rows() -> Iterator[Labelled]:
            yield Labelled("one", ("a",))
            # The other process begins and finishes while this one is half-way.
            arrow.cached("toy", 1, 1, lambda: rows_of_the_other, Labelled)

        return {"train": rows()}

    opened = arrow.cached("toy", 1, 1, read, Labelled)
    assert list(arrow.examples(opened["train"], Labelled)) == [Labelled("one", ("a",))]
    assert not [name for name in names_in(places / "cache" / "arrow") if name.startswith(".")]


# --- splits ---------------------------------------------------------------------------------


def make(rows: list[Any], multi_label: bool = False) -> Corpus:
    kind = type(rows[0])
    splits = arrow.in_memory({"train": rows}, kind)
    labels = sorted({label for row in rows for label in getattr(row, "labels", ())})
    return Corpus("toy", CARD, None, splits, kind, tuple(labels), multi_label)


labelled = st.builds(
    Labelled,
    st.integers(0, 30).map(str),
    st.lists(st.sampled_from("abcde"), max_size=3, unique=True).map(tuple),
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=st.lists(labelled, min_size=2, max_size=60),
    fraction=st.floats(0.05, 0.6),
    seed=st.integers(0, 5),
)
def test_hold_out_properties(rows: list[Labelled], fraction: float, seed: int) -> None:
    whole = make(rows, multi_label=True)
    try:
        held = whole.hold_out(fraction, seed)
    except SeqkitError:  # one text only, or every text is the last of some label
        count = Counter(y for t in {r.text for r in rows} for y in labels_of(rows, t))
        spare = [r for r in rows if all(count[y] > 1 for y in labels_of(rows, r.text))]
        assert not spare or len({r.text for r in rows}) == 1
        return
    train, validation = list(held.examples("train")), list(held.examples("validation"))
    assert Counter(train) + Counter(validation) == Counter(rows)
    assert not {r.text for r in train} & {r.text for r in validation}
    assert {y for r in train for y in r.labels} == set(whole.labels)
    again = whole.hold_out(fraction, seed)
    assert list(again.examples("validation")) == validation
    assert held.hold_out(0.5, 1) is held


def labels_of(rows: list[Labelled], text: str) -> set[str]:
    return {y for r in rows if r.text == text for y in r.labels}


def test_hold_out_is_stratified_and_seeded() -> None:
    rows = [Labelled(str(i), ("big",)) for i in range(1000)]
    rows += [Labelled(f"s{i}", ("small",)) for i in range(100)]
    rows += [Labelled(f"r{i}", (f"rare{i}",)) for i in range(3)]
    held = make(rows).hold_out(0.1, seed=1)
    counts = Counter(r.labels[0] for r in held.examples("validation"))
    assert counts["big"] == 100
    assert counts["small"] == 10
    assert not any(counts[f"rare{i}"] for i in range(3))
    other = make(rows).hold_out(0.1, seed=2)
    assert list(other.examples("validation")) != list(held.examples("validation"))


def test_hold_out_works_without_labels_and_groups_by_source() -> None:
    rows = [Pair(str(i // 4), str(i)) for i in range(100)]
    held = make(rows).hold_out(0.2)
    train, validation = list(held.examples("train")), list(held.examples("validation"))
    assert len(validation) == 20
    assert not {p.source for p in train} & {p.source for p in validation}


def test_split_errors() -> None:
    whole = make([Labelled("x", ("a",)), Labelled("y", ("b",))])
    with pytest.raises(SeqkitError, match=r"unknown split 'tran' in corpus toy\. Did you mean"):
        whole.split("tran")
    with pytest.raises(SeqkitError, match=r"give a number in \(0, 1\)"):
        whole.hold_out(1.0)
    with pytest.raises(SeqkitError, match="no training row to spare for a validation split"):
        whole.hold_out(0.5)
    with pytest.raises(
        SeqkitError, match=r"validation split: it has one distinct text \(rows: 2\)"
    ):
        make([Text("x"), Text("x")]).hold_out(0.5)
