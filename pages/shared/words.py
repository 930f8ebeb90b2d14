"""Words that only a page needs; numbers, intervals and names come from `core.tables`."""

from __future__ import annotations

import re
from collections.abc import Sequence

MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&\"'^=@/])")
SPACES = re.compile(r"[ \t\r\n\f\v]+")


def plain(text: str) -> str:
    """Text for a Markdown element that must read as typed: names of files and classes, captions,
    templates."""
    return MARKDOWN.sub(r"\\\1", SPACES.sub(" ", text))


def count(n: int, one: str, many: str = "") -> str:
    """1240, "picture" -> "1,240 pictures"."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def listed(items: Sequence[str]) -> str:
    """["a", "b", "c"] -> "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def duration(seconds: float) -> str:
    """28.4 -> "28 s", 190 -> "3 min", 7300 -> "2 h 2 min"."""
    whole = max(0, round(seconds))
    if whole < 90:
        return f"{whole} s"
    if whole < 5400:
        return f"{round(whole / 60)} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(n_bytes: float) -> str:
    """12_345_678 -> "12.3 MB"."""
    for unit, step in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= step:
            return f"{n_bytes / step:.1f} {unit}"
    return f"{int(n_bytes)} bytes"


def millions(n: int) -> str:
    """151_277_313 -> "151 million"; small models keep a decimal."""
    value = n / 1e6
    return f"{value:.0f} million" if value >= 10 else f"{value:.1f} million"
