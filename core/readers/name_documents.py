"""Lists of class names as JSON or as Python writes them: lists, dictionaries, records."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from core.errors import TMVError
from core.readers.name_entries import Entry, fold, is_number, is_wnid
from core.readers.name_tables import FOLDER_COLUMNS
from core.readers.text_files import text_lines

_WRAPPERS = (
    "names",
    "classes",
    "classnames",
    "class_names",
    "categories",
    "labels",
    "idx_to_class",
    "id2label",
    "class_to_idx",
    "label2id",
    "class_index",
)
_ASSIGNED = re.compile(r"^\s*\w+\s*=\s*(?=[\[{(])")
"""What a program says before its list: "classes = "."""
_NAME_FIELDS = ("name", "classname", "class_name", "curated", "english", "label", "title", "text")


def document_entries(text: str, source: str, known: Collection[str] = ()) -> list[Entry]:
    """Entries of a JSON or Python list or dictionary; `known` are folded folders and names."""
    found = _unwrapped(_load(text, source), source)
    if isinstance(found, Mapping):
        return _of_mapping(found, source, known)
    if not found:
        raise TMVError(f"{source} is an empty list; expected class names.")
    return [_of_item(item, number, source, known) for number, item in enumerate(found, 1)]


def _load(text: str, source: str) -> Any:
    text = _ASSIGNED.sub("", text)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        problem = error
    try:
        return ast.literal_eval(text.strip().rstrip(","))
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        pass
    try:
        return [json.loads(line) for line in text_lines(text) if line.strip()]
    except (ValueError, RecursionError):
        where = f" (line {problem.lineno}: {problem.msg.lower()})" if isinstance(problem, json.JSONDecodeError) else ""
        raise TMVError(f"{source} is neither JSON nor a Python list or dictionary{where}.") from None


def _unwrapped(found: Any, source: str) -> Mapping[Any, Any] | Sequence[Any]:
    """The list or dictionary of names, which may stand under a name of its own."""
    if isinstance(found, Mapping):
        inner = [found[key] for key in _WRAPPERS if isinstance(found.get(key), (list, tuple, dict))]
        if inner:
            return _unwrapped(inner[0], source)
        if len(found) == 1 and isinstance(only := next(iter(found.values())), (list, dict)) and len(only) > 2:
            return _unwrapped(only, source)
        return found
    if isinstance(found, (list, tuple)):
        return found
    raise TMVError(f"{source} holds one {type(found).__name__}; expected a list or dictionary of class names.")


def _of_mapping(found: Mapping[Any, Any], source: str, known: Collection[str]) -> list[Entry]:
    if not found:
        raise TMVError(f"{source} is an empty dictionary; expected class names.")
    values = [str(value) if type(value) is int else value for value in found.values()]
    if any(_are_keys(values, kind) and not _are_keys(list(map(str, found)), kind) for kind in (is_number, is_wnid)):
        return [
            Entry(keys=(value,), name=str(key), line=number)
            for number, (key, value) in enumerate(zip(found, values, strict=True), 1)
        ]
    keys = [str(key) for key in found]
    plain = all(map(is_number, keys)) or all(map(is_wnid, keys)) or all(fold(key) in known for key in keys)
    if not plain and _are_keys(values, lambda value: fold(value) in known):
        return [
            Entry(keys=(value,), name=str(key), line=number)
            for number, (key, value) in enumerate(zip(found, values, strict=True), 1)
        ]
    return [_keyed(str(key), value, number, source, known) for number, (key, value) in enumerate(found.items(), 1)]


def _are_keys(values: Sequence[Any], kind: Callable[[str], bool]) -> bool:
    return all(isinstance(value, str) and kind(value) for value in values)


def _keyed(key: str, value: Any, number: int, source: str, known: Collection[str]) -> Entry:
    """What a dictionary says of one key: a name, an id with a name, synonyms, or a record."""
    if isinstance(value, str):
        return Entry(keys=(key,), name=value.strip(), line=number, synonyms=True)
    entry = _of_item(value, number, source, known, synonyms=True)
    return Entry(keys=(key, *entry.keys), name=entry.name, line=number, synonyms=entry.synonyms)


def _of_item(value: Any, number: int, source: str, known: Collection[str], synonyms: bool = False) -> Entry:
    if isinstance(value, str):
        return Entry(keys=(), name=value.strip(), line=number)
    if isinstance(value, Mapping):
        return _of_record(value, number, source, known)
    texts = (
        [str(item).strip() for item in value if isinstance(item, (str, int))]
        if isinstance(value, (list, tuple))
        else []
    )
    if not texts or len(texts) != len(value):
        raise TMVError(f"Entry {number} of {source} is {str(value)[:40]!r}; expected a name.")
    keys = [t for t in texts[:-1] if is_wnid(t) or is_number(t) or fold(t) in known]
    names = [t for t in texts if t not in keys]
    if not names:
        return Entry(keys=tuple(keys[:-1]), name=keys[-1], line=number)
    # Several names for one key are synonyms, whether they stand in a list or between commas.
    return Entry(keys=tuple(keys), name=", ".join(names), line=number, synonyms=bool(keys) or synonyms)


def _of_record(record: Mapping[Any, Any], number: int, source: str, known: Collection[str]) -> Entry:
    field = next((name for name in _NAME_FIELDS if isinstance(record.get(name), str)), None)
    if field is None:
        raise TMVError(f"Entry {number} of {source} has no name; it has {', '.join(map(str, record))[:80]}.")
    found = {
        fold(str(name)): str(value).strip()
        for name, value in record.items()
        if name != field and isinstance(value, (str, int)) and not isinstance(value, bool)
    }
    folder = next((value for name, value in found.items() if name in FOLDER_COLUMNS and fold(value) in known), None)
    keys = tuple(found.values()) if folder is None else (folder,)
    return Entry(keys=keys, name=str(record[field]).strip(), line=number)
