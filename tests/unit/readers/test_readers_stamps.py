"""A listing is made again only where a folder has changed, and is never older than its folders."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from core.readers import data_digest, open_dataset
from tests.data_files import paint

SETTLE_SECONDS = 0.12


@pytest.fixture
def name(tmp_path: Path) -> str:
    """Two classes of three pictures, an empty folder, and nothing fresh."""
    paint(*(tmp_path / "set" / c / f"{i}.png" for c in "ab" for i in range(3)))
    (tmp_path / "set" / "empty").mkdir()
    time.sleep(SETTLE_SECONDS)
    return f"folder:{tmp_path / 'set'}"


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The folders that are listed from now on."""
    found, scan = list[str](), os.scandir

    def scandir(folder: str | Path) -> object:
        found.append(str(folder))
        return scan(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    return found


def test_unchanged_folders_are_not_listed_again(name: str, listed: list[str]) -> None:
    first = open_dataset(name)
    assert listed
    listed.clear()
    assert open_dataset(name) is first and open_dataset(name, first.split) is first and not listed
    assert len(open_dataset(name, "train")) == 2 and open_dataset(name) is first


def _add(root: Path) -> None:
    paint(root / "a" / "new.png")


def _remove(root: Path) -> None:
    (root / "b" / "0.png").unlink()


def _rename(root: Path) -> None:
    (root / "b").rename(root / "c")


def _fill(root: Path) -> None:
    paint(root / "empty" / "1.png")


def _deeper(root: Path) -> None:
    paint(root / "a" / "deep" / "1.png")


@pytest.mark.parametrize("change", [_add, _remove, _rename, _fill, _deeper])
def test_every_change_of_a_folder_is_noticed_at_once(
    name: str, tmp_path: Path, change: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "set"
    before = open_dataset(name)
    change(root)  # type: ignore[operator]
    time.sleep(SETTLE_SECONDS)
    now = open_dataset(name)
    there = sorted(str(f.relative_to(root)) for f in root.rglob("*.png"))
    assert now is not before and sorted(now.ids) == there
    assert open_dataset(name) is now


def test_a_folder_changed_within_a_clock_tick_is_not_trusted(name: str, tmp_path: Path) -> None:
    paint(tmp_path / "set" / "a" / "new.png")
    first = open_dataset(name)
    (tmp_path / "set" / "a" / "newer.png").write_bytes((tmp_path / "set" / "a" / "new.png").read_bytes())
    assert len(open_dataset(name)) == len(first) + 1


def test_folders_with_links_are_listed_every_time(name: str, tmp_path: Path, listed: list[str]) -> None:
    paint(tmp_path / "elsewhere" / "1.png")
    (tmp_path / "set" / "a" / "linked").symlink_to(tmp_path / "elsewhere")
    time.sleep(SETTLE_SECONDS)
    assert len(open_dataset(name)) == 7
    (tmp_path / "elsewhere" / "1.png").unlink()
    listed.clear()
    assert len(open_dataset(name)) == 6 and listed


def test_a_picture_changed_in_place_changes_the_digest_of_the_same_rows(name: str, tmp_path: Path) -> None:
    rows, memo = open_dataset(name), tmp_path / "memo"
    before = data_digest(rows, memo)
    assert data_digest(rows, memo) == before
    paint(tmp_path / "set" / "a" / "other.png")
    (tmp_path / "set" / "a" / "other.png").rename(tmp_path / "away.png")
    (tmp_path / "set" / "a" / "0.png").write_bytes((tmp_path / "away.png").read_bytes() + b" ")
    time.sleep(SETTLE_SECONDS)
    assert data_digest(open_dataset(name), memo) != before
