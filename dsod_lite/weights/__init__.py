"""Weights in files: our checkpoints, and the authors' Caffe models."""
