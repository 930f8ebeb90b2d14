"""What is said of models, jobs and stored embeddings where they are managed."""

from __future__ import annotations

VECTORS_ONLY = "embeddings only"
"""A model whose weights are not here, of which there are embeddings."""
MODEL_STATES = {"ready": "ready", "downloadable": "can be downloaded", "absent": "not usable here"}
