"""Tasks: one shape of problem a file; how a corpus becomes batches, scores and answers."""
