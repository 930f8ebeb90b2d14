"""A user's own class names, joined to the classes of a data set: by folder, by name, by WordNet id, by number, and
only where the list says none of these by order, which is then said."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.catalog.class_words import equal_names, wnid_in
from core.catalog.classes import imagenet_classnames
from core.errors import TMVError
from core.readers.base import and_more
from core.readers.name_lists import Entry, NameList, fold, in_order, is_number, is_wnid, numbers_of, read_name_list
from core.readers.text_files import read_text
from core.stats.numbers import count
from core.types import Note

_LARGEST = 10_000_000
_IMAGENET = 1000
_SHORTEST_WORD, _LONGEST = 3, 6
_NUMBER = re.compile(r"(\D*?)(\d{1,9})(\D*)")


class HasClasses(Protocol):
    """A `Dataset` or an `EmbeddingSet`: curated and raw names of the same classes, in the same order."""

    @property
    def classnames(self) -> tuple[str, ...]:
        """(c,) curated."""

    @property
    def raw_classnames(self) -> tuple[str, ...]:
        """(c,) as the data set has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassNames:
    """`names` (c,) in the order of the data set's classes, and `notes` on how the list was read and joined."""

    names: tuple[str, ...]
    notes: tuple[Note, ...] = ()


def read_classnames(path: Path, dataset: HasClasses) -> ClassNames:
    """Names for the classes of `dataset`, in their order, from the list `path` (see `name_lists` for its forms).

    A list that names every class by folder, curated name, WordNet id or number is joined by that, whatever its order
    and whatever more it holds. Any other needs one name for each class, in their order: that of the numbers where the
    folders are numbers, else that of the text. Raises `TMVError` with the first thing that does not fit.
    """
    raw = dataset.raw_classnames
    if not raw:
        raise TMVError(f"This data set has no classes, so class names from {path} cannot be used.")
    read = read_text(path, _LARGEST)
    listed = read_name_list(read.text, str(path), {*raw, *dataset.classnames})
    names, joined = _joined(path, listed, dataset)
    if all(map(is_wnid, names)):
        raise TMVError(f"{path} gives WordNet ids ({and_more(names)}), not names; give a list that names them.")
    if place := next((entry for entry in listed.entries if "{}" in entry.name), None):
        raise TMVError(f"{path} line {place.line}: {place.name!r} is a template, not a name; give it with --template.")
    if all(map(_says_nothing, names)):
        text = f"{path.name} gives only numbers for names ({and_more(names)})."
        joined.append(Note(text, "numbered_names", "warning"))
    joined += _crossed(path, names, dataset)
    notes = (*read.notes, *listed.notes, *joined, *equal_names(raw, names))
    return ClassNames(names=names, notes=notes)


def read_names(path: Path) -> ClassNames:
    """The names of the list `path` for no data set, in the order of their numbers where it has some."""
    read = read_text(path, _LARGEST)
    listed = read_name_list(read.text, str(path))
    names = in_order(listed)
    if not names:
        raise TMVError(f"{path} has no names in it; expected one a line.")
    if all(map(is_wnid, names)):
        raise TMVError(f"{path} gives WordNet ids ({and_more(names)}), not names; give a list that names them.")
    return ClassNames(names=names, notes=(*read.notes, *listed.notes))


def _says_nothing(name: str) -> bool:
    return bool(re.fullmatch(r"(?:(?:class|label|category|cls|id)[\s._-]*)?\d+", name, re.IGNORECASE))


def _crossed(path: Path, names: Sequence[str], dataset: HasClasses) -> list[Note]:
    """A class that is given the name of another, which is not given it itself: two rows may have changed places."""
    places = _Places(dataset)
    meant = [places.in_name(name) for name in names]
    lost = {place for place, found in enumerate(meant) if place not in found}
    pairs = [(place, min(found & lost)) for place, found in enumerate(meant) if place in lost and found & lost]
    if not pairs:
        return []
    place, other = pairs[0]
    text = (
        f"{path.name} gives {dataset.raw_classnames[place]} the name {names[place]!r}, which looks like that of "
        f"{dataset.raw_classnames[other]}{f' ({len(pairs)} such)' if len(pairs) > 1 else ''}."
    )
    return [Note(text, "crossed_names", "warning")]


def natural_order(raw: Sequence[str]) -> list[int]:
    """Positions of classes in the order of a list: that of the data set, but for folders that are sorted as text and
    are numbers ("0", "1", "10" or "class_10"), which lists count."""
    numbers = _numbers(raw)
    if numbers is None or list(raw) != sorted(raw):
        return list(range(len(raw)))
    return sorted(range(len(raw)), key=lambda i: (numbers[i], raw[i]))


def _joined(path: Path, listed: NameList, dataset: HasClasses) -> tuple[tuple[str, ...], list[Note]]:
    places = _Places(dataset)
    column = _best_column(path, listed, places.of)
    if column is not None:
        return _by_key(path, listed, column, places)
    found = [places.of(entry.name) for entry in listed.entries]
    if set(found) >= set(range(len(dataset.raw_classnames))):
        return _by_name(path, listed, places)
    return _by_order(path, listed, places)


# --- what a key may stand for -----------------------------------------------------------------------------


class _Places:
    """Folder, WordNet id, number or curated name -> position of the class; the surest first, each only where it is
    one class."""

    def __init__(self, dataset: HasClasses) -> None:
        self.raw, self.curated = dataset.raw_classnames, dataset.classnames
        self.numbers = _numbers(self.raw)
        self._exact = {name: i for i, name in enumerate(self.raw)}
        self._others = [
            _unique([fold(name) for name in self.raw]),
            _unique([wnid_in(name) or "" for name in self.raw]),
            _unique([fold(name) for name in self.curated]),
        ]
        self._words: dict[str, list[int]] = {}
        for place, word in enumerate(map(_spaced, self.curated)):
            if len(word) >= _SHORTEST_WORD and not word.isdigit():
                self._words.setdefault(word, []).append(place)
        self._by_number = _unique([str(number) for number in self.numbers or ()])

    def in_name(self, name: str) -> set[int]:
        """The classes whose names are words of a longer name: "a photo of cats" has "cat" in it."""
        words = _spaced(name).split()
        spans = {" ".join(words[i : i + k]) for i in range(len(words)) for k in range(1, _LONGEST + 1)}
        spans |= {span.removesuffix("s") for span in spans}
        return {place for span in spans for place in self._words.get(span, ())}

    def of(self, key: str) -> int | None:
        """The class that a key of a list stands for."""
        if key in self._exact:
            return self._exact[key]
        if is_number(key) and (found := self._by_number.get(str(int(key)))) is not None:
            return found
        return next((there[folded] for there in self._others if (folded := fold(key)) in there), None)


def _spaced(name: str) -> str:
    """Its words and numbers, parted by one space."""
    return " ".join(re.findall(r"[^\W_]+", fold(name)))


def _unique(names: Sequence[str]) -> dict[str, int]:
    counts = Counter(names)
    return {name: i for i, name in enumerate(names) if name and counts[name] == 1}


def _numbers(raw: Sequence[str]) -> list[int] | None:
    """The folders' numbers, where each is one number with the same text around it."""
    matches = [_NUMBER.fullmatch(name) for name in raw]
    found = [match for match in matches if match]
    if len(found) < len(raw) or len({(match[1], match[3]) for match in found}) != 1:
        return None
    return [int(match[2]) for match in found]


def _best_column(path: Path, listed: NameList, place: Callable[[str], int | None]) -> int | None:
    """The key that stands for a class most often; None where no key ever does. Raises `TMVError` where two do for
    every name, but not for the same classes: an index that counts in another order than the folders."""
    width = min((len(entry.keys) for entry in listed.entries), default=0)
    found = [[place(entry.keys[column]) for entry in listed.entries] for column in range(width)]
    hits = [sum(position is not None for position in column) for column in found]
    if not any(hits):
        return None
    best = hits.index(max(hits))
    for other in range(width):
        if hits[other] == hits[best] == len(listed.entries) and found[other] != found[best]:
            entry = next(e for e, one, two in zip(listed.entries, found[best], found[other], strict=True) if one != two)
            raise TMVError(
                f"{path} says of {entry.name!r} (line {entry.line}) both {entry.keys[best]} and {entry.keys[other]}, "
                "and either may be its folder; keep one of these columns, or head it folder."
            )
    return best


# --- the ways to join -------------------------------------------------------------------------------------


def _by_key(path: Path, listed: NameList, column: int, places: _Places) -> tuple[tuple[str, ...], list[Note]]:
    names: dict[int, Entry] = {}
    unknown: list[str] = []
    for entry in listed.entries:
        key = entry.keys[column]
        place = places.of(key)
        if place is None:
            unknown.append(key)
        elif place in names and names[place].name != entry.name:
            raise TMVError(f"{path} names {key!r} twice (lines {names[place].line} and {entry.line}).")
        else:
            names[place] = entry
    _check_whole(path, set(names), unknown, places)
    found = tuple(names[place].name for place in range(len(places.raw)))
    keys = [names[place].keys[column] for place in range(len(places.raw))]
    return found, _key_notes(path, keys, found, unknown, places)


def _key_notes(
    path: Path, keys: Sequence[str], names: Sequence[str], unknown: Sequence[str], places: _Places
) -> list[Note]:
    numbers, ids = all(map(is_number, keys)), all(wnid_in(key) == key.lower() for key in keys)
    how, code = ("number", "joined_by_number") if numbers else ("folder", "joined_by_folder")
    if ids:
        how, code = "WordNet id", "joined_by_wnid"
    if numbers and _counts_otherwise(unknown, places):
        text = (
            f"{path.name} counts from 0, the folders from 1: they were joined by number, so that {places.raw[0]} is "
            f"{names[0]!r}; where the first folder is the first name, give a csv of folder,name."
        )
        return [Note(text, code, "warning")]
    text = f"Class names of {path.name} were joined by {how}: {places.raw[0]} is {names[0]!r}"
    if unknown and not numbers and not ids:
        text += (
            f"; it also names {count(len(unknown), 'class that is', 'classes that are')} not here ({and_more(unknown)})"
        )
    return [Note(f"{text}.", code)]


def _counts_otherwise(unknown: Sequence[str], places: _Places) -> bool:
    """Whether the list has a number 0 where the folders count 1, 2, 3 ..."""
    counted = places.numbers is not None and sorted(places.numbers) == list(range(1, len(places.raw) + 1))
    return counted and any(is_number(key) and int(key) == 0 for key in unknown)


def _check_whole(path: Path, there: set[int], unknown: Sequence[str], places: _Places) -> None:
    missing = [name for place, name in enumerate(places.raw) if place not in there]
    if not missing:
        return
    strange = [key for key in unknown if not is_number(key) and not wnid_in(key)]
    if strange:
        close = difflib.get_close_matches(strange[0], missing, n=1)
        hint = f"did you mean {close[0]}?" if close else f"the classes are {and_more(places.raw)}."
        raise TMVError(f"{path} names {strange[0]!r}, which is none of the classes; {hint}")
    counted = places.numbers is not None and len(missing) == 1 and len(unknown) == 1 and is_number(unknown[0])
    hint = "; its numbers and those of the folders start differently, so give a csv of folder,name" if counted else ""
    raise TMVError(f"{path} lacks {len(missing)} of {len(places.raw)} classes: {and_more(missing)}{hint}.")


def _by_name(path: Path, listed: NameList, places: _Places) -> tuple[tuple[str, ...], list[Note]]:
    """A list of the classes themselves, in any order: a name as it stands there, a folder's as words."""
    names: dict[int, str] = {}
    for entry in listed.entries:
        place = places.of(entry.name)
        if place is not None:
            names.setdefault(place, places.curated[place] if entry.name == places.raw[place] else entry.name)
    text = f"{path.name} lists the classes by the names that they have, so it was joined by name, not by order"
    more = [entry.name for entry in listed.entries if places.of(entry.name) is None]
    text += (
        f"; it also names {count(len(more), 'class that is', 'classes that are')} not here ({and_more(more)})."
        if more
        else "."
    )
    return tuple(names[place] for place in range(len(places.raw))), [Note(text, "joined_by_name")]


def _by_order(path: Path, listed: NameList, places: _Places) -> tuple[tuple[str, ...], list[Note]]:
    names = in_order(listed)
    if listed.keyed and numbers_of(listed) is None:
        keys = [entry.keys[0] for entry in listed.entries]
        raise TMVError(f"{path} names none of the classes ({and_more(keys)}); these are {and_more(places.raw)}.")
    chosen, note = _places_in_list(path, listed, places)
    words = [places.of(name.split()[0]) for name in names]
    if None not in words and [words[position] for position in chosen] != list(range(len(chosen))):
        raise TMVError(
            f"{path} cannot be joined by order: each line begins with a class, but not in the order of the folders "
            f"({and_more(places.raw)}); give a csv of folder,name."
        )
    for place, position in enumerate(chosen):
        other = places.of(names[position])
        if other is not None and other != place and names.count(names[position]) == 1:
            raise TMVError(
                f"{path} cannot be joined by order: its name {names[position]!r} would go to the folder "
                f"{places.raw[place]}, but is the name of {places.raw[other]}; give a csv of folder,name."
            )
    found = tuple(names[position] for position in chosen)
    _refuse_shifted(path, found, places)
    return found, [note]


def _refuse_shifted(path: Path, names: Sequence[str], places: _Places) -> None:
    """Names joined by order, more of which have another class's name in them than their own ("a cat" for "dog")."""
    meant = [places.in_name(name) for name in names]
    strange = [place for place, found in enumerate(meant) if found and place not in found]
    if len(strange) < 2 or len(strange) <= sum(place in found for place, found in enumerate(meant)):
        return
    first = strange[0]
    raise TMVError(
        f"{path} cannot be joined by order: its name {names[first]!r} would go to the folder {places.raw[first]}, but "
        f"looks like that of {places.raw[min(meant[first])]}; give a csv of folder,name."
    )


def _places_in_list(path: Path, listed: NameList, places: _Places) -> tuple[list[int], Note]:
    """For each class the position of its name in the ordered list, and how that was decided."""
    n, raw, order = len(listed.entries), places.raw, natural_order(places.raw)
    if n == len(raw):
        chosen = [0] * n
        for position, place in enumerate(order):
            chosen[place] = position
        return chosen, _order_note(path, listed, places, order)
    if places.numbers is not None and n > max(places.numbers) and 0 in places.numbers:
        return places.numbers, _number_note(path, n, places, 0)
    if places.numbers is not None and n == max(places.numbers) and 0 not in places.numbers:
        return [number - 1 for number in places.numbers], _number_note(path, n, places, 1)
    ids = list(imagenet_classnames())
    if n == _IMAGENET and all(wnid_in(name) in imagenet_classnames() for name in raw):
        text = f"{path.name} has 1,000 names, which were joined in ImageNet's order of WordNet ids."
        return [ids.index(wnid_in(name) or "") for name in raw], Note(text, "joined_by_order", "warning")
    raise TMVError(
        f"{path} has {n} names for {len(raw)} classes; give one name a line in the order "
        f"{and_more([raw[place] for place in order])}, or a csv of folder,name."
    )


def _number_note(path: Path, n: int, places: _Places, first: int) -> Note:
    text = (
        f"Of the {n:,} names in {path.name} each folder took that of its number, counted from {first} "
        f"({len(places.raw):,} folders are here)."
    )
    return Note(text, "joined_by_number", "warning")


def _order_note(path: Path, listed: NameList, places: _Places, order: Sequence[int]) -> Note:
    """How the classes were ordered; a warning where another order was possible."""
    names, first, last = in_order(listed), order[0], order[-1]
    numbered = places.numbers is not None and not any(map(wnid_in, places.raw))
    how = "of the folders' numbers" if numbered else "of the classes"
    ends = f"{places.raw[first]} is {names[0]!r}, {places.raw[last]} is {names[-1]!r}"
    text = f"Class names of {path.name} were joined in the order {how}: {ends}."
    return Note(text, "joined_by_order", "info" if _only_order(listed, places, order) else "warning")


def _only_order(listed: NameList, places: _Places, order: Sequence[int]) -> bool:
    """Whether no other order was to be thought of: numbers without a gap, or text that sorts the same in any case."""
    if all(wnid_in(name) == name.lower() for name in places.raw):
        return list(places.raw) == sorted(places.raw)
    if places.numbers is not None:
        found = sorted(places.numbers)
        counts = numbers_of(listed) is None or numbers_of(listed) == tuple(found)
        return counts and found[0] in (0, 1) and found == list(range(found[0], found[0] + len(found)))
    in_text_order = list(places.raw) == sorted(places.raw)
    return not in_text_order or list(places.raw) == sorted(places.raw, key=lambda name: (fold(name), name))
