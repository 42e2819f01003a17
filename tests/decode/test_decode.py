"""Decoding, against brute force, formulas and one prompt at a time."""

from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from seqkit.decode import (
    DecodeSettings,
    Hypothesis,
    Start,
    decode,
    distribution,
    forbid,
    joined,
    read,
    select,
    uniform,
)
from seqkit.decode.beam import beam_search
from seqkit.decode.hypothesis import Ranking
from seqkit.decode.rules import Rules
from seqkit.errors import SeqkitError

V, END = 4, 0


class Tiny:
    """A random recurrent model in float64; it counts the rows that it was asked to step."""

    def __init__(self, seed: int = 0, vocabulary: int = V) -> None:
        draw = torch.Generator().manual_seed(seed)
        self.table = torch.randn(vocabulary, 5, generator=draw, dtype=torch.float64)
        self.inner = torch.randn(5, 5, generator=draw, dtype=torch.float64)
        self.outer = 2 * torch.randn(5, vocabulary, generator=draw, dtype=torch.float64)
        self.steps: list[int] = []

    def initial_state(self, batch: int) -> tuple[tuple[Tensor], Tensor]:
        return (torch.zeros(batch, 5, dtype=torch.float64),), torch.zeros(batch, 1)

    def step(
        self, ids: Tensor, state: tuple[tuple[Tensor], Tensor]
    ) -> tuple[Tensor, tuple[tuple[Tensor], Tensor]]:
        self.steps.append(len(ids))
        (h,), count = state
        # row by row, so that the numbers do not depend on the batch, to the last bit
        h = torch.stack([torch.tanh(self.table[i] + h[r] @ self.inner) for r, i in enumerate(ids)])
        rows = [torch.log_softmax(row @ self.outer, 0) for row in h]
        return torch.stack(rows), ((h,), count + 1)


def begin(model: Tiny, prompts: list[list[int]]) -> Start:
    return read(model, prompts, model.initial_state(len(prompts)))


def brute_force(
    model: Tiny, prompt: list[int], longest: int, alpha: float = 0.0, ends: tuple[int, ...] = (END,)
) -> dict[tuple[int, ...], float]:
    """Return every sequence that has ended and its score, one step at a time."""
    found = {}
    inside = [token for token in range(len(model.table)) if token not in ends]
    for length in range(longest + 1):
        for ids in product(inside, repeat=length):
            logs, state = begin(model, [prompt])
            total = 0.0
            for token in ids:
                total += float(logs[0, token])
                logs, state = model.step(torch.tensor([token]), state)
            total += float(logs[0, list(ends)].logsumexp(0))
            found[ids] = total / ((5 + length + 1) / 6) ** alpha
    return found


@pytest.mark.parametrize("alpha", [0.0, 0.8])
@pytest.mark.parametrize("ends", [(END,), (0, 2)])
def test_a_beam_as_wide_as_all_sequences_finds_the_best(
    alpha: float, ends: tuple[int, ...]
) -> None:
    longest, model, prompts = 4, Tiny(1), [[1, 2], [3], [2, 2, 1]]
    chosen = DecodeSettings(
        beam=V**longest, answers=12, max_length=longest + 1, length_penalty=alpha
    )
    every = decode(model, begin(model, prompts), ends, chosen)
    for prompt, hypotheses in zip(prompts, every, strict=True):
        true = brute_force(model, prompt, longest, alpha, ends)
        short = [h for h in hypotheses if len(h.ids) <= longest]
        assert len(short) > 3
        expected = sorted(true.items(), key=lambda item: -item[1])[: len(short)]
        assert [h.ids for h in short] == [ids for ids, _ in expected]
        assert [h.score for h in short] == pytest.approx([score for _, score in expected])
        assert all(h.ended for h in short)


def test_a_narrow_beam_is_a_plainbeam_search() -> None:
    """Against one written for one prompt, with lists."""
    model = Tiny(5)
    for prompt in ([1], [2, 3], [3, 1, 1]):
        chosen = DecodeSettings(beam=3, answers=2, max_length=6)
        (ours,) = decode(model, begin(model, [prompt]), [END], chosen)
        live, finished = [(0.0, (), *begin(model, [prompt]))], []
        for _ in range(6):
            ways = []
            for total, ids, logs, state in live:
                ways += [(total + float(logs[0, t]), (*ids, t), state) for t in range(V)]
            ways.sort(key=lambda way: -way[0])
            finished += [way[:2] for way in ways[:3] if way[1][-1] == END]
            live = []
            for total, ids, state in [w for w in ways[:6] if w[1][-1] != END][:3]:
                live.append((total, ids, *model.step(torch.tensor([ids[-1]]), state)))
        cut = [(total + (float(logs[0, END]) if logs[0].argmax() == END else 0.0), ids)
               for total, ids, logs, _ in live]  # fmt: skip
        best = sorted(finished + cut, reverse=True)[:2]
        assert [h.log_probability for h in ours] == pytest.approx([total for total, _ in best])
        stripped = [ids[:-1] if ids[-1] == END else ids for _, ids in best]
        assert [h.ids for h in ours] == stripped


def test_greedy_takes_the_best_token_and_equals_a_beam_of_one() -> None:
    model = Tiny(2)
    for prompt in ([1], [2], [3, 3]):
        logs, state = begin(model, [prompt])
        ids: list[int] = []
        while (token := int(logs[0].argmax())) != END and len(ids) < 7:
            ids.append(token)
            logs, state = model.step(torch.tensor([token]), state)
        chosen = DecodeSettings(max_length=7)
        (greedy,) = decode(model, begin(model, [prompt]), [END], chosen)
        rules, ranking = Rules(chosen, [END], torch.tensor([7])), Ranking(chosen, None)
        (beam,) = beam_search(model, begin(model, [prompt]), rules, ranking, chosen)
        assert greedy[0].ids == beam[0].ids == tuple(ids)
        assert greedy[0].ended == beam[0].ended == (token == END)
        assert greedy[0].log_probability == pytest.approx(beam[0].log_probability)


SETTINGS = [
    DecodeSettings(max_length=9),
    DecodeSettings(beam=4, answers=3, max_length=9),
    DecodeSettings(beam=4, answers=2, max_length=9, length_penalty=1.0, min_length=2),
    DecodeSettings(temperature=1.3, answers=3, max_length=9, seed=7),
    DecodeSettings(temperature=0.8, top_k=3, top_p=0.9, answers=2, max_length=9, seed=1),
]


@pytest.mark.parametrize("chosen", SETTINGS)
def test_the_others_in_a_batch_change_nothing(chosen: DecodeSettings) -> None:
    model, prompts = Tiny(3, 7), [[1, 2, 3], [2], [5, 6], [4, 4, 4, 4], [6]]
    keys = [10 + len(prompt) * 7 + prompt[0] for prompt in prompts]
    together = decode(model, begin(model, prompts), [END], chosen, keys=keys)
    for order in ([4, 2, 0, 1, 3], [3], [1, 0]):
        some = [prompts[i] for i in order]
        found = decode(model, begin(model, some), [END], chosen, keys=[keys[i] for i in order])
        assert found == [together[i] for i in order]


def test_every_token_costs_a_step_and_what_is_finished_leaves() -> None:
    model, prompts = Tiny(3, 7), [[1, 2, 3], [2], [5, 6], [4]]
    start = begin(model, prompts)
    assert model.steps == [4, 2, 1]  # a prompt is read once, and leaves when it is over
    for chosen in (DecodeSettings(max_length=12), DecodeSettings(temperature=1.0, max_length=12)):
        model.steps.clear()
        found = [h for (h,) in decode(model, start, [END], chosen)]
        lengths = [len(h.ids) for h in found]
        assert len(set(lengths)) > 1
        assert model.steps == [sum(n > t for n in lengths) for t in range(max(lengths))]
    model.steps.clear()
    decode(model, start, [END], DecodeSettings(beam=3, max_length=12))
    assert all(later <= 12 for later in model.steps)
    assert model.steps[-1] < 12


def test_min_and_max_length() -> None:
    model = Tiny(4)
    start = begin(model, [[1], [2], [3]])
    for chosen in (
        DecodeSettings(min_length=3, max_length=5),
        DecodeSettings(beam=5, answers=5, min_length=3, max_length=5),
        DecodeSettings(temperature=2.0, answers=20, min_length=3, max_length=5),
    ):
        every = [h for row in decode(model, start, [END], chosen) for h in row]
        assert {len(h.ids) for h in every} <= {3, 4, 5}
        assert all(END not in h.ids for h in every)
        assert all(h.ended or len(h.ids) == 5 for h in every)


def test_an_opening_token_ends_nothing() -> None:
    model = Tiny(4)
    start = begin(model, [[1], [2]])
    words = {"max_length": 3}
    for chosen in (DecodeSettings(beam=V**3, answers=40, **words), DecodeSettings(**words)):
        for prompt, row in zip(
            [1, 2], decode(model, start, [0, 2], chosen, opening=1), strict=True
        ):
            assert all(h.ids for h in row)
            if chosen.beam > 1:
                assert {h.ids[0] for h in row} == {0, 1, 2, 3}
                total = sum(np.exp(h.log_probability) for h in row if len(h.ids) < 3)
                assert total > 0.5
            for h in row:
                assert not {0, 2} & set(h.ids[1:])
                logs, state = begin(model, [[prompt]])
                total = 0.0
                for token in h.ids:
                    total += float(logs[0, token])
                    logs, state = model.step(torch.tensor([token]), state)
                total += float(logs[0, [0, 2]].logsumexp(0)) if h.ended else 0.0
                assert h.log_probability == pytest.approx(total)


def test_filters_see_what_was_written_and_keep_tokens_out() -> None:
    model = Tiny(4, 6)
    start = begin(model, [[1], [2]])
    before = start[0].clone()

    def never_twice(logs: Tensor, written: Tensor, rows: Tensor) -> Tensor:
        assert rows.tolist() == sorted(rows.tolist())
        for i, ids in enumerate(written.tolist()):
            logs[i, ids] = -torch.inf
        return logs

    for chosen in (
        DecodeSettings(max_length=5),
        DecodeSettings(beam=4, answers=4, max_length=5),
        DecodeSettings(temperature=3.0, answers=9, max_length=5),
    ):
        found = decode(model, start, [END], chosen, filters=[never_twice, forbid([3])])
        for row in found:
            for hypothesis in row:
                assert len(set(hypothesis.ids)) == len(hypothesis.ids)
                assert 3 not in hypothesis.ids
    assert torch.equal(start[0], before)  # the caller's is not written to


def test_a_sequence_that_nothing_may_follow_is_left_out() -> None:
    model = Tiny(4)

    def dead_end(logs: Tensor, written: Tensor, rows: Tensor) -> Tensor:
        return torch.full_like(logs, -torch.inf)

    for words in ({"beam": 2}, {"beam": 1}, {"temperature": 1.0, "answers": 3}):
        chosen = DecodeSettings(max_length=3, **words)
        assert decode(model, begin(model, [[1]]), [END], chosen, filters=[dead_end]) == [[]]


def test_what_is_as_long_as_it_may_be_stays_though_nothing_may_follow() -> None:
    model = Tiny(4, 3)

    def once(logs: Tensor, written: Tensor, rows: Tensor) -> Tensor:
        for i, ids in enumerate(written.tolist()):
            logs[i, [END, *ids]] = -torch.inf
        return logs

    found = {}
    for words in ({"beam": 3, "answers": 3}, {"beam": 1}, {"temperature": 1.0, "answers": 9}):
        chosen = DecodeSettings(max_length=2, **words)
        (row,) = decode(model, begin(model, [[1]]), [END], chosen, filters=[once])
        assert not any(hypothesis.ended for hypothesis in row)
        for hypothesis in row:
            total = found.setdefault(hypothesis.ids, hypothesis.log_probability)
            assert hypothesis.log_probability == pytest.approx(total)
        assert {hypothesis.ids for hypothesis in row} <= {(1, 2), (2, 1)}
        assert row
    assert set(found) == {(1, 2), (2, 1)}


def test_a_temperature_next_to_none_is_greedy() -> None:
    logs = torch.log_softmax(torch.tensor([[0.3, 2.0, -1.0], [0.1, 0.2, -torch.inf]]), 1)
    for temperature in (1e-30, 1e-39, 1e-60):
        share, _ = distribution(logs, DecodeSettings(temperature=temperature))
        assert share.tolist() == [[0, 1, 0], [0, 1, 0]]


def test_an_end_that_is_named_twice_ends_once() -> None:
    model = Tiny(3)
    once, twice = (
        decode(model, begin(model, [[1]]), ends, DecodeSettings(beam=3, max_length=3))
        for ends in ([END], [END, END])
    )
    assert once == twice


@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p"),
    [(1.0, 0, 1.0), (0.5, 0, 1.0), (2.0, 3, 1.0), (1.0, 0, 0.7), (1.5, 4, 0.6), (1.0, 1, 1.0)],
)
def test_what_is_drawn_has_the_formulas_distribution(
    temperature: float, top_k: int, top_p: float
) -> None:
    logs = torch.log_softmax(torch.tensor([[0.3, 2.0, -1.0, 1.1, 0.9, -3.0]]), 1)
    # written with plain numbers: Fan et al. 2018; Holtzman et al. 2020, section 3.1
    scaled = np.exp(logs[0].double().numpy() / temperature)
    order = np.argsort(-scaled)
    kept = order[:top_k] if top_k else order
    share = scaled[kept] / scaled[kept].sum()
    nucleus = int((np.cumsum(share) < top_p - 1e-12).sum()) + 1 if top_p < 1 else len(kept)
    expected = np.zeros(6)
    expected[kept[:nucleus]] = scaled[kept[:nucleus]] / scaled[kept[:nucleus]].sum()

    chosen = DecodeSettings(
        temperature=temperature, top_k=top_k, top_p=top_p, max_length=1, answers=20_000
    )
    shares, ids = distribution(logs, chosen)
    ours = np.zeros(6)
    ours[np.arange(6) if ids is None else ids[0].numpy()[: shares.shape[1]]] = shares[0].numpy()
    assert ours == pytest.approx(expected)

    class Still:
        def step(self, ids: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
            return logs.expand(len(ids), 6), state

    (found,) = decode(Still(), (logs, torch.zeros(1, 1)), [5], chosen)
    counted = np.bincount([h.ids[0] if h.ids else 5 for h in found], minlength=6) / len(found)
    assert counted == pytest.approx(expected, abs=0.012)
    assert (counted[expected == 0] == 0).all()
    assert {h.ids[:1]: round(h.log_probability, 5) for h in found if h.ids and not h.ended} == {
        (int(i),): round(float(logs[0, i]), 5) for i in np.flatnonzero(counted) if i != 5
    }  # the model's own, whatever the temperature


def test_draws_depend_on_the_seed_and_the_key_alone() -> None:
    assert (uniform(0, 1, 2, 50) == uniform(0, 1, 2, 80)[:50]).all()
    different = [uniform(*key, 9)[0] for key in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]]
    assert len(set(different)) == 4
    model = Tiny(3, 7)
    start = begin(model, [[1], [1]])
    chosen = DecodeSettings(temperature=1.0, max_length=20, seed=3)
    one, other = decode(model, start, [END], chosen, keys=[5, 5])
    assert one == other
    one, other = decode(model, start, [END], chosen)
    assert one != other
    again = decode(model, start, [END], chosen)
    assert [one, other] == again


def test_reading_prompts_of_any_lengths_is_reading_each_alone() -> None:
    model, prompts = Tiny(6), [[1, 2, 3], [3], [2, 2], [1], [1, 2, 3, 1, 1]]
    logs, state = begin(model, prompts)
    for row, prompt in enumerate(prompts):
        alone = begin(model, [prompt])
        assert torch.equal(logs[row], alone[0][0])
        assert torch.equal(select(state, torch.tensor([row]))[0][0], alone[1][0][0])
        assert state[1][row] == len(prompt)


def test_states_are_joined_as_they_are_cut() -> None:
    state = ((torch.arange(4.0)[:, None],), torch.arange(8).view(4, 2))
    parts = [select(state, torch.tensor([i])) for i in range(4)]
    again = joined(parts)
    assert torch.equal(again[0][0], state[0][0])
    assert torch.equal(again[1], state[1])


def test_nothing_to_write() -> None:
    model = Tiny()
    empty = torch.zeros(0, V), model.initial_state(0)
    assert decode(model, empty, [END], DecodeSettings()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"min_length": 5, "max_length": 3}, "min_length = 5 is more than max_length = 3"),
        ({"top_k": 3}, "set a temperature too"),
        ({"top_p": 0.5}, "set a temperature too"),
        ({"beam": 3, "temperature": 1.0}, "set one of the two"),
        ({"answers": 3}, "beam=3"),
    ],
)
def test_settings_that_have_no_sense(words: dict[str, float], message: str) -> None:
    with pytest.raises(SeqkitError, match=message):
        DecodeSettings(**words)  # type: ignore[arg-type]


def test_hypotheses_are_ranked_best_first() -> None:
    model = Tiny(8, 6)
    chosen = DecodeSettings(beam=6, answers=6, max_length=8)
    for row in decode(model, begin(model, [[1], [2], [3]]), [END], chosen):
        assert all(isinstance(h, Hypothesis) for h in row)
        assert [h.score for h in row] == sorted((h.score for h in row), reverse=True)
