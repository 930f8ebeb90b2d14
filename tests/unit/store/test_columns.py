"""A column in Arrow's memory reads like the tuple of its texts."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.store.columns import TextColumn

TEXTS = st.lists(st.text(max_size=4), max_size=30).map(tuple)


def column(texts: tuple[str, ...], pieces: int = 2) -> TextColumn:
    """The texts in a chunked array, as a Parquet file gives them; as bytes where they are no valid Unicode."""
    kind: Any = pa.large_string()
    values: list[Any] = list(texts)
    if any("\ud800" <= letter <= "\udfff" for text in texts for letter in text):
        kind, values = pa.large_binary(), [text.encode("utf-8", "surrogatepass") for text in texts]
    cut = len(values) // pieces
    return TextColumn(pa.chunked_array([pa.array(values[:cut], kind), pa.array(values[cut:], kind)]))


@given(TEXTS, st.integers(-40, 40), st.integers(-40, 40), st.sampled_from([1, 2, -1, -3]))
def test_it_reads_like_the_tuple(texts: tuple[str, ...], start: int, stop: int, step: int) -> None:
    read = column(texts)
    assert len(read) == len(texts) and tuple(read) == texts and list(reversed(read)) == list(reversed(texts))
    assert read[start:stop:step] == texts[start:stop:step]
    if -len(texts) <= start < len(texts):
        assert read[start] == texts[start]
    else:
        with pytest.raises(IndexError):
            read[start]
    assert read == texts and texts == read and read == column(texts, 3) and hash(read) == hash(texts)
    assert read != (*texts, "more") and read != list(texts)


@given(TEXTS, st.text(max_size=2))
def test_it_finds_what_the_tuple_finds(texts: tuple[str, ...], text: str) -> None:
    read = column(texts)
    for wanted in (text, *texts):
        assert (wanted in read) == (wanted in texts) and read.count(wanted) == texts.count(wanted)
        if wanted in texts:
            assert read.index(wanted) == texts.index(wanted)
        else:
            with pytest.raises(ValueError, match="not in"):
                read.index(wanted)
    assert 3 not in read  # type: ignore[comparison-overlap]


def test_names_that_are_no_valid_unicode() -> None:
    texts = ("a", "b\udcff", "c")
    read = column(texts)
    assert tuple(read) == texts and read.index("b\udcff") == 1 and "b" not in read and read != ("a", "b", "c")
    assert "\udcff" not in column(("a", "b"))
