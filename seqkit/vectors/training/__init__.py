"""Training of word vectors: from a text to weights."""
