"""People's own predictions for the audit: a table of answers or scores, or figures of an evaluation.

A table has a header and one row a picture: the picture, its true class, and the answer (with its probability beside it
if known), or a column of scores for every class, or both. Classes are names or numbers. A JSON document holds the rows
of such a table, or figures: CLIP_benchmark's (`metrics`, `model`, `pretrained`, `dataset`), MTEB's or this program's
own. A table of figures has a row a result, as CLIP_benchmark builds it, or a column a data set, as open_clip publishes
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.errors import TMVError
from core.readers.base import and_more, os_reason
from core.readers.evaluations import documents, figure_rows, json_records
from core.readers.external import Classes, Predictions
from core.readers.prediction_classes import Join, seen_classes
from core.readers.prediction_json import rows_of
from core.readers.prediction_scores import Scored, score_columns
from core.readers.prediction_table import (
    ANSWER,
    Columns,
    Table,
    find_columns,
    has_labels,
    numbers,
    read_table,
    records_table,
)
from core.readers.published_results import results_rows, task_results
from core.readers.text_files import decoded
from core.stats.numbers import count
from core.types import FloatArray, IntArray, Note

LARGEST = 512 * 1024**2


def read_predictions(path: Path, classes: Classes | None = None) -> tuple[Predictions, ...]:
    """`parse_predictions` of a file. Raises `TMVError` when it cannot be read."""
    try:
        if path.stat().st_size > LARGEST:
            raise TMVError(f"{path.name} has more than {LARGEST // 1024**2} MB; split it, or leave the scores out.")
        content = path.read_bytes()
    except OSError as error:
        raise TMVError(f"The predictions {path} cannot be read: {os_reason(error)}.") from None
    return parse_predictions(content, path.name, classes)


def parse_predictions(content: bytes, name: str, classes: Classes | None = None) -> tuple[Predictions, ...]:
    """The predictions in a file of this name: one set from a table, one or more from a JSON document.

    `classes` are those of the data set, where it is known; else they are taken from the table. Raises `TMVError` with
    the line and the first thing that does not fit.
    """
    read = decoded(content, name)
    if read.text.lstrip()[:1] in ("{", "["):
        records = json_records(read.text, name)
        rows = rows_of(records, name)
        tasks = task_results(records, name)
        found = (
            (_table(records_table(rows, name), classes or Classes()),) if rows else tasks or documents(records, name)
        )
    else:
        table = read_table(read.text, name)
        found = () if has_labels(table) else results_rows(table) or figure_rows(table)
        found = found or (_table(table, classes or Classes()),)
    return tuple(replace(one, notes=(*read.notes, *one.notes, *_one_class(one))) for one in found)


def _one_class(brought: Predictions) -> tuple[Note, ...]:
    """Answers among one class are right whatever the model says."""
    if len(brought.classnames) != 1:
        return ()
    said = f"There is one class only, {brought.classnames[0]}, so every answer is right whatever the model says."
    return (Note(said, "one_class", "fault"),)


def _table(table: Table, classes: Classes) -> Predictions:
    columns = find_columns(table)
    ids, notes = _ids(table, columns)
    scored = score_columns(table, columns, classes)
    if columns.answer is None and scored is None:
        raise TMVError(
            f"{table.name} has no column for the answer ({and_more(ANSWER[:3])}) nor one of scores for each class; its "
            f"columns are {and_more(table.header)}."
        )
    if columns.answer is not None:
        return _answered(table, columns, classes, scored, ids, notes)
    assert scored is not None
    notes = (*notes, *scored.notes, *_unused(table, scored.unused))
    return Predictions(
        source=table.name,
        ids=ids,
        labels=scored.labels,
        predicted=scored.scores.predicted,
        scores=scored.scores,
        classnames=scored.classes.names,
        numbered=scored.numbered,
        notes=notes,
        lines=table.lines,
    )


def _answered(
    table: Table,
    columns: Columns,
    classes: Classes,
    scored: Scored | None,
    ids: tuple[str, ...],
    notes: tuple[Note, ...],
) -> Predictions:
    """A table that says the answers; scores beside them must agree with them."""
    assert columns.answer is not None
    both = (columns.label, columns.answer)
    known, merged = _known(table, both, classes, scored)
    join = Join.of(known)
    labels, answers = (join.column(table, index) for index in both)
    sure, said = _sure(table, columns)
    scores = scored.scores if scored is not None and scored.classes.names == known.names else None
    unused = scored.unused if scores is not None and scored is not None else columns.others
    notes = (
        *notes,
        *merged,
        *said,
        *_disagree(scores.predicted if scores else None, answers),
        *_apart(known, labels, answers, bool(classes.names)),
        *_unused(table, unused),
    )
    agreed = scores if scores is not None and bool((scores.predicted == answers).all()) else None
    return Predictions(
        source=table.name,
        ids=ids,
        labels=labels,
        predicted=answers,
        probability=sure,
        scores=agreed,
        classnames=known.names,
        notes=notes,
        lines=table.lines,
        numbered=all(join.by_number(value) for index in both for value in table.column(index)),
    )


def _known(
    table: Table, columns: Sequence[int], classes: Classes, scored: Scored | None
) -> tuple[Classes, tuple[Note, ...]]:
    """The classes of the data set, else those that have columns of scores, else those that are seen."""
    if classes.names:
        return classes, ()
    if scored is not None:
        join = Join.of(scored.classes)
        if all(join(value) is not None for index in columns for value in table.column(index)):
            return scored.classes, ()
    return seen_classes(table, columns)


def _ids(table: Table, columns: Columns) -> tuple[tuple[str, ...], tuple[Note, ...]]:
    """Names of the pictures; rows are counted where the table has none, which is said."""
    if columns.image is None:
        said = "The table does not name its images, so it cannot be compared with runs of our own image by image."
        return tuple(f"row {line}" for line in table.lines), (Note(said, "unnamed_pictures"),)
    ids, seen = table.column(columns.image), set[str]()
    for row, picture in enumerate(ids):
        if not picture:
            raise TMVError(f"{table.place(row)} names no image in the column {table.header[columns.image]!r}.")
        if picture in seen:
            raise TMVError(f"{table.place(row)} has the image {picture!r} a second time; each may have one row.")
        seen.add(picture)
    return ids, ()


def _sure(table: Table, columns: Columns) -> tuple[FloatArray | None, tuple[Note, ...]]:
    """The probability of the answer (n,), where the column holds one."""
    if columns.sure is None:
        return None, ()
    values, head = numbers(table, columns.sure), table.header[columns.sure]
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise TMVError(f"{table.place(row)} has no finite number in the column {head!r}.")
    if values.min() >= 0 and values.max() <= 1:
        return values, ()
    if values.min() >= 0 and 1.5 < values.max() <= 100:
        return values / np.float32(100), (Note(f"The column “{head}” was read as percent.", "percent"),)
    return None, (Note(f"The column “{head}” holds no probabilities (0 to 1) and was not used.", "unused_columns"),)


def _disagree(best: IntArray | None, answers: IntArray) -> tuple[Note, ...]:
    """Answers that are not the class with the highest score in the same row."""
    if best is None or not (apart := int(np.count_nonzero(best != answers))):
        return ()
    said = (
        f"For {apart:,} of {count(len(answers), 'image')} the answer is not the class with the highest score; the "
        "answers as given were used, the scores were not."
    )
    return (Note(said, "answers_against_scores", "warning"),)


def _apart(known: Classes, labels: IntArray, answers: IntArray, given: bool) -> tuple[Note, ...]:
    """Labels and answers that share no name are most likely two spellings of the same classes."""
    true, said = set(labels.tolist()), set(answers.tolist())
    if given or true & said or len(true | said) < 3:
        return ()
    of = [and_more([f"“{known.names[i]}”" for i in sorted(places)]) for places in (true, said)]
    text = f"No answer is a class that any image has as its label: the labels are {of[0]}, the answers {of[1]}."
    return (Note(text, "nothing_shared", "fault"),)


def _unused(table: Table, unused: Sequence[int]) -> tuple[Note, ...]:
    names = [f"“{table.header[i]}”" if table.header[i] else "one without a name" for i in unused]
    if not names:
        return ()
    said = f"Columns that are neither label, answer nor class were not used: {and_more(names, 5)}."
    return (Note(said, "unused_columns"),)
