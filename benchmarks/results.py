"""Train everything that RESULTS.md reports, and write it: `make results`.

Every row is a `seqkit train` command, run once for each seed in its own process; runs that are
finished are not trained again, so an interrupted `make results` goes on where it stopped.
`--only nsmc` trains and refreshes the tables whose key holds the word, and leaves the others.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RUNS = ROOT / "runs" / "results"


@dataclass(frozen=True)
class Row:
    """One line of a table: a command, and the score that it is about."""

    name: str
    words: tuple[str, ...]
    score: str = "accuracy"
    seeds: tuple[int, ...] = (0, 1, 2)


@dataclass(frozen=True)
class Outcome:
    """What one run gave: scores of each split, and seconds of training."""

    scores: dict[str, dict[str, float]]
    seconds: float


@dataclass(frozen=True)
class Linear:
    """TF-IDF and a linear SVM, the first thing a user would try."""

    corpus: str
    options: dict[str, str]
    longest: int = 1  # tokens of an n-gram
    characters: bool = False  # rather than words


@dataclass(frozen=True)
class Table:
    """A table of RESULTS.md; ``key`` is what ``--only`` selects it by."""

    title: str
    key: str
    rows: list[Row]
    linear: Linear | None = None
    is_grid: bool = False  # of tokenizers and cells, a line a run
    columns: tuple[tuple[str, str], ...] = ()  # heading and test score, where there are several
    asked: tuple[str, ...] = ()  # of the first row's run, whose answers are told as they are
    note: str = ""


def reuters(title: str, version: str, score: str = "accuracy") -> Table:
    """Return the table of one version of Reuters: the recurrent model and the baselines."""
    base = ("reuters", f"version={version}", "validation=0")
    models = {
        "BiLSTM": (),
        "CNN": ("model=cnn",),
        "MLP": ("model=mlp", "head.units=200", "epochs=30", "lr=0.005"),
    }
    rows = [Row(name, (*base, *words), score) for name, words in models.items()]
    return Table(f"Reuters {title}", version, rows, Linear("reuters", {"version": version}))


# A grid says which input suits which cell, at a size that a laptop trains in minutes.
INPUTS = {
    "whitespace": ("tokenizer=whitespace",),
    "word": ("tokenizer=word",),
    "syllable": ("tokenizer=syllable",),
    "jamo": ("tokenizer=jamo",),
    "unigram 16k": ("tokenizer=unigram", "text.options.size=16000"),
    "bpe 16k": ("tokenizer=bpe", "text.options.size=16000"),
    "mecab": ("tokenizer=mecab",),
    "kiwi": ("tokenizer=kiwi",),
    "kiwi + jamo": ("tokenizer=kiwi", "spelling=jamo"),
}
CELLS = {"unigram 16k": ("rnn", "gru", "lstm"), "jamo": ("lstm",)}
GRID = (
    *("sentiment", "validation=0", "ngrams.longest=0", "epochs=1", "batch_size=64"),
    *("hidden=64", "embedding.size=100"),
)
SENTIMENT = ("sentiment", "validation=0")
NOISE = (
    "Noisy: the test set with typos, dropped spaces and repeated letters, each where it can be "
    "with probability 0.1 (`noise=0.1`, `seqkit/text/noise.py`). N-grams: of up to 4 syllables or "
    "words, in a linear part beside the network (`ngrams.longest=0` is without)."
)

TAGGING = (
    "Trained from scratch on the training part alone; the best epoch by the validation part. "
    "Unknown words are not in the training text. UPOS and XPOS of Kaist are learnt by one model "
    "(`beside`); the part of speech that CoNLL-2000 comes with is an input, as its task allows."
)
KAIST = ("tagging", "--config", "kaist")
EWT = ("tagging", "corpus=ud", "data.treebank=en_ewt", "data.tag=upos", "data.beside=xpos")
CHUNKS = ("tagging", "corpus=conll2000", "data.beside=pos", "beside=input", "output=crf")

WORDS = (
    "Test perplexity over the full softmax, without cache or dynamic evaluation. The training "
    "file at hand has the official articles in another order."
)
UNITS = (
    "One corpus, one size of model (an LSTM of 256 units, two epochs), told by what each unit "
    "costs: bits for each character and perplexity for each word of the raw text, so that units "
    "compare. An unknown unit costs only the bits of `<unk>`: more of them flatter a model."
)
KOWIKI = ("language_model", "--config", "kowiki")
KOREAN_UNITS = {
    "syllables": ("tokenizer=syllable", "bptt=60"),
    "jamo": ("tokenizer=jamo", "bptt=120"),
    "subwords (unigram, 8,000)": ("tokenizer=unigram", "text.options.size=8000", "bptt=40"),
    "morphemes (Kiwi)": ("softmax=sampled", "tokenizer=kiwi", "bptt=40"),
}

TRANSLATED = (
    "sacreBLEU of cased, detokenised text, beam 5 "
    "(`nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp`), "
    "chrF2 beside. From scratch, on the training part alone; the epoch is chosen by BLEU of greedy "
    "translations of 200 validation sentences, or by perplexity."
)
MULTI30K = ("translation", "--config", "multi30k")
SHORT = (*MULTI30K, "source=de", "target=en", "epochs=3")
ATTENTION = {
    "no attention": ("attention=none",),
    "additive (Bahdanau)": ("attention=additive",),
    "dot (Luong)": ("attention=dot", "decoder.hidden=512"),
    "concat (Luong)": ("attention=concat",),
    "general (Luong)": (),
}
QUESTIONS = (
    "오늘 저녁은 뭐 먹으면 좋을까?",
    "비가 와서 우산을 샀어",
    "시험에 떨어져서 너무 속상하다",
    "내일 면접인데 긴장돼",
    "우리 강아지가 아파요",
    "새 직장에 적응하기가 어려워",
    "친구한테 사과하고 싶은데 용기가 안 나",
    "주말에 혼자 영화 봐도 될까?",
    "좋아하는 사람에게 편지를 써 볼까?",
    "헤어진 지 한 달이 됐는데 아직도 생각나",
    "그 사람도 나를 좋아하는 걸까?",
    "잠이 안 오는 밤이야",
    "요즘 살이 너무 쪘어",
    "커피를 너무 많이 마셨나 봐",
    "부모님과 또 다퉜어",
    "여행 가방은 어떻게 싸야 해?",
    "돈을 모으고 싶어",
    "너는 이름이 뭐야?",
    "첫눈이 내리면 만나기로 했어",
    "아무것도 하기 싫은 날이네",
)
BLEU = (("BLEU", "bleu"), ("chrF", "chrf"), ("perplexity", "perplexity"))

TABLES = [
    reuters("R8 (5,485 / 2,189), accuracy", "r8"),
    reuters("R52 (6,532 / 2,568), accuracy", "r52"),
    reuters("ModApte, 90 topics (7,770 / 3,019), micro-F1", "modapte", "micro_f1"),
    Table(
        "NSMC, Korean film reviews (150,000 / 50,000), accuracy",
        "nsmc",
        [
            Row("BiLSTM, morphemes; n-grams", SENTIMENT),
            Row("BiLSTM, morphemes", (*SENTIMENT, "ngrams.longest=0"), seeds=(0,)),
        ],
        Linear("nsmc", {}, longest=4, characters=True),
        note=NOISE,
    ),
    Table(
        "IMDb, English film reviews (25,000 / 25,000), accuracy",
        "imdb",
        [
            Row("BiLSTM, words; n-grams", (*SENTIMENT, "corpus=imdb"), seeds=(0,)),
            Row(
                "the same, for noisy text (the only setting tried, not chosen on validation)",
                (*SENTIMENT, "corpus=imdb", "word_dropout=0.2", "epochs=2"),
                seeds=(0,),
            ),
        ],
        Linear("imdb", {}, longest=2),
        note=NOISE,
    ),
    Table(
        "Tags of words, accuracy and span F1",
        "tagging",
        [
            Row("UD Korean Kaist, UPOS", KAIST, "beside_accuracy", seeds=(0,)),
            Row("UD Korean Kaist, XPOS", KAIST, seeds=(0,)),
            Row("UD English EWT, UPOS", (*EWT, "epochs=6"), seeds=(0,)),
            Row("CoNLL-2000, chunks", (*CHUNKS, "validation=0.05", "epochs=5"), "f1", seeds=(0,)),
        ],
        note=TAGGING,
    ),
    Table(
        "WikiText-2, words",
        "wikitext2",
        [Row("LSTM, 2 x 320, sampled softmax", ("language_model", "bfloat16=true"), seeds=(0,))],
        columns=(("perplexity", "perplexity"), ("unknown", "unknown")),
        note=WORDS,
    ),
    Table(
        "Korean Wikipedia (`kowiki_lm`) by unit",
        "kowiki_lm",
        [Row(name, (*KOWIKI, *words), seeds=(0,)) for name, words in KOREAN_UNITS.items()],
        columns=(
            ("bits per character", "bits_per_character"),
            ("perplexity of a word", "word_perplexity"),
            ("perplexity of a unit", "perplexity"),
            ("unknown units", "unknown"),
        ),
        note=UNITS,
    ),
    Table(
        "Multi30k, test 2016 (Flickr)",
        "multi30k",
        [
            Row("German to English", (*MULTI30K, "source=de", "target=en"), seeds=(0,)),
            Row(
                "English to German",
                (*MULTI30K, "source=en", "target=de", "epochs=25"),
                seeds=(0,),
            ),
        ],
        columns=BLEU,
        note=TRANSLATED,
    ),
    Table(
        "Multi30k, German to English, by attention, after 3 epochs",
        "attention",
        [Row(name, (*SHORT, *words), seeds=(0,)) for name, words in ATTENTION.items()],
        columns=BLEU,
        note="As above, of a training cut short: for comparison alone.",
    ),
    Table(
        "Tatoeba and the village, Korean and English",
        "korean_pairs",
        [
            Row(
                f"{name}, {told}",
                ("translation", *words, *way),
                seeds=(0,),
            )
            for name, words in {
                "Tatoeba": ("--config", "tatoeba"),
                "village (synthetic)": (),
            }.items()
            for told, way in {
                "Korean to English": ("source=ko", "target=en"),
                "English to Korean": ("source=en", "target=ko"),
            }.items()
        ],
        columns=(*BLEU, ("exact", "accuracy")),
        note="Tatoeba's few thousand pairs are split so that no sentence is in two parts; the "
        f"village's test has combinations that training has not. {TRANSLATED}",
    ),
    Table(
        "Place names, English to Hangul",
        "place_names",
        [Row("letter by letter", ("transliterate", "corpus=place_names"), seeds=(0,))],
        columns=(("BLEU of letters", "bleu"), ("chrF", "chrf"), ("exact", "accuracy")),
    ),
    Table(
        "Dialogue, Korean questions and answers",
        "dialogue",
        [
            Row(
                "GRU with attention",
                ("dialogue", "corpus=chatbot", "pieces=4000", "epochs=4"),
                seeds=(0,),
            )
        ],
        columns=(("perplexity", "perplexity"), ("chrF", "chrf")),
        asked=QUESTIONS,
        note="Perplexity of a subword, on questions that training has not. Then what the run "
        "answers to twenty questions of our own, which are in no part of the data, as it is.",
    ),
    Table(
        "Captions",
        "captions",
        [
            Row("handwritten digits", ("captions",), seeds=(0,)),
            Row("emoji, English names", ("captions", "--config", "emoji"), seeds=(0,)),
        ],
        columns=(("exact", "exact"), ("chrF", "chrf"), ("perplexity", "perplexity")),
        note="Digits: handwriting of forms that training has not. Emoji: variants in skin that "
        "training has not, of concepts that it has.",
    ),
    Table(
        "Surnames by language",
        "names",
        [Row("GRU, read backwards", ("names",), seeds=(0,))],
        columns=(
            ("accuracy", "accuracy"),
            ("macro-F1", "macro_f1"),
            ("perplexity of a character", "perplexity"),
        ),
        note="`benchmarks/names.py` has linear classifiers over n-grams of letters beside it.",
    ),
    Table(
        "NSMC by tokenizer and cell, accuracy",
        "grid",
        [
            Row(f"{name} | {cell}", (*GRID, *words, f"cell={cell}"), seeds=(0,))
            for name, words in INPUTS.items()
            for cell in CELLS.get(name, ("gru", "lstm"))
        ],
        is_grid=True,
        note=f"One seed, one epoch, 64 units in each direction, no n-grams. {NOISE}",
    ),
]


def trained(row: Row, seed: int) -> Outcome:
    """Train one row with one seed, unless that was done before, and return its outcome."""
    words, folder = [*row.words, f"seed={seed}"], folder_of(row, seed)
    command = [sys.executable, "-m", "seqkit", "train"]
    rows = logged(folder)
    if not rows or rows[-1]["kind"] != "final":
        print(" ".join(["seqkit", "train", *words]), flush=True)
        begun = (folder / "settings.json").is_file()
        command += ["--resume", str(folder)] if begun else [*words, "--out", str(folder)]
        subprocess.run(command, check=True, cwd=ROOT)
        rows = logged(folder)
    seconds = sum(r["seconds"] for r in rows if r["kind"] == "epoch")
    return Outcome({k: v for k, v in rows[-1].items() if isinstance(v, dict)}, seconds)


def folder_of(row: Row, seed: int) -> Path:
    """Return where the run of a row and a seed lies."""
    return RUNS / "-".join([*row.words, f"seed={seed}"]).replace("=", "_").replace("/", "_")


def logged(folder: Path) -> list[dict[str, Any]]:
    """Return what a run has logged so far."""
    file = folder / "metrics.jsonl"
    return [json.loads(line) for line in file.open(encoding="utf-8")] if file.is_file() else []


def linear(chosen: Linear) -> dict[str, float]:
    """Return the scores of TF-IDF + LinearSVC on test, and on its noisy copy."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.metrics import f1_score
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.preprocessing import MultiLabelBinarizer
    from sklearn.svm import LinearSVC

    from seqkit.corpus import load
    from seqkit.text.noise import perturb_all

    corpus = load(chosen.corpus, chosen.options)
    features = TfidfVectorizer(
        sublinear_tf=True,
        analyzer="char" if chosen.characters else "word",
        ngram_range=(1, chosen.longest),
    )
    train = features.fit_transform(corpus.splits["train"]["text"])
    texts = list(corpus.splits["test"]["text"])
    if corpus.multi_label:
        names = MultiLabelBinarizer(classes=list(corpus.labels))
        truth = names.fit_transform(corpus.splits["test"]["labels"])
        model = OneVsRestClassifier(LinearSVC()).fit(
            train, names.transform(corpus.splits["train"]["labels"])
        )
        answered = model.predict(features.transform(texts))
        return {"test": float(f1_score(truth, answered, average="micro"))}
    model = LinearSVC().fit(train, [labels[0] for labels in corpus.splits["train"]["labels"]])
    true = [labels[0] for labels in corpus.splits["test"]["labels"]]
    splits = {"test": texts, "noisy": list(perturb_all(texts, seed=0))}
    return {
        name: float((model.predict(features.transform(given)) == true).mean())
        for name, given in splits.items()
    }


def table(chosen: Table) -> Iterator[str]:
    """Yield the lines of one table."""
    yield from (f"## {chosen.title}", "")
    if chosen.note:
        yield from (chosen.note, "")
    if chosen.columns:
        yield from by_score(chosen)
        yield from answered(chosen) if chosen.asked else ()
    else:
        yield from grid(chosen) if chosen.is_grid else by_seed(chosen)
    yield ""


def by_seed(chosen: Table) -> Iterator[str]:
    """Yield a line for each row, the mean of its seeds."""
    is_noisy = NOISE in chosen.note
    noisy = " noisy |" if is_noisy else ""
    yield f"| model | test | each seed |{noisy} minutes | command |"
    yield "|---|---|---|---|---|" + "---|" * is_noisy
    if chosen.linear:
        started = time.perf_counter()
        scores = linear(chosen.linear)
        minutes = (time.perf_counter() - started) / 60
        told = f" {scores['noisy']:.4f} |" if is_noisy else ""
        unit = "characters" if chosen.linear.characters else "words"
        what = f"{unit} 1-{chosen.linear.longest}".removesuffix(" 1-1")
        yield (
            f"| {what}, TF-IDF + LinearSVC | {scores['test']:.4f} | deterministic |{told} "
            f"{minutes:.1f} | `benchmarks/results.py` |"
        )
    for row in chosen.rows:
        outcomes = [trained(row, seed) for seed in row.seeds]
        tests = [outcome.scores["test"][row.score] for outcome in outcomes]
        minutes = statistics.mean(outcome.seconds for outcome in outcomes) / 60
        each = ", ".join(f"{s:.4f}" for s in tests) if len(tests) > 1 else "one seed alone"
        seeds = ",".join(map(str, row.seeds))
        command = f"`seqkit train {' '.join(row.words)} seed={{{seeds}}}`"
        told = ""
        if is_noisy:
            told = f" {statistics.mean(o.scores['noisy'][row.score] for o in outcomes):.4f} |"
        mean = f"{statistics.mean(tests):.4f}"
        mean = f"**{mean}**" if len(tests) > 1 else mean
        yield f"| {row.name} | {mean} | {each} |{told} {minutes:.1f} | {command} |"


def by_score(chosen: Table) -> Iterator[str]:
    """Yield a line for each row with several scores of it, each the mean of its seeds."""
    headings = "".join(f" {heading} |" for heading, _ in chosen.columns)
    yield f"| model |{headings} seeds | minutes | command |"
    yield "|---|" + "---|" * (len(chosen.columns) + 3)
    for row in chosen.rows:
        outcomes = [trained(row, seed) for seed in row.seeds]
        cells = ""
        for _, score in chosen.columns:
            mean = statistics.mean(outcome.scores["test"][score] for outcome in outcomes)
            cells += f" {mean:,.2f} |" if mean >= 1 else f" {mean:.4f} |"
        minutes = statistics.mean(outcome.seconds for outcome in outcomes) / 60
        seeds = ",".join(map(str, row.seeds))
        command = f"`seqkit train {' '.join(row.words)} seed={{{seeds}}}`"
        yield f"| {row.name} |{cells} {len(row.seeds)} | {minutes:.1f} | {command} |"


def answered(chosen: Table) -> Iterator[str]:
    """Yield what the first row's run answers."""
    import seqkit

    row = chosen.rows[0]
    answerer = seqkit.load(folder_of(row, row.seeds[0]))
    yield from ("", "| asked | answered |", "|---|---|")
    for question, answer in zip(chosen.asked, answerer.stream(chosen.asked), strict=True):
        yield f"| {question} | {answer.line(1)} |"


def grid(chosen: Table) -> Iterator[str]:
    """Yield a line for each run, with what the tokenizer makes of the text."""
    yield "| tokenizer | cell | test | noisy | unknown | noisy unknown | tokens | minutes |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in chosen.rows:
        [outcome] = [trained(row, seed) for seed in row.seeds]
        test, noisy = outcome.scores["test"], outcome.scores["noisy"]
        yield (
            f"| {row.name} | {test['accuracy']:.4f} | {noisy['accuracy']:.4f} "
            f"| {test['unknown']:.2%} | {noisy['unknown']:.2%} "
            f"| {test['tokens_per_text']:.1f} | {outcome.seconds / 60:.1f} |"
        )
    yield from ("", f"Command: `seqkit train {' '.join(GRID)} tokenizer=... cell=...`")


def machine() -> str:
    """Describe the machine's kind in a line."""
    import torch

    processor = f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}"
    return (
        f"{os.cpu_count()} CPU cores ({processor}), "
        f"no GPU, {platform.system()}, Python {platform.python_version()}, "
        f"torch {torch.__version__.split('+')[0]}, {torch.get_num_threads()} threads"
    )


def main() -> None:
    """Train what is missing and write RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="tables whose key holds this word")
    parser.add_argument("--out", type=Path, default=ROOT / "RESULTS.md")
    arguments = parser.parse_args()
    lines = ["# Results", "", "Written by `make results`. Mean over the seeds, on the test split."]
    lines += ["Settings were chosen on a validation split held out of the training data;"]
    lines += ["the figures are of models trained on all of it, for the fixed number of epochs.", ""]
    lines += [f"Machine: {machine()}. Minutes are of training, a seed, by the clock,"]
    lines += ["as it went: several runs shared the machine, so alone it takes less.", ""]
    written = sections(arguments.out)
    for chosen in TABLES:
        if arguments.only in chosen.key:
            lines += table(chosen)
        else:
            lines += written.get(chosen.title, [])
    ours = {chosen.title for chosen in TABLES}
    for title in [title for title in written if title not in ours]:  # of another benchmark
        lines += written[title]
    arguments.out.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def sections(path: Path) -> dict[str, list[str]]:
    """Return the tables of a file of results by title, each with its lines."""
    found: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        if line.startswith("## "):
            found[line[3:]] = []
        if found:
            found[list(found)[-1]].append(line)
    return {title: [*"\n".join(lines).rstrip().split("\n"), ""] for title, lines in found.items()}


if __name__ == "__main__":
    main()
