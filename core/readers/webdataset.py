"""`wds:PATH`: pictures in webdataset shards, with .cls labels, .txt captions or a .json of either.

A .cls holds a class number or a class name. A .npy holds a number for each class, 1 where the picture has it, else 0,
so that it may have none or several, as in CLIP_benchmark's multi-label sets; a list of labels in .cls or .json does the
same. The names of numbered classes come from a classnames.txt beside the shards or one folder above, the set's own
templates from zeroshot_classification_templates.txt there, as CLIP_benchmark lays them out. A .txt holds one caption a
line. In a .json the keys label, cls, class, class_name or labels count as a label, and caption, captions or text as
captions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.catalog.benchmark_names import shards_named
from core.errors import BadImage, NotHere, TMVError
from core.images.decode import MAX_BYTES
from core.readers.base import and_more, choose_split, class_note, hashed_half, os_reason, readable
from core.readers.caption_notes import caption_findings
from core.readers.label_table import several_note
from core.readers.shard_labels import MISSING_WORDS, Heard, contradiction, find_source, said_by, untold
from core.readers.shard_lists import Label, Listed, Several, settled
from core.readers.shard_samples import Findings, pictured
from core.readers.shard_sets import CLASSNAMES, TEMPLATES, Names, curated_names, listed_names, own_templates
from core.readers.shards import Member, ShardSet, find_shards, read_index
from core.readers.split_names import measured_first
from core.readers.stamps import file_stamp
from core.stats.numbers import count
from core.types import Dataset, DatasetSpec, Note

_SMALL = 1_000_000
_COMPARED = 8
"""Shards in which labels in .cls are compared with those in .json."""


@dataclass(frozen=True, slots=True, kw_only=True)
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
            raise BadImage("truncated shard: it ends before this image does")
        return content

    def stamp(self, index: int) -> str:
        """The shard's stamp and the picture's place in it."""
        shard, offset, size = map(int, self.places[index])
        return f"{file_stamp(self.shards[shard])}@{offset}+{size}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One sample with a picture and what it says about it: a label, several of them, captions or nothing. `written` is
    a list of labels until those of all samples say how it is meant."""

    key: str
    shard: int
    picture: Member
    label: Label | None = None
    written: Listed | None = None
    labels: tuple[Label, ...] | None = None
    several: Several | None = None
    captions: tuple[str, ...] = ()

    @property
    def answered(self) -> bool:
        """Whether it says which classes the picture has, be it none."""
        return self.label is not None or self.labels is not None or self.several is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Split:
    """The rows of one split, the keys of samples that said nothing, and what else was found."""

    shards: tuple[Path, ...]
    rows: tuple[_Row, ...]
    silent: tuple[str, ...]
    notes: tuple[Note, ...]


def describe_shards(spec: DatasetSpec, path: Path) -> DatasetSpec:
    """The generic record with kind, splits, class names and own templates filled in from the shards."""
    names = listed_names(path)
    splits, names, _ = scored_classes(spec, _read_splits(path, names), names)
    return _described(spec, path, splits, names)


def open_shards(spec: DatasetSpec, split: str | None, path: Path) -> Dataset:
    """Rows of one split. Raises `NotHere` or `TMVError` with what was expected and what is there."""
    names = listed_names(path)
    splits, names, mask = scored_classes(spec, _read_splits(path, names), names)
    full = _described(spec, path, splits, names)
    chosen = choose_split(full, split, full.splits, path)
    half = chosen if chosen not in splits else None
    found = splits["all" if half else chosen]
    if full.kind == "captions":
        return _captioned(full, chosen, found)
    rows = [row for each in splits.values() for row in each.rows]
    numbers = {label for row in rows for label in (row.label, *(row.labels or ())) if isinstance(label, int)}
    first = int(_from_one(numbers, names))
    return _labelled(full, chosen, found, half, first, [*_class_notes(full, names, numbers), *mask])


def _described(spec: DatasetSpec, path: Path, splits: dict[str, _Split], listed: Names) -> DatasetSpec:
    rows = [row for split in splits.values() for row in split.rows]
    kind: Literal["classification", "captions"] = "classification"
    if any(row.captions for row in rows):
        kind = "captions"
        if labelled := [name for name, split in splits.items() if any(r.answered for r in split.rows)]:
            raise TMVError(f"In {path} some shards hold captions and those of {labelled[0]} labels; open them apart.")
    raw = _raw_names(path, rows, listed)
    names = (*splits, "train", "test") if "all" in splits and raw else tuple(splits)
    default = min(splits, key=measured_first)
    return replace(
        spec,
        kind=kind,
        splits=names,
        default_split=default,
        raw_classnames=raw,
        classnames=curated_names(raw, bool(listed.listed)),
        templates=own_templates(path) if raw else (),
    )


# --- samples ----------------------------------------------------------------------------------------------


def _read_splits(path: Path, names: Names) -> dict[str, _Split]:
    splits = {name: _read_split(shards) for name, shards in find_shards(path).items()}
    if not any(split.rows for split in splits.values()):
        silent = [key for split in splits.values() for key in split.silent]
        if silent:
            raise NotHere(
                f"Of {count(len(silent), 'image')} in {path} none has a label or caption that can be read "
                f"({and_more(silent)})."
            )
        raise NotHere(f"The shards of {path} hold no images; expected members like 0001.jpg and 0001.cls.")
    return _without_words_for_nothing(_with_lists(splits), names)


def _with_lists(splits: dict[str, _Split]) -> dict[str, _Split]:
    """Splits whose lists of labels are understood; where each image has just one label, they are ordinary classes."""
    told = [row for split in splits.values() for row in split.rows if _told(row) is not None]
    if not any(row.written for row in told):
        return splits
    each, note = settled([found for row in told if (found := _told(row)) is not None])
    one, answers = all(isinstance(found, tuple) and len(found) == 1 for found in each), iter(each)
    return {
        name: replace(
            split,
            rows=tuple(row if _told(row) is None else _meant(row, next(answers), one) for row in split.rows),
            notes=(*split.notes, note),
        )
        for name, split in splits.items()
    }


def _told(row: _Row) -> Listed | Several | Label | None:
    return row.label if row.label is not None else row.written or row.several


def _meant(row: _Row, found: Several | tuple[Label, ...], one: bool) -> _Row:
    if isinstance(found, Several):
        return replace(row, written=None, several=found)
    return replace(row, written=None, label=found[0]) if one else replace(row, written=None, label=None, labels=found)


def _read_split(shards: ShardSet) -> _Split:
    rows: list[_Row] = []
    silent: list[str] = []
    findings, heard = Findings(), Heard()
    found = [pictured(shard, read_index(shard), findings) for shard in shards.paths]
    samples = [[sample for sample, _ in pairs] for pairs in found]
    # The first shard that says anything decides: one before it that says nothing is then silent, not unlabelled.
    source = next(filter(None, map(find_source, shards.paths, samples)), None)
    for number, (shard, pairs) in enumerate(zip(shards.paths, found, strict=True)):
        for (sample, picture), said in zip(pairs, said_by(shard, samples[number], source, heard), strict=True):
            if said is None and source:
                silent.append(sample.key)
            elif isinstance(said, Listed):
                rows.append(_Row(key=sample.key, shard=number, picture=picture, written=said))
            elif isinstance(said, Several):
                rows.append(_Row(key=sample.key, shard=number, picture=picture, several=said))
            elif isinstance(said, tuple):
                rows.append(_Row(key=sample.key, shard=number, picture=picture, captions=said))
            else:
                rows.append(_Row(key=sample.key, shard=number, picture=picture, label=said))
    notes = [*shards.notes, *findings.notes(source is not None), *heard.said()]
    if source and source.also:
        what = "Captions" if source.extension == "txt" else "Labels"
        text = f"{what} are from .{source.extension}; also there, and not used: {source.also}."
        notes.append(Note(text, "captions_not_used"))
    if two := next(
        filter(None, (contradiction(*each, source) for each in zip(shards.paths[:_COMPARED], samples, strict=True))), ""
    ):
        text = f"{two}; the labels in .{source.extension if source else ''} are used."
        notes.append(Note(text, "two_labels", "warning"))
    if source is None and (beside := next(filter(None, map(untold, shards.paths, samples)), "")):
        text = f"Beside the images, and not read as labels or captions: {beside}; labels are read from .cls or .json."
        notes.append(Note(text, "members_not_read", "warning"))
    _refuse_numbers_for_captions(rows)
    return _Split(shards=shards.paths, rows=tuple(rows), silent=tuple(silent), notes=tuple(notes))


def _refuse_numbers_for_captions(rows: Sequence[_Row]) -> None:
    captions = [caption for row in rows for caption in row.captions]
    if captions and all(caption.isdigit() for caption in captions):
        raise TMVError(f"Every caption is a number ({captions[0]} of {rows[0].key}); labels belong in .cls.")


def _without_words_for_nothing(splits: dict[str, _Split], names: Names) -> dict[str, _Split]:
    """ "null" and "nan" among numbers are no class; among words "none" may be one, and what is listed is."""
    words = {row.label for s in splits.values() for row in s.rows if isinstance(row.label, str)}
    numbers = any(isinstance(row.label, int) for s in splits.values() for row in s.rows)
    nothing = {w for w in words if w.lower() in MISSING_WORDS and (numbers or w != "none") and w not in names.listed}
    if not nothing:
        return splits
    return {
        name: replace(
            split,
            rows=tuple(row for row in split.rows if row.label not in nothing),
            silent=(*split.silent, *(row.key for row in split.rows if row.label in nothing)),
        )
        for name, split in splits.items()
    }


def scored_classes(
    spec: DatasetSpec, splits: dict[str, _Split], names: Names
) -> tuple[dict[str, _Split], Names, tuple[Note, ...]]:
    """Splits and names with the classes alone that a benchmark scores, and the note on it: ImageNet-R and -A have
    images of 200 of ImageNet's 1,000 classes and are scored among these, so the other names are no answers. Only where
    the folder is named so and just as many classes as the set has do occur."""
    meant = shards_named(spec.name.partition(":")[2])
    labels = {row.label for split in splits.values() for row in split.rows}
    numbers = sorted(label for label in labels if isinstance(label, int))
    fits = meant is not None and len(names.listed) > meant.classes == len(numbers) == len(labels)
    if meant is None or not fits or numbers[-1] >= len(names.listed) or names.first not in (None, 0):
        return splits, names, ()
    place = {label: i for i, label in enumerate(numbers)}
    kept = {
        name: replace(
            split, rows=tuple(replace(r, label=place[r.label]) if isinstance(r.label, int) else r for r in split.rows)
        )
        for name, split in splits.items()
    }
    said = (
        f"{meant.title} is scored among the {meant.classes:,} classes that have images, as its published figures are; "
        f"the other {len(names.listed) - meant.classes:,} of the {len(names.listed):,} names in {CLASSNAMES} are no "
        "answers."
    )
    listed = tuple(names.listed[i] for i in numbers)
    return kept, replace(names, listed=listed, first=None), (Note(said, "scored_classes"),)


# --- classes and rows -------------------------------------------------------------------------------------


def _raw_names(path: Path, rows: Sequence[_Row], names: Names) -> tuple[str, ...]:
    """Class names over all splits: classnames.txt, else the names or numbers in the labels."""
    labels = {row.label for row in rows if row.label is not None}
    labels |= {label for row in rows for label in row.labels or ()}
    if widths := {row.several.classes for row in rows if row.several}:
        return _of_vectors(path, widths, bool(labels), names)
    if not labels:
        return ()
    listed = names.listed
    numbers = [label for label in labels if isinstance(label, int)]
    words = [label for label in labels if isinstance(label, str)]
    if numbers and words:
        raise TMVError(f"The labels in {path} mix numbers and names ({and_more(sorted(words))}).")
    if words:
        strange = sorted(set(words) - set(listed)) if listed else []
        if strange:
            raise TMVError(f"classnames.txt of {path} lacks the label {strange[0]!r}; add it.")
        return listed or tuple(sorted(words))
    if max(numbers) > _SMALL:
        raise TMVError(f"{path} has the label {max(numbers)}, no class number; classes count from 0.")
    if listed:
        _refuse_other_numbers(path, numbers, names)
    return listed or tuple(str(number) for number in range(max(numbers) + 1))


def _of_vectors(path: Path, widths: set[int], labels: bool, names: Names) -> tuple[str, ...]:
    """Class names of vectors with a number for each class."""
    if labels or len(widths) > 1:
        held = (
            "both .cls and .npy labels"
            if labels
            else f"vectors of {and_more([str(w) for w in sorted(widths)])} classes"
        )
        raise TMVError(f"The shards of {path} hold {held}; every image needs a .npy with one number for each class.")
    (width,) = widths
    if names.listed and len(names.listed) != width:
        raise TMVError(
            f"The labels in {path} are for {width} classes, but classnames.txt has {len(names.listed)} names."
        )
    return names.listed or tuple(str(number) for number in range(width))


def _refuse_other_numbers(path: Path, numbers: Sequence[int], names: Names) -> None:
    """Labels must count as the list does: nothing is shifted in silence."""
    low, high, count = min(numbers), max(numbers), len(names.listed)
    from_one = low > 0 and names.first == 1
    if high == count and low > 0 and not from_one:
        raise TMVError(
            f"The labels in {path} go from {low} to {high}, for {count} names in classnames.txt: they seem to count "
            "from 1, but classes count from 0. Write them from 0, or put each name's number in front of it."
        )
    if high > count - (not from_one):
        raise TMVError(f"{path} has the label {high}; classnames.txt has only {count} names.")
    if from_one and high < count:
        raise TMVError(
            f"classnames.txt of {path} counts from 1 and no label is 0 or {count}: whether label 1 is "
            f"{names.listed[0]!r} or {names.listed[1]!r} cannot be told. Number the names as the labels do."
        )


def _class_notes(spec: DatasetSpec, names: Names, numbers: set[int]) -> list[Note]:
    notes = list(names.notes) if spec.raw_classnames else []
    if spec.templates:
        text = (
            f"The shards bring their own templates ({TEMPLATES}): {and_more(spec.templates)} They are used "
            "where no other are asked for."
        )
        notes.append(Note(text, "own_templates"))
    if numbers and not names.listed and min(numbers) == 1:
        text = "No image has the label 0: the labels seem to count from 1, and class 0 is empty."
        notes.append(Note(text, "labels_from_one", "warning"))
    if numbers and _from_one(numbers, names):
        text = f"The labels count from 1, as classnames.txt does: 1 is {names.listed[0]!r}."
        notes.append(Note(text, "labels_from_one"))
    elif names.first == 1 and numbers:
        text = f"classnames.txt counts from 1, the labels from 0: label 0 is {names.listed[0]!r}."
        notes.append(Note(text, "names_from_one"))
    return notes


def _from_one(numbers: set[int], names: Names) -> bool:
    """Whether labels and list both count from 1: then each label is the number that stands before its name."""
    return names.first == 1 and bool(numbers) and min(numbers) > 0 and max(numbers) == len(names.listed)


def _labelled(
    spec: DatasetSpec, split: str, found: _Split, half: str | None, first: int, class_notes: Sequence[Note]
) -> Dataset:
    """`first` is the number of the first class."""
    position = {raw: i for i, raw in enumerate(spec.raw_classnames)}
    rows = found.rows
    values = [_place(row.label, position, first) for row in rows]
    # Rows without a label are those of a split in which no member tells of any.
    notes = _notes(found)
    several = any(row.several or row.labels is not None for row in rows)
    if half:
        keep = hashed_half([row.key for row in rows], [0] * len(rows) if several else values, half)
        rows, values = tuple(rows[i] for i in keep), [values[i] for i in keep]
        notes.append(Note("These shards have no split of their own: train and test are fixed halves by key.", "halves"))
    known = bool(spec.raw_classnames) and all(row.label is not None for row in rows)
    labels = np.asarray(values, dtype=np.int64) if known else None
    each = [_places(row, position, first) for row in rows] if several else []
    pairs = [(i, label) for i, labels in enumerate(each) for label in labels]
    if several:
        notes.append(several_note([len(labels) for labels in each]))
    elif labels is None:
        notes.append(Note("These shards have no labels: the images can be searched, not scored.", "no_labels"))
    if spec.raw_classnames and (several or labels is not None) and all(map(str.isdigit, spec.raw_classnames)):
        text = "The classes have only numbers; put their names into classnames.txt beside the shards."
        notes.append(Note(text, "numbered_classes", "warning"))
    notes += class_notes
    if several or labels is not None:
        notes += class_note([label for _, label in pairs] if several else values, len(spec.raw_classnames))
    return Dataset(
        spec=spec,
        split=split,
        ids=_ids(found, rows),
        pictures=_pictures(found, rows),
        labels=labels,
        label_pairs=np.asarray(pairs, dtype=np.int64).reshape(-1, 2) if several else None,
        classnames=spec.classnames,
        raw_classnames=spec.raw_classnames,
        notes=tuple(notes),
    )


def _place(label: Label | None, position: Mapping[str, int], first: int) -> int:
    """The position of a class among the names; -1 of none."""
    return label - first if isinstance(label, int) else position.get(label or "", -1)


def _places(row: _Row, position: Mapping[str, int], first: int) -> list[int]:
    """Positions of all classes of a picture, in order."""
    if row.several:
        return list(row.several.labels)
    return sorted(_place(label, position, first) for label in row.labels or ())


def _captioned(spec: DatasetSpec, split: str, found: _Split) -> Dataset:
    pairs = [(index, caption) for index, row in enumerate(found.rows) for caption in row.captions]
    captions = tuple(caption for _, caption in pairs)
    picture = np.asarray([index for index, _ in pairs], dtype=np.int64)
    return Dataset(
        spec=spec,
        split=split,
        ids=_ids(found, found.rows),
        pictures=_pictures(found, found.rows),
        captions=captions,
        image_index=picture,
        notes=(*_notes(found), *caption_findings(captions, picture)),
    )


def _pictures(found: _Split, rows: Sequence[_Row]) -> ShardPictures:
    places = [(row.shard, row.picture.offset, row.picture.size) for row in rows]
    return ShardPictures(shards=found.shards, places=np.asarray(places, dtype=np.int64).reshape(-1, 3))


def _ids(found: _Split, rows: Sequence[_Row]) -> tuple[str, ...]:
    """Sample keys; one that stands in several shards gets the shard's name in front."""
    counts, names = Counter(row.key for row in rows), _shard_names(found.shards)
    return tuple(readable(row.key if counts[row.key] == 1 else f"{names[row.shard]}/{row.key}") for row in rows)


def _shard_names(shards: Sequence[Path]) -> list[str]:
    """The shortest ends of their paths that tell shards apart."""
    for depth in range(1, max(len(shard.parts) for shard in shards) + 1):
        names = ["/".join(shard.with_suffix("").parts[-depth:]) for shard in shards]
        if len(set(names)) == len(names):
            break
    return names


def _notes(found: _Split) -> list[Note]:
    notes = list(found.notes)
    counts = Counter(row.key for row in found.rows)
    if several := [key for key, count in counts.items() if count > 1]:
        text = (
            f"Keys found in several shards: {len(several):,} ({and_more(several)}); each sample is kept, with "
            "its shard's name in front."
        )
        notes.append(Note(text, "key_in_shards"))
    if found.silent:
        few = len(found.silent) <= 0.1 * (len(found.rows) + len(found.silent))
        text = f"{len(found.silent):,} samples say nothing of their image: {and_more(found.silent)}."
        notes.append(Note(text, "samples_left_out", "info" if few else "warning"))
    return notes
