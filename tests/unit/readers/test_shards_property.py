"""Random shards against a slow, obvious reader by tarfile: never another label or picture, and nothing lost, without a
note or a refusal."""

from __future__ import annotations

import io
import random
import tarfile
from pathlib import Path

import pytest

from core.errors import TMVError
from core.readers import open_dataset
from tests.data_files import picture

SEEDS = range(200)
PICTURES = [picture(i) for i in range(40)]
CLASSES = ("cat", "dog", "owl")
FORMS = ("{}", "{}\n", " {} ", "{}.0", "{}e0", "0{}")
NOTHING = ("", "null", "nan")


def write(path: Path, members: list[tuple[str, bytes]]) -> None:
    with tarfile.open(path, "w") as container:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            container.addfile(info, io.BytesIO(data))


def draw(rng: random.Random, folder: Path) -> list[Path]:
    """Up to three shards with odd names, names twice, labels in all forms, labels missing and pictures missing."""
    count, odd = rng.randint(1, 3), rng.random() < 0.6
    shards, number = list[Path](), 0
    for place in range(count):
        if rng.random() < 0.15 and shards:
            continue  # a shard that is missing
        members: list[tuple[str, bytes]] = []
        for i in range(rng.randint(1, 6)):
            dots = rng.choice(["", f".{i}", ".x"]) if odd and rng.random() < 0.3 else ""
            key = rng.choice(["", "a/"]) + (f"p{i}" if rng.random() < 0.7 or not odd else "p") + dots
            label = rng.choice(FORMS).format(rng.randrange(3))
            if odd and rng.random() < 0.1:
                label = rng.choice([*NOTHING, "-1", "0.5", "7", "cat"])
            own = [(f"{key}.png", PICTURES[number]), (f"{key}.cls", label.encode())]
            if odd and rng.random() < 0.1:
                own = own[: rng.randint(0, 1)] or own[1:]
            members += own
            number += 1
        rng.shuffle(members)
        if odd and rng.random() < 0.2:
            members.append((members[0][0], PICTURES[-1] if members[0][0].endswith("png") else b"1"))
        shards.append(folder / f"{place}.tar")
        write(shards[-1], members)
    if rng.random() < 0.5:
        (folder / "classnames.txt").write_text("\n".join(CLASSES))
    if rng.random() < 0.3:
        (folder / "nshards.txt").write_text(str(count))
    return shards


def obvious(shards: list[Path]) -> tuple[list[tuple[bytes, int]], int, bool]:
    """(picture, label) of each sample by the first member of each name; pictures in all; whether a shard is missing."""
    rows, pictures = [], 0
    for path in shards:
        samples: dict[str, dict[str, bytes]] = {}
        with tarfile.open(path) as container:
            for member in container.getmembers():
                folder, _, base = member.name.rpartition("/")
                key, _, extension = base.partition(".")
                file = container.extractfile(member)
                assert file is not None
                pictures += extension.endswith("png")
                samples.setdefault(f"{folder}/{key}", {}).setdefault(extension, file.read())
        for sample in samples.values():
            found = sorted((name.count("."), name) for name in sample if name.endswith("png"))
            said = sample.get("cls", b"").decode().strip()
            if found and said not in NOTHING:
                rows.append((sample[found[0][1]], int(float(said))))
    last = max(int(path.stem) for path in shards)
    return rows, pictures, len(shards) != last + 1


@pytest.mark.parametrize("seed", SEEDS)
def test_labels(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    shards = draw(rng, tmp_path)
    try:
        data = open_dataset(f"wds:{tmp_path}")
    except TMVError as error:
        assert str(tmp_path) in str(error) or ".tar: " in str(error)
        return
    told = {note.code for note in data.notes}
    rows, pictures, missing = obvious(shards)
    if data.labels is None:
        assert "no_labels" in told
    else:
        found = [(data.pictures.read(i), int(label)) for i, label in enumerate(data.labels)]
        assert found == rows, seed
        if (tmp_path / "classnames.txt").exists():
            assert data.classnames == CLASSES
    lost = {"samples_left_out", "name_twice", "shared_key", "several_pictures", "side_pictures", "dotted_names"}
    assert len(data) == pictures or told & lost, seed
    assert not missing or "shards_missing" in told
    declared = tmp_path / "nshards.txt"
    if declared.exists() and int(declared.read_text()) != len(shards):
        assert told & {"shards_missing", "shard_count"}


@pytest.mark.parametrize("seed", SEEDS)
def test_captions(seed: int, tmp_path: Path) -> None:
    """One caption a line: the same as reading each member and cutting it at its line ends."""
    rng = random.Random(seed)
    members, wanted, empty = [], [], 0
    for i in range(rng.randint(1, 6)):
        lines = [
            rng.choice(["A dog.", "Two\u2028cats", " a  café ", "", "5 owls", "x\x0by"])
            for _ in range(rng.randint(1, 3))
        ]
        encoding, end = rng.choice(["utf-8", "utf-8-sig", "utf-16"]), rng.choice(["\n", "\r\n", "\r"])
        members += [(f"{i}.png", PICTURES[i]), (f"{i}.txt", end.join(lines).encode(encoding))]
        said = [" ".join(line.split()) for line in lines if line.split()]
        empty += not said
        wanted += [(PICTURES[i], caption) for caption in said]
    write(tmp_path / "0.tar", members)
    try:
        data = open_dataset(f"wds:{tmp_path}")
    except TMVError as error:
        assert not wanted and "has a label or caption" in str(error)
        return
    assert data.image_index is not None
    found = [(data.pictures.read(int(i)), caption) for i, caption in zip(data.image_index, data.captions, strict=True)]
    assert found == wanted
    assert not empty or "samples_left_out" in {note.code for note in data.notes}
