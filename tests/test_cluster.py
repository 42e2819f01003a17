import importlib.util
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from seqkit.data.encoding import encode
from seqkit.errors import SeqkitError
from seqkit.text import counting
from seqkit.text.basic import WordTokenizer
from seqkit.text.counting import count
from seqkit.text.vocabulary import Vocabulary

TEXTS = [f"영화{i % 7}은 good{i % 11}! {i}" * (i % 3) for i in range(300)]


@pytest.fixture(scope="module")
def _cluster() -> Iterator[None]:
    if importlib.util.find_spec("ray") is None:
        pytest.skip("needs Ray: pip install 'seqkit-nlp[ray]'")
    import ray

    ray.init(
        num_cpus=2,
        object_store_memory=100 * 1024**2,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=40,
    )
    yield
    ray.shutdown()


@pytest.mark.usefixtures("_cluster")
def test_a_cluster_gives_what_one_process_gives(monkeypatch: Any) -> None:
    tokenizer = WordTokenizer()
    expected = count(TEXTS, tokenizer)
    vocabulary = Vocabulary.build(expected, min_count=2)
    rows = encode(TEXTS, tokenizer, vocabulary)
    monkeypatch.setattr(counting, "CHUNK", 300)
    assert list(count(TEXTS, tokenizer, engine="ray").items()) == list(expected.items())
    made = encode(TEXTS, tokenizer, vocabulary, engine="ray")
    assert made.values.tolist() == rows.values.tolist()
    assert made.offsets.tolist() == rows.offsets.tolist()
    bare = Vocabulary.build({"a": 1}, specials=("pad",))
    with pytest.raises(SeqkitError, match=r"no.*'unk'"):
        encode(TEXTS, tokenizer, bare, engine="ray")


def test_without_ray_the_error_says_what_to_install(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(SeqkitError, match=r"needs Ray: pip install 'seqkit-nlp\[ray\]'"):
        count(TEXTS, WordTokenizer(), engine="ray")
