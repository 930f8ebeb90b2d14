"""The five known sets in their own layouts: made small here, and the collected ones."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from core.errors import NotHere, TMVError, UnknownName
from core.images.decode import to_rgb
from core.readers import dataset_state, demo_folder, describe_dataset, make_demo, open_dataset, stands_there
from core.readers.datasets import DATASETS, find_dataset
from tests.coded import coded
from tests.data_files import coco_json, paint

DATA = Path(os.environ.get("TMV_TEST_DATA", "/nonexistent"))
KNOWN = ("cifar100", "imagenet_mini", "food101", "eurosat", "coco")
needs_data = pytest.mark.skipif(not (DATA / "eurosat").is_dir(), reason="TMV_TEST_DATA is not set")


# --- ImageNet-mini ----------------------------------------------------------------------------------------


def test_imagenet_mini(tmp_path: Path) -> None:
    root = tmp_path / "imagenet-mini"
    paint(root / "val/n01443537/b.JPEG", root / "val/n01440764/a.JPEG", root / "val/strange/c.JPEG")
    data = open_dataset("imagenet_mini", data_dir=tmp_path)
    assert data.split == "val" and data.ids == ("n01440764/a.JPEG", "n01443537/b.JPEG")
    assert data.labels is not None and [data.classnames[c] for c in data.labels] == ["tench", "goldfish"]
    assert len(data.classnames) == 1000
    notes = coded(data.notes)
    assert "strange_folders" in notes and "2 of 1,000 classes" in notes["classes_without_pictures"]
    with pytest.raises(NotHere, match=r"there is: val"):
        open_dataset("imagenet_mini", "train", tmp_path)
    assert describe_dataset("imagenet_mini", tmp_path).splits == ("val",)


def test_imagenet_mini_as_kaggle_unpacks_it(tmp_path: Path) -> None:
    paint(tmp_path / "imagenetmini-1000/imagenet-mini/train/n01440764/a.JPEG")
    assert open_dataset("imagenet_mini", data_dir=tmp_path).split == "train"


# --- Food-101 ---------------------------------------------------------------------------------------------


def food(root: Path, listed: list[str], kind: str = "txt") -> None:
    (root / "meta").mkdir(parents=True)
    for entry in ("apple_pie/1", "apple_pie/2", "waffles/3"):
        paint(root / "images" / f"{entry}.jpg")
    if kind == "txt":
        (root / "meta" / "test.txt").write_text("\n".join(listed) + "\n", encoding="utf-8")
    else:
        heads = {entry.split("/")[0] for entry in listed}
        groups = {head: [entry for entry in listed if entry.split("/")[0] == head] for head in heads}
        (root / "meta" / "test.json").write_text(json.dumps(groups), encoding="utf-8")


@pytest.mark.parametrize("kind", ["txt", "json"])
def test_food101_keeps_to_its_list(kind: str, tmp_path: Path) -> None:
    food(tmp_path / "food-101", ["waffles/3", "apple_pie/2", "apple_pie/99", "../../secret", "/etc/x"], kind)
    data = open_dataset("food101", data_dir=tmp_path)
    assert data.ids == ("apple_pie/2.jpg", "waffles/3.jpg")
    assert data.labels is not None and data.labels.tolist() == [0, 100]
    assert data.classnames[0] == "apple pie" and len(data.classnames) == 101
    assert coded(data.notes)["pictures_not_here"].startswith("3 images")
    with pytest.raises(NotHere, match="no split 'train'"):
        open_dataset("food101", "train", tmp_path)


def test_folders_that_are_no_dish_are_said(tmp_path: Path) -> None:
    food(tmp_path / "food-101", ["waffles/3", "apple_pie/2"], "txt")
    (tmp_path / "food-101/images/apple_pie").rename(tmp_path / "food-101/images/apple pie")
    notes = {note.code: note for note in open_dataset("food101", data_dir=tmp_path).notes}
    assert "apple pie" in notes["strange_folders"] and notes["strange_folders"].level == "warning"


def test_a_damaged_food_list_is_named(tmp_path: Path) -> None:
    food(tmp_path / "food101", [], "json")
    (tmp_path / "food101" / "meta" / "test.json").write_text("[1]", encoding="utf-8")
    with pytest.raises(TMVError, match=r"not Food-101's list"):
        open_dataset("food101", data_dir=tmp_path)


# --- EuroSAT ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["eurosat/2750", "EuroSAT", "EuroSAT_RGB", "2750"])
def test_eurosat_has_fixed_halves(place: str, tmp_path: Path) -> None:
    for name in ("AnnualCrop", "SeaLake"):
        paint(*(tmp_path / place / name / f"{name}_{i}.jpg" for i in range(5)))
    whole = open_dataset("eurosat", "all", tmp_path)
    train, test = (open_dataset("eurosat", split, tmp_path) for split in ("train", "test"))
    assert len(whole) == 10 and len(train) == 4 and len(test) == 6
    assert not set(train.ids) & set(test.ids) and sorted(train.ids + test.ids) == sorted(whole.ids)
    assert test.labels is not None and np.bincount(test.labels, minlength=10).tolist() == [3] + [0] * 8 + [3]
    assert whole.classnames[9] == "lake or sea" and whole.raw_classnames[9] == "SeaLake"
    assert open_dataset("eurosat", data_dir=tmp_path).split == "test"
    assert "fixed_halves" in coded(test.notes)


def test_a_split_of_eurosat_read_alone_is_said(tmp_path: Path) -> None:
    for split in ("test", "train"):
        paint(*(tmp_path / "EuroSAT" / split / "River" / f"River_{i}.jpg" for i in range(4)))
    notes = {note.code: note for note in open_dataset("eurosat", data_dir=tmp_path).notes}
    assert notes["part_read"].level == "warning" and "and not read: train" in notes["part_read"]
    paint(tmp_path / "EuroSAT" / "2750" / "River" / "River_1.jpg")
    assert "part_read" not in {note.code for note in open_dataset("eurosat", data_dir=tmp_path).notes}


# --- COCO -------------------------------------------------------------------------------------------------


def test_coco(tmp_path: Path) -> None:
    root = tmp_path / "COCO"
    paint(root / "val2017/000000000002.jpg", root / "val2017/000000000001.jpg")
    (root / "annotations").mkdir()
    text = coco_json({"000000000002.jpg": ["A dog.", "A  brown\ndog ."], "000000000001.jpg": ["A cat."]})
    (root / "annotations" / "captions_val2017.json").write_text(text, encoding="utf-8")
    data = open_dataset("coco", data_dir=tmp_path)
    assert data.split == "val" and data.spec.kind == "captions"
    assert data.ids == ("000000000002.jpg", "000000000001.jpg")
    assert data.captions == ("A dog.", "A brown dog .", "A cat.")
    assert data.image_index is not None and data.image_index.tolist() == [0, 0, 1]
    assert str(data.image_index.dtype) == "int64" and data.labels is None


def test_coco_with_an_images_folder(tmp_path: Path) -> None:
    root = tmp_path / "coco2017"
    paint(root / "images/train2017/1.jpg")
    (root / "annotations").mkdir()
    (root / "annotations" / "captions_train2017.json").write_text(coco_json({"1.jpg": ["A"]}))
    assert open_dataset("coco", data_dir=tmp_path).split == "train"


# --- what is not here -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_missing_says_how_to_get_it(name: str, tmp_path: Path) -> None:
    state = dataset_state(name, tmp_path)
    assert state.state == ("absent" if name == "imagenet_mini" else "downloadable")
    assert "http" in state.why and str(tmp_path) in state.why and "TMV_DATA" in state.why
    with pytest.raises(NotHere, match="TMV_DATA"):
        open_dataset(name, data_dir=tmp_path)
    assert describe_dataset(name, tmp_path) == find_dataset(name)


@pytest.mark.parametrize(
    "name, place",
    [
        ("eurosat", "eurosat/2750/annualcrop"),
        ("food101", "food-101/train/waffles"),
        ("cifar100", "cifar-100/test/0"),
        ("imagenet_mini", "imagenet-mini/val/tench"),
        ("coco", "coco/val"),
    ],
)
def test_a_folder_in_another_layout_is_named(name: str, place: str, tmp_path: Path) -> None:
    paint(tmp_path / place / "1.jpg")
    folder = tmp_path / place.split("/")[0]
    with pytest.raises(NotHere, match=rf"not in {folder} in a layout that is known .*(folder|captions):{folder}"):
        open_dataset(name, data_dir=tmp_path)
    assert stands_there(name, tmp_path) and not stands_there(name, tmp_path / "none")


def test_the_data_folder_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paint(tmp_path / "eurosat/2750/River/River_1.jpg")
    monkeypatch.setenv("TMV_DATA", str(tmp_path))
    assert open_dataset("eurosat", "all").ids == ("River/River_1.jpg",)
    assert dataset_state("eurosat").state == "ready"


def test_an_empty_split_is_refused(tmp_path: Path) -> None:
    paint(tmp_path / "eurosat/2750/River/River_1.jpg")
    with pytest.raises(NotHere, match="no images in the split 'train'"):
        open_dataset("eurosat", "train", tmp_path)


def test_an_unknown_set() -> None:
    with pytest.raises(UnknownName):
        open_dataset("imagenet")
    with pytest.raises(UnknownName):
        make_demo("cifar100")


# --- the demo ---------------------------------------------------------------------------------------------


def test_a_demo_set_is_drawn_on_request_and_then_read(tmp_path: Path) -> None:
    assert dataset_state("demo-satellite", cache_dir=tmp_path).state == "downloadable"
    with pytest.raises(NotHere, match="not drawn yet"):
        open_dataset("demo-satellite", cache_dir=tmp_path)
    steps: list[tuple[int, int]] = []
    make_demo("demo-satellite", tmp_path, lambda done, total: steps.append((done, total)))
    assert steps[-1][0] == steps[-1][1] == 700
    assert dataset_state("demo-satellite", cache_dir=tmp_path).state == "ready"
    test, train = (open_dataset("demo-satellite", split, cache_dir=tmp_path) for split in (None, "train"))
    assert (len(test), len(train), test.split) == (400, 300, "test")
    assert test.labels is not None and np.bincount(test.labels).tolist() == [40] * 10
    assert all(
        row.split("/")[0].replace("_", " ") == test.classnames[label]
        for row, label in zip(test.ids, test.labels, strict=True)
    )
    assert demo_folder("demo-satellite", tmp_path).is_dir()
    with pytest.raises(UnknownName):
        open_dataset("demo-satellite", "val", cache_dir=tmp_path)


# --- the collected sets -----------------------------------------------------------------------------------


@needs_data
@pytest.mark.parametrize(
    "name, split, n",
    [
        ("cifar100", "test", 1000),
        ("cifar100", "train", 800),
        ("imagenet_mini", "val", 250),
        ("food101", "test", 69),
        ("food101", "train", 69),
        ("eurosat", "test", 300),
        ("eurosat", "train", 300),
        ("eurosat", "all", 600),
        ("coco", "val", 60),
    ],
)
def test_the_collected_sets_open_whole(name: str, split: str, n: int) -> None:
    data = open_dataset(name, split, DATA)
    assert len(data) == len(data.pictures) == len(set(data.ids)) == n
    assert "part" in coded(data.notes)
    assert all(to_rgb(data.pictures.read(row)).mode == "RGB" for row in range(0, n, 5))
    if data.labels is not None:
        spec = next(spec for spec in DATASETS if spec.name == name)
        assert data.raw_classnames == spec.raw_classnames and data.labels.shape == (n,)
    else:
        assert data.image_index is not None and len(data.captions) == 300
        assert np.bincount(data.image_index).tolist() == [5] * 60


@needs_data
def test_labels_agree_with_the_folders_of_the_collected_sets() -> None:
    for name, split in (("imagenet_mini", "val"), ("food101", "test"), ("eurosat", "all")):
        data = open_dataset(name, split, DATA)
        assert data.labels is not None
        folders = [row.split("/")[0] for row in data.ids]
        assert folders == [data.raw_classnames[label] for label in data.labels]


@needs_data
def test_the_collected_food_lists_do_not_overlap() -> None:
    train, test = (open_dataset("food101", split, DATA) for split in ("train", "test"))
    assert not set(train.ids) & set(test.ids)
    listed = (DATA / "food-101" / "meta" / "test.txt").read_text(encoding="utf-8").split()
    assert sorted(test.ids) == sorted(f"{entry}.jpg" for entry in listed)
