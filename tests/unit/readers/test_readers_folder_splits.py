"""`folder:` as people lay it out: which folders are splits, which are classes, and what is said of the choice."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import TMVError
from core.readers import describe_dataset, open_dataset
from core.readers.split_names import split_name
from core.types import Dataset
from tests.coded import coded
from tests.data_files import paint


def fill(root: Path, *names: str) -> str:
    paint(*(root / name for name in names))
    return f"folder:{root}"


def pets(*folders: str) -> list[str]:
    """A cat and a dog in each of the folders, no two files of one name."""
    return [f"{folder}/{pet}/{i}{pet}.jpg" for i, folder in enumerate(folders) for pet in ("cat", "dog")]


def codes(data: Dataset, *levels: str) -> set[str]:
    return {getattr(note, "code", "") for note in data.notes if not levels or getattr(note, "level", "") in levels}


@pytest.mark.parametrize(
    "folder, split, exact, plain",
    [
        ("train", "train", True, True),
        ("Training", "train", True, True),
        ("VALID", "val", True, True),
        ("dev", "dev", True, True),
        ("hold-out", "holdout", True, True),
        ("fold_01", "fold1", True, True),
        ("Fold12", "fold12", True, True),
        ("train_val", "trainval", True, True),
        ("eval", "eval", True, True),
        ("training_set", "train", False, True),
        ("trainset", "train", False, True),
        ("TestImages", "test", False, True),
        ("train2017", "train", False, True),
        ("seg_train", "train", False, False),
        ("xray-valid", "val", False, False),
        ("ILSVRC2012_img_val", "val", False, False),
        ("bullet_train", "train", False, False),
    ],
)
def test_names_that_speak_of_a_split(folder: str, split: str, exact: bool, plain: bool) -> None:
    found = split_name(folder)
    assert found is not None and (found.split, found.exact, found.plain) == (split, exact, plain)


@pytest.mark.parametrize(
    "folder", ["cat", "contest", "pretrained", "devices", "Testarossa", "5fold", "fold", "train_test"]
)
def test_names_that_do_not(folder: str) -> None:
    assert split_name(folder) is None


@pytest.mark.parametrize(
    "folders, splits, default, said",
    [
        (("train", "test"), ("train", "test"), "test", set()),
        (("TRAIN", "Valid"), ("train", "val"), "val", set()),
        (("train", "dev"), ("train", "val"), "val", set()),
        (("dev", "val"), ("val", "dev"), "val", set()),
        (("train", "holdout"), ("train", "holdout"), "holdout", set()),
        (("train", "eval", "test"), ("train", "eval", "test"), "test", set()),
        (("seg_train", "seg_test"), ("train", "test"), "test", {"splits_by_name"}),
        (("training_set", "test_set"), ("train", "test"), "test", {"splits_by_name"}),
        (("train_images", "val_images"), ("train", "val"), "val", {"splits_by_name"}),
        (("trainset", "testset"), ("train", "test"), "test", {"splits_by_name"}),
        (("fold1", "fold2", "fold10"), ("fold1", "fold2", "fold10"), "fold1", {"splits_by_name"}),
        (("train2014", "train2017"), ("train2014", "train2017"), "train2014", {"splits_by_name"}),
        (("train", "train_small"), ("train", "train_small"), "train", {"splits_by_name"}),
        (("train", "test1", "test2"), ("train", "test1", "test2"), "test1", {"splits_by_name"}),
        (("train/train", "test/test"), ("train", "test"), "test", {"found_deeper"}),
        (("train/Train", "test/Test"), ("train", "test"), "test", {"found_deeper"}),
        (("train/images", "val/images"), ("train", "val"), "val", {"found_deeper"}),
        (("seg_train/seg_train", "seg_test/seg_test"), ("train", "test"), "test", {"splits_by_name", "found_deeper"}),
        (("dataset/train", "dataset/test"), ("train", "test"), "test", {"found_deeper"}),
        (("animals10/train", "animals10/test"), ("train", "test"), "test", {"found_deeper"}),
        (("data/raw/train", "data/raw/test"), ("train", "test"), "test", {"found_deeper"}),
        (("images/train", "images/val"), ("train", "val"), "val", {"found_deeper"}),
        (("Train", "train"), ("train",), "train", {"splits_together"}),
        (("train", "training", "test"), ("train", "test"), "test", {"splits_together"}),
        (("images",), ("all", "train", "test"), "all", {"found_deeper"}),
    ],
)
def test_splits_in_every_dress(
    folders: tuple[str, ...], splits: tuple[str, ...], default: str, said: set[str], tmp_path: Path
) -> None:
    name = fill(tmp_path, *pets(*folders))
    spec = describe_dataset(name)
    assert (spec.splits, spec.default_split, spec.raw_classnames) == (splits, default, ("cat", "dog"))
    rows = [open_dataset(name, split) for split in splits if "all" not in splits or split == "all"]
    assert sum(map(len, rows)) == 2 * len(folders), "every image is in one split"
    for data in rows:
        assert data.labels is not None and codes(data) == said
        for row, label in zip(data.ids, data.labels, strict=True):
            assert row.split("/")[-2] == data.raw_classnames[label]


def test_two_folders_of_one_split_with_the_same_files_are_refused(tmp_path: Path) -> None:
    name = fill(tmp_path, "Train/cat/1.jpg", "train/cat/1.jpg", "train/dog/2.jpg")
    with pytest.raises(TMVError, match=r"Train and train are both the split train and both hold cat/1\.jpg"):
        open_dataset(name)


def test_what_lies_beside_the_splits_is_said(tmp_path: Path) -> None:
    data = open_dataset(fill(tmp_path, *pets("train", "test"), "samples/1.jpg", "preview.jpg"))
    assert data.split == "test" and len(data) == 2
    notes = coded(data.notes)
    assert f"folder:{tmp_path}/samples" in notes["beside_the_splits"] and "preview.jpg" in notes["pictures_left_out"]


@pytest.mark.parametrize(
    "files",
    [[*pets("train"), "cat/1.jpg", "dog/2.jpg"], [*pets("train", "test"), "cat/1.jpg"], [*pets("train"), "bird/1.jpg"]],
)
def test_a_mixture_of_splits_and_classes_is_refused(files: list[str], tmp_path: Path) -> None:
    with pytest.raises(TMVError, match=r"mixes splits and classes.*folder:.*/t"):
        open_dataset(fill(tmp_path, *files))


@pytest.mark.parametrize(
    "files, meant",
    [
        (pets("fold1/train", "fold1/test", "fold2/train", "fold2/test"), "fold1"),
        (pets("a/train", "a/test", "b/train", "b/test"), "a"),
    ],
)
def test_several_sets_with_splits_of_their_own_are_refused(files: list[str], meant: str, tmp_path: Path) -> None:
    with pytest.raises(TMVError, match=rf"folder:{tmp_path}/{meant}\b"):
        open_dataset(fill(tmp_path, *files))


# --- splits without labels --------------------------------------------------------------------------------


@pytest.mark.parametrize("test", ["test", "test/test", "test/images", "Testing"])
def test_a_split_without_labels_offers_the_one_with(test: str, tmp_path: Path) -> None:
    data = open_dataset(fill(tmp_path, *pets("train"), f"{test}/1.jpg"))
    assert data.split == "test" and data.labels is None and len(data) == 1
    assert "searched, not scored" in data.notes[0] and "--split train" in data.notes[0]


@pytest.mark.parametrize(
    "files",
    [
        ["train/images/1.jpg", "val/images/2.jpg"],
        ["images/train/1.jpg", "images/val/2.jpg"],
        ["train/1.jpg", "val/2.jpg"],
        ["train_images/1.jpg", "val_images/2.jpg"],
    ],
)
def test_pictures_of_detectors_have_splits_and_no_classes(files: list[str], tmp_path: Path) -> None:
    for folder in ("train/labels", "labels/train"):
        (tmp_path / folder).mkdir(parents=True)
    data = open_dataset(fill(tmp_path, *files))
    assert data.spec.splits == ("train", "val") and data.split == "val"
    assert data.labels is None and len(data) == 1


def test_one_folder_of_pictures_with_the_name_of_a_split_is_one(tmp_path: Path) -> None:
    data = open_dataset(fill(tmp_path, "val2017/1.jpg", "val2017/2.jpg"))
    assert data.split == "val" and data.labels is None and data.ids == ("1.jpg", "2.jpg")


def test_tiny_imagenet_takes_its_labels_from_its_annotations(tmp_path: Path) -> None:
    name = fill(
        tmp_path,
        "train/n01443537/images/a.JPEG",
        "train/n01629819/images/b.JPEG",
        *(f"val/images/val_{i}.JPEG" for i in range(3)),
        "test/images/test_0.JPEG",
    )
    lines = ["val_0.JPEG\tn01629819\t0\t0\t62\t57", "val_1.JPEG\tn01443537\t1\t2\t3\t4", "gone.JPEG\tn01443537\t0"]
    (tmp_path / "val" / "val_annotations.txt").write_text("\r\n".join(lines), encoding="utf-8")
    (tmp_path / "words.txt").write_text("n01443537\tgoldfish\n", encoding="utf-8")
    val = open_dataset(name, "val")
    assert val.ids == ("val_0.JPEG", "val_1.JPEG") and val.raw_classnames == ("n01443537", "n01629819")
    assert val.labels is not None and val.labels.tolist() == [1, 0]
    assert "val_2.JPEG" in coded(val.notes)["pictures_left_out"]
    assert f"--classnames {tmp_path}/words.txt" in coded(val.notes)["list_beside"]
    train = open_dataset(name, "train")
    assert train.ids[0] == "n01443537/images/a.JPEG" and train.raw_classnames == val.raw_classnames
    assert open_dataset(name, "test").labels is None


def test_labels_of_annotations_follow_the_file(tmp_path: Path) -> None:
    name = fill(tmp_path, *pets("train"), "val/images/1.jpg", "val/images/2.jpg")
    annotations = tmp_path / "val" / "val_annotations.txt"
    for first, second in (("cat", "dog"), ("dog", "cat")):
        annotations.write_text(f"1.jpg\t{first}\n2.jpg\t{second}\n", encoding="utf-8")
        data = open_dataset(name, "val")
        assert data.labels is not None and [data.classnames[c] for c in data.labels] == [first, second]


# --- classes that may be none -----------------------------------------------------------------------------


def test_one_class_is_a_fault_and_the_folder_meant_is_named(tmp_path: Path) -> None:
    data = open_dataset(fill(tmp_path, *pets("animals")))
    (fault,) = [note for note in data.notes if getattr(note, "level", "") == "fault"]
    assert codes(data, "fault") == {"one_class"} and f"folder:{tmp_path}/animals looks meant" in fault
    deep = open_dataset(fill(tmp_path / "b", *pets("x/y/z")))
    assert f"folder:{tmp_path}/b/x/y/z" in coded(deep.notes)["one_class"]
    alone = open_dataset(fill(tmp_path / "c", "cat/1.jpg"))
    assert codes(alone, "fault") == {"one_class"}


@pytest.mark.parametrize(
    "files, code, level",
    [
        (["train_images/1.jpg", "train_masks/2.jpg"], "split_classes", "fault"),
        (["bullet_train/1.jpg", "steam_train/2.jpg"], "split_classes", "warning"),
        (["train/1.jpg", "test/2.jpg", "bus/3.jpg"], "split_classes", "warning"),
        (["train/a/1.jpg", "train/b/1.jpg", "bus/2.jpg", "tram/3.jpg"], "split_classes", "warning"),
        (["images/1.jpg", "photos/2.jpg"], "container_classes", "fault"),
        (["animals/cat/1.jpg", "animals/dog/1.jpg", "cars/vw/1.jpg"], "folders_in_classes", "warning"),
        (["flowers/daisy/1.jpg", "flowers/rose/1.jpg", "daisy/1.jpg"], "folders_in_classes", "warning"),
        (["cats/a/1.jpg", "cats/b/1.jpg", "dogs/1.jpg"], "folders_in_classes", "info"),
        (["cat/train/1.jpg", "cat/test/2.jpg", "dog/train/3.jpg"], "splits_in_classes", "warning"),
    ],
)
def test_classes_that_look_like_something_else(files: list[str], code: str, level: str, tmp_path: Path) -> None:
    data = open_dataset(fill(tmp_path, *files))
    assert data.labels is not None and codes(data, level) == {code}


def test_splits_without_a_class_in_common_are_said(tmp_path: Path) -> None:
    data = open_dataset(fill(tmp_path, *pets("train"), "test/bird/1.jpg", "test/cow/2.jpg"))
    assert codes(data, "warning") == {"splits_share_no_class"}


@pytest.mark.parametrize(
    "files",
    [
        ["bus/1.jpg", "train/2.jpg", "tram/3.jpg"],
        ["bus_station/1.jpg", "train_station/2.jpg"],
        ["images/cat/1.jpg", "images/dog/2.jpg"],
        pets("train", "val", "test"),
        ["cat/a/1.jpg", "cat/2.jpg", "dog/3.jpg"],
        ["n01440764/images/1.jpg", "n01443537/images/1.jpg"],
    ],
)
def test_sound_folders_have_no_warning(files: list[str], tmp_path: Path) -> None:
    assert not codes(open_dataset(fill(tmp_path, *files)), "warning", "fault")


# --- links, hidden folders, lists beside ------------------------------------------------------------------


def test_links_back_to_a_folder_above_are_no_classes(tmp_path: Path) -> None:
    name = fill(tmp_path / "set", "cat/1.jpg", "dog/2.jpg")
    (tmp_path / "set" / "loop").symlink_to(tmp_path / "set")
    (tmp_path / "set" / "up").symlink_to(tmp_path)
    (tmp_path / "set" / "dog" / "deep").symlink_to(tmp_path / "set")
    data = open_dataset(name)
    assert data.ids == ("cat/1.jpg", "dog/2.jpg") and data.raw_classnames == ("cat", "dog")
    assert "links_up" in coded(data.notes)


def test_one_folder_that_is_two_classes_is_a_fault(tmp_path: Path) -> None:
    name = fill(tmp_path / "set", "cat/1.jpg", "dog/2.jpg")
    (tmp_path / "set" / "feline").symlink_to(tmp_path / "set" / "cat")
    assert codes(open_dataset(name), "fault") == {"same_folder"}


def test_hidden_folders_with_pictures_are_said_and_those_of_programs_are_not(tmp_path: Path) -> None:
    name = fill(tmp_path, "cat/1.jpg", "dog/2.jpg", ".fox/3.jpg", ".git/4.jpg", ".ipynb_checkpoints/5.jpg")
    data = open_dataset(name)
    assert data.raw_classnames == ("cat", "dog")
    (note,) = [note for note in data.notes if getattr(note, "code", "") == "hidden_folders"]
    assert ".fox" in note and ".git" not in note


@pytest.mark.parametrize("file", ["classes.txt", "LOC_synset_mapping.txt", "cat_to_name.json", "class_names.csv"])
def test_a_list_of_names_beside_the_pictures_is_offered(file: str, tmp_path: Path) -> None:
    name = fill(tmp_path, "1/1.jpg", "2/2.jpg")
    assert "list_beside" not in codes(open_dataset(name))
    (tmp_path / file).write_text("cat\ndog\n", encoding="utf-8")
    data = open_dataset(name)
    assert data.classnames == ("1", "2") and f"--classnames {tmp_path}/{file}" in coded(data.notes)["list_beside"]


def test_classes_that_lie_in_images_below_two_domains(tmp_path: Path) -> None:
    paint(*(tmp_path / domain / "images" / c / "1.jpg" for domain in ("amazon", "webcam") for c in ("bike", "mug")))
    notes = {note.code: note for note in open_dataset(f"folder:{tmp_path}").notes}
    assert notes["folders_in_classes"].level == "warning" and "amazon/images: bike, mug" in notes["folders_in_classes"]
    assert f"folder:{tmp_path / 'amazon' / 'images'} takes" in notes["folders_in_classes"]
