"""``seqkit demo``: train, score and use a small model, with no data of one's own."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from seqkit.vectors import WordVectors

SENTENCES = (
    "할머니께서 부엌에서 김치를 만드셨습니다.",
    "어제 비가 많이 와서 우리는 집에 있었어요.",
    "고양이가 마당에서 잠을 잔다.",
    "The nurse will earn money tomorrow.",
    "My grandfather took a photo in Paris.",
    "Our team won the game.",
)

# What the core install has; of the others, those that start at once and are there.
TOKENIZERS = ("whitespace", "word", "syllable", "jamo", "kiwi", "unigram")
EXTRA = (("mecab", "mecab"),)  # name, module
CUT = "할머니께서 부엌에서 김치를 만드셨습니다."

# Words of the village, and what is asked of their vectors: A is to B as what is to C?
NEIGHBOURS = ("고양이", "김치", "서울", "cat", "doctor", "Paris")
ANALOGIES = (
    ("서울", "한국", "일본"),
    ("할머니", "할아버지", "아버지"),
    ("Paris", "France", "Japan"),
    ("grandmother", "grandfather", "father"),
)
MAP = 200  # of the most frequent words stand in the picture

NEXT = (
    ('predict {run} "..."', "sentences of your own, Korean or English"),
    ("eval {run}", "a score for each class, and what is taken for what"),
    ("train classify cell=gru", "the same with a GRU; 'seqkit show classify' lists all settings"),
    ("train classify corpus=mine.csv", "your own texts and labels (csv, tsv, jsonl, parquet)"),
    ("data head village", "what the corpus looks like"),
    ("tokenize --compare all '...'", "every tokenizer on a sentence of yours"),
    ("ls", "all recipes"),
)


def complete_demo(incomplete: str) -> list[str]:
    """Return the demonstrations that a word may become."""
    return [name for name in DEMOS if name.startswith(incomplete)]


def demo(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[WHAT]",
            help="gradients: RNN, LSTM and GRU on a copy task, and why gradients vanish.",
            autocompletion=complete_demo,
        ),
    ] = None,
) -> None:
    """Train, score and use a small model, with no data of your own."""
    if what is None:
        village()
        return
    from seqkit.errors import unknown

    if what not in DEMOS:
        raise unknown("demonstration", what, DEMOS)
    DEMOS[what]()


def village() -> None:
    """Learn the topics of village life, and vectors of its words."""
    from seqkit.cli.output import print_table
    from seqkit.cli.train import train
    from seqkit.tasks.labels.text_classifier import TextClassifier
    from seqkit.train.run import Run

    _tokenization()
    folder = Run.next_to("demo", Path("runs"))
    print("Learning the topics of village life, in Korean and English, with an LSTM.")
    print(f"The same by hand: seqkit train classify --out {folder}\n")
    train(["classify"], out=folder)
    print()
    answers = TextClassifier.load(Run.open(folder)).predict(SENTENCES)
    rows = [[s, a.label, a.probabilities[a.label]] for s, a in zip(SENTENCES, answers, strict=True)]
    print_table(None, ["sentence", "topic", "probability"], rows)
    _vectors(folder)
    print("\nWhat to try next:")
    for command, purpose in NEXT:
        print(f"  seqkit {command.format(run=folder):34}{purpose}")


def _tokenization() -> None:
    """Show one sentence cut by several tokenizers."""
    from seqkit.cli.compare import compared, print_compared

    there = [name for name, module in EXTRA if find_spec(module) is not None]
    print("A model reads tokens. One Korean sentence, cut by each tokenizer:")
    print(f"The same by hand: seqkit tokenize --compare all '{CUT}'\n")
    print_compared(compared(",".join([*TOKENIZERS, *there]), [CUT]), "village")
    print()


VECTORS = ["n=40000", "window=10", "epochs=30", "sample=2e-4"]
LANGUAGES = {"ko": "Korean", "en": "English"}


def _vectors(run: Path) -> None:
    """Train word vectors of the village in each language, and show what they know."""
    from seqkit.cli.vectors_train import train
    from seqkit.vectors import WordVectors

    for language, name in LANGUAGES.items():
        out = run.with_name(f"{run.name}-vectors-{language}")
        words = ["village", "kind=text", f"language={language}", *VECTORS]
        print(f"\nLearning vectors of the village's words, {name}, by skip-gram.")
        print(f"The same by hand: seqkit vectors train {' '.join(words)} --out {out}\n")
        train(words, out=out, quiet=True)
        print()
        show_vectors(WordVectors.load(out), out, out / "map.html")


def show_vectors(vectors: "WordVectors", where: Path, picture: Path) -> None:
    """Show what word vectors of the village know: neighbours, analogies, and a map as HTML.

    Args:
        vectors: of the village; words that they do not know are passed over.
        where: their folder, for the commands that do the same by hand.
        picture: the file to write the map to.
    """
    from seqkit.cli.output import print_table
    from seqkit.cli.vectors_answers import Answerer, Term
    from seqkit.cli.vectors_map import draw_map

    answerer, at = Answerer(vectors), f"-v {where}"
    known = [word for word in NEIGHBOURS if vectors.has_index_for(word)]
    near = [answerer.neighbours([Term(answerer.find(word))], 5) for word in known]
    print(f"The words nearest to some. By hand: seqkit vectors similar {' '.join(known)} {at}\n")
    rows = [[w, ", ".join(r["word"] for r in found)] for w, found in zip(known, near, strict=True)]
    print_table(None, ["word", "nearest"], rows)
    print("\nAnalogies: the word nearest to A - B + C.")
    for words in ANALOGIES:
        if all(map(vectors.has_index_for, words)):
            print(f"  {answerer.analogy([answerer.find(word) for word in words], 1)['analogy']}")
    count = draw_map(answerer, picture, title="village", top=min(MAP, len(vectors)))
    print(f"\nA map of {count} words, to open in a browser: {picture}")
    print(f"By hand: seqkit vectors map {at}; or ask on: seqkit vectors query {where}")


def gradients() -> None:
    """Train RNN, LSTM and GRU on a copy task, and write a page of how far gradients reach."""
    import sys

    import torch

    from seqkit.cli.output import print_table
    from seqkit.explain.copy_page import demonstrate, sections
    from seqkit.pages import page
    from seqkit.pages.figures import Grid
    from seqkit.train.run import Run

    torch.set_num_threads(1)  # matrices this small are no faster on several
    out = Run.next_to("demo-gradients", Path("runs")) / "gradients.html"
    print("A symbol is read, then noise, then the symbol is asked for: how far back can one learn?")
    shown = list(sections(demonstrate(say=lambda name: print(f"  {name}", file=sys.stderr))))
    for section in shown[:2]:
        for figure in section.figures:
            if isinstance(figure, Grid):
                print(f"\n{figure.title}. {figure.about}\n")
                print_table(None, *figure.table())
    about = "RNN, LSTM and GRU learn a copy task: how far each remembers, and why."
    page.write(out, "Why gradients vanish", about, shown)
    print(f"\nAll of it as a page, to open in a browser: {out}")
    print("Of runs of your own: seqkit explain --compare RUN RUN")


DEMOS = {"gradients": gradients}
