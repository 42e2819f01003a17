import logging
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sentencepiece import SentencePieceProcessor

from seqkit.errors import SeqkitError
from seqkit.text import hangul
from seqkit.text import tokenizer as tokenizers
from seqkit.text.pieces import drawn
from seqkit.text.subword import BpeTokenizer, UnigramTokenizer
from seqkit.text.tokenizer import Token

SENTENCES = [
    "나는 오늘 학교에 갔다", "나는 어제 학교에서 책을 읽었다", "그는 학교에 가지 않았다",
    "the film was good", "the films were not as good", "학교에서 만난 친구와 영화를 보았다",
    "영화는 정말 재미있었다 ㅋㅋㅋ", "영화를 보고 친구와 책을 읽었다", "3,000 people saw the film",
] * 5  # fmt: skip
CLASSES: tuple[Any, ...] = (UnigramTokenizer, BpeTokenizer)
TRAINED = [
    cls(size=430, units=units).train(SENTENCES) for cls in CLASSES for units in ("syllable", "jamo")
]
ODD = [
    "<s>",
    "<unk>",
    "<0x41>",
    "\u2581",
    "\x10",
    "\x10_",
    "\ue000",
    "\ud800",
    "\udfff",
    "\0",
    "\n",
]
ODD += [
    "\t",
    "  ",
    "각",
    "\u1100\u1161\u11a8",
    "\u034f",
    "😀",
    "\u2047",
    "\u2585",
    "학교에서",
    "Σ",
    "İ",
]
TEXTS = st.one_of(st.text(st.characters()), st.lists(st.sampled_from(ODD), max_size=8).map("".join))


def name(tokenizer: Any) -> str:
    return f"{tokenizer.kind}-{tokenizer.units}"


@pytest.mark.parametrize("tokenizer", TRAINED, ids=name)
@settings(deadline=None)
@given(text=TEXTS)
@example(" \u2581\x10\ud800 학교")
def test_every_text_comes_back(tokenizer: Any, text: str) -> None:
    tokens = tokenizer.tokenize(text)
    words = tokenizer.words(text)
    assert words == [token.text for token in tokens]
    assert tokenizer.detokenize(tokens) == text
    assert tokenizer.detokenize([Token(word) for word in words]) == text
    spans = [(t.start, t.end) for t in tokens if t.start is not None]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert spans == sorted(spans)
    assert {i for span in spans for i in range(*span)} == set(range(len(text)))


@pytest.mark.parametrize("tokenizer", TRAINED[::2], ids=name)
def test_pieces_and_offsets_are_those_of_sentencepiece(tokenizer: Any) -> None:
    peer = SentencePieceProcessor(model_proto=tokenizer.model)
    for text in [*SENTENCES, "학교 😀 漢字 film", " 나는"]:
        pieces = peer.encode(text, out_type=str)
        assert tokenizer.words(text) == pieces
        assert peer.decode_pieces(pieces) == text
        for token in tokenizer.tokenize(text):
            if token.start is not None and not token.text.startswith("<0x"):
                surface = text[token.start : token.end]
                assert token.text.removeprefix("▁") == surface.removeprefix(" ")


def test_offsets_of_bytes_and_jamo_are_those_of_the_character() -> None:
    tokens = TRAINED[0].tokenize("a漢")
    assert [(t.start, t.end) for t in tokens if t.text.startswith("<0x")] == [(1, 2)] * 3
    for tokenizer in (TRAINED[1], TRAINED[3]):
        text = "나는 뷁 학교에서"
        for token in tokenizer.tokenize(text):
            if token.start is not None and not token.text.startswith("<0x"):
                surface = text[token.start : token.end]
                letters = hangul.decompose(surface.replace(" ", "▁"))
                assert token.text.removeprefix("▁") in letters


def test_lower_case_pieces_have_the_offsets_of_the_text() -> None:
    tokenizer = UnigramTokenizer(size=400, lower=True).train(SENTENCES)
    assert tokenizer.words("THE Film") == tokenizer.words("the film")
    tokens = tokenizer.tokenize("İ THE Film ΑΣ")
    assert tokenizer.detokenize(tokens) == "İ THE Film ΑΣ"
    assert tokens[-1].end == 13


@pytest.mark.parametrize("cls", CLASSES)
def test_training_is_deterministic_and_silent(cls: Any, capfd: pytest.CaptureFixture[str]) -> None:
    first, second = (cls(size=400).train(iter(SENTENCES)) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert first.is_trained
    assert not cls(size=400).is_trained
    assert first != cls(size=401).train(SENTENCES)
    assert len(repr(first)) < 300
    assert pickle.loads(pickle.dumps(first)) == first
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("cls", CLASSES)
def test_a_size_too_large_is_brought_down(cls: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        tokenizer = cls(size=100_000).train(SENTENCES)
    learnt = SentencePieceProcessor(model_proto=tokenizer.model).get_piece_size()
    assert 300 < learnt < 1_000
    assert f"fewer than 100000 pieces: the {cls.kind} tokenizer has {learnt}." in caplog.text
    assert cls(size=20_000).train(["a"]).words("ab") != []


@pytest.mark.parametrize("cls", CLASSES)
def test_a_size_too_small_names_the_smallest_that_works(cls: Any) -> None:
    with pytest.raises(SeqkitError, match=r"9 pieces are too few .* ask for \d+ or more") as told:
        cls(size=9).train(SENTENCES)
    least = int(str(told.value).rpartition("ask for ")[2].split()[0])
    assert cls(size=least).train(SENTENCES).words("나는") != []
    with pytest.raises(SeqkitError, match="too few"):
        cls(size=least - 1).train(SENTENCES)


@pytest.mark.parametrize("texts", [[], [""], ["  \n", "\t"], ["\0"]])
def test_no_text_is_told(texts: list[str]) -> None:
    with pytest.raises(SeqkitError, match="no text to learn pieces from"):
        UnigramTokenizer().train(texts)


def test_an_error_of_the_texts_is_not_hidden() -> None:
    def broken() -> Any:
        yield "나는"
        raise SeqkitError("line 2 is broken.")

    with pytest.raises(SeqkitError, match=r"^line 2 is broken\.$"):
        BpeTokenizer().train(broken())


def test_sampled_lines_are_a_part_and_the_same_each_time() -> None:
    lines = [f"line{i}" for i in range(1_000)]
    some = drawn(iter(lines), 100)
    assert len(set(some)) == 100
    assert some == drawn(lines, 100) != lines[:100]
    assert 350 < sum(int(line[4:]) for line in some) / 100 < 650
    assert drawn(lines, 2_000) == lines


def test_lines_that_sentencepiece_would_skip_are_learnt_from() -> None:
    texts = ["학교에서\t친구와\n영화를\0책을\u2585보고"] * 20
    assert max(map(len, BpeTokenizer(size=290).train(texts).words("친구와"))) >= 2
    long = BpeTokenizer(size=300).train(["학교에서 " * 100_000])
    assert long.words("학교에서") == ["▁학교에서"]


@pytest.mark.parametrize("cls", CLASSES)
def test_sampling_is_seeded_and_keeps_the_text(cls: Any) -> None:
    plain = cls(size=430).train(SENTENCES)
    tokenizer = cls(size=430, alpha=0.3, model=plain.model)
    assert tokenizer.words(SENTENCES[0]) == plain.words(SENTENCES[0])
    once, again, other = (tokenizer.sampled(SENTENCES, seed=seed) for seed in (1, 1, 2))
    assert once == again != other
    assert once != plain.sampled(SENTENCES, seed=1) == list(map(plain.words, SENTENCES))
    for text, pieces in zip(SENTENCES, once, strict=True):
        assert tokenizer.detokenize(list(map(Token, pieces))) == text


def test_saved_and_read_by_path(tmp_path: Path) -> None:
    for tokenizer in TRAINED:
        tokenizers.save(tokenizer, tmp_path / name(tokenizer))
        again = tokenizers.load(tmp_path / name(tokenizer))
        assert again == tokenizer
        assert again.words(SENTENCES[0]) == tokenizer.words(SENTENCES[0])
    (tmp_path / "mine.model").write_bytes(TRAINED[0].model)
    made = tokenizers.create("unigram", {"model": str(tmp_path / "mine.model"), "size": 430})
    assert made == TRAINED[0]


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SeqkitError, match=r"cannot read the model .*gone\.model: No such file"):
        tokenizers.create("bpe", {"model": str(tmp_path / "gone.model")})
    (tmp_path / "text.model").write_text("나는 학교에 갔다\n" * 10)
    with pytest.raises(SeqkitError, match=r"text\.model: .* not a SentencePiece model"):
        tokenizers.create("bpe", {"model": str(tmp_path / "text.model")})
    with pytest.raises(SeqkitError, match="not a SentencePiece model"):
        BpeTokenizer(model=b"\xff\xfe\0")
    with pytest.raises(SeqkitError, match="nbest must be -1 or at least 2"):
        tokenizers.create("unigram", {"nbest": 1})


def test_a_model_that_changes_texts_is_refused() -> None:
    import io

    from sentencepiece import SentencePieceTrainer

    model = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES), model_writer=model, vocab_size=60, minloglevel=2
    )
    with pytest.raises(SeqkitError, match="does not keep texts as they are"):
        UnigramTokenizer(model=model.getvalue())


@pytest.mark.parametrize("cls", CLASSES)
def test_untrained_says_how_to_train(cls: Any) -> None:
    for use in (cls().words, cls().tokenize):
        with pytest.raises(SeqkitError, match=f"seqkit vocab build --tokenizer {cls.kind}"):
            use("나는")
