"""Pictures and captions that change, move or go after they were embedded: never an old number without a word."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.engine import Engine
from core.types import Note
from tests.worlds import GOOD, paint, point, squares


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    paint(tmp_path)
    point(monkeypatch, tmp_path)
    return tmp_path


def said(dataset: str, split: str | None = None) -> dict[str, Note]:
    """The notes of an engine that looks now, by code."""
    return {note.code: note for note in Engine().vectors.ensure(Engine().place(GOOD, dataset, split)).provenance.beside}


def test_pictures_that_are_gone_are_said_to_be(folder: Path) -> None:
    assert "pictures_not_here" not in said(squares(folder))
    shutil.rmtree(folder / "squares")
    notes = said(squares(folder))
    assert notes["pictures_not_here"].level == "info" and "not on this machine" in notes["pictures_not_here"]
    assert "older_versions" not in notes


def test_of_several_versions_one_is_told_apart(folder: Path) -> None:
    said(squares(folder))
    (folder / "squares" / "red" / "0.png").unlink()
    assert "older_versions" not in said(squares(folder))
    shutil.rmtree(folder / "squares")
    notes = said(squares(folder))
    assert notes["older_versions"].level == "warning" and notes["older_versions"].startswith("2 versions")


def test_a_folder_that_is_here_without_its_captions_is_no_absent_one(folder: Path) -> None:
    name = f"captions:{folder / 'told'}"
    said(name)
    (folder / "told" / "captions.csv").unlink()
    notes = said(name)
    assert notes["pictures_not_here"].level == "warning" and "There is no caption file" in notes["pictures_not_here"]


def test_a_split_in_another_spelling_is_the_same(folder: Path) -> None:
    for split in ("Training", "valid"):
        shutil.copytree(folder / "squares", folder / "parts" / split)
    engine, name = Engine(), f"folder:{folder / 'parts'}"
    assert (
        engine.vectors.ensure(engine.place(GOOD, name, "VALIDATION")).key
        == engine.vectors.ensure(engine.place(GOOD, name, "val")).key
    )
    assert engine.data.split_of(name, "training") == "train" and engine.data.split_of(name, "nonsense") == "nonsense"
