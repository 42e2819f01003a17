"""A unit out for every unit in: language models, and the completion of sentences."""
