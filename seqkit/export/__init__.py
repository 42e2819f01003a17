"""Trained models as ONNX: built, checked against torch, and answering without it."""
