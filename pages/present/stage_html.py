"""What a step is drawn with: plain HTML made for reading from far, every text escaped."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import streamlit as st

from core.charts.theme import look
from core.deck.doubts import DoubtResult
from core.deck.result import FAILS, HOLDS, OPEN, ClaimResult
from core.stats.numbers import interval_text, percent
from core.tables.story import COLUMNS, StoryCell, StoryRow
from core.words.deck import ON_DEMO
from core.words.names import say_dataset, say_model
from pages.shared.engine import engine
from pages.shared.file_models import public_name
from pages.shared.theme import theme

CSS = Path(__file__).with_name("step.css")
FEW, MOST_IN_TWO_LINES = 4, 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One image of a strip: its score `under` it, and what it is `named`."""

    thumbnail: bytes
    alt: str
    under: str
    named: str = ""
    right: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """The best pictures of one model."""

    title: str
    pictures: tuple[Shown, ...]


def styles() -> None:
    """The style of everything here; once a run."""
    colours = look(theme())
    named = {"background": colours.background, "text": colours.text, "line": colours.line, "shade": colours.grid}
    root = " ".join(f"--stage-{name}: {colour};" for name, colour in named.items())
    st.html(f"<style>:root {{ {root} }} {CSS.read_text('utf-8')}</style>")


# --- tables -----------------------------------------------------------------------------------------------


def table(rows: Sequence[StoryRow]) -> None:
    """Measured large, the deck's and the published figure under it. A column without any figure is left out."""
    columns = [i for i in range(len(COLUMNS)) if any(not row.cells[i].empty for row in rows)]
    titles = list(COLUMNS.values())
    head = "".join(f'<th scope="col">{escape(titles[i])}</th>' for i in columns)
    body = "".join(_row(row, columns, rows[0].dataset) for row in rows)
    kind = "step-table many" if len(rows) > MOST_IN_TWO_LINES else "step-table"
    st.html(
        '<div class="step-scroll" role="region" tabindex="0" aria-label="Figures of the models">'
        f'<table class="{kind}"><thead><tr><th scope="col">Model</th>{head}</tr>'
        f"</thead><tbody>{body}</tbody></table></div>"
    )


def _row(row: StoryRow, columns: Sequence[int], usual: str) -> str:
    where = "" if row.dataset == usual else f"<small>{escape(say_dataset(row.dataset))}, {row.n:,} images</small>"
    cells = "".join(f"<td>{_cell(row.cells[i])}</td>" for i in columns)
    kind = ' class="own"' if row.here else ""
    name = (
        f'<td title="{escape(public_name(engine(), row.model), quote=True)}">{escape(say_model(row.model))}{where}</td>'
    )
    return f"<tr{kind}>{name}{cells}</tr>"


def _cell(cell: StoryCell) -> str:
    theirs = [
        f"{name} {percent(value)}" for name, value in (("study", cell.deck), ("published", cell.published)) if value
    ]
    small = f"<small>{' · '.join(theirs)}</small>" if theirs else ""
    if cell.measured is None:
        return small or "–"
    near = "" if theirs or cell.ci95 is None else f"<small>{interval_text(cell.ci95)}</small>"
    title = f' title="95 %: {interval_text(cell.ci95)}"' if cell.ci95 else ""
    return f"<b{title}>{percent(cell.measured)}</b>{small}{near}"


# --- pictures ---------------------------------------------------------------------------------------------


def strips(rows: Sequence[tuple[str, Sequence[Strip]]], lines: int = 1) -> None:
    """The strips of each question: one under the other while they are few, so that pictures are large, else the
    models side by side. `lines` of words follow, for which room is left."""
    count = sum(len(found) for _, found in rows)
    if count <= FEW:
        rest = 12.2 + 1.4 * len(rows) + 1.7 * lines
        body = "".join(_under(said, found) for said, found in rows)
        st.html(f'<div class="step-lists few" style="--strips: {count}; --rest: {rest}rem">{body}</div>')
        return
    most = max(len(found) for _, found in rows)
    body = "".join(_beside(said, found, first=i == 0) for i, (said, found) in enumerate(rows))
    st.html(f'<div class="step-lists" style="--lists: {most}; --rows: {len(rows)}">{body}</div>')


def _under(said: str, found: Sequence[Strip]) -> str:
    each = (
        f'<div class="step-few"><h3>{escape(s.title)}</h3><div class="step-strip">{_strip(s)}</div></div>'
        for s in found
    )
    title = f"<h2>“{escape(said)}”</h2>" if said else ""
    return f"{title}{''.join(each)}"


def _beside(said: str, found: Sequence[Strip], *, first: bool) -> str:
    each = (
        f'<div class="step-strip many">{f"<h3>{escape(s.title)}</h3>" if first else ""}{_strip(s)}</div>' for s in found
    )
    return f"<h2>“{escape(said)}”</h2>{''.join(each)}"


def _strip(strip: Strip) -> str:
    return f'<ol aria-label="{escape(strip.title, quote=True)}">{"".join(map(_shown, strip.pictures))}</ol>'


def _shown(shown: Shown) -> str:
    alt, kind = escape(shown.alt, quote=True), ' class="right"' if shown.right else ""
    source = "data:image/webp;base64," + base64.b64encode(shown.thumbnail).decode()
    image = f'<img src="{source}" alt="{alt}">' if shown.thumbnail else f'<i role="img" aria-label="{alt}">not here</i>'
    return f"<li{kind}>{image}{_words(shown)}</li>"


def _words(shown: Shown) -> str:
    named = f"<span>{escape(shown.named)}</span>" if shown.named else ""
    return f"<b>{escape(shown.under)}</b>{named}" if shown.under else named


def answer(found: Sequence[Strip]) -> None:
    """The strips of one prompt on the whole screen: two rows of five for each model, side by side."""
    body = "".join(f'<div class="step-strip"><h2>{escape(s.title)}</h2>{_strip(s)}</div>' for s in found)
    st.html(f'<div class="stage-found" style="--lists: {len(found)}">{body}</div>')


# --- claims -----------------------------------------------------------------------------------------------


_KINDS = {HOLDS: "holds", FAILS: "does", OPEN: "cannot"}
"""How the style names a verdict."""


def claims(results: Sequence[tuple[str, ClaimResult]]) -> None:
    """Each claim with its verdict as a word, its evidence, and what the deck's own figures say."""
    st.html(f'<div class="step-claims">{"".join(_claim(said, r) for said, r in results)}</div>')


def _claim(said: str, result: ClaimResult) -> str:
    lines = [result.evidence, result.remark, result.deck]
    kind = _KINDS[result.verdict]
    return (
        f'<section class="step-claim"><h2>{escape(said)}</h2>'
        f'<span class="step-verdict {kind}">{escape(result.verdict)}</span>'
        + (f" <small>{escape(ON_DEMO)}</small>" if result.demo else "")
        + "".join(f"<p>{escape(line)}</p>" for line in lines if line)
        + "</section>"
    )


def doubts(results: Sequence[DoubtResult]) -> None:
    """Each doubt with its cause and what shows it."""
    st.html(f'<div class="step-claims">{"".join(map(_doubt, results))}</div>')


def _doubt(result: DoubtResult) -> str:
    more = f" {len(result.cells)} figures in all." if len(result.cells) > 1 else ""
    evidence = f"{result.evidence}{more}" if result.raised else "The audit no longer raises it."
    return (
        f'<section class="step-claim"><h2>{escape(result.doubt.title)}</h2>'
        f"<p>{escape(evidence)}</p><p>{escape(result.doubt.cause)}</p></section>"
    )
