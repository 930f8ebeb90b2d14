"""Uploaded pictures: kept by content, found by name, bounded."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.errors import BadImage, NotHere
from core.images.uploads import Uploads
from tests.fakes import png


def test_a_picture_is_kept_once_under_its_content(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "uploads")
    first, again, other = (uploads.keep(png((9, 9, 9), seed)) for seed in (1, 1, 2))
    assert first == again != other
    assert uploads.get(first) == png((9, 9, 9), 1)
    assert len(list((tmp_path / "uploads").iterdir())) == 2


def test_what_is_no_picture_is_refused_and_not_kept(tmp_path: Path) -> None:
    with pytest.raises(BadImage):
        Uploads(tmp_path / "uploads").keep(b"<svg onload=alert(1)>")
    assert not (tmp_path / "uploads").exists()


@pytest.mark.parametrize("name", ["", "..", "../secret", "0" * 31, "0" * 32, "A" * 32, "/etc/passwd", "0" * 32 + "\0"])
def test_a_name_that_was_never_given_is_told_in_a_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    with pytest.raises(NotHere, match="upload it again"):
        Uploads(tmp_path / "uploads").get(name)


def test_the_pictures_used_longest_ago_go_first(tmp_path: Path) -> None:
    files = [png((9, 9, 9), seed) for seed in range(4)]
    uploads = Uploads(tmp_path / "uploads", limit=sum(map(len, files)) - 1)
    names = [uploads.keep(file) for file in files[:3]]
    for age, name in zip((30, 20, 10), names, strict=True):
        os.utime(tmp_path / "uploads" / name, (1_000_000 - age, 1_000_000 - age))
    assert uploads.get(names[0]) == files[0]  # used again: now it is the newest
    last = uploads.keep(files[3])
    assert uploads.get(last) and uploads.get(names[0]) and uploads.get(names[2])
    with pytest.raises(NotHere):
        uploads.get(names[1])


def test_the_newest_picture_stays_however_large_it_is(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "uploads", limit=1)
    assert uploads.get(uploads.keep(png((1, 2, 3)))) == png((1, 2, 3))
