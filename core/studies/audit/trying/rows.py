"""The known ways in which rows come apart: answers in one order beside the names of images in another.

An order that sorts by something is told from its inverse: answers of sorted images beside names that are not sorted,
and answers that are not sorted beside sorted names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from core.stats.shuffles import shuffled
from core.types import IntArray

Does = Callable[[Sequence[str], IntArray], IntArray]


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOfRows:
    """One order: `does` makes of the images' names and labels (n,) the row (n,) whose answer stands beside each; `said`
    completes "these answers come out ...", `order` "its labels are those of the data set in ..."; "" where no table is
    written so."""

    name: str
    said: str
    does: Does
    order: str = ""


# --- orders -----------------------------------------------------------------------------------------------


def _shifted(by: int, ids: Sequence[str], labels: IntArray) -> IntArray:
    return np.roll(np.arange(len(ids)), by)


def _reversed(ids: Sequence[str], labels: IntArray) -> IntArray:
    return np.arange(len(ids))[::-1].copy()


def _sorted(key: Callable[[str], Any], ids: Sequence[str], labels: IntArray) -> IntArray:
    keys = [key(name) for name in ids]
    return np.array(sorted(range(len(ids)), key=keys.__getitem__), dtype=np.int64)


def _by_class(ids: Sequence[str], labels: IntArray) -> IntArray:
    return np.argsort(labels, kind="stable").astype(np.int64)


def _by_number_as_text(ids: Sequence[str], labels: IntArray) -> IntArray:
    return np.array(sorted(range(len(ids)), key=lambda row: str(labels[row])), dtype=np.int64)


def _gathered(parts: int, ids: Sequence[str], labels: IntArray) -> IntArray:
    return np.concatenate([np.arange(first, len(ids), parts) for first in range(parts)])


def _back(does: Does, ids: Sequence[str], labels: IntArray) -> IntArray:
    return np.argsort(does(ids, labels)).astype(np.int64)


def _whole(name: str) -> str:
    return name


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """Numbers inside by their value: a2 before a10."""
    parts = re.split(r"([0-9]+)", name)
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


def _file(name: str) -> str:
    return PurePosixPath(name).name


# --- the table --------------------------------------------------------------------------------------------

_SHIFTS = ((1, "one", "low"), (-1, "one", "high"), (2, "two", "low"), (-2, "two", "high"))


def _shift(by: int, word: str, where: str) -> WayOfRows:
    said = f"with the answers {word} row{'' if word == 'one' else 's'} too {where}"
    return WayOfRows(name=f"shifted-{word}-{where}", said=said, does=partial(_shifted, by))


def _both(name: str, order: str, does: Does) -> tuple[WayOfRows, WayOfRows]:
    """An order and its inverse."""
    back = f"with the answers of images in {order} in the order of the data set"
    return (
        WayOfRows(name=f"by-{name}", said=f"with the answers in {order}", does=does, order=order),
        WayOfRows(name=f"from-{name}", said=back, does=partial(_back, does)),
    )


def _processes(parts: int) -> tuple[WayOfRows, WayOfRows]:
    said = f"with the answers of {parts} processes one after the other"
    back = f"with the answers of {parts} processes taken in turn, which had a part of the rows each"
    does = partial(_gathered, parts)
    return (
        WayOfRows(
            name=f"processes-{parts}", said=said, does=does, order=f"the order of {parts} processes one after the other"
        ),
        WayOfRows(name=f"processes-{parts}-in-turn", said=back, does=partial(_back, does)),
    )


WAYS: tuple[WayOfRows, ...] = (
    *(_shift(*each) for each in _SHIFTS),
    WayOfRows(name="reversed", said="with the answers in reverse order", does=_reversed, order="reverse order"),
    WayOfRows(
        name="by-name",
        said="with the answers in the order of the image names",
        does=partial(_sorted, _whole),
        order="the order of the image names",
    ),
    WayOfRows(
        name="from-name",
        said="with the answers of sorted images in the order of the data set",
        does=partial(_back, partial(_sorted, _whole)),
    ),
    *_both("natural", "the order of the image names with numbers by value (2 before 10)", partial(_sorted, _natural)),
    *_both("caseless", "the order of the image names without regard to case", partial(_sorted, str.casefold)),
    *_both("file", "the order of the file names without their folders", partial(_sorted, _file)),
    *_both("class", "the order of the classes", _by_class),
    *_both("class-text", "the order of the class numbers as text (10 before 2)", _by_number_as_text),
    *(way for parts in (2, 3, 4, 8) for way in _processes(parts)),
)


def orders(ids: Sequence[str], labels: IntArray) -> Iterator[tuple[WayOfRows, IntArray]]:
    """Every way with its rows, those once that come to the same, and none that leaves the rows in place."""
    seen = {np.arange(len(ids)).tobytes()}
    for way in WAYS:
        rows = way.does(ids, labels)
        if rows.tobytes() not in seen:
            seen.add(rows.tobytes())
            yield way, rows


def best_shuffle(n: int, fits: Callable[[IntArray], int]) -> tuple[WayOfRows, IntArray, int]:
    """Of every seeded shuffle and its inverse the one that `fits` says most of, with the number that were looked at.
    Of n rows; at least 2."""
    best, most, looked = None, -1, 0
    for shuffle, seed, make in shuffled(n):
        rows = make()
        for back, order in ((False, rows), (True, np.argsort(rows).astype(np.int64))):
            looked += 1
            if (found := fits(order)) > most:
                most, best = found, (shuffle, seed, back, order)
    assert best is not None
    shuffle, seed, back, order = best
    side = "names shuffled by" if back else "answers of images shuffled by"
    name = f"shuffled-{shuffle.name}-{seed}{'-names' if back else ''}"
    by = f"{shuffle.said} with the seed {seed}"
    way = WayOfRows(name=name, said=f"with the {side} {by}", does=lambda ids, labels: order, order=f"the order of {by}")
    return way, order, looked


def best_order(ids: Sequence[str], labels: IntArray, made: IntArray, brought: IntArray) -> tuple[str, IntArray, int]:
    """Of all orders and shuffles the one in which most answers `made` (n,) are those `brought` (n,): what is said of
    it, its rows, and how many were looked at."""

    def fits(rows: IntArray) -> int:
        return int((made[rows] == brought).sum())

    known = list(orders(ids, labels))
    shuffle, order, looked = best_shuffle(len(ids), fits)
    way, rows = max([*known, (shuffle, order)], key=lambda one: fits(one[1]))
    return way.said, rows, looked + len(known)
