"""The picture of each sample, and what of a shard was left out on the way.

A key ends at the first dot of a name, as the webdataset format says, so "photo.0.png" and "photo.1.png" are two
members of one sample "photo". What shares a key in this way is lost, and that is a fault of the number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from core.readers.base import and_more
from core.readers.shard_labels import IMAGES, dotted_teller
from core.readers.shards import Member, Sample, ShardIndex
from core.readers.tar_index import NO_END
from core.types import Note

_TELLERS = frozenset({"cls", "txt", "json", "cls.txt", "npy"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """A sample with several pictures: the one that is kept, and the names of the others."""

    key: str
    kept: str
    lost: tuple[str, ...]
    extensions: frozenset[str]


@dataclass(slots=True, kw_only=True)
class Findings:
    """What is gathered over the shards of a split."""

    without_picture: int = 0
    strange: set[str] = field(default_factory=set)
    twice: list[str] = field(default_factory=list)
    unnamed: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    ends: list[Note] = field(default_factory=list)
    beside: list[_Choice] = field(default_factory=list)
    several: list[_Choice] = field(default_factory=list)
    dotted_labels: list[str] = field(default_factory=list)

    def notes(self, labelled: bool) -> list[Note]:
        """All of it in sentences."""
        notes = list(self.ends)
        if self.without_picture:
            held = f" (they hold {and_more(sorted(self.strange))})" if self.strange else ""
            text = f"{self.without_picture:,} samples without an image were left out{held}."
            notes.append(Note(text, "samples_left_out"))
        if self.twice:
            text = (
                f"Duplicate names in one shard: {len(self.twice):,} ({and_more(self.twice)}); the first of "
                "them is kept, the other left out."
            )
            notes.append(Note(text, "name_twice", "warning"))
        if self.unnamed:
            text = f"Files without an ending were left out: {len(self.unnamed):,} ({and_more(self.unnamed)})."
            notes.append(Note(text, "members_left_out"))
        if self.links:
            text = f"Links inside a shard are not followed: {len(self.links):,} ({and_more(self.links)}) were left out."
            notes.append(Note(text, "links_left_out", "warning"))
        return [*notes, *self._choices(labelled)]

    def _choices(self, labelled: bool) -> list[Note]:
        notes = []
        if self.beside:
            first, lost = self.beside[0], sum(len(choice.lost) for choice in self.beside)
            text = f"Images beside the main one of their sample, left out: {lost:,} ({first.lost[0]})."
            notes.append(Note(text, "side_pictures"))
        if self.several:
            notes.append(_several_note(self.several))
        if self.dotted_labels:
            members = f"{len(self.dotted_labels):,} ({and_more(self.dotted_labels)})"
            text = f"Labels or captions with a dot in their name are not read: {members}; a key ends at the first dot."
            notes.append(Note(text, "dotted_names", "info" if labelled else "warning"))
        return notes


def _several_note(several: list[_Choice]) -> Note:
    """Views of one thing have the same endings in every sample; numbers cut off at a dot do not."""
    first, lost = several[0], sum(len(choice.lost) for choice in several)
    if len(several) > 1 and len({choice.extensions for choice in several}) == 1:
        text = (
            f"{len(several):,} samples have several images: {first.kept} is used, {and_more(first.lost)} left "
            "out, and so in each."
        )
        return Note(text, "several_pictures", "warning")
    samples = f"{lost + len(several):,} images share {len(several):,} key" + ("s" if len(several) > 1 else "")
    text = (
        f"{samples}: a key ends at the first dot of a name. Of {first.key} {first.kept} is kept; in all {lost:,} "
        f"images are lost ({and_more(first.lost)}). Write the names without dots."
    )
    return Note(text, "shared_key", "fault")


def pictured(shard: Path, index: ShardIndex, findings: Findings) -> list[tuple[Sample, Member]]:
    """The samples with a picture, each with the one that is kept; the rest goes into `findings`."""
    findings.twice += [f"{name} in {shard.name}" for name in index.twice]
    findings.unnamed += index.unnamed
    findings.links += index.links
    if index.end:
        what = "it may be cut off" if index.end == NO_END else "what follows is not read"
        findings.ends.append(Note(f"{shard.name} {index.end}; {what}.", "tar_end", "warning"))
    found = []
    for sample in index.samples:
        findings.dotted_labels += [
            f"{sample.key}.{m.extension}" for m in sample.members if dotted_teller(sample, m) and _numbered(m.extension)
        ]
        picture = _picture(sample, findings)
        if picture is not None:
            found.append((sample, picture))
        else:
            findings.without_picture += 1
            findings.strange |= {m.extension for m in sample.members} - _TELLERS
    return found


def _picture(sample: Sample, findings: Findings) -> Member | None:
    """The member with the plainest extension ("jpg" before "seg.png")."""
    found = [m for m in sample.members if m.extension.rsplit(".", 1)[-1] in IMAGES]
    if len(found) < 2:
        return found[0] if found else None
    found.sort(key=lambda m: (m.extension.count("."), m.extension))
    kept, *lost = found
    alone = kept.extension.count(".") < lost[0].extension.count(".")
    names = [f"{sample.key}.{m.extension}" for m in found]
    choice = _Choice(
        key=sample.key, kept=names[0], lost=tuple(names[1:]), extensions=frozenset(m.extension for m in found)
    )
    plain = alone and not any(_numbered(m.extension) for m in lost)
    (findings.beside if plain else findings.several).append(choice)
    return kept


def _numbered(extension: str) -> bool:
    """Whether a part before its ending is a number, as of "2021.01.05.jpg"."""
    return any(part.isdigit() for part in extension.split(".")[:-1])
