"""The engine's report: studies from the cache as one HTML file that can be taken anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.report import Report


class ReportDoor:
    """Methods of `core.engine.Engine`."""

    def report(
        self: Any,
        models: Sequence[str],
        datasets: Sequence[str],
        *,
        studies: Sequence[str] = (),
        title: str = "",
        split: str | None = None,
        templates: Sequence[str] | None = None,
        prompt_set: str | None = None,
        classnames: str = "curated",
        pictures: int = 12,
        made: str = "",
    ) -> Report:
        """A report of these models on these data sets: the parts `studies` of `core.report.KINDS` (none named: all)
        that the cache can answer, with at most `pictures` small pictures of mistakes each. Computes nothing long.

        Raises `UnknownName`, and `NotHere` where the cache can answer nothing of it.
        """
        from core.report import KINDS, Request, make

        request = Request(
            models=tuple(self.model(name).name for name in dict.fromkeys(models)),
            datasets=tuple(self.dataset(name).name for name in dict.fromkeys(datasets)),
            studies=tuple(studies) or KINDS,
            title=title or "Text Meets Vision",
            split=split,
            templates=tuple(templates) if templates else None,
            prompt_set=prompt_set,
            classnames=classnames,
            pictures=pictures,
            made=made,
        )
        return make(self, request)
