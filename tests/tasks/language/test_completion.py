"""Next words and sentences, against sums over everything a tiny model can write."""

from collections import Counter
from collections.abc import Sequence
from itertools import product
from random import Random as Draw
from typing import Any

import pytest
import torch
from torch import Tensor

from seqkit.decode import DecodeSettings
from seqkit.errors import SeqkitError
from seqkit.tasks.language.completion import Completer, WritingSettings
from seqkit.tasks.language.next_word import asked, next_words
from seqkit.tasks.language.spelling import Units, ways
from seqkit.text.joining import Joiner
from seqkit.text.tokenizer import Token, Tokens, create
from seqkit.text.vocabulary import Vocabulary

SPECIALS = ("pad", "unk", "eos")
EOS = 2


class Random:
    """A random recurrent model in float64."""

    def __init__(self, size: int, seed: int, sharp: float = 2.0) -> None:
        draw = torch.Generator().manual_seed(seed)
        self.table = torch.randn(size, 6, generator=draw, dtype=torch.float64)
        self.inner = torch.randn(6, 6, generator=draw, dtype=torch.float64)
        self.outer = sharp * torch.randn(6, size, generator=draw, dtype=torch.float64)

    def initial_state(self, batch: int) -> tuple[Tensor]:
        return (torch.zeros(batch, 6, dtype=torch.float64),)

    def step(self, ids: Tensor, state: tuple[Tensor]) -> tuple[Tensor, tuple[Tensor]]:
        h = torch.tanh(self.table[ids] + state[0] @ self.inner)
        return torch.log_softmax(h @ self.outer, 1), (h,)

    def after(self, ids: Sequence[int]) -> Tensor:
        state = self.initial_state(1)
        for token in ids:
            logs, state = self.step(torch.tensor([token]), state)
        return logs[0]


class Pieces:
    """Subwords of a tiny vocabulary, cut greedily; ``pieces`` and ``numbers`` make it one."""

    known = ("▁", "▁a", "▁ab", "a", "b", "ab", "▁b")

    def pieces(self) -> list[str]:
        return list(self.known)

    def numbers(self, texts: Sequence[str]) -> list[list[int]]:
        return [[self.known.index(word) for word in self.words(text)] for text in texts]

    def words(self, text: str) -> list[str]:
        left, found = "▁" + text.replace(" ", "▁"), []
        while left:
            found.append(max((p for p in self.known if left.startswith(p)), key=len, default="?"))
            left = left[len(found[-1]) :]
        return found

    def tokenize(self, text: str) -> Tokens:
        return Tokens(map(Token, self.words(text)), text)

    def detokenize(self, tokens: Sequence[Token]) -> str:
        return "".join(t.text for t in tokens).removeprefix("▁").replace("▁", " ")


def syllables(seed: int = 0) -> Completer:
    vocabulary = Vocabulary(("가", "나", " ", "."), (9, 8, 7, 1), SPECIALS)
    return Completer(Random(7, seed), Joiner(create("syllable"), vocabulary), EOS)


def subwords(seed: int = 0) -> Completer:
    known = Pieces.known
    vocabulary = Vocabulary(known, (1,) * len(known), SPECIALS)
    return Completer(Random(len(vocabulary), seed), Joiner(Pieces(), vocabulary), EOS)


def brute_force(
    made: Completer, before: list[int], first: list[int], ends: list[int], longest: int
) -> Counter[str]:
    """Sum the probabilities of all ways to write each word of at most so many units."""
    model: Any = made.model
    shares: Counter[str] = Counter()
    inside = [i for i in range(3, len(made.joiner.vocabulary)) if i not in ends]
    known = model.after(before).exp()
    total = float(known[[*first, 1]].sum())  # the unknown word may come, and is not offered
    for length in range(1, longest + 1):
        for rest in product(inside, repeat=length - 1):
            for start in first:
                share, ids = float(known[start]) / total, [*before, start]
                for token in rest:
                    share *= float(model.after(ids)[token].exp())
                    ids.append(token)
                share *= float(model.after(ids)[ends].exp().sum())
                shares[made.joiner.join(ids[len(before) :]).strip()] += share
    return shares


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_probability_of_a_word_of_syllables(seed: int) -> None:
    made = syllables(seed)
    a, b, space, dot = 3, 4, 5, 6
    (found,) = made.words(["가 나"], 4, beam=400)
    true = brute_force(made, [EOS, a, space, b, space], [a, b, dot], [space, EOS], 5)
    assert len(found) == 4
    for word, (text, share) in zip(found, true.most_common(4), strict=True):
        assert word.text == text
        assert word.probability == pytest.approx(share)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_probability_of_a_word_of_pieces_sums_over_its_ways(seed: int) -> None:
    made = subwords(seed)
    begin = [3, 4, 5, 9]
    before = [EOS, *made.joiner.vocabulary.ids(["▁ab", "▁b"])]
    (found,) = made.words(["ab b"], 40, beam=3000)
    true = brute_force(made, before, begin, [*begin, EOS], 4)
    shown = {word.text: word.probability for word in found}
    for text in ("a", "ab", "b", "ba"):
        # those longer than four pieces are not in the sum; of these words there are few
        assert shown[text] == pytest.approx(true[text], rel=1e-6)
    assert [w.probability for w in found] == sorted((w.probability for w in found), reverse=True)
    assert len({w.text for w in found}) == len(found)


@pytest.mark.parametrize("make", [syllables, subwords])
def test_a_space_at_the_end_of_a_prompt_changes_no_word(make: Any) -> None:
    made = make()
    prompt = "가 나" if make is syllables else "ab b"
    one, other, third = made.words([prompt, prompt + " ", prompt + " \n "], 5)
    assert one == other == third


@pytest.mark.parametrize("make", [syllables, subwords])
def test_prompts_in_a_batch_do_not_change_each_other(make: Any) -> None:
    made = make(4)
    prompts = ["가", "나 가나", "", "가 나 가"] if make is syllables else ["a", "b ab", "", "a b"]
    chosen = DecodeSettings(beam=4, answers=2, max_length=8)
    drawn = DecodeSettings(temperature=1.0, answers=3, max_length=8, seed=3)
    words = made.words(prompts, 3)
    for i, prompt in enumerate(prompts):
        (alone,) = made.words([prompt], 3)
        assert [w.text for w in alone] == [w.text for w in words[i]]
        assert [w.probability for w in alone] == pytest.approx([w.probability for w in words[i]])
        for settings in (chosen, drawn):
            together = made.sentences(prompts, settings)[i]
            (single,) = made.sentences([prompt], settings)
            assert [s.text for s in single] == [s.text for s in together]


@pytest.mark.parametrize("make", [syllables, subwords])
def test_an_unfinished_word_is_completed(make: Any) -> None:
    made = make(1)
    prompt, beginning = ("가 나", "나") if make is syllables else ("b a", "a")
    (whole,) = made.words([prompt], 9)
    (found,) = made.words([prompt], 9, beam=200, unfinished=True)
    assert found != whole
    assert found
    assert all(word.text.startswith(beginning) for word in found)
    assert sum(word.probability for word in found) <= 1 + 1e-9
    (sentence,) = made.sentences([prompt], DecodeSettings(max_length=6), unfinished=True)[0]
    assert sentence.text.startswith(prompt)
    (after_space,) = made.words([prompt + " "], 9, unfinished=True)
    (next_one,) = made.words([prompt], 9)
    assert after_space == next_one  # nothing is unfinished there


def test_the_share_of_an_unfinished_word_is_given_its_beginning() -> None:
    made = syllables(1)
    a, b, space = 3, 4, 5
    (found,) = made.words(["가 나"], 3, beam=300, unfinished=True)
    model: Any = made.model
    true = brute_force(made, [EOS, a, space], [b], [space, EOS], 6)
    logs = model.after([EOS, a, space]).exp()
    scale = float(logs[[b, 1]].sum() / logs[b])  # `first` was renormalised with <unk> there
    for word in found:
        assert word.probability == pytest.approx(true[word.text] * scale, rel=1e-6)


@pytest.mark.parametrize("tokenizer", ["whitespace", "word"])
def test_an_unfinished_whole_word_is_no_shorter_one(tokenizer: str) -> None:
    known = ("this", "a", "an", "any", "and", "new", "xyl", "x", ",")
    vocabulary = Vocabulary(known, (1,) * len(known), SPECIALS)
    made = Completer(Random(len(vocabulary), 2), Joiner(create(tokenizer), vocabulary), EOS)
    (found,) = made.words(["this an"], 9, beam=200, unfinished=True)
    assert {word.text for word in found if "," not in word.text} == {"an", "any", "and"}
    model: Any = made.model
    shares = model.after([EOS, *vocabulary.ids(["this"])]).exp()[
        vocabulary.ids(["an", "any", "and"])
    ]
    after = dict(zip(("an", "any", "and"), (shares / shares.sum()).tolist(), strict=True))
    if tokenizer == "whitespace":  # over with any other unit but <pad> and <unk>
        given = {word.text: word.probability for word in found}
        assert given == pytest.approx(after, rel=1e-3)
    (sentences,) = made.sentences(
        ["this an"], DecodeSettings(max_length=5, beam=6, answers=6), unfinished=True
    )
    assert len(sentences) == 6
    assert all(s.text.split()[1].rstrip(",") in after for s in sentences)
    dead_end = made.words(["this xy"], 9, unfinished=True)[0]  # not x, which nothing ends
    assert [word.text for word in dead_end if "," not in word.text] == ["xyl"]


def test_an_unfinished_word_keeps_what_stands_before_its_last_token() -> None:
    known = ("this", "a", "an", "any", "(", ",")
    vocabulary = Vocabulary(known, (1,) * len(known), SPECIALS)
    made = Completer(Random(len(vocabulary), 2), Joiner(create("word"), vocabulary), EOS)
    (found,) = made.words(["this (an"], 9, beam=200, unfinished=True)
    assert {word.text for word in found if "," not in word.text} == {"(an", "(any"}
    (sentences,) = made.sentences(["this (an"], DecodeSettings(max_length=5), unfinished=True)
    assert sentences[0].text.startswith("this (an")


@pytest.mark.parametrize("seed", range(20))
def test_units_that_can_spell_the_rest_of_a_word(seed: int) -> None:
    draw = Draw(seed)
    units = {"".join(draw.choices("ab", k=draw.randint(1, 3))) for _ in range(6)}
    first = Units((unit, number) for number, unit in enumerate(sorted(units)))
    some = sorted(units)[::2]
    inside = Units((unit, number) for unit, number in first.ids.items() if unit in some)
    text = "".join(draw.choices("ab", k=draw.randint(1, 5)))

    def spelt(rest: str) -> bool:
        return any(
            u.startswith(rest) or (rest.startswith(u) and spelt(rest[len(u) :])) for u in some
        )

    expected = [
        number
        for unit, number in first.ids.items()
        if unit.startswith(text) or (text.startswith(unit) and spelt(text[len(unit) :]))
    ]
    assert sorted(ways(text, first, inside)) == expected


def test_a_very_long_beginning_counts_as_a_word() -> None:
    made, text = syllables(1), "가" * 4000
    assert made._unfinished(text) is None
    assert made.words([text], 3, unfinished=True) == made.words([text], 3)


def test_jamo_go_on_with_a_syllable() -> None:
    tokenizer = create("jamo")
    words = tuple(dict.fromkeys(tokenizer.words("지 직 각을했다 .")))
    vocabulary = Vocabulary(words, (1,) * len(words), SPECIALS)
    made = Completer(Random(len(vocabulary), 0, 0.5), Joiner(tokenizer, vocabulary), EOS)
    (found,) = made.words(["지"], 200, beam=800, unfinished=True)
    assert {"지", "직"} <= {word.text for word in found}
    prompt = made._unfinished("각을 지")
    assert prompt is not None
    final = vocabulary.ids(tokenizer.words("직"))[-1]
    begun = vocabulary.ids(tokenizer.words("지"))
    assert made._written(prompt, [*begun, final]) == "각을 직"
    stands = made._as_it_stands("각을 지", unfinished=False)
    assert made._written(stands, [final]) == "각을 직"


def test_sentences_are_the_best_and_begin_with_the_prompt() -> None:
    made = syllables(3)
    chosen = DecodeSettings(beam=600, answers=3, max_length=5)
    prompt = [EOS, *made.joiner.vocabulary.ids(["가"])]
    model: Any = made.model
    scores: dict[str, float] = {}
    for length in range(1, 4):  # it goes on
        for ids in product([3, 4, 5, 6], repeat=length):
            total, text = 0.0, list(prompt)
            stopped = False
            for token in ids:
                logs = model.after(text)
                if text[-1] == 6 and len(text) > len(prompt) and token == 5:
                    stopped = True  # a new word after a full stop: the sentence was over before
                total += float(logs[token])
                text.append(token)
            if stopped:
                continue
            ends = [EOS, 5] if ids and ids[-1] == 6 else [EOS]
            total += float(model.after(text)[ends].logsumexp(0))
            scores["".join(["가", *(["가", "나", " ", "."][i - 3] for i in ids)])] = total
    best = sorted(scores.items(), key=lambda item: -item[1])
    (found,) = made.sentences(["가"], chosen)
    ended = [s for s in found if s.ended and len(s.text) <= 4]
    assert ended
    for sentence in ended:
        assert sentence.log_probability == pytest.approx(
            next(score for text, score in best if text.rstrip() == sentence.text)
        )


def test_a_sentence_goes_on_after_its_prompt() -> None:
    made = syllables(3)
    eos_first = Completer(Ending(made.model), made.joiner, EOS)  # type: ignore[arg-type]
    for chosen in (DecodeSettings(max_length=4), DecodeSettings(max_length=4, temperature=1.0)):
        open_, over = eos_first.sentences(["가", "가."], chosen)
        assert open_[0].text.startswith("가")
        assert len(open_[0].text) > 1
        assert over[0].text == "가."


class Ending:
    """A model that says almost surely that the text is over."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.initial_state = model.initial_state

    def step(self, ids: Any, state: Any) -> Any:
        logs, state = self.model.step(ids, state)
        logs = logs.clone()
        logs[:, EOS] += 60
        logs[:, 5] = -60  # white space, which would not be seen
        return logs.log_softmax(1), state


def test_lemmas_sum_what_begins_with_forms_of_one_word() -> None:
    known = ("하/VV", "하/VX", "었/EP", "다/EF", "밥/NNG", "더/MAG", "돕/VV-I", "했/VV+EP")
    vocabulary = Vocabulary(known, (1,) * len(known), SPECIALS)
    made = Completer(
        Random(len(vocabulary), 3),
        Joiner(create("kiwi", {"attach_tag": True}), vocabulary),
        EOS,
    )
    model: Any = made.model
    shares = model.after([EOS]).exp()
    shares[[0, EOS, *vocabulary.ids(["었/EP", "다/EF"])]] = 0.0  # none of them begins a word
    shares /= shares.sum()  # the unknown word has its share, and is not offered
    each = dict(zip(known, shares[len(SPECIALS) :].tolist(), strict=True))
    expected = {
        "하다": each["하/VV"] + each["하/VX"],
        "밥": each["밥/NNG"],
        "더": each["더/MAG"],
        "돕다": each["돕/VV-I"],
        "했": each["했/VV+EP"],  # several morphemes in one: as it is
    }
    (found,) = made.lemmas([""], 9)
    assert {word.text: word.probability for word in found} == pytest.approx(expected)
    assert [word.text for word in found] == sorted(expected, key=lambda text: -expected[text])
    assert made.lemmas([""], 2) == [found[:2]]


def test_what_is_unknown_is_told_and_kept() -> None:
    made = syllables()
    assert made.unknown("가 뷁뷁 나") == ["뷁"]
    (sentence,) = made.sentences(["뷁 가"], DecodeSettings(max_length=3))[0]
    assert sentence.text.startswith("뷁 가")
    (words,) = made.words(["뷁"], 5)
    assert words
    assert all("<" not in word.text for word in words)


def test_settings_of_writing() -> None:
    assert WritingSettings().decoding.beam == 8
    assert WritingSettings(sentences=20).decoding.beam == 20
    assert WritingSettings(temperature=1.0, sentences=3).decoding.answers == 3
    with pytest.raises(SeqkitError, match="set a temperature too"):
        WritingSettings(top_p=0.5)
    with pytest.raises(SeqkitError, match="beam=9"):
        WritingSettings(sentences=9, beam=2)


def test_the_words_asked_for_are_those_of_whole_lines_spread_over_the_text() -> None:
    texts = [f"line{i} a  b" if i % 3 else f"line{i} a\n\nx{i}" for i in range(30)]
    every = asked(texts, 10_000)
    assert [word for _, word in every] == " ".join(texts).split()
    assert ("line1 a  ", "b") in every
    assert ("", "x3") in every
    some = asked(texts, 30)
    assert set(some) <= set(every)
    assert 24 <= len(some) <= 40
    assert [before for before, _ in some].count("") > 8
    assert asked([], 5) == []


def test_accuracy_counts_the_very_word() -> None:
    made = syllables(2)
    prompts = ["", "가 ", "나 가 ", "가나 ", "나 "]
    answers = made.words(prompts, 5)
    pairs = [(p, words[i].text) for i, (p, words) in enumerate(zip(prompts, answers, strict=True))]
    found = next_words(made, [*pairs, ("가 ", "없는말")])
    assert found.words == 6
    assert found.top1 == pytest.approx(1 / 6)
    assert found.top5 == pytest.approx(5 / 6)
