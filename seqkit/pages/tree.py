"""A tree of hypotheses, from left to right; what was dropped is dashed."""

from collections.abc import Mapping

from seqkit.pages.figures import Tree
from seqkit.pages.markup import escape, label, number, width

ROW, GAP = 46, 44  # pixels between leaves, and between steps


def draw(figure: Tree, words: Mapping[str, str]) -> str:
    """Return the figure as HTML."""
    nodes = figure.nodes
    if not nodes:
        return f"<p>{escape(words['empty'])}</p>"
    children: list[list[int]] = [[] for _ in nodes]
    depth = [0] * len(nodes)
    for place, node in enumerate(nodes):
        if node.parent >= 0:
            children[node.parent].append(place)
            depth[place] = depth[node.parent] + 1
    ys = _heights(children)
    sizes = [max(width(node.text[:40]), width(_score(node.score), 12.5)) + 20 for node in nodes]
    columns = [
        max(size for size, d in zip(sizes, depth, strict=True) if d == level)
        for level in range(max(depth) + 1)
    ]
    lefts = [4 + sum(columns[:level]) + GAP * level for level in range(len(columns))]
    edges, boxes = [], []
    for place, node in enumerate(nodes):
        x, y, wide = lefts[depth[place]], ys[place], sizes[place]
        kind = "kept" if node.kept else "dropped"
        if node.parent >= 0:
            start = lefts[depth[node.parent]] + sizes[node.parent]
            middle, before = x - GAP / 2, ys[node.parent]
            edges.append(
                f'<path class="edge {kind}" d="M{start:.0f} {before:.0f}'
                f'C{middle:.0f} {before:.0f} {middle:.0f} {y:.0f} {x:.0f} {y:.0f}"/>'
            )
        boxes.append(
            f'<g class="node {kind}"><rect x="{x:.0f}" y="{y - 19:.0f}" width="{wide:.0f}" '
            f'height="38" rx="6"/><text x="{x + wide / 2:.0f}" y="{y - 2:.0f}">'
            f'{label(node.text)}</text><text class="score" x="{x + wide / 2:.0f}" '
            f'y="{y + 14:.0f}">{_score(node.score)}</text></g>'
        )
    wide, high = lefts[-1] + columns[-1] + 6, max(ys) + ROW / 2 + 4
    return (
        f'<div class="box"><svg class="tree" width="{wide:.0f}" height="{high:.0f}" role="img" '
        f'aria-label="{escape(figure.title)}">{"".join(edges)}{"".join(boxes)}</svg></div>'
    )


def _score(score: float) -> str:
    return number(round(float(score), 2) + 0.0)  # no zero below zero


def _heights(children: list[list[int]]) -> list[float]:
    """Return the height of each node: leaves in order, a parent amid its children."""
    ys = [0.0] * len(children)
    born = {child for each in children for child in each}
    stack = [(place, False) for place in reversed(range(len(children))) if place not in born]
    leaves = 0
    while stack:
        place, grown = stack.pop()
        if not children[place]:
            ys[place] = ROW / 2 + 2 + ROW * leaves
            leaves += 1
        elif grown:
            ys[place] = (ys[children[place][0]] + ys[children[place][-1]]) / 2
        else:
            stack.append((place, True))
            stack += [(child, False) for child in reversed(children[place])]
    return ys
