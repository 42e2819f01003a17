"""Word vectors: their files, training and queries."""
