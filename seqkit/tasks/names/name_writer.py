"""A trained namer with all it needs to write names, and to tell what a name is."""

import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Self
from zlib import crc32

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqkit.corpus import Corpus, Labelled
from seqkit.data.batch import Batch
from seqkit.data.batching import Batches
from seqkit.data.ragged import Ragged
from seqkit.decode import DecodeSettings, Hypothesis, decode, forbid, read
from seqkit.errors import SeqkitError, unknown
from seqkit.files import read_json, write_json
from seqkit.models.namer import Namer, NamerSettings
from seqkit.settings import as_dict, check
from seqkit.tasks.answering import refuse_senseless
from seqkit.tasks.names.answers import Name, NameWriting, Told, Written
from seqkit.tasks.names.name_scores import (
    NameScores,
    NamingEvaluation,
    category_numbers,
    ceiling,
    posterior,
    told,
)
from seqkit.tasks.splits import with_validation
from seqkit.text import tokenizer as tokenizers
from seqkit.text.joining import Joiner
from seqkit.text.tokenizer import Tokenizer
from seqkit.text.vocabulary import Vocabulary
from seqkit.train import checkpoint
from seqkit.train.run import Run

ROWS_AT_ONCE = 256


class Names(NamedTuple):
    """Names that a model can read.

    Attributes:
        rows: their ids, each row ending in ``eos``.
        characters: of the names: code points, ends included.
    """

    rows: Ragged
    characters: int


@dataclass(frozen=True, eq=False)
class NameWriter:
    """A namer with all it needs to read a category or a name.

    Attributes:
        model: the network.
        tokenizer: cuts a name into units.
        vocabulary: gives units their ids.
        categories: in the order of the model's.
        counts: the training names of each.
        max_length: a longer name keeps its first so many characters.
        evaluation: how names are scored.
        writing: how a run answers.
    """

    model: Namer
    tokenizer: Tokenizer
    vocabulary: Vocabulary
    categories: tuple[str, ...]
    counts: tuple[int, ...]
    max_length: int
    evaluation: NamingEvaluation
    writing: NameWriting = field(default_factory=NameWriting)

    def with_options(self, options: Mapping[str, Any]) -> Self:
        """Return the same writer with other :class:`NameWriting`; one category, where it tells.

        Raises:
            SeqkitError: if one is unknown, or they have no sense together.
        """
        given = {"top": 1, **options} if options.get("classify") else options
        refuse_senseless(given, as_dict(self.writing), "a run that writes names")
        return replace(self, writing=check(NameWriting, given))

    def predict(self, texts: Sequence[str]) -> list[Written | Told]:
        """Return one answer for each text, in order.

        Raises:
            TypeError: if ``texts`` is one string, whose characters would be answered.
        """
        if isinstance(texts, str):
            raise TypeError("predict takes a list of texts: write predict([text])")
        return list(self.stream(texts))

    def stream(self, texts: Iterable[str], at_once: int = 1024) -> Iterator[Written | Told]:
        """Yield names of each category, or the categories of each name, in order.

        Raises:
            SeqkitError: if a text is no category where one is needed.
        """
        remaining, width = iter(texts), max(self.writing.decoding.beam, self.writing.top)
        at_once = at_once if self.writing.classify else max(1, min(at_once, 4096 // width))
        while chunk := list(islice(remaining, at_once)):
            yield from self.tell(chunk) if self.writing.classify else self.write(chunk)

    # -- writing --

    def write(self, categories: Sequence[str]) -> list[Written]:
        """Return names of each category, as ``writing`` says.

        What is drawn depends on the seed and on the category alone.

        Raises:
            SeqkitError: if one is no category of the model.
        """
        numbers = [self._number(category) for category in categories]
        names = [self.categories[number] for number in numbers]
        found = self._decoded(numbers, self.writing.decoding, [crc32(n.encode()) for n in names])
        return [
            Written(name, tuple(map(self._name, hypotheses)))
            for name, hypotheses in zip(names, found, strict=True)
        ]

    def _number(self, category: str) -> int:
        given = unicodedata.normalize("NFC", category.strip())
        known = {name.casefold(): number for number, name in enumerate(self.categories)}
        exact = self.categories.index(given) if given in self.categories else None
        number = known.get(given.casefold()) if exact is None else exact
        if number is None:
            raise unknown("category", category.strip(), self.categories)
        return number

    @torch.inference_mode()
    def _decoded(
        self, categories: Sequence[int], chosen: DecodeSettings, keys: Sequence[int]
    ) -> list[list[Hypothesis]]:
        vocabulary, model = self.vocabulary, self.model
        training, device = model.training, model.categories.weight.device
        model.eval()
        state = model.start(torch.tensor(categories, device=device))
        start = read(model, [[vocabulary.bos]] * len(categories), state)
        never = forbid([vocabulary.pad, vocabulary.unk, vocabulary.bos])
        found = decode(model, start, [vocabulary.eos], chosen, filters=[never], keys=keys)
        model.train(training)
        return found

    @cached_property
    def _joiner(self) -> Joiner:
        return Joiner(self.tokenizer, self.vocabulary)

    def _name(self, hypothesis: Hypothesis) -> Name:
        text = self._joiner.join(hypothesis.ids)
        return Name(text, hypothesis.log_probability, hypothesis.ended)

    def drawn(self, count: int, seed: int = 0) -> list[str]:
        """Return ``count`` names drawn from the model, of each category its share in train."""
        shares = np.cumsum(self.counts) / sum(self.counts)
        numbers = np.searchsorted(shares, (np.arange(count) + 0.5) / count).tolist()
        chosen = DecodeSettings(temperature=1.0, seed=seed, max_length=self.max_length)
        found = self._decoded(numbers, chosen, range(count))
        return [self._name(h).text for hypotheses in found for h in hypotheses]

    # -- reading backwards --

    def tell(self, names: Sequence[str]) -> list[Told]:
        """Return how probable each category is for each name, with the prior of ``evaluation``."""
        shares = posterior(self.nats(self.encode(names).rows), self.prior)
        return [
            Told(name, dict(zip(self.categories, row, strict=True)))
            for name, row in zip(names, shares.tolist(), strict=True)
        ]

    @property
    def prior(self) -> NDArray[np.float64]:
        """``p(category)``, ``(categories,)``."""
        counts = np.asarray(self.counts, dtype=np.float64)
        if self.evaluation.prior == "uniform":
            counts = np.ones_like(counts)
        prior: NDArray[np.float64] = counts / counts.sum()
        return prior

    def encode(self, names: Iterable[str]) -> Names:
        """Return names as the model reads them: in composed form (NFC), ends at their right."""
        vocabulary, longest, characters = self.vocabulary, self.max_length, 0
        rows = []
        for name in names:
            composed = unicodedata.normalize("NFC", name)[:longest]
            characters += len(composed) + 1
            rows.append([*vocabulary.ids(self.tokenizer.words(composed)), vocabulary.eos])
        return Names(Ragged.from_rows(rows), characters)

    def nats(self, rows: Ragged) -> NDArray[np.float64]:
        """Return ``-log p(name | category)``, ``(names, categories)``."""
        result = np.zeros((len(rows), len(self.categories)))
        batches = Batches(rows, batch_size=ROWS_AT_ONCE, pad=self.vocabulary.pad)
        for where, found in self._asked(self.model.nll_by_category, batches):
            result[where] = found
        return result

    def own_nats(self, rows: Ragged, categories: NDArray[np.int64]) -> float:
        """Return ``-log p`` of all names together, each in its category, ``(names,)``."""
        pad = self.vocabulary.pad
        batches = Batches(rows, targets=categories, batch_size=ROWS_AT_ONCE, pad=pad)
        return sum(float(found.sum()) for _, found in self._asked(self.model.nll, batches))

    @torch.inference_mode()
    def _asked(
        self, ask: Callable[[Batch], Tensor], batches: Batches
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Yield what the model answers to each batch, and to which rows."""
        training, device = self.model.training, self.model.categories.weight.device
        self.model.eval()
        for batch in batches.epoch(0):
            yield batch.rows, ask(batch.to(device)).double().cpu().numpy()
        self.model.train(training)

    # -- scoring --

    def score(self, corpus: Corpus, split: str, chosen: Any) -> NameScores:
        """Score a split of a corpus, read with the settings ``chosen`` that the run had.

        Raises:
            SeqkitError: if there is no such split, or it has a category that training had not.
        """
        parted = with_validation(corpus, chosen.validation)
        rows = list(map(composed, (corpus if split == "test" else parted).examples(split)))
        known = {composed(row).text for row in parted.examples("train")}
        writer = replace(self, evaluation=chosen.evaluation)
        return writer.scores_of(rows, f"the {split} split", known)

    def score_file(self, path: Path, options: Mapping[str, str]) -> NameScores:
        """Score a labelled file or folder; options: those of the ``labelled`` corpus.

        Raises:
            SeqkitError: if it cannot be read, or has a category that training had not.
        """
        from seqkit.corpora.labelled import rows

        return self.scores_of(list(map(composed, rows(path, options))), str(path))

    def scores_of(
        self, rows: Sequence[Labelled], where: str, known: Collection[str] = (), read_back: int = 0
    ) -> NameScores:
        """Score names in their categories.

        Args:
            rows: the names.
            where: they are from, for errors.
            known: training names: what is not new of the names that are drawn; empty for not known.
            read_back: so many of them, evenly spread, are read backwards; 0: all.

        Raises:
            SeqkitError: if there is none, or one is of a category that training had not.
        """
        if not rows:
            raise SeqkitError(f"{where} has no name to score.")
        true = category_numbers(rows, self.categories, where)
        names = self.encode(row.text for row in rows)
        some = _spread(len(rows), read_back)
        by_category = self.nats(self.encode(rows[i].text for i in some).rows)
        new = None
        if known and self.evaluation.drawn:
            drawn = self.drawn(self.evaluation.drawn)
            new = sum(name not in known for name in drawn) / len(drawn)
        return NameScores(
            nats=self.own_nats(names.rows, true),
            units=len(names.rows.values),
            unknown=int((names.rows.values == self.vocabulary.unk).sum()),
            characters=names.characters,
            ceiling=ceiling(rows),
            new=new,
            rows=len(rows),
            report=told(by_category, self.prior, true[some], self.categories),
        )

    # -- files --

    def save(self, run: Run) -> None:
        """Write everything but the weights and settings into a run directory."""
        tokenizers.save(self.tokenizer, run.tokenizer_folder)
        self.vocabulary.save(run.vocabulary_file)
        write_json(run.labels_file, dict(zip(self.categories, self.counts, strict=True)))

    @classmethod
    def load(cls, run: Run) -> "NameWriter":
        """Rebuild the writer of a run directory.

        Raises:
            SeqkitError: if a part is missing, truncated or of another model.
        """
        saved, known = run.settings()["settings"], read_json(run.labels_file)
        try:
            chosen = check(NamerSettings, saved["namer"])
            evaluation = check(NamingEvaluation, saved["evaluation"])
            longest = int(saved["text"]["max_length"])
            categories, counts = tuple(known), tuple(int(known[name]) for name in known)
        except (KeyError, TypeError, ValueError):
            raise SeqkitError(
                f"{run.settings_file} or {run.labels_file.name} is not of a namer's run: copy the "
                "run again, or train it anew."
            ) from None
        vocabulary = Vocabulary.load(run.vocabulary_file)
        model = build_model(chosen, vocabulary, len(categories))
        checkpoint.restore_run(model, run)
        tokenizer = tokenizers.load(run.tokenizer_folder)
        return cls(model.eval(), tokenizer, vocabulary, categories, counts, longest, evaluation)


def _spread(count: int, chosen: int) -> NDArray[np.int64]:
    """Return the places of ``chosen`` of so many things, evenly spread; 0: of all."""
    kept = min(chosen or count, count)
    return np.arange(kept, dtype=np.int64) * count // max(1, kept)


def composed(row: Labelled) -> Labelled:
    """Return a name as the model reads it, in composed form (NFC)."""
    return row._replace(text=unicodedata.normalize("NFC", row.text))


def build_model(chosen: NamerSettings, vocabulary: Vocabulary, categories: int) -> Namer:
    """Return a namer with random weights."""
    return Namer(
        chosen,
        vocabulary_size=len(vocabulary),
        categories=categories,
        pad=vocabulary.pad,
        bos=vocabulary.bos,
        eos=vocabulary.eos,
        unk=vocabulary.unk,
    )
