"""What a sample says of its picture: labels in .cls, .json or .npy, captions in .txt or .json."""

from __future__ import annotations

import io
import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import TMVError
from core.images.decode import IMAGE_SUFFIXES
from core.readers.base import and_more
from core.readers.shard_lists import Label, Listed, Several, listed, written_list
from core.readers.shards import Member, Sample, read_members
from core.readers.text_files import decoded, text_lines
from core.stats.numbers import count
from core.types import Note

Said = Label | Listed | Several | tuple[str, ...] | None

LABELS = "labels"
LABEL_KEYS = ("label", "cls", "class", "class_name", "classname", LABELS)
CAPTION_KEYS = ("caption", "captions", "text")
MISSING_WORDS = frozenset({"null", "nan", "none"})
SMALL = 1_000_000
IMAGES = frozenset(suffix[1:] for suffix in IMAGE_SUFFIXES)
_NUMBER = re.compile(r"[+-]?(\d{1,9}(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_PROBED = 50


@dataclass(slots=True, kw_only=True)
class Heard:
    """What is to be said of how labels and captions were read, gathered on the way."""

    notes: dict[str, list[Note]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def text(self, content: bytes, where: str) -> str:
        """A member as text; how it was decoded is remembered."""
        read = decoded(content, where)
        for note in read.notes:
            self.notes.setdefault(note.code, []).append(note)
        return read.text.strip()

    def said(self) -> list[Note]:
        """The notes, each kind once."""
        found = [
            Note(f"{len(all_)} members, the first: {all_[0]}" if len(all_) > 1 else all_[0], code, all_[0].level)
            for code, all_ in self.notes.items()
        ]
        if number := self.counts["float"]:
            found.append(
                Note(
                    f"{count(number, 'label is', 'labels are')} written with a point or exponent (1.0, 1e0) and read "
                    "as whole numbers.",
                    "labels_as_floats",
                )
            )
        if number := self.counts["empty"]:
            found.append(Note(f"Captions that are empty or null, left out: {number:,}.", "captions_left_out"))
        if number := self.counts["list"]:
            text = f"{count(number, 'label is', 'labels are')} objects or true and false, which are not read."
            found.append(Note(text, "labels_not_read", "warning"))
        if number := self.counts["marked"]:
            text = (
                f"{count(number, 'label holds', 'labels hold')} | or ; and count as one class name each; several "
                'labels of an image are a list, ["cat", "dog"].'
            )
            found.append(Note(text, "marks_in_labels", "warning"))
        return found


Read = Callable[[bytes, str, Heard], Said]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSource:
    """Which member tells about a picture, and how its content is read; `also` is what else could have told."""

    extension: str
    read: Read
    also: str = ""


def find_source(shard: Path, samples: Sequence[Sample]) -> LabelSource | None:
    """Labels in .cls come first, then vectors of 0 and 1 in .npy, then captions in .txt, then whatever the first .json
    documents hold."""
    extensions = {member.extension for sample in samples for member in sample.members}
    marked = "npy" in extensions and _marks_classes(shard, samples)
    ways: list[tuple[str, Read]] = [("cls", _label), ("cls.txt", _label)]
    ways += [*([("npy", _several)] if marked else []), ("txt", _captions)]
    for extension, read in ways:
        if extension in extensions:
            beside = ".txt" if "txt" in extensions else ""
            if read is _captions:
                beside = "labels in .json" if _holds(_documents(shard, samples), LABEL_KEYS) else ""
            return LabelSource(extension=extension, read=read, also=beside)
    found = _documents(shard, samples)
    captions = _holds(found, CAPTION_KEYS)
    if _holds(found, LABEL_KEYS):
        also = [*(["captions"] if captions else []), *_other_lists(found)]
        return LabelSource(
            extension="json", read=_json_label, also=f"{' and '.join(also)} in the same .json" if also else ""
        )
    return LabelSource(extension="json", read=_json_captions) if captions else None


def _documents(shard: Path, samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """The first .json documents."""
    members = [m for sample in samples for m in sample.members if m.extension == "json"][:_PROBED]
    return [_json(content, "", Heard()) for content in read_members(shard, members, SMALL)]


def untold(shard: Path, samples: Sequence[Sample]) -> str:
    """What stands beside the images of samples that say nothing: endings of members, keys of the .json; "" if none."""
    endings = Counter(m.extension for s in samples for m in s.members if m.extension.rpartition(".")[2] not in IMAGES)
    found = [f".{extension}" for extension, _ in endings.most_common(3)]
    keys = sorted({key for document in _documents(shard, samples) for key in document})
    return and_more(found) + (f" (with {and_more(keys)})" if keys and "json" in endings else "")


def _holds(documents: Sequence[dict[str, Any]], keys: Sequence[str]) -> bool:
    return any(_first(document, keys) is not None for document in documents)


def _other_lists(documents: Sequence[dict[str, Any]]) -> list[str]:
    """The key of lists of labels where a label under another key comes before them and says something else."""
    lists = [(found, _first(d, LABEL_KEYS)) for d in documents if isinstance(found := d.get(LABELS), list)]
    return [f'"{LABELS}"'] if any(found not in (one, [one]) for found, one in lists) else []


def contradiction(shard: Path, samples: Sequence[Sample], source: LabelSource | None) -> str:
    """The first of some samples whose .json names another class by number than its .cls does, in words; else ""."""
    if source is None or not source.extension.startswith("cls"):
        return ""
    found = [(sample, {m.extension: m for m in sample.members}) for sample in samples[:_PROBED]]
    wanted = {source.extension, "json"}
    both = [(sample, there[source.extension], there["json"]) for sample, there in found if wanted <= set(there)]
    members = [member for _, label, document in both for member in (label, document)]
    contents = list(read_members(shard, members, SMALL))
    for (sample, _, _), content, document in zip(both, contents[::2], contents[1::2], strict=True):
        one, two = content.decode("utf-8", "replace").strip(), _first(_json(document, "", Heard()), LABEL_KEYS)
        if one.isdigit() and _names_another(int(one), two):
            return f"{sample.key} has the label {one} in .{source.extension} and {json.dumps(two)} in .json"
    return ""


def _names_another(label: int, said: object) -> bool:
    """Whether this is another class number than `label`, or a list of class numbers that holds more than it."""
    if isinstance(said, list):
        return bool(said) and all(type(each) is int for each in said) and max(said) > 1 and said != [label]
    return type(said) is int and said != label


def said_by(shard: Path, samples: Sequence[Sample], source: LabelSource | None, heard: Heard) -> Iterator[Said]:
    """What each sample says about its picture, in order."""
    if source is None:
        yield from (None for _ in samples)
        return
    tellers = [next((m for m in s.members if m.extension == source.extension), None) for s in samples]
    contents = iter(read_members(shard, [m for m in tellers if m], SMALL))
    for sample, teller in zip(samples, tellers, strict=True):
        where = f"{shard}: {sample.key}.{source.extension}"
        yield source.read(next(contents), where, heard) if teller else None


# --- labels -----------------------------------------------------------------------------------------------


def _label(content: bytes, where: str, heard: Heard) -> Said:
    return _one_or_list(heard.text(content, where), where, heard)


def _json_label(content: bytes, where: str, heard: Heard) -> Said:
    document = _json(content, where, heard)
    key = next((key for key in LABEL_KEYS if document.get(key) is not None), "")
    value = document.get(key)
    if isinstance(value, dict | bool):
        heard.counts["list"] += 1
        return None
    return _one_or_list(value, f'{where} under "{key}"', heard)


def _one_or_list(value: object, where: str, heard: Heard) -> Said:
    """A label, or a list of labels as JSON or as a text writes it."""
    found = value if isinstance(value, list) else written_list(value.strip()) if isinstance(value, str) else None
    if found is None:
        return _as_label(value, where, heard)
    return listed(found, where, lambda each: _as_label(each, where, heard))


def _as_label(value: object, where: str, heard: Heard) -> Label | None:
    """A class number from 0, or a class name; None where there is none. Raises `TMVError` for other numbers."""
    if value is None:
        return None
    text = str(value).strip()
    if any(unicodedata.category(sign) == "Cc" for sign in text):
        raise TMVError(f"{where} is more than a line of text; expected a class number from 0 or a class name.")
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].strip()  # a text as JSON writes it
    if text[:1] in ("[", "{"):
        raise TMVError(f"{where} holds {text[:40]}; expected a class number from 0, a class name or a list of these.")
    if not _NUMBER.fullmatch(text):
        heard.counts["marked"] += "|" in text or ";" in text
        return text or None
    number = float(text)
    if number < 0 or not math.isfinite(number) or not number.is_integer():
        hint = "Where -1 means that there is no label, leave that member out." if number < 0 else "Write whole numbers."
        raise TMVError(f"{where} holds the label {text}; classes are whole numbers from 0. {hint}")
    heard.counts["float"] += not text.lstrip("+").isdigit()
    return int(number)


def _marks_classes(shard: Path, samples: Sequence[Sample]) -> bool:
    """Whether the first .npy are vectors of whole numbers from -1 to 1, and not for example embeddings."""
    members = [m for sample in samples for m in sample.members if m.extension == "npy"][:_PROBED]
    return all(_vector(content) is not None for content in read_members(shard, members, SMALL))


def _vector(content: bytes) -> NDArray[Any] | None:
    try:
        found = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, OSError, EOFError):
        return None
    plain = isinstance(found, np.ndarray) and found.ndim == 1 and len(found) > 1 and found.dtype.kind in "biuf"
    return found if plain and bool(np.isin(found, (-1, 0, 1)).all()) else None


def _several(content: bytes, where: str, heard: Heard) -> Said:
    found = _vector(content)
    if found is None or bool((found < 0).any()):
        held = "other values" if found is None else "-1"
        raise TMVError(f"{where} holds {held}; expected one number for each class, 1 where the image has it, else 0.")
    return Several(labels=tuple(int(i) for i in np.flatnonzero(found)), classes=len(found))


# --- captions ---------------------------------------------------------------------------------------------


def _captions(content: bytes, where: str, heard: Heard) -> Said:
    lines = (" ".join(line.split()) for line in text_lines(heard.text(content, where)))
    return tuple(line for line in lines if line) or None


def _json_captions(content: bytes, where: str, heard: Heard) -> Said:
    value = _first(_json(content, where, heard), CAPTION_KEYS)
    texts = value if isinstance(value, list) else [value]
    found = tuple(" ".join(t.split()) for t in texts if isinstance(t, str) and t.strip())
    if found:
        heard.counts["empty"] += len(texts) - len(found)
    return found or None


def _json(content: bytes, where: str, heard: Heard) -> dict[str, Any]:
    try:
        found = json.loads(heard.text(content, where) if where else content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _first(document: dict[str, Any], keys: Sequence[str]) -> object:
    return next((document[key] for key in keys if document.get(key) is not None), None)


def dotted_teller(sample: Sample, member: Member) -> bool:
    """Whether a member would tell about a picture if its name had no dots: "photo.0.cls" of the key "photo"."""
    inner, _, last = member.extension.rpartition(".")
    return bool(inner) and last in ("cls", "txt", "json") and member.extension != "cls.txt"
