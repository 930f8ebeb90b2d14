"""A sample of pictures encoded again: does the model give the same vectors, and are they those in the cache?"""

from __future__ import annotations

import io
import math

import numpy as np
from PIL import Image

from core.errors import EncoderWarming, TMVError
from core.studies.audit import Repeat
from core.studies.base import Lab
from core.types import EmbeddingSet, FloatArray

SAMPLE = 4
LIMITS = {"fp16": 2e-2, "bf16": 2e-2, "tf32": 5e-3}
LIMIT = 1e-3
"""What rounding explains, as a share of a vector's length: single precision with other batches and threads stays under
1e-5, half precision may lose two percent (the limit that this program itself accepts)."""
_VERSION = 1


def repeated(lab: Lab, images: EmbeddingSet, encode: bool) -> Repeat | None:
    """What encoding a sample again found, from disk; with `encode` it is done where it was not. None where it cannot
    be: pictures or weights are not on this machine."""
    key = f"audit/repeat/{images.key.fingerprint}/{_VERSION}"
    kept = lab.results.read(key, lambda found: Repeat(**found))
    if kept is not None or not encode:
        return kept
    try:
        found = _encode(lab, images)
    except EncoderWarming:
        raise
    except TMVError:
        return None
    lab.results.keep(key, {name: getattr(found, name) for name in Repeat.__slots__})
    return found


def _encode(lab: Lab, images: EmbeddingSet) -> Repeat:
    """Each picture of the sample alone, twice; the stored vector had others beside it in its batch."""
    rows = lab.data.rows(images.key.dataset, images.key.split)
    place = {name: i for i, name in enumerate(rows.ids)}
    sample = sorted({round(i) for i in np.linspace(0, len(images) - 1, SAMPLE)})
    pictures = [_file(rows.pictures.read(place[images.ids[i]])) for i in sample if images.ids[i] in place]
    if not pictures:
        raise TMVError("None of these images is on this machine.")
    once, twice = ([lab.encoding.encode_image(images.key.model, p) for p in pictures] for _ in range(2))
    kept = [images.image_embeddings[i] for i in sample if images.ids[i] in place]
    card = lab.encoding.card(images.key.model)
    limit = max(LIMITS.get(p, LIMIT) for p in (images.provenance.precision, card.precision if card else "fp32"))
    return Repeat(pictures=len(pictures), again=_apart(once, twice), stored=_apart(once, kept), limit=limit)


def _file(content: bytes | np.ndarray) -> bytes:
    if isinstance(content, bytes):
        return content
    out = io.BytesIO()
    Image.fromarray(content).save(out, "PNG")
    return out.getvalue()


def _apart(a: list[FloatArray], b: list[FloatArray]) -> float:
    """The largest distance of a pair of vectors, as a share of their length."""
    gaps = [float(np.linalg.norm(x - y) / max(float(np.linalg.norm(y)), 1e-12)) for x, y in zip(a, b, strict=True)]
    return max(g if math.isfinite(g) else 1.0 for g in gaps)
