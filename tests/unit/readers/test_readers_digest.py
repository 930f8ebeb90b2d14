"""The digest of a data set: what it covers, and that nothing is read twice."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import BadImage, Cancelled
from core.readers import data_digest, open_dataset
from core.readers.base import FilePictures
from core.types import Dataset
from tests.data_files import paint, picture, tar, toronto

SETTLE_SECONDS = 0.12


class Counting:
    """Pictures that count how often they are read."""

    def __init__(self, inner: FilePictures) -> None:
        self.inner, self.reads = inner, 0

    def __len__(self) -> int:
        return len(self.inner)

    def read(self, index: int) -> bytes:
        self.reads += 1
        return self.inner.read(index)

    def stamp(self, index: int) -> str:
        return self.inner.stamp(index)


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    paint(*(tmp_path / "set" / c / f"{i}.png" for c in "ab" for i in range(5)))
    time.sleep(SETTLE_SECONDS)
    return open_dataset(f"folder:{tmp_path / 'set'}")


def counted(dataset: Dataset) -> tuple[Dataset, Counting]:
    assert isinstance(dataset.pictures, FilePictures)
    counting = Counting(dataset.pictures)
    return replace(dataset, pictures=counting), counting


def test_an_unchanged_set_is_not_read_again(dataset: Dataset, tmp_path: Path) -> None:
    watched, counting = counted(dataset)
    first = data_digest(watched, tmp_path / "memo")
    assert counting.reads == 10 and len(first) == 64
    assert data_digest(watched, tmp_path / "memo") == first and counting.reads == 10
    assert data_digest(watched, tmp_path / "another memo") == first and counting.reads == 20


def test_a_changed_picture_is_noticed_and_only_it_is_read(dataset: Dataset, tmp_path: Path) -> None:
    watched, counting = counted(dataset)
    first = data_digest(watched, tmp_path / "memo")
    file = tmp_path / "set" / "a" / "3.png"
    stat, content = file.stat(), bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(bytes(content))
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (stat.st_size, stat.st_mtime_ns)
    assert data_digest(watched, tmp_path / "memo") != first
    assert counting.reads == 11
    content[-1] ^= 1
    file.write_bytes(bytes(content))
    assert data_digest(watched, tmp_path / "memo") == first, "the same content is the same digest"


def test_a_swapped_file_is_noticed(dataset: Dataset, tmp_path: Path) -> None:
    first = data_digest(dataset, tmp_path / "memo")
    a, b = tmp_path / "set" / "a" / "1.png", tmp_path / "set" / "a" / "2.png"
    a.rename(tmp_path / "kept")
    b.rename(a)
    (tmp_path / "kept").rename(b)
    assert data_digest(dataset, tmp_path / "memo") != first


@pytest.mark.parametrize("change", ["ids", "labels", "raw_classnames", "captions", "image_index", "order"])
def test_everything_that_gives_a_row_meaning_counts(change: str, dataset: Dataset, tmp_path: Path) -> None:
    base = replace(dataset, captions=("x", "yz"), image_index=np.array([0, 1]))
    assert base.labels is not None and isinstance(base.pictures, FilePictures)
    backwards = FilePictures(root=base.pictures.root, names=base.pictures.names[::-1])
    changed = {
        "ids": replace(base, ids=("other", *base.ids[1:])),
        "labels": replace(base, labels=base.labels[::-1].copy()),
        "raw_classnames": replace(base, raw_classnames=("b", "a")),
        "captions": replace(base, captions=("xy", "z")),
        "image_index": replace(base, image_index=np.array([1, 0])),
        "order": replace(base, pictures=backwards),
    }[change]
    assert data_digest(changed, tmp_path / "m") != data_digest(base, tmp_path / "m")


def test_curated_names_do_not_count_as_they_change_no_vector(dataset: Dataset, tmp_path: Path) -> None:
    renamed = replace(dataset, classnames=("x", "y"))
    assert data_digest(renamed, tmp_path / "m") == data_digest(dataset, tmp_path / "m")


def test_the_place_of_a_set_does_not_count(tmp_path: Path) -> None:
    for place in ("one", "two"):
        (tmp_path / place / "a").mkdir(parents=True)
        (tmp_path / place / "a" / "1.png").write_bytes(picture(1))
    one, two = (open_dataset(f"folder:{tmp_path / place}") for place in ("one", "two"))
    assert data_digest(one, tmp_path / "m") == data_digest(two, tmp_path / "m")


def test_a_missing_picture_is_part_of_the_digest_and_not_remembered(dataset: Dataset, tmp_path: Path) -> None:
    first = data_digest(dataset, tmp_path / "m")
    file = tmp_path / "set" / "a" / "0.png"
    content = file.read_bytes()
    file.unlink()
    assert data_digest(dataset, tmp_path / "m") != first
    with pytest.raises(BadImage):
        dataset.pictures.read(0)
    file.write_bytes(content)
    assert data_digest(dataset, tmp_path / "m") == first


def test_a_damaged_or_foreign_memo_costs_time_and_nothing_else(dataset: Dataset, tmp_path: Path) -> None:
    first = data_digest(dataset, tmp_path / "m")
    (memo,) = (tmp_path / "m").iterdir()
    foreign = np.array([{"a": 1}], dtype=object)
    for spoil in (
        lambda: memo.write_bytes(b"\x93NUMPY junk"),
        lambda: memo.write_bytes(b""),
        lambda: np.save(memo, np.zeros((3, 3))),
        lambda: np.save(memo, foreign, allow_pickle=True),
    ):
        spoil()
        assert data_digest(dataset, tmp_path / "m") == first


def test_a_folder_that_cannot_be_written_is_no_error(dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert data_digest(dataset, tmp_path / "file") == data_digest(dataset, tmp_path / "m")


def test_progress_and_stop(dataset: Dataset, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    data_digest(dataset, tmp_path / "m", lambda done, total: seen.append((done, total)))
    assert seen[-1] == (10, 10)

    def stop(done: int, total: int) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        data_digest(dataset, tmp_path / "m2", stop)


def test_pixels_and_shards_have_digests(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 3072), np.uint8)
    toronto(tmp_path / "cifar100", "test", pixels, [0, 1, 2])
    (tmp_path / "cifar100" / "meta").write_bytes(meta_of_the_catalog())
    arrays = open_dataset("cifar100", data_dir=tmp_path)
    first = data_digest(arrays, tmp_path / "m")
    pixels[1, 5] ^= 1
    toronto(tmp_path / "cifar100", "test", pixels, [0, 1, 2])
    assert data_digest(open_dataset("cifar100", data_dir=tmp_path), tmp_path / "m") != first

    shard = tar(tmp_path / "x.tar", {"1.jpg": picture(1), "1.cls": "0"})
    first = data_digest(open_dataset(f"wds:{shard}"), tmp_path / "m")
    tar(shard, {"1.jpg": picture(2), "1.cls": "0"})
    assert data_digest(open_dataset(f"wds:{shard}"), tmp_path / "m") != first


def meta_of_the_catalog() -> bytes:
    import pickle

    from core.readers.datasets import find_dataset

    return pickle.dumps({"fine_label_names": list(find_dataset("cifar100").raw_classnames)}, protocol=2)
