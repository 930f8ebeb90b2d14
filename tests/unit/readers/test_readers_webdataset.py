"""`wds:` shards: the index against tarfile, labels, captions, splits, damage."""

from __future__ import annotations

import gzip
import json
import os
import tarfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.errors import BadImage, NotHere, TMVError
from core.images.decode import to_rgb
from core.readers import dataset_state, open_dataset
from core.readers.shards import expand_braces, read_index, split_name
from core.readers.tar_index import tar_files
from tests.coded import coded
from tests.data_files import picture, tar

DATA = Path(os.environ.get("TMV_TEST_DATA", "/nonexistent"))


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=150)


def labelled(folder: Path, n: int = 6, c: int = 2, shards: int = 2) -> str:
    for shard in range(shards):
        members: dict[str, bytes | str] = {}
        for i in range(shard * n, (shard + 1) * n):
            members |= {f"{i:04d}.jpg": picture(i), f"{i:04d}.cls": str(i % c)}
        tar(folder / f"x-{shard:03d}.tar", members)
    return f"wds:{folder}"


def one(path: Path, members: dict[str, bytes | str]) -> str:
    return f"wds:{tar(path / 'one.tar', members)}"


# --- the index --------------------------------------------------------------------------------------------


def by_tarfile(path: Path) -> list[tuple[str, int, int]]:
    with tarfile.open(path, "r:") as container:
        return [(m.name, m.offset_data, m.size) for m in container if m.isreg()]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_the_index_is_that_of_tarfile(form: int, tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w", format=form) as container:
        names = ("a.jpg", "deep/" * 30 + "b.jpg", "é猫.jpg", "dir", "link.jpg", "hard.jpg", "c" * 90 + ".jpg")
        for name in names:
            info = tarfile.TarInfo(name)
            if name == "dir":
                info.type = tarfile.DIRTYPE
            elif name.startswith(("link", "hard")):
                info.type = tarfile.SYMTYPE if name.startswith("link") else tarfile.LNKTYPE
                info.linkname = "a.jpg"
            else:
                info.size = len(name) * 37
            container.addfile(info, BytesIO(b"x" * info.size))
    found = list(tar_files(path))
    assert found == by_tarfile(path) and len(found) == 4


@settings(max_examples=40, deadline=None)
@example([("\x80/", 0)])
@given(st.lists(st.tuples(NAMES, st.integers(0, 2000)), max_size=8))
def test_any_names_and_sizes(entries: list[tuple[str, int]]) -> None:
    path = Path(f"/tmp/tar-index-{os.getpid()}.tar")
    try:
        tar(path, {name: b"x" * size for name, size in entries})
        assert list(tar_files(path)) == by_tarfile(path)
    finally:
        path.unlink(missing_ok=True)


def test_folders_of_old_tars_are_no_files(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as container:
        for name in ("folder/", "a.jpg"):
            info = tarfile.TarInfo(name)
            info.type = tarfile.AREGTYPE
            container.addfile(info)
    assert [name for name, _, _ in tar_files(path)] == ["a.jpg"] == [name for name, _, _ in by_tarfile(path)]


def test_large_numbers_in_binary_form(tmp_path: Path) -> None:
    path = tar(tmp_path / "x.tar", {"a.jpg": b"x" * 600})
    data = bytearray(path.read_bytes())
    data[124:136] = b"\x80" + (600).to_bytes(11, "big")
    data[148:156] = b" " * 8
    data[148:156] = f"{sum(data[:512]):06o}\0 ".encode()
    path.write_bytes(bytes(data))
    assert list(tar_files(path)) == [("a.jpg", 512, 600)]


@pytest.mark.parametrize("end", [100, 512, 700, 1100, 1600])
def test_a_cut_shard_is_refused(end: int, tmp_path: Path) -> None:
    path = tar(tmp_path / "x.tar", {"a.jpg": b"x" * 600, "b.jpg": b"y" * 600})
    path.write_bytes(path.read_bytes()[:end])
    with pytest.raises(TMVError, match=r"cut off|not a whole tar"):
        open_dataset(f"wds:{path}")


def test_a_damaged_header_is_refused_and_a_missing_end_is_not(tmp_path: Path) -> None:
    path = tar(tmp_path / "x.tar", {"a.jpg": picture(), "a.cls": "0"})
    whole = path.read_bytes()
    path.write_bytes(whole.rstrip(b"\0").ljust(-(-len(whole.rstrip(b"\0")) // 512) * 512, b"\0"))
    assert len(open_dataset(f"wds:{path}")) == 1
    damaged = bytearray(whole)
    damaged[3] ^= 1
    path.write_bytes(bytes(damaged))
    with pytest.raises(TMVError, match="damaged at byte 0"):
        open_dataset(f"wds:{path}")


def test_a_compressed_shard_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(gzip.compress(b"x"))
    with pytest.raises(TMVError, match="gzip"):
        open_dataset(f"wds:{path}")


def test_sample_keys() -> None:
    assert split_name("a/0001.seg.PNG") == ("a/0001", "seg.png")
    assert split_name("./a.jpg") == ("a", "jpg")
    assert split_name("../../etc/x.jpg") == ("etc/x", "jpg")
    assert {split_name(name) for name in ("._0001.jpg", "README", "")} == {("", "")}


def test_the_index_follows_a_changed_shard(tmp_path: Path) -> None:
    path = tar(tmp_path / "x.tar", {"a.jpg": picture()})
    assert [sample.key for sample in read_index(path).samples] == ["a"]
    tar(path, {"b.jpg": picture()})
    assert [sample.key for sample in read_index(path).samples] == ["b"]


# --- labels -----------------------------------------------------------------------------------------------


def test_numbered_classes_with_names(tmp_path: Path) -> None:
    name = labelled(tmp_path)
    (tmp_path / "classnames.txt").write_text("forest\nriver\nsea\n", encoding="utf-8")
    data = open_dataset(name)
    assert len(data) == 12 and data.ids[:2] == ("0000", "0001") and data.split == "all"
    assert data.labels is not None and data.labels.tolist() == [0, 1] * 6
    assert data.raw_classnames == ("forest", "river", "sea")
    assert [data.pictures.read(i) for i in (0, 7, 11)] == [picture(i) for i in (0, 7, 11)]
    assert "2 of 3 classes" in coded(data.notes)["classes_without_pictures"]


def test_numbered_classes_without_names_say_so(tmp_path: Path) -> None:
    data = open_dataset(labelled(tmp_path))
    assert data.classnames == ("0", "1") and "numbered_classes" in coded(data.notes)


def test_named_classes(tmp_path: Path) -> None:
    members: dict[str, bytes | str] = {
        "1.jpg": picture(1),
        "1.cls": "hot_dog\n",
        "2.png": picture(2),
        "2.cls": "AnnualCrop",
    }
    data = open_dataset(one(tmp_path, members))
    assert data.raw_classnames == ("AnnualCrop", "hot_dog") and data.classnames == ("annual crop", "hot dog")
    assert data.labels is not None and data.labels.tolist() == [1, 0]


@pytest.mark.parametrize("key", ["label", "cls", "class_name"])
def test_labels_in_json(key: str, tmp_path: Path) -> None:
    members: dict[str, bytes | str] = {}
    for i in range(3):
        members |= {f"{i}.jpg": picture(i), f"{i}.json": json.dumps({key: i, "url": "x"})}
    data = open_dataset(one(tmp_path, members))
    assert data.labels is not None and data.labels.tolist() == [0, 1, 2]


def test_splits_share_the_classes(tmp_path: Path) -> None:
    members: dict[str, bytes | str] = {"a.jpg": picture(), "a.cls": "zebra", "b.jpg": picture(1), "b.cls": "ant"}
    tar(tmp_path / "train" / "0.tar", members)
    tar(tmp_path / "test" / "0.tar", {"c.jpg": picture(), "c.cls": "zebra"})
    data = open_dataset(f"wds:{tmp_path}")
    assert data.split == "test" and data.spec.splits == ("train", "test")
    assert data.raw_classnames == ("ant", "zebra") and data.labels is not None and data.labels.tolist() == [1]
    assert open_dataset(f"wds:{tmp_path}", "train").ids == ("a", "b")


def test_halves(tmp_path: Path) -> None:
    name = labelled(tmp_path, n=10)
    train, test = open_dataset(name, "train"), open_dataset(name, "test")
    assert sorted(train.ids + test.ids) == sorted(open_dataset(name).ids)
    assert not set(train.ids) & set(test.ids)
    assert train.labels is not None and np.bincount(train.labels).tolist() == [5, 5]
    assert all(to_rgb(test.pictures.read(i)).size == (8, 8) for i in range(len(test)))


def test_what_says_nothing_is_left_out_and_counted(tmp_path: Path) -> None:
    members: dict[str, bytes | str] = {"1.jpg": picture(1), "1.cls": "0", "2.jpg": picture(2), "3.cls": "0"}
    members |= {"4.jpg": picture(4), "4.cls": ""}
    data = open_dataset(one(tmp_path, members))
    assert data.ids == ("1",)
    said = coded(data.notes)["samples_left_out"]
    assert "1 samples" in said and "2 samples" in said and ": 2, 4" in said


def test_pictures_alone_can_be_searched(tmp_path: Path) -> None:
    data = open_dataset(one(tmp_path, {"1.jpg": picture(1), "2.jpg": picture(2)}))
    assert data.labels is None and data.spec.splits == ("all",)
    assert "no_labels" in coded(data.notes)


@pytest.mark.parametrize(
    "labels, names, said",
    [
        (["0", "cat"], "", "mix numbers and names"),
        (["0", "5"], "a\nb\n", "has the label 5"),
        (["cat", "dog"], "cat\n", "lacks the label 'dog'"),
        (["999999999"], "", "no class number"),
    ],
)
def test_labels_that_do_not_fit(labels: list[str], names: str, said: str, tmp_path: Path) -> None:
    members: dict[str, bytes | str] = {}
    for i, label in enumerate(labels):
        members |= {f"{i}.jpg": picture(i), f"{i}.cls": label}
    name = one(tmp_path, members)
    if names:
        (tmp_path / "classnames.txt").write_text(names, encoding="utf-8")
    with pytest.raises(TMVError, match=said):
        open_dataset(name)


# --- captions ---------------------------------------------------------------------------------------------


def test_captions_in_text_one_a_line(tmp_path: Path) -> None:
    members: dict[str, bytes | str] = {"1.jpg": picture(1), "1.txt": "A  dog.\n\nA brown dog.\n"}
    members |= {"2.jpg": picture(2), "2.txt": "A cat."}
    data = open_dataset(one(tmp_path, members))
    assert data.spec.kind == "captions" and data.labels is None
    assert data.captions == ("A dog.", "A brown dog.", "A cat.")
    assert data.image_index is not None and data.image_index.tolist() == [0, 0, 1]


def test_captions_in_json(tmp_path: Path) -> None:
    members: dict[str, bytes | str] = {
        "1.jpg": picture(1),
        "1.json": json.dumps({"caption": "A dog."}),
        "2.jpg": picture(2),
        "2.json": json.dumps({"captions": ["A cat.", "One."]}),
        "3.jpg": picture(3),
        "3.json": "not json",
    }
    data = open_dataset(one(tmp_path, members))
    assert data.captions == ("A dog.", "A cat.", "One.") and data.ids == ("1", "2")
    assert "samples_left_out" in coded(data.notes)


# --- names and places -------------------------------------------------------------------------------------


def test_equal_keys_in_two_shards_stay_apart(tmp_path: Path) -> None:
    for shard in ("a", "b"):
        tar(tmp_path / f"{shard}.tar", {"1.jpg": picture(ord(shard)), "1.cls": "0"})
    data = open_dataset(f"wds:{tmp_path}")
    assert data.ids == ("a/1", "b/1")
    assert data.pictures.read(1) == picture(ord("b"))


def test_the_plainest_extension_is_the_picture(tmp_path: Path) -> None:
    data = open_dataset(one(tmp_path, {"1.mask.png": b"mask", "1.jpg": picture(5), "1.cls": "0"}))
    assert data.pictures.read(0) == picture(5)


def test_patterns(tmp_path: Path) -> None:
    labelled(tmp_path, shards=3)
    assert len(open_dataset(f"wds:{tmp_path}/x-{{000..001}}.tar")) == 12
    assert len(open_dataset(f"wds:{tmp_path}/x-{{000,002}}.tar")) == 12
    assert len(open_dataset(f"wds:{tmp_path}/x-*.tar")) == 18
    assert len(open_dataset(f"wds:{tmp_path}/x-001.tar")) == 6
    with pytest.raises(NotHere, match="No tar shards fit"):
        open_dataset(f"wds:{tmp_path}/y-{{000..001}}.tar")
    with pytest.raises(NotHere, match=r"no \.tar files"):
        (tmp_path / "empty").mkdir()
        open_dataset(f"wds:{tmp_path / 'empty'}")


def test_braces() -> None:
    assert expand_braces("x-{08..11}.tar") == ["x-08.tar", "x-09.tar", "x-10.tar", "x-11.tar"]
    assert expand_braces("{a,b}-{1..2}") == ["a-1", "a-2", "b-1", "b-2"]
    assert expand_braces("plain") == ["plain"] and expand_braces("{one}") == ["{one}"]
    with pytest.raises(TMVError, match="at most"):
        expand_braces("{0..9999999}")
    with pytest.raises(TMVError, match="at most"):
        expand_braces("{0..999}{0..999}")


def test_no_pictures_and_states(tmp_path: Path) -> None:
    with pytest.raises(NotHere, match="hold no images"):
        open_dataset(one(tmp_path, {"1.txt": "x"}))
    assert dataset_state(f"wds:{tmp_path}").state == "absent"
    assert dataset_state(labelled(tmp_path / "y")).state == "ready"


def test_a_shard_that_changed_under_the_reader_has_a_reason(tmp_path: Path) -> None:
    data = open_dataset(labelled(tmp_path, shards=1))
    stamp = data.pictures.stamp(0)
    (tmp_path / "x-000.tar").write_bytes(b"")
    assert data.pictures.stamp(0) != stamp
    with pytest.raises(BadImage, match="truncated shard"):
        data.pictures.read(0)
    (tmp_path / "x-000.tar").unlink()
    with pytest.raises(BadImage, match="unreadable shard"):
        data.pictures.read(0)


@pytest.mark.skipif(not (DATA / "eurosat").is_dir(), reason="TMV_TEST_DATA is not set")
def test_shards_made_of_collected_pictures_hold_the_same_bytes(tmp_path: Path) -> None:
    files = sorted((DATA / "eurosat" / "2750").glob("*/*.jpg"))[::20]
    members: dict[str, bytes | str] = {}
    for file in files:
        members |= {f"{file.stem}.jpg": file.read_bytes(), f"{file.stem}.cls": file.parent.name}
    data = open_dataset(one(tmp_path, members))
    assert len(data) == len(files) == 30 and len(data.classnames) == 10
    assert all(data.pictures.read(i) == file.read_bytes() for i, file in enumerate(files))
    assert data.labels is not None
    assert [data.raw_classnames[label] for label in data.labels] == [file.parent.name for file in files]
