"""Lists of pictures side by side: one row a query, one column a model, and what is new in each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from core.engine import Engine
from core.stats.numbers import count
from core.studies.pictures.lists import ListComparison
from core.studies.pictures.search import Hit, PicturesResult
from core.studies.pictures.study import compare_lists
from core.words.names import say_dataset, say_model
from core.words.pictures import list_facts
from pages.prompt_study.questions import BEFORE, FIRST, MODELS
from pages.shared.contact_sheet import SheetList, contact_sheet
from pages.shared.grid import Tile, grid
from pages.shared.paging import paged
from pages.shared.result_tiles import hit_tile
from pages.shared.theme import Theme
from pages.shared.words import plain

ListRow = tuple[PicturesResult, ...]
"""One query's lists, one for each model."""
PAGE, MOST_TILES = 8, 160
"""At most so many queries, and about so many pictures, are drawn at once; beyond that there are pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Every list and what it is compared with: `against[q][m]` is a comparison from the other list to this one,
    or None."""

    rows: tuple[ListRow, ...]
    against: tuple[tuple[ListComparison | None, ...], ...]
    how: str

    @property
    def lists(self) -> tuple[PicturesResult, ...]:
        """All lists, query by query."""
        return tuple(r for row in self.rows for r in row)


def compare(engine: Engine, rows: Sequence[ListRow], how: str) -> Compared:
    """Compare each list with the other model's, the first query's, or that of the query before."""
    found = []
    for q, row in enumerate(rows):
        others = [_other(rows, q, m, how) for m in range(len(row))]
        found.append(
            tuple(None if o is None else compare_lists(engine, o, r) for o, r in zip(others, row, strict=True))
        )
    return Compared(rows=tuple(rows), against=tuple(found), how=how)


def _other(rows: Sequence[ListRow], q: int, m: int, how: str) -> PicturesResult | None:
    if how == MODELS and len(rows[q]) > 1:
        return rows[q][1 if m == 0 else 0]
    if how == FIRST and q:
        return rows[0][m]
    return rows[q - 1][m] if how == BEFORE and q else None


# --- drawing ----------------------------------------------------------------------------------------------


def draw_lists(engine: Engine, compared: Compared, opened: Callable[[str], None]) -> None:
    """Every list as a grid, a page of queries at a time."""
    each = max(1, min(PAGE, MOST_TILES // max(1, sum(len(r.hits) for r in compared.rows[0]))))
    place, on_page = paged(len(compared.rows), each, "lists-page")
    with place:
        for q in range(on_page.start, on_page.stop):
            _row(engine, compared, q, opened)
    if len(compared.rows) > each:
        st.caption(f"{count(len(compared.rows), 'prompt')}, {each} per page.")


def _row(engine: Engine, compared: Compared, q: int, opened: Callable[[str], None]) -> None:
    row = compared.rows[q]
    st.header(plain(f"“{row[0].query.words}”"), anchor=False)
    for m, place in enumerate(st.columns(len(row), gap="large")):
        with place:
            result, comparison = compared.rows[q][m], compared.against[q][m]
            with st.container(gap="xxsmall"):
                st.markdown(f"**{plain(say_model(result.model))}**")
                st.caption(plain(" · ".join(list_facts(result, comparison, models=compared.how == MODELS))))
            grid(
                [_tile(engine, result, hit, comparison, compared.how) for hit in result.hits],
                key=f"list-{q}-{m}",
                tile=104 if len(compared.rows[q]) > 1 else 112,
                label=f"{say_model(result.model)}: {result.query.words}",
                opened=opened,
                of=(result.dataset, result.split),
            )


def as_sheet(engine: Engine, compared: Compared, mode: Theme) -> bytes:
    """All lists as one PNG."""
    rows = [
        [
            SheetList(
                title=f"{say_model(r.model)}: “{r.query.words}”",
                line=" · ".join(list_facts(r, c, models=compared.how == MODELS)),
                tiles=[_tile(engine, r, hit, c, compared.how) for hit in r.hits],
            )
            for r, c in zip(row, comparisons, strict=True)
        ]
        for row, comparisons in zip(compared.rows, compared.against, strict=True)
    ]
    first = compared.rows[0][0]
    return contact_sheet(f"Images of {say_dataset(first.dataset)}", rows, mode)


def _tile(engine: Engine, result: PicturesResult, hit: Hit, comparison: ListComparison | None, how: str) -> Tile:
    mark, note = _moved(hit, comparison, how)
    return hit_tile(
        engine,
        result,
        hit,
        mark=" · ".join(filter(None, ("correct" if hit.relevant else "", mark))),
        note=note,
        right=bool(hit.relevant),
        named=True,
    )


def _moved(hit: Hit, comparison: ListComparison | None, how: str) -> tuple[str, str]:
    """(word, note) on whether a picture is in the list compared with, and its rank there."""
    if comparison is None:
        return "", ""
    there = next(m for m in comparison.moved if m.id == hit.id)
    words = ("in both", "this model only") if how == MODELS else ("kept", "new")
    if there.rank_a is None:
        return words[not there.in_a], "not in the other" if how == MODELS else "not found before"
    return words[
        not there.in_a
    ], f"rank {there.rank_a:,} in the other" if how == MODELS else f"was rank {there.rank_a:,}"
