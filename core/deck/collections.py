"""Collections: images that somebody ticked, under a name, as small JSON files beside the stories.

{"title": "Odd labels", "dataset": "eurosat", "split": "test", "images": [{"id": "River/1.jpg", "label": "River"}]}
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.deck.stories import name_of
from core.engine import Engine
from core.errors import TMVError, unknown
from core.system.files import write_atomic

MOST_IMAGES, LONGEST_TITLE, LARGEST = 5_000, 80, 5_000_000
SUFFIX = ".json"


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectedImage:
    """The id of an image in its split, and its true label; "" where it has none."""

    id: str
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A title, and images of one split in the order in which they were ticked."""

    title: str
    dataset: str
    split: str
    images: tuple[CollectedImage, ...]


def collections_folder(engine: Engine) -> Path:
    """Where the collections that people save are kept."""
    return engine.cache_dir / "collections"


def collection_names(folder: Path) -> tuple[str, ...]:
    """The collections in a folder, by name."""
    if not folder.is_dir():
        return ()
    return tuple(sorted(p.stem for p in folder.glob(f"*{SUFFIX}") if p.stem == name_of(p.stem)))


def add_collection(folder: Path, made: Collection) -> str:
    """Keep a new collection, and return the name of its file."""
    _check(made)
    name = name_of(made.title)
    if name in collection_names(folder):
        raise TMVError(f"There is a collection called {name} already; take another name.")
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(made), ensure_ascii=False, indent=1) + "\n"
    write_atomic(folder / f"{name}{SUFFIX}", text.encode("utf-8"), cache=False)
    return name


def load_collection(folder: Path, name: str) -> Collection:
    """The collection of this name; `UnknownName` with the closest ones otherwise."""
    if name not in collection_names(folder):
        raise unknown("collection", name, collection_names(folder) or ("none yet",))
    path = folder / f"{name}{SUFFIX}"
    try:
        if path.stat().st_size > LARGEST:
            raise TMVError(f"The collection {name} is larger than {LARGEST:,} bytes; split it in two.")
        made = _read(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TMVError(
            f"The collection {name} cannot be read: JSON with title, dataset, split and images is expected, each image "
            "with id and label. Delete the file or save the collection again."
        ) from error
    _check(made)
    return made


def delete_collection(folder: Path, name: str) -> None:
    """Remove the collection of this name, if there is one."""
    if name in collection_names(folder):
        (folder / f"{name}{SUFFIX}").unlink(missing_ok=True)


def _read(document: Any) -> Collection:
    title, dataset, split = (_text(document[field]) for field in ("title", "dataset", "split"))
    images = tuple(CollectedImage(id=_text(i["id"]), label=_text(i.get("label", ""))) for i in document["images"])
    return Collection(title=title, dataset=dataset, split=split, images=images)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text is expected, not {value!r}")
    return value


def _check(made: Collection) -> None:
    if not made.title.strip():
        raise TMVError("A collection needs a name.")
    if len(made.title) > LONGEST_TITLE:
        raise TMVError(f"The name of a collection has at most {LONGEST_TITLE} characters, this one {len(made.title)}.")
    if not 1 <= len(made.images) <= MOST_IMAGES:
        raise TMVError(f"A collection has 1 to {MOST_IMAGES:,} images, this one {len(made.images):,}.")
