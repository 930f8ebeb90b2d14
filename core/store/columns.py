"""A column of texts that stays in Arrow's memory: a tenth of what as many Python strings take, and there at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

COLUMN_FROM = 200_000
"""Rows from which on texts are no longer made into a tuple."""
_BATCH = 8192


class TextColumn(Sequence[str]):
    """Texts (n,) read like a tuple: by position, by slice (which gives a tuple), in order; equal to a tuple or column
    of the same texts. `array` is an Arrow array of strings, or of bytes for names that are no valid Unicode."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def __len__(self) -> int:
        return len(self._array)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...

    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step == 1:
                return tuple(map(_text, self._array[start : max(start, stop)].to_pylist()))
            return tuple(self[i] for i in range(start, stop, step))
        position = int(index) + (len(self) if index < 0 else 0)
        if not 0 <= position < len(self):
            raise IndexError("row out of range")
        return _text(self._array[position].as_py())

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), _BATCH):
            yield from self[start : start + _BATCH]

    def __contains__(self, text: object) -> bool:
        return isinstance(text, str) and self._find(text) >= 0

    def index(self, text: str, start: int = 0, stop: int | None = None) -> int:
        """As of a tuple."""
        if start or stop is not None:
            return self[:][start:stop].index(text) + start
        if (found := self._find(text)) < 0:
            raise ValueError(f"{text!r} is not in the column")
        return found

    def _find(self, text: str) -> int:
        import pyarrow as pa
        import pyarrow.compute as pc

        kind = self._array.type
        value = text.encode("utf-8", "surrogatepass") if pa.types.is_large_binary(kind) else text
        try:
            return int(pc.index(self._array, pa.scalar(value, kind)).as_py())
        except UnicodeEncodeError:
            return -1  # no text of a column of strings

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TextColumn) and other._array.type == self._array.type:
            return bool(self._array.equals(other._array))
        if not isinstance(other, TextColumn | tuple):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash(self[:])

    def __repr__(self) -> str:
        return f"TextColumn({len(self):,} texts)"


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "surrogatepass")
