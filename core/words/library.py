"""What is said of models, jobs and stored embeddings where they are managed."""

from __future__ import annotations

from collections.abc import Sequence

from core.catalog.licences import UNKNOWN
from core.stats.numbers import count, millions, size
from core.types import ModelSpec

VECTORS_ONLY = "embeddings only"
"""A model whose weights are not here, of which there are embeddings."""
MODEL_STATES = {"ready": "ready", "downloadable": "can be downloaded", "absent": "not usable here"}
COMMERCIAL_USE = {
    "allowed": "Allows commercial use",
    "forbidden": "Forbids commercial use",
    "not recorded": "Not recorded",
}


def parameters_said(parameters: int) -> str:
    """ "151 million", "1.1 billion", "" where they are not known."""
    if not parameters:
        return ""
    return f"{parameters / 1e9:.1f} billion" if parameters >= 999_500_000 else millions(parameters)


def download_said(models: Sequence[ModelSpec]) -> str:
    """ "Download 2 models: about 1.6 GB; ViT-B-32-quickgelu/metaclip_400m: CC BY-NC 4.0: no commercial use": what is
    to be known before weights are downloaded, the licenses by model."""
    if not models:
        return ""
    known = sum(model.download_bytes for model in models)
    strange = sum(not model.download_bytes for model in models)
    sizes = [f"about {size(known)}"] if known else []
    sizes += [f"the size of {strange} is not known" if known else "the size is not known"] if strange else []
    licences = dict[str, list[str]]()
    for model in models:
        licences.setdefault(model.licence or UNKNOWN, []).append(model.name)
    said = [f"{', '.join(names)}: {licence}" for licence, names in licences.items()]
    return "; ".join([f"Download {count(len(models), 'model')}: {' and '.join(sizes)}", *said])
