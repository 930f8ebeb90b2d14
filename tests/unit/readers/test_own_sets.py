"""Own data that lies in the data folder is found, named and counted, and only what is on the disk is counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core import readers
from core.commands import cli
from core.engine import Engine
from core.readers import counting, on_disk, own_sets
from core.tables.datasets import datasets_frame
from core.types import OnDisk, State
from core.words.datasets import images_said, on_disk_said
from tests.data_files import tar
from tests.fakes import png


def classes(folder: Path, each: int = 2) -> None:
    for name in ("wren", "robin"):
        (folder / name).mkdir(parents=True)
        for number in range(each):
            (folder / name / f"{number}.png").write_bytes(png((9, 9, 9), number))


def captions(folder: Path) -> None:
    (folder / "images").mkdir(parents=True)
    rows = ["image,caption"]
    for number in range(3):
        (folder / "images" / f"{number}.png").write_bytes(png((9, 9, 9), number))
        rows += [f"{number}.png,a bird on branch {number}", f"{number}.png,one more bird {number}"]
    (folder / "captions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def shards(folder: Path) -> None:
    folder.mkdir(parents=True)
    for shard in range(2):
        members = dict[str, bytes | str]()
        for number in range(4):
            key = f"{shard}{number}"
            members |= {f"{key}.png": png((9, 9, 9), number), f"{key}.cls": str(number % 3).encode()}
        tar(folder / f"x-{shard}.tar", members)
    (folder / "classnames.txt").write_text("wren\nrobin\nkite\n", encoding="utf-8")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    classes(folder / "birds" / "train")
    classes(folder / "birds" / "test", 1)
    captions(folder / "told")
    captions(folder / "many" / "flickr")
    shards(folder / "shards")
    (folder / "loose").mkdir()
    (folder / "loose" / "a.png").write_bytes(png((9, 9, 9), 1))
    (folder / "empty" / "inner").mkdir(parents=True)
    (folder / "papers").mkdir()
    (folder / "papers" / "table.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    return folder


def test_every_kind_is_found_under_the_name_by_which_it_opens(data: Path) -> None:
    assert own_sets(data) == ("folder:birds", "folder:loose", "captions:many/flickr", "wds:shards", "captions:told")
    assert own_sets(data / "none") == ()


def test_known_sets_and_links_out_of_the_data_folder_are_no_own_data(data: Path, tmp_path: Path) -> None:
    classes(data / "eurosat" / "2750")
    (data / "eurosat" / "2750" / "wren").rename(data / "eurosat" / "2750" / "Forest")
    classes(tmp_path / "secret")
    (data / "out").symlink_to(tmp_path / "secret")
    assert own_sets(data) == ("folder:birds", "folder:loose", "captions:many/flickr", "wds:shards", "captions:told")


def test_what_is_there_is_counted_over_all_splits(data: Path) -> None:
    birds, told, wds, loose = (
        on_disk(name, data) for name in ("folder:birds", "captions:told", "wds:shards", "folder:loose")
    )
    assert (birds.images, birds.classes, birds.carries, birds.splits) == (6, 2, "classes", ("train", "test"))
    assert (told.images, told.captions, told.carries) == (3, 6, "captions")
    assert (wds.images, wds.classes, wds.carries) == (8, 3, "classes")
    assert (loose.images, loose.classes, loose.carries) == (1, 0, "images")
    for found in (birds, told, wds, loose):
        assert found.state.state == "ready" and found.sample and not found.partial and not found.more


def test_the_sample_is_an_image_that_the_engine_can_draw(data: Path, tmp_path: Path) -> None:
    engine = Engine(tmp_path / "cache", data, in_process=False)
    for name in engine.data.own():
        found = engine.data.on_disk(name)
        assert engine.thumbnail(name, found.sample_split, found.sample)[:4] == b"RIFF"


def test_a_change_is_counted_anew_and_nothing_else_is(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = list[str]()
    plain = readers.open_dataset

    def counted(name: str, *args: object) -> object:
        opened.append(name)
        return plain(name, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(counting, "open_dataset", counted)
    names = ("folder:birds", "captions:told")
    before = [on_disk(name, data) for name in names]
    first = len(opened)
    assert first and [on_disk(name, data) for name in names] == before
    (data / "birds" / "test" / "wren" / "new.png").write_bytes(png((9, 9, 9), 7))
    (data / "told" / "captions.csv").write_text("image,caption\n0.png,a bird\n", encoding="utf-8")
    assert [found.images for found in (on_disk(name, data) for name in names)] == [7, 1]
    assert len(opened) > first


def test_a_very_large_folder_is_not_counted_to_its_end(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MOST_IMAGES", 5)
    monkeypatch.setattr(counting, "_COUNTED", type(counting._COUNTED)(4))
    found = on_disk("folder:birds", data)
    assert (found.images, found.more, found.classes) == (5, True, 2)
    assert images_said(found) == "more than 5 images"
    assert found.sample in ("robin/0.png", "wren/0.png") and found.sample_split == "test"


def test_a_part_of_a_known_set_is_said_to_be_one(data: Path) -> None:
    for name in ("Forest", "River"):
        (data / "eurosat" / "2750" / name).mkdir(parents=True)
        for number in range(3):
            (data / "eurosat" / "2750" / name / f"{name}_{number}.png").write_bytes(png((9, 9, 9), number))
    found = on_disk("eurosat", data)
    assert (found.images, found.whole, found.partial, found.classes) == (6, 27_000, True, 10)
    assert on_disk_said(found) == "6 of 27,000 images, 10 classes"


def test_what_cannot_be_read_says_why(data: Path, tmp_path: Path) -> None:
    (data / "told" / "images").rename(data / "told" / "gone")
    for file in (data / "told" / "gone").iterdir():
        file.unlink()
    found = Engine(tmp_path / "cache", data, in_process=False).data.on_disk("captions:told")
    assert found.images is None and found.state.state == "absent" and found.state.why
    assert str(data) not in found.state.why


def test_the_command_lists_own_data_with_its_counts(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TMV_DATA", str(data))
    monkeypatch.setenv("TMV_CACHE", str(tmp_path / "cache"))
    assert cli.main(["datasets", "--json", "-"]) == 0
    found = {record["name"]: record for record in json.loads(capsys.readouterr().out)["results"]}
    assert found["folder:birds"]["images"] == 6 and found["captions:told"]["captions"] == 6
    assert found["cifar100"]["images"] is None and found["cifar100"]["classes"] == 100
    assert cli.main(["datasets"]) == 0
    assert "folder:birds" in capsys.readouterr().out


def test_a_table_has_a_row_for_each(data: Path, tmp_path: Path) -> None:
    engine = Engine(tmp_path / "cache", data, in_process=False)
    frame = datasets_frame(engine.data.listed(), {"folder:birds": 2}).set_index("name")
    birds = frame.loc["folder:birds"]
    assert (birds["title"], birds["images"], birds["n_images"], birds["models"]) == ("birds", "6 images", 6, 2)
    assert frame.loc["cifar100", "images"] == "" and frame["n_images"].isna().any()


def test_words_of_what_was_not_counted() -> None:
    nothing = OnDisk(name="x", title="X", carries="", state=State(state="absent", why="gone"))
    assert (images_said(nothing), on_disk_said(nothing)) == ("", "")
