"""Lists of class names in the forms they come in, read from their text alone.

One name a line; numbered lines ("0 tench", "0: 'tench, Tinca tinca',"); lines that begin with a WordNet id
(LOC_synset_mapping.txt, words.txt) or a folder; csv and tsv with and without a header; JSON and Python lists and
dictionaries. What each name belongs to stands in its `keys`: folders, ids or numbers as the list writes them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import TMVError
from core.readers.name_documents import document_entries
from core.readers.name_entries import Entry, fold, is_number, is_wnid
from core.readers.name_tables import table_entries
from core.readers.text_files import text_lines
from core.types import Note

__all__ = ["Entry", "NameList", "fold", "in_order", "is_number", "is_wnid", "numbers_of", "read_name_list"]

_WNID_LINE = re.compile(r"^([nN]\d{8})[\s,;:]+(\S.*)$")
_NUMBER_LINE = re.compile(r"^(\d+)\s*(?:[:.)=,;\t-]|\s)\s*(\S.*)$")
_PAIR_LINE = re.compile(r"""^['"]?([^'":=]+?)['"]?\s*(?::|=>?|->)\s*(\S.*?),?$""")
_NUMBER_BEHIND = re.compile(r"^(.*[^\W\d_].*?)[\s,;:=]+(\d+)$")
_RULE = re.compile(r"[-:\s|+]*\|[-:\s|+]*")
_DOCUMENT = re.compile(r"\s*(?:\w+\s*=\s*)?[\[{]")
_APART = 0.9
_YAML_NAMES = re.compile(r"^(?:names|classes|class_names|classnames):", re.MULTILINE)
_QUOTED = re.compile(r"""^(['"])(.*)\1$""")


@dataclass(frozen=True, slots=True, kw_only=True)
class NameList:
    """The entries of one list in its own order, and what is to be said of how it was read."""

    entries: tuple[Entry, ...]
    notes: tuple[Note, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """(k,) in the order of the list."""
        return tuple(entry.name for entry in self.entries)

    @property
    def keyed(self) -> bool:
        """Whether the list says what its names belong to."""
        return bool(self.entries) and all(entry.keys for entry in self.entries)


def read_name_list(text: str, source: str, known: Collection[str] = ()) -> NameList:
    """Read a list of names from its text; `known` are folders and names that tell a key from a name.

    `source` is the file's name: its suffix says what commas mean. Raises `TMVError` with the line that does not fit.
    """
    text = _yaml_block(text, source)
    lines = [
        (number, line.strip())
        for number, line in enumerate(text_lines(text), 1)
        if line.strip() and not _RULE.fullmatch(line)
    ]
    folded = {fold(name) for name in known}
    entries = _entries(text, lines, source, folded)
    empty = next((entry for entry in entries if not entry.name.strip()), None)
    if empty is not None:
        raise TMVError(
            f"{source} gives no name for {empty.keys[0]!r} (line {empty.line})."
            if empty.keys
            else f"Line {empty.line} of {source} has no name."
        )
    tidy = tuple(replace(entry, name=" ".join(entry.name.split())) for entry in entries)
    return _with_first_synonyms(NameList(entries=tidy), Path(source).name)


def in_order(names: NameList) -> tuple[str, ...]:
    """The names in the order of their numbers where the list has some (from 0 or 1, each once), else as they stand."""
    numbers = numbers_of(names)
    if numbers is None:
        return names.names
    return tuple(name for _, name in sorted(zip(numbers, names.names, strict=True)))


def numbers_of(names: NameList) -> tuple[int, ...] | None:
    """The number of each entry, where some key of every entry is one and together they count from 0 or 1."""
    width = min((len(entry.keys) for entry in names.entries), default=0)
    for column in [tuple(entry.keys[place] for entry in names.entries) for place in range(width)]:
        if all(map(is_number, column)) and _counts([int(key) for key in column]):
            return tuple(int(key) for key in column)
    return None


def _counts(numbers: Sequence[int]) -> bool:
    """0, 1, 2 ... or 1, 2, 3 ... in any order, each once."""
    found = sorted(numbers)
    return bool(found) and found[0] in (0, 1) and found == list(range(found[0], found[0] + len(found)))


def _yaml_block(text: str, source: str) -> str:
    """What stands under "names:" in YAML, on the lines where it stands; other text as it is."""
    found = _YAML_NAMES.search(text)
    if not source.lower().endswith((".yaml", ".yml")):
        return text
    if found is None:
        if any(
            not line.lstrip().startswith(("-", "#")) and not _NUMBER_LINE.match(line.strip())
            for line in text_lines(text)
            if line.strip()
        ):
            raise TMVError(f"{source} has no names: in it; expected a list of class names under that word.")
        return text
    rest = text_lines(text[found.end() :])
    end = next((i for i, line in enumerate(rest[1:], 1) if line.strip() and line[0] not in " \t-]}"), len(rest))
    first, *others = rest[:end]
    kept = [line.split(" #")[0] for line in (first, *others) if not line.lstrip().startswith("#")]
    return "\n" * text[: found.start()].count("\n") * (not first.strip()) + "\n".join(kept)


# --- which form it is -------------------------------------------------------------------------------------


def _entries(text: str, lines: list[tuple[int, str]], source: str, known: Collection[str]) -> list[Entry]:
    if _DOCUMENT.match(text) or source.lower().endswith((".json", ".jsonl")):
        return document_entries(text, source, known)
    for form in (_wnid_lines, _pair_lines):
        if (found := form(lines, known)) is not None:
            return found
    if (found := _one_line(lines, known)) is not None:
        return found
    if (found := table_entries(lines, source, known)) is not None:
        return found
    for form in (_folder_lines, _numbered_lines, _counted_lines, _dashed_lines):
        if (found := form(lines, known)) is not None:
            return found
    return [Entry(keys=(), name=_unquoted(line), line=number) for number, line in lines]


def _wnid_lines(lines: list[tuple[int, str]], known: Collection[str]) -> list[Entry] | None:
    """ "n01440764 tench, Tinca tinca" on every line."""
    found = [(number, _WNID_LINE.match(line)) for number, line in lines]
    if not found or not all(match for _, match in found):
        return None
    return [Entry(keys=(m[1],), name=_unquoted(m[2]), line=number, synonyms=True) for number, m in found if m]


def _pair_lines(lines: list[tuple[int, str]], known: Collection[str]) -> list[Entry] | None:
    """ "0: 'tench, Tinca tinca'," on every line; the braces of the whole may stand on lines of their own."""
    found = [(number, _PAIR_LINE.match(line.strip("{} "))) for number, line in lines if line.strip("{} ")]
    if not found or not all(match for _, match in found):
        return None
    keys = [match[1] for _, match in found if match]
    if not (all(map(is_number, keys)) or all(map(is_wnid, keys)) or all(fold(key) in known for key in keys)):
        return None
    return [
        Entry(keys=(m[1],), name=_unquoted(m[2].rstrip("} ")), line=number, synonyms=True) for number, m in found if m
    ]


def _folder_lines(lines: list[tuple[int, str]], known: Collection[str]) -> list[Entry] | None:
    """ "apple apple, orchard apple": the first word of every line is another class; not so where lines are classes."""
    if not lines or all(fold(line) in known for _, line in lines):
        return None
    pairs = [(number, line.split(None, 1)) for number, line in lines]
    if any(len(pair) != 2 for _, pair in pairs):
        return None
    keys = [fold(pair[0]) for _, pair in pairs]
    if len(set(keys)) != len(keys) or not all(key in known for key in keys):
        return None
    if not any("," in name or fold(name).startswith(fold(key)) for _, (key, name) in pairs):
        return None  # "golden retriever" for the folder "golden" is a name, not a key and a name
    entries = [Entry(keys=(key,), name=_unquoted(name), line=number, synonyms=True) for number, (key, name) in pairs]
    return entries if _distinct(entries) else None


def _numbered_lines(lines: list[tuple[int, str]], known: Collection[str]) -> list[Entry] | None:
    """ "0 tench", "1. goldfish": numbers that count from 0 or 1, unless the names would fall together without them."""
    found = [(number, _NUMBER_LINE.match(line)) for number, line in lines]
    if len(found) < 2 or not all(match for _, match in found) or any(fold(line) in known for _, line in lines):
        return None
    if not _counts([int(match[1]) for _, match in found if match]):
        return None
    entries = [Entry(keys=(m[1],), name=_unquoted(m[2]), line=number, synonyms=True) for number, m in found if m]
    return entries if _distinct(entries) else None


def _one_line(lines: list[tuple[int, str]], known: Collection[str]) -> list[Entry] | None:
    """ "cat, dog, owl" where there is no second line: of these at least two are classes."""
    for mark in ",;|\t":
        parts = [_unquoted(part) for part in lines[0][1].split(mark) if part.strip()] if len(lines) == 1 else []
        if len(parts) > 1 and sum(fold(part) in known for part in parts) > 1:
            return [Entry(keys=(), name=part, line=lines[0][0]) for part in parts]
    return None


def _counted_lines(lines: list[tuple[int, str]], known: Collection[str]) -> list[Entry] | None:
    """ "tench 0", "goldfish 1": the number of each class behind its name, counted from 0 or 1."""
    found = [(number, _NUMBER_BEHIND.match(line)) for number, line in lines]
    if len(found) < 2 or not all(match for _, match in found) or any(fold(line) in known for _, line in lines):
        return None
    entries = [Entry(keys=(m[2],), name=_unquoted(m[1]), line=number) for number, m in found if m]
    return entries if _counts([int(entry.keys[0]) for entry in entries]) and _distinct(entries) else None


def _distinct(entries: Sequence[Entry]) -> bool:
    """Whether names stay apart without what stands before them; some may be equal (two pairs of ImageNet's are)."""
    apart = len({fold(entry.name) for entry in entries})
    return apart == len(entries) or apart >= _APART * len(entries)


def _dashed_lines(lines: list[tuple[int, str]], known: Collection[str]) -> list[Entry] | None:
    """ "- tench" on every line, as YAML writes a list."""
    if not lines or not all(line.startswith(("- ", "* ")) for _, line in lines):
        return None
    return [Entry(keys=(), name=_unquoted(line[2:].strip()), line=number) for number, line in lines]


def _unquoted(name: str) -> str:
    match = _QUOTED.match(name.strip().rstrip(",").strip())
    return match[2].strip() if match else name.strip()


# --- synonyms ---------------------------------------------------------------------------------------------


def _with_first_synonyms(names: NameList, source: str) -> NameList:
    """Of "tench, Tinca tinca" the first, where the list gives synonyms of what its keys stand for; said either way."""
    commas = [entry for entry in names.entries if "," in entry.name]
    if not commas:
        return names
    whole = [entry for entry in commas if not entry.synonyms]
    if whole:
        text = f"Names in {source} with a comma are used whole ({len(whole):,}, such as {whole[0].name!r})."
        many = len(whole) * 4 > len(names.entries) and len(whole) > 1
        return replace(names, notes=(*names.notes, Note(text, "names_with_commas", "warning" if many else "info")))
    first = [fold(entry.name.split(",")[0]) for entry in names.entries]
    counts = Counter(first)
    entries = tuple(
        replace(entry, name=entry.name.split(",")[0].strip()) if counts[key] == 1 and key else entry
        for entry, key in zip(names.entries, first, strict=True)
    )
    example = f"{commas[0].name!r}: {commas[0].name.split(',')[0].strip()!r}"
    text = f"Of several names for one class the first was taken ({len(commas):,} in {source}, such as {example})."
    return NameList(entries=entries, notes=(*names.notes, Note(text, "first_synonym")))
