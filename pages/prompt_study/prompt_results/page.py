"""Pictures: what one to many prompts find, for several models side by side."""

from collections.abc import Sequence

import streamlit as st

from core.engine import Engine
from core.errors import EncoderWarming, TMVError
from core.stats.numbers import interval_text, verb
from core.studies.pictures.search import PicturesResult
from core.studies.pictures.study import search as search_pictures
from core.types import DatasetSpec, EmbeddingSet, ModelSpec, Place
from core.words.names import say_model
from core.words.pictures import AGREEMENT
from pages.prompt_study.prompt_results.picture_lists import Compared, ListRow, compare, draw_lists
from pages.prompt_study.prompt_results.question_form import Showing, pick_preset, pick_showing, pick_way, showing, write
from pages.prompt_study.prompt_results.result_tables import closer, finding_of, found_dialog, save_pictures, tables
from pages.prompt_study.prompt_results.slots_grid import draw_grid, fits
from pages.prompt_study.questions import MODELS, Question, question_of
from pages.shared.encode import encode
from pages.shared.engine import engine
from pages.shared.guard import errors_in_place
from pages.shared.layout import conclusion, exact_help, page_title, provenance_footer, sources
from pages.shared.missing import Pair, embedded, offer
from pages.shared.pickers import choice_row, note_problems, pick_dataset, pick_models
from pages.shared.prompt_picker import get_prompt_choice
from pages.shared.several import answered
from pages.shared.stored import ANY_KIND, any_embeddings
from pages.shared.url_choices import A_PICTURE, NONE_OPENED, one_of
from pages.shared.url_state import bind, get_choice, set_choice
from pages.shared.warming import warming
from pages.shared.words import plain

MOST_HEADLINES, MOST_MODELS, OPENS = 4, 4, 2
KEPT = ("way", "prompt", "order", "pattern", "slot", "noun", "adjective", "around", "term", "k", "right", "against")


def asked(engine: Engine, dataset: DatasetSpec, images: EmbeddingSet | None) -> Question | None:
    """What the address asks; says what is wrong with it."""
    try:
        return question_of(engine, dataset, images)
    except TMVError as error:
        note_problems([str(error)])
        return None


def search(
    engine: Engine, models: Sequence[ModelSpec], dataset: DatasetSpec, split: str | None, asked: Question, show: Showing
) -> tuple[tuple[ListRow, ...], list[Pair], EncoderWarming | None]:
    """The lists of every model that can answer all questions, what is not embedded, the encoder that starts."""

    def find(place: Place) -> list[PicturesResult]:
        encode(engine, place.model.name, asked.texts)
        return [search_pictures(engine, place, query=q, k=show.k, classes=show.right) for q in asked.queries]

    here, missing = embedded(engine, models, dataset, split)
    columns, waiting = answered(here, find)
    return tuple(zip(*columns, strict=True)), missing, waiting


def list_headlines(compared: Compared) -> None:
    """The first lists in large figures: precision where there are labels, else what two lists share."""
    precise = [r for r in compared.lists if r.precision is not None]
    if precise:
        shown = precise[:MOST_HEADLINES]
        for place, result in zip(st.columns(max(2, len(shown)))[: len(shown)], shown, strict=True):
            with place, st.container(gap="xxsmall"):
                _precision(result)
        return
    several = compared.how != MODELS
    if several:
        pairs = [
            (r, c)
            for row, cs in zip(compared.rows, compared.against, strict=True)
            for r, c in zip(row, cs, strict=True)
            if c is not None
        ]
    else:
        pairs = [
            (row[0], cs[1]) for row, cs in zip(compared.rows, compared.against, strict=True) if len(cs) > 1 and cs[1]
        ]
    pairs = pairs[:MOST_HEADLINES]
    for place, (result, pair) in zip(st.columns(max(2, len(pairs)))[: len(pairs)], pairs, strict=True):
        label = f"{say_model(result.model)}: “{result.query.words}”" if several else f"“{result.query.words}”"
        with place, st.container(gap="xxsmall"):
            st.metric(plain(label), f"{len(pair.kept)} of {pair.k}")
            shared = f"kept of “{pair.a}”" if several else "in both lists"
            st.caption(plain(f"{shared} · agreement of the two rankings {pair.rbo:.2f} (0 to 1)"), help=AGREEMENT)


def _precision(result: PicturesResult) -> None:
    """So few images are counted, not given in percent."""
    p = result.precision
    assert p is not None
    st.metric(
        plain(f"{say_model(result.model)}: “{result.query.words}”"), f"{p.hits} of {p.k}", help=exact_help(result.model)
    )
    names = " or ".join(p.classnames)
    st.caption(
        plain(f"{verb(p.hits)} {names} · 95 %: {interval_text(p.ci95)} · {p.base_rate * p.k:.1f} expected by chance")
    )


def show_results(engine: Engine, rows: tuple[ListRow, ...], asked: Question, how: Showing) -> None:
    """Figures, finding, the pictures, what moved, the tables, one picture."""
    alone = how.against == MODELS and len(rows[0]) == 1
    compared = compare(engine, rows, asked.against if alone else how.against)
    list_headlines(compared)
    conclusion(plain(finding_of(compared)), compared.lists)
    with errors_in_place():
        if fits(asked.cells):
            draw_grid(engine, asked.cells, rows, open_picture)
        else:
            draw_lists(engine, compared, open_picture)
    save_pictures(engine, compared)
    with errors_in_place():
        closer(compared)
    tables(compared)
    if picture := one_of("hit", rows[0][0].ids, "", A_PICTURE, NONE_OPENED):
        found_dialog(engine, compared.lists, picture, "hit")


def open_picture(picture: str) -> None:
    """Callback: look at one picture."""
    set_choice("hit", picture)


def footer(models: Sequence[ModelSpec], dataset: DatasetSpec, rows: tuple[ListRow, ...]) -> None:
    """Where the numbers come from, and the link."""
    provenance_footer(
        sources(rows[0]),
        {
            "model": [m.name for m in models],
            "data": [dataset.name],
            **{name: get_choice(name, 2000) for name in (*KEPT, "closer", "hit")},
        },
    )


def page(engine: Engine) -> None:
    """From the choices to the answer."""
    presets = st.container()
    places = choice_row([4, 3, 5, 2])
    with places[1]:
        dataset = pick_dataset(engine, ANY_KIND)
    if dataset is None:
        return
    with places[0]:
        models = pick_models(engine, [dataset], most=MOST_MODELS, opens=OPENS)
    with places[2]:
        way = pick_way(dataset)
    split = get_prompt_choice([dataset]).split_of(dataset)
    images = any_embeddings(engine, models, dataset, split)
    asking_now = asked(engine, dataset, images)
    with errors_in_place():
        write(engine, way, asking_now)
    with presets:
        pick_preset(engine, dataset, asking_now)
    if asking_now is None:
        return
    how = showing(asking_now, images, len(models))
    with places[3]:
        pick_showing(how, asking_now, images, len(models))
    rows, missing, waiting = search(engine, models, dataset, split, asking_now, how)
    offer(engine, missing)
    if waiting is not None:
        warming(waiting)
    if rows:
        show_results(engine, rows, asking_now, how)
        footer(models, dataset, rows)


bind(*KEPT, "closer", "hit")
page_title("Which images does each prompt bring up?")
with errors_in_place():
    page(engine())
