"""What the server does before its first visitor."""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from core.engine import Engine
from core.errors import TMVError
from core.readers.datasets import find_dataset
from core.studies.zero_shot.study import ZeroShot
from pages.shared.stored import stored_pairs

log = logging.getLogger("text_meets_vision")


def forget_pages_folder() -> None:
    """Streamlit takes a folder called `pages` for its older way of naming pages until the first session has called
    `st.navigation`; until then a link to a page is answered with "Page not found" over the right page."""
    PagesManager.uses_pages_directory = False


@asynccontextmanager
async def warmed(app: st.App) -> AsyncIterator[dict[str, object]]:
    """Work out what the cache can answer while nobody waits: after a restart the first visitor finds it done."""
    from pages.shared.engine import engine

    threading.Thread(target=_warm, args=(engine(),), name="warm-up", daemon=True).start()
    yield {}


def _warm(engine: Engine) -> None:
    """Every stored classification pair as it is measured by default. Only from what is stored: a text without a
    vector would start the encoder, which nobody has asked for yet."""
    try:
        for model, dataset in sorted(stored_pairs(engine).pairs):
            if find_dataset(dataset).kind == "classification" and knows_prompts(engine, model, dataset):
                engine.run(ZeroShot.at(engine, model, dataset))
    except TMVError as error:
        log.info("the warm-up ended early: %s", error)
    except Exception:
        log.exception("the warm-up failed; pages work their answers out when they are asked")


def knows_prompts(engine: Engine, model: str, dataset: str) -> bool:
    """Whether the texts of a data set's own prompts have vectors, judged by the first of them."""
    images, digest = engine.embeddings(model, dataset), engine.encoding.model_digest(model)
    if images is None or not digest or not images.classnames:
        return False
    text = engine.prompting.templates(dataset)[0].replace("{}", images.classnames[0])
    return bool(engine.encoding.texts.get(digest, [text])[1].all())
