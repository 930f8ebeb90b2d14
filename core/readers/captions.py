"""`captions:PATH` and COCO: pictures with sentences.

PATH is a file of captions or a folder that holds one. Its pictures are looked for beside the file, in the
folders there, and (for files in a folder "annotations") one level up. A picture without a caption, and a
caption without a picture, are left out and counted in a note.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.readers.base import (
    FilePictures,
    and_more,
    canonical_split,
    choose_split,
    list_folders,
    list_pictures,
    locate,
    part_note,
    pictures_in,
    readable,
)
from core.readers.caption_files import SUFFIXES, CaptionRow, is_caption_json, read_caption_file
from core.types import Dataset, DatasetSpec, NotHere

_DEFAULTS = ("test", "val", "all", "train")
_PROBED = 50
_CAPTION_NAME = re.compile(r"caption|token|results|sentence", re.IGNORECASE)
_COCO_YEAR = "2017"


# --- own captions -----------------------------------------------------------------------------------------

def describe_captions(spec: DatasetSpec, path: Path) -> DatasetSpec:
    """The generic record with the splits of the files that are there."""
    return _described(spec, _split_rows(path)[0])


def open_captions(spec: DatasetSpec, split: str | None, path: Path) -> Dataset:
    """Rows of one split. Raises `NotHere` or `TMVError` with what was expected and what is there."""
    splits, notes = _split_rows(path)
    full = _described(spec, splits)
    chosen = choose_split(full, split, full.splits, path)
    file, rows = splits[chosen]
    named = {row.picture for other, (_, found) in splits.items() if other != chosen for row in found}
    return captioned(full, chosen, file, rows, notes, named=named)


def _described(spec: DatasetSpec, splits: dict[str, tuple[Path, list[CaptionRow]]]) -> DatasetSpec:
    default = next((split for split in _DEFAULTS if split in splits), next(iter(splits)))
    return replace(spec, splits=tuple(splits), default_split=default)


def _split_rows(path: Path) -> tuple[dict[str, tuple[Path, list[CaptionRow]]], list[str]]:
    """split -> (file, its rows), and a note when a choice between several files was made."""
    files = _caption_files(path)
    by_name = {_split_of_name(file.stem): file for file in files}
    if len(files) > 1 and None not in by_name and len(by_name) == len(files):
        return {split: (file, read_caption_file(file)) for split, file in by_name.items() if split}, []
    file, *others = files
    rows = read_caption_file(file)
    unused = and_more([other.name for other in others])
    notes = [f"Captions are from {file.name}; also there: {unused}."] if others else []
    splits = sorted({row.split for row in rows})
    if splits == [""]:
        name = _split_of_name(file.stem) if file.suffix.lower() == ".json" else None
        return {name or "all": (file, rows)}, notes
    return {split or "all": (file, [row for row in rows if row.split == split]) for split in splits}, notes


def _split_of_name(stem: str) -> str | None:
    """"captions_val2017" -> "val"; None where the name tells no split."""
    for word in re.split(r"[^a-z]+", stem.lower()):
        if canonical_split(word):
            return canonical_split(word)
    return None


def _caption_files(path: Path) -> list[Path]:
    """The files of captions, best first: named after captions before others, then json, csv, tsv, text."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise NotHere(f"There is no {path}; give a COCO json, a csv of picture and caption, or their folder.")
    for folder in (path / "annotations", path):
        found = sorted((f for f in folder.glob("*") if _looks_like_captions(f)), key=_preference)
        named = [file for file in found if _CAPTION_NAME.search(file.stem)]
        if found:
            return named or found
    raise NotHere(
        f"There is no caption file in {path}; expected a COCO json (there or in annotations), or a csv or "
        "tsv with a column for the picture and one for its caption."
    )


def _looks_like_captions(file: Path) -> bool:
    suffix = file.suffix.lower()
    if file.name.startswith(".") or suffix not in SUFFIXES or not file.is_file():
        return False
    if suffix == ".json":
        return bool(_CAPTION_NAME.search(file.stem)) or is_caption_json(file)
    return suffix in (".csv", ".tsv") or bool(_CAPTION_NAME.search(file.stem))


def _preference(file: Path) -> tuple[bool, int, str]:
    return not _CAPTION_NAME.search(file.stem), SUFFIXES.index(file.suffix.lower()), file.name


# --- COCO -------------------------------------------------------------------------------------------------

def find_coco(data_dir: Path) -> Path | None:
    """The folder with annotations/captions_val2017.json and its pictures."""
    names = ("coco", "coco2017", "mscoco", "mscococaptions")
    return locate(data_dir, names, lambda root: bool(coco_splits(root)))


def coco_splits(root: Path) -> tuple[str, ...]:
    """Which of train and val of 2017 have both captions and pictures."""
    return tuple(
        split for split in ("train", "val")
        if _coco_file(root, split).is_file() and _coco_pictures(root, split).is_dir()
    )  # fmt: skip


def open_coco(spec: DatasetSpec, split: str, root: Path) -> Dataset:
    """One split of COCO 2017, its pictures in the order of the json."""
    rows = read_caption_file(_coco_file(root, split))
    return captioned(spec, split, _coco_file(root, split), rows, folder=_coco_pictures(root, split))


def _coco_file(root: Path, split: str) -> Path:
    return root / "annotations" / f"captions_{split}{_COCO_YEAR}.json"


def _coco_pictures(root: Path, split: str) -> Path:
    inner = root / "images" / f"{split}{_COCO_YEAR}"
    return inner if inner.is_dir() else root / f"{split}{_COCO_YEAR}"


# --- rows -------------------------------------------------------------------------------------------------

def captioned(
    spec: DatasetSpec,
    split: str,
    file: Path,
    rows: Sequence[CaptionRow],
    notes: Iterable[str] = (),
    folder: Path | None = None,
    named: Iterable[str] = (),
) -> Dataset:
    """Join captions to the pictures of `folder` (found when not given), in the order of the first rows.

    `named` are pictures that other splits of the same set name: they do not count as left without a caption.
    """
    wanted = list(dict.fromkeys(row.picture for row in rows))
    root, found = (folder, _Lookup(folder, wanted)) if folder else _find_pictures(file, wanted)
    kept = [(found[row.picture], row.caption) for row in rows if row.caption and found[row.picture]]
    if not kept:
        raise NotHere(_no_pictures(file, wanted))
    names = list(dict.fromkeys(name for name, _ in kept))
    position = {name: i for i, name in enumerate(names)}
    elsewhere = {found[picture] for picture in named}
    findings = (*notes, *_findings(rows, found, kept, elsewhere), *part_note(spec, split, len(names)))
    return Dataset(
        spec, split, tuple(map(readable, names)), FilePictures(root, tuple(names)),
        captions=tuple(caption for _, caption in kept),
        image_index=np.asarray([position[name] for name, _ in kept], dtype=np.int64), notes=findings,
    )  # fmt: skip


class _Lookup:
    """picture as written -> its name under `root`, or "" when it is not there.

    Only names of a listing are given out, so "../x" or "/x" finds nothing. Spelled differently in Unicode
    (as macOS does) and with a folder in front that is not on this disk, a name is still found.
    """

    def __init__(self, root: Path, wanted: Sequence[str]) -> None:
        flat = all("/" not in name and "\\" not in name for name in wanted)
        names = pictures_in(root) if flat else list_pictures(root)
        self.names = names
        self._exact = set(names)
        self._folded = {_fold(name): name for name in names}
        bases = Counter(_fold(name.rsplit("/", 1)[-1]) for name in names)
        self._by_base = {b: n for n in names if bases[b := _fold(n.rsplit("/", 1)[-1])] == 1}

    def __getitem__(self, picture: str) -> str:
        if picture in self._exact:
            return picture
        folded = _fold(picture)
        return self._folded.get(folded) or self._by_base.get(folded.rsplit("/", 1)[-1], "")


def _fold(name: str) -> str:
    plain = unicodedata.normalize("NFC", name.replace("\\", "/"))
    return plain.removeprefix("./")


def _find_pictures(file: Path, wanted: Sequence[str]) -> tuple[Path, _Lookup]:
    """The folder near the file that holds most of the first pictures asked for."""
    places = [file.parent, *(file.parent / name for name in list_folders(file.parent))]
    if file.parent.name.lower().startswith(("annot", "caption")):
        above = file.parent.parent
        places += [above, *(above / name for name in list_folders(above))]
        places += [above / "images" / name for name in _folders_if_any(above / "images")]
    probes = list(wanted[:_PROBED]) + list(wanted[-_PROBED:])
    hits = [(_hits(place, probes), _hits(place, [_base(name) for name in probes])) for place in places]
    best = max(range(len(places)), key=lambda i: hits[i])
    if not any(hits[best]):
        raise NotHere(_no_pictures(file, wanted))
    return places[best], _Lookup(places[best], wanted)


def _folders_if_any(folder: Path) -> list[str]:
    return list_folders(folder) if folder.is_dir() else []


def _hits(place: Path, names: Sequence[str]) -> int:
    """How many of the names are files below `place`; names that point elsewhere never are."""
    inside = [name.replace("\\", "/") for name in names if "\0" not in name]
    safe = [name for name in inside if not name.startswith("/") and ".." not in name.split("/")]
    return sum((place / name).is_file() for name in safe)


def _base(name: str) -> str:
    return name.replace("\\", "/").rsplit("/", 1)[-1]


def _no_pictures(file: Path, wanted: Sequence[str]) -> str:
    return (
        f"None of the {len(wanted):,} pictures named in {file.name} ({and_more(wanted, 2)}) were found in "
        f"{file.parent} or the folders beside it; put them there."
    )


def _findings(
    rows: Sequence[CaptionRow], found: _Lookup, kept: Sequence[tuple[str, str]], elsewhere: set[str]
) -> list[str]:
    captioned_names = {name for name, _ in kept}
    lost = [row.picture for row in rows if row.caption and not found[row.picture]]
    bare = [name for name in found.names if name not in captioned_names | elsewhere]
    empty = [row.picture for row in rows if not row.caption and found[row.picture] in captioned_names]
    repeated = len(kept) - len(set(kept))
    pictures_of = Counter(caption.lower() for _, caption in set(kept))
    shared = sum(1 for count in pictures_of.values() if count > 1)
    notes = [
        (lost, f"Captions whose picture is not here, left out: {len(lost):,} ({and_more(_unique(lost))})."),
        (bare, f"Pictures without a caption, left out: {len(bare):,} ({and_more(bare)})."),
        (empty, f"Empty captions, left out: {len(empty):,} ({and_more(_unique(empty))})."),
        (repeated, f"Captions that stand twice at the same picture: {repeated:,}."),
        (shared, f"Sentences that are the caption of several pictures: {shared:,}; none can rank those perfectly."),
    ]
    return [note for matters, note in notes if matters]


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
