"""``seqkit demo``: train, score and use a small model, with no data of one's own."""

from importlib.util import find_spec
from pathlib import Path

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

NEXT = (
    ('predict {run} "..."', "sentences of your own, Korean or English"),
    ("eval {run}", "a score for each class, and what is taken for what"),
    ("train classify cell=gru", "the same with a GRU; 'seqkit show classify' lists all settings"),
    ("train classify corpus=mine.csv", "your own texts and labels (csv, tsv, jsonl, parquet)"),
    ("data head village", "what the corpus looks like"),
    ("tokenize --compare all '...'", "every tokenizer on a sentence of yours"),
    ("ls", "all recipes"),
)


def demo() -> None:
    """Train, score and use a small model, with no data of your own."""
    from seqkit.cli.output import print_table
    from seqkit.cli.train import train
    from seqkit.predict import load
    from seqkit.train.run import Run

    _tokenization()
    folder = Run.next_to("demo", Path("runs"))
    print("Learning the topics of village life, in Korean and English, with an LSTM.")
    print(f"The same by hand: seqkit train classify --out {folder}\n")
    train(["classify"], out=folder)
    print()
    answers = load(folder).predict(SENTENCES)
    rows = [[s, a.label, a.probabilities[a.label]] for s, a in zip(SENTENCES, answers, strict=True)]
    print_table(None, ["sentence", "topic", "probability"], rows)
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
