"""Random files of captions against slow, obvious readers: never other captions without a note or a refusal."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import TMVError
from core.readers import open_dataset
from tests.data_files import picture

SEEDS = range(150)
NAMES = [f"{n}.png" for n in range(6)]
WORDS = ["a", "dog", "cat", "two", "on the", "café", "猫", "5", "it's", "red;", "x|y", "\u2028", "[big]", "-", "…"]
Pairs = list[tuple[str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Above a folder of captions, pictures are looked for too: in every folder of this run.
    place = tmp_path_factory.mktemp("told")
    for i, name in enumerate(NAMES):
        (place / name).write_bytes(picture(i))
    return place


def sentence(rng: random.Random, marks: str) -> str:
    words = ["a", *rng.choices(WORDS, k=rng.randint(0, 5))]
    rng.shuffle(words)
    return " ".join(word + (rng.choice(marks) if rng.random() < 0.3 else "") for word in words)


def clean(text: str) -> str:
    return " ".join(text.split())


def wanted(rng: random.Random, marks: str = ",.") -> Pairs:
    """(picture, caption) in an order in which each picture's captions stand together."""
    return [(name, sentence(rng, marks)) for name in NAMES if rng.random() < 0.9 for _ in range(rng.randint(1, 3))]


def read(file: Path) -> tuple[Pairs, list[str]]:
    """What the product reads, by its rows, and the notes on what it left out or guessed."""
    data = open_dataset(f"captions:{file}")
    assert data.image_index is not None
    told = [
        note.code
        for note in data.notes
        if note.level != "info" or note.code not in ("captions_shared", "captions_twice")
    ]
    return [(data.ids[i], caption) for i, caption in zip(data.image_index, data.captions, strict=True)], told


def check(file: Path, content: str | bytes, pairs: Pairs) -> None:
    """Read as meant, in the order of the file."""
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    found, told = read(file)
    assert found == [(name, clean(text)) for name, text in pairs], content
    assert set(told) <= {"pictures_without_caption", "no_header"}
    file.unlink()


# --- tables: written by hand, cell by cell, so that the writer is no csv module --------------------------------


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


@pytest.mark.parametrize("seed", SEEDS)
def test_tables(seed: int, folder: Path) -> None:
    rng = random.Random(seed)
    mark, end = rng.choice(",;\t|"), rng.choice(["\n", "\r\n", "\r"])
    pairs, index, split = wanted(rng, ',.;"'), rng.random() < 0.3, rng.random() < 0.3
    picture_first = rng.random() < 0.7
    header = [rng.choice(["image", "file_name", "Image Name"]), rng.choice(["caption", "text", "raw"])]
    rows = [header, *([name, quoted(text)] for name, text in pairs)]
    lines = []
    for number, row in enumerate(rows):
        cells = row if picture_first else row[::-1]
        cells = [*cells, "split" if not number else "test"] if split else cells
        lines.append(mark.join(["" if not number else str(number), *cells] if index else cells))
    encoding = rng.choice(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
    check(folder / "captions.csv", (end.join(lines) + end).encode(encoding), pairs)


@pytest.mark.parametrize("seed", SEEDS)
def test_captions_that_nobody_quoted(seed: int, folder: Path) -> None:
    rng = random.Random(seed)
    pairs = wanted(rng, ",.")
    header = ["image,caption"] if rng.random() < 0.5 else []
    check(folder / "captions.txt", "\n".join([*header, *(f"{name},{text}" for name, text in pairs)]), pairs)


@pytest.mark.parametrize("seed", SEEDS)
def test_lists_in_cells(seed: int, folder: Path) -> None:
    rng = random.Random(seed)
    texts: dict[str, list[str]] = {}
    for name, text in wanted(rng, ',."'):
        texts.setdefault(name, []).append(text)
    write: Callable[[list[str]], str] = rng.choice(
        [json.dumps, repr, lambda t: "[" + "\n ".join(map(repr, t)) + "]", lambda t: json.dumps(t, ensure_ascii=False)]
    )
    lines = ["filename,captions", *(f"{name},{quoted(write(found))}" for name, found in texts.items())]
    check(folder / "captions.csv", "\n".join(lines), [(name, text) for name, found in texts.items() for text in found])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_damaged_table_gives_its_captions_or_a_word(seed: int, folder: Path) -> None:
    """One sign of a sound table is taken out or put in: what is then read is what a reader by the line reads, or the
    file is refused, or something is told."""
    rng = random.Random(seed)
    pairs = wanted(rng, ".")
    text = "\n".join(["image,caption", *(f"{n},{quoted(t) if rng.random() < 0.5 else t}" for n, t in pairs)]) + "\n"
    place, start = rng.randrange(14, len(text)), len("image,caption\n")
    sign = rng.choice(['"', "", ",", "\n", "\r", '"'])
    text = text[:place] + sign + text[place + (not sign) :]
    file = folder / "captions.csv"
    file.write_bytes(text.encode())
    try:
        found, told = read(file)
    except TMVError as error:
        assert "captions.csv" in str(error)
        return
    finally:
        file.unlink()
    plain = by_line(text[start:])
    assert found == [pair for pair in plain if pair[0] in NAMES and pair[1]] or set(told) - {
        "pictures_without_caption"
    }, text


def by_line(text: str) -> Pairs:
    """Each line is a row, with those behind it that name no picture while a quote is open: the picture up to the first
    comma, then the caption, its quotes taken off where they are a pair around it."""
    found: Pairs = []
    rows: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if rows and rows[-1].count('"') % 2 and ".png" not in line:
            rows[-1] += " " + line
        else:
            rows.append(line)
    for line in rows:
        name, _, caption = line.partition(",")
        inner = caption.strip()[1:-1]
        if (
            caption.strip()[:1] == '"' == caption.strip()[-1:]
            and len(caption.strip()) > 1
            and '"' not in inner.replace('""', "")
        ):
            caption = inner.replace('""', '"')
        found.append((name.strip('"'), clean(caption)))
    return found


# --- json -------------------------------------------------------------------------------------------------

NOTHING = [None, "", "  ", 5, True]


@pytest.mark.parametrize("seed", SEEDS)
def test_coco(seed: int, folder: Path) -> None:
    """Ids of any kind, captions that are none, images that are not here, annotations of none: a reader that goes
    through all annotations for each image, in its order."""
    rng = random.Random(seed)
    kinds: list[Callable[[int], object]] = [int, str, float, lambda i: f"{i:06d}"]
    kind = rng.choice(kinds)
    images = [{"id": 10 + i, "file_name": name} for i, name in enumerate([*NAMES, "gone.png"])]
    rng.shuffle(images)
    said = [
        {
            "id": i,
            "image_id": rng.randrange(10, 18),
            "caption": rng.choice(NOTHING) if rng.random() < 0.1 else sentence(rng, ',."'),
        }
        for i in range(20)
    ]
    pairs = [
        (image["file_name"], clean(str(a["caption"])))
        for image in images
        for a in said
        if a["image_id"] == image["id"] and isinstance(a["caption"], str) and a["caption"].strip()
    ]
    lost = any(not isinstance(a["caption"], str) or not a["caption"].strip() for a in said)
    away = any(a["image_id"] == 17 or a["image_id"] == 16 for a in said)
    document = {"images": images, "annotations": [{**a, "image_id": kind(int(str(a["image_id"])))} for a in said]}
    file = folder / "captions.json"
    file.write_text(json.dumps(document))
    try:
        found, told = read(file)
    finally:
        file.unlink()
    assert found == [pair for pair in pairs if pair[0] in NAMES]
    data_lost = {"captions_left_out", "captions_without_picture"} & set(told)
    assert (
        not away
        or "captions_without_picture" in data_lost
        or all(not isinstance(a["caption"], str) or not a["caption"].strip() for a in said if a["image_id"] in (16, 17))
    )
    assert not lost or "captions_left_out" in told


@pytest.mark.parametrize("seed", SEEDS)
def test_records_and_mappings(seed: int, folder: Path) -> None:
    rng = random.Random(seed)
    texts: dict[str, list[str]] = {}
    for name, text in wanted(rng, ',."'):
        texts.setdefault(name, []).append(text)
    pairs = [(name, text) for name, found in texts.items() for text in found]
    key, said = rng.choice(["image", "file_name", "filename"]), rng.choice(["caption", "text", "captions"])
    lists: Any = [{key: name, said: found} for name, found in texts.items()]
    single: Any = [{key: name, said: text} for name, text in pairs]
    forms: dict[str, str] = {
        "x.json": json.dumps(rng.choice([lists, single, texts, {"data": lists}, {"test": single}])),
        "x.jsonl": "\n".join(json.dumps(record, ensure_ascii=False) for record in rng.choice([lists, single])),
        "y.json": json.dumps({key: [name for name, _ in pairs], said: [text for _, text in pairs]}),
        "dataset.json": json.dumps(
            {
                "images": [
                    {"filename": name, "split": "test", "sentences": [{"raw": text} for text in found]}
                    for name, found in texts.items()
                ]
            }
        ),
    }
    name = rng.choice(sorted(forms))
    check(folder / name, forms[name], pairs)
