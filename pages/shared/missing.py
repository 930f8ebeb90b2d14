"""Not here yet: what is missing for an answer, why, and the one button that mends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.engine import Engine
from core.errors import TMVError
from core.stats.numbers import count, listed
from core.types import DatasetSpec, ModelSpec, Place, State
from core.words.library import weights_needed
from core.words.names import say_dataset, say_model
from core.work import start
from pages.shared.guard import public, safe_callback
from pages.shared.jobs import watch
from pages.shared.navigation import all_to_library
from pages.shared.stored import stored_pairs
from pages.shared.words import plain

Pair = tuple[ModelSpec, DatasetSpec, str | None]
"""A model, a data set and the split that was asked for."""


def embedded(
    engine: Engine, models: Sequence[ModelSpec], dataset: DatasetSpec, split: str | None
) -> tuple[list[Place], list[Pair]]:
    """Where each of these models has vectors, and the pairs that are not embedded."""
    here = [model for model in models if engine.embeddings(model.name, dataset.name, split) is not None]
    places = [engine.place(model.name, dataset.name, split) for model in here]
    return places, [(model, dataset, split) for model in models if model not in here]


def offer(engine: Engine, pairs: Sequence[Pair]) -> None:
    """What these pairs lack, and how to get it; shows the work on them while it runs."""
    if not pairs:
        return
    keys = [embed_key(engine, pair) for pair in pairs] + ["prepare-demo"]
    live = {job.key for job in watch(engine, keys, seen=lambda: stored_pairs(engine).pairs) if job.live}
    waiting = [p for p in pairs if embed_key(engine, p) not in live]
    if "prepare-demo" in live:
        waiting = [p for p in waiting if not p[1].name.startswith("demo-")]
    hindered = {pair: why for pair in waiting if (why := [*obstacles(engine, pair), *_unusable(engine, pair[0])])}
    if hindered:
        _lead_on(hindered)
    if possible := [pair for pair in waiting if pair not in hindered]:
        _embed(engine, possible)


def embed_key(engine: Engine, pair: Pair) -> str:
    """The key under which `core.work.start.embed` files the work on this pair."""
    model, dataset, split = pair
    try:
        known = engine.data.split_of(dataset.name, split)
    except TMVError:
        known = split or ""
    return f"embed/{model.name}/{dataset.name}/{known}"


def _lead_on(hindered: Mapping[Pair, Sequence[str]]) -> None:
    """Why these pairs cannot be embedded as things are, and the way to where data sets and weights are brought."""
    words, button = st.columns([5, 1], vertical_alignment="center")
    words.info("\n\n".join(dict.fromkeys(s for why in hindered.values() for s in why)), icon=":material/info:")
    button.button(
        "Data & models",
        key="to-data-and-models",
        width="stretch",
        on_click=safe_callback(all_to_library),
        args=(
            tuple(dict.fromkeys(model.name for model, _, _ in hindered)),
            tuple(dict.fromkeys(dataset.name for _, dataset, _ in hindered)),
        ),
        help="Opens the page where they are computed, with these models and data sets filled in.",
    )


def _embed(engine: Engine, pairs: Sequence[Pair]) -> None:
    names = listed([f"{plain(say_dataset(d.name))} with {plain(say_model(m))}" for m, d, _ in pairs[:4]])
    more = f" and {count(len(pairs) - 4, 'more pair')}" if len(pairs) > 4 else ""
    away = list({m.name: m for m, _, _ in pairs if engine.vectors.computable(m).state == "downloadable"}.values())
    needed = f" {plain(weights_needed(away))}" if away else ""
    words, button = st.columns([5, 1], vertical_alignment="center")
    words.info(
        f"Not embedded yet: {names}{more}. This is done once; afterwards every question is answered at once.{needed}",
        icon=":material/info:",
    )
    button.button(
        "Download and embed" if away else "Embed",
        type="primary",
        key="embed-missing",
        width="stretch",
        on_click=safe_callback(_submit),
        args=(engine, tuple(pairs)),
    )


def _submit(engine: Engine, pairs: Sequence[Pair]) -> None:
    engine.encoding.check_precision()
    for model, dataset, split in pairs:
        start.embed(engine.jobs, engine.place(model.name, dataset.name, split))


def _unusable(engine: Engine, model: ModelSpec) -> list[str]:
    """That there are embeddings of the model, but no way to its weights for others."""
    if engine.vectors.model_state(model).state == "absent":
        return []  # `obstacles` says so
    state = engine.vectors.computable(model)
    return [_obstacle(plain(say_model(model)), "model", state)] if state.state == "absent" else []


def obstacles(engine: Engine, pair: Pair) -> list[str]:
    """What keeps this pair from being embedded here, in sentences; nothing where it can be, or is already."""
    model, dataset, _ = pair
    found = []
    if (state := engine.data.state(dataset.name)).state != "ready" and not dataset.name.startswith("demo-"):
        found.append(_obstacle(plain(say_dataset(dataset.name)), "data set", state))
    if (state := engine.vectors.model_state(model)).state == "absent":
        found.append(_obstacle(plain(say_model(model)), "model", state))
    return found


def _obstacle(title: str, kind: str, state: State) -> str:
    why = f": {plain(public(state.why))}" if state.why else ""
    hint = " Download it under Data \\& models." if state.state == "downloadable" else ""
    return f"The {kind} {title} is not on this machine{why}.{hint}".replace("\\..", "\\.")
