"""Text that a page shows as it was typed; numbers, lists and names come from `core.words`."""

from __future__ import annotations

import re

from core.catalog.published import figure_url
from core.stats.numbers import SPACE

MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&\"'^=@/])")
NUMBER_PERCENT = re.compile(r"(\d) %")
SPACES = re.compile(r"[ \t\r\n\f\v]+")


def plain(text: str) -> str:
    """Text for a Markdown element that must read as typed: names of files and classes, captions,
    templates."""
    return MARKDOWN.sub(r"\\\1", SPACES.sub(" ", text))


def unbroken(text: str) -> str:
    """A heading in which no line ends between a number and its percent sign."""
    return NUMBER_PERCENT.sub(f"\\1{SPACE}%", text)


def source_link(source: str) -> str:
    """The source of a figure as Markdown, a link where it can be read somewhere."""
    url = figure_url(source)
    return f"[{plain(source)}]({url})" if url else plain(source)
