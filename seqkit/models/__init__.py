"""Models: one trained thing a file, from batch to outputs and loss."""
