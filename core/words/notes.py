"""What stands beside numbers, gathered over several results: each sentence once, with those it is true of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from core.types import Note
from core.words.names import say_dataset, say_model

FAULT, WARNING, INFO = "fault", "warning", "info"
MOST_NAMED = 3
ASIDE = frozenset({"weights_unwrapped"})
"""Codes of explanations that say only how a file was read: true, and of each of many own models the same."""
Namer = Callable[[str], str]


class Noted(Protocol):
    """A result with the notes that stand wherever it stands."""

    @property
    def model(self) -> str:
        """The model it is of."""

    @property
    def dataset(self) -> str:
        """The data set it is of."""

    @property
    def notes(self) -> tuple[Note, ...]:
        """What stands beside it."""


def notes_of(results: Sequence[Noted]) -> list[tuple[str, str]]:
    """(level, sentence), faults first; a note that is not true of every result begins with those it is true of."""
    return [(note.level, text) for note, text in _gathered(results)]


def remarks_of(results: Sequence[Noted]) -> tuple[list[str], list[str]]:
    """The explanations of `notes_of`: those to read beside the numbers, and those that may stand aside."""
    quiet = [(note, text) for note, text in _gathered(results) if note.level not in (FAULT, WARNING)]
    return [t for note, t in quiet if note.code not in ASIDE], [t for note, t in quiet if note.code in ASIDE]


def _gathered(results: Sequence[Noted]) -> list[tuple[Note, str]]:
    pairs = [(result.model, result.dataset) for result in results]
    whose = dict[tuple[str, str], tuple[Note, list[tuple[str, str]]]]()
    for result, pair in zip(results, pairs, strict=True):
        for note in result.notes:
            whose.setdefault((note.level, str(note)), (note, []))[1].append(pair)
    ordered = sorted(whose.values(), key=lambda item: (FAULT, WARNING, INFO).index(item[0].level))
    return [(note, f"{said_of(found, pairs, say_model, say_dataset)}{note}") for note, found in ordered]


def said_of(
    found: Sequence[tuple[str, str]], every: Sequence[tuple[str, str]], model: Namer = str, dataset: Namer = str
) -> str:
    """ "ViT-B/32 on EuroSAT: " of (model, data set) pairs in as few names as that takes; "" where it is all of them."""
    if set(found) >= set(every):
        return ""
    several = {data for _, data in every}
    whole = {data for data in several if {p for p in every if p[1] == data} <= set(found)}
    models = {m for m, _ in every}
    always = {m for m in models if {p for p in every if p[0] == m} <= set(found)}
    names = list(dict.fromkeys(_name(pair, whole, always, model, dataset) for pair in sorted(set(found))))
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{', '.join(names[:MOST_NAMED])}{more}: "


def _name(pair: tuple[str, str], whole: set[str], always: set[str], model: Namer, dataset: Namer) -> str:
    if pair[1] in whole:
        return dataset(pair[1])
    return model(pair[0]) if pair[0] in always else f"{model(pair[0])} on {dataset(pair[1])}"
