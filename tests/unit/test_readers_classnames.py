"""A user's own class names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from core.readers import read_classnames
from core.types import TMVError


@dataclass(frozen=True)
class Names:
    classnames: tuple[str, ...]
    raw_classnames: tuple[str, ...]


EURO = Names(("annual crop land", "lake or sea", "forest"), ("AnnualCrop", "SeaLake", "Forest"))


def read(tmp_path: Path, text: str, name: str = "names.txt", data: Names = EURO) -> tuple[str, ...]:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read_classnames(tmp_path / name, data)


def test_one_name_a_line_in_the_order_of_the_folders(tmp_path: Path) -> None:
    assert read(tmp_path, "fields\n\n lakes, seas \nwoods\n") == ("fields", "lakes, seas", "woods")
    assert read(tmp_path, "\ufefffields\r\nlakes\r\nwoods") == ("fields", "lakes", "woods")
    assert read(tmp_path, "a field, crops\na lake, sea\na wood, trees\n") == (
        "a field, crops", "a lake, sea", "a wood, trees",
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "Forest,woods\nAnnualCrop,fields\nSeaLake,\"lakes, seas\"\n",
        "raw,curated\nForest,woods\nAnnualCrop,fields\nSeaLake,\"lakes, seas\"\n",
        "Forest\twoods\nAnnualCrop\tfields\nSeaLake\tlakes, seas\n",
        "forest,woods\nannual crop land,fields\nlake or sea,lakes, seas\n",
    ],
)
def test_a_table_is_joined_by_name_in_any_order(text: str, tmp_path: Path) -> None:
    assert read(tmp_path, text, "names.csv") == ("fields", "lakes, seas", "woods")


@pytest.mark.parametrize(
    "text, said",
    [
        ("a\nb\n", "2 names for 3 classes"),
        ("", "0 names for 3 classes"),
        ("Forest,woods\nAnnualCrop,fields\n", "lacks 1 of 3 classes: SeaLake"),
        ("Forest,woods\nAnnualCrop,fields\nSeeLake,seas\n", "did you mean SeaLake"),
        ("Forest,woods\nForest,trees\nSeaLake,x\n", "names 'Forest' twice"),
        ("Forest,woods\nforest,trees\nSeaLake,x\n", "twice"),
        ("Forest,\nAnnualCrop,x\nSeaLake,y\n", "no name for 'Forest'"),
        ("x,1\ny,2\nz,3\n", "none of the classes in its first column"),
    ],
)
def test_what_does_not_fit_is_said(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(TMVError, match=said):
        read(tmp_path, text, "names.csv")


def test_a_curated_name_of_two_folders_joins_neither(tmp_path: Path) -> None:
    twice = Names(("missile", "missile"), ("n03773504", "n04008634"))
    assert read(tmp_path, "n04008634,rocket\nn03773504,missile\n", data=twice) == ("missile", "rocket")
    with pytest.raises(TMVError, match="none of the classes"):
        read(tmp_path, "n04008634,rocket\nmissile,missile\n", data=twice)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(TMVError, match="no such file"):
        read_classnames(tmp_path / "none.txt", EURO)
    (tmp_path / "latin.txt").write_bytes("é\nb\nc".encode("latin1"))
    with pytest.raises(TMVError, match="UTF-8"):
        read_classnames(tmp_path / "latin.txt", EURO)
    with pytest.raises(TMVError, match="no classes"):
        read(tmp_path, "a", data=Names((), ()))
