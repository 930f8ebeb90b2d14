"""Text files: encodings that are understood, told or refused, and what ends a line."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from core.errors import TMVError
from core.readers.text_files import decoded, read_text, text_lines

SAID = "image,caption\na.jpg,a café by the sea\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_read_without_a_word(encoding: str) -> None:
    found = decoded(SAID.encode(encoding), "x.csv")
    assert found.text == SAID and found.notes == ()


@pytest.mark.parametrize("mark, encoding", [(codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")])
def test_both_orders_of_utf_16(mark: bytes, encoding: str) -> None:
    assert decoded(mark + "Ein Käfer, 猫".encode(encoding), "x").text == "Ein Käfer, 猫"


@pytest.mark.parametrize(
    "said", ["café", "größe weiß “zitat” – 5 €", "naïve été créée", "Señor, ¿qué?", "Šárka’s Œuvre"]
)
def test_latin_1_is_read_and_told(said: str) -> None:
    found = decoded(said.encode("cp1252"), "/some/where/x.csv")
    (note,) = found.notes
    assert found.text == said and (note.code, note.level) == ("latin_1", "warning")
    assert note.startswith("x.csv is not UTF-8; it was read as Latin-1, for example “")


@pytest.mark.parametrize(
    "content, said",
    [
        ("a\ncafé".encode("mac-roman"), "line 2 is not UTF-8 text, nor does it look like Latin-1"),
        ("Это кот".encode("cp1251"), "nor does it look like Latin-1"),
        ("一只猫坐着".encode("gbk"), "nor does it look like Latin-1"),
        ("ねこがいる".encode("shift-jis"), "x.csv line 1 is"),
        ("café über\nok\nEnd ".encode() + b"\xff", "line 3 is damaged: the file is UTF-8, but not there"),
        (b"one\ntwo\0three", "line 2 holds a zero byte"),
        (b"\x89PNG\r\n\x1a\n\0\0", "x.csv"),
        (codecs.BOM_UTF16_LE + b"a", "is damaged at byte 2"),
    ],
)
def test_what_is_no_text_is_refused_by_its_line(content: bytes, said: str) -> None:
    with pytest.raises(TMVError, match=said):
        decoded(content, "x.csv")


def test_only_three_things_end_a_line() -> None:
    odd = "a\u2028b\u2029c\x0bd\x0ce\x1cf\x85g"
    assert text_lines(f"{odd}\n{odd}\r\nx\ry") == [odd, odd, "x", "y"]
    assert text_lines("a\n\nb\n") == ["a", "", "b"] and text_lines("") == []


def test_size_and_absence(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(b"x" * 100)
    with pytest.raises(TMVError, match="too large"):
        read_text(tmp_path / "x.txt", 99)
    with pytest.raises(TMVError, match=r"y\.txt cannot be read: no such file"):
        read_text(tmp_path / "y.txt", 99)


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"PK\x03\x04\x14\0", "an Excel workbook"),
        (b"%PDF-1.4\n", "a PDF"),
        (b"\x89PNG\r\n\x1a\n\0\0", "an image"),
        (b"\xff\xd8\xff\xe0", "an image"),
        (b"\x1f\x8b\x08\0", "packed with gzip"),
        (b"PAR1\0\0", "a Parquet file"),
    ],
)
def test_files_of_other_kinds_are_called_by_their_kind(start: bytes, kind: str, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes(start + bytes(range(256)))
    with pytest.raises(TMVError, match=f"labels.csv is {kind}.* and no text; save it as UTF-8 text"):
        read_text(tmp_path / "labels.csv", 1000)
    assert decoded(b"PK is a name\n", "x").text == "PK is a name\n"
