"""Folder names as words for a prompt, judged as a set: what stands in front of one name may be a counter or the
meaning, and only its neighbours tell.

- A WordNet id alone becomes ImageNet's name; in front of or behind a name it goes ("n02085620-Chihuahua").
- Numbers in front go where they count: zeros in front ("017.Cardinal"), or 0, 1, 2 ... without a gap. They stay where
  they may be the meaning ("7-Eleven", "1 euro" beside "2 euro"), and where names would fall together without them.
- "AnnualCrop" becomes "annual crop"; names that mix cases in other ways ("iPhone", "BMW_X5") keep their letters.

Whatever was changed is said in a note.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from core.catalog.classes import imagenet_classnames
from core.types import Level, Note

_WNID = re.compile(r"[nN]\d{8}")
_WNID_FRONT = re.compile(r"^([nN]\d{8})[\s._-]+(?=[^\s._-])")
_WNID_BEHIND = re.compile(r"(?<=[^\s._-])[\s._-]+([nN]\d{8})$")
_NUMBERED = re.compile(r"^[(\[]?(\d+)[)\]]?[\s._-]+(?=[^\W\d])")
_GLUED = re.compile(r"(?:[A-Z][a-z]+){2,}")
_KEPT_WHOLE = re.compile(r"Ma?c[A-Z]")
_COPY = re.compile(
    r"(?: \(\d+\)|(?: - |[ _-])copy(?: ?\(?\d+\)?)?|[ _-](?:aug(?:mented)?|flipped|rotated|resized|cropped))$",
    re.IGNORECASE,
)
_ONLY_NUMBER = re.compile(r"(?:(?:class|label|category|cls|group|cluster|folder|id|c)[\s._-]*)?\d+", re.IGNORECASE)

NAME_CODES = frozenset(
    {
        "wnid_cut",
        "unknown_wnid",
        "numbered_classes",
        "numbers_cut",
        "numbers_kept",
        "glued_words",
        "copied_folders",
        "equal_names",
        "list_beside",
    }
)
"""Codes of notes on names made of folders: they say nothing of a result with other class names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassWords:
    """`names` (c,) for the folders in their order, and what was changed to get them."""

    names: tuple[str, ...]
    notes: tuple[Note, ...]


def class_words(folders: Sequence[str]) -> ClassWords:
    """The folders of one data set as words, with notes on ids, numbers and glued words, and on names that are equal."""
    bare = [_without_wnid(folder) for folder in folders]
    cut = _counted(bare)
    names = tuple(_words(name) for name in cut)
    notes = (
        *_id_notes(folders, bare, names),
        *_number_notes(bare, cut, names),
        *_glued_note(cut, names),
        *_copy_note(folders),
        *equal_names(folders, names),
    )
    return ClassWords(names=names, notes=notes)


def words_of(folder: str) -> str:
    """One folder's name as words, judged alone: "AnnualCrop" -> "annual crop", "n01440764" -> "tench"."""
    return class_words((folder,)).names[0]


def wnid_in(folder: str) -> str | None:
    """The WordNet id that a folder's name is, begins or ends with."""
    if _WNID.fullmatch(folder):
        return folder.lower()
    match = _WNID_FRONT.match(folder) or _WNID_BEHIND.search(folder)
    return match[1].lower() if match else None


def equal_names(folders: Sequence[str], names: Sequence[str]) -> tuple[Note, ...]:
    """A fault where several classes have one name (case aside, which no tokenizer of CLIP keeps)."""
    keys = [unicodedata.normalize("NFC", name).casefold() for name in names]
    counts = Counter(keys)
    groups: dict[str, list[str]] = {}
    for folder, key in zip(folders, keys, strict=True):
        if counts[key] > 1:
            groups.setdefault(key, []).append(folder)
    if not groups:
        return ()
    first, *others = groups
    shown = f"{names[folders.index(groups[first][0])]} ({', '.join(groups[first][:4])})"
    more = f" and {len(others)} more" if others else ""
    # ImageNet's own list has such pairs; figures from elsewhere have them too.
    ids = all(_WNID.fullmatch(folder) for group in groups.values() for folder in group)
    text = f"Several classes share one name, so no prompt can tell them apart: {shown}{more}."
    return (Note(text, "equal_names", "warning" if ids else "fault"),)


# --- one name ---------------------------------------------------------------------------------------------


def _without_wnid(folder: str) -> str:
    name = _WNID_FRONT.sub("", folder)
    return name if name != folder else _WNID_BEHIND.sub("", folder)


def _words(name: str) -> str:
    if _WNID.fullmatch(name):
        return imagenet_classnames().get(name.lower(), name)
    if _is_glued(name):
        return " ".join(re.findall(r"[A-Z][a-z]+", name)).lower()
    return re.sub(r"[\s_-]+", " ", name).strip() or name


def _is_glued(name: str) -> bool:
    return bool(_GLUED.fullmatch(name)) and not _KEPT_WHOLE.match(name)


# --- numbers in front -------------------------------------------------------------------------------------


def _counted(names: Sequence[str]) -> list[str]:
    """The names without their numbers, if those count; else as they are."""
    cut = [_NUMBERED.sub("", name) for name in names]
    numbers = [match[1] for name in names if (match := _NUMBERED.match(name))]
    whole, fewer = {_words(name).casefold() for name in names}, {_words(name).casefold() for name in cut}
    return cut if len(whole) == len(fewer) and _is_counter(numbers) else list(names)


def _is_counter(numbers: Sequence[str]) -> bool:
    """Whether these are places in a list: of one width with zeros in front, or 0, 1, 2 ... or 1, 2, 3 ..."""
    values = sorted(map(int, numbers))
    if not values or len(set(values)) < len(values):
        return False
    if any(number.startswith("0") and len(number) > 1 for number in numbers):
        return len(set(map(len, numbers))) == 1
    return len(values) > 1 and values[0] in (0, 1) and values[-1] - values[0] == len(values) - 1


# --- what is said -----------------------------------------------------------------------------------------


def _id_notes(folders: Sequence[str], bare: Sequence[str], names: Sequence[str]) -> list[Note]:
    notes = []
    cut = [(folder, name) for folder, rest, name in zip(folders, bare, names, strict=True) if rest != folder]
    if cut:
        notes.append(Note(f"WordNet ids are no part of a class name and were cut: {_example(cut)}.", "wnid_cut"))
    strange = [name for name in names if _WNID.fullmatch(name)]
    if strange:
        notes.append(
            Note(
                f"{len(strange):,} folders are WordNet ids outside ImageNet-1k and go into prompts as they are "
                f"({', '.join(strange[:3])}); give their names with --classnames, for example a words.txt.",
                "unknown_wnid",
                "warning",
            )
        )
    return notes


def _number_notes(bare: Sequence[str], cut: Sequence[str], names: Sequence[str]) -> list[Note]:
    if names and all(_ONLY_NUMBER.fullmatch(name) for name in names):
        text = (
            f"The classes have only numbers ({', '.join(names[:3])}); unless these are what the images show, give "
            "their names with --classnames FILE, one a line in the order of the numbers."
        )
        return [Note(text, "numbered_classes", "warning")]
    changed = [(before, name) for before, after, name in zip(bare, cut, names, strict=True) if before != after]
    if changed:
        text = f"Numbers in front of class names were taken for a counter and cut: {_example(changed)}"
        return [Note(f"{text}; --classnames raw keeps the folder names.", "numbers_cut")]
    kept = [(before, name) for before, name in zip(bare, names, strict=True) if _NUMBERED.match(before)]
    if kept:
        text = f"Numbers in front of class names were kept, as they do not count the classes: {_example(kept)}"
        # Where names would fall together without them they are the meaning, as in "1 euro" and "2 euro".
        needed = len({_words(_NUMBERED.sub("", name)).casefold() for name in bare}) < len(set(bare))
        level: Level = "info" if needed else "warning"
        return [Note(f"{text}; --classnames FILE gives other names.", "numbers_kept", level)]
    return []


def _copy_note(folders: Sequence[str]) -> list[Note]:
    """ "cat (1)" beside "cat" is what a file manager makes of a second copy, "cat_augmented" a program."""
    copies = [(folder, plain) for folder in folders if (plain := _COPY.sub("", folder)) != folder and plain in folders]
    if not copies:
        return []
    text = f"Some classes look like copies of others: {copies[0][0]} of {copies[0][1]}"
    return [Note(f"{text}{f' and {len(copies) - 1} more' if len(copies) > 1 else ''}.", "copied_folders", "warning")]


def _glued_note(cut: Sequence[str], names: Sequence[str]) -> list[Note]:
    glued = [(before, name) for before, name in zip(cut, names, strict=True) if _is_glued(before)]
    if not glued:
        return []
    return [Note(f"Words that were written as one were parted: {_example(glued)}.", "glued_words")]


def _example(pairs: Sequence[tuple[str, str]]) -> str:
    more = f" and {len(pairs) - 1:,} more" if len(pairs) > 1 else ""
    return f"{pairs[0][0]} is read as {pairs[0][1]!r}{more}"
