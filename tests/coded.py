"""Notes by their codes: a test asks what is noted, and for the numbers in it, never for its wording."""

from __future__ import annotations

from collections.abc import Iterable

from core.types import Note


def coded(notes: Iterable[Note]) -> dict[str, str]:
    """code -> the text of every note that has it."""
    found: dict[str, str] = {}
    for note in notes:
        found[note.code] = " ".join(filter(None, [found.get(note.code), note]))
    return found
