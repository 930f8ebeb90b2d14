"""Stored embeddings as one file for a browser, which cannot be given a path."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from core.bundle.choosing import export_entries
from core.engine import Engine
from core.types import EmbeddingKey

MOST_BYTES = 500_000_000
"""The largest bundle that is handed over through a browser; a server holds it in memory meanwhile."""


def bundle_bytes(engine: Engine, keys: Sequence[EmbeddingKey]) -> bytes:
    """The bundle of these entries with small images. Raises `TMVError` where one is damaged or gone."""
    with TemporaryDirectory(prefix="tmv-bundle-") as folder:
        file = Path(folder) / "embeddings.zip"
        export_entries(engine, file, keys)
        return file.read_bytes()
