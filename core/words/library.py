"""What is said of models, jobs and stored embeddings where they are managed."""

from __future__ import annotations

MODEL_STATES = {"ready": "ready", "downloadable": "can be downloaded", "absent": "not usable here"}
