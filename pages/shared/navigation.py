"""Ways from a number to what is behind it; callbacks, since a choice is only set before the page runs."""

from __future__ import annotations

from collections.abc import Sequence

from core.engine import Engine
from core.types import Job
from pages.shared.url_state import open_page, set_choice

CLASSES = "pages/classification/errors_by_class/page.py"
PROBE = "pages/classification/linear_probe/page.py"
CAPTION = "pages/caption_retrieval/inspect_caption/page.py"
LIBRARY = "pages/data_and_models/page.py"
FEW_SHOT = "pages/classification/few_shot/page.py"
RETRIEVAL = "pages/caption_retrieval/retrieval_scores/page.py"
SEARCH = "pages/search/page.py"
BETTER_PROMPT = "pages/prompt_study/better_prompt/page.py"
RESULTS = {"probe": PROBE, "fewshot": FEW_SHOT, "fewshot-draw": FEW_SHOT, "optimise": BETTER_PROMPT}
"""Kind of a job -> the page that shows what came of it; of embeddings that depends on the data set."""


def to_classes(model: str, dataset: str, leaving: Sequence[str] = ()) -> None:
    """Go to the classes of this model on this data set; the choices `leaving` end with the page that is left."""
    _to(CLASSES, model, dataset, leaving)


def to_probe(model: str, dataset: str, leaving: Sequence[str] = ()) -> None:
    """Go to the linear probe of this model on this data set; `leaving` as above."""
    _to(PROBE, model, dataset, leaving)


def to_few_shot(model: str, dataset: str, leaving: Sequence[str] = ()) -> None:
    """Go to the few-shot study of this model on this data set; `leaving` as above."""
    _to(FEW_SHOT, model, dataset, leaving)


def _to(page: str, model: str, dataset: str, leaving: Sequence[str]) -> None:
    set_choice("model", model)
    set_choice("data", dataset)
    for name in leaving:
        set_choice(name, None)
    open_page(page)


def to_library(model: str, dataset: str) -> None:
    """Go where embeddings are computed, with this pair filled in."""
    all_to_library([model], [dataset])


def all_to_library(models: Sequence[str], datasets: Sequence[str]) -> None:
    """Go where embeddings are computed, with these models and data sets filled in."""
    first = {"embed_model": list(models), "embed_data": list(datasets), "part": ["embed"]}
    for name, values in first.items():
        set_choice(name, values)
    open_page(LIBRARY, **first)


def has_results(job: Job) -> bool:
    """Whether there is a page that shows what came of this job."""
    return job.state == "done" and (job.kind == "embed" or job.kind in RESULTS)


def to_results(engine: Engine, job: Job) -> None:
    """Go to what came of a job: errors by class, retrieval scores, or its study."""
    model, dataset, split = (str(job.params[name]) for name in ("model", "dataset", "split"))
    page = RESULTS.get(job.kind) or _embedded(engine, dataset)
    set_choice("split", None if split == engine.data.split_of(dataset) else split)
    _to(page, model, dataset, ())


def _embedded(engine: Engine, dataset: str) -> str:
    if engine.data.find(dataset).kind == "captions":
        return RETRIEVAL
    return CLASSES if engine.vectors.has_classes(dataset) else SEARCH


def to_caption(picture: str, caption: str = "") -> None:
    """Go and look at this caption, or at the first of this image; what was asked before is put away."""
    for name in ("written", "draw", "asked", "beside"):
        set_choice(name, None)
    set_choice("original", picture)
    set_choice("caption", caption)
    open_page(CAPTION, original=picture, **({"caption": caption} if caption else {}))
