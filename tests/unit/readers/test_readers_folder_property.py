"""Random trees of pictures: what is read is what a slow, obvious reader reads, or something is said.

Two generators. The first lays out pictures whose class and split it knows, in the dresses that people give them; the
reader must find these again, or refuse, or say something. The second nests folders of a small vocabulary without any
sense; where the reader says nothing, the tree must be of the two layouts that need no word.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.errors import TMVError
from core.readers import describe_dataset, open_dataset, read_classnames
from core.readers.base import FilePictures
from core.types import Dataset
from tests.data_files import picture

SEEDS = range(400)
BYTES = picture()
ANIMALS = ("cat", "dog", "polar_bear", "cow", "owl", "sea lion")
TRUE_SPLITS = ("train", "val", "test")


def write(root: Path, files: Sequence[str]) -> None:
    for name in files:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(BYTES)


def places(data: Dataset, root: Path) -> list[str]:
    """Where each row lies, relative to the root of the tree."""
    pictures = data.pictures
    assert isinstance(pictures, FilePictures)
    return [os.path.relpath(pictures.root / name, root) for name in pictures.names]


# --- trees that mean something ----------------------------------------------------------------------------


@dataclass
class Tree:
    """`truth`: file -> (split, class folder, the class in words); `sound` while nothing odd was put in."""

    truth: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    sound: bool = True


Dress = Callable[[str], str]
SOUND_DRESSES: tuple[Dress, ...] = (str, str.upper, str.title)
DRESSES: tuple[Dress, ...] = (
    *SOUND_DRESSES,
    "seg_{}".format,
    "{}_images".format,
    "{}_set".format,
    "{}set".format,
    "{0}/{0}".format,
    "{}/images".format,
    "data/{}".format,
    "images/{}".format,
    "pets/{}".format,
    "my_pets_{}".format,
    "{}2017".format,
    {"train": "training", "val": "dev", "test": "testing"}.__getitem__,
    {"train": "fold1", "val": "fold2", "test": "fold10"}.__getitem__,
)
SPELLINGS: tuple[tuple[str, Callable[[int, str], str]], ...] = (
    ("plain", lambda i, name: name),
    ("counted", lambda i, name: f"{i + 1:03d}.{name}"),
    ("id in front", lambda i, name: f"n{2085620 + i:08d}-{name}"),
    ("id behind", lambda i, name: f"{name}_n{2085620 + i:08d}"),
    ("numbers", lambda i, name: str(i)),
    ("prices", lambda i, name: f"{(1, 2, 5, 10, 20, 50)[i]}_euro"),
    ("wnids", lambda i, name: f"n{99000000 + i}"),
)


def draw(rng: random.Random) -> Tree:
    tree = Tree()
    animals = rng.sample(ANIMALS, rng.randint(2, 5))
    kind, spell = rng.choice(SPELLINGS[:1] * 4 + SPELLINGS)
    folders = [spell(i, name) for i, name in enumerate(sorted(animals))]
    words = [name.replace("_", " ") for name in sorted(animals)]
    if kind == "prices":
        words = [folder.replace("_", " ") for folder in folders]
    dress = rng.choice(SOUND_DRESSES * 2 + DRESSES)
    tree.sound = kind == "plain" and dress in SOUND_DRESSES
    splits = rng.choice(((), (), ("train", "test"), ("train", "val"), TRUE_SPLITS))
    for split in splits or ("",):
        above = f"{dress(split)}/" if split else ""
        for folder, word in zip(folders, words, strict=True):
            for number in range(rng.randint(1, 3)):
                deep = rng.choice(("", "", "", "more/"))
                tree.truth[f"{above}{folder}/{deep}{split}{number}.png"] = (split, folder, word)
    disturb(rng, tree, folders, bool(splits))
    return tree


def disturb(rng: random.Random, tree: Tree, folders: Sequence[str], split: bool) -> None:
    """Now and then something that does not belong there."""
    odd = {
        "stray.png": 0.1,
        ".hidden/1.png": 0.1,
        "samples/1.png": 0.1 * split,
        f"{folders[0]}/film.mp4": 0.1 * (not split),
        "masks/1.png": 0.1,
        f"{folders[-1]}/zz.png": 0.1 * split,
        "holdout/what/1.png": 0.1 * split,
        "extra/deep/1.png": 0.1 * split,
    }
    tree.others = [name for name, chance in odd.items() if rng.random() < chance]
    tree.sound = tree.sound and not tree.others


def said(data: Dataset) -> bool:
    return bool(data.notes)


def explained(data: Dataset) -> set[str]:
    return {note.level for note in data.notes}


@pytest.mark.parametrize("block", range(4))
def test_what_was_laid_out_is_read_or_something_is_said(block: int, tmp_path: Path) -> None:
    refused = 0
    for seed in SEEDS[block::4]:
        tree, root = draw(random.Random(seed)), tmp_path / str(seed)
        write(root, [*tree.truth, *tree.others])
        try:
            spec = describe_dataset(f"folder:{root}")
            rows = {split: open_dataset(f"folder:{root}", split) for split in spec.splits}
        except TMVError as error:
            assert not tree.sound and (str(root) in str(error) or "split" in str(error)), seed
            refused += 1
            continue
        check(tree, root, rows, seed)
    assert refused < len(SEEDS) // 16, "refusing is the exception"


def check(tree: Tree, root: Path, rows: dict[str, Dataset], seed: int) -> None:
    halves = "all" in rows
    for split, data in rows.items():
        wrong = [
            fault
            for place, label in zip(places(data, root), labels(data), strict=True)
            if (fault := wrong_row(tree, data, place, label))
        ]
        assert not wrong or said(data), (seed, split, wrong)
        if not tree.others:  # every dress and spelling is understood; names alone may lack a word, which is said
            assert all("is called" in fault for fault in wrong), (seed, split, wrong)
        if tree.sound:
            assert not {"warning", "fault"} & explained(data), (seed, split, data.notes)
        if not said(data) and not (halves and split != "all"):
            true_splits = {tree.truth[place][0] for place in places(data, root)}
            whole = sorted(place for place, (own, _, _) in tree.truth.items() if own in true_splits)
            assert len(true_splits) == 1 and sorted(places(data, root)) == whole, (seed, split)


def labels(data: Dataset) -> list[int]:
    return [-1] * len(data) if data.labels is None else data.labels.tolist()


def wrong_row(tree: Tree, data: Dataset, place: str, label: int) -> str:
    """What is wrong about one row, "" where nothing is."""
    if place not in tree.truth or label < 0:
        return f"{place} has no class"
    _, folder, word = tree.truth[place]
    if data.raw_classnames[label] != folder:
        return f"{place} is {data.raw_classnames[label]}, not {folder}"
    return "" if data.classnames[label] == word else f"{place} is called {data.classnames[label]}, not {word}"


# --- trees that mean nothing ------------------------------------------------------------------------------

VOCABULARY = (
    "train",
    "test",
    "cat",
    "dog",
    "cow",
    "Train",
    "val",
    "test",
    "images",
    "masks",
    "cat",
    "dog",
    "bullet_train",
    "seg_test",
    "fold_1",
    "dev",
    "holdout",
    "data",
    "training",
)
OBVIOUS = {"train": "train", "training": "train", "val": "val", "dev": "val", "test": "test", "holdout": "holdout"}


def nonsense(rng: random.Random) -> list[str]:
    files = set()
    words = [rng.sample(VOCABULARY, rng.randint(1, 3)) for _ in range(3)]
    for number in range(rng.randint(2, 9)):
        depth = rng.choice((0, 1, 2, 2, 3) if rng.random() < 0.2 else (1,) if rng.random() < 0.3 else (2,))
        files.add("/".join([*(rng.choice(words[level]) for level in range(depth)), f"{number}.png"]))
    return sorted(files)


def obvious(files: Sequence[str]) -> dict[str, dict[str, str | None]]:
    """The two layouts that need no word: class folders, or folders with nothing but a split's name that hold class
    folders or pictures. split -> file -> class folder (None: no class)."""
    tops = {file.split("/")[0] for file in files if "/" in file}
    if tops and all(top.lower() in OBVIOUS for top in tops):
        found: dict[str, dict[str, str | None]] = {}
        for file in (file for file in files if "/" in file):
            top, *rest = file.split("/")
            found.setdefault(OBVIOUS[top.lower()], {})[file] = rest[0] if len(rest) > 1 else None
        return found
    return {"all": {file: file.split("/")[0] for file in files if "/" in file} or dict.fromkeys(files)}


@pytest.mark.parametrize("block", range(4))
def test_nonsense_is_read_as_the_obvious_reader_does_or_something_is_said(block: int, tmp_path: Path) -> None:
    silent = 0
    for seed in range(block, 1200, 4):
        files, root = nonsense(random.Random(1000 + seed)), tmp_path / str(seed)
        write(root, files)
        try:
            splits = describe_dataset(f"folder:{root}").splits
            rows = [open_dataset(f"folder:{root}", split) for split in splits if "all" not in splits or split == "all"]
        except TMVError:
            continue
        for data in rows:
            if said(data):
                continue
            silent += 1
            read = {
                place: None if label < 0 else data.raw_classnames[label]
                for place, label in zip(places(data, root), labels(data), strict=True)
            }
            assert read == obvious(files)[data.split], (seed, files)
    assert silent > 4, "something must be sound enough to need no word"


# --- lists of names ---------------------------------------------------------------------------------------

FORMS: tuple[Callable[[list[tuple[str, str]]], tuple[str, str]], ...] = (
    lambda rows: ("names.csv", "\n".join(f"{key},{name}" for key, name in rows)),
    lambda rows: ("names.csv", "english,folder\n" + "\n".join(f"{name},{key}" for key, name in rows)),
    lambda rows: ("names.tsv", "\n".join(f"{key}\t{name}" for key, name in rows)),
    lambda rows: ("names.txt", "\n".join(f"{key}: '{name}, other words'," for key, name in rows)),
    lambda rows: ("names.json", str(dict(rows)).replace("'", '"')),
    lambda rows: ("names.txt", "{" + ",\n".join(f"'{key}': '{name}'" for key, name in rows) + "}"),
    lambda rows: ("names.txt", "\n".join(name for _, name in rows)),
)
KEYS: tuple[Callable[[int], str], ...] = (
    str,
    lambda i: f"{i + 1}",
    lambda i: f"{i:04d}",
    lambda i: f"class_{i}",
    lambda i: f"n{1440764 + i:08d}",
    lambda i: ANIMALS[i % 6] + "x" * (i // 6),
)


@pytest.mark.parametrize("seed", range(60))
def test_a_list_gives_each_class_its_own_name(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    key, form = rng.choice(KEYS), rng.choice(FORMS)
    rows = [(key(i), f"thing {chr(97 + i)}") for i in range(rng.randint(2, 14))]
    write(tmp_path, [f"{folder}/1.png" for folder, _ in rows])
    data = open_dataset(f"folder:{tmp_path}")
    in_order = form is FORMS[-1]
    listed = rows if in_order else rng.sample(rows, len(rows))
    if in_order and key in KEYS[-1:]:
        listed = sorted(rows)
    name, text = form(listed)
    (tmp_path / name).write_text(text, encoding=rng.choice(("utf-8", "utf-8-sig", "utf-16")))
    found = read_classnames(tmp_path / name, data)
    assert dict(zip(data.raw_classnames, found.names, strict=True)) == dict(rows)
    assert found.notes and not any(note.level == "fault" for note in found.notes)
