"""`labels.csv` beside images: forms in which people write several labels, and what of it is said or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import TMVError
from core.readers import data_digest, describe_dataset, on_disk, open_dataset
from core.types import Dataset
from tests.data_files import paint

PLAIN = "image,labels\na.png,cat|dog\nb.png,cat\nc.png,\nd.png,dog|cat|bird\n"
WANTED = {"a.png": {"cat", "dog"}, "b.png": {"cat"}, "c.png": set(), "d.png": {"bird", "cat", "dog"}}
FORMS = {
    "pipes": PLAIN,
    "semicolons": PLAIN.replace("|", ";"),
    "spaces around": PLAIN.replace("|", " | "),
    "semicolons between columns": PLAIN.replace(",", ";"),
    "names without ending": PLAIN.replace(".png", ""),
    "no heading": PLAIN.split("\n", 1)[1],
    "other columns": "id,split,labels\n" + "".join(f"{k},x,{'|'.join(v)}\n" for k, v in WANTED.items()),
    "a row each": "file_name,label\na.png,cat\na.png,dog\nb.png,cat\nc.png,\nd.png,dog\nd.png,cat\nd.png,bird\nd.png,cat\n",
    "ones and zeros": "filename,cat,dog,bird\na.png,1,1,0\nb.png,1,0,0\nc.png,0,0,0\nd.png,1,1.0,1\n",
    "another order": "labels,image\ncat|dog,a.png\ncat,./b.png\n,c.png\ndog|cat|bird,d.png\n",
}


def _folder(folder: Path, table: str, name: str = "labels.csv", images: str = "abcd") -> str:
    paint(*(folder / f"{image}.png" for image in images))
    (folder / name).write_text(table, encoding="utf-8")
    return f"folder:{folder}"


def _open(name: str, split: str | None = None) -> Dataset:
    return open_dataset(name, split, None, None)


def _labels(rows: Dataset) -> dict[str, set[str]]:
    assert rows.label_pairs is not None and rows.labels is None
    found: dict[str, set[str]] = {name: set() for name in rows.ids}
    for row, label in rows.label_pairs.tolist():
        found[rows.ids[row]].add(rows.raw_classnames[label])
    return found


def _codes(rows: Dataset) -> set[str]:
    return {note.code for note in rows.notes}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same(tmp_path: Path, form: str) -> None:
    rows = _open(_folder(tmp_path / "set", FORMS[form]), "all")
    assert _labels(rows) == WANTED
    assert rows.raw_classnames == ("bird", "cat", "dog")
    said = next(note for note in rows.notes if note.code == "several_labels")
    assert "of 4 images 2 have several and 1 none, on average 1.50" in said
    assert "list_beside" not in _codes(rows), "the table is used, not offered as class names"


def test_tabs_and_images_in_a_folder_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    paint(*(tmp_path / "set" / "images" / f"{name}.png" for name in "abcd"))
    (tmp_path / "set" / "labels.tsv").write_text(PLAIN.replace(",", "\t").replace("a.png", "images/a.png"))
    assert _labels(_open(f"folder:{tmp_path / 'set'}", "all")) == WANTED


def test_splits_have_one_table_or_their_own(tmp_path: Path) -> None:
    for place in ("one", "each"):
        for split, names in (("train", "ab"), ("val", "cd")):
            paint(*(tmp_path / place / split / f"{name}.png" for name in names))
    lines = PLAIN.splitlines(keepends=True)
    (tmp_path / "one" / "labels.csv").write_text(PLAIN.replace("a.png", "train/a.png"))
    (tmp_path / "each" / "train" / "labels.csv").write_text("".join(lines[:3]))
    (tmp_path / "each" / "val" / "labels.csv").write_text("".join([lines[0], *lines[3:]]))
    for place in ("one", "each"):
        name = f"folder:{tmp_path / place}"
        assert describe_dataset(name, None, None).raw_classnames == ("bird", "cat", "dog")
        both = {split: _labels(_open(name, split)) for split in ("train", "val")}
        assert {**both["train"], **both["val"]} == WANTED
        assert place == "each" or "train/a.png" not in str(_open(name, "val").notes)


def test_halves_are_of_different_images(tmp_path: Path) -> None:
    name = _folder(tmp_path / "set", PLAIN)
    halves = [_labels(_open(name, split)) for split in ("train", "test")]
    assert {**halves[0], **halves[1]} == WANTED and not set(halves[0]) & set(halves[1])


def test_one_label_each_is_an_ordinary_set(tmp_path: Path) -> None:
    rows = _open(_folder(tmp_path / "set", "image,label\na.png,cat\nb.png,dog\nc.png,\nd.png,cat\n"), "all")
    assert rows.label_pairs is None and rows.labels is not None
    assert rows.ids == ("a.png", "b.png", "d.png") and rows.labels.tolist() == [0, 1, 0]
    left = next(note for note in rows.notes if note.code == "pictures_left_out")
    assert "c.png" in left


def test_what_is_not_in_the_table_or_not_here_is_named(tmp_path: Path) -> None:
    rows = _open(_folder(tmp_path / "set", PLAIN.replace("b.png", "zz.png")), "all")
    assert "b.png" not in rows.ids
    said = {note.code: note for note in rows.notes}
    assert "zz.png" in said["rows_without_picture"] and "b.png" in said["pictures_left_out"]


def test_a_comma_is_part_of_a_label_and_that_is_said(tmp_path: Path) -> None:
    table = 'image,labels\na.png,"crane, bird|dog"\nb.png,dog\nc.png,dog\nd.png,dog\n'
    rows = _open(_folder(tmp_path / "set", table), "all")
    assert "crane, bird" in rows.raw_classnames and "commas_in_labels" in _codes(rows)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("image,labels\na.png,cat|dog\nb.png,cat;dog\n", r"both \| and ;"),
        ("image,cat,dog\na.png,1,-1\nb.png,0,1\n", r"line 2 has '-1' under 'dog'; expected 1"),
        ("a.png,cat,dog\nb.png,cat,bird\n", "no column of labels"),
        ("image,cat,\na.png,1,0\n", "column without a heading"),
    ],
)
def test_what_cannot_be_understood_is_refused(tmp_path: Path, table: str, said: str) -> None:
    with pytest.raises(TMVError, match=said):
        _open(_folder(tmp_path / "set", table))


def test_a_list_of_class_names_is_no_such_table(tmp_path: Path) -> None:
    rows = _open(_folder(tmp_path / "set", "folder,name\nx,cat\ny,dog\n"))
    assert rows.labels is None and rows.label_pairs is None and "no_classes" in _codes(rows)
    paint(*(tmp_path / "classes" / place / "1.png" for place in ("x", "y")))
    (tmp_path / "classes" / "labels.csv").write_text("folder,name\nx,cat\ny,dog\n")
    assert np.asarray(_open(f"folder:{tmp_path / 'classes'}", "all").labels).tolist() == [0, 1]


def test_a_changed_table_is_seen_and_changes_the_digest(tmp_path: Path) -> None:
    name = _folder(tmp_path / "set", PLAIN)
    before = data_digest(_open(name, "all"), tmp_path / "memo")
    (tmp_path / "set" / "labels.csv").write_text(PLAIN.replace("b.png,cat", "b.png,dog"))
    rows = _open(name, "all")
    assert _labels(rows)["b.png"] == {"dog"}
    assert data_digest(rows, tmp_path / "memo") != before


def test_it_counts_as_a_set_with_classes(tmp_path: Path) -> None:
    found = on_disk(_folder(tmp_path / "set", PLAIN), None, None)
    assert (found.carries, found.images, found.classes) == ("classes", 4, 3)
