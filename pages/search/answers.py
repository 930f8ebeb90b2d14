"""The pictures that answer: two models side by side, a page at a time, each with its place in the other list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import streamlit as st

from core.engine import Engine
from core.stats.numbers import count
from core.studies.pictures.search import Hit, PicturesResult
from core.studies.pictures.study import compare_lists
from core.words.names import say_model, short_names
from pages.search.query_form import PAGE_KEY
from pages.shared.contact_sheet import SheetList
from pages.shared.grid import grid
from pages.shared.paging import paged
from pages.shared.result_tiles import hit_tile
from pages.shared.words import plain

PAGE, TILE = 20, 112


def first(result: PicturesResult, k: int, start: int = 0) -> PicturesResult:
    """The list cut to k pictures from `start` on; its scores and its vector stay."""
    hits = result.hits[start : start + k]
    return replace(result, hits=hits, k=len(hits))


def lists(engine: Engine, results: Sequence[PicturesResult], opened: Callable[[str], None]) -> list[SheetList]:
    """One page of each list side by side, and the pages; returns what is on the page."""
    place, rows = paged(max(len(r.hits) for r in results), PAGE, PAGE_KEY)
    found, n = len(results[0].hits), results[0].n
    st.caption(count(n, "image") if found == n else f"The first {found:,} of {count(n, 'image')}")
    with place:
        return _page(engine, [first(r, PAGE, rows.start) for r in results], rows.stop, opened)


def _page(
    engine: Engine, parts: Sequence[PicturesResult], shown: int, opened: Callable[[str], None]
) -> list[SheetList]:
    drawn = list[SheetList]()
    there = _there(engine, parts) if len(parts) == 2 else [{}]
    for i, place in enumerate(st.columns(2, gap="large") if len(parts) == 2 else [st.container()]):
        with place:
            st.markdown(f"**{plain(say_model(parts[i].model))}**")
            other = short_names([r.model for r in parts])[1 - i] if len(parts) == 2 else ""
            tiles = [
                hit_tile(
                    engine,
                    parts[i],
                    hit,
                    mark=_mark(hit, there[i].get(hit.id), shown),
                    note=_note(there[i].get(hit.id), other),
                    right=bool(hit.relevant),
                )
                for hit in parts[i].hits
            ]
            grid(
                tiles,
                key=f"answer-{i}",
                tile=TILE,
                opened=opened,
                label=f"Images that {say_model(parts[i].model)} finds",
                of=(parts[i].dataset, parts[i].split),
            )
        drawn.append(SheetList(title=say_model(parts[i].model), line=parts[i].query.words, tiles=tiles))
    return drawn


def _there(engine: Engine, parts: Sequence[PicturesResult]) -> list[dict[str, int | None]]:
    """For each list the rank of its pictures in the whole other list."""
    moved = compare_lists(engine, parts[0], parts[1]).moved
    return [{m.id: m.rank_b for m in moved}, {m.id: m.rank_a for m in moved}]


def _mark(hit: Hit, there: int | None, shown: int) -> str:
    """Right, and in both lists as far as they were shown."""
    both = there is not None and there <= shown
    return " · ".join([*(["correct"] if hit.relevant else []), *(["in both"] if both else [])])


def _note(there: int | None, other: str) -> str:
    return f"{other}: {there:,}" if there is not None and other else ""
