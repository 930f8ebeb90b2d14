"""Vectors of texts by a loaded model: known ones from the store, the others encoded once and kept."""

from __future__ import annotations

import numpy as np

from core.store import TextStore
from core.types import Encoder, FloatArray


def encode_texts(encoder: Encoder, store: TextStore, texts: tuple[str, ...] | list[str]) -> FloatArray:
    """(m, d) unnormalised vectors of m texts: known ones from the store, the others encoded once and kept."""
    digest = encoder.card.model_digest
    vectors, found = store.get(digest, texts)
    if found.all():
        return vectors
    missing = list(dict.fromkeys(text for text, here in zip(texts, found, strict=True) if not here))
    fresh = np.ascontiguousarray(encoder.encode_texts(missing), np.float32)
    store.put(digest, missing, fresh)
    position = {text: row for row, text in enumerate(missing)}
    whole = np.zeros((len(texts), fresh.shape[1]), np.float32)
    for row, text in enumerate(texts):
        whole[row] = vectors[row] if found[row] else fresh[position[text]]
    return whole
