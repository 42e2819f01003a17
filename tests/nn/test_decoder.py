"""The decoder against a slow one, written out from the papers, and against itself."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn
from torch.nn import functional as F

from seqkit.errors import SeqkitError
from seqkit.nn.attention import AttentionName
from seqkit.nn.cells import CELLS, CellName
from seqkit.nn.cross_entropy import cross_entropy
from seqkit.nn.decoder import Decoder, DecoderSettings
from seqkit.nn.embedding import EmbeddingSettings

PAD, BOS, EOS, SIZE, CONTEXT, MEMORY = 0, 1, 2, 11, 6, 6
TARGETS = torch.tensor([[4, 5, 6, 7, 2], [8, 2, 0, 0, 0], [3, 9, 10, 2, 0]])
LENGTHS, SOURCES = torch.tensor([5, 2, 4]), torch.tensor([4, 1, 3])
MASK = torch.arange(4) < SOURCES[:, None]
SMALL = DecoderSettings(embedding=EmbeddingSettings(size=5), hidden=6, layers=1, tied=False)
ATTENTIONS: list[AttentionName] = ["none", "additive", "dot", "general", "concat"]


def made(**chosen: Any) -> Decoder:
    """Return a decoder with random weights, biases too."""
    torch.manual_seed(5)
    choice = replace(SMALL, **chosen)
    memory = 0 if choice.attention == "none" else MEMORY
    decoder = Decoder(SIZE, choice, pad=PAD, bos=BOS, eos=EOS, context=CONTEXT, memory=memory)
    with torch.no_grad():
        for parameter in decoder.parameters():
            parameter.normal_(0, 0.5)
    return decoder.eval()


def given() -> tuple[Tensor, Tensor, Tensor]:
    """Return a context, a memory and its mask."""
    torch.manual_seed(6)
    return torch.randn(3, CONTEXT), torch.randn(3, 4, MEMORY), MASK


def slow_loss(decoder: Decoder, context: Tensor, memory: Tensor) -> Tensor:
    """Read a row and a token at a time, from the weights alone: Bahdanau's, Luong's equations."""
    chosen, total = decoder.chosen, context.new_zeros(())
    for row, length in enumerate(LENGTHS.tolist()):
        values = memory[row, : int(SOURCES[row])]
        state = _first(decoder, context[row])
        vector, token = torch.zeros(decoder.features), BOS
        for target in TARGETS[row, :length].tolist():
            assert decoder.embedding.table is not None
            x = decoder.embedding.table.weight[token] * (token != PAD)
            parts = [x] + ([context[row]] if chosen.repeat else [])
            if chosen.attention == "additive":
                attended = _attend(decoder, state[0][0][0], values)
                parts.append(attended)
            if chosen.input_feeding:
                parts.append(vector)
            h = torch.cat(parts)[None]
            cells: list[Any] = list(decoder.encoder.ahead)
            for layer, cell in enumerate(cells):
                h, state[layer] = cell.step(h, state[layer])
            vector = h[0]
            if chosen.attention not in ("none", "additive"):
                attended = _attend(decoder, h[0], values)
            if decoder.output is not None:
                read = [h[0]] + ([attended] if chosen.attention != "none" else [])
                read += [x] if chosen.attention == "additive" else []
                vector = decoder.output(torch.cat(read))
                vector = vector if chosen.attention == "none" else torch.tanh(vector)
            logits = decoder.softmax.weight @ vector + decoder.softmax.bias
            total = total - torch.log_softmax(logits, dim=0)[target]
            token = target
    return total / LENGTHS.sum()


def _first(decoder: Decoder, context: Tensor) -> list[Any]:
    bridge = decoder.bridge
    flat = context[None]
    if bridge.layer is not None:
        flat = torch.tanh(context @ bridge.layer.weight.t() + bridge.layer.bias)[None]
    state, place = [], 0
    for count in bridge.parts:
        parts = []
        for _ in range(count):
            at = place if flat.shape[1] > decoder.chosen.hidden else 0
            parts.append(flat[:, at : at + decoder.chosen.hidden])
            place += decoder.chosen.hidden
        state.append(tuple(parts))
    return state


def _attend(decoder: Decoder, query: Tensor, values: Tensor) -> Tensor:
    attention: Any = decoder.attention
    scores = []
    for value in values:
        if decoder.chosen.attention == "dot":
            scores.append(query @ value)
        elif decoder.chosen.attention == "general":
            scores.append(query @ (attention.key.weight @ value))
        else:
            both = attention.query.weight @ query + attention.key.weight @ value
            scores.append(attention.score.weight[0] @ torch.tanh(both))
    return torch.stack(scores).softmax(0) @ values


def chain(decoder: Decoder, state: Any) -> Tensor:
    """Return ``-log p`` of each row by ``step``, the sum over its tokens."""
    ids, total = torch.full((len(TARGETS),), BOS), torch.zeros(len(TARGETS))
    for time in range(TARGETS.shape[1]):
        log_probabilities, state = decoder.step(ids, state)
        ids = TARGETS[:, time]
        total -= log_probabilities.gather(1, ids[:, None])[:, 0] * (time < LENGTHS)
    return total


CASES: list[dict[str, Any]] = [
    *({"attention": name, "cell": cell} for name in ATTENTIONS for cell in CELLS),
    *({"attention": name, "input_feeding": True} for name in ATTENTIONS[1:]),
    *({"attention": name, "layers": 3, "cell": "gru"} for name in ATTENTIONS),
    {"attention": "additive", "layers": 2, "input_feeding": True, "repeat": True},
    {"attention": "none", "repeat": True, "bridge": "zero"},
    {"attention": "additive", "repeat": True, "tied": True},
    {"attention": "none", "tied": True},
    {"attention": "general", "bridge": "copy", "layers": 2},
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case.values())))
def test_the_whole_target_at_once_is_step_by_step(case: dict[str, Any]) -> None:
    decoder = made(**case)
    state = decoder.start(*given())
    with torch.no_grad():
        expected = chain(decoder, state)
    torch.testing.assert_close(decoder.nll(state, TARGETS, LENGTHS), expected, rtol=1e-4, atol=1e-4)


SLOW: list[dict[str, Any]] = [
    *({"attention": name, "cell": "lstm"} for name in ATTENTIONS),
    *({"attention": name, "cell": "gru"} for name in ATTENTIONS[:3]),
    *({"attention": name, "input_feeding": True, "layers": 2} for name in ATTENTIONS[1:4]),
    {"attention": "additive", "cell": "rnn", "repeat": True, "tied": True},
    {"attention": "additive", "cell": "lstm", "layers": 2, "repeat": True},
    {"attention": "none", "cell": "gru", "tied": True, "bridge": "copy", "layers": 2},
]


@pytest.mark.parametrize("case", SLOW, ids=lambda case: "-".join(map(str, case.values())))
def test_loss_and_gradients_are_those_of_the_slow_reference(case: dict[str, Any]) -> None:
    decoder = made(**case)
    context, memory, mask = given()
    inputs = [context.requires_grad_(), memory.requires_grad_()]
    wanted = [*inputs, *decoder.parameters()]
    loss = decoder.loss(decoder.start(context, memory, mask), TARGETS, LENGTHS)
    slow = slow_loss(decoder, context, memory)
    torch.testing.assert_close(loss, slow, rtol=1e-5, atol=1e-5)
    found = torch.autograd.grad(loss, wanted, allow_unused=True)
    expected = torch.autograd.grad(slow, wanted, allow_unused=True)
    for one, other in zip(found, expected, strict=True):
        zero = torch.zeros(()) if one is None and other is None else None
        one, other = (zero if part is None else part for part in (one, other))
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", ATTENTIONS)
def test_padding_and_company_change_no_row(name: AttentionName) -> None:
    decoder = made(attention=name)
    context, memory, mask = given()
    together = decoder.nll(decoder.start(context, memory, mask), TARGETS, LENGTHS)
    for row, length in enumerate(LENGTHS.tolist()):
        places = int(SOURCES[row])
        one = slice(row, row + 1)
        state = decoder.start(context[one], memory[one, :places], mask[one, :places])
        alone = decoder.nll(state, TARGETS[one, :length], LENGTHS[one])
        torch.testing.assert_close(alone, together[one], rtol=1e-5, atol=1e-5)


def test_weights_shown_are_those_of_the_last_token() -> None:
    decoder = made(attention="additive")
    state = decoder.start(*given())
    query, memory = state[0][0][0], state[1]
    _, state = decoder.step(torch.full((3,), BOS), state)
    assert decoder.attention is not None
    found = decoder.attended(state)
    assert found is not None
    torch.testing.assert_close(found, decoder.attention(query, memory)[1])
    assert (found[~MASK] == 0).all()
    plain = made(attention="none")
    assert plain.attended(plain.start(given()[0])) is None


@pytest.mark.parametrize("name", ATTENTIONS[1:])
def test_hypotheses_of_a_sentence_share_its_memory(name: AttentionName) -> None:
    decoder = made(attention=name)
    context, memory, mask = given()
    few = decoder.start(context, memory, mask)
    twice = torch.arange(3).repeat_interleave(2)
    many = decoder.start(context[twice], memory[twice], mask[twice])
    ids = torch.tensor([4, 5, 6, 7, 8, 9])
    with torch.no_grad():
        expected, after = decoder.step(ids, many)
        found, _ = decoder.step(ids, (many[0], few[1], *many[2:]))
    torch.testing.assert_close(found, expected)
    assert after[1] is many[1]


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_sequences_of_a_sentence_are_scored_with_one_memory(cell: CellName) -> None:
    decoder = made(attention="additive", cell=cell)
    context, memory, mask = given()
    twice = torch.arange(3).repeat_interleave(2)
    few = decoder.start(context, memory, mask)
    many = decoder.start(context[twice], memory[twice], mask[twice])
    targets = torch.tensor([[4, EOS], [5, EOS], [6, EOS], [7, EOS], [8, EOS], [9, EOS]])
    lengths = torch.full((6,), 2)
    found = decoder.nll((many[0], few[1], *many[2:]), targets, lengths)
    torch.testing.assert_close(found, decoder.nll(many, targets, lengths))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
def test_label_smoothing_is_torchs(smoothing: float) -> None:
    torch.manual_seed(2)
    hidden, weight = torch.randn(7, 4, requires_grad=True), torch.randn(9, 4, requires_grad=True)
    bias, targets = torch.randn(9, requires_grad=True), torch.randint(9, (7,))
    wanted = (hidden, weight, bias)
    loss = cross_entropy(hidden, weight, bias, targets, smoothing=smoothing)
    expected = F.cross_entropy(F.linear(hidden, weight, bias), targets, label_smoothing=smoothing)
    torch.testing.assert_close(loss, expected)
    found, grads = torch.autograd.grad(loss, wanted), torch.autograd.grad(expected, wanted)
    for one, other in zip(found, grads, strict=True):
        torch.testing.assert_close(one, other)


def test_labels_are_smoothed_in_training_alone() -> None:
    plain, smooth = made(attention="dot"), made(attention="dot", label_smoothing=0.3)
    losses = []
    for decoder in (plain, smooth):
        losses.append(decoder.loss(decoder.start(*given()), TARGETS, LENGTHS).item())
    assert losses[0] == losses[1]
    smooth.train()
    loss = smooth.loss(smooth.start(*given()), TARGETS, LENGTHS)
    vectors, real = smooth._vectors(smooth.start(*given()), TARGETS), TARGETS != PAD
    logits = F.linear(vectors[real], smooth.softmax.weight, smooth.softmax.bias)
    expected = F.cross_entropy(logits, TARGETS[real], label_smoothing=0.3)
    torch.testing.assert_close(loss, expected)
    assert abs(loss.item() - losses[0]) > 0.01


def test_sampling_rises_to_its_share_and_reads_what_was_drawn() -> None:
    decoder = made(attention="general", scheduled_sampling=1.0)
    state = decoder.start(*given())
    plain = decoder.loss(state, TARGETS, LENGTHS)
    decoder.steps = 2
    decoder.train()
    torch.testing.assert_close(decoder.loss(state, TARGETS, LENGTHS), plain)  # a share of 0
    assert int(decoder.seen) == 1
    shares = [decoder._share() for _ in range(3)]
    assert shares == [0.5, 1.0, 1.0]
    # A decoder that can only say 7 reads nothing else.
    with torch.no_grad():
        decoder.softmax.bias.fill_(-1e4)[7] = 1e4
    own = torch.tensor([[7] * 5, [7, 7, 0, 0, 0], [7] * 4 + [0]])
    decoder.eval()
    expected = decoder._vectors(state, own)
    decoder.train()
    vectors = decoder._vectors(state, TARGETS)
    for row, length in enumerate(LENGTHS.tolist()):
        torch.testing.assert_close(vectors[row, :length], expected[row, :length])


@pytest.mark.parametrize("name", ATTENTIONS)
def test_a_share_of_its_own_is_read_by_every_decoder(name: AttentionName) -> None:
    decoder = made(
        attention=name, scheduled_sampling=0.5, layers=2, dropout=0.3, label_smoothing=0.1
    )
    context, memory, mask = given()
    loss = decoder.train().loss(decoder.start(context, memory, mask), TARGETS, LENGTHS)
    loss.backward()  # type: ignore[no-untyped-call]
    assert all(p.grad is not None and p.grad.isfinite().all() for p in decoder.parameters())
    drawn = decoder._mixed(torch.zeros(3, decoder.features), TARGETS[:, 4], 1.0)
    assert drawn[1:].tolist() == [PAD, PAD]  # behind the end nothing is drawn


def test_input_feeding_drops_between_layers_alike_at_all_steps() -> None:
    decoder = made(input_feeding=True, attention="dot", layers=2, dropout=0.5, variational=True)
    state, whole = decoder.start(*given()), decoder.nll(decoder.start(*given()), TARGETS, LENGTHS)
    drawn = []
    step = decoder.encoder.step

    def kept(x: Tensor, state: Any, masks: Any) -> Any:
        drawn.append(masks[0])
        return step(x, state, masks)

    decoder.encoder.step = kept  # type: ignore[method-assign, assignment]
    losses = decoder.train().loss(state, TARGETS, LENGTHS)
    assert losses.item() != pytest.approx(whole.sum().item() / LENGTHS.sum().item(), abs=1e-4)
    assert all(torch.equal(mask, drawn[0]) for mask in drawn)
    assert set(drawn[0].unique().tolist()) == {0.0, 2.0}


def test_embedding_of_another_is_saved_once() -> None:
    source = nn.Module()
    decoder = made(tied=True)
    shared = Decoder(
        SIZE,
        replace(SMALL, tied=True),
        pad=PAD,
        bos=BOS,
        eos=EOS,
        context=CONTEXT,
        memory=MEMORY,
        embedding=decoder.embedding,
    )
    source.add_module("decoder", shared)
    assert not any("embedding" in name for name in shared.state_dict())
    assert shared.softmax.weight is decoder.embedding.table.weight  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"input_feeding": True, "attention": "none"}, "attends to nothing: use attention=general"),
        ({"bridge": "zero", "attention": "none"}, "without having seen the input"),
        ({"embedding": EmbeddingSettings(kind="onehot"), "tied": True}, "use tied=false"),
        ({"weight_dropout": 0.1, "attention": "additive"}, "use weight_dropout=0"),
        ({"weight_dropout": 0.1, "input_feeding": True}, "use weight_dropout=0"),
        ({"weight_dropout": 0.1, "scheduled_sampling": 0.1}, "use weight_dropout=0"),
        ({"cell": "mingru", "weight_dropout": 0.1}, "no hidden-to-hidden weights"),
    ],
)
def test_contradictions_are_refused(chosen: dict[str, Any], told: str) -> None:
    with pytest.raises((ValidationError, SeqkitError), match=told):
        replace(SMALL, **chosen)


def test_sizes_that_do_not_fit_are_refused() -> None:
    sizes: dict[str, Any] = {"pad": PAD, "bos": BOS, "eos": EOS}
    with pytest.raises(SeqkitError, match="no encoder outputs to attend to: use attention=none"):
        Decoder(SIZE, SMALL, context=CONTEXT, memory=0, **sizes)
    with pytest.raises(SeqkitError, match="copies 5 features into 1 layers of 6 units"):
        Decoder(SIZE, replace(SMALL, bridge="copy"), context=5, memory=MEMORY, **sizes)


def test_every_cell_starts_from_every_bridge() -> None:
    names: list[CellName] = list(CELLS)
    for cell in names:
        for bridge in ("zero", "copy", "linear"):
            decoder = made(cell=cell, bridge=bridge, attention="dot")
            state = decoder.start(*given())[0]
            context = given()[0]
            for part in state[0]:
                if bridge == "zero":
                    assert not part.any()
                elif bridge == "copy":
                    assert torch.equal(part, context)
                else:
                    assert part.abs().max() <= 1
                    assert part.any()
