"""What CLIP_benchmark puts beside shards: classnames.txt and zeroshot_classification_templates.txt."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.catalog.class_words import words_of
from core.errors import TMVError
from core.readers.base import canonical_split, list_folders
from core.readers.name_lists import NameList, in_order, numbers_of, read_name_list
from core.readers.text_files import read_text, text_lines
from core.types import Level, Note

CLASSNAMES, TEMPLATES = "classnames.txt", "zeroshot_classification_templates.txt"
_LARGEST = 10_000_000
_PLACE = re.compile(r"\{\s*(?:c|class|classname|class_name|cls|label|name|0)?\s*\}")
_HEADINGS = frozenset({"class", "classes", "classname", "classnames", "class_name", "label", "labels", "name", "names"})
_FOLDER_NAME = re.compile(r"[^\W\d_]\w*_\w*|n\d{8}|[A-Z][a-z]+(?:[A-Z][a-z]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names of the classes 0, 1, ... as listed, the number that the list itself begins with (None: it has none),
    and what is to be said of it."""

    listed: tuple[str, ...] = ()
    first: int | None = None
    notes: tuple[Note, ...] = ()


def beside(path: Path, name: str, also: bool = True) -> Path | None:
    """The file of this name beside shards or (`also`) one folder above."""
    folder = path if path.is_dir() else path.parent
    places = (folder, folder.parent) if also else (folder,)
    return next((place / name for place in places if (place / name).is_file()), None)


def listed_names(path: Path) -> Names:
    """classnames.txt in any of the forms of a list of names. Raises `TMVError` for one that cannot be meant."""
    # Lists that lie in the folders of splits
    places = [path / name for name in list_folders(path) if canonical_split(name)] if path.is_dir() else []
    inner = [place / CLASSNAMES for place in places if (place / CLASSNAMES).is_file()]
    file = beside(path, CLASSNAMES, also=not inner) or (inner[0] if inner else None)
    if file is None:
        return Names()
    names = _names(file)
    for other in inner:
        if _names(other).listed != names.listed:
            raise TMVError(f"{file} and {other} name the classes differently; keep one of them.")
    folder = path if path.is_dir() else path.parent
    if file.parent == folder.parent and file.parent != folder:
        text = f"Class names are from {CLASSNAMES} in {folder.parent}, the folder above the shards."
        level: Level = "info" if canonical_split(folder.name) else "warning"
        names = replace(names, notes=(*names.notes, Note(text, "names_from_above", level)))
    return names


def _names(file: Path) -> Names:
    read = read_text(file, _LARGEST)
    found = read_name_list(read.text, CLASSNAMES)
    names, numbers = in_order(found), numbers_of(found)
    if names and names[0].lower().strip(":") in _HEADINGS and len(names) > 1:
        raise TMVError(f"{file} begins with {names[0]!r}, a heading; classes count from the first line, so remove it.")
    first = min(numbers) if numbers else None
    return Names(listed=names, first=first, notes=(*read.notes, *found.notes, *_blank_lines(read.text, found)))


def _blank_lines(text: str, found: NameList) -> list[Note]:
    """An empty line between names counts as a class elsewhere."""
    lines = text_lines(text.rstrip())
    blank = [number for number, line in enumerate(lines, 1) if not line.strip()]
    if not blank or any(entry.keys for entry in found.entries):
        return []
    said = f"Line {blank[0]} of {CLASSNAMES} is empty and counts as no class; CLIP_benchmark would count it."
    return [Note(said, "empty_name", "warning")]


def curated_names(raw: Sequence[str], listed: bool) -> tuple[str, ...]:
    """Names for prompts: a list's own words stay, names of folders become words."""
    if not listed:
        return tuple(map(words_of, raw))
    words = tuple(words_of(name) if _FOLDER_NAME.fullmatch(name) else name for name in raw)
    return words if len(set(words)) == len(set(raw)) else tuple(raw)


def own_templates(path: Path) -> tuple[str, ...]:
    """The set's own templates, each with one {} for the class name; () where there are none.

    Raises `TMVError` naming the line without a place for the class.
    """
    file = beside(path, TEMPLATES)
    if file is None:
        return ()
    found = []
    for number, line in enumerate(text_lines(read_text(file, _LARGEST).text), 1):
        template = _unquoted(line.strip())
        if not template:
            continue
        places = _PLACE.findall(template)
        if len(places) != 1 or len(re.findall(r"[{}]", template)) != 2:
            raise TMVError(f"{file} line {number}: {template!r} needs one {{c}} where the class name goes.")
        found.append(_PLACE.sub("{}", template))
    return tuple(dict.fromkeys(found))


def _unquoted(line: str) -> str:
    """A line that was copied from a list in a program: "'a photo of a {c}.',"."""
    bare = line.rstrip(",").strip()
    quoted = len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "'\""
    return bare[1:-1] if quoted else line


def twice(names: Sequence[str]) -> list[str]:
    """Names that stand several times."""
    return [name for name, count in Counter(names).items() if count > 1]
