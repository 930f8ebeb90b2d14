"""A report: the studies that were asked for and that the cache can answer, as one HTML file."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import import_module

from core.catalog.models import find_model
from core.engine import Engine
from core.errors import NotHere, unknown
from core.readers.datasets import find_dataset
from core.report.page import Document, Section, render
from core.report.parts import Gathered, Part, Request
from core.report.sources import missing, provenance
from core.studies.registry import report_parts
from core.tables.forms import Table
from core.words.names import say_dataset, say_model, shown_together

TITLE = "Text Meets Vision"
_MODULES = report_parts()
KINDS = tuple(_MODULES)
"""What a report can hold; a part that the cache cannot answer is left out, with the reason at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The file and a name for it; every table in it; what could not be put in, with the reasons."""

    html: bytes
    filename: str
    tables: tuple[Table, ...]
    missing: tuple[str, ...]


def make_report(engine: Engine, request: Request) -> Report:
    """A report of what the cache can answer; computes nothing long. Raises `UnknownName` for a part, model or data set
    that nobody knows, and `NotHere` where the cache can answer nothing that was asked for."""
    from plotly.offline import get_plotlyjs

    for kind in request.studies:
        if kind not in _MODULES:
            raise unknown("part of a report", kind, KINDS)
    request = replace(
        request,
        models=tuple(find_model(name).name for name in dict.fromkeys(request.models)),
        datasets=tuple(find_dataset(name).name for name in dict.fromkeys(request.datasets)),
        studies=request.studies or KINDS,
        title=request.title or TITLE,
    )
    with shown_together(request.models, request.datasets):
        return _made(engine, request, get_plotlyjs)


def _made(engine: Engine, request: Request, get_plotlyjs: Callable[[], str]) -> Report:
    gathered, sections = Gathered(), list[Section]()
    kinds = {name: find_dataset(name).kind for name in request.datasets}
    for kind in (k for k in KINDS if k in request.studies):
        part: Part = import_module(_MODULES[kind]).PART
        fitting = [name for name in request.datasets if part.on in (kinds[name], "")]
        sections += part.build(engine, request, fitting, gathered) if fitting else []
    if not sections:
        raise NotHere(f"There is nothing to report yet. {' '.join(dict.fromkeys(gathered.missing))}".strip())
    sections.append(provenance(gathered))
    sections += [missing(gathered)] if gathered.missing else []
    document = Document(title=request.title, lead=_lead(request), sections=tuple(sections))
    tables = tuple(table for section in sections for table in section.tables)
    return Report(
        html=render(document, get_plotlyjs()),
        filename=f"{_slug(request.title)}.html",
        tables=tables,
        missing=tuple(gathered.missing),
    )


def _lead(request: Request) -> str:
    models = ", ".join(say_model(model) for model in request.models)
    data = ", ".join(say_dataset(dataset) for dataset in request.datasets)
    made = request.made or datetime.now(UTC).date().isoformat()
    return f"{models} on {data}. Made on {made}; it needs nothing but this file."


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60] or "report"
