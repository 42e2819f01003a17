"""Nearest rows: exact, and approximate by an index."""
