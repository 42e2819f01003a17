"""Files of word vectors, ours and others'."""
