"""What lies beside images and is not read is said: archives, arrays, tables, links, names without an ending."""

from __future__ import annotations

import io
import json
import os
import random
import re
import tarfile
from pathlib import Path

import pytest

from core.errors import NotHere, TMVError
from core.readers import open_dataset
from core.types import Dataset
from tests.data_files import paint, picture, tar


def said(data: Dataset) -> dict[str, str]:
    return {note.code: f"{note.level}: {note}" for note in data.notes}


def classes(folder: Path, *names: str) -> str:
    paint(*(folder / name / "0.png" for name in names or ("cat", "dog")))
    return f"folder:{folder}"


# --- folders ------------------------------------------------------------------------------------------------


def test_a_plain_folder_leaves_nothing_out(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "README").write_text("two kinds of pets")
    (tmp_path / "a" / "LICENSE.txt").write_text("free")
    assert not said(open_dataset(classes(tmp_path / "a")))


def test_archives_that_are_not_unpacked_are_named(tmp_path: Path) -> None:
    for name in ("owl.zip", "bear.tar.gz", "cat.zip", "set.zip", ".hidden.zip"):
        (tmp_path / "set").mkdir(exist_ok=True)
        (tmp_path / "set" / name).write_bytes(b"PK")
    found = said(open_dataset(classes(tmp_path / "set")))
    assert found["archives_left_out"].startswith(
        "info: Archives beside the images were not read: bear.tar.gz, owl.zip;"
    )


def test_arrays_dead_links_and_names_without_an_ending_are_named(tmp_path: Path) -> None:
    name = classes(tmp_path)
    (tmp_path / "dog" / "train.parquet").write_bytes(b"PAR1")
    (tmp_path / "owl").symlink_to(tmp_path / "nowhere")
    (tmp_path / "cat" / "img7").write_bytes(picture(7))
    (tmp_path / "cat" / "notes").write_text("not an image")
    found = said(open_dataset(name))
    assert "train.parquet" in found["arrays_left_out"]
    assert found["dead_links"] == "warning: Links that lead nowhere were left out: owl."
    assert "cat/img7;" in found["no_ending"] and "notes" not in found["no_ending"]


def test_folders_without_images_say_what_they_hold(tmp_path: Path) -> None:
    for name, content in (("a/cat/img0", picture()), ("b/data/t-0.parquet", b"PAR1"), ("c/x.h5", b"x")):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(content)
    for name, hint in (
        ("a", r"without an ending in their name \(cat/img0\)"),
        ("b", r"\.parquet files"),
        ("c", r"\.h5 f"),
    ):
        with pytest.raises(NotHere, match=hint):
            open_dataset(f"folder:{tmp_path / name}")


def test_names_of_other_encodings_are_said(tmp_path: Path) -> None:
    name = classes(tmp_path)
    strange = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    try:
        strange.mkdir()
    except OSError:
        pytest.skip("this disk takes UTF-8 names alone")
    (strange / "0.png").write_bytes(picture(3))
    assert "warning: Names of folders that are not UTF-8" in said(open_dataset(name))["names_not_utf8"]


@pytest.mark.parametrize("kind", ["folder", "captions", "wds"])
@pytest.mark.parametrize("path", ["x" * 5000, "/" + "y" * 300, "a/" * 3000])
def test_names_that_no_disk_takes_are_one_sentence(kind: str, path: str, tmp_path: Path) -> None:
    with pytest.raises(TMVError) as caught:
        open_dataset(f"{kind}:{path}", None, tmp_path, None)
    assert len(str(caught.value)) < 400 and "\n" not in str(caught.value)


def test_tables_that_were_not_used_are_named(tmp_path: Path) -> None:
    paint(*(tmp_path / name for name in ("none/0.png", "other/0.png", "bare/0.png")))
    (tmp_path / "none" / "labels.csv").write_text("image,labels\n9.png,cat\n")
    (tmp_path / "other" / "metadata.csv").write_text("file_name,label\n0.png,cat\n")
    found = {name: said(open_dataset(f"folder:{tmp_path / name}")) for name in ("none", "other", "bare")}
    assert found["none"]["table_not_used"].startswith("warning: labels.csv names none of these images")
    assert "metadata.csv" in found["other"]["table_beside"] and set(found["bare"]) == {"no_classes"}


# --- cells of labels ----------------------------------------------------------------------------------------


def table(folder: Path, text: str, name: str = "labels.csv") -> Dataset:
    paint(*(folder / f"{i}.png" for i in range(4)))
    (folder / name).write_text(text)
    return open_dataset(f"folder:{folder}", "all")


def named(data: Dataset) -> list[set[str]]:
    if data.labels is not None:
        return [{data.raw_classnames[label]} for label in data.labels]
    assert data.label_pairs is not None
    found: list[set[str]] = [set() for _ in data.ids]
    for row, label in data.label_pairs.tolist():
        found[row].add(data.raw_classnames[label])
    return found


@pytest.mark.parametrize(
    "forms",
    [
        ("\"['cat', 'dog']\"", "['cat']", "[]", "['owl']"),
        ('"[""cat"", ""dog""]"', '"[""cat""]"', "[]", '"[""owl""]"'),
        ("cat|dog", "cat", "", "owl"),
        ("cat;dog", "cat", "nan", "owl"),
    ],
)
def test_lists_in_cells_are_several_labels(forms: tuple[str, ...], tmp_path: Path) -> None:
    data = table(tmp_path, "image,labels\n" + "".join(f"{i}.png,{cell}\n" for i, cell in enumerate(forms)))
    assert named(data) == [{"cat", "dog"}, {"cat"}, set(), {"owl"}]


def test_what_stands_for_nothing_is_no_class(tmp_path: Path) -> None:
    data = table(tmp_path / "words", "image,labels\n0.png,NaN\n1.png,cat\n2.png,none\n3.png,None\n")
    assert named(data) == [{"cat"}, {"none"}] and "2 cells of labels.csv" in said(data)["labels_missing"]
    data = table(tmp_path / "numbers", "image,labels\n0.png,3\n1.png,none\n2.png,1\n3.png,1\n")
    assert named(data) == [{"3"}, {"1"}, {"1"}]


@pytest.mark.parametrize("cell", ["cat dog", "cat/dog", "cat:dog", "cat & dog", "cat and dog", "Cat + Dog"])
def test_labels_that_are_several_in_one_are_doubted(cell: str, tmp_path: Path) -> None:
    data = table(tmp_path, f"image,labels\n0.png,{cell}\n1.png,cat\n2.png,dog\n3.png,polar bear\n")
    assert said(data)["labels_in_a_label"].startswith("warning: ") and f"({cell})" in said(data)["labels_in_a_label"]


def test_columns_that_were_not_used_are_named(tmp_path: Path) -> None:
    data = table(
        tmp_path, "image,label,split,width\n0.png,a,train,1\n1.png,b,test,1\n2.png,a,test,2\n3.png,b,train,1\n"
    )
    assert "not used: split, width; split speaks of splits (test, train)" in said(data)["columns_not_used"]
    data = table(tmp_path / "plain", "image,label,width\n0.png,a,1\n1.png,b,1\n")
    assert said(data)["columns_not_used"] == "info: Columns of labels.csv that were not used: width."


def test_either_case_and_true_and_false(tmp_path: Path) -> None:
    data = table(
        tmp_path, "Image,cat,dog\n0.png,True,TRUE\n1.png,true,False\n2.png,FALSE,false\n3.png,0,1\n", "Labels.CSV"
    )
    assert named(data) == [{"cat", "dog"}, {"cat"}, set(), {"dog"}]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("image,cat,cat\n0.png,1,0\n", "several columns called 'cat'"),
        ('image,labels\n0.png,"[0, 1, 0]"\n', "names a class twice"),
        ('image,labels\n0.png,"[[1], 2]"\n', "expected names or whole numbers"),
        ('image,labels\n0.png,"[0.5, 2]"\n', "expected names or whole numbers"),
    ],
)
def test_cells_that_make_no_sense_are_refused(text: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(TMVError, match=why):
        table(tmp_path, text)


@pytest.mark.parametrize("seed", range(60))
def test_random_cells_against_a_slow_reading(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    mark = rng.choice("|;")
    sets = [rng.sample(["cat", "dog", "owl", "n/a", "nan"], rng.randint(0, 3)) for _ in range(4)]
    cells = [
        '"' + json.dumps(names).replace('"', '""') + '"'
        if rng.random() < 0.3
        else rng.choice(["", " "]).join(["", f"{mark}".join(names)])
        for names in sets
    ]
    wanted = [{name for name in names if name not in ("n/a", "nan")} for names in sets]
    text = "image,labels\n" + "".join(f"{i}.png,{cell}\n" for i, cell in enumerate(cells))
    if not any(wanted):
        return
    data = table(tmp_path, text)
    several = any(len(names) > 1 for names in wanted)
    assert named(data) == (wanted if several else [names for names in wanted if names])


# --- shards and captions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "content", "shown"),
    [("label", "0", ".label"), ("target.cls", "0", ".target.cls"), ("json", '{"species": 3}', ".json (with species)")],
)
def test_members_that_were_not_read_are_named(ending: str, content: str, shown: str, tmp_path: Path) -> None:
    data = open_dataset(f"wds:{tar(tmp_path / '0.tar', {'a.png': picture(), f'a.{ending}': content})}")
    assert f"not read as labels or captions: {shown};" in said(data)["members_not_read"]
    bare = open_dataset(f"wds:{tar(tmp_path / '1.tar', {'a.png': picture()})}")
    assert set(said(bare)) == {"no_labels"}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links_inside_shards_are_counted(kind: bytes, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "0.tar", "w") as archive:
        for name, content in (("a.png", picture()), ("a.cls", b"0")):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("b.png")
        link.type, link.linkname = kind, "a.png"
        archive.addfile(link)
    data = open_dataset(f"wds:{tmp_path}")
    assert len(data) == 1 and "followed: 1 (b.png) were left out" in said(data)["links_left_out"]


def test_captions_that_are_numbers_are_refused(tmp_path: Path) -> None:
    paint(tmp_path / "0.png", tmp_path / "1.png")
    (tmp_path / "captions.csv").write_text("image,caption\n0.png,3\n1.png,12\n")
    with pytest.raises(TMVError, match=re.escape("numbers alone for captions (line 2: 3)")):
        open_dataset(f"captions:{tmp_path}")
    (tmp_path / "captions.csv").write_text("image,caption\n0.png,3\n1.png,3 bears\n")
    assert open_dataset(f"captions:{tmp_path}").captions == ("3", "3 bears")
