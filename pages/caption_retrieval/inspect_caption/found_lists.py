"""The pictures that came first for a caption, model beside model, and the look-alikes of its own picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from textwrap import shorten

import streamlit as st

from core.engine import Engine
from core.stats.numbers import count
from core.studies.captions.one_caption import OneCaptionResult
from core.studies.pictures.search import Hit, PicturesResult
from core.studies.pictures.study import compare_lists, rank_of, search
from core.tables.pictures import hits_frame, look_alikes_frame
from core.words.names import say_model
from core.words.pictures import AGREEMENT, models_finding
from pages.caption_retrieval.current import CurrentCaption
from pages.shared.contact_sheet import SheetList, contact_sheet
from pages.shared.encode import encode
from pages.shared.grid import Tile, grid
from pages.shared.picture import thumbnail
from pages.shared.result_tiles import cosine, hit_tile
from pages.shared.save import save_rows, save_sheet
from pages.shared.theme import theme
from pages.shared.url_choices import one_of
from pages.shared.widgets import pills
from pages.shared.words import plain

Opened = Callable[[str], None]
OWN, SAME, BOTH = "its own image", "same caption", "in both lists"
TILE, WORDING = 112, 60


def ten_first(engine: Engine, lists: Sequence[PicturesResult], now: CurrentCaption, opened: Opened) -> None:
    """The first pictures of each model, for the caption or a wording beside it; the original stands last where it is
    not among them."""
    st.header("Top results", anchor=False)
    if now.beside:
        lists = _worded(engine, lists, _pick_wording(now), now.text)
    if len(lists) > 1:
        st.markdown(plain(models_finding(compare_lists(engine, lists[0], lists[1]))), help=AGREEMENT)
    drawn, mode = list[list[SheetList]](), theme()
    for start in range(0, len(lists), 2):
        pair = lists[start : start + 2]
        drawn.append([])
        columns = st.columns(2, gap="large") if len(lists) > 1 else [st.container()]
        for place, result in zip(columns[: len(pair)], pair, strict=True):
            with place:
                st.markdown(f"**{plain(say_model(result.model))}**")
                tiles = [_found(engine, result, hit, lists, now) for hit in result.hits]
                tiles += _original(engine, result, now)
                grid(
                    tiles,
                    key=f"first-{result.model}",
                    tile=TILE,
                    opened=opened,
                    label=f"Images that {say_model(result.model)} puts first",
                    of=(result.dataset, result.split),
                )
            drawn[-1].append(
                SheetList(title=say_model(result.model), line=f"of {count(result.n, 'image')}", tiles=tiles)
            )
    title = f"“{lists[0].query.words}”"
    with st.container(horizontal=True):
        save_rows(hits_frame(lists), "came-first", key="first-csv")
        save_sheet(lambda: contact_sheet(title, drawn, mode), "came-first", key="first-png")


def _pick_wording(now: CurrentCaption) -> str:
    """The caption, or one of the wordings beside it: their lists can be told apart by eye, as the deck does."""
    texts = list(dict.fromkeys((now.text, *now.beside)))
    asked = one_of("asked", texts, now.text, "one of the wordings", "the caption is used")
    pills(
        "asked",
        "For the wording",
        texts,
        asked,
        required=True,
        format_func=lambda text: plain(shorten(text, WORDING, placeholder="…")),
        wrap=True,
    )
    return asked


def _worded(engine: Engine, lists: Sequence[PicturesResult], text: str, caption: str) -> Sequence[PicturesResult]:
    """The lists for this wording."""
    if text == caption:
        return lists
    for result in lists:
        encode(engine, result.model, [text])
    return [search(engine, engine.place(r.model, r.dataset, r.split), query=text, k=len(r.hits)) for r in lists]


def _found(
    engine: Engine, result: PicturesResult, hit: Hit, lists: Sequence[PicturesResult], now: CurrentCaption
) -> Tile:
    return hit_tile(engine, result, hit, mark=_marks(hit.id, result, lists, now), right=hit.id == now.picture)


def _marks(picture: str, result: PicturesResult, lists: Sequence[PicturesResult], now: CurrentCaption) -> str:
    """The words under a picture: whose it is, and whether the other models' lists have it too."""
    others = [other for other in lists if other is not result]
    shared = bool(others) and all(any(hit.id == picture for hit in other.hits) for other in others)
    said = [OWN] if picture == now.picture else [SAME] if picture in now.same else []
    return " · ".join([*said, *([BOTH] if shared else [])])


def _original(engine: Engine, result: PicturesResult, now: CurrentCaption) -> list[Tile]:
    """The original with its rank, where it is not among the first."""
    if not now.picture or any(hit.id == now.picture for hit in result.hits):
        return []
    rank, score = rank_of(engine, result, now.picture)
    row = result.ids.index(now.picture)
    return [
        hit_tile(
            engine,
            result,
            Hit(rank=rank, row=row, id=now.picture, score=score, label="", captions=now.written),
            mark=OWN,
            right=True,
        )
    ]


# --- look-alikes ------------------------------------------------------------------------------------------


def look_alikes(
    engine: Engine, found: Sequence[OneCaptionResult], lists: Sequence[PicturesResult], opened: Opened
) -> None:
    """The pictures nearest to the original itself, by the cosine of the two pictures; those that the caption
    puts ahead of the original are marked."""
    st.markdown(
        "The images most similar to the original, regardless of the caption; the score is the cosine of two images."
    )
    by_model = {result.model: result for result in lists}
    places = [{hit.id: rank_of(engine, by_model[one.model], hit.id)[0] for hit in one.lookalikes} for one in found]
    for start in range(0, len(found), 2):
        pair = list(zip(found, places, strict=True))[start : start + 2]
        columns = st.columns(2, gap="large") if len(found) > 1 else [st.container()]
        for place, (one, ranks) in zip(columns[: len(pair)], pair, strict=True):
            with place:
                _look_alikes_of(engine, one, ranks, opened)
    save_rows(look_alikes_frame(found, places), "look-alikes", key="alike-csv")


def _look_alikes_of(engine: Engine, one: OneCaptionResult, places: Mapping[str, int], opened: Opened) -> None:
    ahead = sum(rank < one.caption.rank for rank in places.values())
    with st.container(gap="xxsmall"):
        st.markdown(f"**{plain(say_model(one.model))}**")
        st.caption(f"{ahead} of these {len(places)} rank above the original for this caption.")
    tiles = [_look_alike(engine, one, hit, places[hit.id]) for hit in one.lookalikes]
    name = f"Look-alikes with {say_model(one.model)}"
    grid(tiles, key=f"alike-{one.model}", tile=TILE, opened=opened, label=name, of=(one.dataset, one.split))


def _look_alike(engine: Engine, one: OneCaptionResult, hit: Hit, rank: int) -> Tile:
    return Tile(
        id=hit.id,
        thumbnail=thumbnail(engine, one.dataset, one.split, hit.id),
        alt=f"Look-alike {hit.rank}: {next(iter(hit.captions), hit.id)}",
        caption=next(iter(hit.captions), ""),
        note=f"caption: rank {rank:,}",
        rank=hit.rank,
        score_text=cosine(hit.score),
        mark="above it" if rank < one.caption.rank else "",
    )
