"""A table of predictions as JSON: a list of records, records by name, or whole columns, as pandas writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import TMVError
from core.readers.prediction_table import ANSWER, IMAGE, LABEL


def rows_of(records: Sequence[Any], name: str) -> list[Mapping[str, Any]]:
    """The rows of a table in the records of a document, [] where it is none. Raises `TMVError` where columns are not of
    one length."""
    whole = records[0] if len(records) == 1 and isinstance(records[0], dict) else None
    if whole is None:
        return [record for record in records if is_row(record)]
    for found in (_by_columns(whole, name), _split(whole), _by_name(whole), _inside(whole)):
        if found:
            return found
    return [whole] if is_row(whole) else []


def is_row(record: object) -> bool:
    """Whether a JSON record is a picture with its label and answer, and not an evaluation."""
    if not isinstance(record, dict) or "metrics" in record or "acc1" in record:
        return False
    names = {str(key).lower() for key in record}
    scores = any(isinstance(value, dict) for value in record.values())
    return bool(names & set(LABEL)) and (bool(names & set(ANSWER)) or (scores and bool(names & set(IMAGE))))


def _by_columns(whole: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """{"label": [...], "prediction": [...]}, also {"label": {"0": ...}, ...} as pandas writes it."""
    if not is_row(whole):
        return []
    lists = {key: dict(enumerate(value)) for key, value in whole.items() if isinstance(value, list)}
    dicts = {key: value for key, value in whole.items() if isinstance(value, dict)}
    columns = next((found for found in (lists, dicts) if len(found) > 1 and is_row(dict.fromkeys(found))), None)
    if columns is None:
        return []
    places = list(next(iter(columns.values())))
    if any(list(column) != places for column in columns.values()):
        sizes = ", ".join(f"{key} {len(column):,}" for key, column in columns.items())
        raise TMVError(f"{name} has columns of different rows: {sizes}; each image needs one value in each.")
    return [{key: column[place] for key, column in columns.items()} for place in places]


def _split(whole: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """{"columns": [...], "data": [[...], ...]}."""
    columns, data = whole.get("columns"), whole.get("data")
    if not isinstance(columns, list) or not isinstance(data, list):
        return []
    rows = [
        dict(zip(map(str, columns), row, strict=True))
        for row in data
        if isinstance(row, list) and len(row) == len(columns)
    ]
    return list(rows) if len(rows) == len(data) and rows and is_row(rows[0]) else []


def _by_name(whole: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """{"a.png": {"label": ..., "prediction": ...}, ...}."""
    if not whole or not all(is_row(value) for value in whole.values()):
        return []
    named = any(str(key).lower() in IMAGE for value in whole.values() for key in value)
    return [value if named else {"image": key} | value for key, value in whole.items()]


def _inside(whole: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """One list of records beside other things: {"model": ..., "predictions": [{...}, ...]}."""
    lists = [value for value in whole.values() if isinstance(value, list) and value and all(map(is_row, value))]
    return list(lists[0]) if len(lists) == 1 else []
