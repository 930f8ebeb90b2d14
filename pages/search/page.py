"""Ask: a text, a picture or both over any embedded set, two models side by side."""

from collections.abc import Sequence

import streamlit as st

from core.charts.pictures import moved_chart, spread_chart
from core.engine import Engine
from core.errors import EncoderWarming
from core.studies.pictures.search import PicturesResult
from core.studies.pictures.study import compare_lists
from core.studies.pictures.study import search as search_pictures
from core.tables.pictures import hits_frame, moved_frame, spread_frame
from core.types import DatasetSpec, ModelSpec, Place
from core.words.names import say_dataset, say_model, short_names
from core.words.pictures import AGREEMENT, first_right, models_finding
from pages.search.answers import first, lists
from pages.search.asked_picture import asked_dialog
from pages.search.at_size import EVERY, at_size, comparing, every_chosen
from pages.search.query_form import KEPT, PAGE_KEY, QueryForm, get_query, more, query_picture, write
from pages.search.saved import CHOICES, saved_collections
from pages.shared.captions_used import captions_used, pick_split
from pages.shared.chart import draw
from pages.shared.contact_sheet import SheetList, contact_sheet
from pages.shared.encode import encode
from pages.shared.engine import engine
from pages.shared.guard import errors_in_place
from pages.shared.layout import conclusion, page_title, provenance_footer, sources
from pages.shared.missing import Pair, embedded, offer
from pages.shared.paging import page_choice
from pages.shared.pickers import choice_row, pick_dataset, pick_models
from pages.shared.save import save_rows, save_sheet
from pages.shared.several import answered
from pages.shared.stored import ANY_KIND, any_embeddings
from pages.shared.theme import chart_look, on_stage, theme
from pages.shared.url_choices import A_PICTURE, NONE_OPENED, one_of
from pages.shared.url_state import bind, get_choice, set_choice
from pages.shared.warming import warming
from pages.shared.words import plain

MOST_MODELS, DEEP, TEN = 2, 500, 10


def page(engine: Engine) -> None:
    """From the choices to the answer."""
    line = st.container()
    left, middle, right = choice_row([4, 3, 2])
    with middle:
        dataset = pick_dataset(engine, ANY_KIND)
    if dataset is None:
        return
    with left:
        models = pick_models(engine, [dataset], most=MOST_MODELS)
    with right:
        split = captions_used(engine, dataset).split
        pick_split(engine, dataset, split)
    now = get_query(any_embeddings(engine, models, dataset, split))
    with line, errors_in_place():
        write(engine, now)
    more(engine, dataset, now)
    with errors_in_place():
        exact = every_chosen()
        results, missing, waiting = search(engine, models, dataset, split, now, exact)
        offer(engine, missing)
        if waiting is not None:
            warming(waiting)
        if results:
            show_results(engine, results, exact)
            footer(results, split, now)


def search(
    engine: Engine,
    models: Sequence[ModelSpec],
    dataset: DatasetSpec,
    split: str | None,
    now: QueryForm,
    exact: bool = False,
) -> tuple[list[PicturesResult], list[Pair], EncoderWarming | None]:
    """The list of each model that can answer, the pairs that are not embedded, and the encoder that starts."""
    picture = query_picture(engine, now)

    def find(place: Place) -> PicturesResult:
        encode(engine, place.model.name, now.query.texts)
        like = now.like or None
        with comparing(place, exact) as progress:
            return search_pictures(
                engine, place, query=now.query, image=picture, like=like, k=DEEP, exact=exact, progress=progress
            )

    here, missing = embedded(engine, models, dataset, split)
    results, waiting = answered(here, find)
    return results, missing, waiting


# --- the answer -------------------------------------------------------------------------------------------


def show_results(engine: Engine, results: Sequence[PicturesResult], exact: bool) -> None:
    """The finding, the lists with their pages, what moved, one picture."""
    tens = [first(r, TEN) for r in results]
    pair = compare_lists(engine, tens[0], tens[1]) if len(tens) == 2 else None
    said = models_finding(pair) if pair else first_right(results[0], TEN)
    if on_stage() and (words := results[0].query.words):  # the field that says it is no part of a slide
        st.header(plain(f"“{words}”"), anchor=False)
    conclusion(plain(said), results, explained=AGREEMENT if pair else "")
    if not on_stage():
        at_size(engine, results, exact)
    for result in results if pair else ():
        if result.precision:
            st.markdown(plain(f"{say_model(result.model)}: {first_right(result, TEN)}"))
    drawn, mode = list[SheetList](), theme()
    with errors_in_place():
        drawn = lists(engine, results, open_picture)
    with st.container(horizontal=True):
        save_rows(hits_frame(results), "found", key="found-csv", label=f"CSV, the first {len(results[0].hits):,}")
        if drawn:
            title = f"Images of {say_dataset(results[0].dataset)}"
            save_sheet(lambda: contact_sheet(title, [drawn], mode), "found", key="found-png")
    with errors_in_place():
        left, right = st.columns(2, gap="large")
        with left:
            draw(spread_chart(spread_frame(tens), **chart_look()), key="chart-spread")
        if pair:
            with right:
                a, b = short_names([pair.a, pair.b])
                chart = moved_chart(moved_frame(pair), a=a, b=b, **chart_look())
                draw(chart, key="chart-moved", picked=lambda mark: open_picture(str(mark[0])))
    if opened := one_of("open", results[0].ids, "", A_PICTURE, NONE_OPENED):
        asked_dialog(engine, results, opened, "open")


def open_picture(picture: str) -> None:
    """Callback: look at one picture."""
    set_choice("open", picture)


def footer(results: Sequence[PicturesResult], split: str | None, now: QueryForm) -> None:
    """Where the numbers come from, and the link that shows a colleague the same."""
    provenance_footer(
        sources(results),
        {
            "model": [r.model for r in results],
            "data": [results[0].dataset],
            "split": [split] if split else [],
            **now.choices,
            **page_choice(PAGE_KEY),
            "open": get_choice("open"),
            EVERY: get_choice(EVERY),
            **{name: get_choice(name) for name in CHOICES},
        },
    )


bind(*KEPT, "open", EVERY, *CHOICES)
page_title("Which images match your words?")
with errors_in_place():
    page(engine())
if not on_stage():
    with errors_in_place():
        saved_collections(engine())
