"""What requests and answers look like: the types of the HTTP API, and so its documentation."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _readable(text: str) -> str:
    """Refuse halves of surrogate pairs, which JSON can write and UTF-8 cannot."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("the text holds half of a surrogate pair, which is no character") from None
    return text


Text = Annotated[str, AfterValidator(_readable)]
Count = Annotated[int, Field(ge=1, le=100)]
Share = Annotated[float, Field(ge=0, le=1)]
Place = Annotated[list[float], Field(min_length=2, max_length=2)]
Name = Annotated[str, Field(max_length=200), AfterValidator(_readable)]
ModelName = Annotated[
    Name | None, Field(description="the name of what is served; not needed where one can answer")
]


class Asked(BaseModel):
    """A request; what it does not know is refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Question(Asked):
    """Texts for a run."""

    model: ModelName = None
    texts: Annotated[list[Text], Field(min_length=1)]
    top: Annotated[Count | None, Field(description="the best answers, so many of them")] = None
    attention: Annotated[
        bool, Field(description="also what the run attended to, where it attends")
    ] = False


class Writing(Asked):
    """Texts for a run that writes, and how; what is left out is as the run has it."""

    model: ModelName = None
    texts: Annotated[list[Text], Field(min_length=1)]
    top: Annotated[Count | None, Field(description="answers of each text, or next words")] = None
    sentences: Annotated[int | None, Field(ge=0, le=20)] = None
    beam: Annotated[int | None, Field(ge=1, le=32)] = None
    temperature: Annotated[float | None, Field(ge=0, le=10)] = None
    top_k: Annotated[int | None, Field(ge=1, le=100_000)] = None
    top_p: Annotated[float | None, Field(gt=0, le=1)] = None
    seed: Annotated[int | None, Field(ge=0, lt=2**63)] = None
    length: Annotated[int | None, Field(ge=1, le=500)] = None
    min_length: Annotated[int | None, Field(ge=0, le=500)] = None
    length_penalty: Annotated[float | None, Field(ge=0, le=10)] = None
    coverage_penalty: Annotated[float | None, Field(ge=0, le=10)] = None
    block_ngrams: Annotated[int | None, Field(ge=1, le=50)] = None
    replace_unknown: bool | None = None
    unfinished: Annotated[bool | None, Field(description="complete the last word of each text")] = (
        None
    )
    lemmas: Annotated[bool | None, Field(description="next words by dictionary form")] = None
    classify: Annotated[bool | None, Field(description="tell the category of each name")] = None


class WordQuestion(Asked):
    """A word, or a sum of words, for word vectors."""

    model: ModelName = None
    question: Annotated[
        str,
        Field(description="a word, or A - B + C", min_length=1, examples=["서울 - 한국 + 일본"]),
        AfterValidator(_readable),
    ]
    top: Count = 10
    cosmul: Annotated[bool, Field(description="multiply the parts in place of adding")] = False
    plane: Annotated[bool, Field(description="also where the words stand in a plane")] = False


class Problem(BaseModel):
    """What is wrong with a request, in one line."""

    error: str


class Labels(BaseModel):
    """The answer of a classifier to a text."""

    labels: list[str]
    probabilities: dict[str, float]
    attention: "Attention | None" = None


class Span(BaseModel):
    """Words ``start`` up to, and without, ``end`` that belong together."""

    start: int
    end: int
    type: str


class Tags(BaseModel):
    """The answer of a tagger to a text; offsets are characters (code points) of it."""

    words: list[str]
    tags: list[str]
    offsets: list[Annotated[list[int], Field(min_length=2, max_length=2)]]
    probabilities: list[dict[str, float]]
    beside: list[str] | None = None
    spans: list[Span] | None = None


class Candidate(BaseModel):
    """A translation."""

    text: str
    score: float
    log_probability: float


class Attention(BaseModel):
    """The weights of each unit that was written (a row) over those that were read."""

    rows: list[str]
    columns: list[str]
    weights: list[list[float]]


class Translations(BaseModel):
    """The answer of a translator to a text."""

    source: str
    translations: list[Candidate]
    attention: Attention | None = None


class Word(BaseModel):
    """A next word."""

    text: str
    probability: float


class Sentence(BaseModel):
    """A text that was gone on with."""

    text: str
    log_probability: float
    ended: bool


class Completion(BaseModel):
    """The answer of a language model to a prompt."""

    prompt: str
    words: list[Word]
    sentences: list[Sentence]
    unknown: list[str]


Answer = Labels | Tags | Translations | Completion | dict[str, Any]


class Answers(BaseModel):
    """An answer for each text, in order."""

    model: str
    answers: list[Answer]


class Term(BaseModel):
    """A word of a question: added, or taken away."""

    word: str
    sign: int
    from_subwords: bool


class Near(BaseModel):
    """A word that is near; ``cosmul`` gives a score in place of the cosine."""

    word: str
    cosine: float | None = None
    score: float | None = None
    count: int | None = None


class Plane(BaseModel):
    """Where words stand in the plane in which they differ most; the sum stands at ``target``."""

    words: list[str]
    places: list[Place]
    target: Place
    share: Annotated[Share, Field(description="of the variance that the plane holds")]


class Similar(BaseModel):
    """The words nearest to a word or a sum."""

    model: str
    terms: list[Term]
    answers: list[Near]
    plane: Plane | None = None


class Map(BaseModel):
    """The most frequent words in the plane, their groups, and the nearest of each among them."""

    model: str
    words: list[str]
    places: list[Place]
    groups: list[int]
    names: list[str]
    nearest: list[list[int]]
    cosines: list[list[float]]
    about: str


class Served(BaseModel):
    """Something that is served, and what it can do."""

    name: str
    task: Annotated[str, Field(description="of a run; 'vectors' for word vectors")]
    can: Annotated[list[str], Field(description="of predict, generate, attention, similar")]
    languages: Annotated[list[str], Field(description="that it reads")]
    writes: Annotated[str, Field(description="the language that a translator writes")]
    labels: Annotated[list[str], Field(description="of a classifier or tagger")]
    words: Annotated[int, Field(description="of its vocabulary")]
    examples: Annotated[list[str], Field(description="words that it knows")]


class ServedList(BaseModel):
    """All that is served."""

    served: list[Served]
    limits: dict[str, float]


class Health(BaseModel):
    """Whether the server answers."""

    status: str
    version: str
    seconds: float
    answered: int
    waiting: int
