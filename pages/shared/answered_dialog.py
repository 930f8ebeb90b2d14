"""An image over the page with what one or several results answered for it."""

from __future__ import annotations

from collections.abc import Sequence

from core.engine import Engine
from core.studies.result import Answered
from core.words.names import say_model
from pages.shared.image_dialog import OpenedImage, image_dialog
from pages.shared.picture import answers_of
from pages.shared.words import plain


def answered_dialog(
    engine: Engine, results: Sequence[Answered], picture_id: str, choice: str, names: Sequence[str] = ()
) -> None:
    """Open the image that `choice` of the address names. `names` tell the results apart where the models' own do
    not."""
    first = results[0]
    titles = names or [say_model(r.model) for r in results]

    def beside() -> None:
        for result, name in zip(results, titles, strict=True):
            answers_of(result, picture_id, name)

    opened = OpenedImage(dataset=first.dataset, split=first.split, id=picture_id, choice=choice, model=first.model)
    title = f"Image of {first.classnames[first.labels[first.ids.index(picture_id)]]}"
    image_dialog(engine, opened, beside, plain(title))
