"""A text as a run's model reads it, task by task: its tokens, its answer, and the loss of that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from seqkit.data.batch import Batch
from seqkit.data.frames import Windows
from seqkit.data.interning import intern, intern_rows
from seqkit.data.tagged import TaggedBatches
from seqkit.errors import SeqkitError
from seqkit.explain.subject import Subject
from seqkit.explain.tokens import brief
from seqkit.pages.figures import Pattern
from seqkit.tasks.language.running_text import cut

LONGEST = 150  # tokens of a text that are shown; a longer one keeps its beginning
BEGIN, END = "<bos>", "<eos>"


@dataclass(frozen=True, eq=False)
class Reading:
    """A text as a model reads it.

    Attributes:
        text: what it is called on the page.
        inputs: what is read, token by token; of one-to-many, the one thing.
        outputs: what is answered.
        pattern: how the two go together.
        read: the tokens that each encoder of the model reads, by the module's name.
        losses: of the answer, given the model or a copy of it: ``(n,)``, with gradients; one for
            each step of ``timed``, or one for all.
        timed: the encoder at whose step ``t`` loss ``t`` arises; "" where there is one loss.
    """

    text: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    pattern: Pattern
    read: dict[str, tuple[str, ...]]
    losses: Callable[[Any], Tensor]
    timed: str = ""


def readings(subject: Subject) -> list[Reading]:
    """Return each text of a subject as its model reads it.

    Raises:
        SeqkitError: if one cannot be read.
    """
    if subject.task == "captioning" and not subject.texts:
        return [_caption_of_example(subject)]
    found = [READERS[subject.task](subject.answerer, text) for text in subject.texts]
    return [replace(reading, text=brief(reading.text)) for reading in found]


def model_of(subject: Subject) -> nn.Module:
    """Return the network of a run."""
    model: nn.Module = subject.answerer.model
    return model


def _labelled(answerer: Any, text: str) -> Reading:
    """Read a text that is classified: one loss, that of the labels answered."""
    cut_text = intern([text], answerer.tokenizer).first(min(LONGEST, answerer.max_length))
    bags = answerer.ngrams.bags([text]) if answerer.ngrams else None
    inputs = answerer.inputs(cut_text, bags)
    (batch,) = answerer.batches(inputs).epoch(0)
    shares = answerer.probabilities(inputs)
    answered = answerer.answers(shares)[0]
    labels = tuple(answerer.labels[i] for i in np.flatnonzero(answered))
    target = torch.from_numpy(answered if answerer.multi_label else shares[0].argmax()[None])

    def losses(model: Any) -> Tensor:
        logits = model(_placed(batch, model))
        if answerer.multi_label:
            bits = F.binary_cross_entropy_with_logits(logits[0], target.to(logits.dtype))
            summed: Tensor = bits[None] * logits.shape[1]
            return summed
        return F.cross_entropy(logits, target)[None]

    tokens = _words(cut_text)
    return Reading(text, tokens, labels, "many-to-one", {"reader.encoder": tokens}, losses)


def _words(interned: Any) -> tuple[str, ...]:
    return tuple(interned.words[i] or "<unk>" for i in interned.rows.values.tolist())


def _placed(batch: Batch, model: nn.Module) -> Batch:
    """Return a batch whose numbers are of the model's type, which may be float64."""
    dtype = next(model.parameters()).dtype
    if batch.bag is None or batch.bag.weights.dtype == dtype:
        return batch
    return replace(batch, bag=replace(batch.bag, weights=batch.bag.weights.to(dtype)))


def _tagged(answerer: Any, text: str) -> Reading:
    """Read a text that is tagged: a loss for each word, that of the tag scored highest."""
    words = answerer.cut(text)[:LONGEST]
    if not words:
        raise SeqkitError(f"there is no word in '{text}': give a text of some.")
    tokens = tuple(token.text for token, _ in words)
    given = [[tag for _, tag in words]] if answerer.reads_beside else ()
    rows = answerer.rows(intern_rows([list(tokens)]), beside=given)
    (batch,) = TaggedBatches(rows, batch_size=1, pad=answerer.vocabulary.pad).epoch(0)
    (answer,) = answerer.answer(rows)
    tags = torch.from_numpy(answer.tags)

    def losses(model: Any) -> Tensor:
        return F.cross_entropy(model(batch).tags[0], tags, reduction="none")

    said = tuple(answerer.tags[n] for n in answer.tags.tolist())
    return Reading(text, tokens, said, "aligned", {"encoder": tokens}, losses, "encoder")


def _continued(answerer: Any, text: str) -> Reading:
    """Read a running text: at each token, the loss of the next."""
    ids = cut([text], answerer.tokenizer).encode(answerer.vocabulary).rows.values[:LONGEST]
    lines = ([*answerer.tokenizer.words(line), END] for line in text.split("\n"))
    tokens = [token for line in lines for token in line][: len(ids)]
    targets = torch.from_numpy(ids.astype(np.int64))
    first = answerer.vocabulary.eos

    def losses(model: Any) -> Tensor:
        return _written(model, model.initial_state(1), first, targets)[0]

    read = (END, *tokens[:-1])
    with torch.no_grad():
        _, best = _written(answerer.model, answerer.model.initial_state(1), first, targets)
    said = tuple(answerer.vocabulary.tokens(best))
    return Reading(text, read, said, "aligned", {"encoder": read}, losses, "encoder")


def _written(model: Any, state: Any, first: int, targets: Tensor) -> tuple[Tensor, list[int]]:
    """Read ``first`` and the targets but the last; return the loss of each, and the best ids."""
    losses, best = [], []
    before = torch.tensor([first])
    for target in targets:
        shares, state = model.step(before, state)
        losses.append(-shares[0, target])
        best.append(int(shares[0].argmax()))
        before = target[None]
    return torch.stack(losses), best


def _translated(answerer: Any, text: str) -> Reading:
    """Read a sentence and its translation: a loss for each token of that."""
    longest = min(LONGEST, answerer.max_length)
    rows = answerer.source.encode([text], first=longest)
    said = answerer.predict([text])[0].text
    targets = answerer.target.encode([said], first=longest).values
    lengths = torch.tensor([len(rows.values)])
    ids = torch.from_numpy(rows.values.astype(np.int64))[None]
    batch = Batch(ids, lengths, np.zeros(1, np.int64), len(rows.values))
    source = _units(answerer.source.tokenizer, text, len(rows.values))
    target = _units(answerer.target.tokenizer, said, len(targets))
    wanted = torch.from_numpy(targets.astype(np.int64))

    def losses(model: Any) -> Tensor:
        return _written(model, model.encode(batch), answerer.target.vocabulary.bos, wanted)[0]

    read = {"encoder": source, "decoder.encoder": (BEGIN, *target[:-1])}
    return Reading(text, source, target, "seq2seq", read, losses, "decoder.encoder")


def _units(tokenizer: Any, text: str, count: int) -> tuple[str, ...]:
    return (*tokenizer.words(text)[: count - 1], END)


def _named(answerer: Any, text: str) -> Reading:
    """Read a category and a name of it, or a name and its category: a loss for each character."""
    known = {name.casefold(): name for name in answerer.categories}
    category, name = known.get(text.strip().casefold()), text
    if category is None:
        shares = answerer.tell([text])[0].probabilities
        category = max(shares, key=shares.__getitem__)
    else:
        name = answerer.write([category])[0].names[0].text
    number = torch.tensor([answerer.categories.index(category)])
    targets = torch.from_numpy(answerer.encode([name]).rows.values.astype(np.int64))
    units = answerer.vocabulary.tokens(targets.tolist())

    def losses(model: Any) -> Tensor:
        return _written(model, model.start(number), answerer.vocabulary.bos, targets)[0]

    read = {"decoder.encoder": (BEGIN, *units[:-1])}
    title = category if name is not text else f"{name} ({category})"
    return Reading(title, (category,), tuple(units), "one-to-many", read, losses, "decoder.encoder")


def _captioned(answerer: Any, text: str) -> Reading:
    """Read a picture by its path (or a vector, as text)."""
    return _described(answerer, text, answerer.picture(text))


def _described(answerer: Any, text: str, picture: Any) -> Reading:
    """Read a picture and its caption: a loss for each token of that."""
    ((found, *_),) = answerer.write(picture[None], answerer.writing.decoding, [0])
    ids = [*found.ids, *([] if answerer.vocabulary.eos in found.ids else [answerer.vocabulary.eos])]
    targets = torch.tensor(ids)
    units = tuple(answerer.vocabulary.tokens(ids))

    def losses(model: Any) -> Tensor:
        dtype = next(model.parameters()).dtype
        state = model.encode(torch.from_numpy(picture[None]).to(dtype))
        return _written(model, state, answerer.vocabulary.bos, targets)[0]

    read = {"decoder.encoder": (BEGIN, *units[:-1])}
    return Reading(text, (text,), units, "one-to-many", read, losses, "decoder.encoder")


def _caption_of_example(subject: Subject) -> Reading:
    """Read the first held-out picture of the run's corpus."""
    from seqkit.explain.examples import corpus_of, held_out
    from seqkit.tasks.captions.caption_writer import read_split

    corpus = corpus_of(subject.run)
    pictures, captions = read_split(corpus, held_out(corpus))
    return _described(subject.answerer, f"a picture of '{captions[0][0]}'", pictures[0])


def _measured(answerer: Any, text: str) -> Reading:
    """Read the last window of a series: one loss, or one for each frame's label."""
    frames = answerer.scaler.apply(answerer.frames(text, 1))
    aligned = answerer.goal == "frames"
    if not aligned:
        answerer.last_window(len(frames), "the text")
    window, begins = frames[-answerer.window :], np.zeros(1, np.int64)
    batch = Windows(window, begins, window=len(window), aligned=aligned).batch(begins)
    with torch.inference_mode():
        outputs = answerer.model(batch)
    best = outputs.argmax(dim=1)

    def losses(model: Any) -> Tensor:
        dtype = next(model.parameters()).dtype
        said = model(replace(batch, inputs=batch.inputs.to(dtype)))
        if answerer.goal == "forecast":  # nothing is right or wrong yet: how it moves the forecast
            total: Tensor = said.sum()[None]
            return total
        return F.cross_entropy(said, best, reduction="none")

    if answerer.goal == "forecast":
        said = answerer.scaler.undo(outputs.numpy(), answerer.column)[0]
        answered = tuple(f"{value:.4g}" for value in said.tolist())
    else:
        answered = tuple(answerer.labels[n] for n in best.tolist())
    tokens = tuple(f"{n - len(window) + 1}" for n in range(len(window)))
    return Reading(
        text,
        tokens,
        answered,
        "aligned" if aligned else "many-to-one",
        {"encoder": tokens},
        losses,
        "encoder" if aligned else "",
    )


def _recited(answerer: Any, text: str) -> Reading:
    """Read a text of the lesson: at each character, the loss of the next."""
    tokens = answerer.tokens(text)[:LONGEST]
    if len(tokens) < 2:
        raise SeqkitError(f"'{text}' has nothing after its first character: give a longer text.")
    read, wanted = tuple(tokens[:-1]), answerer.ids(tokens)[0, 1:]
    ids = answerer.ids(read)

    def losses(model: Any) -> Tensor:
        return F.cross_entropy(_scores(model, ids), wanted, reduction="none")

    with torch.no_grad():
        best = answerer.model(ids)[0].argmax(dim=1).tolist()
    said = tuple(answerer.vocabulary.tokens(best))
    return Reading(text, read, said, "aligned", {"encoder": read}, losses, "encoder")


def _scores(model: Any, ids: Tensor) -> Tensor:
    """Return the logits of the lesson's model, whose inputs are made float32."""
    onehot = F.one_hot(ids, model.characters).to(next(model.parameters()).dtype)
    hidden, _ = model.encoder.read(onehot)
    logits: Tensor = model.output(hidden)[0]
    return logits


READERS: dict[str, Callable[[Any, str], Reading]] = {
    "captioning": _captioned,
    "classification": _labelled,
    "language_modelling": _continued,
    "lesson": _recited,
    "naming": _named,
    "series": _measured,
    "tagging": _tagged,
    "translation": _translated,
}


def joined(tokens: Sequence[str]) -> bool:
    """Whether tokens are to be drawn without spaces between: some of them are white space."""
    return any(token.isspace() for token in tokens)
