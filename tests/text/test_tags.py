import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from seqkit.text.tags import (
    CONTENT,
    HANNANUM,
    KIWI,
    KKMA,
    KOMORAN,
    MECAB,
    NOUNS,
    OKT,
    PARTICLES,
    SEJONG,
    is_kept,
    sejong,
)

TABLES = {"kiwi": KIWI, "mecab": MECAB, "komoran": KOMORAN, "kkma": KKMA, "okt": OKT}


@pytest.mark.parametrize("table", [*TABLES.values(), HANNANUM], ids=[*TABLES, "hannanum"])
def test_tables_lead_to_sejong(table: Mapping[str, str]) -> None:
    assert set(table.values()) <= set(SEJONG)


@pytest.mark.parametrize(("name", "file"), [*((n, n) for n in ("komoran", "kkma", "mecab"))])
def test_every_tag_that_konlpy_lists_is_mapped(name: str, file: str) -> None:
    konlpy = pytest.importorskip("konlpy")
    tags = Path(konlpy.__file__).parent / "data" / "tagset" / f"{file}.json"
    categories = {"EC", "EF", "EP", "ET", "JK", "MA", "MD", "NN", "VC", "VX", "XP"}  # of others
    missing = set(json.loads(tags.read_text(encoding="utf-8"))) - set(TABLES[name])
    assert missing <= categories


def test_every_tag_of_kiwi_is_mapped() -> None:
    documented = (
        "NNG NNP NNB NR NP VV VA VX VCP VCN MM MAG MAJ IC JKS JKC JKG JKO JKB JKV JKQ JX JC EP EF "
        "EC ETN ETM XPN XSN XSV XSA XSM XR SF SP SS SSO SSC SE SO SW SL SH SN SB UN W_URL W_EMAIL "
        "W_MENTION W_HASHTAG W_SERIAL W_EMOJI Z_CODA Z_SIOT VV-R VV-I VA-R VA-I VX-R VX-I XSA-R"
    )
    assert set(documented.split(" ")) <= set(KIWI)


def test_every_tag_of_mecab_is_mapped() -> None:
    dictionary = pytest.importorskip("mecab_ko_dic").dictionary_path
    lines = (Path(dictionary) / "pos-id.def").read_text(encoding="utf-8").splitlines()
    tags = {line.partition(",")[0] for line in lines} - {"*"}
    assert len(tags) > 40
    assert tags <= set(MECAB)


@pytest.mark.parametrize(
    ("tag", "form", "table", "expected"),
    [
        ("VV+EP", "했", MECAB, "VV+EP"),
        ("NNBC+JX", "개는", MECAB, "NNB+JX"),
        ("VA-I", "고맙", KIWI, "VA"),
        ("JC", "이", HANNANUM, "JKS"),
        ("JC", "한테", HANNANUM, "JKB"),
        ("JC", "이", KOMORAN, "JC"),
        ("ET", "기", HANNANUM, "ETN"),
        ("ET", "는", HANNANUM, "ETM"),
        ("XS", "하", HANNANUM, "XSV"),
        ("SL", "(", HANNANUM, "SS"),
        ("Josa", "를", OKT, "JKO"),
        ("Punctuation", "...", OKT, "SE"),
        ("Punctuation", "?!", OKT, "SF"),
        ("EMO", "ㅋㅋ", KKMA, "IC"),
        ("no such tag", "x", KKMA, "NA"),
    ],
)
def test_sejong(tag: str, form: str, table: Mapping[str, str], expected: str) -> None:
    assert sejong(tag, form, table) == expected


def test_filters() -> None:
    assert all(is_kept(tag, "all") for tag in SEJONG)
    assert {tag for tag in SEJONG if is_kept(tag, "nouns")} == NOUNS
    assert {tag for tag in SEJONG if is_kept(tag, "content")} == CONTENT
    assert {tag for tag in SEJONG if not is_kept(tag, "no_particles")} == PARTICLES
    assert {"JKS", "JX", "JC"} <= PARTICLES
    assert is_kept("VV+EP", "content")
    assert not is_kept("VV+EP", "nouns")
    assert not is_kept("JX+EP", "no_particles")
