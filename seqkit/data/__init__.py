"""Ids to batches: ragged storage, length buckets, padding and masks."""
