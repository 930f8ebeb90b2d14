"""Text files as people have them: UTF-8 with or without its mark, UTF-16, and Latin-1, which is told.

Only CR, LF and CRLF end a line: `str.splitlines` also cuts at U+2028, form feeds and others, which stand inside
captions and names.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from core.errors import TMVError
from core.readers.base import os_reason
from core.types import Note

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NO_TEXT = (
    (b"PK\x03\x04", "an Excel workbook or a zip archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Word file"),
    (b"%PDF-", "a PDF"),
    (b"\x89PNG\r\n\x1a\n", "an image (PNG)"),
    (b"\xff\xd8\xff", "an image (JPEG)"),
    (b"\x1f\x8b", "packed with gzip"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3\0", "an SQLite database"),
)
"""How files begin that people take for tables and lists."""
_LINE_END = re.compile(r"\r\n|\r|\n")
_MANY_BYTES = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_LONG_RUN = re.compile(rb"[\x80-\xff]{3}")
_LETTER_SIGNS = frozenset("ŠšŽžŒœŸ")
_PROBE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What a file says, and notes on how its bytes were understood."""

    text: str
    notes: tuple[Note, ...] = ()

    def lines(self) -> list[str]:
        """The physical lines without their ends; the first is line 1."""
        return text_lines(self.text)


def read_text(path: Path, most: int) -> Text:
    """The text of a file of at most `most` bytes. Raises `TMVError` naming the file, and the line where one does not
    fit."""
    try:
        if path.stat().st_size > most:
            raise TMVError(f"{path} is too large: {_size(path.stat().st_size)}, at most {_size(most)} are read.")
        return decoded(path.read_bytes(), str(path))
    except OSError as error:
        raise TMVError(f"{path} cannot be read: {os_reason(error)}.") from None


def decoded(content: bytes, name: str) -> Text:
    """Bytes as text; `name` is what the messages call them. Raises `TMVError` where no encoding fits."""
    if kind := next((kind for start, kind in _NO_TEXT if content.startswith(start)), ""):
        raise TMVError(f"{name} is {kind} and no text; save it as UTF-8 text.")
    encoding = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), "") or _unmarked_16(content)
    try:
        text = content.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        if encoding:
            raise TMVError(f"{name} is damaged at byte {error.start:,}: it is not whole {encoding[:6]}.") from None
        return _latin(content, name, error.start)
    if "\0" in text:
        raise TMVError(f"{name} is no text: line {_line_of(text, text.index(chr(0)))} holds a zero byte.")
    return Text(text=text)


def text_lines(text: str) -> list[str]:
    """Cut at CR, LF and CRLF alone; an end of the last line does not begin another."""
    lines = _LINE_END.split(text)
    return lines[:-1] if lines[-1] == "" else lines


def _unmarked_16(content: bytes) -> str:
    """UTF-16 without a mark: in Western text every other byte is zero."""
    probe = content[:_PROBE]
    if len(probe) < 4 or b"\0" not in probe:
        return ""
    even, odd = probe[::2].count(0), probe[1::2].count(0)
    half = len(probe) // 2
    if odd > 0.3 * half and not even:
        return "utf-16-le"
    return "utf-16-be" if even > 0.3 * half and not odd else ""


def _latin(content: bytes, name: str, start: int) -> Text:
    """Windows' Latin-1, where it looks like it; another one-byte encoding would give other words, so it is refused."""
    line = _line_of(content[:start].decode("latin-1"), start)
    if len(_MANY_BYTES.findall(content)) > content.decode("utf-8", "replace").count("\ufffd"):
        raise TMVError(f"{name} line {line} is damaged: the file is UTF-8, but not there; save it as UTF-8 again.")
    try:
        text = "" if _LONG_RUN.search(content) else content.decode("cp1252")
    except UnicodeDecodeError:
        text = ""
    strange = [m for m in re.finditer(r"[^\x00-\x7f]", text) if not _likely(text, m.start())]
    if not text or strange or "\0" in text:
        raise TMVError(f"{name} line {line} is not UTF-8 text, nor does it look like Latin-1; save it as UTF-8.")
    word = re.search(r"\S*[^\x00-\x7f]\S*", text)
    example = f", for example “{word[0][:40]}”" if word else ""
    note = f"{Path(name).name} is not UTF-8; it was read as Latin-1{example}. If that is wrong, save it as UTF-8."
    return Text(text=text, notes=(Note(note, "latin_1", "warning"),))


def _likely(text: str, place: int) -> bool:
    """Whether this sign may stand here: letters in words of their own case, and the marks of running text."""
    sign = text[place]
    before = text[place - 1] if place else " "
    if sign.isalpha() and before.isalpha() and before.islower() and sign.isupper():
        return False  # MacRoman's and DOS's letters come out so: "cafŽ"
    if "\x80" <= sign.encode("cp1252").decode("latin-1") <= "\x9f":
        return sign in _LETTER_SIGNS or unicodedata.category(sign)[0] in "PSZ"
    return sign.isalpha() or unicodedata.category(sign)[0] in "PSZN" or sign == "\xad"


def _line_of(text: str, place: int) -> int:
    return len(_LINE_END.findall(text[:place])) + 1


def _size(number: int) -> str:
    return f"{number / 2**30:.1f} GiB" if number >= 2**30 else f"{number / 2**20:.1f} MiB"
