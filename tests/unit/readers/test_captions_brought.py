"""Captions as people have them: each kind of file is read as it is meant, refused by its line, or used with a note."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from core.errors import NotHere, TMVError
from core.readers import open_dataset
from core.types import Dataset
from tests.coded import coded
from tests.data_files import paint

A, B = ["A dog.", "Two, no three"], ["A cat."]
WHOLE = [("a.jpg", "A dog."), ("a.jpg", "Two, no three"), ("b.jpg", "A cat.")]


def put(folder: Path, name: str, content: str | bytes | object) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(content, str | bytes):
        content = json.dumps(content)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def opened(folder: Path, name: str, content: str | bytes | object, split: str | None = None) -> Dataset:
    """The set of a file beside the pictures a.jpg and b.jpg."""
    paint(folder / "a.jpg", folder / "b.jpg")
    return open_dataset(f"captions:{put(folder, name, content)}", split)


def pairs(data: Dataset) -> list[tuple[str, str]]:
    assert data.image_index is not None
    return [(data.ids[i], caption) for i, caption in zip(data.image_index, data.captions, strict=True)]


def codes(data: Dataset) -> list[tuple[str, str]]:
    return [(note.code, note.level) for note in data.notes]


def table(rows: Sequence[Sequence[object]], **how: Any) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", **how).writerows(rows)
    return out.getvalue()


# --- a list in a cell -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell",
    [
        json.dumps(A),
        repr(A),
        repr(tuple(A)),
        "['A dog.' 'Two, no three']",  # NumPy writes no commas, and Python would join the two
        "['A dog.'\n 'Two, no three']",
        "array(['A dog.', 'Two, no three'], dtype=object)",
        '{"A dog.","Two, no three"}',
        '["A dog.", "", null, "Two, no three"]',
        " [ \"A dog.\" , 'Two, no three' ] ",
    ],
)
def test_a_list_of_captions_in_a_cell(cell: str, tmp_path: Path) -> None:
    rows = [["raw", "filename"], [cell, "a.jpg"], ["A cat.", "b.jpg"]]
    assert pairs(opened(tmp_path, "captions.csv", table(rows))) == WHOLE


@pytest.mark.parametrize("text", ['It\'s a "dog"', "é 猫 \\ / [x]", "a, b", "'", "[laughs] a man"])
@pytest.mark.parametrize("write", [json.dumps, repr, lambda texts: json.dumps(texts, ensure_ascii=False)])
def test_any_text_survives_a_list(text: str, write: Any, tmp_path: Path) -> None:
    rows = [["image", "caption"], ["a.jpg", write([text, "other"])], ["b.jpg", "B"]]
    assert pairs(opened(tmp_path, "captions.csv", table(rows)))[:2] == [("a.jpg", text), ("a.jpg", "other")]


@pytest.mark.parametrize(
    "cell, said",
    [
        ('["A dog.", "cut off', "line 2 holds a list of captions that is not whole"),
        ("['A dog.', 3 + 4]", "line 2 holds a list of captions that is not whole"),
        ("['A dog.', __import__('os').system('x')]", "line 2 holds a list"),
        ('{"en": "A dog.", "de": "Ein Hund."}', "line 2 holds a dictionary"),
    ],
)
def test_a_broken_list_is_refused_by_its_line(cell: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(TMVError, match=said):
        opened(tmp_path, "captions.csv", table([["image", "caption"], ["a.jpg", cell], ["b.jpg", "B"]]))


def test_brackets_in_a_caption_are_text_but_not_around_all(tmp_path: Path) -> None:
    rows = [["image", "caption"], ["a.jpg", "[a sign] of a [dog]"], ["b.jpg", "A cat"]]
    assert pairs(opened(tmp_path, "captions.csv", table(rows)))[0][1] == "[a sign] of a [dog]"
    rows[2][1] = "[a cat, a tom]"
    with pytest.raises(TMVError, match=r"every caption stands in \[ \]"):
        opened(tmp_path, "captions.csv", table(rows))


# --- tables -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, text",
    [
        ("metadata.csv", 'file_name,text\na.jpg,A dog.\na.jpg,"Two, no three"\nb.jpg,A cat.\n'),
        ("pandas.csv", ',image,caption\n0,a.jpg,A dog.\n1,a.jpg,"Two, no three"\n2,b.jpg,A cat.\n'),
        ("again.csv", 'Unnamed: 0,Image Name,Caption\n0,a.jpg,A dog.\n1,a.jpg,"Two, no three"\n2,b.jpg,A cat.\n'),
        ("last.csv", "caption,image\nA dog.,a.jpg\nTwo, no three,a.jpg\nA cat.,b.jpg\n"),
        ("semicolon.csv", "image;caption\na.jpg;A dog.\na.jpg;Two, no three\nb.jpg;A cat.\n"),
        ("semicolon.csv", "a.jpg;A dog.\na.jpg;Two, no three\nb.jpg;A cat.\n"),
        ("quoted.csv", '"image","caption"\n"a.jpg","A dog."\n"a.jpg","Two, no three"\n"b.jpg","A cat."\n'),
        ("space.csv", 'image,caption\na.jpg, "A dog."\na.jpg, "Two, no three"\nb.jpg,A cat.\n'),
        ("tabs.txt", "image\tcaption\na.jpg\tA dog.\na.jpg\tTwo, no three\nb.jpg\tA cat.\n"),
        ("captions.txt", "a.jpg\tA dog.\na.jpg\tTwo, no three\nb.jpg\tA cat.\n"),
        ("wide.csv", 'image,caption_1,caption_2\na.jpg,A dog.,"Two, no three"\nb.jpg,A cat.,\n'),
        (
            "urls.csv",
            'url,caption\nhttp://x.org/y/a.jpg?z=1,A dog.\nhttps://x.org/a.jpg,"Two, no three"\n'
            "https://x.org/b.jpg,A cat.\n",
        ),
        ("spoken.csv", 'image,caption\na.jpg#0,A dog.\na.jpg#1,"Two, no three"\nb.jpg#0,A cat.\n'),
        ("cr.csv", 'image,caption\ra.jpg,A dog.\ra.jpg,"Two, no three"\rb.jpg,A cat.\r'),
        ("stems.csv", 'image_id,caption\na,A dog.\na,"Two, no three"\nb,A cat.\n'),
        ("excel.csv", "sep=;\nimage;caption\na.jpg;A dog.\na.jpg;Two, no three\nb.jpg;A cat.\n"),
        ("bytes.csv", 'image,caption\na.jpg,b\'A dog.\'\na.jpg,"b\'Two, no three\'"\nb.jpg,"b""A cat."""\n'),
        ("multi.csv", 'image,caption\na.jpg,A dog.\na.jpg,"Two,\n no three"\nb.jpg,A cat.\n'),
    ],
)
def test_tables_that_are_understood(name: str, text: str, tmp_path: Path) -> None:
    assert pairs(opened(tmp_path, name, text)) == WHOLE


def test_flickr30k_with_its_broken_row(tmp_path: Path) -> None:
    text = 'image_name| comment_number| comment\na.jpg| 0| A dog.\na.jpg| 1   Two, no three\nb.jpg| 0| "A" cat.\n'
    data = opened(tmp_path, "results.csv", text)
    assert pairs(data) == [*WHOLE[:2], ("b.jpg", '"A" cat.')]
    assert codes(data) == [("rows_mended", "info")] and "line 3" in data.notes[0]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["captions.csv", "captions.json"])
def test_encodings(encoding: str, name: str, tmp_path: Path) -> None:
    text = "image,caption\na.jpg,Ein Käfer 猫\nb.jpg,B\n" if name.endswith("csv") else '{"a.jpg": "Ein Käfer 猫"}'
    assert pairs(opened(tmp_path, name, text.encode(encoding)))[0] == ("a.jpg", "Ein Käfer 猫")


def test_latin_1_is_told_and_other_bytes_are_refused(tmp_path: Path) -> None:
    data = opened(tmp_path, "captions.csv", "image,caption\na.jpg,Ein Käfer\nb.jpg,B\n".encode("latin-1"))
    assert pairs(data)[0][1] == "Ein Käfer" and codes(data) == [("latin_1", "warning")]
    with pytest.raises(TMVError, match="line 2 is not UTF-8"):
        opened(tmp_path, "captions.csv", "image,caption\na.jpg,Это кот\n".encode("cp1251"))


@pytest.mark.parametrize("sign", "\u2028\u2029\x0b\x0c\x1c\x1d\x1e\x85")
def test_other_signs_end_no_line(sign: str, tmp_path: Path) -> None:
    data = opened(tmp_path, "captions.csv", f"image,caption\na.jpg,A{sign}dog\nb.jpg,B\n")
    assert pairs(data) == [("a.jpg", "A dog"), ("b.jpg", "B")]
    with pytest.raises(TMVError, match="line 3 has 1 columns"):
        opened(tmp_path, "captions.csv", f"image,caption\na.jpg,A{sign}dog\nb.jpg\n")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "lines, line",
    [
        (["a.jpg,A", 'b.jpg,"open', "a.jpg,C"], 3),
        (["a.jpg,A", 'b.jpg,"open', "a.jpg,C", 'b.jpg,"D'], 3),
        (["a.jpg,A", 'b.jpg,"open', "a.jpg,C", 'b.jpg,a 5"'], 3),
        (["a.jpg,A", 'b.jpg,"open', 'a.jpg,"C"'], 3),
        (['a.jpg,"A"', "", 'b.jpg,"open'], 4),
        (['a.jpg,"two\nlines"', 'b.jpg,"open'], 4),
    ],
)
def test_a_quote_left_open_is_refused_where_it_opens(end: str, lines: list[str], line: int, tmp_path: Path) -> None:
    with pytest.raises(TMVError, match=f"line {line}: a quote opens there"):
        opened(tmp_path, "captions.csv", "\n".join(["image,caption", *lines, ""]).replace("\n", end))


@pytest.mark.parametrize(
    "cell, caption",
    [
        ('a 5" wheel', 'a 5" wheel'),
        ('"Stop" on a sign', '"Stop" on a sign'),
        ('"Stop", it says', '"Stop", it says'),
        ('"say ""hi"" twice"', 'say "hi" twice'),
        ('"a, b" ', "a, b"),
        ('he said "no", then left', 'he said "no", then left'),
    ],
)
def test_quotes_in_a_caption(cell: str, caption: str, tmp_path: Path) -> None:
    assert pairs(opened(tmp_path, "captions.csv", f"image,caption\na.jpg,{cell}\nb.jpg,B\n"))[0][1] == caption


@pytest.mark.parametrize(
    "text, said",
    [
        ("image,caption,other\na.jpg,A dog, brown,x\n", None),
        ("caption,image,other\nA dog, brown,x,a.jpg\n", "line 2 has 4 columns, expected 3"),
        ("image,caption,caption_2\na.jpg,A dog, brown,C\n", "line 2 has 4 columns, expected 3"),
        ("image,image,caption\na.jpg,b.jpg,A\n", "the column image twice"),
        ("image,caption\na.jpg,\nb.jpg,\n", "holds no caption that is text: line 2 is empty"),
    ],
)
def test_rows_that_do_not_fit(text: str, said: str | None, tmp_path: Path) -> None:
    if said is None:
        assert pairs(opened(tmp_path, "x.csv", text)) == [("a.jpg", "A dog, brown")]
        return
    with pytest.raises(TMVError, match=said):
        opened(tmp_path, "x.csv", text)


@pytest.mark.parametrize("nothing", ["nan", "NaN", "None", "NULL", "<NA>", "#N/A", " "])
def test_what_programs_write_for_nothing_is_no_caption(nothing: str, tmp_path: Path) -> None:
    data = opened(tmp_path, "x.csv", f"image,caption\na.jpg,A\na.jpg,{nothing}\nb.jpg,B\n")
    assert pairs(data) == [("a.jpg", "A"), ("b.jpg", "B")] and "line 3 of a.jpg" in data.notes[0]


def test_a_row_without_a_picture_is_named(tmp_path: Path) -> None:
    data = opened(tmp_path, "x.csv", "image,caption\na.jpg,A\n,lost\nb.jpg,B\n")
    assert data.notes == ("Captions left out because their image is missing: 1 ((no image in line 3)).",)


def test_which_column_was_read_is_said(tmp_path: Path) -> None:
    data = opened(tmp_path, "x.csv", "image,title,caption\na.jpg,T,A\nb.jpg,U,B\n")
    assert pairs(data) == [("a.jpg", "A"), ("b.jpg", "B")] and codes(data) == [("caption_column", "info")]
    assert "column caption" in data.notes[0] and "title" in data.notes[0]
    wide = opened(tmp_path, "x.csv", "image,caption,caption\na.jpg,A,C\nb.jpg,B,\n")
    assert pairs(wide)[:2] == [("a.jpg", "A"), ("a.jpg", "C")]


def test_the_column_that_names_pictures_is_found_by_its_cells(tmp_path: Path) -> None:
    data = opened(tmp_path, "x.csv", "image,file_name,caption\n17,a.jpg,A\n18,b.jpg,B\n")
    assert pairs(data) == [("a.jpg", "A"), ("b.jpg", "B")]


@pytest.mark.parametrize("name", ["x.parquet", "x.xlsx", "x.pkl", "captions.csv.gz"])
def test_other_formats_are_refused_in_words(name: str, tmp_path: Path) -> None:
    with pytest.raises(TMVError, match=r"not read here; save it as csv or jsonl"):
        opened(tmp_path, name, b"PAR1 anything")
    with pytest.raises(TMVError, match="not read here"):
        open_dataset(f"captions:{tmp_path}")


# --- json -------------------------------------------------------------------------------------------------

LINES = [
    {"file_name": "a.jpg", "text": A[0]},
    {"file_name": "a.jpg", "text": A[1]},
    {"file_name": "b.jpg", "text": "A cat."},
]


@pytest.mark.parametrize(
    "name, content",
    [
        ("metadata.jsonl", "\n".join(map(json.dumps, LINES))),
        ("metadata.json", "\n".join(map(json.dumps, LINES)) + "\n"),
        ("x.json", LINES),
        ("x.json", [{"image": "a.jpg", "caption": A}, {"image": "b.jpg", "caption": B}]),
        ("x.json", [{"image": {"path": "a.jpg"}, "captions": A}, {"image": {"path": "b.jpg"}, "captions": B}]),
        ("x.json", {"a.jpg": A, "b.jpg": B}),
        ("x.json", {"a.jpg": A, "b.jpg": "A cat."}),
        ("x.json", {"a.jpg": [{"raw": A[0]}, {"raw": A[1]}], "b.jpg": {"caption": "A cat."}}),
        ("x.json", {"data": [{"image": "a.jpg", "caption": A}, {"image": "b.jpg", "caption": B}], "version": 1}),
        ("x.json", {"annotations": [{"image": "a.jpg", "caption": A}, {"image": "b.jpg", "caption": B}]}),
        ("x.json", {"image": ["a.jpg", "a.jpg", "b.jpg"], "caption": [*A, *B]}),
        ("x.json", {"image": {"0": "a.jpg", "1": "a.jpg", "2": "b.jpg"}, "caption": {"0": A[0], "1": A[1], "2": B[0]}}),
        ("x.json", {"images": [{"filename": "a.jpg", "sentences": A}, {"filename": "b.jpg", "sentences": B}]}),
    ],
)
def test_json_that_is_understood(name: str, content: object, tmp_path: Path) -> None:
    assert pairs(opened(tmp_path, name, content)) == WHOLE


def test_splits_as_keys_and_of_karpathy(tmp_path: Path) -> None:
    document = {"train": [{"image": "a.jpg", "caption": "A"}], "val": {"b.jpg": "B"}}
    assert pairs(opened(tmp_path, "x.json", document)) == [("b.jpg", "B")]
    assert pairs(opened(tmp_path, "x.json", document, "train")) == [("a.jpg", "A")]
    images = [
        {"filename": "a.jpg", "split": "restval", "sentences": [{"raw": "A"}]},
        {"filename": "b.jpg", "split": "test", "sentences": [{"raw": "B"}]},
    ]
    data = opened(tmp_path, "dataset_flickr8k.json", {"images": images, "dataset": "flickr8k"}, "train")
    assert pairs(data) == [("a.jpg", "A")] and data.notes == ()


@pytest.mark.parametrize(
    "content, said",
    [
        ('{"a.jpg": "A", "a.jpg": "B"}', "names 'a.jpg' twice"),
        ('{"image": "a.jpg", "caption": "A"}\n{"image": "b.jpg", "caption"}\n', "line 2 is not valid json"),
        ('[{"id": 1, "score": 2}]', "its records have id, score, none of them an image"),
        ('[{"image": "a.jpg", "score": 2}]', "none of them a caption"),
        ('{"image": ["a.jpg"], "caption": ["A", "B"]}', "columns are of different length"),
        ('{"info": 3}', "it has 'info'"),
        ("[1, 2]", "does not hold captions as expected"),
        ('{"a.jpg": null, "b.jpg": 5}', "holds no caption that is text: entry 1 is null"),
    ],
)
def test_json_that_is_refused(content: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(TMVError, match=said) as caught:
        opened(tmp_path, "x.json", content)
    assert "x.json" in str(caught.value)


# --- COCO -------------------------------------------------------------------------------------------------


def coco(images: Sequence[dict[str, object]], annotations: Sequence[dict[str, object]]) -> object:
    return {"images": list(images), "annotations": list(annotations)}


TWO = [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "b.jpg"}]
SAID = [{"id": 10, "image_id": 1, "caption": "A"}, {"id": 11, "image_id": 2, "caption": "B"}]
AB = [("a.jpg", "A"), ("b.jpg", "B")]


@pytest.mark.parametrize("image_id", [str, float, lambda i: f"{i:012d}", lambda i: f" {i} "])
@pytest.mark.parametrize("side", ["images", "annotations"])
def test_ids_of_another_kind_are_joined(image_id: Any, side: str, tmp_path: Path) -> None:
    images = [{**i, "id": image_id(i["id"])} for i in TWO] if side == "images" else TWO
    said = [{**a, "image_id": image_id(a["image_id"])} for a in SAID] if side == "annotations" else SAID
    data = opened(tmp_path, "c.json", coco(images, said))
    assert pairs(data) == AB and data.notes == ()


@pytest.mark.parametrize(
    "caption, why", [(None, "null"), ("  ", "empty"), (5, "no text"), (float("nan"), "null"), (True, "no text")]
)
def test_captions_that_are_none_are_skipped_and_named(caption: object, why: str, tmp_path: Path) -> None:
    data = opened(tmp_path, "c.json", coco(TWO, [*SAID, {"id": 12, "image_id": 1, "caption": caption}]))
    assert pairs(data) == AB and codes(data)[0][0] == "captions_left_out"
    assert data.notes[0] == f"Captions that are {why}, left out: 1 (annotation 3 (id 12) of a.jpg)."


@pytest.mark.parametrize("url", ["http://images.cocodataset.org/val2017/a.jpg", "https://farm4.flickr.com/1/a.jpg?x=1"])
@pytest.mark.parametrize("key", ["coco_url", "flickr_url"])
def test_a_name_out_of_an_address(url: str, key: str, tmp_path: Path) -> None:
    assert pairs(opened(tmp_path, "c.json", coco([{"id": 1, key: url}, TWO[1]], SAID))) == AB


def test_what_cannot_be_joined_is_counted_and_named(tmp_path: Path) -> None:
    data = opened(tmp_path, "c.json", coco([{"id": 1}, TWO[1]], [*SAID, {"id": 12, "caption": "C"}]))
    assert pairs(data) == [("b.jpg", "B")]
    assert data.notes[0] == "Captions left out because their image is missing: 2 ((image 1), (image without id))."
    assert codes(data)[0] == ("captions_without_picture", "warning")


def test_an_id_of_two_pictures_and_a_picture_of_two_ids(tmp_path: Path) -> None:
    data = opened(tmp_path, "c.json", coco([*TWO, {"id": 1, "file_name": "c.jpg"}], SAID))
    assert pairs(data) == [("b.jpg", "B")]
    assert "1 (annotation 1 (id 10)" in coded(data.notes)["captions_left_out"]
    data = opened(
        tmp_path,
        "c.json",
        coco([*TWO, {"id": 3, "file_name": "a.jpg"}, TWO[0]], [*SAID, {"id": 12, "image_id": 3, "caption": "C"}]),
    )
    assert sorted(pairs(data)) == [("a.jpg", "A"), ("a.jpg", "C"), ("b.jpg", "B")]


# --- pictures ---------------------------------------------------------------------------------------------


def test_the_captions_own_folder_decides(tmp_path: Path) -> None:
    paint(*(tmp_path / "data" / name for name in ("x/1.jpg", "y/1.jpg", "y/z/2.jpg", "x/z/2.jpg")))
    text = "image,caption\nset/x/1.jpg,X\nset/y/1.jpg,Y\nother/y/z/2.jpg,Z\n"
    data = open_dataset(f"captions:{put(tmp_path, 'captions.csv', text)}")
    assert [name for name, _ in pairs(data)] == ["data/x/1.jpg", "data/y/1.jpg", "data/y/z/2.jpg"]


def test_two_folders_with_the_same_names_are_refused_unless_alike(tmp_path: Path) -> None:
    paint(tmp_path / "x" / "1.jpg", tmp_path / "y" / "1.jpg")
    file = put(tmp_path, "captions.csv", "image,caption\n1.jpg,A\n")
    with pytest.raises(TMVError, match=r"1\.jpg of captions\.csv is in x and in y, and the images differ"):
        open_dataset(f"captions:{file}")
    (tmp_path / "y" / "1.jpg").write_bytes((tmp_path / "x" / "1.jpg").read_bytes())
    assert open_dataset(f"captions:{file}").ids == ("1.jpg",)


def test_the_folder_of_the_split_is_taken(tmp_path: Path) -> None:
    paint(*(tmp_path / split / f"{i}.jpg" for split in ("train", "val") for i in range(3)))
    (tmp_path / "val" / "2.jpg").unlink()
    for split in ("train", "val"):
        put(tmp_path, f"annotations/captions_{split}.json", {f"{i}.jpg": f"{split} {i}" for i in range(3)})
    data = open_dataset(f"captions:{tmp_path}", "val")
    assert data.pictures.read(0) == (tmp_path / "val" / "0.jpg").read_bytes() and data.captions == ("val 0", "val 1")
    assert ": 1" in coded(data.notes)["captions_without_picture"]
    assert open_dataset(f"captions:{tmp_path}", "train").captions == ("train 0", "train 1", "train 2")


def test_pictures_in_several_folders_are_all_found(tmp_path: Path) -> None:
    paint(tmp_path / "one" / "a.jpg", tmp_path / "one" / "b.jpg", tmp_path / "two" / "c.jpg")
    put(tmp_path, "captions.csv", "image,caption\na.jpg,A\nb.jpg,B\nc.jpg,C\n")
    data = open_dataset(f"captions:{tmp_path}")
    assert pairs(data) == [("one/a.jpg", "A"), ("one/b.jpg", "B"), ("two/c.jpg", "C")]


def test_two_names_never_share_one_file(tmp_path: Path) -> None:
    paint(tmp_path / "flat" / "1.jpg", tmp_path / "flat" / "2.jpg")
    text = "image,caption\nx/1.jpg,of x\ny/1.jpg,of y\nx/2.jpg,two\n"
    data = open_dataset(f"captions:{put(tmp_path, 'captions.csv', text)}")
    assert pairs(data) == [("2.jpg", "two")]
    assert "Captions left out because their image is missing: 2 (x/1.jpg, y/1.jpg)." in data.notes


def test_a_picture_in_the_folder_of_another_split_is_told(tmp_path: Path) -> None:
    paint(tmp_path / "images" / "train" / "5.jpg")
    put(tmp_path, "captions.csv", "image,caption\ntest/5.jpg,A\n")
    data = open_dataset(f"captions:{tmp_path}")
    assert ("other_split", "warning") in codes(data)


def test_imagefolder_with_a_file_in_each_split(tmp_path: Path) -> None:
    for split in ("train", "validation"):
        paint(tmp_path / split / "1.jpg")
        put(tmp_path, f"{split}/metadata.jsonl", json.dumps({"id": 7, "file_name": "1.jpg", "text": f"of {split}"}))
    data = open_dataset(f"captions:{tmp_path}")
    assert data.split == "val" and data.captions == ("of validation",) and data.notes == ()
    assert data.pictures.read(0) == (tmp_path / "validation" / "1.jpg").read_bytes()
    assert open_dataset(f"captions:{tmp_path}", "train").captions == ("of train",)


def test_names_too_long_for_a_file(tmp_path: Path) -> None:
    with pytest.raises(NotHere, match=r"Of 1 image named in .* none was found"):
        opened(tmp_path, "c.csv", f"image,caption\n{'a dog ' * 60},A\n")


def test_another_split_may_be_unclear(tmp_path: Path) -> None:
    paint(tmp_path / "x" / "1.jpg", tmp_path / "y" / "1.jpg", tmp_path / "x" / "2.jpg")
    text = "image,caption,split\nx/2.jpg,A,test\n1.jpg,B,train\n"
    data = open_dataset(f"captions:{put(tmp_path, 'c.csv', text)}")
    assert data.captions == ("A",)
    with pytest.raises(TMVError, match="the images differ"):
        open_dataset(f"captions:{tmp_path / 'c.csv'}", "train")


def test_names_that_do_not_end_as_pictures_do(tmp_path: Path) -> None:
    paint(tmp_path / "a.jpg")
    with pytest.raises(NotHere, match="do not end as images do"):
        opened(tmp_path, "c.csv", "image,caption\n17,A\n")


def test_numbers_that_count_from_another_start_are_warned_of(tmp_path: Path) -> None:
    paint(*(tmp_path / f"{i}.jpg" for i in range(3)))
    data = opened(tmp_path, "c.csv", "image,caption\n1,B\n2,C\n3,D\n")
    assert next(note for note in data.notes if note.code == "shifted_numbers").level == "warning"
    data = opened(tmp_path, "c.csv", "image,caption\n0,A\n1,B\n2,C\n3,D\n")
    assert "shifted_numbers" not in {note.code for note in data.notes}


def test_captions_among_the_pictures_are_pointed_to(tmp_path: Path) -> None:
    paint(tmp_path / "images" / "1.jpg")
    put(tmp_path, "images/metadata.jsonl", json.dumps({"file_name": "1.jpg", "text": "A"}))
    with pytest.raises(NotHere, match=rf"images holds one: captions:{tmp_path / 'images'}"):
        open_dataset(f"captions:{tmp_path}")
