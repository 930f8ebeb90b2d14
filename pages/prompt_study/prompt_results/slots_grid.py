"""Composed prompts as a grid: the last slot runs to the right, the others down, the best pictures in each cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from core.engine import Engine
from core.studies.pictures.search import PicturesResult
from core.studies.prompts.compose import Composed
from core.words.names import say_model
from core.words.pictures import list_line
from pages.prompt_study.prompt_results.picture_lists import ListRow
from pages.shared.grid import Tile, grid
from pages.shared.picture import thumbnail
from pages.shared.result_tiles import cosine
from pages.shared.widgets import widget_key
from pages.shared.words import plain

IN_CELL, MOST_COLUMNS, MOST_CELLS = 4, 6, 48
TILES = {1: 150, 2: 128, 3: 84}
"""The width of a picture by the number of columns; 64 pixels beyond."""
SlotValues = tuple[tuple[str, str], ...]


def fits(cells: Sequence[Composed]) -> bool:
    """Whether the composed prompts make a grid that a screen can hold."""
    return bool(cells) and len(cells) <= MOST_CELLS and len(_columns(cells)) <= MOST_COLUMNS and len(_rows(cells)) > 1


def _columns(cells: Sequence[Composed]) -> list[str]:
    return list(dict.fromkeys(c.values[-1][1] for c in cells))


def _rows(cells: Sequence[Composed]) -> list[SlotValues]:
    return list(dict.fromkeys(c.values[:-1] for c in cells))


def draw_grid(
    engine: Engine, cells: Sequence[Composed], rows: Sequence[ListRow], opened: Callable[[str], None]
) -> None:
    """The grid of one model at a time; the same texts go to every model."""
    models = [r.model for r in rows[0]]
    model = _pick_model(models)
    found = {c.values: row[models.index(model)] for c, row in zip(cells, rows, strict=True)}
    columns = _columns(cells)
    slot = cells[0].values[-1][0]
    for values in _rows(cells):
        st.subheader(plain(_row_title(values)), anchor=False)
        for place, value in zip(st.columns(len(columns)), columns, strict=True):
            with place:
                _cell(engine, found[(*values, (slot, value))], value, TILES.get(len(columns), 64), opened)


def _pick_model(models: Sequence[str]) -> str:
    if len(models) == 1:
        return models[0]
    st.session_state.setdefault(widget_key("grid-model"), models[0])
    if st.session_state[widget_key("grid-model")] not in models:
        st.session_state[widget_key("grid-model")] = models[0]
    st.segmented_control("Images of", list(models), key=widget_key("grid-model"), format_func=say_model, required=True)
    return str(st.session_state[widget_key("grid-model")])


def _row_title(values: SlotValues) -> str:
    return " · ".join(value or f"no {name}" for name, value in values)


def _cell(engine: Engine, result: PicturesResult, value: str, tile: int, opened: Callable[[str], None]) -> None:
    with st.container(gap="xxsmall"):
        st.markdown(f"**{plain(value or 'without')}**", help=plain(result.query.words))
        st.caption(plain(list_line(result)))
    grid(
        [_tile(engine, result, i) for i in range(min(IN_CELL, len(result.hits)))],
        key=f"cell-{result.model}-{result.query.words}",
        tile=tile,
        label=f"{say_model(result.model)}: {result.query.words}",
        opened=opened,
        of=(result.dataset, result.split),
    )


def _tile(engine: Engine, result: PicturesResult, place: int) -> Tile:
    hit = result.hits[place]
    said = hit.label or (hit.captions[0] if hit.captions else hit.id)
    return Tile(
        id=hit.id,
        thumbnail=thumbnail(engine, result.dataset, result.split, hit.id),
        alt=f"Rank {hit.rank}: {said}",
        label=hit.label,
        rank=hit.rank,
        score_text=cosine(hit.score),
        right=bool(hit.relevant),
        mark="correct" if hit.relevant else "",
    )
