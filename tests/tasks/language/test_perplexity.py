import math
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from seqkit.data.ragged import Ragged
from seqkit.errors import SeqkitError
from seqkit.models.language_model import LanguageModel, LanguageModelSettings
from seqkit.settings import check
from seqkit.tasks.language.adaptation import cached_nats, dynamic_nats
from seqkit.tasks.language.perplexity import EvaluationSettings, Likelihood, likelihood
from seqkit.tasks.language.running_text import RunningText

V, EOS = 9, 2


def model(softmax: str = "full", **changes: Any) -> LanguageModel:
    torch.manual_seed(0)
    chosen = check(
        LanguageModelSettings,
        {
            "embedding": {"size": 5, "scale": 0.7, "dropout": 0.3},
            "encoder": {"hidden": 7, "layers": 2, "bidirectional": False, "dropout": 0.2},
            "softmax": {"softmax": softmax, "samples": 3},
            "output_dropout": 0.4,
            **changes,
        },
    )
    return LanguageModel(chosen, vocabulary_size=V, pad=0, unk=1).train()


def text(*lengths: int) -> RunningText:
    draw = np.random.default_rng(7)
    rows = Ragged.from_rows([draw.integers(1, V, n).tolist() for n in lengths])
    unknown = int((rows.values == 1).sum())
    return RunningText(rows, unknown, words=31, characters=137)


def brute_force(lm: LanguageModel, rows: list[list[int]]) -> float:
    """The chain rule, a step at a time, from the logits themselves."""
    lm, total = deepcopy(lm).eval(), 0.0
    for row in rows:
        state, before = lm.initial_state(1), EOS
        for token in row:
            x, state = lm.encoder.step(lm.embedding(torch.tensor([[before]]))[:, 0], state)
            logits = (lm.project(x) @ lm.softmax.layer.weight.T + lm.softmax.layer.bias)[0].double()
            total -= (logits[token] - logits.exp().sum().log()).item()
            before = token
    return total


@pytest.mark.parametrize("softmax", ["full", "sampled"])
@pytest.mark.parametrize("streams", [1, 3])
def test_perplexity_is_that_of_the_chain_rule(softmax: str, streams: int) -> None:
    lm, given = model(softmax), text(150, 200, 1, 149)
    nats = brute_force(lm, [given.rows.values.tolist()])
    chosen = EvaluationSettings(streams=streams)  # each warms up with all that comes before it
    found = likelihood(lm, given, eos=EOS, reset=False, chosen=chosen)
    assert found.nats == pytest.approx(nats, rel=1e-5)
    assert found.scores["perplexity"] == pytest.approx(math.exp(nats / 500), rel=1e-5)
    assert found.scores["loss"] == pytest.approx(nats / 500, rel=1e-5)
    assert lm.training
    assert found.rows == found.tokens == 500


def test_documents_are_scored_alone_where_states_are_reset() -> None:
    lm, given = model(), text(150, 20, 1, 149, *range(1, 30))
    nats = brute_force(lm, [given.rows[i].tolist() for i in range(len(given.rows))])
    found = likelihood(lm, given, eos=EOS, reset=True, chosen=EvaluationSettings())
    assert found.nats == pytest.approx(nats, rel=1e-5)


def test_a_text_shorter_than_anything_is_scored_too_but_not_none_at_all() -> None:
    lm = model()
    for reset in (False, True):
        found = likelihood(lm, text(1), eos=EOS, reset=reset, chosen=EvaluationSettings())
        assert found.nats == pytest.approx(brute_force(lm, [text(1).rows.values.tolist()]))
        with pytest.raises(SeqkitError, match="no text to score"):
            likelihood(lm, text(), eos=EOS, reset=reset, chosen=EvaluationSettings())


def test_figures_by_hand() -> None:
    # 8 tokens of 1 bit each, 4 words and 16 characters: half a bit a character, 2 bits a word
    found = Likelihood(8 * math.log(2), tokens=8, unknown=2, words=4, characters=16)
    assert found.scores == pytest.approx(
        {
            "loss": math.log(2),
            "perplexity": 2.0,
            "bits_per_character": 0.5,
            "word_perplexity": 4.0,
            "unknown": 0.25,
        }
    )
    (table,) = found.tables()
    assert ["tokens", 8] in table.rows
    assert ["unknown_tokens", 2] in table.rows
    assert (found.as_dict()["unknown_tokens"], found.as_dict()["unknown"]) == (2, 0.25)
    assert found.as_dict()["characters"] == 16
    assert math.isfinite(Likelihood(1e9, 1, 0, 1, 1).scores["perplexity"])


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("decay", [0.0, 0.05])
def test_dynamic_evaluation_is_that_of_the_paper(reset: bool, decay: float) -> None:
    lm, given = model(), text(23, 9, 14)
    before = deepcopy(lm.state_dict())
    slow, total = deepcopy(lm).eval(), 0.0
    rows = [given.rows[i].tolist() for i in range(3)] if reset else [given.rows.values.tolist()]
    for row in rows:
        inputs, state = [EOS, *row[:-1]], slow.initial_state(1)
        for start in range(0, len(row), 5):
            losses = []
            for i in range(start, min(start + 5, len(row))):
                predicted, state = slow.step(torch.tensor([inputs[i]]), state)
                losses.append(F.nll_loss(predicted, torch.tensor([row[i]])))
            total += sum(loss.item() for loss in losses)
            slow.zero_grad()
            torch.stack(losses).mean().backward()
            state = tuple(tuple(part.detach() for part in layer) for layer in state)
            with torch.no_grad():
                for name, weight in slow.named_parameters():
                    pull = decay * (before[name] - weight)
                    weight.add_(-0.3 * weight.grad + pull)
    found = dynamic_nats(lm, given.rows, first=EOS, reset=reset, lr=0.3, decay=decay, steps=5)
    assert found == pytest.approx(total, rel=1e-5)
    assert all(torch.equal(weight, before[name]) for name, weight in lm.state_dict().items())
    assert lm.training


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("size", [1, 6, 1000])
def test_the_cache_is_that_of_the_paper(reset: bool, size: int) -> None:
    lm, given, theta, share = model().eval(), text(23, 9, 14), 0.8, 0.3
    rows = [given.rows[i].tolist() for i in range(3)] if reset else [given.rows.values.tolist()]
    total = 0.0
    for row in rows:
        hidden = lm(torch.tensor([[EOS, *row[:-1]]]))[0][0].detach()
        p = lm.softmax.log_probabilities(hidden).exp().detach()
        for t, word in enumerate(row):
            weights = {
                i: math.exp(theta * float(hidden[t] @ hidden[i]))
                for i in range(max(0, t - size), t)
            }
            cached = sum(w for i, w in weights.items() if row[i] == word) / (
                sum(weights.values()) or 1
            )
            alone = float(p[t, word])
            total -= math.log((1 - share) * alone + share * cached if weights else alone)
    for steps in (1, 7, 128):
        found = cached_nats(
            lm, given.rows, first=EOS, reset=reset, share=share, theta=theta, size=size, steps=steps
        )
        assert found == pytest.approx(total, rel=1e-4)


def test_an_adapted_model_is_reported_beside_the_plain_one() -> None:
    lm, given = model(), text(300)
    plain = likelihood(lm, given, eos=EOS, reset=False, chosen=EvaluationSettings())
    chosen = EvaluationSettings(dynamic=0.2, cache=0.1)
    adapted = likelihood(lm, given, eos=EOS, reset=False, chosen=chosen)
    assert plain.scores.items() <= adapted.scores.items()
    assert set(adapted.scores) - set(plain.scores) == {"perplexity_dynamic", "perplexity_cache"}
    assert adapted.scores["perplexity_dynamic"] != plain.scores["perplexity"]
    left_out = likelihood(lm, given, eos=EOS, reset=False, chosen=chosen, adapt=False)
    assert left_out == plain


def test_a_text_that_repeats_itself_is_better_predicted_by_what_adapts() -> None:
    line = np.random.default_rng(1).integers(1, V, 12).tolist()
    rows = Ragged.from_rows([line * 40])
    given = RunningText(rows, 0, 1, 1)
    chosen = EvaluationSettings(streams=1, dynamic=0.5, cache=0.5, cache_theta=3.0)
    scores = likelihood(model(), given, eos=EOS, reset=False, chosen=chosen).scores
    assert scores["perplexity_dynamic"] < 0.8 * scores["perplexity"]
    assert scores["perplexity_cache"] < 0.9 * scores["perplexity"]
