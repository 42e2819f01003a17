"""Many-to-one over text: classification."""
