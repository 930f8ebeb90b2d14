"""`folder:` with each of its layouts, and what is said about those that are none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.errors import BadImage, NotHere, TMVError, UnknownName
from core.images.decode import to_rgb
from core.readers import dataset_state, describe_dataset, open_dataset
from tests.coded import coded
from tests.data_files import paint

DATA = Path(os.environ.get("TMV_TEST_DATA", "/nonexistent"))


def fill(root: Path, *names: str) -> str:
    paint(*(root / name for name in names))
    return f"folder:{root}"


def test_class_folders(tmp_path: Path) -> None:
    name = fill(tmp_path, "AnnualCrop/b 1.jpg", "AnnualCrop/a.jpg", "hot_dog/é猫.png", "n01440764/deep/x.jpg")
    data = open_dataset(name)
    assert data.split == "all" and data.spec.name == name
    assert data.ids == ("AnnualCrop/a.jpg", "AnnualCrop/b 1.jpg", "hot_dog/é猫.png", "n01440764/deep/x.jpg")
    assert data.labels is not None and data.labels.tolist() == [0, 0, 1, 2]
    assert str(data.labels.dtype) == "int64"
    assert data.classnames == ("annual crop", "hot dog", "tench")
    assert data.raw_classnames == ("AnnualCrop", "hot_dog", "n01440764")
    assert to_rgb(data.pictures.read(2)).size == (8, 8)
    assert data.spec.splits == ("all", "train", "test") and data.spec.default_split == "all"


def test_halves_of_a_folder_without_splits_are_whole_and_apart(tmp_path: Path) -> None:
    name = fill(tmp_path, *(f"{c}/{i}.png" for c in "ab" for i in range(7)))
    train, test = open_dataset(name, "train"), open_dataset(name, "test")
    assert not set(train.ids) & set(test.ids)
    assert sorted(train.ids + test.ids) == sorted(open_dataset(name).ids)
    assert train.labels is not None and train.labels.tolist() == [0] * 3 + [1] * 3
    assert "fixed_halves" in coded(train.notes)
    assert "fixed_halves" not in coded(open_dataset(name).notes)


def test_split_folders_share_one_list_of_classes(tmp_path: Path) -> None:
    val = ("validation/dog/3.jpg", "validation/elk/4.jpg")
    name = fill(tmp_path, "Training/cat/1.jpg", "Training/dog/2.jpg", *val)
    data = open_dataset(name)
    assert data.split == "val" and data.spec.splits == ("train", "val")
    assert data.raw_classnames == ("cat", "dog", "elk") == open_dataset(name, "train").raw_classnames
    assert data.labels is not None and data.labels.tolist() == [1, 2]
    assert "2 of 3 classes" in coded(data.notes)["classes_without_pictures"]
    assert open_dataset(name, "valid").ids == data.ids
    with pytest.raises(UnknownName, match="there are: train, val"):
        open_dataset(name, "nonsense")


def test_test_is_preferred_over_val(tmp_path: Path) -> None:
    name = fill(tmp_path, "train/a/1.jpg", "val/a/2.jpg", "test/a/3.jpg")
    assert open_dataset(name).split == "test"
    assert describe_dataset(name).splits == ("train", "val", "test")


def test_a_class_called_train_is_a_class(tmp_path: Path) -> None:
    name = fill(tmp_path, "bus/1.jpg", "train/2.jpg", "tram/3.jpg")
    assert open_dataset(name).raw_classnames == ("bus", "train", "tram")


def test_other_folders_beside_the_splits_do_not_matter(tmp_path: Path) -> None:
    name = fill(tmp_path, "train/a/1.jpg", "test/a/2.jpg", ".cache/x/3.jpg", "__MACOSX/train/._1.jpg")
    (tmp_path / "labels").mkdir()
    assert open_dataset(name).spec.splits == ("train", "test")


def test_pictures_without_classes_can_be_searched_not_scored(tmp_path: Path) -> None:
    data = open_dataset(fill(tmp_path, "1.jpg", "2.jpg"))
    assert data.labels is None and data.classnames == () and len(data) == 2
    assert "no_classes" in coded(data.notes)
    assert data.spec.splits == ("all",)


def test_strays_empty_folders_and_equal_names_are_said(tmp_path: Path) -> None:
    name = fill(tmp_path, "hot_dog/1.jpg", "hot-dog/2.jpg", "stray.jpg")
    (tmp_path / "empty").mkdir()
    notes = coded(open_dataset(name).notes)
    assert "stray.jpg" in notes["pictures_left_out"] and "empty" in notes["empty_folders"]
    assert "hot dog (hot-dog, hot_dog)" in notes["equal_names"]


def test_broken_and_hidden_files(tmp_path: Path) -> None:
    name = fill(tmp_path, "a/1.jpg", "a/._1.jpg", "a/.DS_Store.jpg")
    (tmp_path / "a" / "notes.txt").write_text("x")
    assert open_dataset(name).ids == ("a/1.jpg",)


@pytest.mark.parametrize(
    "beside, hint",
    [("x.tar", "wds:"), ("x.zip", "unpack"), ("captions.csv", "captions:"), ("x.txt", "one folder for each")],
)
def test_a_folder_without_pictures_gets_a_hint(beside: str, hint: str, tmp_path: Path) -> None:
    (tmp_path / beside).write_bytes(b"")
    with pytest.raises(NotHere, match=hint):
        open_dataset(f"folder:{tmp_path}")
    assert dataset_state(f"folder:{tmp_path}").state == "absent"


def test_no_folder_and_a_file(tmp_path: Path) -> None:
    with pytest.raises(NotHere, match="There is no folder"):
        open_dataset(f"folder:{tmp_path / 'none'}")
    (tmp_path / "x.jpg").write_bytes(b"")
    with pytest.raises(TMVError, match="is a file"):
        open_dataset(f"folder:{tmp_path / 'x.jpg'}")


def test_ids_never_leave_the_folder(tmp_path: Path) -> None:
    paint(tmp_path / "outside" / "secret.jpg")
    name = fill(tmp_path / "set", "a/1.jpg")
    (tmp_path / "set" / "a" / "link.jpg").symlink_to(tmp_path / "outside" / "secret.jpg")
    data = open_dataset(name)
    assert data.ids == ("a/1.jpg", "a/link.jpg")
    assert not any(part in ("..", "") for i in data.ids for part in i.split("/"))


def test_formats_that_are_not_read_are_rows_that_are_skipped_by_name(tmp_path: Path) -> None:
    name = fill(tmp_path, "cat/1.jpg", "dog/2.jpg", "dog/renamed.CR2")
    (tmp_path / "cat" / "9.NEF").write_bytes(b"MM\0x" * 99)
    (tmp_path / "dog" / "film.mp4").write_bytes(b"\0" * 99)
    (tmp_path / "dog" / "notes.txt").write_bytes(b"x")
    (tmp_path / "raws").mkdir()
    (tmp_path / "raws" / "1.dng").write_bytes(b"x")
    data = open_dataset(name)
    assert data.ids == ("cat/1.jpg", "cat/9.NEF", "dog/2.jpg", "dog/film.mp4", "dog/renamed.CR2")
    assert data.raw_classnames == ("cat", "dog"), "a folder without an image that is read is no class"
    notes = {getattr(note, "code", ""): note for note in data.notes}
    assert "3 of 5 files are in a format that is not read (RAW, video)" in notes["format_not_read"]
    assert "raws/1.dng" in notes["empty_folders"]
    assert to_rgb(data.pictures.read(4)).size == (8, 8), "what a file is decides, not what it is called"
    for row, kind in ((1, "RAW"), (3, "video")):
        with pytest.raises(BadImage, match=f"format not read: {kind}"):
            data.pictures.read(row)


def test_links_to_pictures_that_are_gone_are_skipped_by_name(tmp_path: Path) -> None:
    name = fill(tmp_path, "cat/1.jpg", "dog/2.jpg")
    (tmp_path / "cat" / "3.jpg").symlink_to(tmp_path / "nothing.jpg")
    data = open_dataset(name)
    assert data.ids == ("cat/1.jpg", "cat/3.jpg", "dog/2.jpg")
    with pytest.raises(BadImage, match="missing file"):
        data.pictures.read(1)


def test_a_folder_of_unread_formats_alone_says_so(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "1.cr2").write_bytes(b"x")
    with pytest.raises(NotHere, match=r"only 1 file that cannot be read \(RAW\): cat/1\.cr2"):
        open_dataset(f"folder:{tmp_path}")


@pytest.mark.skipif(not (DATA / "imagenette224").is_dir(), reason="TMV_TEST_DATA is not set")
def test_the_collected_imagenette() -> None:
    val = open_dataset(f"folder:{DATA / 'imagenette224'}")
    train = open_dataset(f"folder:{DATA / 'imagenette224'}", "train")
    assert val.split == "val" and len(val) == len(train) == 50
    assert val.classnames[:2] == ("tench", "English Springer Spaniel")
    assert val.labels is not None and val.labels.tolist() == [c for c in range(10) for _ in range(5)]
    assert all(to_rgb(val.pictures.read(i)).mode == "RGB" for i in range(len(val)))


@pytest.mark.skipif(not (DATA / "cifar100").is_dir(), reason="TMV_TEST_DATA is not set")
def test_the_collected_png_folders_of_cifar_hold_a_class_called_train() -> None:
    data = open_dataset(f"folder:{DATA / 'cifar100' / 'test'}")
    assert len(data.raw_classnames) == 100 and "train" in data.raw_classnames and len(data) == 1000
