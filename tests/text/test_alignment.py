from functools import cache
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seqkit.text.alignment import alignment, chunks, letters, spans

LETTERS = st.text("ㄱㄴㅏㅣ", max_size=9)


def cheapest(source: str, target: str) -> int:
    """The definition, without a band: leaving out costs 1, unlike letters cost 2."""

    @cache
    def cost(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        unlike = 2 * (source[i - 1] != target[j - 1])
        return min(cost(i - 1, j) + 1, cost(i, j - 1) + 1, cost(i - 1, j - 1) + unlike)

    return cost(len(source), len(target))


@given(source=LETTERS, target=LETTERS)
@example("", "ㄱ" * 40)
@example("ㄱ" * 30 + "ㄴ" * 30, "ㄴ" * 30 + "ㄱ" * 30)  # farther apart than the first band
def test_an_alignment_is_a_cheapest_one(source: str, target: str) -> None:
    pairs = alignment(source, target)
    assert all(i < k and j < m for (i, j), (k, m) in pairwise(pairs))
    unlike = sum(2 * (source[i] != target[j]) for i, j in pairs)
    left_out = len(source) + len(target) - 2 * len(pairs)
    assert unlike + left_out == cheapest(source, target)


@pytest.mark.parametrize(
    ("text", "forms", "expected"),
    [
        ("했다", ["하", "았", "다"], [(0, 1), (0, 1), (1, 2)]),
        ("나는 밥을", ["나", "는", "밥", "을"], [(0, 1), (1, 2), (3, 4), (4, 5)]),
        ("가신다", ["가", "시", "ㄴ다"], [(0, 1), (1, 2), (1, 3)]),
        ("고마워요", ["고맙", "어요"], [(0, 2), (2, 4)]),
        ("예뻐서", ["예쁘", "어서"], [(0, 2), (1, 3)]),
        ("최고다", ["최고", "이", "다"], [(0, 2), None, (2, 3)]),
        ("되나욬ㅋ", ["되나요", "ㅋ"], [(0, 3), (3, 4)]),
        ("바람과 함께", ["바람과 함께"], [(0, 6)]),
        ("가A다", ["가", "다"], [(0, 1), (2, 3)]),
        ("", [], []),
    ],
)
def test_spans(text: str, forms: list[str], expected: list[tuple[int, int] | None]) -> None:
    assert spans(text, forms) == expected


@given(words=st.lists(st.text("가각한했ㅋa1", min_size=1, max_size=4), max_size=6))
def test_a_text_cut_up_is_found_exactly(words: list[str]) -> None:
    text = " ".join(words)
    assert [text[slice(*span)] for span in spans(text, words) if span] == words


def test_letters() -> None:
    assert letters("했") == "ㅎㅏㅣㅆ"
    assert letters("값") == "ㄱㅏㅂㅅ"
    assert letters("ᆫ") == "ㄴ"
    assert letters("\u3000") == ""
    assert letters("Z") == "Z"


@given(
    text=st.text("ab \n", max_size=40),
    limit=st.integers(1, 12),
    longest=st.integers(1, 6),
)
def test_chunks_hold_all_that_can_be_seen(text: str, limit: int, longest: int) -> None:
    found = chunks(text, limit, longest)
    pieces = [text[start:end] for start, end in found]
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(a[1] <= b[0] for a, b in pairwise(found))
    for piece in pieces:
        assert piece.strip()
        assert "\n" not in piece
        assert len(piece) <= max(limit, longest)
        assert all(len(word) <= longest for word in piece.split())
    inside = [(a, b) for a, b in pairwise(found) if a[1] == b[0]]
    assert all(text[a[0] : a[1]].split()[-1:] != [] for a, _ in inside)
