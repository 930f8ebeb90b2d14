"""CLIP models behind one door: `load_encoder(name)` gives a `LoadedEncoder`. Importing this imports torch."""

from core.encoders.device import resolve_device
from core.encoders.encoder import LoadedEncoder, load_encoder

__all__ = ["LoadedEncoder", "load_encoder", "resolve_device"]
