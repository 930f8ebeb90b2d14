"""The data sets of this machine as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from core.types import OnDisk
from core.words.datasets import KINDS, STATES, images_said
from core.words.names import say_dataset

COLUMNS = (
    *("name", "title", "kind", "images", "n_images", "n_whole", "classes", "captions"),
    *("splits", "sample", "sample_split", "models", "state", "why"),
)


def datasets_frame(found: Sequence[OnDisk], models: Mapping[str, int] | None = None) -> pd.DataFrame:
    """One row for each data set: `name` exact, `title` as people say it, `images` in words ("1,800 of 60,000 images")
    with `n_images` (None: not counted) and `n_whole` (0: not known) behind it, the id of a `sample` image of the split
    `sample_split`, and of how many `models` its vectors are here."""
    rows = [
        {
            "name": one.name,
            "title": say_dataset(one.name),
            "kind": KINDS[one.carries],
            "images": images_said(one),
            "n_images": one.images,
            "n_whole": one.whole,
            "classes": one.classes,
            "captions": one.captions,
            "splits": ", ".join(one.splits),
            "sample": one.sample,
            "sample_split": one.sample_split,
            "models": (models or {}).get(one.name, 0),
            "state": STATES[one.state.state],
            "why": one.state.why,
        }
        for one in found
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"n_images": "Int64"})
