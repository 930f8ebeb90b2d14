"""Ways from a number to what is behind it; callbacks, since a choice is only set before the page runs."""

from __future__ import annotations

from collections.abc import Sequence

from pages.shared.url_state import open_page, set_choice

CLASSES = "pages/classification/classes/page.py"
PROBE = "pages/classification/probe/page.py"
FEW_SHOT = "pages/classification/few_shot/page.py"


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
