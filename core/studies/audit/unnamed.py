"""A table that does not name its images: the order in which its labels are those of the data set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from core.readers.external import Predictions
from core.stats.intervals import wilson
from core.stats.numbers import count
from core.stats.shuffles import shuffled
from core.studies.audit.case import Alternative
from core.studies.audit.trying.result import SOUND
from core.studies.audit.trying.rows import orders
from core.types import EmbeddingSet, IntArray, Note

UNNAMED = "unnamed_pictures"
IN_ORDER = "the order of the data set"


def is_unnamed(brought: Predictions) -> bool:
    """Whether rows were counted because the table names no images."""
    return any(note.code == UNNAMED for note in brought.notes)


def named_by_order(brought: Predictions, images: EmbeddingSet, own: Alternative | None) -> Predictions:
    """The same predictions with the names of our images, where there are as many and the labels are those of the images
    in a known order; as they are otherwise, with a note. Of several such orders (sorted labels fit many) the one in
    which most answers are those of our own run, and the order of the data set before all others."""
    labels, theirs = np.asarray(images.labels), brought.labels
    if theirs is None or len(theirs) != len(labels):
        return _left(brought, f"it has {count(len(brought.ids), 'row')} and the data set {count(len(labels), 'image')}")
    if not np.array_equal(np.sort(theirs), np.sort(labels)):
        return _left(brought, "its labels are not those of the data set")
    best, most = None, -1
    for said, rows in _orders(images, labels):
        if not np.array_equal(labels[rows], theirs):
            continue
        fits = 0 if own is None else int((own.predicted[rows] == brought.predicted).sum())
        if fits > most:
            best, most = (said, rows), fits
        if own is None or wilson(fits, len(labels))[1] >= SOUND:
            break
    if best is None:
        return _left(brought, "none of the orders that were tried gives its labels: the rows are in another one")
    return _placed(brought, images, *best)


def _orders(images: EmbeddingSet, labels: IntArray) -> Iterator[tuple[str, IntArray]]:
    yield IN_ORDER, np.arange(len(labels))
    for way, rows in orders(images.ids, labels):
        if way.order:
            yield way.order, rows
    for shuffle, seed, make in shuffled(len(labels)):
        yield f"the order of {shuffle.said} with the seed {seed}", make()


def _placed(brought: Predictions, images: EmbeddingSet, order: str, rows: IntArray) -> Predictions:
    said = f"The table does not name its images. Its labels are those of the data set in {order}, and so it was read."
    notes = [note for note in brought.notes if note.code != UNNAMED]
    ids = tuple(images.ids[row] for row in rows)
    return replace(brought, ids=ids, notes=(*notes, Note(said, "taken_in_order")))


def _left(brought: Predictions, why: str) -> Predictions:
    said = f"The table does not name its images, and {why}, so it was not compared with our own runs."
    notes = [note for note in brought.notes if note.code != UNNAMED]
    return replace(brought, notes=(*notes, Note(said, UNNAMED, "warning")))
