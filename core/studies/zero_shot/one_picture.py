"""One picture named with a list of labels: what zero-shot classification does, for a single upload."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import TMVError
from core.stats import metrics
from core.types import FloatArray, ScoreRule


def name_picture(
    picture: FloatArray, classes: FloatArray, labels: Sequence[str], rule: ScoreRule, k: int = 5
) -> tuple[tuple[str, float], ...]:
    """The k closest labels, best first, with their probabilities among all labels.

    `picture` (d,) as the encoder gave it; `classes` (c, d) unit vectors, row i of label i
    (`zero_shot.class_embeddings`).
    """
    if len(labels) != len(classes):
        raise TMVError(f"Expected one class vector for each of {len(labels)} labels, got {len(classes)}.")
    scores = metrics.normalise(picture[None]) @ classes.T
    shares = rule.probabilities(scores)[0]
    best = metrics.top_k(scores, min(k, len(labels)))[0]
    return tuple((labels[i], float(shares[i])) for i in best)
