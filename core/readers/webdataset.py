"""`wds:PATH`: pictures in webdataset shards, with .cls labels, .txt captions or a .json of either.

A .cls holds a class number or a class name. The names of numbered classes come from a classnames.txt (one a
line) beside the shards or one folder above. A .txt holds one caption a line. In a .json the keys label, cls,
class or class_name count as a label, and caption, captions or text as captions.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.catalog.class_words import words_of
from core.images import IMAGE_SUFFIXES, MAX_BYTES
from core.readers.base import and_more, choose_split, class_note, hashed_half, os_reason, readable
from core.readers.shards import Member, Sample, find_shards, read_index, read_members
from core.readers.stamps import file_stamp
from core.types import BadImage, Dataset, DatasetSpec, NotHere, TMVError

_DEFAULTS = ("test", "val", "all", "train")
_LABEL_KEYS = ("label", "cls", "class", "class_name", "classname")
_CAPTION_KEYS = ("caption", "captions", "text")
_SMALL = 1_000_000
_IMAGE_EXTENSIONS = frozenset(suffix[1:] for suffix in IMAGE_SUFFIXES)

Label = int | str


@dataclass(frozen=True, slots=True)
class ShardPictures:
    """Pictures inside tar files: `places` (n, 3) int64 are shard number, offset and size."""

    shards: tuple[Path, ...]
    places: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.places)

    def read(self, index: int) -> bytes:
        """The encoded file; raises `BadImage` when the shard no longer holds it."""
        shard, offset, size = map(int, self.places[index])
        if size > MAX_BYTES:
            raise BadImage(f"file too large: above the limit of {MAX_BYTES // 2**20} MiB")
        try:
            with self.shards[shard].open("rb") as file:
                file.seek(offset)
                content = file.read(size)
        except OSError as error:
            raise BadImage(f"unreadable shard: {os_reason(error)}") from None
        if len(content) < size:
            raise BadImage("truncated shard: it ends before this picture does")
        return content

    def stamp(self, index: int) -> str:
        """The shard's stamp and the picture's place in it."""
        shard, offset, size = map(int, self.places[index])
        return f"{file_stamp(self.shards[shard])}@{offset}+{size}"


@dataclass(frozen=True, slots=True)
class _Row:
    """One sample with a picture: `notes` is what the sample says about it, a label, captions or nothing."""

    key: str
    shard: int
    picture: Member
    label: Label | None = None
    captions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Split:
    """The rows of one split, and how many samples had no picture or said nothing."""

    shards: tuple[Path, ...]
    rows: tuple[_Row, ...]
    without_picture: int
    silent: tuple[str, ...]


def describe_shards(spec: DatasetSpec, path: Path) -> DatasetSpec:
    """The generic record with kind, splits and class names filled in from the shards."""
    return _described(spec, path, _read_splits(path))


def open_shards(spec: DatasetSpec, split: str | None, path: Path) -> Dataset:
    """Rows of one split. Raises `NotHere` or `TMVError` with what was expected and what is there."""
    splits = _read_splits(path)
    full = _described(spec, path, splits)
    chosen = choose_split(full, split, full.splits, path)
    half = chosen if chosen not in splits else None
    found = splits["all" if half else chosen]
    if full.kind == "captions":
        return _captioned(full, chosen, found)
    return _labelled(full, chosen, found, half)


def _described(spec: DatasetSpec, path: Path, splits: dict[str, _Split]) -> DatasetSpec:
    rows = [row for split in splits.values() for row in split.rows]
    kind: Literal["classification", "captions"] = "classification"
    if rows and rows[0].captions:
        kind = "captions"
    raw = _raw_names(path, rows)
    names = (*splits, "train", "test") if "all" in splits and raw else tuple(splits)
    default = next(split for split in _DEFAULTS if split in splits)
    curated = tuple(map(words_of, raw))
    return replace(
        spec, kind=kind, splits=names, default_split=default, classnames=curated, raw_classnames=raw
    )


# --- samples ----------------------------------------------------------------------------------------------

def _read_splits(path: Path) -> dict[str, _Split]:
    splits = {name: _read_split(shards) for name, shards in find_shards(path).items()}
    if not any(split.rows for split in splits.values()):
        raise NotHere(f"The shards of {path} hold no pictures; expected members like 0001.jpg and 0001.cls.")
    return splits


def _read_split(shards: tuple[Path, ...]) -> _Split:
    rows: list[_Row] = []
    silent: list[str] = []
    without_picture = 0
    source: _Source | None = None
    for number, shard in enumerate(shards):
        samples = read_index(shard)
        pictured = [(sample, picture) for sample in samples if (picture := _picture(sample))]
        without_picture += len(samples) - len(pictured)
        source = source or _source(shard, pictured)
        for (sample, picture), said in zip(pictured, _said(shard, [s for s, _ in pictured], source)):
            if said is None and source:
                silent.append(sample.key)
            elif isinstance(said, tuple):
                rows.append(_Row(sample.key, number, picture, captions=said))
            else:
                rows.append(_Row(sample.key, number, picture, label=said))
    return _Split(shards, tuple(rows), without_picture, tuple(silent))


def _picture(sample: Sample) -> Member | None:
    """The member that is the picture: the one with the plainest extension ("jpg" before "seg.png")."""
    found = [m for m in sample.members if m.extension.rsplit(".", 1)[-1] in _IMAGE_EXTENSIONS]
    return min(found, key=lambda m: (m.extension.count("."), m.extension), default=None)


_Reading = Callable[[bytes], Label | tuple[str, ...] | None]


@dataclass(frozen=True, slots=True)
class _Source:
    """Which member tells about a picture, and how its content is read."""

    extension: str
    read: _Reading


def _source(shard: Path, pictured: Sequence[tuple[Sample, Member]]) -> _Source | None:
    """Labels in .cls come first, then captions in .txt, then whatever the first .json holds."""
    extensions = {member.extension for sample, _ in pictured for member in sample.members}
    for extension, read in (("cls", _label), ("cls.txt", _label), ("txt", _captions)):
        if extension in extensions:
            return _Source(extension, read)
    documents = [m for sample, _ in pictured for m in sample.members if m.extension == "json"]
    if not documents:
        return None
    first = _json(read_members(shard, documents[:1], _SMALL)[0])
    if _first(first, _LABEL_KEYS) is not None:
        return _Source("json", lambda content: _as_label(_first(_json(content), _LABEL_KEYS)))
    if _first(first, _CAPTION_KEYS) is not None:
        return _Source("json", lambda content: _as_captions(_first(_json(content), _CAPTION_KEYS)))
    return None


def _said(
    shard: Path, samples: Sequence[Sample], source: _Source | None
) -> Iterator[Label | tuple[str, ...] | None]:
    """What each sample says about its picture, in order."""
    if source is None:
        yield from (None for _ in samples)
        return
    tellers = [next((m for m in s.members if m.extension == source.extension), None) for s in samples]
    contents = iter(read_members(shard, [m for m in tellers if m], _SMALL))
    for teller in tellers:
        yield source.read(next(contents)) if teller else None


def _json(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _first(document: dict[str, Any], keys: Sequence[str]) -> object:
    return next((document[key] for key in keys if document.get(key) is not None), None)


def _label(content: bytes) -> Label | None:
    return _as_label(content.decode("utf-8", "replace").strip())


def _as_label(value: object) -> Label | None:
    if isinstance(value, str):
        number = value.isascii() and value.isdigit() and len(value) < 10
        return int(value) if number else (value.strip() or None)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _captions(content: bytes) -> tuple[str, ...] | None:
    lines = (" ".join(line.split()) for line in content.decode("utf-8", "replace").splitlines())
    return tuple(line for line in lines if line) or None


def _as_captions(value: object) -> tuple[str, ...] | None:
    texts = value if isinstance(value, list) else [value]
    return tuple(" ".join(t.split()) for t in texts if isinstance(t, str) and t.strip()) or None


# --- classes and rows -------------------------------------------------------------------------------------

def _raw_names(path: Path, rows: Sequence[_Row]) -> tuple[str, ...]:
    """Class names over all splits: classnames.txt, else the names or numbers in the labels."""
    labels = {row.label for row in rows if row.label is not None}
    if not labels:
        return ()
    listed = _listed_names(path)
    numbers = [label for label in labels if isinstance(label, int)]
    words = [label for label in labels if isinstance(label, str)]
    if numbers and words:
        raise TMVError(f"The labels in {path} mix numbers and names ({and_more(sorted(words))}).")
    if words:
        strange = sorted(set(words) - set(listed)) if listed else []
        if strange:
            raise TMVError(f"classnames.txt of {path} lacks the label {strange[0]!r}; add it.")
        return listed or tuple(sorted(words))
    if listed and max(numbers) >= len(listed):
        raise TMVError(f"{path} has the label {max(numbers)}; classnames.txt has only {len(listed)} names.")
    if max(numbers) > _SMALL:
        raise TMVError(f"{path} has the label {max(numbers)}, no class number; classes count from 0.")
    return listed or tuple(str(number) for number in range(max(numbers) + 1))


def _listed_names(path: Path) -> tuple[str, ...]:
    folder = path if path.is_dir() else path.parent
    for place in (folder, folder.parent):
        file = place / "classnames.txt"
        if file.is_file():
            lines = file.read_text("utf-8", "replace").splitlines()
            return tuple(line.strip() for line in lines if line.strip())
    return ()


def _labelled(spec: DatasetSpec, split: str, found: _Split, half: str | None) -> Dataset:
    position = {raw: i for i, raw in enumerate(spec.raw_classnames)}
    rows = found.rows
    values = [row.label if isinstance(row.label, int) else position.get(row.label or "", -1) for row in rows]
    notes = _notes(found)
    if half:
        keep = hashed_half([row.key for row in rows], values, half)
        rows, values = tuple(rows[i] for i in keep), [values[i] for i in keep]
        notes.append("These shards have no split of their own: train and test are fixed halves by key.")
    labels = np.asarray(values, dtype=np.int64) if spec.raw_classnames else None
    if labels is None:
        notes.append("These shards have no labels: the pictures can be searched, not scored.")
    elif all(name.isdigit() for name in spec.raw_classnames):
        notes.append("The classes have only numbers; put their names into classnames.txt beside the shards.")
    notes += class_note(values, len(spec.raw_classnames)) if labels is not None else ()
    return Dataset(
        spec, split, _ids(found, rows), _pictures(found, rows), labels, spec.classnames, spec.raw_classnames,
        notes=tuple(notes),
    )  # fmt: skip


def _captioned(spec: DatasetSpec, split: str, found: _Split) -> Dataset:
    pairs = [(index, caption) for index, row in enumerate(found.rows) for caption in row.captions]
    return Dataset(
        spec, split, _ids(found, found.rows), _pictures(found, found.rows),
        captions=tuple(caption for _, caption in pairs),
        image_index=np.asarray([index for index, _ in pairs], dtype=np.int64), notes=tuple(_notes(found)),
    )  # fmt: skip


def _pictures(found: _Split, rows: Sequence[_Row]) -> ShardPictures:
    places = [(row.shard, row.picture.offset, row.picture.size) for row in rows]
    return ShardPictures(found.shards, np.asarray(places, dtype=np.int64).reshape(-1, 3))


def _ids(found: _Split, rows: Sequence[_Row]) -> tuple[str, ...]:
    """Sample keys; one that stands in several shards gets the shard's name in front."""
    counts = Counter(row.key for row in rows)
    return tuple(
        readable(row.key if counts[row.key] == 1 else f"{found.shards[row.shard].stem}/{row.key}")
        for row in rows
    )


def _notes(found: _Split) -> list[str]:
    notes = []
    if found.without_picture:
        notes.append(f"{found.without_picture:,} samples without a picture were left out.")
    if found.silent:
        notes.append(f"{len(found.silent):,} samples say nothing of their picture: {and_more(found.silent)}.")
    return notes
