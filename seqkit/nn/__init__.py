"""Layers: embeddings, recurrent cells and encoders, convolutions, pooling."""
