"""Shards with a multi-hot vector for each image, as CLIP_benchmark lays out voc2007_multilabel."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import TMVError
from core.readers import data_digest, describe_dataset, on_disk, open_dataset
from core.types import Dataset
from tests.data_files import picture, tar

NAMES = ("aeroplane", "bicycle", "bird")
VECTORS = ([1, 0, 0], [1, 1, 0], [0, 0, 0], [0, 0, 1], [1, 1, 1], [0, 1, 0])


def npy(values: object, dtype: str = "int64") -> bytes:
    out = io.BytesIO()
    np.save(out, np.asarray(values, dtype))
    return out.getvalue()


def shards(folder: Path, dtype: str = "int64", *, names: bool = True) -> str:
    """Two shards in test/, as CLIP_benchmark's."""
    for shard in range(2):
        members: dict[str, bytes | str] = {}
        for i in range(3 * shard, 3 * shard + 3):
            members |= {f"s{i:03d}.webp": picture(i, kind="WEBP"), f"s{i:03d}.npy": npy(VECTORS[i], dtype)}
        tar(folder / "test" / f"{shard}.tar", members)
    if names:
        (folder / "classnames.txt").write_text("\n".join(NAMES))
    (folder / "zeroshot_classification_templates.txt").write_text("a photo of a {c}.")
    (folder / "dataset_type.txt").write_text("multilabel")
    return f"wds:{folder}"


def opened(name: str, split: str | None = None) -> Dataset:
    return open_dataset(name, split, None, None)


def hot(rows: Dataset) -> NDArray[np.int64]:
    assert rows.label_pairs is not None and rows.labels is None
    found = np.zeros((len(rows), len(rows.classnames)), np.int64)
    for row, label in rows.label_pairs:
        found[row, label] += 1
    return found


@pytest.mark.parametrize("dtype", ["int64", "float32", "bool", "uint8"])
def test_every_vector_is_read(tmp_path: Path, dtype: str) -> None:
    rows = opened(shards(tmp_path, dtype))
    assert hot(rows).tolist() == [list(vector) for vector in VECTORS]
    assert (rows.split, rows.classnames) == ("test", NAMES)
    assert describe_dataset(f"wds:{tmp_path}", None, None).templates == ("a photo of a {}.",)
    said = {note.code: note for note in rows.notes}
    assert "of 6 images 2 have several and 1 none" in said["several_labels"]
    found = on_disk(f"wds:{tmp_path}", None, None)
    assert (found.carries, found.images, found.classes) == ("classes", 6, 3)


def test_without_names_the_classes_are_numbers(tmp_path: Path) -> None:
    rows = opened(shards(tmp_path, names=False))
    assert rows.raw_classnames == ("0", "1", "2") and "numbered_classes" in {note.code for note in rows.notes}


def test_halves_of_shards_without_splits(tmp_path: Path) -> None:
    shards(tmp_path / "whole")
    (tmp_path / "flat").mkdir()
    for file in (tmp_path / "whole" / "test").iterdir():
        file.rename(tmp_path / "flat" / file.name)
    whole = opened(f"wds:{tmp_path / 'flat'}", "all")
    parts = [opened(f"wds:{tmp_path / 'flat'}", half) for half in ("train", "test")]
    by_key = {key: row for part in parts for key, row in zip(part.ids, hot(part).tolist(), strict=True)}
    assert by_key == dict(zip(whole.ids, hot(whole).tolist(), strict=True))


def test_other_labels_are_another_digest(tmp_path: Path) -> None:
    before = data_digest(opened(shards(tmp_path / "a")), tmp_path / "memo")
    members: dict[str, bytes | str] = {}
    for i in range(3):
        members |= {f"s{i:03d}.webp": picture(i, kind="WEBP"), f"s{i:03d}.npy": npy([1, 1, 1])}
    shards(tmp_path / "b")
    tar(tmp_path / "b" / "test" / "0.tar", members)
    assert data_digest(opened(f"wds:{tmp_path / 'b'}"), tmp_path / "memo") != before


def test_embeddings_beside_images_are_no_labels(tmp_path: Path) -> None:
    file = tar(tmp_path / "one.tar", {"a.png": picture(), "a.npy": npy([0.2, 0.7, -1.3], "float32")})
    rows = opened(f"wds:{file}")
    assert rows.labels is None and rows.label_pairs is None and "no_labels" in {note.code for note in rows.notes}


def test_labels_in_cls_come_first(tmp_path: Path) -> None:
    file = tar(tmp_path / "one.tar", {"a.png": picture(), "a.npy": npy([0, 1]), "a.cls": "0"})
    assert np.asarray(opened(f"wds:{file}").labels).tolist() == [0]


@pytest.mark.parametrize(
    ("vectors", "names", "said"),
    [
        (([1, -1], [0, 1]), "", "holds -1; expected one number for each class"),
        (([1, 0], [0, 1, 0]), "", "vectors of 2, 3 classes"),
        (([1, 0], [0, 1]), "a\nb\nc", "for 2 classes, but classnames.txt has 3 names"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, vectors: tuple[list[int], ...], names: str, said: str) -> None:
    members: dict[str, bytes | str] = {}
    for i, vector in enumerate(vectors):
        members |= {f"{i}.png": picture(i), f"{i}.npy": npy(vector)}
    tar(tmp_path / "one.tar", members)
    if names:
        (tmp_path / "classnames.txt").write_text(names)
    with pytest.raises(TMVError, match=said):
        opened(f"wds:{tmp_path}")


def test_a_damaged_vector_is_named(tmp_path: Path) -> None:
    members: dict[str, bytes | str] = {f"{i:03d}.png": picture(i) for i in range(60)}
    members |= {f"{i:03d}.npy": npy([1, 0]) if i < 55 else npy([0.5, 2], "float32") for i in range(60)}
    tar(tmp_path / "one.tar", dict(sorted(members.items())))
    with pytest.raises(TMVError, match=r"055\.npy holds other values"):
        opened(f"wds:{tmp_path}")
