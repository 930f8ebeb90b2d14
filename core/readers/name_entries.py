"""One entry of a list of class names, and what its keys may be."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_WNID = re.compile(r"[nN]\d{8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A name and its `keys` (folder, id, number: as the list writes them; none where its order alone says it).

    `line` is where it stands, counted from 1; `synonyms` whether a comma in the name parts names for one thing.
    """

    keys: tuple[str, ...]
    name: str
    line: int
    synonyms: bool = False


def fold(name: str) -> str:
    """A name for comparison: without regard to case, underscores, hyphens and how accents are encoded."""
    return re.sub(r"[\s_-]+", " ", unicodedata.normalize("NFC", name)).strip().casefold()


def is_wnid(text: str) -> bool:
    """Whether it is a WordNet id, such as n01440764."""
    return bool(_WNID.fullmatch(text.strip()))


def is_number(text: str) -> bool:
    """Whether it is a whole number of at most nine digits."""
    return text.isascii() and text.isdigit() and len(text) < 10
