"""Corpora: one file a data set, found by its name; where it is and how it is read."""
