"""Shards whose labels are lists: read as several right labels of an image, held against a slow reading, or refused."""

from __future__ import annotations

import json
import random
from itertools import permutations
from pathlib import Path

import pytest

from core.errors import TMVError
from core.readers import open_dataset
from core.types import Dataset
from tests.data_files import picture, tar


def opened(folder: Path, said: list[object], *, as_cls: bool = False, key: str = "labels", names: str = "") -> Dataset:
    """A shard of a picture for each of the lists, or whatever else is `said`."""
    members: dict[str, bytes | str] = {}
    for i, value in enumerate(said):
        teller = (f"{i:03d}.cls", str(value)) if as_cls else (f"{i:03d}.json", json.dumps({key: value}))
        members |= {f"{i:03d}.png": picture(i), teller[0]: teller[1]}
    tar(folder / "0.tar", members)
    if names:
        (folder / "classnames.txt").write_text(names)
    return open_dataset(f"wds:{folder}")


def sets(data: Dataset) -> list[set[str]]:
    """The names of the classes of each image."""
    found: list[set[str]] = [set() for _ in data.ids]
    if data.labels is not None:
        return [{data.raw_classnames[label]} for label in data.labels]
    assert data.label_pairs is not None
    for row, label in data.label_pairs.tolist():
        found[row].add(data.raw_classnames[label])
    return found


def codes(data: Dataset) -> set[str]:
    return {note.code for note in data.notes}


@pytest.mark.parametrize("key", ["labels", "label", "cls", "class"])
def test_class_numbers_under_every_key(key: str, tmp_path: Path) -> None:
    data = opened(tmp_path, [[3, 1], [0], [], 2], key=key)
    assert sets(data) == [{"3", "1"}, {"0"}, set(), {"2"}]
    assert {"several_labels", "labels_from_lists"} <= codes(data)


@pytest.mark.parametrize(
    "written",
    ["[3, 1]", "3 1", "3,1", "3;1", "3|1", "3\n1", "3\n1\n", "[3 1]", "[3. 1.]", "3.0 1.0", "['3', '1']", '["3", "1"]'],
)
def test_several_numbers_in_cls(written: str, tmp_path: Path) -> None:
    data = opened(tmp_path, [written, "0", "2", "[]"], as_cls=True)
    assert sets(data) == [{"3", "1"}, {"0"}, {"2"}, set()]


@pytest.mark.parametrize("as_cls", [True, False])
def test_class_names(as_cls: bool, tmp_path: Path) -> None:
    data = opened(tmp_path, [["dog", "cat"], ["owl, snowy"], []], as_cls=as_cls)
    assert sets(data) == [{"dog", "cat"}, {"owl, snowy"}, set()]
    assert data.raw_classnames == ("cat", "dog", "owl, snowy")


def test_names_are_those_of_the_list(tmp_path: Path) -> None:
    data = opened(tmp_path / "a", [["dog", "cat"], ["cat"]], names="cat\ndog\nowl")
    assert data.raw_classnames == ("cat", "dog", "owl") and sets(data) == [{"dog", "cat"}, {"cat"}]
    data = opened(tmp_path / "b", [[2, 0], [1]], names="cat\ndog\nowl")
    assert sets(data) == [{"owl", "cat"}, {"dog"}]
    with pytest.raises(TMVError, match="lacks the label 'bee'"):
        opened(tmp_path / "c", [["dog", "bee"], ["cat"]], names="cat\ndog")
    with pytest.raises(TMVError, match=r"has the label 3; classnames\.txt has only 3 names"):
        opened(tmp_path / "d", [[3, 0], [1]], names="cat\ndog\nowl")
    data = opened(tmp_path / "e", [[3, 1], [2]], names="1 cat\n2 dog\n3 owl")
    assert sets(data) == [{"owl", "cat"}, {"dog"}]  # list and labels count from 1


def test_one_label_in_every_list_is_an_ordinary_set(tmp_path: Path) -> None:
    data = opened(tmp_path, [[1], 0, [2], ["1"]])
    assert data.labels is not None and data.labels.tolist() == [1, 0, 2, 1] and data.label_pairs is None


@pytest.mark.parametrize("as_cls", [True, False])
@pytest.mark.parametrize("form", [int, float])
def test_marks_for_each_class(form: type, as_cls: bool, tmp_path: Path) -> None:
    rows = [[0, 1, 1], [0, 0, 0], [1, 0, 0]]
    data = opened(tmp_path, [[form(mark) for mark in row] for row in rows], as_cls=as_cls, names="cat\ndog\nowl")
    assert sets(data) == [{"dog", "owl"}, set(), {"cat"}]


def test_true_and_false_are_marks(tmp_path: Path) -> None:
    assert sets(opened(tmp_path, [[True, False], [False, True]], names="cat\ndog")) == [{"cat"}, {"dog"}]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([[0, 1], [1, 0]], r'000\.json under "labels" holds \[0, 1\], and all images these two numbers'),
        ([[0, 1], [0, 0], 1], r'001\.json under "labels" names a class twice'),
        ([[0, 2, 2]], "names a class twice"),
        ([[0, 1, 0], [0, 1]], "names a class twice"),
        ([[0.2, 0.8]], r'000\.json under "labels" holds \[0\.2\] in a list'),
        ([[1, -1, 0]], r'000\.json under "labels" holds the label -1'),
        ([[True, 1]], "mixes true and false"),
        ([[True], [False]], "as many of them, two or more"),
        ([[True, False], [0, 1]], "as many of them, two or more"),
        ([[1, "cat"]], "mixes numbers and names"),
        ([[1, None]], r"holds \[null\] in a list"),
        ([[1, ""]], r'holds \[""\] in a list'),
        ([[{"id": 3}]], r'holds \[\{"id": 3\}\] in a list'),
        ([[[1, 2], [3]]], r"holds \[\[1, 2\]\] in a list"),
        ([[], []], "is an empty list, and so are all others"),
        ([[1, 2], "cat"], "mix numbers and names"),
    ],
)
def test_what_could_be_either_is_refused_with_its_key(said: list[object], why: str, tmp_path: Path) -> None:
    with pytest.raises(TMVError, match=why):
        opened(tmp_path, said)


def test_a_vector_among_lists_is_refused(tmp_path: Path) -> None:
    import numpy as np

    np.save(tmp_path / "v.npy", np.array([0, 1, 1]))
    tar(tmp_path / "train" / "0.tar", {"a.png": picture(0), "a.npy": (tmp_path / "v.npy").read_bytes()})
    tar(tmp_path / "test" / "0.tar", {"b.png": picture(1), "b.json": '{"labels": [2, 5]}'})
    (tmp_path / "v.npy").unlink()
    with pytest.raises(TMVError, match=r"and other images have a vector in \.npy"):
        open_dataset(f"wds:{tmp_path}")


def test_splits_are_read_the_same_way(tmp_path: Path) -> None:
    """Two marks alone could be numbers; those of the other split say that they are marks."""
    tar(tmp_path / "train" / "0.tar", {"a.png": picture(0), "a.json": '{"labels": [1, 1]}'})
    tar(tmp_path / "test" / "0.tar", {"b.png": picture(1), "b.json": '{"labels": [0, 1]}'})
    assert sets(open_dataset(f"wds:{tmp_path}", "test")) == [{"1"}]
    assert sets(open_dataset(f"wds:{tmp_path}", "train")) == [{"0", "1"}]


def test_what_else_would_tell_is_said(tmp_path: Path) -> None:
    def note(members: dict[str, bytes | str], code: str) -> str:
        data = open_dataset(f"wds:{tar(tmp_path / '0.tar', {'a.png': picture(), **members})}")
        return next((n for n in data.notes if n.code == code), "")

    assert 'not used: "labels" in the same .json' in note(
        {"a.json": '{"label": 3, "labels": [3, 5]}'}, "captions_not_used"
    )
    assert not note({"a.json": '{"label": 3, "labels": [3]}'}, "captions_not_used")
    assert "the label 3 in .cls and [3, 5] in .json" in note(
        {"a.cls": "3", "a.json": '{"labels": [3, 5]}'}, "two_labels"
    )
    said = note({"a.txt": "a cat", "a.json": '{"label": 3}'}, "captions_not_used")
    assert said.startswith("Captions are from .txt") and "labels in .json" in said
    assert "1 label holds | or ;" in note({"a.cls": "cat|dog"}, "marks_in_labels")


# --- any lists, against every way to read them ------------------------------------------------------------


def ways(said: list[list[int]]) -> list[list[set[int]]]:
    """Each reading of all lists that makes sense, the slow way: as numbers each once, as marks of as many classes."""
    found: list[list[set[int]]] = []
    if any(said) and all(any(list(p) == row for p in permutations(sorted(set(row)))) for row in said):
        found.append([set(row) for row in said])
    if (
        len({len(row) for row in said}) == 1
        and len(said[0]) > 1
        and all(mark in (0, 1) for row in said for mark in row)
    ):
        found.append([{i for i in range(len(row)) if row[i] == 1} for row in said])
    return found


@pytest.mark.parametrize("seed", range(300))
def test_random_lists(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    width, high = rng.randint(0, 3), rng.choice([1, 1, 3])
    said = [
        [rng.randint(0, high) for _ in range(width if rng.random() < 0.9 else rng.randint(0, 3))]
        for _ in range(rng.randint(1, 4))
    ]
    meant = ways(said)
    if len(meant) != 1:
        with pytest.raises(TMVError, match=r"\.json under"):
            opened(tmp_path, list(said))
    else:
        assert sets(opened(tmp_path, list(said))) == [{str(label) for label in row} for row in meant[0]]
