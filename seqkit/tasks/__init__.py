"""Tasks: one shape of problem a room; how a corpus becomes batches, scores and answers."""
