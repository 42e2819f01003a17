"""One figure of each kind, with Hangul, and with text that would harm a careless page."""

import numpy as np

from seqkit.pages.figures import (
    Bars,
    ColouredText,
    Confusion,
    Figure,
    Grid,
    HeatMap,
    Layer,
    Lines,
    Network,
    Node,
    Parallel,
    Points,
    Section,
    Tree,
)

HOSTILE = (
    "</script><script>document.title='harmed'</script>",
    "<img src=x onerror=\"document.title='harmed'\">",
    "'\"><b onclick=x>",
    "\u202e뒤집기\u2066",
    "\0\x07종\x1b[31m",
    "half \ud83d",
    "&lt;script&gt;",
    "--><!--",
    "]]>",
    "@@DATA@@",
    "줄\u2028바꿈",
)


def figures(tokens: tuple[str, ...] = ("나는", "오늘", "학교에", "갔다", ".")) -> list[Figure]:
    """Return a figure of each kind, all over the same tokens."""
    rng, n = np.random.default_rng(0), len(tokens)
    first, last = tokens[0], tokens[-1]
    near = np.stack([np.delete(np.arange(n), i)[:3] for i in range(n)])
    values = {token: rng.random(4).tolist() for token in tokens}
    return [
        Lines(first, last, [1, 2, 3, 4], values, first, last, log_y=True, level=0.1),
        HeatMap(first, last, list(tokens), list(tokens), rng.normal(size=(n, n))),
        Bars(first, last, list(tokens), rng.normal(size=n).tolist(), first),
        ColouredText(first, last, list(tokens), {t: rng.normal(size=n).tolist() for t in tokens}),
        Tree(first, last, [Node(-1, first, 0.0), *(Node(0, t, -1.5, t == last) for t in tokens)]),
        Points(first, last, tokens, rng.normal(size=(n, 2)), [0] * n, tokens, near, near / 10),
        Confusion(first, last, tokens, np.ones((n, n), int), {(0, 1): list(tokens)}),
        Network(
            *(first, last),
            [
                Layer(first, "Embedding", "1 × 5 × 8", 80),
                Layer("encoder", last, "1 × 5 × 8", 96, passes="ahead"),
                Layer("output", "Linear", "1 × 2", 18, over="once"),
            ],
            tokens,
            [last],
            "many-to-one",
        ),
        Parallel(first, last, tokens, [[*map(float, range(n - 1)), t] for t in tokens], range(n)),
        Grid(first, last, tokens, [list(tokens)]),
    ]


def sections(tokens: tuple[str, ...] = ("나는", "오늘", "학교에", "갔다", ".")) -> list[Section]:
    """Return the figures under two headings."""
    made = figures(tokens)
    return [Section(tokens[0], tokens[1], made[:5]), Section(tokens[2], "", made[5:])]
