"""Text that a page shows as it was typed; numbers, lists and names come from `core.words`."""

from __future__ import annotations

import re

MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&\"'^=@/])")
SPACES = re.compile(r"[ \t\r\n\f\v]+")


def plain(text: str) -> str:
    """Text for a Markdown element that must read as typed: names of files and classes, captions,
    templates."""
    return MARKDOWN.sub(r"\\\1", SPACES.sub(" ", text))
