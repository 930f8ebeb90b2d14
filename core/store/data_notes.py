"""What stored rows say of themselves: pictures without a vector, and class names that a study does not use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.catalog.class_words import NAME_CODES
from core.stats.numbers import count, verb
from core.types import EmbeddingSet, Level, Note

MOST_NAMED = 3
SKIPPED_MANY = 0.005
"""Half a percent of unreadable pictures moves no figure by more than that."""


def with_name_notes(images: EmbeddingSet, notes: Sequence[Note] = ()) -> EmbeddingSet:
    """The rows without what was said of curated names, for a study with other ones, and with the `notes` on these."""
    kept = (note for note in images.provenance.data_notes if note.code not in NAME_CODES)
    return replace(images, provenance=replace(images.provenance, data_notes=(*kept, *notes)))


def skipped_note(images: EmbeddingSet) -> tuple[Note, ...]:
    """How many pictures of a data set have no vector, the first few named with the reason."""
    gone, whole = len(images.skipped), len(images.skipped) + len(images)
    if not gone:
        return ()
    first = "; ".join(f"{row.id}: {row.reason}" for row in images.skipped[:MOST_NAMED])
    more = f" and {gone - MOST_NAMED:,} more" if gone > MOST_NAMED else ""
    level: Level = "warning" if gone > SKIPPED_MANY * whole else "info"
    said = f"{gone:,} of {count(whole, 'image')} could not be used and {verb(gone)} left out ({first}{more})."
    return (Note(said, "skipped", level),)
