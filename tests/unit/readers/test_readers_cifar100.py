"""CIFAR-100 from its pickles, none of which is ever executed, and from PNG folders."""

from __future__ import annotations

import os
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import NotHere, TMVError
from core.images.decode import to_rgb
from core.readers import open_dataset
from core.readers.datasets import find_dataset
from core.readers.sets.cifar100 import read_pickle
from tests.coded import coded
from tests.data_files import paint, toronto

DATA = Path(os.environ.get("TMV_TEST_DATA", "/nonexistent"))
NAMES = find_dataset("cifar100").raw_classnames


def pixels(n: int) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (n, 3072), np.uint8)


def meta(folder: Path, names: Any = None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    content = {"fine_label_names": list(NAMES) if names is None else names, "coarse_label_names": []}
    (folder / "meta").write_bytes(pickle.dumps(content, protocol=2))


def old_pickle(data: NDArray[np.uint8], labels: list[int], names: list[str]) -> bytes:
    """As Python 2 wrote the real files: byte strings, the array's bytes as they are."""

    def short(text: bytes) -> bytes:
        return b"U" + bytes([len(text)]) + text

    rows, columns = (b"M" + struct.pack("<H", size) for size in data.shape)
    minus_one = b"J\xff\xff\xff\xff"
    state = b"(K\3" + short(b"|") + b"NNN" + 2 * minus_one + b"K\0tb"
    dtype = b"cnumpy\ndtype\n" + short(b"u1") + b"K\0K\1\x87R" + state
    raw = b"T" + struct.pack("<i", data.nbytes) + data.tobytes()
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85" + short(b"b") + b"\x87R"
    array += b"(K\1" + rows + columns + b"\x86" + dtype + b"\x89" + raw + b"tb"
    listed = b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    files = b"](" + b"".join(short(name.encode()) for name in names) + b"e"
    parts = [short(b"data"), array, short(b"fine_labels"), listed, short(b"filenames"), files]
    return b"\x80\2}(" + b"".join(parts) + b"u."


def test_pickles_of_python_3(tmp_path: Path) -> None:
    meta(tmp_path / "cifar-100-python")
    toronto(tmp_path / "cifar-100-python", "test", pixels(3), [0, 99, 7])
    data = open_dataset("cifar100", data_dir=tmp_path)
    assert data.split == "test" and data.ids == ("test_0000.png", "test_0001.png", "test_0002.png")
    assert data.labels is not None and data.labels.tolist() == [0, 99, 7]
    assert data.classnames[1] == "aquarium fish" and data.raw_classnames[1] == "aquarium_fish"
    expected = pixels(3)[1].reshape(3, 32, 32).transpose(1, 2, 0)
    assert np.array_equal(data.pictures.read(1), expected)
    assert np.array_equal(np.asarray(to_rgb(data.pictures.read(1))), expected)
    with pytest.raises(NotHere, match="no split 'train'"):
        open_dataset("cifar100", "train", tmp_path)


def test_pickles_of_python_2_are_mapped_not_copied(tmp_path: Path) -> None:
    root = tmp_path / "cifar-100-python"
    meta(root)
    (root / "train").write_bytes(old_pickle(pixels(2), [5, 6], ["a.png", "b.png"]))
    data = open_dataset("cifar100", "train", tmp_path)
    assert data.labels is not None and data.labels.tolist() == [5, 6] and data.ids == ("a.png", "b.png")
    rows = data.pictures.rows  # type: ignore[attr-defined]
    assert isinstance(rows.base, np.memmap) or isinstance(rows, np.memmap)
    assert np.array_equal(rows, pixels(2))


def test_labels_are_joined_by_name_not_by_number(tmp_path: Path) -> None:
    root = tmp_path / "cifar100"
    meta(root, list(reversed(NAMES)))
    toronto(root, "test", pixels(2), [0, 99])
    data = open_dataset("cifar100", data_dir=tmp_path)
    assert data.labels is not None and data.labels.tolist() == [99, 0]


def test_a_name_that_stands_twice_becomes_two_ids(tmp_path: Path) -> None:
    meta(tmp_path / "cifar100")
    toronto(tmp_path / "cifar100", "test", pixels(3), [0, 1, 2], filenames=["a.png", "b.png", "a.png"])
    assert open_dataset("cifar100", data_dir=tmp_path).ids == ("a.png#0", "b.png", "a.png#2")


def test_png_folders(tmp_path: Path) -> None:
    paint(
        tmp_path / "CIFAR100/test/apple/1.png",
        tmp_path / "CIFAR100/test/train/2.png",
        tmp_path / "CIFAR100/test/unicorn/3.png",
    )
    data = open_dataset("cifar100", data_dir=tmp_path)
    assert data.ids == ("apple/1.png", "train/2.png")
    assert data.labels is not None and data.labels.tolist() == [0, NAMES.index("train")]
    notes = coded(data.notes)
    assert "unicorn" in notes["strange_folders"] and "2 of 100 classes" in notes["classes_without_pictures"]
    assert "part" in notes


# --- hostile ----------------------------------------------------------------------------------------------


class Trap:
    """Creates a file when unpickled the ordinary way."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def test_the_trap_works_on_plain_pickle(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Trap(tmp_path / "sprung"), protocol=2))
    assert (tmp_path / "sprung").exists()


def test_a_hostile_pickle_is_refused_unexecuted(tmp_path: Path) -> None:
    meta(tmp_path / "cifar100")
    trap = tmp_path / "sprung"
    toronto(tmp_path / "cifar100", "test", pixels(1), [0], filenames=Trap(trap))
    with pytest.raises(TMVError, match="may be hostile"):
        open_dataset("cifar100", data_dir=tmp_path)
    assert not trap.exists()


HOSTILE = {
    "os.system": b"cos\nsystem\n(U\x04truetR.",
    "builtins eval": b"\x80\2c__builtin__\neval\nU\x031+1\x85R.",
    "dotted numpy name": b"\x80\4\x8c\x05numpy\x94\x8c\x12ndarray.__reduce__\x94\x93.",
    "numpy load": b"\x80\2cnumpy\nload\nU\x01x\x85R.",
    "unhashable name": b"\x80\4]\x94]\x94\x93.",
    "persistent id": b"Pabc\n.",
    "extension": b"\x80\2\x82\x01.",
    "huge memo": b"\x80\2Nr\xff\xff\xff\x7f.",
    "endless string": b"\x80\2T\xff\xff\xff\x7f",
    "no object": b"\x80\2.",
    "text": b"hello",
    "empty": b"",
    "a list": pickle.dumps([1, 2], protocol=2),
    "stack underflow": b"\x80\2RRR.",
    "build on a name": b"\x80\2cnumpy\ndtype\n}U\x04codeU\x01xsb.",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_the_format_does_not_need_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "test"
    file.write_bytes(content)
    with pytest.raises(TMVError):
        read_pickle(file)


def test_a_refused_name_is_said(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(HOSTILE["os.system"])
    with pytest.raises(TMVError, match=r"os\.system"):
        read_pickle(tmp_path / "x")


@pytest.mark.parametrize(
    "changes",
    [
        {"data": np.zeros((2, 3072), np.float32)},
        {"data": np.zeros((2, 3071), np.uint8)},
        {"data": np.zeros((3072, 2), np.uint8).T},
        {"data": [1, 2]},
        {"data": np.array([None, None])},
        {"fine_labels": [0]},
        {"fine_labels": [0, 100]},
        {"fine_labels": [0, -1]},
        {"fine_labels": ["apple", "apple"]},
        {"fine_labels": None},
        {"filenames": ["a"]},
    ],
)
def test_a_file_that_does_not_fit_is_named(changes: dict[str, Any], tmp_path: Path) -> None:
    meta(tmp_path / "cifar100")
    toronto(tmp_path / "cifar100", "test", pixels(2), [0, 1], **changes)
    with pytest.raises(TMVError, match=r"get it again|may be hostile"):
        open_dataset("cifar100", data_dir=tmp_path)


@pytest.mark.parametrize("names", [["apple"], None, ["x"] * 100, 5])
def test_a_meta_file_that_does_not_fit_is_named(names: object, tmp_path: Path) -> None:
    (tmp_path / "cifar100").mkdir()
    (tmp_path / "cifar100" / "meta").write_bytes(pickle.dumps({"fine_label_names": names}, protocol=2))
    toronto(tmp_path / "cifar100", "test", pixels(1), [0])
    with pytest.raises(TMVError, match="fine_label_names"):
        open_dataset("cifar100", data_dir=tmp_path)


# --- the collected files ----------------------------------------------------------------------------------


@pytest.mark.skipif(not (DATA / "cifar-100-python").is_dir(), reason="TMV_TEST_DATA is not set")
@pytest.mark.parametrize("split, n", [("test", 1000), ("train", 800)])
def test_pickles_and_png_folders_hold_the_same_pictures(split: str, n: int, tmp_path: Path) -> None:
    (tmp_path / "cifar100").symlink_to(DATA / "cifar100")
    pickled, folders = open_dataset("cifar100", split, DATA), open_dataset("cifar100", split, tmp_path)
    assert len(pickled) == len(folders) == n
    by_name = {i.rsplit("/", 1)[-1]: row for row, i in enumerate(folders.ids)}
    assert pickled.labels is not None and folders.labels is not None
    for row in range(0, n, 13):
        other = by_name[pickled.ids[row]]
        assert pickled.labels[row] == folders.labels[other]
        assert np.array_equal(
            np.asarray(to_rgb(pickled.pictures.read(row))), np.asarray(to_rgb(folders.pictures.read(other)))
        )
