"""An HTTP API and a page over trained runs and word vectors."""
