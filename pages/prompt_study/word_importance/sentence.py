"""A sentence whose words are coloured by what they bring to the score, with the numbers under them."""

from __future__ import annotations

from html import escape

import streamlit as st

from core.charts.pictures import change_colour
from core.charts.theme import look, readable_on
from core.studies.prompts.words import WordEffect, WordsResult
from pages.shared.theme import theme


def sentence(result: WordsResult, largest: float) -> None:
    """The text of a result. `largest` is the contribution (up or down) of the deepest colour, so that sentences
    under each other can be compared."""
    st.html(sentence_html(result, largest, theme()))


def sentence_html(result: WordsResult, largest: float, mode: str) -> str:
    """Words as coloured boxes, what is between them as it was typed."""
    style = look("dark" if mode == "dark" else "light")
    parts, at = list[str](), 0
    for word in result.words:
        parts.append(_between(result.text[at : word.start]))
        parts.append(_word(word, change_colour(style, word.contribution, largest)))
        at = word.end
    parts.append(_between(result.text[at:]))
    return (
        '<p style="display: flex; flex-wrap: wrap; gap: 0.3rem; align-items: flex-start; margin: 0.25rem 0; '
        f'font-size: 1.25rem;">{"".join(parts)}</p>'
    )


def _between(text: str) -> str:
    return f'<span style="padding: 0.15rem 0;">{escape(text.strip())}</span>' if text.strip() else ""


def _word(word: WordEffect, colour: str) -> str:
    number = f"{word.contribution:+.3f}".replace("-", "−")
    title = escape(f"without it: {word.text_without}", quote=True)
    ink = readable_on(colour)
    # A second sign beside the shade: warm and cool grey alone are hard to tell apart.
    hatch = f" background-image: repeating-linear-gradient(135deg, {ink}33 0 1px, transparent 1px 6px);"
    ground = f"background-color: {colour};{hatch if word.contribution < 0 else ''} color: {ink};"
    return (
        f'<span title="{title}" style="display: inline-flex; flex-direction: column; align-items: center;">'
        f'<span style="{ground} padding: 0.15rem 0.45rem; border-radius: 6px;">{escape(word.word)}</span>'
        f'<span style="font-size: 0.8125rem; font-variant-numeric: tabular-nums;">{number}</span></span>'
    )
