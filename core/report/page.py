"""One HTML file that needs nothing else: styles, scripts, pictures and rows are all in it.

It loads nothing: a content policy in its head forbids every request. Charts are drawn by plotly.js, put in once; with
scripts switched off the sentence under each chart and the tables still say everything.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from core.charts.theme import Chart
from core.tables.forms import Table, to_csv, to_latex, to_markdown
from core.words.glossary import terms_in

_HERE = Path(__file__).parent
POLICY = Markup(
    "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; font-src data:"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One small picture: WebP bytes, what it shows for those who cannot see it, and a line or two under it; `right`
    outlines it, as on the pages."""

    webp: bytes
    alt: str
    under: str
    right: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the report. `finding` is its sentence, `notes` (level, sentence) what stands beside its numbers,
    `lines` plain sentences under it (the protocol)."""

    title: str
    finding: str = ""
    lines: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    shots: tuple[Shot, ...] = ()
    shots_title: str = ""
    level: int = 2
    notes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The whole report: title, one line under it, sections in order."""

    title: str
    lead: str
    sections: tuple[Section, ...] = field(default_factory=tuple)

    @property
    def terms(self) -> dict[str, str]:
        """The terms of the field that its text uses, explained."""
        said = [t for s in self.sections for t in (s.title, s.finding, *s.lines, *(c.alt for c in s.charts))]
        heads = [c.on_paper for s in self.sections for t in s.tables for c in t.shown.values()]
        return terms_in("\n".join((*said, *heads)))


def render(document: Document, plotly_js: str) -> bytes:
    """The file. Everything that came from names, captions or files is escaped."""
    drawn = any(section.charts for section in document.sections)
    scripts = [_code(plotly_js), _code(_own("report.js"))] if drawn else []
    page = _macros().page_of(document, POLICY, Markup(_own("report.css")), scripts)
    return str(page).encode("utf-8", "xmlcharrefreplace")


def table_html(table: Table, most: int = 60) -> str:
    """The first `most` rows, and a line that says how many there are; every text escaped."""
    return str(_macros().table_of(table, most))


@lru_cache(maxsize=1)
def _macros() -> Any:
    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= {"data": _data, "drawing": _drawing, "files": _files}
    return pages.get_template("page.html.jinja").module


def _own(name: str) -> str:
    return (_HERE / name).read_text("utf-8")


def _code(text: str) -> Markup:
    """A script of our own or plotly's: in its strings "</script" and "<!--" mean the same with a backslash."""
    return Markup(text.replace("</script", "<\\/script").replace("<!--", "<\\!--"))


def _drawing(chart: Chart) -> dict[str, Any]:
    return {"figure": json.loads(chart.figure.to_json()), "config": chart.config()}


def _files(table: Table) -> tuple[tuple[str, str, str], ...]:
    """The forms that a table can be saved in: their name, the end of the file's, and the text."""
    return (("CSV", "csv", to_csv(table)), ("Markdown", "md", to_markdown(table)), ("LaTeX", "tex", to_latex(table)))


def _data(content: bytes | str, kind: str) -> str:
    """An address that holds its file."""
    plain = content.encode("utf-8", "replace") if isinstance(content, str) else content
    return f"data:{kind};base64,{base64.b64encode(plain).decode()}"
