"""Notes as they are kept in manifests, cards and results: with their code and level, and as earlier versions did."""

from __future__ import annotations

from collections.abc import Iterable

from core.types import ENCODING, Note

_ENCODING_WORDS = ("images: ", "texts: ", "half precision ")
"""What earlier versions kept as bare text about how vectors were computed began so; everything else is of the data."""


def keep_notes(notes: Iterable[str]) -> list[dict[str, str]]:
    """JSON-ready."""
    return [Note.of(note).as_dict() for note in notes]


def kept_notes(values: Iterable[object]) -> tuple[Note, ...]:
    """What `keep_notes` wrote, or the bare texts of earlier versions. Raises `KeyError` or `TypeError`."""
    return tuple(_kept(value) for value in values)


def _kept(value: object) -> Note:
    if isinstance(value, str) and not isinstance(value, Note) and value.startswith(_ENCODING_WORDS):
        return Note(value, ENCODING)
    return Note.of(value)
