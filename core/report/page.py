"""One HTML file that needs nothing else: styles, scripts, pictures and rows are all in it.

It loads nothing: a content policy in its head forbids every request. Charts are drawn by plotly.js, put in once; with
scripts switched off the sentence under each chart and the tables still say everything.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.charts.theme import Chart
from core.tables.forms import Table, to_csv, to_html, to_latex, to_markdown

_HERE = Path(__file__).parent
POLICY = (
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


def render(document: Document, plotly_js: str) -> bytes:
    """The file. Everything that came from names, captions or files is escaped."""
    anchors = [f"part-{i}" for i in range(1, len(document.sections) + 1)]
    parts = "".join(_section(section, anchor) for section, anchor in zip(document.sections, anchors, strict=True))
    title, lead = html.escape(document.title), html.escape(document.lead)
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}"><meta name="referrer" content="no-referrer">'
        f"<title>{title}</title><style>{_own('report.css')}</style>"
    )
    top = f'<header><h1>{title}</h1><p class="lead">{lead}</p>{_contents(document.sections, anchors)}</header>'
    drawn = any(section.charts for section in document.sections)
    scripts = f"<script>{_code(plotly_js)}</script><script>{_code(_own('report.js'))}</script>" if drawn else ""
    page = f'<html lang="en"><head>{head}</head><body><main>{top}{parts}</main>{scripts}</body></html>'
    return f"<!doctype html>\n{page}\n".encode("utf-8", "xmlcharrefreplace")


def _own(name: str) -> str:
    return (_HERE / name).read_text("utf-8")


def _contents(sections: Sequence[Section], anchors: Sequence[str]) -> str:
    rows = "".join(
        f'<li class="level-{s.level}"><a href="#{a}">{html.escape(s.title)}</a></li>'
        for s, a in zip(sections, anchors, strict=True)
    )
    return f'<nav aria-label="Contents"><ol>{rows}</ol></nav>'


def _section(section: Section, anchor: str) -> str:
    h = f"h{section.level}"
    finding = f'<p class="finding">{html.escape(section.finding)}</p>' if section.finding else ""
    notes = "".join(_note(level, text) for level, text in section.notes)
    lines = "".join(f'<p class="line">{html.escape(line)}</p>' for line in section.lines)
    charts = "".join(_chart(chart, f"{anchor}-chart-{i}") for i, chart in enumerate(section.charts))
    tables = "".join(_table(table) for table in section.tables)
    return (
        f'<section id="{anchor}" class="level-{section.level}"><{h}>{html.escape(section.title)}</{h}>{finding}'
        f"{notes}{lines}{charts}{tables}{_shots(section)}</section>"
    )


def _note(level: str, text: str) -> str:
    word = {"fault": "<strong>Fault:</strong> ", "warning": "<strong>Warning:</strong> "}.get(level, "")
    return f'<p class="note {html.escape(level, quote=True)}">{word}{html.escape(text)}</p>'


# --- charts -----------------------------------------------------------------------------------------------


def _chart(chart: Chart, name: str) -> str:
    height = int(chart.figure.layout.height or 420)
    spec = {"figure": json.loads(chart.figure.to_json()), "config": chart.config()}
    return (
        f'<figure><div class="plot" id="{name}" role="img" aria-label="{html.escape(chart.alt, quote=True)}" '
        f'style="height:{height}px"></div><script type="application/json" id="{name}-spec">{_json(spec)}'
        f"</script><figcaption>{html.escape(chart.alt)}</figcaption></figure>"
    )


def _json(value: Any) -> str:
    """JSON inside a script element: nothing in it can close the element or open a comment."""
    return json.dumps(value).replace("<", "\\u003c")


def _code(text: str) -> str:
    """A script of our own or plotly's: in its strings "</script" and "<!--" mean the same with a backslash."""
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")


# --- tables and pictures ----------------------------------------------------------------------------------


def _table(table: Table) -> str:
    forms = (("CSV", "csv", to_csv(table)), ("Markdown", "md", to_markdown(table)), ("LaTeX", "tex", to_latex(table)))
    links = " ".join(_file(f"{table.name}.{suffix}", label, text) for label, suffix, text in forms)
    return f'<div class="table">{to_html(table)}<p class="files">{links}</p></div>'


def _file(name: str, label: str, text: str) -> str:
    """A link that saves a text as a file."""
    address = _data("text/plain;charset=utf-8", text.encode("utf-8", "replace"))
    return f'<a download="{html.escape(name, quote=True)}" href="{address}">{label}</a>'


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _shots(section: Section) -> str:
    if not section.shots:
        return ""
    items = "".join(
        f'<li class="{"right" if shot.right else "other"}"><img src="{_data("image/webp", shot.webp)}" '
        f'alt="{html.escape(shot.alt, quote=True)}"><span>{html.escape(shot.under)}</span></li>'
        for shot in section.shots
    )
    return f'<h4>{html.escape(section.shots_title)}</h4><ul class="shots">{items}</ul>'
