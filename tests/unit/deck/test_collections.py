"""Collections are kept whole, listed, read back and refused with the one thing that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.deck.collections import (
    LARGEST,
    MOST_IMAGES,
    CollectedImage,
    Collection,
    add_collection,
    collection_names,
    delete_collection,
    load_collection,
)
from core.errors import TMVError

IMAGES = (CollectedImage(id="River/1.jpg", label="River"), CollectedImage(id='ä, "b".png'))


def made(title: str = "Odd labels!", images: tuple[CollectedImage, ...] = IMAGES) -> Collection:
    return Collection(title=title, dataset="eurosat", split="test", images=images)


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "collections"
    assert collection_names(folder) == ()
    assert add_collection(folder, made()) == "odd-labels"
    assert collection_names(folder) == ("odd-labels",) and load_collection(folder, "odd-labels") == made()
    document = json.loads((folder / "odd-labels.json").read_text("utf-8"))
    assert document["images"][0] == {"id": "River/1.jpg", "label": "River"}
    delete_collection(folder, "odd-labels")
    delete_collection(folder, "odd-labels")
    assert collection_names(folder) == ()


def test_a_name_is_taken_once_and_nothing_is_overwritten(tmp_path: Path) -> None:
    add_collection(tmp_path, made())
    with pytest.raises(TMVError, match="odd-labels already"):
        add_collection(tmp_path, made("Odd Labels", IMAGES[:1]))
    assert load_collection(tmp_path, "odd-labels") == made()


@pytest.mark.parametrize(
    ("title", "images", "said"),
    [
        (" ", IMAGES, "needs a name"),
        ("x" * 81, IMAGES, "at most 80 characters"),
        ("none", (), "1 to 5,000 images"),
        ("many", (IMAGES[0],) * (MOST_IMAGES + 1), "1 to 5,000 images"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, title: str, images: tuple[CollectedImage, ...], said: str) -> None:
    with pytest.raises(TMVError, match=said):
        add_collection(tmp_path, made(title, images))
    assert collection_names(tmp_path) == ()


@pytest.mark.parametrize(
    "text", ["", "[]", '{"title": "x"}', '{"title": 1, "dataset": "", "split": "", "images": [{}]}']
)
def test_a_broken_file_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.json").write_text(text)
    with pytest.raises(TMVError, match="The collection mine cannot be read: JSON with title"):
        load_collection(tmp_path, "mine")


def test_a_strange_name_and_a_huge_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_bytes(b" " * (LARGEST + 1))
    with pytest.raises(TMVError, match="larger than"):
        load_collection(tmp_path, "mine")
    with pytest.raises(TMVError, match=r"\.\./mine"):
        load_collection(tmp_path / "inside", "../mine")
