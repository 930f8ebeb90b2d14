"""CLIP models: their weights on disk, how each is loaded, and the process that keeps them warm.

Only the modules that load or run one import torch: `encoder.load_encoder(name)` gives a `LoadedEncoder`.
"""
