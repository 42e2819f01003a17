"""The beam of a search as a tree: what was considered at each step, what was kept, what won."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seqkit.decode import Hypothesis, Search, watched
from seqkit.errors import SeqkitError
from seqkit.explain.tokens import brief, legend, shown
from seqkit.pages.figures import Figure, Node, Section, Tree
from seqkit.tasks.answering import WritesText
from seqkit.text.joining import Joiner
from seqkit.text.pieces import SPACE
from seqkit.text.tokenizer import Numbered

if TYPE_CHECKING:
    from seqkit.explain.subject import Subject

SINGLE = 30  # nodes of a picture before runs of tokens without a fork become one
MOST = 40  # nodes, or such runs, in a picture


@dataclass(frozen=True, eq=False)
class BeamTree:
    """All that one search considered. The first node is the prompt, and parents come first.

    Attributes:
        text: that was answered.
        tokens: of each node, as it is read.
        parents: ``(nodes,)``, the node that each goes on from; -1 for the first.
        scores: ``(nodes,)``, log-probability of what is written down to each, in nats.
        ends: ``(nodes,)`` bool, whether it ends a sequence.
        kept: ``(nodes,)`` bool, whether it came into the beam, or was taken as an end; the others
            were considered at their step, and pruned there.
        ranks: ``(nodes,)``, of a node on the way to an answer the rank of the best such, from 1;
            0 for the others, which were pruned sooner or later.
        answers: what the search found, the best first: its text and its score, the
            log-probability under length and coverage penalties.
        joint: what stands between tokens.
    """

    text: str
    tokens: tuple[str, ...]
    parents: NDArray[np.int64]
    scores: NDArray[np.float64]
    ends: NDArray[np.bool_]
    kept: NDArray[np.bool_]
    ranks: NDArray[np.int64]
    answers: tuple[tuple[str, float], ...]
    joint: str = ""


def of(answerer: Any, text: str, *, beam: int = 0) -> BeamTree:
    """Return the tree of the search that answers a text.

    Args:
        answerer: of a run that writes: translations, sentences, names, captions.
        text: what it answers.
        beam: hypotheses kept at each step; 0: as many as the run searches with.

    Raises:
        SeqkitError: if the run writes nothing or does not search, or nothing was searched for.
    """
    if not isinstance(answerer, WritesText):
        raise SeqkitError("this run writes nothing: beams are of runs that write text.")
    searching = _searching(answerer, beam)
    if searching.writing.decoding.beam < 2:
        raise SeqkitError("a beam of 1 is greedy, and no tree: use beam=2 or more.")
    with watched() as searches:
        (answer,) = searching.stream([text])
    if not searches:
        problem = getattr(answer, "problem", "")
        raise SeqkitError(problem or f"nothing is searched for after '{brief(text)}'.")
    side: Any = getattr(answerer, "target", answerer)
    return tree(searches[0], side.tokenizer, side.vocabulary, text)


def _searching(answerer: Any, beam: int) -> Any:
    """Return an answerer that searches once for each text, for whole answers."""
    writing = answerer.writing
    most = beam or writing.decoding.beam
    changed: dict[str, Any] = {"beam": beam} if beam else {}
    if hasattr(writing, "sentences"):
        changed |= {"words": 0, "sentences": min(max(1, writing.sentences), most)}
    else:
        changed |= {"top": min(writing.top, most)}
    if hasattr(writing, "classify"):
        changed |= {"classify": False}
    return replace(answerer, writing=replace(writing, **changed))


def tree(search: Search, tokenizer: Any, vocabulary: Any, text: str) -> BeamTree:
    """Return the tree of the first prompt of a search.

    Args:
        search: that was watched.
        tokenizer: of what was written.
        vocabulary: of what was written.
        text: the prompt, which the first node shows.
    """
    joiner = Joiner(tokenizer, vocabulary)
    mine = [n for n, way in enumerate(search.ways) if way.prompt == 0]
    node = {way: number for number, way in enumerate(mine, start=1)} | {-1: 0}
    ways = [search.ways[n] for n in mine]
    names = vocabulary.tokens([way.id for way in ways])
    parents = np.array([-1, *(node[way.parent] for way in ways)], np.int64)
    ends = np.array([False, *(way.ends for way in ways)])
    ids = [-1, *(way.id for way in ways)]
    ranks = np.zeros(len(parents), np.int64)
    for rank, hypothesis in reversed(list(enumerate(search.answers[0], start=1))):
        for place in _path(hypothesis, ids, parents, ends):
            ranks[place] = rank
    return BeamTree(
        text,
        (
            brief(text, 16),
            *("<eos>" if w.ends else shown(n) for w, n in zip(ways, names, strict=True)),
        ),
        parents,
        np.array([0.0, *(way.total for way in ways)]),
        ends,
        np.array([True, *(way.kept for way in ways)]),
        ranks,
        tuple((joiner.join(h.ids), h.score) for h in search.answers[0]),
        "" if joiner.separators or isinstance(tokenizer, Numbered) else " ",
    )


def _path(
    hypothesis: Hypothesis, ids: Sequence[int], parents: NDArray[np.int64], ends: NDArray[np.bool_]
) -> list[int]:
    """Return the nodes of a hypothesis, the first node of all among them."""
    children = {
        (p, i, e): n
        for n, (p, i, e) in enumerate(zip(parents.tolist(), ids, ends.tolist(), strict=True))
    }
    path = [0]
    for token in hypothesis.ids:
        path.append(children[path[-1], token, False])
    last = [n for (p, _, e), n in children.items() if e and p == path[-1]]
    return path + (last if hypothesis.ended else [])


def figure(found: BeamTree) -> Tree:
    """Return the picture: what came into the beam; ways to the answers stand out.

    In a large tree, tokens without a fork between them are one node; of one that is larger still,
    those that were farthest behind the best of their step are left out.
    """
    nodes = [n for n in range(len(found.tokens)) if found.kept[n]]
    came = len(nodes)
    runs = [[n] for n in nodes]
    if came > SINGLE:
        runs = _runs(found, nodes)
        behind = _behind(found)
        while len(runs) > MOST:
            tips = set(nodes) - set(found.parents[nodes].tolist())
            loose = [n for n in tips if not found.ranks[n]]
            if not loose:
                break
            nodes.remove(min(loose, key=lambda n: (behind[n], n)))
            runs = _runs(found, nodes)
    place = {run[-1]: number for number, run in enumerate(runs)}
    drawn = [
        Node(
            place.get(int(found.parents[run[0]]), -1),
            _in_words([found.tokens[n] for n in run], found.joint),
            float(found.scores[run[-1]]),
            bool(found.ranks[run[-1]]),
        )
        for run in runs
    ]
    pruned, hidden = len(found.tokens) - came, came - len(nodes)
    best = ""
    if found.answers:
        said = f"'{brief(found.answers[0][0])}'" if found.answers[0][0] else "to end at once"
        best = f" Best: {said}."
    rest = f" Not drawn: {hidden:,} in the beam that fell farthest behind." if hidden else ""
    return Tree(
        f"Beam: {brief(found.text)}",
        "Log-probability of what is written down to each node. Nodes that lead to an answer stand "
        f"out; the others were in the beam until better ones took their place.{best} "
        f"{pruned:,} more ways to go on were looked at, and left at once.{rest}"
        + legend(found.tokens),
        drawn,
    )


def _behind(found: BeamTree) -> NDArray[np.float64]:
    """Return how far below the best node of its step each node is, ``(nodes,)``, 0 or less."""
    depths = np.zeros(len(found.tokens), np.int64)
    for node in range(1, len(depths)):
        depths[node] = depths[found.parents[node]] + 1
    best = np.full(depths.max() + 1, -np.inf)
    np.maximum.at(best, depths, found.scores)
    return np.asarray(found.scores - best[depths])


def _in_words(tokens: Sequence[str], joint: str) -> str:
    """Return a run of tokens as a person writes it, but for the sign that its first may have."""
    text = joint.join(tokens)
    return text[:1] + text[1:].replace(SPACE, " ")


def _runs(found: BeamTree, nodes: Sequence[int]) -> list[list[int]]:
    """Return the nodes in runs: a node that is the only one to go on from another joins it."""
    children = np.bincount(found.parents[nodes][1:], minlength=len(found.tokens))
    runs: dict[int, list[int]] = {}
    for node in nodes:
        parent = int(found.parents[node])
        alone = parent > 0 and children[parent] == 1 and not found.ends[node]
        if alone and bool(found.ranks[node]) == bool(found.ranks[parent]):
            run = runs.pop(parent)
            run.append(node)
        else:
            run = [node]
        runs[node] = run
    return sorted(runs.values(), key=lambda run: run[0])


def figures(answerer: Any, texts: Sequence[str]) -> list[Figure]:
    """Return a tree for each text."""
    return [figure(of(answerer, text)) for text in texts]


def sections(subject: "Subject") -> Sequence[Section]:
    """Return a section with the search of each text; none where nothing is searched for."""
    if not isinstance(subject.answerer, WritesText):
        return []
    texts: Sequence[str] = subject.texts
    if categories := getattr(subject.answerer, "categories", ()):  # a name is not written after
        known = {category.casefold() for category in categories}
        texts = [text for text in texts if text.strip().casefold() in known]
    if not texts:
        return []
    about = (
        "How the answer was searched for: at each step the best hypotheses are kept, all others "
        "pruned. The first of the answers is the one with the best score at the end."
    )
    return [Section("Beams", about, figures(subject.answerer, texts))]
