"""What is said of models, jobs and stored embeddings where they are managed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.catalog.families import family_of
from core.catalog.licences import UNKNOWN
from core.stats.numbers import count, millions, size
from core.types import ModelSpec
from core.words.names import say_parts

MOST_OFFERED = 6
"""So many names are offered where several fit."""
VECTORS_ONLY = "embeddings only"
"""A model whose weights are not here, of which there are embeddings."""
MODEL_STATES = {"ready": "ready", "downloadable": "can be downloaded", "absent": "not usable here"}
NOT_EMBEDDED = "not embedded"
"""A model of which there are no embeddings of the data set in question, though its weights are here."""
TO_DOWNLOAD = {"downloadable": "to download", "absent": "not usable here"}
"""The mark of a model in a list to choose from, by the state of its weights where they are not here."""
COMMERCIAL_USE = {"allowed": "Allowed", "forbidden": "Forbidden", "not recorded": "Not recorded"}


def parameters_said(parameters: int) -> str:
    """ "151 million", "1.1 billion", "" where they are not known."""
    if not parameters:
        return ""
    return f"{parameters / 1e9:.1f} billion" if parameters >= 999_500_000 else millions(parameters)


def download_said(models: Sequence[ModelSpec]) -> str:
    """ "Download 2 models: about 1.6 GB; ViT-B-32-quickgelu/metaclip_400m: CC BY-NC 4.0: no commercial use": what is
    to be known before weights are downloaded, the licenses by model."""
    return f"Download {count(len(models), 'model')}: {_needs(models)}" if models else ""


def weights_needed(models: Sequence[ModelSpec]) -> str:
    """What is to be known before one button downloads weights and computes embeddings; "" where none are missing."""
    if not models:
        return ""
    return f"Weights to download first: {_needs(models)}. How long that takes is not known before it starts."


def _needs(models: Sequence[ModelSpec]) -> str:
    known = sum(model.download_bytes for model in models)
    strange = sum(not model.download_bytes for model in models)
    sizes = [f"about {_rounded(known)}"] if known else []
    sizes += [f"the size of {strange} is not known" if known else "the size is not known"] if strange else []
    licences = dict[str, list[str]]()
    for model in models:
        known_licence = model.licence not in ("", UNKNOWN)
        licences.setdefault(model.licence if known_licence else f"license {UNKNOWN}", []).append(model.name)
    said = [f"{', '.join(names)}: {licence}" for licence, names in licences.items()]
    return "; ".join([" and ".join(sizes), *said])


def _rounded(n_bytes: int) -> str:
    """ "605 MB", "2.1 GB": an estimate has no decimals of a megabyte."""
    return size(n_bytes) if n_bytes >= 1e9 else f"{n_bytes / 1e6:.0f} MB"


def listed_said(spec: ModelSpec, mark: str) -> str:
    """A model in a list to choose from: "ViT-B-16-SigLIP2 · WebLI (to download) — SigLIP 2, WebLI: ViT-B-16-SigLIP2 /
    webli". A browser looks for what is typed in this text alone, letter by letter in its order, so that family and
    training data stand before and behind the architecture."""
    said = " · ".join(part for part in say_parts(spec) if part)
    data = re.split(r"[,:]| \(", spec.training_data)[0]
    found_by = ", ".join(part for part in (family_of(spec.name), data) if part)
    return f"{said}{f' ({mark})' if mark else ''} — {found_by}: {' / '.join(spec.name.rsplit('/', 1))}"


def name_in_list(text: str) -> str:
    """The exact name in what `listed_said` says; any other text as it is."""
    found = re.fullmatch(r".+ — .+: (\S+) / (\S+)", text)
    return f"{found[1]}/{found[2]}" if found else text


def several_fit(typed: str, models: Sequence[ModelSpec]) -> str:
    """ "9 models fit “siglip so400m”: …, … and 6 more. Type more of the name." """
    names = [model.name for model in models]
    more = f" and {len(names) - MOST_OFFERED:,} more" if len(names) > MOST_OFFERED else ""
    return (
        f"{count(len(names), 'model')} fit “{typed}”: {', '.join(names[:MOST_OFFERED])}{more}; type more words, or "
        "choose one from the list."
    )
