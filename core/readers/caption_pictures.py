"""From the names of pictures in a file of captions to the pictures themselves.

Only names of a listing are given out, so "../x" or "/x" finds nothing. Where two pictures could be meant, the folder
that the caption names decides, then the folder of its split; where neither does, the name is refused.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from core.errors import NotHere, TMVError
from core.images.decode import is_picture_name
from core.readers.base import and_more, canonical_split, list_folders, list_pictures, pictures_in
from core.stats.numbers import count

_PROBED = 50
_COMPARED = 20


class Lookup:
    """Picture as written -> its name under `root`, or "" when it is not there.

    A name is also found when it is spelled differently in Unicode (as macOS does), with a folder in front that is not
    on this disk, or without its suffix. Raises `TMVError` for a name that could be several pictures.
    """

    def __init__(self, root: Path, wanted: Sequence[str], deep: bool = False) -> None:
        flat = not deep and all("/" not in name and "\\" not in name for name in wanted)
        self.root = root
        self.crossed: dict[str, str] = {}
        """Pictures found in a folder of another split than the one they name."""
        self.names = pictures_in(root) if flat else list_pictures(root)
        self._exact = set(self.names)
        self._folded = {_fold(name): name for name in self.names}
        self._by_base = defaultdict[str, list[str]](list)
        for name in self.names:
            self._by_base[_fold(base(name))].append(name)
        self._by_stem = defaultdict[str, list[str]](list)
        if any(not is_picture_name(name) for name in wanted):
            for name in self.names:
                self._by_stem[_fold(base(name)).rpartition(".")[0]].append(name)
        self._found = {name: self._find(name) for name in wanted}
        self._part_ways()

    def __getitem__(self, picture: str) -> str:
        if picture not in self._found:
            self._found[picture] = self._find(picture)
        return self._found[picture]

    def of_others(self, pictures: Iterable[str]) -> set[str]:
        """What these find, which are not asked for themselves: a name that could be several finds nothing."""
        found = set()
        for picture in pictures:
            with contextlib.suppress(TMVError):
                found.add(self[picture])
        return found

    def _find(self, picture: str) -> str:
        if picture in self._exact:
            return picture
        folded = _fold(picture)
        if folded in self._folded:
            return self._folded[folded]
        candidates = self._by_base.get(base(folded)) or self._of_stem(base(folded))
        found = _of_folder(folded, candidates, self.root)
        if found and _other_split(folded, found):
            self.crossed[picture] = found
        return found

    def _of_stem(self, name: str) -> list[str]:
        return [] if not name or is_picture_name(name) else self._by_stem.get(name, [])

    def _part_ways(self) -> None:
        """Two names that are not the same picture must not find one file: then that in the folder named has it."""
        asked = defaultdict[str, list[str]](list)
        for picture, name in self._found.items():
            if name:
                asked[name].append(picture)
        for name, pictures in asked.items():
            if len(pictures) < 2:
                continue
            parts = [_fold(picture).split("/") for picture in pictures]
            longest = max(parts, key=len)
            if any(longest[-len(part) :] != part for part in parts):
                for picture in pictures:
                    if _fold(picture) != _fold(name):
                        self._found[picture] = ""


def base(name: str) -> str:
    """The name without its folders."""
    return name.replace("\\", "/").rsplit("/", 1)[-1]


def _fold(name: str) -> str:
    plain = unicodedata.normalize("NFC", name.replace("\\", "/"))
    return plain.removeprefix("./")


def _of_folder(folded: str, candidates: Sequence[str], root: Path) -> str:
    """Of files of one name that in the folders which the caption names, and of its split rather than another."""
    fitting = [name for name in candidates if not _other_split(folded, name)] or list(candidates)
    if len(fitting) < 2:
        return fitting[0] if fitting else ""
    own = folded.split("/")[:-1]
    shared = {name: _tail(own, _fold(name).split("/")[:-1]) for name in fitting}
    best = [name for name in fitting if shared[name] == max(shared.values())]
    if len(best) > 1:
        raise TMVError(f"{folded} could be {and_more(best)} in {root}; write its folder into the file of captions.")
    return best[0]


def _other_split(picture: str, name: str) -> bool:
    """Whether the folders of both name a split, and not the same."""
    words = [{s for part in path.split("/")[:-1] if (s := split_of(part))} for path in (picture, name)]
    return bool(words[0] and words[1]) and not words[0] & words[1]


def split_of(name: str) -> str | None:
    """ "captions_val2017" -> "val"; None where a name tells no split."""
    for word in re.split(r"[^a-z]+", name.lower()):
        if canonical_split(word):
            return canonical_split(word)
    return None


def _tail(own: Sequence[str], other: Sequence[str]) -> int:
    """How many of the last folders are the same."""
    count = 0
    for a, b in zip(reversed(own), reversed(other), strict=False):
        if a != b:
            break
        count += 1
    return count


# --- which folder -----------------------------------------------------------------------------------------


def find_pictures(file: Path, wanted: Sequence[str], split: str) -> Lookup:
    """The pictures near the file: of the folder that holds most of the first ones asked for.

    Raises `NotHere` where there are none, `TMVError` where several folders hold different pictures of these names.
    """
    places = _places(file)
    probes = list(wanted[:_PROBED]) + list(wanted[-_PROBED:])
    hits = [(_hits(place, probes), _hits(place, [base(name) for name in probes])) for place in places]
    if split and any(any(found) and split_of(place.name) == split for place, found in zip(places, hits, strict=True)):
        other = [split_of(place.name) not in (split, None) for place in places]
        hits = [(0, 0) if wrong else found for wrong, found in zip(other, hits, strict=True)]
    best = max(hits)
    tied = [place for place, found in zip(places, hits, strict=True) if found == best]
    if not any(best):
        return _anywhere(file, wanted, places, probes)
    place = tied[0] if tied[0] == file.parent else _one_of(tied, split, probes, file)
    found = Lookup(place, wanted)
    missing = {base(name) for name in wanted if not found[name]}
    own = bool(split) and split_of(place.name) == split
    if missing and not own and any(missing & set(pictures_in(other)) for other in places if other != place):
        wider = Lookup(_common(file), wanted, deep=True)
        if sum(bool(wider[name]) for name in wanted) > sum(bool(found[name]) for name in wanted):
            return wider
    return found


def _anywhere(file: Path, wanted: Sequence[str], places: Sequence[Path], probes: Sequence[str]) -> Lookup:
    """Where no folder holds the names as they are: without their suffix, or anywhere below."""
    by_stem = _by_stem(places, probes)
    found = Lookup(by_stem or _common(file), wanted, deep=by_stem is None)
    if not any(found[name] for name in wanted):
        raise NotHere(none_found(file, wanted))
    return found


def _places(file: Path) -> list[Path]:
    places = [file.parent, *(file.parent / name for name in list_folders(file.parent))]
    if _common(file) != file.parent:
        above = _common(file)
        places += [above, *(above / name for name in list_folders(above))]
        places += [above / "images" / name for name in _folders_if_any(above / "images")]
    return places


def _common(file: Path) -> Path:
    """The folder that holds file and pictures: one up from "annotations"."""
    return file.parent.parent if file.parent.name.lower().startswith(("annot", "caption")) else file.parent


def _folders_if_any(folder: Path) -> list[str]:
    return list_folders(folder) if folder.is_dir() else []


def _hits(place: Path, names: Iterable[str]) -> int:
    """How many of the names are files below `place`; names that point elsewhere never are."""
    inside = [name.replace("\\", "/") for name in names if "\0" not in name]
    safe = [name for name in inside if not name.startswith("/") and ".." not in name.split("/")]
    return sum(_is_file(place / name) for name in safe)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long for one, such as a caption in the wrong column
        return False


def _by_stem(places: Sequence[Path], probes: Sequence[str]) -> Path | None:
    """The folder with most pictures of these names where they are written without their suffix."""
    stems = {base(name) for name in probes if not is_picture_name(name)}
    counts = [sum(Path(name).stem in stems for name in pictures_in(place)) for place in places] if stems else [0]
    return places[counts.index(max(counts))] if max(counts) else None


def _one_of(tied: Sequence[Path], split: str, probes: Sequence[str], file: Path) -> Path:
    """Of folders that hold the same names that of the split; any where their pictures are the same."""
    own = [place for place in tied if split_of(place.name) == split] if split else []
    if len(own) == 1 or len(tied) == 1:
        return (own or tied)[0]
    rest = own or list(tied)
    for other in rest[1:]:
        for name in probes[:_COMPARED]:
            if not _same(rest[0], other, name):
                both = f"{_folder(rest[0], file)} and in {_folder(other, file)}"
                raise TMVError(
                    f"{base(name)} of {file.name} is in {both}, and the images differ; write the folder into the "
                    "names, or move one of them away."
                )
    return rest[0]


def _folder(place: Path, file: Path) -> str:
    return str(place.relative_to(_common(file))) if place != _common(file) else str(place)


def _same(a: Path, b: Path, name: str) -> bool:
    """Whether both folders hold the same content under a name, or one of them nothing."""
    there = [_file(place, name) for place in (a, b)]
    if there[0] is None or there[1] is None:
        return True
    if there[0].stat().st_size != there[1].stat().st_size:
        return False
    return there[0].read_bytes() == there[1].read_bytes()


def _file(place: Path, name: str) -> Path | None:
    for each in (name, base(name)):
        if _hits(place, [each]):
            return place / each.replace("\\", "/")
    return None


def none_found(file: Path, wanted: Sequence[str]) -> str:
    """The sentence for a file whose pictures are not there."""
    odd = "" if any(map(is_picture_name, wanted)) else " These names do not end as images do (.jpg, .png)."
    return (
        f"Of {count(len(wanted), 'image')} named in {file.name} ({and_more(wanted, 2)}) none was found in "
        f"{file.parent} or the folders beside it; put them there.{odd}"
    )
