"""What RESULTS.md tells: its tables, and the `seqkit train` command behind each row."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of a table: a command, and the score that it is about."""

    name: str
    words: tuple[str, ...]
    score: str = "accuracy"
    seeds: tuple[int, ...] = (0, 1, 2)


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
    "UPOS and XPOS of Kaist are learnt by one model "
    "(`beside`); the part of speech that CoNLL-2000 comes with is an input, as its task allows."
)
KAIST = ("tagging", "--config", "kaist")
EWT = ("tagging", "corpus=ud", "data.treebank=en_ewt", "data.tag=upos", "data.beside=xpos")
CHUNKS = ("tagging", "corpus=conll2000", "data.beside=pos", "beside=input", "output=crf")

WORDS = (
    "Test perplexity over the full softmax, without cache or dynamic evaluation. The training "
    "file that it was trained on has the official articles in another order."
)
UNITS = (
    "One corpus, one size of model (an LSTM of 256 units, two epochs), told by what each unit "
    "costs: bits for each character and perplexity for each word of the raw text, so that units "
    "compare. An unknown unit costs only the bits of `<unk>`: more of them flatter a model, those "
    "of morphemes above all, which also leave white space and melted forms (하+었 for 했) untold: "
    "their figures are lower than a comparison allows."
)
KOWIKI = ("language_model", "--config", "kowiki")
KOREAN_UNITS = {
    "syllables": ("tokenizer=syllable", "bptt=60"),
    "jamo": ("tokenizer=jamo", "bptt=120"),
    "subwords (unigram, 8,000)": ("tokenizer=unigram", "text.options.size=8000", "bptt=40"),
    "morphemes (Kiwi)": ("softmax=sampled", "tokenizer=kiwi", "bptt=40"),
}

TRANSLATED = (
    "sacreBLEU 2.6.0 of cased, detokenised text, beam 5 "
    "(`nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp`), "
    "chrF2 beside. From scratch, on the training part alone; the epoch is chosen by BLEU of greedy "
    "translations of 200 validation sentences (the village's: by perplexity)."
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
        [
            Row(
                "LSTM, 2 x 320, sampled softmax, two threads",
                ("language_model", "bfloat16=true", "threads=2"),
                seeds=(0,),
            )
        ],
        columns=(("perplexity", "perplexity"), ("unknown", "unknown")),
        note=WORDS,
    ),
    Table(
        "Korean Wikipedia (`kowiki_lm`) by unit",
        "kowiki_lm",
        [Row(name, (*KOWIKI, *words), seeds=(0,)) for name, words in KOREAN_UNITS.items()],
        columns=(
            ("bits per character, validation", "validation:bits_per_character"),
            ("test", "bits_per_character"),
            ("perplexity of a word, test", "word_perplexity"),
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
        note="As above, of a training cut short: for comparison alone. Dot products need a decoder "
        "as wide as what they attend to, 512 units, where the others have 320.",
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
        note="A linear SVM over n-grams of letters (`benchmarks/names.py`, C by validation) has "
        "0.8406 and 0.5167: the accuracies are no more than noise apart, 0.009 being the standard "
        "error.",
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
        note="One seed, one epoch, 64 units in each direction, no n-grams. Noisy: as above.",
    ),
]
