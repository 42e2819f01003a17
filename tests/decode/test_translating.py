"""Decoding with attention, penalties and constraints, against brute force on tiny models."""

import math
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from seqkit.data.batch import Batch
from seqkit.decode import DecodeSettings, Ensemble, Hypothesis, decode, read
from seqkit.decode.rules import block_ngrams
from seqkit.errors import SeqkitError
from seqkit.models.translator import Translator, TranslatorSettings
from seqkit.settings import check, parse

V, BOS, END, PAD = 5, 1, 2, 0
SOURCES = [[3, 4, 3], [4], [3, 3, 4, 4, 4], [4, 3]]


def translator(attention: str = "general", seed: int = 0) -> Translator:
    torch.manual_seed(seed)
    small = ["embedding.size=6", "decoder.embedding.size=6", "encoder.hidden=4", "decoder.hidden=8"]
    chosen = parse(TranslatorSettings(), [*small, f"attention={attention}"])
    made = Translator(chosen, source_size=V, target_size=V, pad=PAD, unk=3, bos=BOS, eos=END)
    with torch.no_grad():
        for weight in made.parameters():
            weight.mul_(3)
    return made.double().eval()


def batch_of(sources: list[list[int]]) -> Batch:
    lengths = torch.tensor([len(source) for source in sources])
    ids = torch.full((len(sources), int(lengths.max())), PAD)
    for row, source in enumerate(sources):
        ids[row, : len(source)] = torch.tensor(source)
    return Batch(ids, lengths, np.arange(len(sources)), int(lengths.sum()))


def translate(
    model: Translator, sources: list[list[int]], chosen: DecodeSettings, **more: Any
) -> list[list[Hypothesis]]:
    with torch.inference_mode():
        start = read(model, [[BOS]] * len(sources), model.encode(batch_of(sources)))
    sizes = [len(source) for source in sources]
    return decode(model, start, [END], chosen, sources=sizes, **more)


@torch.inference_mode()
def followed(model: Translator, source: list[int], ids: tuple[int, ...]) -> tuple[float, Any]:
    """Return the log-probability of a sequence and its end, and the attention of each."""
    logs, state = model.step(torch.tensor([BOS]), model.encode(batch_of([source])))
    total, weights = 0.0, []
    for token in (*ids, END):
        total += float(logs[0, token])
        attended = model.attended(state)
        weights.append(np.zeros(len(source)) if attended is None else attended[0].numpy())
        logs, state = model.step(torch.tensor([token]), state)
    return total, np.array(weights)


@cache
@torch.inference_mode()
def every_sequence(
    attention: str, source: tuple[int, ...], longest: int
) -> dict[tuple[int, ...], tuple[float, Any]]:
    """Return the log-probability and attention of each sequence that ends, one step at a time."""
    model = translator(attention)
    found, begun = {}, [((), 0.0, [], BOS, model.encode(batch_of([list(source)])))]
    while begun:
        ids, total, weights, last, state = begun.pop()
        logs, after = model.step(torch.tensor([last]), state)
        attended = model.attended(after)
        assert attended is not None
        weights = [*weights, attended[0].numpy()]
        found[ids] = total + float(logs[0, END]), np.array(weights)
        if len(ids) < longest:
            for token in range(V):
                if token != END:
                    gained = float(logs[0, token])
                    begun.append(((*ids, token), total + gained, weights, token, after))
    assert len(found) == sum(4**n for n in range(longest + 1))
    return found


def brute_force(
    attention: str, source: list[int], longest: int, chosen: DecodeSettings
) -> dict[tuple[int, ...], float]:
    """Return every sequence that ends and its score, by Wu et al. 2016, equation 14."""
    found = {}
    for ids, (total, weights) in every_sequence(attention, tuple(source), longest).items():
        penalty = (5 + len(ids) + 1) ** chosen.length_penalty / 6**chosen.length_penalty
        covered = sum(math.log(min(share, 1.0)) for share in weights.sum(0))
        found[ids] = total / penalty + chosen.coverage_penalty * covered
    return found


@pytest.mark.parametrize("attention", ["general", "additive"])
@pytest.mark.parametrize("words", [{}, {"length_penalty": 0.7, "coverage_penalty": 0.4}])
def test_the_widest_beam_finds_the_best_under_both_penalties(
    attention: str, words: dict[str, float]
) -> None:
    longest, model = 3, translator(attention)
    chosen = DecodeSettings(beam=V**longest, answers=12, max_length=longest + 1, **words)
    every = translate(model, SOURCES, chosen)
    for source, hypotheses in zip(SOURCES, every, strict=True):
        true = brute_force(attention, source, longest, chosen)
        short = [h for h in hypotheses if len(h.ids) <= longest]
        best = sorted(true.items(), key=lambda item: -item[1])[: len(short)]
        assert len(short) > 1
        assert [h.ids for h in short] == [ids for ids, _ in best]
        assert [h.score for h in short] == pytest.approx([score for _, score in best])
        assert [h.score for h in hypotheses] == sorted((h.score for h in hypotheses), reverse=True)


def test_coverage_changes_what_is_best() -> None:
    model = translator("additive")
    plain, covered = (
        [h.ids for (h,) in translate(model, SOURCES, DecodeSettings(beam=125, max_length=5, **w))]
        for w in ({}, {"coverage_penalty": 5.0})
    )
    assert plain != covered


SETTINGS = [
    DecodeSettings(max_length=7),
    DecodeSettings(beam=4, answers=3, max_length=2, max_ratio=1.5, length_penalty=1.0),
    DecodeSettings(beam=3, answers=2, max_length=7, coverage_penalty=0.3, block_ngrams=2),
    DecodeSettings(beam=3, max_length=7, min_length=3, stop_after=1.0),
    DecodeSettings(temperature=1.0, answers=2, max_length=7, block_ngrams=1),
]


@pytest.mark.parametrize("attention", ["none", "general", "additive"])
@pytest.mark.parametrize("chosen", SETTINGS)
def test_the_others_in_a_batch_change_nothing(attention: str, chosen: DecodeSettings) -> None:
    if attention == "none":
        chosen = replace(chosen, coverage_penalty=0.0)
    model, prefixes = translator(attention), [[], [4], [], [3, 3]]
    together = translate(model, SOURCES, chosen, prefixes=prefixes)
    for order in ([3, 1, 0, 2], [2], [1, 0]):
        some, own = [SOURCES[i] for i in order], [prefixes[i] for i in order]
        found = translate(model, some, chosen, prefixes=own, keys=order)
        for i, hypotheses in zip(order, found, strict=True):
            assert [h.ids for h in hypotheses] == [h.ids for h in together[i]]
            for one, other in zip(hypotheses, together[i], strict=True):
                assert one.score == pytest.approx(other.score)
                assert one.ended == other.ended
                if attention == "none":
                    assert one.attention is other.attention is None
                else:
                    assert one.attention == pytest.approx(other.attention, abs=1e-6)


@pytest.mark.parametrize("words", [{}, {"beam": 4, "answers": 3}, {"temperature": 1.0}])
def test_each_token_keeps_what_it_attended_to(words: dict[str, float]) -> None:
    model = translator("additive")
    for source, hypotheses in zip(
        SOURCES, translate(model, SOURCES, DecodeSettings(max_length=6, **words)), strict=True
    ):
        for hypothesis in hypotheses:
            _, weights = followed(model, source, hypothesis.ids)
            assert hypothesis.attention is not None
            assert hypothesis.attention.shape == (len(hypothesis.ids), len(source))
            assert hypothesis.attention == pytest.approx(weights[:-1], abs=1e-6)


def repeats(ids: tuple[int, ...], size: int) -> bool:
    ngrams = [ids[i : i + size] for i in range(len(ids) - size + 1)]
    return len(set(ngrams)) < len(ngrams)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_no_ngram_is_written_twice(size: int) -> None:
    model, plain = translator(), DecodeSettings(beam=V**3, answers=25, max_length=4)
    every = translate(model, SOURCES, plain)
    blocked = translate(model, SOURCES, replace(plain, block_ngrams=size))
    assert size == 3 or any(repeats(h.ids, size) for row in every for h in row)
    for source, hypotheses in zip(SOURCES, blocked, strict=True):
        assert not any(repeats(h.ids, size) for h in hypotheses)
        short = [h.ids for h in hypotheses if len(h.ids) <= 3]
        true = brute_force("general", source, 3, plain)
        allowed = sorted((i for i in true if not repeats(i, size)), key=lambda i: -true[i])
        assert short == allowed[: len(short)]
    for words in ({"beam": 1, "answers": 1}, {"temperature": 2.0, "beam": 1}):
        chosen = replace(plain, max_length=9, block_ngrams=size, **words)
        for row in translate(model, SOURCES, chosen):
            assert not any(repeats(h.ids, size) for h in row)


def test_blocking_looks_at_each_row_alone() -> None:
    written = torch.tensor([[3, 4, 3], [4, 3, 3], [3, 3, 3]])
    logs = block_ngrams(torch.zeros(3, V), written, 2)
    assert [row.isinf().nonzero()[:, 0].tolist() for row in logs] == [[4], [3], [3]]


PREFIXES = [[4, 0], [], [3], [4, 4, 4]]


@pytest.mark.parametrize("words", [{"length_penalty": 0.5}, {"min_length": 2}])
def test_a_forced_beginning_is_that_of_every_answer(words: dict[str, float]) -> None:
    model = translator()
    chosen = DecodeSettings(beam=V**3, answers=6, max_length=4, **words)
    found = translate(model, SOURCES, chosen, prefixes=PREFIXES)
    for source, prefix, hypotheses in zip(SOURCES, PREFIXES, found, strict=True):
        true = brute_force("general", source, 3, chosen)
        least = chosen.min_length
        allowed = [i for i in true if list(i[: len(prefix)]) == prefix and len(i) >= least]
        allowed.sort(key=lambda i: -true[i])
        short = [h for h in hypotheses if len(h.ids) <= 3]
        assert [h.ids for h in short] == allowed[: len(short)]
        assert [h.score for h in short] == pytest.approx([true[h.ids] for h in short])
    for other in (DecodeSettings(max_length=6), DecodeSettings(temperature=3.0, answers=5)):
        found = translate(model, SOURCES, other, prefixes=PREFIXES)
        for prefix, hypotheses in zip(PREFIXES, found, strict=True):
            assert all(list(h.ids[: len(prefix)]) == prefix for h in hypotheses)


def test_a_forced_beginning_stands_above_other_rules() -> None:
    def never_four(logs: Tensor, _written: Tensor, _prompts: Tensor) -> Tensor:
        logs[:, 4] = -torch.inf
        return logs

    chosen = DecodeSettings(beam=3, max_length=5, block_ngrams=1)
    every = translate(translator(), [[3]], chosen, prefixes=[[4, 4]], filters=[never_four])
    assert every[0][0].ids[:2] == (4, 4)
    assert 4 not in every[0][0].ids[2:]


@pytest.mark.parametrize("words", [{}, {"beam": 4, "answers": 4}, {"temperature": 1.0}])
def test_the_greatest_length_goes_by_the_source(words: dict[str, float]) -> None:
    model = translator()
    chosen = DecodeSettings(min_length=1, max_length=1, max_ratio=0.7, **words)
    with torch.no_grad():
        model.decoder.softmax.bias[END] -= 50  # it would go on for ever
    for source, row in zip(SOURCES, translate(model, SOURCES, chosen), strict=True):
        assert {len(h.ids) for h in row} == {1 + math.ceil(0.7 * len(source))}
        assert not any(h.ended for h in row)


def test_enough_found_is_enough() -> None:
    """With a strong length penalty a search goes on for long, unless it is told to stop."""
    model, steps = translator(), []
    inner = model.step

    def counted(ids: Tensor, state: Any) -> Any:
        steps.append(len(ids))
        return inner(ids, state)

    model.step = counted  # type: ignore[method-assign]
    chosen = DecodeSettings(beam=3, max_length=60, length_penalty=1.0)
    translate(model, SOURCES, chosen)
    long = len(steps)
    steps.clear()
    found = translate(model, SOURCES, replace(chosen, stop_after=1.0))
    assert len(steps) < long
    assert all(h.ended for row in found for h in row)


@pytest.mark.parametrize("attention", ["none", "general"])
@pytest.mark.parametrize("words", [{}, {"beam": 3, "answers": 3}, {"temperature": 1.0}])
def test_a_model_twice_is_the_model(attention: str, words: dict[str, float]) -> None:
    model, chosen = translator(attention), DecodeSettings(max_length=6, **words)
    alone = translate(model, SOURCES, chosen)
    state = model.encode(batch_of(SOURCES))
    twice = Ensemble([model, model])
    with torch.inference_mode():
        start = read(twice, [[BOS]] * len(SOURCES), (state, state))
    found = decode(twice, start, [END], chosen, sources=[len(s) for s in SOURCES])
    for one, other in zip(alone, found, strict=True):
        assert [h.ids for h in one] == [h.ids for h in other]
        assert [h.score for h in one] == pytest.approx([h.score for h in other])
        if attention != "none":
            for a, b in zip(one, other, strict=True):
                assert a.attention == pytest.approx(b.attention)


@torch.inference_mode()
def test_an_ensemble_says_the_mean_of_what_its_models_say() -> None:
    models = [translator("general", 1), translator("additive", 2), translator("dot", 3)]
    states = tuple(model.encode(batch_of(SOURCES)) for model in models)
    together = Ensemble(models)
    for token in (BOS, 3, 4):
        ids = torch.full((len(SOURCES),), token)
        pairs = [model.step(ids, state) for model, state in zip(models, states, strict=True)]
        logs, states = together.step(ids, states)
        mean = torch.stack([one.exp() for one, _ in pairs]).mean(0)
        assert torch.allclose(logs.exp(), mean)
        weights = [model.attended(after) for model, (_, after) in zip(models, pairs, strict=True)]
        attended = together.attended(states)
        assert attended is not None
        assert torch.allclose(attended, torch.stack([w for w in weights if w is not None]).mean(0))
    inattentive = translator("none")
    mixed = Ensemble([models[0], inattentive])
    start = (states[0], inattentive.encode(batch_of(SOURCES)))
    assert mixed.attended(mixed.step(ids, start)[1]) is None


def test_an_ensemble_searches_as_one() -> None:
    models, chosen = [translator(seed=1), translator(seed=2)], DecodeSettings(beam=3, max_length=6)
    together = Ensemble(models)
    for row, source in enumerate(SOURCES):
        states = tuple(model.encode(batch_of(SOURCES)) for model in models)
        with torch.inference_mode():
            every = decode(together, read(together, [[BOS]] * len(SOURCES), states), [END], chosen)
        (best,) = every[row]
        mean = [0.0]
        for prefix in range(len(best.ids) + 1):
            token = (*best.ids, END)[prefix]
            if prefix == len(best.ids) and not best.ended:
                break
            shares = []
            for model in models:
                with torch.inference_mode():
                    logs, state = model.step(torch.tensor([BOS]), model.encode(batch_of([source])))
                    for before in best.ids[:prefix]:
                        logs, state = model.step(torch.tensor([before]), state)
                shares.append(float(logs[0, token].exp()))
            mean.append(math.log(sum(shares) / 2))
        assert best.log_probability == pytest.approx(sum(mean))


def test_the_memory_of_a_sentence_is_neither_repeated_nor_reordered() -> None:
    model, seen = translator(), []
    inner = model.step

    def watched(ids: Tensor, state: Any) -> Any:
        seen.append((len(ids), len(state[1][0]), state[1][0].data_ptr()))
        return inner(ids, state)

    model.step = watched  # type: ignore[method-assign]
    translate(model, SOURCES, DecodeSettings(beam=3, max_length=6, min_length=4))
    assert {rows for rows, _, _ in seen[2:4]} == {12}
    assert {sentences for _, sentences, _ in seen[:4]} == {4}
    assert len({place for _, _, place in seen[:4]}) == 1
    for (_, before, _), (_, after, _) in pairwise(seen):
        assert after <= before


@pytest.mark.parametrize(
    ("words", "more", "message"),
    [
        ({"coverage_penalty": 0.2, "beam": 2}, {}, "coverage_penalty needs a model with attention"),
        ({"max_ratio": 2.0}, {"sources": None}, "max_ratio needs a source"),
        ({"max_length": 2}, {"prefixes": [[3, 4, 3]]}, "a prefix of 3 tokens is longer than the 2"),
    ],
)
def test_what_a_model_cannot_do_is_refused(
    words: dict[str, float], more: dict[str, Any], message: str
) -> None:
    model = translator("none")
    start = read(model, [[BOS]], model.encode(batch_of([[3]])))
    with pytest.raises(SeqkitError, match=message):
        decode(model, start, [END], DecodeSettings(**words), **more)


def test_calls_without_sense_are_refused() -> None:
    model = translator()
    start = read(model, [[BOS]], model.encode(batch_of([[3]])))
    with pytest.raises(ValueError, match="at least one token that ends"):
        decode(model, start, [], DecodeSettings())
    with pytest.raises(ValueError, match="a prefix cannot hold a token that ends"):
        decode(model, start, [END], DecodeSettings(), prefixes=[[3, END]])
    with pytest.raises(ValueError, match="1 row"):
        decode(model, start, [END], DecodeSettings(), prefixes=[[3], [4]])
    with pytest.raises(ValueError, match="1 row"):
        decode(model, start, [END], DecodeSettings(), sources=[1, 1])
    with pytest.raises(SeqkitError, match="an ensemble needs at least one model"):
        Ensemble([])


def test_models_of_other_vocabularies_cannot_write_together() -> None:
    class Still:
        def __init__(self, size: int) -> None:
            self.size = size

        def step(self, ids: Tensor, state: Any) -> Any:
            return torch.zeros(len(ids), self.size), state

    both = Ensemble([Still(4), Still(6)])
    with pytest.raises(SeqkitError, match="of 4 and 6 tokens cannot write together"):
        both.step(torch.tensor([1]), (torch.zeros(1, 1), torch.zeros(1, 1)))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"beam": 0}, "'beam' = 0: input should be greater than or equal to 1"),
        ({"block_ngrams": -1}, "'block_ngrams' = -1"),
        ({"coverage_penalty": -0.1}, "'coverage_penalty' = -0.1"),
        ({"max_length": 0}, "'max_length' = 0"),
        ({"max_ratio": -1}, "'max_ratio' = -1"),
    ],
)
def test_settings_out_of_range(words: dict[str, float], message: str) -> None:
    with pytest.raises(SeqkitError, match=message):
        check(DecodeSettings, words)
