"""CIFAR-100: the Toronto pickles, read without executing them, and the same pictures as PNG folders.

A pickle is a small program, and the names it calls are looked up by `find_class`. Here that knows only the
four names that the format needs, and gives each a stand-in of our own that builds no NumPy object and runs
nothing; every other name is refused. The pixels are then mapped from the file, so that opening the training
split does not take 150 MB of memory.
"""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from core.catalog.classes import clip_classnames
from core.errors import TMVError
from core.readers.base import (
    ArrayPictures,
    Classes,
    class_note,
    class_rows,
    labelled,
    locate,
    part_note,
    strangers_note,
)
from core.readers.sets.base import GB, Archive, KnownSet, underscored
from core.types import Dataset, DatasetSpec

NAMES = clip_classnames("cifar100")
_SIDE = 32
_ROW = 3 * _SIDE * _SIDE
_SPLITS = ("train", "test")
_LARGEST = 512 * 1024**2
_NAMES = ("cifar100python", "cifar100")


def find_cifar100(data_dir: Path) -> Path | None:
    """The folder of the pickles (cifar-100-python), or else one of PNG folders train/ and test/."""
    pickles = locate(data_dir, _NAMES, _has_pickles)
    return pickles or locate(data_dir, _NAMES, lambda root: bool(_png_splits(root)))


def cifar100_splits(root: Path) -> tuple[str, ...]:
    """The splits that are there."""
    if _has_pickles(root):
        return tuple(split for split in _SPLITS if (root / split).is_file())
    return _png_splits(root)


def open_cifar100(spec: DatasetSpec, split: str, root: Path) -> Dataset:
    """One split from the pickles, or from PNG folders named like the classes."""
    if _has_pickles(root):
        return _open_pickle(spec, split, root)
    folder = root / split
    notes = strangers_note(spec, folder)
    rows = class_rows(folder, spec.raw_classnames)
    return labelled(spec, split, folder, rows, Classes(curated=spec.classnames, raw=spec.raw_classnames), notes)


def _has_pickles(root: Path) -> bool:
    return (root / "meta").is_file() and any((root / split).is_file() for split in _SPLITS)


def _png_splits(root: Path) -> tuple[str, ...]:
    return tuple(split for split in _SPLITS if (root / split / "apple").is_dir())


# --- the pickles ------------------------------------------------------------------------------------------


def _open_pickle(spec: DatasetSpec, split: str, root: Path) -> Dataset:
    file = root / split
    content = read_pickle(file)
    rows = _pixels(file, content.get("data"))
    names = read_pickle(root / "meta").get("fine_label_names")
    labels = _labels(file, content.get("fine_labels"), len(rows), _class_numbers(root / "meta", names, spec))
    ids = _ids(file, content.get("filenames"), len(rows))
    notes = (*part_note(spec, split, len(rows)), *class_note(labels.tolist(), len(spec.raw_classnames)))
    pictures = ArrayPictures(file=file, rows=rows, side=_SIDE)
    return Dataset(
        spec=spec,
        split=split,
        ids=ids,
        pictures=pictures,
        labels=labels,
        classnames=spec.classnames,
        raw_classnames=spec.raw_classnames,
        notes=notes,
    )


def read_pickle(file: Path) -> dict[str, Any]:
    """The dictionary in a Toronto pickle, keys as text; arrays as `PickledArray`.

    Raises `TMVError` for anything the format does not need: other names, other types, a damaged file.
    """
    try:
        if file.stat().st_size > _LARGEST:
            raise TMVError(f"{file} is far larger than any CIFAR-100 file; it was not read.")
        found = _Unpickler(BytesIO(file.read_bytes()), encoding="latin1").load()
    except TMVError:
        raise
    except Exception as error:  # a hostile pickle may raise anything
        kind = type(error).__name__
        raise TMVError(f"{file} is not a readable CIFAR-100 file ({kind}); get it again.") from None
    if not isinstance(found, dict):
        raise TMVError(f"{file} holds {type(found).__name__}, expected CIFAR-100's dictionary.")
    return {_text(key): value for key, value in found.items()}


class PickledArray:
    """Stands in for a NumPy array while unpickling: keeps what the pickle says of it and builds nothing."""

    def __init__(self) -> None:
        self.shape: object = None
        self.data: object = b""
        self.dtype: object = None
        self.fortran: object = False

    def __setstate__(self, state: object) -> None:
        if isinstance(state, tuple) and len(state) == 5:
            _, self.shape, self.dtype, self.fortran, self.data = state


class _PickledDtype:
    """Stands in for numpy.dtype: keeps its code."""

    def __init__(self, code: object = None, *_: object) -> None:
        self.code = code

    def __setstate__(self, state: object) -> None:
        """Byte order and alignment mean nothing for single bytes."""


def _reconstruct(*_: object) -> PickledArray:
    return PickledArray()


def _encode(text: object, encoding: object = "latin1") -> bytes:
    """Stands in for _codecs.encode, which Python 3 writes into protocol 2 for bytes."""
    if not isinstance(text, str) or encoding != "latin1":
        raise pickle.UnpicklingError("unexpected text encoding")
    return text.encode("latin1")


_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): PickledArray,
    ("numpy", "dtype"): _PickledDtype,
    ("_codecs", "encode"): _encode,
}


class _Unpickler(pickle._Unpickler):
    """Python's own unpickler in its Python form, whose memo is a dictionary that no file can inflate."""

    def find_class(self, module_name: str, global_name: str) -> Any:
        try:
            return _ALLOWED[(module_name, global_name)]
        except (KeyError, TypeError):
            raise TMVError(
                f"This CIFAR-100 file asks for {module_name}.{global_name}, which the format does not need: "
                "it may be hostile and was not read."
            ) from None

    def persistent_load(self, pid: Any) -> NoReturn:
        raise TMVError("This CIFAR-100 file asks for outside objects: it may be hostile and was not read.")


def _pixels(file: Path, array: object) -> NDArray[np.uint8]:
    """(n, 3072) uint8, mapped from the file where it holds the bytes as they are."""
    if not isinstance(array, PickledArray):
        raise _unexpected(file, "data")
    data = array.data.encode("latin1") if isinstance(array.data, str) else array.data
    code = _text(array.dtype.code) if isinstance(array.dtype, _PickledDtype) else ""
    if code not in ("u1", "|u1") or array.fortran or not isinstance(data, bytes):
        raise _unexpected(file, "data")
    if array.shape != (len(data) // _ROW, _ROW) or len(data) % _ROW:
        raise _unexpected(file, "data")
    return _mapped(file, data).reshape(-1, _ROW)


def _mapped(file: Path, data: bytes) -> NDArray[np.uint8]:
    offset = file.read_bytes().find(data) if data else -1
    if offset < 0:
        return np.frombuffer(data, np.uint8)
    return np.memmap(file, np.uint8, "r", offset, (len(data),))


def _class_numbers(meta: Path, names: object, spec: DatasetSpec) -> dict[int, int]:
    """Label in the file -> position in our list, joined by name."""
    if not isinstance(names, list) or sorted(map(_text, names)) != sorted(spec.raw_classnames):
        raise _unexpected(meta, "fine_label_names")
    ours = {raw: position for position, raw in enumerate(spec.raw_classnames)}
    return {label: ours[_text(name)] for label, name in enumerate(names)}


def _labels(file: Path, values: object, n: int, numbers: dict[int, int]) -> NDArray[np.int64]:
    if not isinstance(values, list) or not all(isinstance(value, int) for value in values):
        raise _unexpected(file, "fine_labels")
    if len(values) != n or not set(values) <= numbers.keys():
        raise _unexpected(file, "fine_labels")
    return np.asarray([numbers[value] for value in values], dtype=np.int64)


def _ids(file: Path, values: object, n: int) -> tuple[str, ...]:
    """File names as ids; a name that stands twice gets its row number."""
    if values is None:
        return tuple(f"{file.name}/{row:05d}" for row in range(n))
    if not isinstance(values, list) or len(values) != n:
        raise _unexpected(file, "filenames")
    names: Sequence[str] = [_text(value) for value in values]
    counts = Counter(names)
    return tuple(name if counts[name] == 1 else f"{name}#{row}" for row, name in enumerate(names))


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _unexpected(file: Path, key: str) -> TMVError:
    return TMVError(f"{file} does not hold CIFAR-100 as expected ({key!r} does not fit); get it again.")


SET = KnownSet(
    spec=DatasetSpec(
        name="cifar100",
        title="CIFAR-100",
        kind="classification",
        splits=("train", "test"),
        classnames=NAMES,
        raw_classnames=underscored(NAMES),
        prompt_set="cifar100",
        published_name="cifar100",
        licence="none stated; cite Krizhevsky 2009",
        source_url="https://www.cs.toronto.edu/~kriz/cifar.html",
        why="General, small images, many classes. The official test split of 10,000 is the default.",
        size="60,000 images of 32 x 32, 169 MB",
        sizes=(("train", 50_000), ("test", 10_000)),
    ),
    layout="train, test and meta, or train/apple and its like of PNGs",
    find=find_cifar100,
    splits=cifar100_splits,
    open=open_cifar100,
    archives=(
        Archive(
            url="https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
            md5="eb9058c3a382ffc7106e4002c42a8d85",
            inner="cifar-100-python",
            target="cifar-100-python",
            size=169_001_437,
            most=1 * GB,
        ),
    ),
)
"""The archive's address and checksum as torchvision 0.29 states them."""
