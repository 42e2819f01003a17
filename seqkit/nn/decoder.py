"""The decoder: a vector or a sentence in, a sequence out, a token at a time or all in one pass."""

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqkit.errors import SeqkitError
from seqkit.nn.attention import ATTENTIONS, Additive, Attention, Memory
from seqkit.nn.bridge import Bridge
from seqkit.nn.cell import Cell, State, compilable
from seqkit.nn.cells import GRU, LSTM
from seqkit.nn.decoder_settings import DecoderSettings
from seqkit.nn.embedding import Embedding
from seqkit.nn.initialisation import initialise
from seqkit.nn.recurrent import Encoder, EncoderState
from seqkit.nn.softmax import FullSoftmax, SoftmaxSettings

__all__ = ["Decoder", "DecoderSettings", "DecoderState"]

# (recurrent, memory, vector, weights, context): the state of each layer; what is attended; then
# the last attentional vector, the weights with which it was made, and the vector that is read
# again at each step, each in a tuple, or () where there is none. Rows come first in all of them.
DecoderState = tuple[Any, ...]


class Decoder(nn.Module):
    """``p(token | all before, what it starts from)``.

    With ``attention=additive`` the context is read by the cell, and asked for with its last state
    (Bahdanau et al. 2015); otherwise it is joined to the cell's output, and asked for with that
    (Luong et al. 2015, section 3), so that a whole target is one fused pass.

    Args:
        vocabulary_size: how many ids there are.
        chosen: the settings.
        pad: the id of padding.
        bos: the id that is read first.
        eos: the id that ends a sequence.
        context: features of the vector it starts from; 0: none.
        memory: features of what it attends to; 0: nothing.
        unk: the id that word dropout writes; None: ``pad``.
        counts: ``(vocabulary,)``, how often each id occurs in the training targets.
        embedding: another's, to be this one's too, but for its dropouts.

    Raises:
        SeqkitError: if settings and sizes contradict each other.
    """

    seen: Tensor  # training steps done, counted for scheduled sampling

    def __init__(
        self,
        vocabulary_size: int,
        chosen: DecoderSettings,
        *,
        pad: int,
        bos: int,
        eos: int,
        context: int,
        memory: int = 0,
        unk: int | None = None,
        counts: Tensor | None = None,
        embedding: Embedding | None = None,
    ) -> None:
        super().__init__()
        self.chosen, self.vocabulary_size, self.context = chosen, vocabulary_size, context
        self.pad, self.bos, self.eos = pad, bos, eos
        if embedding is None:
            unk = pad if unk is None else unk
            self.embedding = Embedding(vocabulary_size, chosen.embedding, pad=pad, unk=unk)
        else:  # not registered here: a module saves its weights once
            self.__dict__["embedding"] = embedding
        width, hidden = self.embedding.features, chosen.hidden
        self.features = width if chosen.tied else hidden  # what the softmax reads
        self.attention = _attention(chosen, memory)
        self.encoder = Encoder(self._inputs(memory), chosen.stack())
        self.bridge = Bridge(chosen.bridge, context, self.encoder)
        self.output: nn.Linear | None = None
        if self.attention is not None or hidden != self.features:
            joined = hidden + memory + (width if chosen.attention == "additive" else 0)
            self.output = nn.Linear(joined, self.features)
            initialise(self.output.weight, "xavier", bias=self.output.bias)
        tied: nn.Parameter | None = None
        if chosen.tied and self.embedding.table is not None:
            tied = cast(nn.Parameter, self.embedding.table.weight)
        counts = torch.ones(vocabulary_size) if counts is None else counts
        self.softmax = FullSoftmax(
            self.features, counts.double(), SoftmaxSettings(bfloat16=chosen.bfloat16), tied
        )
        self.steps = 0  # of the whole training, for scheduled sampling; 0: not known
        if chosen.scheduled_sampling:
            self.register_buffer("seen", torch.zeros((), dtype=torch.long))

    def _inputs(self, memory: int) -> int:
        """Return the features that the first layer reads."""
        chosen = self.chosen
        width = self.embedding.features + (self.context if chosen.repeat else 0)
        width += memory if chosen.attention == "additive" else 0
        return width + (self.features if chosen.input_feeding else 0)

    def start(
        self,
        context: Tensor | EncoderState | None,
        memory: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> DecoderState:
        """Return the state before the first token.

        Args:
            context: ``(n, context)``, or the state of each recurrent layer; None: ``bridge=zero``.
            memory: ``(n, time, memory)``, what is attended to.
            mask: ``(n, time)`` bool, True at what of it is real; None: all is.
        """
        if isinstance(context, tuple):
            recurrent = context
        elif context is not None:
            recurrent = self.bridge(context)
        else:
            assert memory is not None
            recurrent = self.encoder.initial_state(len(memory))
        n, like = len(recurrent[0][0]), recurrent[0][0]
        kept: tuple[Tensor, ...] = ()
        vector: tuple[Tensor, ...] = ()
        weights: tuple[Tensor, ...] = ()
        if self.attention is not None:
            if memory is None:
                raise ValueError(f"attention={self.chosen.attention} has nothing to attend to")
            kept = self.attention.memory(memory, mask)
            weights = (like.new_zeros(n, memory.shape[1]),)
        if self.chosen.input_feeding:
            vector = (like.new_zeros(n, self.features),)
        repeated = (context,) if self.chosen.repeat and isinstance(context, Tensor) else ()
        return recurrent, kept, vector, weights, repeated

    def loss(self, state: DecoderState, targets: Tensor, lengths: Tensor) -> Tensor:
        """Return the mean training loss a token, a scalar.

        Args:
            state: of :meth:`start`.
            targets: ``(n, time)`` ids that end in ``eos``, padded on the right.
            lengths: ``(n,)``, how many of them are real, at least 1.
        """
        vectors = self._locked(self._vectors(state, targets))
        real = _real(targets, lengths)
        smoothing = self.chosen.label_smoothing if self.training else 0.0
        return self.softmax.loss(vectors[real], targets[real], smoothing=smoothing)

    @torch.no_grad()
    def nll(self, state: DecoderState, targets: Tensor, lengths: Tensor) -> Tensor:
        """Return the exact negative log-likelihood of each row in nats, ``(n,)``."""
        vectors, real = self._vectors(state, targets), _real(targets, lengths)
        result = vectors.new_zeros(real.shape)
        result[real] = self.softmax.nll(vectors[real], targets[real])
        return result.sum(dim=1)

    def step(self, ids: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """Read one token of each row, ``(n,)``: ``bos`` first.

        Returns:
            Log-probabilities of the next token, ``(n, vocabulary)``, and the new state.
        """
        vector, state = self._advance(self._embedded(ids[:, None])[:, 0], state)
        return self.softmax.log_probabilities(vector), state

    def attended(self, state: DecoderState) -> Tensor | None:
        """Return the weights with which the last token was written, ``(n, time)``.

        None without attention.
        """
        weights: Tensor | None = state[3][0] if state[3] else None
        return weights

    def _vectors(self, state: DecoderState, targets: Tensor) -> Tensor:
        """Return what the softmax reads to write each of ``targets``, ``(n, time, features)``."""
        share = self._share()
        if share:
            return self._stepped(state, targets, share)
        x = self._embedded(F.pad(targets[:, :-1], (1, 0), value=self.bos))
        if self.chosen.input_feeding:
            return self._stepped(state, x, 0.0)
        recurrent, memory, _, _, repeated = state
        read, above = x, 0
        for context in repeated:
            read = torch.cat([x, context[:, None].expand(-1, x.shape[1], -1)], dim=2)
        if self.chosen.attention == "additive":
            read, contexts = self._attentive(read, recurrent[0], memory)
            above = 1
        outputs, _ = self.encoder.read(read, recurrent, above=above)
        if self.attention is not None and not above:
            contexts = self.attention(outputs, memory)[0]
        return self._joined(outputs, contexts if self.attention is not None else None, x)

    def _embedded(self, ids: Tensor) -> Tensor:
        vectors: Tensor = self.embedding(ids, self.chosen.embedding)
        return vectors

    def _share(self) -> float:
        """Return the share of tokens read, at present, that are the decoder's own."""
        if not (self.training and self.chosen.scheduled_sampling):
            return 0.0
        seen, steps = int(self.seen), self.steps
        self.seen += 1
        return self.chosen.scheduled_sampling * (min(1.0, seen / steps) if steps else 1.0)

    def _stepped(self, state: DecoderState, given: Tensor, share: float) -> Tensor:
        """Return what :meth:`_vectors` does, step by step.

        Args:
            state: of :meth:`start`.
            given: what is read, ``(n, time, features)``; or, to read a share of its own, the
                targets ``(n, time)``.
            share: the probability with which a row reads what it has just drawn itself (Bengio
                et al. 2015, section 2.4), 0 to 1. Above 0 the embedding's dropout is drawn anew
                at each step.
        """
        like, vectors = state[0][0][0], []
        masks = self.encoder.masks(like)
        ids = torch.full((len(given),), self.bos, device=given.device)
        for now in given.unbind(1):
            x = self._embedded(ids[:, None])[:, 0] if share else now
            vector, state = self._advance(x, state, masks)
            vectors.append(vector)
            if not self.chosen.variational:
                masks = self.encoder.masks(like)
            if share:
                ids = self._mixed(vector.detach(), now, share)
        return torch.stack(vectors, dim=1)

    @torch.no_grad()
    def _mixed(self, vector: Tensor, targets: Tensor, share: float) -> Tensor:
        """Return ``targets``, a share of them replaced by draws from what ``vector`` says."""
        own = (torch.rand(len(vector), device=vector.device) < share) & (targets != self.pad)
        if not own.any():
            return targets
        probabilities = self.softmax.log_probabilities(vector[own]).exp()
        return targets.masked_scatter(own, torch.multinomial(probabilities, 1)[:, 0])

    def _attentive(self, inputs: Tensor, state: State, memory: Memory) -> tuple[Tensor, Tensor]:
        """Return what the first layer puts out, and the contexts that it has read on its way."""
        cell, attention = self.encoder.ahead[0], self.attention
        assert isinstance(cell, Cell)
        assert isinstance(attention, Additive)
        own = len(memory[0]) == len(inputs)  # not a row of memory for several of inputs
        if own and compilable(inputs) and isinstance(cell, GRU | LSTM):
            from seqkit.nn import attentive

            if attentive.readable(cell):
                return attentive.read(cell, attention, inputs, state, memory)
        outputs, contexts = [], []
        for x in inputs.unbind(1):
            context, _ = attention(state[0], memory)
            output, state = cell.step(torch.cat([x, context], dim=1), state)
            outputs.append(output)
            contexts.append(context)
        return torch.stack(outputs, dim=1), torch.stack(contexts, dim=1)

    def _advance(
        self, x: Tensor, state: DecoderState, masks: Sequence[Tensor] = ()
    ) -> tuple[Tensor, DecoderState]:
        """Read one vector of each row, ``(n, embedding)``; return what the softmax reads."""
        recurrent, memory, fed, weights, repeated = state
        read, contexts = [x, *repeated], None
        if self.chosen.attention == "additive":
            assert self.attention is not None
            contexts, weight = self.attention(recurrent[0][0], memory)
            read.append(contexts)
        output, recurrent = self.encoder.step(torch.cat([*read, *fed], dim=1), recurrent, masks)
        if self.attention is not None and contexts is None:
            contexts, weight = self.attention(output, memory)
        vector = self._joined(output, contexts, x)
        weights = () if contexts is None else (weight,)
        return vector, (recurrent, memory, (vector,) if fed else (), weights, repeated)

    def _joined(self, outputs: Tensor, contexts: Tensor | None, x: Tensor) -> Tensor:
        """``tanh(W [c; h])`` (Luong et al. 2015, eq. 5); without attention ``W h``, or ``h``."""
        if self.output is None:
            return outputs
        if contexts is None:
            plain: Tensor = self.output(outputs)
            return plain
        joined = [outputs, contexts] + ([x] if self.chosen.attention == "additive" else [])
        return torch.tanh(self.output(torch.cat(joined, dim=-1)))

    def _locked(self, vectors: Tensor) -> Tensor:
        """Drop features, the same ones at all steps of a row."""
        if not (self.training and self.chosen.output_dropout):
            return vectors
        ones = vectors.new_ones(len(vectors), 1, vectors.shape[2])
        return vectors * F.dropout(ones, self.chosen.output_dropout)


def _attention(chosen: DecoderSettings, memory: int) -> Attention | None:
    if chosen.attention == "none":
        return None
    if not memory:
        raise SeqkitError(
            f"attention={chosen.attention} has no encoder outputs to attend to: use attention=none."
        )
    return ATTENTIONS[chosen.attention](chosen.hidden, memory)


def _real(targets: Tensor, lengths: Tensor) -> Tensor:
    return torch.arange(targets.shape[1], device=targets.device) < lengths[:, None]
