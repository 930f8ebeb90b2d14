"""Data & models: computing embeddings, jobs, models, data sets, stored embeddings and their export."""

from __future__ import annotations

from collections.abc import Callable

from core.engine import Engine
from pages.data_and_models import compute, datasets, models, recent, report, vectors
from pages.shared.engine import engine
from pages.shared.guard import errors_in_place
from pages.shared.layout import page_title
from pages.shared.theme import on_stage
from pages.shared.url_choices import one_of
from pages.shared.url_state import bind
from pages.shared.widgets import segments

PARTS = {"embed": "Compute", "models": "Models", "data": "Data sets", "stored": "Embeddings"}
BLOCKS: dict[str, tuple[Callable[[Engine], None], ...]] = {
    "embed": (compute.show, recent.show),
    "models": (models.show,),
    "data": (datasets.show,),
    "stored": (vectors.show, report.show),
}


def page(engine: Engine) -> None:
    """One part at a time, so that a long list hides no other."""
    part = one_of("part", PARTS, "embed")
    segments("part", "Part of this page", PARTS, part, label_visibility="collapsed")
    for block in BLOCKS[part]:
        if block is compute.show and on_stage():  # a form, of which a slide has nothing
            continue
        with errors_in_place():
            block(engine)


compute.prefill(engine())
bind("part", "embed_model", "embed_data", "embed_split")
page_title("Models, data and jobs")
with errors_in_place():
    page(engine())
