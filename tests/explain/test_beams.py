"""The beam as a tree, against a search with lists over a tiny vocabulary, and real answers."""

from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from seqkit.decode import DecodeSettings, Search, Start, decode, read, watched
from seqkit.errors import SeqkitError
from seqkit.explain.beams import MOST, SINGLE, BeamTree, figure, of, sections
from seqkit.recipe import find
from seqkit.tasks.language.text_writer import TextWriter

V, END = 5, 0


class Tiny:
    """A random recurrent model in float64."""

    def __init__(self, seed: int = 0) -> None:
        draw = torch.Generator().manual_seed(seed)
        self.table = torch.randn(V, 6, generator=draw, dtype=torch.float64)
        self.inner = torch.randn(6, 6, generator=draw, dtype=torch.float64)
        self.outer = 2 * torch.randn(6, V, generator=draw, dtype=torch.float64)

    def step(self, ids: Tensor, state: tuple[Tensor]) -> tuple[Tensor, tuple[Tensor]]:
        h = torch.tanh(self.table[ids] + state[0] @ self.inner)
        return torch.log_softmax(h @ self.outer, 1), (h,)

    def start(self, prompts: list[list[int]]) -> Start:
        return read(self, prompts, (torch.zeros(len(prompts), 6, dtype=torch.float64),))


Path = tuple[int, ...]


def by_lists(
    model: Tiny, prompt: list[int], beam: int, longest: int
) -> tuple[dict[Path, float], set[Path], set[Path]]:
    """Return all ways a beam search looks at with totals; those kept in the beam; the ends taken.

    It never stops before ``longest`` tokens.
    """
    live: list[tuple[float, Path]] = [(0.0, ())]
    looked: dict[Path, float] = {}
    kept: set[Path] = set()
    ends: set[Path] = set()
    for _ in range(longest):
        ways = []
        for total, ids in live:
            logs, _state = model.start([[*prompt, *ids]])
            ways += [(total + float(logs[0, token]), (*ids, token)) for token in range(V)]
        ways = sorted(ways, key=lambda way: -way[0])[: 2 * beam]
        looked |= {ids: total for total, ids in ways}
        ends |= {ids for _, ids in ways[:beam] if ids[-1] == END}
        live = [way for way in ways if way[1][-1] != END][:beam]
        kept |= {ids for _, ids in live}
    return looked, kept, ends


def paths(search: Search, prompt: int) -> dict[Path, Any]:
    """Return the ways of a prompt by all their tokens."""
    full: dict[int, Path] = {-1: ()}
    found = {}
    for number, way in enumerate(search.ways):
        full[number] = (*full[way.parent], way.id)
        if way.prompt == prompt:
            assert full[number] not in found
            found[full[number]] = way
    return found


@pytest.mark.parametrize("beam", [2, 3, 7])
def test_what_is_noted_is_what_a_beam_search_looks_at(beam: int) -> None:
    model, prompts, longest = Tiny(3), [[1, 2], [4], [3, 3, 1]], 5
    chosen = DecodeSettings(beam=beam, answers=beam, max_length=longest, stop_after=1000)
    with watched() as searches:
        decode(model, model.start(prompts), [END], chosen)
    (search,) = searches
    for number, prompt in enumerate(prompts):
        looked, kept, ends = by_lists(model, prompt, beam, longest)
        found = paths(search, number)
        last = max(map(len, found))  # a prompt whose answers cannot be bettered is over earlier
        assert last >= 2
        assert set(found) == {ids for ids in looked if len(ids) <= last}
        for ids, way in found.items():
            assert way.total == pytest.approx(looked[ids])
            assert way.ends == (ids[-1] == END)
            if len(ids) < last:
                assert way.kept == (ids in kept or ids in ends)


def test_looking_on_changes_nothing_and_ends_with_its_block() -> None:
    model, prompts = Tiny(8), [[1], [2, 3]]
    for chosen in (
        DecodeSettings(beam=3, answers=2, max_length=6),
        DecodeSettings(beam=1, max_length=6),
        DecodeSettings(temperature=1.0, answers=3, max_length=6),
    ):
        plain = decode(model, model.start(prompts), [END], chosen)
        with watched() as searches:
            assert decode(model, model.start(prompts), [END], chosen) == plain
            with watched() as inner:
                decode(model, model.start(prompts), [END], chosen)
        decode(model, model.start(prompts), [END], chosen)
        assert [search.answers for search in (*searches, *inner)] == [plain, plain]
        assert bool(searches[0].ways) == (chosen.beam > 1)


# -- of runs --

NAMES = ["corpus=village", "data.language=ko", "data.n=60", "hidden=8", "embedding.size=4"]
SMALL = {
    "translation": [
        *("data.n=80", "encoder.hidden=4", "model.embedding.size=6", "tokenizer=syllable"),
        *("decoder.hidden=8", "decoder.embedding.size=6"),
    ],
    "names": NAMES,
    "completion": [*NAMES, "data.kind=text", "tokenizer=syllable", "batch_size=4", "bptt=10"],
}
TEXTS = {"translation": "고양이가 잠을 잡니다.", "completion": "고양이가"}


@cache
def answerer(recipe: str) -> tuple[Any, str]:
    found = find(recipe)
    job: Any = found.build(found.settings(SMALL[recipe]))
    torch.manual_seed(4)
    with torch.no_grad():
        for weight in job.model.parameters():
            weight.copy_(torch.randn_like(weight) * 0.4)
    job.model.eval()
    if recipe == "translation":
        return job.translator, TEXTS[recipe]
    if recipe == "names":
        return job.writer, job.writer.categories[0]
    evaluation = job.settings.evaluation
    writer = TextWriter(job.model, job.tokenizer, job.vocabulary, False, evaluation)
    return writer, TEXTS[recipe]


def leaf_of(tree: BeamTree, rank: int) -> int:
    """Return the deepest node on the way to an answer."""
    return max(n for n in range(len(tree.tokens)) if tree.ranks[n] == rank)


def test_a_name_is_no_category_to_write_of() -> None:
    writer, category = answerer("names")
    subject: Any = SimpleNamespace(answerer=writer, texts=("no category", category.upper()))
    (section,) = sections(subject)
    assert len(section.figures) == 1
    subject = SimpleNamespace(answerer=writer, texts=("no category",))
    assert sections(subject) == []


@pytest.mark.parametrize("recipe", sorted(SMALL))
def test_the_best_path_of_a_tree_is_the_answer_of_the_run(recipe: str) -> None:
    writer, text = answerer(recipe)
    tree = of(writer, text, beam=4)
    changed = {"beam": 4, **({"words": 0} if recipe == "completion" else {"top": 1})}
    answer = replace(writer, writing=replace(writer.writing, **changed)).predict([text])[0]
    kinds = ("candidates", "sentences", "names")
    best = next(getattr(answer, name) for name in kinds if hasattr(answer, name))[0]
    leaf = leaf_of(tree, 1)
    assert tree.scores[leaf] == pytest.approx(best.log_probability)
    assert tree.answers[0][0].strip() in best.text
    assert (tree.parents[1:] < np.arange(1, len(tree.parents))).all()
    steps = tree.scores[1:] - tree.scores[tree.parents[1:]]
    assert (steps <= 1e-9).all()
    assert tree.kept[tree.parents[1:]].all()
    assert not tree.ends[tree.parents[1:]].any()
    place, path = leaf, []
    while place:
        path.append(place)
        place = int(tree.parents[place])
    assert all(tree.ranks[node] == 1 for node in path)
    assert (tree.ranks == 1).sum() == len(path) + 1


def chain(length: int, *, forks: int) -> BeamTree:
    """A tree of one long path, with a leaf that is left at each of the first nodes."""
    parents, tokens, ranks = [-1], ["start"], [1]
    tip = 0
    for step in range(length):
        if step < forks:
            parents.append(tip)
            tokens.append(f"x{step}")
            ranks.append(0)
        parents.append(tip)
        tokens.append(f"t{step}")
        ranks.append(1)
        tip = len(parents) - 1
    size = len(parents)
    return BeamTree(
        "text",
        tuple(tokens),
        np.array(parents),
        -np.arange(size, dtype=np.float64),
        np.zeros(size, np.bool_),
        np.ones(size, np.bool_),
        np.array(ranks),
        (("best", -1.0),),
        " ",
    )


def test_small_trees_are_drawn_node_by_node_and_large_ones_in_runs() -> None:
    small = figure(chain(10, forks=3))
    assert [node.text for node in small.nodes][:4] == ["start", "x0", "t0", "x1"]
    large = chain(SINGLE + 10, forks=3)
    nodes = figure(large).nodes
    assert len(nodes) == 7  # the start, three forks, and the path in three parts
    assert nodes[-1].text == " ".join(f"t{i}" for i in range(2, SINGLE + 10))
    assert nodes[-1].score == large.scores[-1]
    assert [node.kept for node in nodes] == [not node.text.startswith("x") for node in nodes]
    said = " ".join(node.text for node in nodes).split()
    assert sorted(said) == sorted(large.tokens)


def test_of_a_tree_too_large_those_farthest_behind_are_not_drawn() -> None:
    tree = chain(80, forks=MOST + 15)
    scores = tree.scores.copy()
    leaves = [n for n, token in enumerate(tree.tokens) if token.startswith("x")]
    scores[leaves] -= np.random.default_rng(0).permutation(len(leaves)) * 10.0
    tree = replace(tree, scores=scores)
    drawn = figure(tree)
    assert len(drawn.nodes) <= MOST
    left = {node.text for node in drawn.nodes if not node.kept}
    behind = {tree.tokens[n]: scores[n] - scores[n + 1] for n in leaves}  # its step's other node
    gone = set(behind) - left
    assert gone
    assert min(behind[name] for name in left) > max(behind[name] for name in gone)
    assert f"Not drawn: {len(gone)} in the beam" in drawn.about
    said = " ".join(node.text for node in drawn.nodes if node.kept).split()
    assert said == ["start", *(f"t{i}" for i in range(80))]


def test_what_was_left_at_once_is_counted_and_not_drawn() -> None:
    writer, text = answerer("translation")
    tree = of(writer, text, beam=3)
    drawn = figure(tree)
    left = int((~tree.kept).sum())
    assert left > 0
    assert f"{left:,} more ways" in drawn.about
    assert sum(node.text.count("<eos>") for node in drawn.nodes) == (tree.ends & tree.kept).sum()


def test_what_is_not_searched_for_is_refused() -> None:
    writer, text = answerer("translation")
    with pytest.raises(SeqkitError, match="a beam of 1 is greedy, and no tree: use beam=2"):
        of(writer, text, beam=1)
    with pytest.raises(SeqkitError, match="nothing is searched for after ''"):
        of(writer, "")
    with pytest.raises(SeqkitError, match="this run writes nothing"):
        of(object(), text)
