"""The known ways in which rows come apart: answers in one order beside the names of images in another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from core.types import IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOfRows:
    """One order: `does` makes of the images' names the row (n,) whose answer stands beside each; `said` completes
    "these answers come out ..."."""

    name: str
    said: str
    does: Callable[[Sequence[str]], IntArray]


def _shifted(by: int, ids: Sequence[str]) -> IntArray:
    return np.roll(np.arange(len(ids)), by)


def _reversed(ids: Sequence[str]) -> IntArray:
    return np.arange(len(ids))[::-1].copy()


def _by_name(ids: Sequence[str]) -> IntArray:
    return np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64)


def _from_name(ids: Sequence[str]) -> IntArray:
    return np.argsort(_by_name(ids)).astype(np.int64)


_SHIFTS = ((1, "one", "low"), (-1, "one", "high"), (2, "two", "low"), (-2, "two", "high"))


def _shift(by: int, word: str, where: str) -> WayOfRows:
    said = f"with the answers {word} row{'' if word == 'one' else 's'} too {where}"
    return WayOfRows(name=f"shifted-{word}-{where}", said=said, does=partial(_shifted, by))


WAYS: tuple[WayOfRows, ...] = (
    *(_shift(*each) for each in _SHIFTS),
    WayOfRows(name="reversed", said="with the answers in reverse order", does=_reversed),
    WayOfRows(name="by-name", said="with the answers in the order of the image names", does=_by_name),
    WayOfRows(name="from-name", said="with the answers of sorted images in the order of the data set", does=_from_name),
)
