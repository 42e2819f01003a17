import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqkit.errors import SeqkitError
from seqkit.text import hangul, noise
from seqkit.text.noise import Kind, perturb, perturb_all

TEXT = "이 영화 정말 재미있어요 ㅋㅋㅋ I loved it! 왜 안 봤어요?"


@given(text=st.text(st.characters()), seed=st.integers(0, 9), rate=st.floats(0, 1))
def test_never_empty_and_always_the_same(text: str, seed: int, rate: float) -> None:
    made = perturb(text, seed=seed, rate=rate)
    assert made == perturb(text, seed=seed, rate=rate)
    assert bool(made) == bool(text)
    assert perturb(text, seed=seed, rate=0) == text


def test_the_result_is_fixed_for_all_machines_and_versions() -> None:
    assert (
        perturb(TEXT, seed=1, rate=0.2)
        == "애 영화적말말말 재미미있어요요 ㅋㅋㅋI ppved it!왜 앤 봤어요?"
    )


def test_kinds_are_what_they_say() -> None:
    assert perturb(TEXT, seed=0, rate=1, kinds=("space",)) == TEXT.replace(" ", "")
    assert perturb(" ", seed=0, rate=1, kinds=("space",)) == " "
    repeated = perturb("가 a!1", seed=0, rate=1, kinds=("repeat",))
    assert repeated.strip("가").strip("!1").strip() == "a" * repeated.count("a")
    assert 2 <= repeated.count("가") <= 4
    typos = perturb(TEXT, seed=0, rate=1, kinds=("typo",))
    assert len(typos) == len(TEXT)
    for before, after in zip(TEXT, typos, strict=True):
        assert (before == after) == (not before.isalpha())
        if hangul.is_syllable(before):
            pairs = zip(hangul.split(before), hangul.split(after), strict=True)
            ((old, new),) = [(a, b) for a, b in pairs if a != b]
            assert new in noise._JAMO[old]


def test_neighbours_touch() -> None:
    assert set(noise._LETTERS["s"]) == set("adwezx")
    assert set(noise._JAMO["ㄴ"]) == set("ㅁㅇㅈㄷㅋㅌ")
    assert noise._JAMO["ㅆ"] == noise._JAMO["ㅅ"]
    for key, near in noise._LETTERS.items():
        assert all(key in noise._LETTERS[other] for other in near)


def test_about_a_tenth_is_changed() -> None:
    made = perturb("가" * 20_000, seed=3, rate=0.1, kinds=("typo",))
    assert 0.09 < sum(char != "가" for char in made) / 20_000 < 0.11


def test_rows_do_not_depend_on_one_another() -> None:
    rows = list(perturb_all([TEXT] * 3, seed=5))
    assert rows[1:] == list(perturb_all(["", TEXT, TEXT], seed=5))[1:]
    assert len(set(rows)) == 3


@pytest.mark.parametrize(
    ("seed", "rate", "kinds", "message"),
    [
        (0, 1.5, noise.KINDS, r"rate = 1\.5: it must be from 0 to 1"),
        (-1, 0.5, noise.KINDS, r"seed = -1"),
        (0, 0.5, ("typos",), r"unknown kind of noise 'typos'\. Did you mean 'typo'"),
    ],
)
def test_mistakes_are_named(seed: int, rate: float, kinds: tuple[Kind, ...], message: str) -> None:
    with pytest.raises(SeqkitError, match=message):
        perturb(TEXT, seed=seed, rate=rate, kinds=kinds)
    with pytest.raises(SeqkitError, match=message):
        list(perturb_all([TEXT], seed=seed, rate=rate, kinds=kinds))
