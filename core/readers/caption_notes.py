"""What a reader finds in captions: what was left out, what is repeated, and what several pictures share."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from pathlib import PurePosixPath

from core.readers.base import and_more
from core.readers.caption_pictures import Lookup
from core.readers.caption_rows import CaptionRow
from core.readers.name_entries import is_number
from core.types import IntArray, Note

_OPTIONAL = 0.1
"""Up to a tenth of missing captions or pictures is a remark; more makes another data set."""


def file_findings(rows: Sequence[CaptionRow], found: Lookup, elsewhere: Collection[str]) -> list[Note]:
    """What of a file and its folder was not used, each with how many and which."""
    captioned = {found[row.picture] for row in rows if row.caption}
    lost = [row.picture for row in rows if row.caption and not found[row.picture]]
    bare = [name for name in found.names if name not in captioned and name not in elsewhere]
    notes = []
    if lost:
        text = f"Captions left out because their image is missing: {len(lost):,} ({_named(lost)})."
        notes.append(Note(text, "captions_without_picture", "warning"))
        notes += _shifted(lost, bare)
    if bare:
        text = f"Images left out because they have no caption: {len(bare):,} ({and_more(bare)})."
        notes.append(Note(text, "pictures_without_caption"))
    if found.crossed:
        pair = next(f"{picture} is {name} here" for picture, name in found.crossed.items())
        text = f"Images found in the folder of another split than they name: {len(found.crossed):,} ({pair})."
        notes.append(Note(text, "other_split", "warning"))
    return [*notes, *_lost_captions(rows)]


def _shifted(lost: Sequence[str], bare: Sequence[str]) -> list[Note]:
    """One number too many at one end and one too few at the other: the two sides count from different numbers."""
    numbered = [name for name in bare if is_number(PurePosixPath(name).stem)]
    if len(set(lost)) != 1 or len(numbered) != 1 or not is_number(PurePosixPath(lost[0]).stem):
        return []
    text = (
        f"The captions name {lost[0]}, which is not here, and not {numbered[0]}, which is: if one side counts from "
        "0 and the other from 1, every caption belongs to the image next to it."
    )
    return [Note(text, "shifted_numbers", "warning")]


def _lost_captions(rows: Sequence[CaptionRow]) -> list[Note]:
    """Rows whose caption is no text, by the reason."""
    groups = defaultdict[str, list[str]](list)
    for row in rows:
        if row.lost:
            groups[row.lost].append(f"{row.where} of {row.picture}")
    said = sum(1 for row in rows if row.where)
    return [
        Note(
            f"Captions that are {why}, left out: {len(places):,} ({_named(places)}).",
            "captions_left_out",
            "warning" if len(places) > _OPTIONAL * said else "info",
        )
        for why, places in groups.items()
    ]


def caption_findings(captions: Sequence[str], image_index: IntArray) -> list[Note]:
    """Captions (m,) that stand twice at one picture, and those that several pictures share (m,): equal captions are
    one text to a model, so no rule for ties lets all of their pictures win."""
    pairs = {(int(picture), caption) for picture, caption in zip(image_index, captions, strict=True)}
    repeated = len(captions) - len(pairs)
    pictures_of = Counter(caption for _, caption in {(picture, caption.lower()) for picture, caption in pairs})
    shared = {caption for caption, count in pictures_of.items() if count > 1}
    notes = []
    if repeated:
        notes.append(Note(f"Duplicate captions of the same image: {repeated:,}.", "captions_twice"))
    if shared:
        text = (
            f"Captions shared by several images: {len(shared):,}. No model can rank each of these images first, and "
            "ties count as misses."
        )
        many = sum(caption.lower() in shared for caption in captions) > len(captions) / 2
        notes.append(Note(text, "captions_shared", "warning" if many else "info"))
    return notes


def _named(names: Sequence[str]) -> str:
    return and_more(list(dict.fromkeys(names)))
