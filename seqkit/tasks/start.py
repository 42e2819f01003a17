"""What an embedding starts from besides random numbers."""

from pathlib import Path

from seqkit.errors import SeqkitError
from seqkit.nn.embedding import Embedding
from seqkit.text.vocabulary import Vocabulary
from seqkit.vectors.files.chosen import vectors_of


def start_from_file(embedding: Embedding, vocabulary: Vocabulary) -> str:
    """Start from the word vectors that the settings name; return what was found, in words.

    Raises:
        SeqkitError: if they cannot be read, or have none of the words.
    """
    path = Path(embedding.chosen.vectors)
    tokens = vocabulary.tokens(range(len(vocabulary)))
    words, matrix = vectors_of(path, vocabulary.words, tokens[: len(vocabulary.specials)])
    if not words:
        raise SeqkitError(
            f"{path} has a vector for none of the {len(tokens):,} words of the text: is it of the "
            "same language and tokenization?"
        )
    share = embedding.load_vectors(tokens, words, matrix)
    return f"{share:.1%} of the words start from the vectors in {path.name}"
