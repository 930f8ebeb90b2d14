"""Text that people bring: which encoding it is in, and where its lines end."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from core.types import Note, TMVError

_LINE_END = re.compile(r"\r\n|\r|\n")
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_PROBED = 4096


def decode(content: bytes, source: str) -> tuple[str, tuple[Note, ...]]:
    """The text and what is to be said of it: UTF-8 with or without mark, UTF-16, else Latin-1 with a warning.

    Raises `TMVError` for content that is no text.
    """
    encoding = _marked(content) or _unmarked_utf16(content) or "utf-8"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        if encoding != "utf-8":
            broken = f"{source} begins as {encoding[:6].upper()} text and breaks off; save it as UTF-8."
            raise TMVError(broken) from None
        return _as_latin(content, source)
    if "\0" in text:
        raise TMVError(f"{source} is no text; expected a text file in UTF-8.")
    return text, ()


def split_lines(text: str) -> list[str]:
    """Lines as editors count them: only CR, LF and CRLF end one. An end at the end starts no further line."""
    lines = _LINE_END.split(text)
    return lines[:-1] if lines[-1] == "" else lines


def _marked(content: bytes) -> str | None:
    return next((encoding for mark, encoding in _MARKS if content.startswith(mark)), None)


def _unmarked_utf16(content: bytes) -> str | None:
    """UTF-16 without a mark: nearly every second byte of western text is zero."""
    head = content[:_PROBED]
    half = len(head) // 2
    if not half:
        return None
    even, odd = head[::2].count(0), head[1::2].count(0)
    if odd > 0.7 * half and even < 0.1 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.7 * half and odd < 0.1 * half else None


def _as_latin(content: bytes, source: str) -> tuple[str, tuple[Note, ...]]:
    """What Windows calls ANSI in western Europe; any bytes are text in it, so an example is shown."""
    if b"\0" in content:
        raise TMVError(f"{source} is no text; expected a text file in UTF-8.")
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    example = next(line.strip() for line in split_lines(text) if not line.isascii())[:60]
    how = f"{Path(source).name} is not UTF-8 and was read as Latin-1 ({example!r})"
    note = f"{how}; save it as UTF-8 if that reads wrong."
    return text, (Note(note, "latin_1", "warning"),)
