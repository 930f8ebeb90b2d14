"""webdataset shards as people have them: CLIP_benchmark's layout, missing shards, keys, labels and names."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from core.errors import NotHere, TMVError
from core.readers import brought_templates, describe_dataset, open_dataset
from core.types import Dataset
from tests.data_files import picture, tar

Members = Sequence[tuple[str, bytes | str]]


def shard(path: Path, members: Members) -> Path:
    """A tar of these members, where a name may stand twice."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as container:
        for name, content in members:
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(data)
            container.addfile(info, io.BytesIO(data))
    return path


def numbered(folder: Path, *shards: str, labels: Sequence[object] = (0, 1), start: int = 0) -> None:
    """Shards of these names with one picture for each label."""
    for place, name in enumerate(shards):
        members: list[tuple[str, bytes | str]] = []
        for i, label in enumerate(labels):
            key = f"{start + place:03d}{i:03d}"
            members += [(f"{key}.png", picture(1000 * place + i)), (f"{key}.cls", str(label))]
        shard(folder / name, members)


def note(data: Dataset, code: str) -> str:
    """The one note with this code, its level in front."""
    (found,) = [n for n in data.notes if n.code == code]
    return f"{found.level}: {found}"


def codes(data: Dataset) -> list[str]:
    return [n.code for n in data.notes if n.code not in ("numbered_classes", "halves")]


def labels(data: Dataset) -> list[int]:
    assert data.labels is not None
    return data.labels.tolist()


# --- CLIP_benchmark's layout ------------------------------------------------------------------------------


def benchmark(
    folder: Path, names: bytes = b"cat\ndog\n", templates: str = "a photo of a {c}.\na sketch of a {c}.\n"
) -> str:
    for split in ("train", "test"):
        numbered(folder / split, "0.tar", "1.tar")
        (folder / split / "nshards.txt").write_text("2\n")
    (folder / "classnames.txt").write_bytes(names)
    (folder / "zeroshot_classification_templates.txt").write_text(templates)
    return f"wds:{folder}"


def test_the_whole_layout(tmp_path: Path) -> None:
    name = benchmark(tmp_path)
    data = open_dataset(name)
    assert data.split == "test" and data.spec.splits == ("train", "test") and data.classnames == ("cat", "dog")
    assert data.spec.templates == ("a photo of a {}.", "a sketch of a {}.") == brought_templates(name)
    assert codes(data) == ["own_templates"] and labels(data) == [0, 1, 0, 1]
    assert open_dataset(f"{name}/test").spec.templates == data.spec.templates
    assert describe_dataset(name).templates == data.spec.templates


@pytest.mark.parametrize(
    "content, names",
    [
        (b"\xef\xbb\xbfcat\r\ndog\r\n", ("cat", "dog")),
        ("K\u00e4fer\nH\u00fchner\n".encode("utf-16"), ("Käfer", "Hühner")),
        (b"0 cat\n1 dog\n", ("cat", "dog")),
        (b"1: dog\n0: cat\n", ("cat", "dog")),
        (json.dumps(["cat", "dog"]).encode(), ("cat", "dog")),
        ("hot\u2028dog\ncat".encode(), ("hot dog", "cat")),
        (b"T-shirt/top\niPod\n", ("T-shirt/top", "iPod")),
        (b"1 euro\n2 euro\n", ("1 euro", "2 euro")),
        (b"hot_dog\nAnnualCrop\n", ("hot dog", "annual crop")),
    ],
)
def test_class_names_in_every_form(content: bytes, names: tuple[str, ...], tmp_path: Path) -> None:
    data = open_dataset(benchmark(tmp_path, content))
    assert data.classnames == names and "latin_1" not in codes(data)


def test_class_names_in_latin_1_are_told(tmp_path: Path) -> None:
    data = open_dataset(benchmark(tmp_path, "Käfer\ndog\n".encode("latin-1")))
    assert data.classnames[0] == "Käfer" and note(data, "latin_1").startswith("warning")


@pytest.mark.parametrize(
    "content, said",
    [
        ("class\ncat\ndog\n", "begins with 'class', a heading"),
        ("cat\n", "has the label 1; classnames.txt has only 1 names"),
    ],
)
def test_class_names_that_cannot_be_meant(content: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(TMVError, match=said):
        open_dataset(benchmark(tmp_path, content.encode()))


def test_an_empty_line_among_the_names_is_told(tmp_path: Path) -> None:
    assert "Line 2 of classnames.txt is empty" in note(open_dataset(benchmark(tmp_path, b"cat\n\ndog\n")), "empty_name")


@pytest.mark.parametrize(
    "text, templates",
    [
        ("a {c}\n\nthe {c}!\n", ("a {}", "the {}!")),
        ("\ufeffa {}\r\nthe {classname}\r\n", ("a {}", "the {}")),
        ("'a {c}.',\n\"the {c}\",\n", ("a {}.", "the {}")),
        ("{c}\n{c}\n", ("{}",)),
    ],
)
def test_templates(text: str, templates: tuple[str, ...], tmp_path: Path) -> None:
    assert brought_templates(benchmark(tmp_path, templates=text)) == templates


@pytest.mark.parametrize("line", ["a photo", "a {c} and {c}", "a {c", "a {c} of {d}"])
def test_a_template_without_one_place_is_refused_by_its_line(line: str, tmp_path: Path) -> None:
    with pytest.raises(TMVError, match=r"line 2: .* needs one \{c\}"):
        open_dataset(benchmark(tmp_path, templates=f"a {{c}}\n{line}\n"))


# --- which shards -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "count, said", [("4\n", "1 of 4 shards are here"), ("\ufeff2", "1 of 2"), (" 3 \r\n", "1 of 3")]
)
def test_missing_shards_by_nshards(count: str, said: str, tmp_path: Path) -> None:
    numbered(tmp_path / "test", "0.tar")
    (tmp_path / "test" / "nshards.txt").write_text(count)
    data = open_dataset(f"wds:{tmp_path}")
    assert note(data, "shards_missing").startswith(f"warning: {said}") and "missing: 1.tar" in note(
        data, "shards_missing"
    )
    for asked in ("0.tar", "{0..0}.tar"):
        assert note(open_dataset(f"wds:{tmp_path}/test/{asked}"), "shards_missing").startswith("info: 1 of")


@pytest.mark.parametrize("count, said", [("1\n", "2 shards are in"), ("two\n", "holds no number")])
def test_nshards_that_says_something_else(count: str, said: str, tmp_path: Path) -> None:
    numbered(tmp_path, "0.tar", "1.tar")
    (tmp_path / "nshards.txt").write_text(count)
    data = open_dataset(f"wds:{tmp_path}")
    assert said in note(data, "shard_count") and len(data) == 4


@pytest.mark.parametrize(
    "names, said",
    [
        (["0.tar", "1.tar", "2.tar"], ""),
        (["x-00.tar", "x-01.tar", "x-03.tar"], "3 of 4 shards are here (by their numbers); missing: x-02.tar"),
        (["0.tar", "9.tar"], "2 of 10 shards"),
        (["a-00000-of-00003.tar", "a-00002-of-00003.tar"], "2 of 3 shards are here (by their names)"),
        (["a-00000-of-00002.tar", "a-00001-of-00002.tar"], ""),
        (["cats.tar", "dogs.tar"], ""),
        (["20240101.tar", "20250101.tar"], ""),
    ],
)
def test_missing_shards_by_their_names(names: list[str], said: str, tmp_path: Path) -> None:
    numbered(tmp_path, *names)
    data = open_dataset(f"wds:{tmp_path}")
    assert (said in note(data, "shards_missing")) if said else "shards_missing" not in codes(data)


@pytest.mark.parametrize(
    "pattern, said",
    [
        ("{000..003}.tar", "2 of 4 shards are here (of {000..003}.tar); missing: 002.tar, 003.tar"),
        ("{000,007}.tar", "1 of 2 shards are here"),
        ("{000..001}.tar", ""),
        ("0*.tar", ""),
    ],
)
def test_missing_shards_of_a_pattern(pattern: str, said: str, tmp_path: Path) -> None:
    numbered(tmp_path, "000.tar", "001.tar")
    data = open_dataset(f"wds:{tmp_path}/{pattern}")
    assert (said in note(data, "shards_missing")) if said else "shards_missing" not in codes(data)


@pytest.mark.parametrize("name", ["0.tar.gz", "0.tgz", "0.tar.zst", "0.tar.bz2"])
def test_compressed_shards_are_to_be_unpacked(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(gzip.compress(b"x" * 2000))
    with pytest.raises(NotHere, match=r"are compressed .* unpack them to \.tar"):
        open_dataset(f"wds:{tmp_path}")
    numbered(tmp_path, "1.tar")
    assert f"Compressed shards are not read: {name}" in note(open_dataset(f"wds:{tmp_path}"), "shards_missing")
    (tmp_path / "0.tar").write_bytes((tmp_path / "1.tar").read_bytes())
    assert "shards_missing" not in codes(open_dataset(f"wds:{tmp_path}"))


def test_splits_in_the_names_of_one_folder(tmp_path: Path) -> None:
    numbered(tmp_path, "in-train-0.tar", "in-train-1.tar", "in-validation-0.tar")
    data = open_dataset(f"wds:{tmp_path}")
    assert data.spec.splits == ("train", "val") and data.split == "val" and len(data) == 2
    assert len(open_dataset(f"wds:{tmp_path}", "train")) == 4
    numbered(tmp_path, "other.tar")
    assert open_dataset(f"wds:{tmp_path}").split == "all"


def test_two_folders_of_one_split_are_both_read(tmp_path: Path) -> None:
    numbered(tmp_path / "val", "0.tar")
    numbered(tmp_path / "validation", "0.tar")
    data = open_dataset(f"wds:{tmp_path}", "val")
    assert len(data) == 4 and "both read as val" in note(data, "splits_joined")
    assert len(set(data.ids)) == 4 and data.ids[0] == "val/0/000000"


def test_shards_beside_folders_of_shards(tmp_path: Path) -> None:
    numbered(tmp_path, "0.tar")
    numbered(tmp_path / "test", "0.tar")
    assert "those in test/ are not" in note(open_dataset(f"wds:{tmp_path}"), "shards_not_read")


# --- keys -------------------------------------------------------------------------------------------------


def dotted(names: Sequence[str]) -> Members:
    return [(f"{name}.png", picture(i)) for i, name in enumerate(names)] + [(f"{name}.cls", "0") for name in names]


@pytest.mark.parametrize(
    "names, kept, lost",
    [
        ([f"photo.{i}" for i in range(8)], 1, 7),
        (["2021.01.05", "2021.01.06", "2022.01.05"], 2, 1),
        (["photo", "photo.1", "photo.2"], 1, 2),
        (["a/x.cat", "a/x.dog", "b/x.cat"], 2, 1),
    ],
)
def test_dots_in_names(names: list[str], kept: int, lost: int, tmp_path: Path) -> None:
    data = open_dataset(f"wds:{shard(tmp_path / '0.tar', dotted(names))}")
    said = note(data, "shared_key")
    assert len(data) == kept and said.startswith("fault") and f"in all {lost} images are lost" in said


def test_dots_that_part_nothing_but_the_label(tmp_path: Path) -> None:
    data = open_dataset(f"wds:{shard(tmp_path / '0.tar', dotted(['a.0', 'b.1']))}")
    assert len(data) == 2 and data.labels is None and note(data, "dotted_names").startswith("warning")
    assert "a.0.cls" in note(data, "dotted_names")


def test_several_pictures_in_a_sample(tmp_path: Path) -> None:
    both: list[tuple[str, bytes | str]] = []
    for i in range(3):
        both += [(f"{i}.left.png", picture(i)), (f"{i}.right.png", picture(9 + i)), (f"{i}.cls", "0")]
    data = open_dataset(f"wds:{shard(tmp_path / 'a' / '0.tar', both)}")
    assert note(data, "several_pictures") == (
        "warning: 3 samples have several images: 0.left.png is used, 0.right.png left out, and so in each."
    )
    masks = [(name.replace("left.", "").replace("right", "mask"), content) for name, content in both]
    data = open_dataset(f"wds:{shard(tmp_path / 'b' / '0.tar', masks)}")
    assert note(data, "side_pictures").startswith("info: Images beside the main one") and len(data) == 3


@pytest.mark.parametrize("again", ["p0.png", "./p0.png", "p0.PNG", "x/../p0.png"])
def test_a_name_twice(again: str, tmp_path: Path) -> None:
    members: list[tuple[str, bytes | str]] = [("p0.png", picture(1)), ("p0.cls", "0"), (again, picture(2))]
    data = open_dataset(f"wds:{shard(tmp_path / '0.tar', members)}")
    if ".." in again:
        assert data.ids == ("p0", "x/p0") or len(data) == 1  # another folder, another key
        return
    assert data.pictures.read(0) == picture(1) and note(data, "name_twice").startswith("warning")
    assert f"({again} in 0.tar); the first of them is kept" in note(data, "name_twice")


def test_a_label_twice_and_a_key_in_two_shards(tmp_path: Path) -> None:
    shard(tmp_path / "a.tar", [("1.png", picture(1)), ("1.cls", "0"), ("1.cls", "1")])
    shard(tmp_path / "b.tar", [("1.png", picture(2)), ("1.cls", "1")])
    data = open_dataset(f"wds:{tmp_path}")
    assert data.ids == ("a/1", "b/1") and labels(data) == [0, 1]
    assert codes(data) == ["name_twice", "key_in_shards"]


def test_files_without_an_ending_and_samples_without_a_picture(tmp_path: Path) -> None:
    members: list[tuple[str, bytes | str]] = [
        ("1.png", picture(1)),
        ("1.cls", "0"),
        ("README", "x"),
        ("2.psd", b"x"),
        ("2.cls", "1"),
        ("._3.png", b"x"),
    ]
    data = open_dataset(f"wds:{shard(tmp_path / '0.tar', members)}")
    assert note(data, "members_left_out").endswith("1 (README).")
    assert note(data, "samples_left_out") == "info: 1 samples without an image were left out (they hold psd)."


# --- the end of a tar -------------------------------------------------------------------------------------


def test_a_tar_cut_between_two_files_is_told(tmp_path: Path) -> None:
    path = shard(tmp_path / "0.tar", [("1.png", picture(1)), ("1.cls", "0"), ("2.png", picture(2)), ("2.cls", "1")])
    assert codes(open_dataset(f"wds:{path}")) == []
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"2.png")])
    data = open_dataset(f"wds:{path}")
    assert len(data) == 1 and note(data, "tar_end") == "warning: 0.tar has no end mark; it may be cut off."


def test_two_tars_in_one_file_are_told(tmp_path: Path) -> None:
    numbered(tmp_path, "0.tar", "1.tar")
    (tmp_path / "2.tar").write_bytes((tmp_path / "0.tar").read_bytes() + (tmp_path / "1.tar").read_bytes())
    data = open_dataset(f"wds:{tmp_path}/2.tar")
    assert len(data) == 2 and "goes on behind its end mark; what follows is not read" in note(data, "tar_end")


# --- labels -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written", [["0", "1"], ["0.0", "1.0"], ["0e0", "1e0"], [" 0\n", "+1"], ["00", "01"], ["0.", "1"], ['"0"', '"1"']]
)
def test_numbers_in_every_form(written: list[str], tmp_path: Path) -> None:
    numbered(tmp_path, "0.tar", labels=written)
    data = open_dataset(f"wds:{tmp_path}")
    assert labels(data) == [0, 1]
    assert ("labels_as_floats" in codes(data)) == any("." in text or "e" in text for text in written)


@pytest.mark.parametrize(
    "label", ["-1", "-1.0", "0.5", "1e400", "1 0.5", "[1", '{"label": 1}', "\x03", "cat\ndog", b"\x03\0\0\0\0\0\0\0"]
)
def test_numbers_that_are_no_class_are_refused_by_their_member(label: str | bytes, tmp_path: Path) -> None:
    shard(tmp_path / "0.tar", [("a.png", picture(1)), ("a.cls", "0"), ("b.png", picture(2)), ("b.cls", label)])
    with pytest.raises(TMVError, match=r"0\.tar: b\.cls"):
        open_dataset(f"wds:{tmp_path}")


@pytest.mark.parametrize("nothing", ["", " \n", "null", "nan", "NaN", "None"])
def test_labels_that_are_none_are_counted(nothing: str, tmp_path: Path) -> None:
    numbered(tmp_path, "0.tar", labels=["0", nothing, "1"])
    data = open_dataset(f"wds:{tmp_path}")
    assert labels(data) == [0, 1] and "1 samples say nothing of their image: 000001" in note(data, "samples_left_out")


def test_none_may_be_a_class_among_words(tmp_path: Path) -> None:
    numbered(tmp_path, "0.tar", labels=["fist", "none", "nan"])
    data = open_dataset(f"wds:{tmp_path}")
    assert data.raw_classnames == ("fist", "none") and "say nothing" in note(data, "samples_left_out")


@pytest.mark.parametrize("value", [None, {"a": 1}, True, "", float("nan")])
def test_labels_in_json_that_are_none(value: object, tmp_path: Path) -> None:
    members: list[tuple[str, bytes | str]] = []
    for i, label in enumerate((0, 1, value)):
        members += [(f"{i}.png", picture(i)), (f"{i}.json", json.dumps({"label": label}))]
    data = open_dataset(f"wds:{shard(tmp_path / '0.tar', members)}")
    assert labels(data) == [0, 1] and "1 samples say nothing" in note(data, "samples_left_out")


@pytest.mark.parametrize("value", [1.0, "1", "1.0"])
def test_labels_in_json_that_are_numbers(value: object, tmp_path: Path) -> None:
    members: list[tuple[str, bytes | str]] = [
        ("a.png", picture(1)),
        ("a.json", json.dumps({"label": 0})),
        ("b.png", picture(2)),
        ("b.json", json.dumps({"label": value})),
    ]
    assert labels(open_dataset(f"wds:{shard(tmp_path / '0.tar', members)}")) == [0, 1]


def test_labels_from_one(tmp_path: Path) -> None:
    numbered(tmp_path, "0.tar", labels=[1, 2, 3])
    assert "seem to count from 1" in note(open_dataset(f"wds:{tmp_path}"), "labels_from_one")
    (tmp_path / "classnames.txt").write_text("cat\ndog\nowl\n")
    with pytest.raises(TMVError, match=r"go from 1 to 3, for 3 names .* they seem to count from 1"):
        open_dataset(f"wds:{tmp_path}")
    (tmp_path / "classnames.txt").write_text("1 cat\n2 dog\n3 owl\n")
    data = open_dataset(f"wds:{tmp_path}")
    assert labels(data) == [0, 1, 2] and "1 is 'cat'" in note(data, "labels_from_one")
    numbered(tmp_path, "0.tar", labels=[0, 1, 2])
    data = open_dataset(f"wds:{tmp_path}")
    assert labels(data) == [0, 1, 2] and "label 0 is 'cat'" in note(data, "names_from_one")
    numbered(tmp_path, "0.tar", labels=[1, 2])
    with pytest.raises(TMVError, match="cannot be told"):
        open_dataset(f"wds:{tmp_path}")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_class_names_in_cls_in_other_encodings(encoding: str, tmp_path: Path) -> None:
    shard(tmp_path / "0.tar", [("a.png", picture(1)), ("a.cls", "Käfer".encode(encoding))])
    data = open_dataset(f"wds:{tmp_path}")
    assert data.raw_classnames == ("Käfer",) and ("latin_1" in codes(data)) == (encoding == "latin-1")


# --- captions ---------------------------------------------------------------------------------------------


def test_captions_shared_twice_and_empty(tmp_path: Path) -> None:
    texts = ("A dog.\nA dog.", "A dog.\u2028Big.", "a dog.", "")
    members: list[tuple[str, bytes | str]] = [
        (f"{i}.{kind}", picture(i) if kind == "png" else text)
        for i, text in enumerate(texts)
        for kind in ("png", "txt")
    ]
    data = open_dataset(f"wds:{shard(tmp_path / '0.tar', members)}")
    assert data.captions == ("A dog.", "A dog.", "A dog. Big.", "a dog.")
    assert codes(data) == ["samples_left_out", "captions_twice", "captions_shared"]


def test_empty_captions_in_json_are_counted(tmp_path: Path) -> None:
    members: list[tuple[str, bytes | str]] = [
        ("1.png", picture(1)),
        ("1.json", json.dumps({"captions": ["A", "", None]})),
    ]
    data = open_dataset(f"wds:{shard(tmp_path / '0.tar', members)}")
    assert data.captions == ("A",) and note(data, "captions_left_out").endswith("left out: 2.")


def test_numbers_for_captions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TMVError, match=r"labels belong in \.cls"):
        open_dataset(f"wds:{shard(tmp_path / '0.tar', [('1.png', picture(1)), ('1.txt', '3')])}")


def test_captions_and_labels_in_two_splits_are_refused(tmp_path: Path) -> None:
    numbered(tmp_path / "test", "0.tar")
    shard(tmp_path / "train" / "0.tar", [("1.png", picture(1)), ("1.txt", "A dog")])
    with pytest.raises(TMVError, match="those of test labels"):
        open_dataset(f"wds:{tmp_path}")


def test_a_split_without_labels_has_none(tmp_path: Path) -> None:
    numbered(tmp_path / "train", "0.tar")
    shard(tmp_path / "test" / "0.tar", [("1.png", picture(1)), ("2.png", picture(2))])
    data = open_dataset(f"wds:{tmp_path}", "test")
    assert data.labels is None and "no_labels" in codes(data) and len(data) == 2


def test_a_shard_that_says_nothing_before_one_that_does(tmp_path: Path) -> None:
    shard(tmp_path / "0.tar", [("1.png", picture(1))])
    numbered(tmp_path, "1.tar", start=5)
    data = open_dataset(f"wds:{tmp_path}")
    assert labels(data) == [0, 1] and "1 samples say nothing of their image: 1" in note(data, "samples_left_out")


def test_captions_beside_labels_are_said(tmp_path: Path) -> None:
    data = open_dataset(f"wds:{tar(tmp_path / '0.tar', {'1.png': picture(1), '1.cls': '0', '1.txt': 'A dog'})}")
    assert "also there, and not used: .txt" in note(data, "captions_not_used") and labels(data) == [0]


def test_nothing_that_can_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotHere, match=r"Of 1 image in .* none has a label or caption"):
        open_dataset(f"wds:{shard(tmp_path / '0.tar', [('1.png', picture(1)), ('1.cls', '')])}")


def split_sets(folder: Path) -> None:
    for split in ("train", "test"):
        (folder / split).mkdir(parents=True)
        numbered(folder / split, "0.tar", start=10 * (split == "test"))


def test_class_names_in_the_folders_of_the_splits(tmp_path: Path) -> None:
    split_sets(tmp_path)
    (tmp_path / "test" / "classnames.txt").write_text("cat\ndog\n")
    assert open_dataset(f"wds:{tmp_path}").classnames == ("cat", "dog")
    (tmp_path / "train" / "classnames.txt").write_text("cat\ndog")
    assert open_dataset(f"wds:{tmp_path}", "train").classnames == ("cat", "dog")
    for place in (tmp_path / "train", tmp_path):
        (tmp_path / "train" / "classnames.txt").unlink(missing_ok=True)
        (place / "classnames.txt").write_text("dog\ncat\n")
        with pytest.raises(TMVError, match="name the classes differently"):
            open_dataset(f"wds:{tmp_path}")


def test_class_names_from_the_folder_above_are_said_to_be(tmp_path: Path) -> None:
    split_sets(tmp_path)
    (tmp_path / "classnames.txt").write_text("cat\ndog\n")
    assert "names_from_above" not in codes(open_dataset(f"wds:{tmp_path}"))
    assert note(open_dataset(f"wds:{tmp_path / 'test'}"), "names_from_above").startswith("info")
    (tmp_path / "test").rename(tmp_path / "pets")
    assert note(open_dataset(f"wds:{tmp_path / 'pets'}"), "names_from_above").startswith("warning")


def test_two_labels_of_one_picture(tmp_path: Path) -> None:
    one: list[tuple[str, bytes | str]] = [("a.jpg", picture()), ("a.cls", b"0"), ("a.json", b'{"label": 0}')]
    two: list[tuple[str, bytes | str]] = [("b.jpg", picture()), ("b.cls", b"1"), ("b.json", b'{"label": 0}')]
    other: list[tuple[str, bytes | str]] = [
        ("c.jpg", picture()),
        ("c.cls", b"1"),
        ("c.json", b'{"label": "dog", "width": 3}'),
    ]
    said = note(open_dataset(f"wds:{shard(tmp_path / '0.tar', [*one, *two, *other])}"), "two_labels")
    assert "b has the label 1 in .cls and 0 in .json" in said
    assert "two_labels" not in codes(open_dataset(f"wds:{shard(tmp_path / '1.tar', [*one, *other])}"))
