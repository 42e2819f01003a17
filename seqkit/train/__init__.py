"""Training: the one loop, optimizers, checkpoints, the run directory."""
