"""Figures that an evaluation wrote as JSON: CLIP_benchmark's documents, and this program's own."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.errors import TMVError
from core.readers.base import and_more
from core.readers.external import OTHER_LANGUAGE, Predictions
from core.readers.prediction_table import Table, number
from core.readers.text_files import text_lines
from core.types import Note

_FIGURES = {
    "acc1": "acc1",
    "acc5": "acc5",
    "mean_per_class_recall": "mean_per_class_recall",
    "lp_acc1": "acc1",
    "lp_acc5": "acc5",
    "lp_mean_per_class_recall": "mean_per_class_recall",
    "test_acc1": "acc1",
    "test_acc5": "acc5",
    "top1": "acc1",
    "top5": "acc5",
    "acc@1": "acc1",
    "acc@5": "acc5",
    "accuracy": "acc1",
    "eval_accuracy": "acc1",
    "acc_1": "acc1",
    "acc_5": "acc5",
    "top_1": "acc1",
    "top_5": "acc5",
    "top-1": "acc1",
    "top-5": "acc5",
    "top1_acc": "acc1",
    "top5_acc": "acc5",
    "top1_accuracy": "acc1",
    "top5_accuracy": "acc5",
    "top_1_accuracy": "acc1",
    "top_5_accuracy": "acc5",
}
_RECALL = re.compile(r"(image|text)_retrieval_recall@\d+")
_LOGGED = re.compile(r"(?:(?:val|eval)[/_])?(?P<set>imagenet(?:v2)?)-zeroshot-val-(?P<top>top[15])", re.IGNORECASE)
_LOGGED_SETS = {"imagenet": "imagenet1k", "imagenetv2": "imagenetv2"}
_LOGGED_RECALL = re.compile(r"(?P<way>image_to_text|text_to_image)_R@(?P<k>\d+)", re.IGNORECASE)
_FOUND_BY = {"image_to_text": "text", "text_to_image": "image"}
_TEXTS = ("model", "pretrained", "dataset", "split", "task")
_PARTLY = ("models", "datasets", "embed", "fewshot", "prompts", "optimise", "search", "verify", "report", "bundle")
"""Commands of this program whose documents hold no result of one study as the audit knows it."""


def json_records(text: str, name: str) -> list[Any]:
    """The records of a JSON document: a list, this program's `results`, one document, or one a line."""
    try:
        value = json.loads(text, object_pairs_hook=_once)
    except _Twice as error:
        raise TMVError(f"{name} has {str(error)!r} twice in one object; keep one.") from None
    except (ValueError, RecursionError):
        return _lines(text, name)
    if isinstance(value, dict) and isinstance(value.get("results"), list):
        if "schema" in value and value.get("command") in _PARTLY:
            raise TMVError(
                f"{name} is the document of “{value['command']}”; audit takes those of classify, probe, "
                "retrieve and audit."
            )
        return [record | {"own": True} if isinstance(record, dict) else record for record in value["results"]]
    return value if isinstance(value, list) else [value]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object as it stands; a figure that stands twice is none."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _Twice(twice)
    return found


class _Twice(Exception):
    """A key that stands twice in one JSON object, of which Python would keep the last."""


def _lines(text: str, name: str) -> list[Any]:
    """One document a line, as some scripts append them."""
    found = list[Any]()
    for line, content in enumerate(text_lines(text), 1):
        try:
            found += [json.loads(content, object_pairs_hook=_once)] if content.strip() else []
        except _Twice as error:
            raise TMVError(f"Line {line:,} of {name} has {str(error)!r} twice in one object; keep one.") from None
        except (ValueError, RecursionError) as error:
            raise TMVError(f"{name} is not readable JSON (line {line:,}: {error}).") from None
    return found


def documents(records: Sequence[Any], name: str, places: Sequence[str] = ()) -> tuple[Predictions, ...]:
    """The figures in the records of a document; of several, each is called by its place. Raises `TMVError` where one
    has none."""
    places = places or [f"record {place:,}" for place in range(1, len(records) + 1)]
    read = [(place, _document(r, name)) for place, r in zip(places, records, strict=True) if isinstance(r, dict)]
    bare = [place for place, found in read if not found.figures]
    if not read or bare:
        where = f" ({bare[0]})" if bare and len(read) > 1 else ""
        raise TMVError(
            f"{name} holds no figures{where}: expected CLIP_benchmark's JSON with metrics such as acc1, or a result "
            "document of this program."
        )
    if len(read) == 1:
        return (read[0][1],)
    return tuple(replace(found, source=f"{name}, {place}") for place, found in read)


def figure_rows(table: Table) -> tuple[Predictions, ...]:
    """The figures in a table of evaluations, one model a row (CLIP_benchmark's `build`, timm's results); () where it is
    none of them."""
    if "model" not in map(str.lower, table.header) or not any(_ours(head) for head in table.header):
        return ()
    rows = [{head: cell for head, cell in zip(table.header, row, strict=True) if cell} for row in table.rows]
    known = [any(_ours(head) for head in row) for row in rows]
    if not any(known):
        return documents(rows, table.name)
    places = [f"{table.unit.lower()} {line:,}" for line in table.lines]
    found = documents(
        [row for row, has in zip(rows, known, strict=True) if has],
        table.name,
        [place for place, has in zip(places, known, strict=True) if has],
    )
    lost = [place for place, has in zip(places, known, strict=True) if not has]
    if not lost:
        return found
    # CLIP_benchmark's table has rows of several labels, which have a mean average precision alone.
    note = Note(f"Rows without a figure that is known here were left out: {and_more(lost)}.", "rows_without_figures")
    return (replace(found[0], notes=(*found[0].notes, note)), *found[1:])


def _document(record: Mapping[str, Any], name: str) -> Predictions:
    metrics = record.get("metrics")
    values: Mapping[str, Any] = metrics if isinstance(metrics, dict) else record
    figures, notes = _figures(values)
    wanted = {key: record[key] for key in _TEXTS if isinstance(record.get(key), str)}
    n = next((record[key] for key in ("n", "n_images", "num_samples") if isinstance(record.get(key), int)), 0)
    trained = "lp_acc1" in values or "test_acc1" in values
    wanted.setdefault("task", "linear_probe" if trained else "zeroshot_classification")
    if logged := next((found for key in values if (found := _LOGGED.fullmatch(str(key)))), None):
        wanted.setdefault("dataset", _LOGGED_SETS[logged["set"].lower()])
    own = "own" in record
    notes = (*notes, *_language(record), *(_kept_notes(record) if own else ()))
    fewest, most = record.get("captions_fewest"), record.get("captions_most")
    return Predictions(
        source=name,
        figures=figures,
        n=n if n > 0 else None,
        own=own,
        notes=notes,
        train_acc1=_value(values.get("train_acc1")),
        captions=(fewest, most) if own and isinstance(fewest, int) and isinstance(most, int) else None,
        **wanted,
    )


def _language(record: Mapping[str, Any]) -> tuple[Note, ...]:
    """Figures of class names and captions in another language are not those of the published tables."""
    spoken = record.get("language")
    if not isinstance(spoken, str) or spoken.lower() in ("", "en", "eng", "english"):
        return ()
    said = f"Its language is “{spoken}”, and the published figures are for English, so it is not held against them."
    return (Note(said, OTHER_LANGUAGE),)


def _kept_notes(record: Mapping[str, Any]) -> tuple[Note, ...]:
    """What stood beside a number of ours when it was written."""
    kept = record.get("notes")
    found = [note for note in kept if isinstance(note, dict) and "text" in note] if isinstance(kept, list) else []
    notes = [Note.of(note) for note in found]
    return tuple(Note(str(n), n.code, n.level if n.level in ("warning", "fault") else "info") for n in notes)


def _ours(key: str) -> str | None:
    """Our name of a figure."""
    if logged := _LOGGED.fullmatch(key):
        return _FIGURES[logged["top"].lower()]
    if recall := _LOGGED_RECALL.fullmatch(key):
        return f"{_FOUND_BY[recall['way'].lower()]}_retrieval_recall@{recall['k']}"
    return _FIGURES.get(key.lower()) or (key if _RECALL.fullmatch(key) else None)


def _figures(values: Mapping[str, Any]) -> tuple[dict[str, float], tuple[Note, ...]]:
    """Metrics by our names, as they stand; in percent where all of them can only be that, which is said."""
    found, unread = dict[str, float](), list[str]()
    for key, value in values.items():
        ours = _ours(str(key))
        if ours is None or ours in found:
            continue
        read = _value(value)
        if read is None:
            unread.append(f"{key} ({value!r})")
        else:
            found[ours] = read
    notes = [Note(f"Figures that are no number were left out: {and_more(unread)}.", "unread_figures", "warning")]
    notes = notes if unread else []
    if found and all(1 < value <= 100 for value in found.values()) and max(found.values()) > 2:
        notes.append(Note("All figures are above 1 and were read as percent.", "percent"))
        found = {key: value / 100 for key, value in found.items()}
    return found, tuple(notes)


def _value(value: object) -> float | None:
    """A number, also written as text ("63.3 %"); None for what is none or not finite."""
    if isinstance(value, str):
        read = number(value)
    else:
        read = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    return read if read is not None and math.isfinite(read) else None
