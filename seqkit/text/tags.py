"""One tag scheme for Korean parts of speech, the tables from each analyser's own, and filters.

The scheme is that of the Sejong corpus (21st Century Sejong Project, 1998-2007), which most
analysers vary. Where an analyser's tag covers several of Sejong's, the form decides.
"""

from collections.abc import Mapping
from typing import Literal

Keep = Literal["all", "nouns", "content", "no_particles"]

SEJONG: Mapping[str, str] = {
    "NNG": "common noun", "NNP": "proper noun", "NNB": "dependent noun", "NP": "pronoun",
    "NR": "numeral", "VV": "verb", "VA": "adjective", "VX": "auxiliary verb",
    "VCP": "copula 이다", "VCN": "negative copula 아니다", "MM": "determiner", "MAG": "adverb",
    "MAJ": "conjunctive adverb", "IC": "interjection", "JKS": "subject particle",
    "JKC": "complement particle", "JKG": "genitive particle", "JKO": "object particle",
    "JKB": "adverbial particle", "JKV": "vocative particle", "JKQ": "quotative particle",
    "JX": "auxiliary particle", "JC": "conjunctive particle", "EP": "prefinal ending",
    "EF": "final ending", "EC": "connective ending", "ETN": "nominal ending",
    "ETM": "adnominal ending", "XPN": "noun prefix", "XSN": "noun suffix", "XSV": "verb suffix",
    "XSA": "adjective suffix", "XR": "root", "SF": "full stop, question or exclamation mark",
    "SP": "comma, middle dot, colon, slash", "SS": "quotation mark, bracket", "SE": "ellipsis",
    "SO": "dash, tilde", "SW": "other symbol", "SL": "foreign word", "SH": "Chinese characters",
    "SN": "number", "NF": "perhaps a noun", "NV": "perhaps a verb", "NA": "unknown",
}  # fmt: skip

NOUNS = frozenset({"NNG", "NNP", "NNB", "NP", "NR"})
VERBS = frozenset({"VV", "VA", "VX", "VCP", "VCN"})
# Words with a meaning of their own; unknown ones are mostly names and new words.
CONTENT = NOUNS | {"VV", "VA", "MM", "MAG", "IC", "XR", "SL", "SH", "SN", "NF", "NV", "NA"}
PARTICLES = frozenset(tag for tag in SEJONG if tag.startswith("J"))

_SAME = {tag: tag for tag in SEJONG}
KIWI: Mapping[str, str] = {
    **{tag: tag for tag in SEJONG if tag not in ("NF", "NV", "NA")},
    **{f"{tag}-{kind}": tag for tag in ("VV", "VA", "VX", "XSV", "XSA") for kind in "RI"},
    "XSM": "MAG", "SSO": "SS", "SSC": "SS", "SB": "SW", "UN": "NA", "W_URL": "SW",
    "W_EMAIL": "SW", "W_HASHTAG": "SW", "W_MENTION": "SW", "W_SERIAL": "SN", "W_EMOJI": "SW",
    "Z_CODA": "NA", "Z_SIOT": "NA", "USER0": "NA", "USER1": "NA", "USER2": "NA",
    "USER3": "NA", "USER4": "NA",
}  # fmt: skip
MECAB: Mapping[str, str] = {
    **{tag: tag for tag in SEJONG if tag not in ("NF", "NV", "NA", "SS", "SO", "SW")},
    "NNBC": "NNB", "SSO": "SS", "SSC": "SS", "SC": "SP", "SY": "SW", "UNKNOWN": "NA",
}  # fmt: skip
KOMORAN: Mapping[str, str] = _SAME
KKMA: Mapping[str, str] = {
    "NN": "NNG", "NNG": "NNG", "NNP": "NNP", "NNB": "NNB", "NNM": "NNB", "NP": "NP", "NR": "NR",
    "VV": "VV", "VA": "VA", "VX": "VX", "VXV": "VX", "VXA": "VX", "VC": "VCP", "VCP": "VCP",
    "VCN": "VCN", "MD": "MM", "MDN": "MM", "MDT": "MM", "MA": "MAG", "MAG": "MAG", "MAC": "MAJ",
    "IC": "IC", "JK": "JKB", "JKS": "JKS", "JKC": "JKC", "JKG": "JKG", "JKO": "JKO",
    "JKM": "JKB", "JKI": "JKV", "JKQ": "JKQ", "JC": "JC", "JX": "JX", "EP": "EP", "EPH": "EP",
    "EPT": "EP", "EPP": "EP", "EF": "EF", "EFN": "EF", "EFQ": "EF", "EFO": "EF", "EFA": "EF",
    "EFI": "EF", "EFR": "EF", "EC": "EC", "ECE": "EC", "ECS": "EC", "ECD": "EC", "ET": "ETM",
    "ETN": "ETN", "ETD": "ETM", "XP": "XPN", "XPN": "XPN", "XPV": "XPN", "XSN": "XSN",
    "XSV": "XSV", "XSA": "XSA", "XSM": "MAG", "XR": "XR", "SF": "SF", "SP": "SP", "SS": "SS",
    "SE": "SE", "SO": "SO", "SW": "SW", "UN": "NF", "UV": "NV", "UE": "NA", "OL": "SL",
    "OH": "SH", "ON": "SN", "EMO": "IC",
}  # fmt: skip
HANNANUM: Mapping[str, str] = {
    "NC": "NNG", "NQ": "NNP", "NB": "NNB", "NN": "NR", "NP": "NP", "PV": "VV", "PA": "VA",
    "PX": "VX", "MM": "MM", "MA": "MAG", "II": "IC", "JC": "JKB", "JX": "JX", "JP": "VCP",
    "EP": "EP", "EC": "EC", "ET": "ETM", "EF": "EF", "XP": "XPN", "XS": "XSN", "F": "SL",
    "SF": "SF", "SP": "SP", "SL": "SS", "SR": "SS", "SD": "SO", "SE": "SE", "SU": "SW",
    "SY": "SW", "UN": "NA",
}  # fmt: skip
OKT: Mapping[str, str] = {
    "Noun": "NNG", "ProperNoun": "NNP", "Verb": "VV", "Adjective": "VA", "Adverb": "MAG",
    "Determiner": "MM", "Modifier": "MM", "Exclamation": "IC", "Josa": "JX", "Eomi": "EF",
    "PreEomi": "EP", "Conjunction": "MAJ", "NounPrefix": "XPN", "VerbPrefix": "XPN",
    "Suffix": "XSN", "Unknown": "NA", "KoreanParticle": "IC", "Korean": "NA", "Foreign": "SL",
    "Number": "SN", "Alpha": "SL", "Punctuation": "SW", "Hashtag": "SW", "ScreenName": "SW",
    "Email": "SW", "URL": "SW", "CashTag": "SW", "Others": "NA", "Space": "SW",
}  # fmt: skip

_PARTICLE_FORMS = {
    **dict.fromkeys(("이", "가", "께서", "에서"), "JKS"),
    **dict.fromkeys(("을", "를", "ㄹ"), "JKO"),
    "의": "JKG", **dict.fromkeys(("와", "과", "하고", "이랑", "랑", "이며", "며"), "JC"),
    **dict.fromkeys(("아", "야", "여", "이여"), "JKV"), **dict.fromkeys(("라고", "고"), "JKQ"),
    **dict.fromkeys(("에", "에게", "한테", "로", "으로", "께", "처럼", "보다", "에서"), "JKB"),
}  # fmt: skip
_BY_FORM: Mapping[str, Mapping[str, str]] = {  # what an ambiguous tag of Hannanum and Okt means
    "JC": _PARTICLE_FORMS,
    "Josa": _PARTICLE_FORMS,
    "ET": dict.fromkeys(("기", "음", "ㅁ", "ᆷ"), "ETN"),
    "XS": {**dict.fromkeys(("하", "되", "시키"), "XSV"), **dict.fromkeys(("스럽", "답"), "XSA")},
}
_MARKS = {
    **dict.fromkeys(".?!。？！", "SF"), **dict.fromkeys(",·:;/、，：", "SP"), "…": "SE",
    **dict.fromkeys("\"'()[]{}<>‘’“”《》〈〉「」『』【】（）", "SS"),
    **dict.fromkeys("-~―–—～", "SO"),
}  # fmt: skip


def sejong(tag: str, form: str, table: Mapping[str, str]) -> str:
    """Return Sejong's tag for an analyser's own; each part of a joined one (``VV+EP``)."""
    if "+" in tag:
        return "+".join(sejong(part, form, table) for part in tag.split("+"))
    if tag in ("JC", "ET", "XS", "Josa") and table in (HANNANUM, OKT):
        return _BY_FORM[tag].get(form, table.get(tag, "NA"))
    if tag == "Punctuation":
        return "SE" if form.startswith("..") else _MARKS.get(form[:1], "SW")
    return table.get(tag, "NA")


def is_kept(tag: str, keep: Keep) -> bool:
    """Whether a filter keeps a token of this Sejong tag; the first of a joined one decides."""
    first = tag.partition("+")[0]
    if keep == "nouns":
        return first in NOUNS
    if keep == "content":
        return first in CONTENT
    return keep == "all" or first not in PARTICLES
