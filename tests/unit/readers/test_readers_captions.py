"""`captions:` from every kind of file, and its findings."""

from __future__ import annotations

import json
import os
import unicodedata
from pathlib import Path

import pytest

from core.errors import NotHere, TMVError, UnknownName
from core.readers import dataset_state, describe_dataset, open_dataset
from core.readers.caption_files import read_caption_file
from tests.coded import coded
from tests.data_files import coco_json, paint

DATA = Path(os.environ.get("TMV_TEST_DATA", "/nonexistent"))


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def rows(path: Path) -> list[tuple[str, str]]:
    return [(row.picture, row.caption) for row in read_caption_file(path).rows]


# --- files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, text",
    [
        ("captions.txt", 'image,caption\na.jpg,A dog .\na.jpg,"Two, no three"\nb.jpg,A cat .\n'),
        ("captions.csv", 'caption,filename\nA dog .,a.jpg\n"Two, no three",a.jpg\nA cat .,b.jpg\n'),
        ("captions.csv", "\ufeffimage;text\na.jpg;A dog .\na.jpg;Two, no three\nb.jpg;A cat .\n"),
        ("x.tsv", "path\tcaption\na.jpg\tA dog .\na.jpg\tTwo, no three\nb.jpg\tA cat .\n"),
        ("Flickr8k.token.txt", "a.jpg#0\tA dog .\na.jpg#1\tTwo, no three\nb.jpg#0\tA cat .\n"),
        (
            "results.csv",
            "image_name| comment_number| comment\na.jpg| 0| A dog .\na.jpg| 1| Two, no three\nb.jpg| 0| A cat .\n",
        ),
        ("plain.csv", "a.jpg,A dog .\na.jpg,Two, no three\nb.jpg,A cat .\n"),
        ("crlf.csv", "image,caption\r\na.jpg,A dog .\r\na.jpg,Two, no three\r\nb.jpg,A cat .\r\n"),
        ("c.json", coco_json({"a.jpg": ["A dog .", "Two, no\nthree "], "b.jpg": ["A cat ."]})),
    ],
)
def test_every_kind_of_file_says_the_same(name: str, text: str, tmp_path: Path) -> None:
    found = rows(write(tmp_path / name, text))
    assert found == [("a.jpg", "A dog ."), ("a.jpg", "Two, no three"), ("b.jpg", "A cat .")]


def test_karpathy_json_has_splits(tmp_path: Path) -> None:
    document = {
        "images": [
            {"filename": "a.jpg", "filepath": "val2014", "split": "test", "sentences": [{"raw": "A dog."}]},
            {"filename": "b.jpg", "split": "restval", "sentences": [{"raw": "A cat."}, {"raw": "One."}]},
            {"filename": "c.jpg", "split": "val", "sentences": []},
        ]
    }
    found = read_caption_file(write(tmp_path / "dataset_coco.json", json.dumps(document))).rows
    assert [(row.picture, row.caption, row.split) for row in found] == [
        ("val2014/a.jpg", "A dog.", "test"),
        ("b.jpg", "A cat.", "train"),
        ("b.jpg", "One.", "train"),
        ("c.jpg", "", "val"),
    ]


@pytest.mark.parametrize(
    "name, text, said",
    [
        ("a.csv", "x,y\n1,2\n", "columns x, y"),
        ("a.csv", "", "no captions"),
        ("a.csv", "image,caption\na.jpg\n", "line 2 has 1 columns"),
        ("a.txt", "a.jpg#0\tA dog.\nno tab here\n", "line 2 is not of the form"),
        ("a.json", "{", "not valid json"),
        ("a.json", "[" * 100_000, "not valid json"),
        ("a.json", "[]", "does not hold captions"),
        ("a.json", '{"images": []}', "holds no captions"),
        ("a.json", '{"images": [{"id": 1}], "annotations": []}', "holds no caption that is text"),
        ("a.json", '{"images": [], "annotations": [{"image_id": 1}]}', "caption"),
        ("a.json", '{"images": [], "annotations": [{"image_id": 1, "caption": 5}]}', "caption"),
        (
            "a.csv",
            'image,caption\na.jpg,"never closed ' + "x\n" * 20_000,
            "line 2: a quote opens there and is not closed",
        ),
    ],
)
def test_a_file_that_does_not_fit_is_named(name: str, text: str, said: str, tmp_path: Path) -> None:
    file = write(tmp_path / name, text)
    with pytest.raises(TMVError, match=said) as caught:
        open_dataset(f"captions:{file}")
    assert name in str(caught.value)


def test_latin_1_is_read_and_told(tmp_path: Path) -> None:
    paint(tmp_path / "a.jpg")
    (tmp_path / "a.csv").write_bytes("image,caption\na.jpg,café\n".encode("latin1"))
    data = open_dataset(f"captions:{tmp_path / 'a.csv'}")
    assert data.captions == ("café",) and "read as Latin-1" in data.notes[0]


# --- pictures ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["", "Images", "some folder"])
@pytest.mark.parametrize("whole", [True, False])
def test_pictures_are_found_near_the_file(place: str, whole: bool, tmp_path: Path) -> None:
    paint(tmp_path / place / "b.jpg", tmp_path / place / "a.jpg")
    file = write(tmp_path / "captions.csv", "image,caption\nb.jpg,B\na.jpg,A\nb.jpg,C\n")
    data = open_dataset(f"captions:{tmp_path if whole else file}")
    assert data.ids == ("b.jpg", "a.jpg") and data.captions == ("B", "A", "C")
    assert data.image_index is not None and data.image_index.tolist() == [0, 1, 0]
    assert data.split == "all" and data.notes == ()
    assert data.pictures.read(1) == (tmp_path / place / "a.jpg").read_bytes()


def test_coco_layout_gives_a_split_for_each_file(tmp_path: Path) -> None:
    for split in ("train", "val"):
        paint(tmp_path / f"{split}2014" / f"{split}.jpg")
        text = coco_json({f"{split}.jpg": [f"The {split} one."]})
        write(tmp_path / "annotations" / f"captions_{split}2014.json", text)
    write(tmp_path / "annotations" / "instances_val2014.json", coco_json({"val.jpg": []}))
    data = open_dataset(f"captions:{tmp_path}")
    assert data.split == "val" and data.spec.splits == ("train", "val") and data.ids == ("val.jpg",)
    assert open_dataset(f"captions:{tmp_path}", "train").captions == ("The train one.",)
    assert describe_dataset(f"captions:{tmp_path}").default_split == "val"
    with pytest.raises(UnknownName):
        open_dataset(f"captions:{tmp_path}", "tset")


def test_a_split_column(tmp_path: Path) -> None:
    paint(tmp_path / "a.jpg", tmp_path / "b.jpg", tmp_path / "c.jpg")
    write(tmp_path / "captions.csv", "image,caption,split\na.jpg,A,training\nb.jpg,B,test\nc.jpg,C,test\n")
    data = open_dataset(f"captions:{tmp_path}")
    assert data.split == "test" and data.ids == ("b.jpg", "c.jpg")
    assert data.notes == (), "the image of the other split has a caption there"
    assert open_dataset(f"captions:{tmp_path}", "train").ids == ("a.jpg",)


def test_names_in_subfolders_and_in_other_unicode_forms(tmp_path: Path) -> None:
    composed, apart = (unicodedata.normalize(form, "café.jpg") for form in ("NFC", "NFD"))
    paint(tmp_path / "x" / "1.jpg", tmp_path / "y" / "1.jpg", tmp_path / "y" / apart)
    text = f"image,caption\nx/1.jpg,X\ny/1.jpg,Y\nother/place/{composed},C\n"
    file = write(tmp_path / "captions.csv", text)
    data = open_dataset(f"captions:{file}")
    assert data.ids == ("x/1.jpg", "y/1.jpg", f"y/{apart}") and data.notes == ()
    write(file, text + "1.jpg,ambiguous\n")
    with pytest.raises(TMVError, match=r"1\.jpg could be x/1\.jpg, y/1\.jpg in .* write its folder"):
        open_dataset(f"captions:{file}")


LEADING_OUT = ("../secret.jpg", "{root}/secret.jpg", "..\\secret.jpg", "x/../../secret.jpg")


@pytest.mark.parametrize("name", LEADING_OUT)
def test_names_in_a_file_never_lead_out_of_the_folder(name: str, tmp_path: Path) -> None:
    paint(tmp_path / "secret.jpg", tmp_path / "set" / "a.jpg")
    text = f"image,caption\na.jpg,A\n{name.format(root=tmp_path)},stolen\n"
    data = open_dataset(f"captions:{write(tmp_path / 'set' / 'captions.csv', text)}")
    assert data.ids == ("a.jpg",) and data.captions == ("A",)


def test_only_names_that_lead_out_find_nothing(tmp_path: Path) -> None:
    paint(tmp_path / "secret.jpg", tmp_path / "set" / "sub" / "a.jpg")
    file = write(tmp_path / "set" / "captions.csv", "image,caption\n../secret.jpg,stolen\n")
    with pytest.raises(NotHere, match=r"Of 1 image named in .* none was found"):
        open_dataset(f"captions:{file}")


def test_findings_are_notes(tmp_path: Path) -> None:
    paint(*(tmp_path / "Images" / f"{name}.jpg" for name in "abcd"))
    lines = ["a.jpg,A dog", "a.jpg,A dog", "b.jpg,a DOG", "c.jpg,", "gone.jpg,Lost", "gone.jpg,Too", "b.jpg,"]
    file = write(tmp_path / "captions.csv", "\n".join(["image,caption", *lines]))
    notes = coded(open_dataset(f"captions:{file}").notes)
    assert "2 (gone.jpg)" in notes["captions_without_picture"]
    assert "2 (c.jpg, d.jpg)" in notes["pictures_without_caption"]
    assert ": 1" in notes["captions_twice"]
    assert ": 1" in notes["captions_shared"]
    assert "2 (line 5 of c.jpg, line 8 of b.jpg)" in notes["captions_left_out"]


def test_json_pictures_without_captions_and_captions_without_pictures(tmp_path: Path) -> None:
    paint(tmp_path / "a.jpg", tmp_path / "b.jpg")
    document = json.loads(coco_json({"a.jpg": ["A"], "b.jpg": []}))
    document["annotations"].append({"id": 1, "image_id": 555, "caption": "of nothing"})
    data = open_dataset(f"captions:{write(tmp_path / 'c.json', json.dumps(document))}")
    assert data.ids == ("a.jpg",)
    assert "image 555" in " ".join(data.notes) and "b.jpg" in " ".join(data.notes)


def test_two_files_and_one_choice_is_said(tmp_path: Path) -> None:
    paint(tmp_path / "a.jpg")
    write(tmp_path / "captions.csv", "image,caption\na.jpg,A\n")
    write(tmp_path / "captions.txt", "image,caption\na.jpg,B\n")
    data = open_dataset(f"captions:{tmp_path}")
    assert data.captions == ("A",)
    (note,) = data.notes
    assert note.startswith("Captions are from captions.csv; also there: captions.txt (captions:")


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(NotHere, match="There is no"):
        open_dataset(f"captions:{tmp_path / 'none'}")
    with pytest.raises(NotHere, match="no caption file"):
        open_dataset(f"captions:{tmp_path}")
    assert dataset_state(f"captions:{tmp_path}").state == "absent"


@pytest.mark.skipif(not (DATA / "flickr8k_200px").is_dir(), reason="TMV_TEST_DATA is not set")
def test_the_collected_flickr8k_in_both_forms() -> None:
    folder = DATA / "flickr8k_200px"
    files = (folder / "Flickr8k.token.txt", folder / "captions.txt")
    token, table = (open_dataset(f"captions:{file}") for file in files)
    assert token.ids == table.ids and len(token) == 80
    assert token.captions == table.captions and len(token.captions) == 400
    assert token.captions[0] == "A child playing on a rope net ."
    assert len(open_dataset(f"captions:{folder}")) == 80


@pytest.mark.skipif(not (DATA / "coco").is_dir(), reason="TMV_TEST_DATA is not set")
def test_the_collected_coco_as_own_captions_is_the_same() -> None:
    own, known = open_dataset(f"captions:{DATA / 'coco'}"), open_dataset("coco", data_dir=DATA)
    assert own.ids == known.ids and own.captions == known.captions and own.split == "val"
