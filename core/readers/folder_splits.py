"""Which folders at one level are splits, and where the class folders of each begin.

A name alone does not decide: "train" beside "bus" and "tram" is a vehicle, "bullet_train" beside "steam_train" too,
"seg_train" beside "seg_test" are splits. What lies in the folders and beside them decides; where that cannot, the
folder is refused with its name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import TMVError
from core.readers.base import and_more, holds_pictures, list_folders, pictures_in
from core.readers.name_entries import fold
from core.readers.split_names import CONTAINERS, SIDES, SplitName, split_name

_DEEPEST = 3


@dataclass(slots=True, kw_only=True)
class Disk:
    """Listings of one reading, each made once."""

    _pictured: dict[Path, tuple[str, ...]] = field(default_factory=dict)
    _flat: dict[Path, bool] = field(default_factory=dict)

    def pictured(self, folder: Path) -> tuple[str, ...]:
        """Subfolders that hold pictures, sorted."""
        if folder not in self._pictured:
            found = (name for name in list_folders(folder) if holds_pictures(folder / name))
            self._pictured[folder] = tuple(found)
        return self._pictured[folder]

    def flat(self, folder: Path) -> bool:
        """Whether pictures lie directly in it."""
        if folder not in self._flat:
            self._flat[folder] = bool(pictures_in(folder))
        return self._flat[folder]


def splits_at(disk: Disk, root: Path) -> tuple[SplitName, ...]:
    """The folders in `root` that are splits; none where they are classes. Raises `TMVError` for a mixture of both."""
    names = disk.pictured(root)
    found = [split for name in names if (split := split_name(name))]
    taken = [split for split in found if split.exact or _belongs(disk, root, split, found, len(names))]
    if not _are_splits(disk, root, taken):
        return ()
    beside = [name for name in names if name not in {split.folder for split in taken} and disk.flat(root / name)]
    if not beside or _outweigh(disk, root, taken, beside):
        return tuple(taken)
    return ()


def inside(disk: Disk, folder: Path) -> Path:
    """Where the class folders of a split begin: train/train/CLASS and train/images/CLASS are one folder deeper."""
    name = split_name(folder.name)
    for _ in range(_DEEPEST):
        deeper = None if disk.flat(folder) else container(disk.pictured(folder))
        if deeper is None and not disk.flat(folder) and len(disk.pictured(folder)) == 1:
            only = disk.pictured(folder)[0]
            own = split_name(only)
            again = own is not None and own.exact and name is not None and own.split == name.split
            deeper = only if again or fold(only) == fold(folder.name) else None
        if deeper is None:
            return folder
        folder = folder / deeper
    return folder


def container(names: Sequence[str]) -> str | None:
    """ "images", where it lies alone or beside what was drawn about the pictures (masks, labels)."""
    holders = [name for name in names if fold(name) in CONTAINERS]
    rest = [name for name in names if name not in holders]
    return holders[0] if len(holders) == 1 and all(fold(name) in SIDES for name in rest) else None


def inner_splits(disk: Disk, folder: Path) -> tuple[str, ...]:
    """Folders in a split that are splits themselves, if all are: then this one is no split."""
    names = disk.pictured(inside(disk, folder))
    found = [split_name(name) for name in names]
    different = {split.split for split in found if split is not None and split.exact}
    return names if len(different) > 1 and all(split is not None and split.exact for split in found) else ()


# --- which of the names are splits ------------------------------------------------------------------------


def _classes_of(disk: Disk, root: Path, split: SplitName) -> tuple[str, ...]:
    return disk.pictured(inside(disk, root / split.folder))


def _belongs(disk: Disk, root: Path, split: SplitName, found: Sequence[SplitName], n: int) -> bool:
    """Whether a name that only speaks of a split is one, by what lies in it and by its neighbours."""
    classes = set(_classes_of(disk, root, split))
    others = [other for other in found if other is not split]
    if split.plain and (classes or n == 1 or any(other.split != split.split for other in others)):
        return True
    if any(other.rest == split.rest and other.split != split.split for other in others):
        return True
    shared = any(classes & set(_classes_of(disk, root, other)) for other in others)
    return shared or (n == 1 and len(classes) > 1)


def _are_splits(disk: Disk, root: Path, taken: Sequence[SplitName]) -> bool:
    """Folders without class folders are splits too, if one has nothing but a split's name, or two differ in it."""
    if any(_classes_of(disk, root, split) for split in taken):
        return True
    alone = len(taken) == 1 and taken[0].plain
    return alone or any(split.exact for split in taken) or len({split.split for split in taken}) > 1


def _outweigh(disk: Disk, root: Path, taken: Sequence[SplitName], beside: Sequence[str]) -> bool:
    """Whether splits are splits although folders of pictures lie beside them; False: all are classes."""
    classes = {split: _classes_of(disk, root, split) for split in taken}
    inner = {fold(name) for names in classes.values() for name in names}
    twice = [name for name in beside if fold(name) in inner]
    deep = [split for split, names in classes.items() if len(names) > 1 or (names and twice)]
    if not deep:
        return False
    if not twice and len({split.split for split in deep}) > 1:
        return True
    if not twice and len(beside) > 1:
        return False
    first = root / deep[0].folder
    raise TMVError(
        f"{root} mixes splits and classes: {deep[0].folder} holds class folders "
        f"({and_more(_classes_of(disk, root, deep[0]))}), but {and_more(beside)} beside it holds images; move one of "
        f"them, or give folder:{first} for that split alone."
    )


# --- what each is called ----------------------------------------------------------------------------------


def named_splits(taken: Sequence[SplitName]) -> dict[str, tuple[str, ...]]:
    """Split -> its folders, in the order train, val, test and then by name.

    Folders whose names are one word in two spellings ("Train", "training") are one split. Of longer names the only one
    for a split takes its name ("seg_train": "train"); otherwise each keeps its own.
    """
    found: dict[str, tuple[str, ...]] = {}
    for split in taken:
        if split.exact:
            found[split.split] = (*found.get(split.split, ()), split.folder)
    counts = Counter(split.split for split in taken if not split.exact)
    for split in taken:
        if not split.exact:
            free = split.split not in found and counts[split.split] == 1
            name = split.split if free else split.folder.lower()
            found[name] = (*found.get(name, ()), split.folder)
    if "dev" in found and "val" not in found:
        found["val"] = found.pop("dev")
    return {name: found[name] for name in sorted(found, key=_order)}


def _order(split: str) -> tuple[int, int, str]:
    order = ("train", "trainval", "val", "dev", "eval", "holdout", "test")
    number = int(split.removeprefix("fold")) if split.startswith("fold") and split[4:].isdigit() else 0
    return (order.index(split) if split in order else len(order), number, split)


def check_together(splits: Mapping[str, Sequence[str]], rows: Mapping[str, Sequence[str]]) -> None:
    """Refuse folders that fall to one split and hold files of one name: nobody can tell whether these are copies.

    `rows` are the files of each folder, with their class folder. Raises `TMVError`.
    """
    for split, folders in splits.items():
        counts = Counter(name for folder in folders for name in rows.get(folder, ()))
        twice = [name for name, count in counts.items() if count > 1]
        if len(folders) > 1 and twice:
            raise TMVError(
                f"{' and '.join(folders)} are both the split {split} and both hold {and_more(twice)}; rename one of "
                "the folders, or give one of them alone as folder:PATH."
            )
