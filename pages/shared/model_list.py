"""The models that a field offers: those of the catalog and those that are here first, then every other that open_clip
lists, each with the words by which it is found and a mark where it is not here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import streamlit as st

from core.catalog.models import every_model
from core.engine import Engine
from core.types import ModelSpec
from core.words.library import NOT_EMBEDDED, TO_DOWNLOAD, listed_said
from core.words.names import is_own, say_model
from pages.shared.stored import known_models, stored_pairs

LOOKED_AT = 60.0
"""For so many seconds the marks stand as they are: to look for the weights of two hundred models takes time."""


def model_options(
    engine: Engine, datasets: Sequence[str], chosen: Sequence[ModelSpec], *, others: Sequence[ModelSpec] = ()
) -> dict[str, str]:
    """Exact name -> what the field says. Chosen ones have their short names, since these are what the field shows once
    it is closed. `datasets` are those that a model without a mark has embeddings of; none: its weights are enough."""
    short = {model.name for model in chosen}
    stored, away = stored_pairs(engine).pairs, _away(engine)
    found = dict[str, str]()
    for spec in (*known_models(engine), *chosen, *others, *every_model()):
        if spec.name in found:
            continue
        here = any((spec.name, dataset) in stored for dataset in datasets)
        mark = "" if here else away.get(spec.name, NOT_EMBEDDED if datasets else "")
        found[spec.name] = say_model(spec) if spec.name in short else _listed(spec, mark)
    return found


def _listed(spec: ModelSpec, mark: str) -> str:
    """Own models and those of the hub are found by the name that tells them from each other."""
    if is_own(spec.name) or spec.pretrained == "hub":
        return f"{say_model(spec)} ({mark})" if mark else say_model(spec)
    return _said(spec, mark)


_said = lru_cache(maxsize=2048)(listed_said)


@st.cache_resource(ttl=LOOKED_AT, show_spinner=False, max_entries=4)
def _away(_engine: Engine) -> Mapping[str, str]:
    """The marks of listed models whose weights are not on this machine."""
    states = ((spec.name, _engine.vectors.computable(spec).state) for spec in every_model())
    return {name: TO_DOWNLOAD[state] for name, state in states if state in TO_DOWNLOAD}
