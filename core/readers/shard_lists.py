"""Labels of a sample that are a list: class numbers, class names, or a mark for each class.

`[3, 17]` names two classes, `[0, 1, 1]` marks two of three. One list may be read both ways, all of a set seldom: marks
are as many in every image, and no list names a class twice. What still could be either is refused.
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from core.errors import TMVError
from core.types import Note

Label = int | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Several:
    """The classes that a picture has, none or several, among so many; CLIP_benchmark's multi-hot vector."""

    labels: tuple[int, ...]
    classes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A list of labels as it is written: `values` (n,), in file and key `where`; `marks` are true and false."""

    values: tuple[Label, ...]
    where: str
    marks: bool = False


_NUMBERS = re.compile(r"(\[?)\s*(\d+\.?\d*(?:[\s,;|]+\d+\.?\d*)+)[\s,]*(\]?)")
_HOW = 'class numbers [3, 17], class names ["cat", "dog"], or 1 and 0 for each class [0, 1, 1]'


def written_list(text: str) -> list[object] | None:
    """The list that a text is: JSON's, Python's, NumPy's, or several numbers; None where it is none."""
    if (numbers := _NUMBERS.fullmatch(text)) and bool(numbers[1]) == bool(numbers[3]):
        return [float(part) for part in re.split(r"[\s,;|]+", numbers[2])]
    if not (text.startswith("[") and text.endswith("]")):
        return None
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        return found if isinstance(found, list) else None
    return None


def listed(values: Sequence[object], where: str, as_label: Callable[[object], Label | None]) -> Listed:
    """A list as labels; `as_label` reads one of them. Raises `TMVError` for what a label cannot be."""
    marks = [value for value in values if isinstance(value, bool)]
    if len(marks) not in (0, len(values)):
        raise TMVError(f"{where} mixes true and false with others: {_short(values)}; expected {_HOW}.")
    found: list[Label] = []
    for value in values:
        whole = not isinstance(value, float) or (math.isfinite(value) and value.is_integer())
        label = as_label(int(value) if isinstance(value, bool) else value) if _plain(value) and whole else None
        if label is None:
            raise TMVError(f"{where} holds {_short([value])} in a list of labels; expected {_HOW}.")
        found.append(label)
    if any(isinstance(label, int) for label in found) and any(isinstance(label, str) for label in found):
        raise TMVError(f"{where} mixes numbers and names: {_short(values)}; expected {_HOW}.")
    return Listed(values=tuple(found), where=where, marks=bool(marks))


def settled(found: Sequence[Listed | Label | Several]) -> tuple[list[Several | tuple[Label, ...]], Note]:
    """What each image has, by all lists of the set, and the note on how they were read; a label without a list is a
    list of one. Raises `TMVError` where lists do not fit each other or could be read in two ways."""
    lists = [value for value in found if isinstance(value, Listed)]
    if any(isinstance(value, Several) for value in found):
        raise TMVError(f"{lists[0].where} is a list of labels, and other images have a vector in .npy; use one form.")
    each: list[Several | tuple[Label, ...]] = []
    if _are_marks(lists, alone=len(lists) < len(found)):
        each += [Several(labels=_ones(value), classes=len(value.values)) for value in lists]
        return each, _note("1 and 0 for each class")
    if len(lists) == len(found) and not any(value.values for value in lists):
        raise TMVError(f"{lists[0].where} is an empty list, and so are all others: no image has a class.")
    if twice := next((value for value in lists if len(set(value.values)) < len(value.values)), None):
        raise TMVError(f"{twice.where} names a class twice: {_short(twice.values)}; expected {_HOW}.")
    each += [
        value.values if isinstance(value, Listed) else (value,) for value in found if not isinstance(value, Several)
    ]
    named = any(isinstance(label, str) for value in lists for label in value.values)
    return each, _note("names of classes" if named else "numbers of classes")


def _are_marks(lists: Sequence[Listed], *, alone: bool) -> bool:
    """Whether lists are a mark for each class; `alone` says that some images have a label outside of any list."""
    widths = {len(value.values) for value in lists}
    said = next((value for value in lists if value.marks), None)
    fits = len(widths) == 1 and min(widths) > 1 and not alone and _within(lists)
    if said and not (fits and all(value.marks for value in lists)):
        raise TMVError(f"{said.where} is true and false for each class; all images need as many of them, two or more.")
    if not fits or said:
        return fits
    if all(len(set(value.values)) == len(value.values) for value in lists):
        raise TMVError(
            f"{lists[0].where} holds {_short(lists[0].values)}, and all images these two numbers: whether they are "
            "class numbers or a mark for each of two classes cannot be told. Write class names, or true and false."
        )
    return True


def _within(lists: Iterable[Listed]) -> bool:
    return all(label in (0, 1) for value in lists for label in value.values)


def _ones(value: Listed) -> tuple[int, ...]:
    return tuple(i for i, mark in enumerate(value.values) if mark)


def _plain(value: object) -> bool:
    return isinstance(value, int | float | str) and value != ""


def _short(values: Sequence[object]) -> str:
    text = json.dumps(list(values), ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _note(how: str) -> Note:
    return Note(f"The labels of an image are a list; the lists were read as {how}.", "labels_from_lists")
