"""Figures of several data sets in one file: open_clip's tables of results, and MTEB's JSON of a task."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from core.catalog.field import every_set
from core.errors import TMVError
from core.readers.external import OTHER_LANGUAGE, Predictions
from core.readers.prediction_table import Table, number
from core.types import Note

_RETRIEVAL = re.compile(r"(?P<set>flickr|mscoco) (?P<side>image|text) retr\. r@(?P<k>\d+)", re.IGNORECASE)
_SETS = {"flickr": "flickr30k", "mscoco": "mscoco_captions"}
_FEWEST = 2
"""Columns of data sets that make a table one of results."""
_ZERO_SHOT = "ZeroShot"


def results_rows(table: Table) -> tuple[Predictions, ...]:
    """The figures in a table with a model a row and a data set a column, as open_clip publishes them: `name`,
    `pretrained`, and the titles of the data sets; () where it is none. Columns of no data set are sums of the others
    or costs, and empty cells are no figures."""
    heads = [head.strip().lower() for head in table.header]
    columns = {i: found for i, head in enumerate(table.header) if (found := _column(head)) is not None}
    if "name" not in heads or "pretrained" not in heads or len(columns) < _FEWEST:
        return ()
    name, pretrained = heads.index("name"), heads.index("pretrained")
    return tuple(
        _prediction(table, line, (row[name], row[pretrained]), dataset, metric, row[i])
        for line, row in zip(table.lines, table.rows, strict=True)
        for i, (dataset, metric) in columns.items()
        if row[i]
    )


def _prediction(table: Table, line: int, model: tuple[str, str], dataset: str, metric: str, cell: str) -> Predictions:
    value = number(cell)
    where = f"{table.unit.lower()} {line:,}"
    if value is None:
        raise TMVError(f"{table.name} has {cell!r} for {dataset} ({where}), no number; leave the cell empty instead.")
    return Predictions(
        source=f"{table.name}, {where}, {dataset}",
        figures={metric: value},
        model=model[0],
        pretrained=model[1],
        dataset=dataset,
        task="zeroshot_retrieval" if "_retrieval_" in metric else "zeroshot_classification",
    )


@cache
def _column(head: str) -> tuple[str, str] | None:
    """(data set, metric) of a column by its heading."""
    if found := _RETRIEVAL.fullmatch(head.strip()):
        return _SETS[found["set"].lower()], f"{found['side'].lower()}_retrieval_recall@{found['k']}"
    wanted = _spelled(head)
    return next(((each.name, each.metric) for each in every_set() if wanted == _spelled(each.title)), None)


def _spelled(title: str) -> str:
    """open_clip writes "ImageNet v2" and "Flickr" for what we call ImageNet-V2 and Flickr30k captions."""
    plain = re.sub(r"[^a-z0-9]", "", title.lower())
    return {"flickr30kcaptions": "flickr", "cococaptions": "mscoco"}.get(plain, plain)


def task_results(records: Sequence[Any], name: str) -> tuple[Predictions, ...]:
    """The figures in MTEB's results: of one task, of several in a list, or of a model with its `task_results`; () where
    the document is none of them. Raises `TMVError` for a task that is no zero-shot classification."""
    found = [(model, task) for record in records for model, task in _tasks(record)]
    if not found or any(not isinstance(record, dict) or not list(_tasks(record)) for record in records):
        return ()
    wrong = [str(task["task_name"]) for _, task in found if not str(task["task_name"]).endswith(_ZERO_SHOT)]
    if len(wrong) == len(found):
        raise TMVError(
            f"{name} is MTEB's result of {wrong[0]}, which is no zero-shot classification; expected a task such as "
            "CIFAR100ZeroShot."
        )
    left = Note(f"Tasks that are no zero-shot classification were left out: {', '.join(wrong[:3])}.", "other_tasks")
    read = [p for model, task in found if str(task["task_name"]) not in wrong for p in _task(model, task, name)]
    if not read:
        raise TMVError(f"{name} has no accuracy in its scores; expected MTEB's JSON with `accuracy` for each split.")
    return tuple(_with(p, left) for p in read) if wrong else tuple(read)


def _tasks(record: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """(model, result of a task) in a record; the file of one task names no model."""
    if not isinstance(record, dict):
        return []
    inside = record.get("task_results")
    if isinstance(inside, list):
        model = record.get("model_name")
        return [(str(model or ""), task) for task in inside if _is_task(task)]
    return [(str(record.get("model_name") or ""), record)] if _is_task(record) else []


def _is_task(record: Any) -> bool:
    return (
        isinstance(record, dict) and isinstance(record.get("task_name"), str) and isinstance(record.get("scores"), dict)
    )


def _task(model: str, task: Mapping[str, Any], name: str) -> list[Predictions]:
    found, several = list[Predictions](), sum(len(rows) for rows in task["scores"].values() if isinstance(rows, list))
    for split, rows in task["scores"].items():
        for row in rows if isinstance(rows, list) else ():
            value = row.get("accuracy", row.get("main_score")) if isinstance(row, dict) else None
            if not isinstance(value, int | float) or isinstance(value, bool):
                continue
            subset = f", {split}, {row.get('hf_subset', 'default')}" if several > 1 else ""
            found.append(
                Predictions(
                    source=f"{name}, {task['task_name']}{subset}",
                    figures={"acc1": float(value)},
                    model=model,
                    dataset=str(task["task_name"]),
                    split=str(split),
                    task="zeroshot_classification",
                    notes=_language(row.get("languages")),
                )
            )
    return found


def _language(languages: Any) -> tuple[Note, ...]:
    spoken = [str(each) for each in languages] if isinstance(languages, list) else []
    if not spoken or any(each.lower().startswith("en") for each in spoken):
        return ()
    said = f"Its language is “{spoken[0]}”, and the published figures are for English, so it is not held against them."
    return (Note(said, OTHER_LANGUAGE),)


def _with(found: Predictions, note: Note) -> Predictions:
    return replace(found, notes=(*found.notes, note))
