"""Own data by name: relative to the data folder, and never one of two places in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import BadArgument
from core.readers import open_dataset, own_name, own_place, typed_name
from core.store.own_names import OwnNames, same_end
from tests.fakes import png


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data" / "birds").mkdir(parents=True)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "data"


def test_what_lies_in_the_data_folder_is_named_as_seen_from_it(data: Path) -> None:
    names = OwnNames(data)
    for written in ("birds", "birds/", f"{data}/birds", f"{data}/bees/../birds", "../data/birds"):
        assert own_name(f"folder:{written}", names) == "folder:birds"
    assert own_name("eurosat", names) == "eurosat"
    assert own_name("captions:/elsewhere/a.csv", names) == "captions:/elsewhere/a.csv"


def test_a_data_folder_behind_a_link_is_the_same_folder(data: Path) -> None:
    (data.parent / "link").symlink_to(data)
    for folder in (data, data.parent / "link"):
        assert own_name(f"folder:{folder}/birds", OwnNames(data.parent / "link")) == "folder:birds"


def test_what_lies_elsewhere_keeps_its_name_as_written(data: Path) -> None:
    (Path("mine") / "bees").mkdir(parents=True)
    for written in ("folder:mine/bees", "folder:./mine/bees", f"folder:{Path.cwd()}/mine/bees"):
        assert own_name(written, OwnNames(data)) == written
        assert own_place(written, data).samefile("mine/bees")


def test_a_pattern_of_shards_is_found_by_the_folder_that_it_begins_in(data: Path) -> None:
    names = OwnNames(data)
    assert own_name(f"wds:{data}/birds/x-{{0..9}}.tar", names) == "wds:birds/x-{0..9}.tar"
    assert own_place("wds:birds/x-*.tar", data) == data / "birds/x-*.tar"


def test_two_places_of_one_name_are_refused_with_a_way_to_write_each(data: Path) -> None:
    names = OwnNames(data)
    assert typed_name("folder:birds", names) == "folder:birds"
    Path("birds").mkdir()
    with pytest.raises(BadArgument) as refused:
        typed_name("folder:birds", names)
    assert "folder:./birds" in str(refused.value) and f"folder:{data}/birds" in str(refused.value)
    assert typed_name("folder:./birds", names) == "folder:./birds"
    assert own_place("folder:./birds", data).samefile("birds")
    assert typed_name(f"folder:{data}/birds", names) == "folder:birds"
    assert own_place("folder:birds", data) == data / "birds"


def test_one_folder_seen_from_both_sides_is_one_place(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(data)
    for written in ("folder:birds", "folder:./birds"):
        assert typed_name(written, OwnNames(data)) == "folder:birds"


@pytest.mark.parametrize(
    ("name", "earlier", "same"),
    [
        ("folder:birds", "folder:/old/data/birds", True),
        ("folder:a/birds", "folder:/old/a/birds", True),
        ("folder:a/birds", "folder:/old/birds", False),
        ("folder:birds", "folder:/old/sea-birds", False),
        ("folder:birds", "captions:/old/birds", False),
        ("folder:birds", "folder:birds", False),
        ("folder:/old/birds", "folder:/x/old/birds", False),
    ],
)
def test_the_end_of_an_earlier_name(name: str, earlier: str, same: bool) -> None:
    assert same_end(name, earlier) is same


def test_a_sentence_does_not_say_where_the_data_folder_lies(data: Path) -> None:
    names = OwnNames(data)
    said = f"Give folder:{data}/a or {data}/a/b.txt, not {data}2/c; it is in {data}."
    assert names.without_folder(said) == f"Give folder:a or $TMV_DATA/a/b.txt, not {data}2/c; it is in $TMV_DATA."
    assert OwnNames().without_folder(said) == said


def test_the_reader_takes_the_name_from_the_data_folder_first(data: Path) -> None:
    for place, pictures in ((data / "birds", 2), (Path("birds"), 3)):
        for number in range(pictures):
            (place / "wren").mkdir(parents=True, exist_ok=True)
            (place / "wren" / f"{number}.png").write_bytes(png((9, 9, 9), number))
    assert len(open_dataset("folder:birds", None, data)) == 2
    assert len(open_dataset("folder:./birds", None, data)) == 3
