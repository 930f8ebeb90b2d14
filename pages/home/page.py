"""Home: what two models see in a text, a number that may be wrong, the three questions, and the way to one's own."""

from collections.abc import Sequence

import streamlit as st

from core.engine import Engine
from core.types import Place
from core.words.names import say_dataset
from pages.home.demo_note import demo_note
from pages.home.next_steps import next_steps
from pages.home.own_number import own_number
from pages.home.questions import questions
from pages.home.wall import wall, wall_places, what_is_shown
from pages.shared import first_run
from pages.shared.engine import engine
from pages.shared.guard import errors_in_place
from pages.shared.layout import page_title
from pages.shared.own_data import page_dataset, page_model
from pages.shared.pickers import here, look_up, not_available, note_problems
from pages.shared.stored import ANY_KIND, default_datasets, default_models, stored_pairs
from pages.shared.theme import on_stage
from pages.shared.url_state import bind, get_choice
from pages.shared.words import plain

LEAD = (
    "**Text Meets Vision** measures how well any CLIP model labels and retrieves any set of images. Every number comes "
    "with its interval, its protocol and the published figure beside it, and a wrong number is caught."
)


def page(engine: Engine) -> None:
    """The wall with a box beside it, the three questions, the next steps; on a slide the wall alone."""
    if on_stage():
        show_wall(engine)
        return
    left, right = st.columns([3, 1], gap="large")
    with left, errors_in_place():
        show_wall(engine)
    with right, st.container(border=True), errors_in_place():
        own_number(engine)
    with errors_in_place():
        questions(engine)
    next_steps(engine)
    # Last, so that nothing moves when it ends.
    if stored_pairs(engine).pairs:
        first_run.show(engine)


def show_wall(engine: Engine) -> None:
    """What two models see; the first data set and models that are here, or those of the address."""
    named, unknown = look_up(get_choice("data"), lambda name: here(engine, page_dataset(engine, name)))
    asked, strange = look_up(get_choice("model"), lambda name: page_model(engine, name))
    for problems, found, what in ((unknown, named, "data set"), (strange, asked, "model")):
        if problems and not found:
            not_available(problems, what)
    note_problems([*unknown, *strange])
    dataset = next((d for d in (*(n.name for n in named), *default_datasets(engine, ANY_KIND, 1))), "")
    models = dict.fromkeys((*(m.name for m in asked), *default_models(engine, (dataset,), 2)))
    places = wall_places(engine, list(models), dataset) if dataset else []
    if not places:
        what = f"{plain(say_dataset(dataset))} is not embedded yet" if named else "Nothing is embedded yet"
        st.info(f"{what}. Prepare the demo, or add your own images below.", icon=":material/info:")
        first_run.show(engine)
        return
    note = demo_note(stored_pairs(engine))
    images = engine.vectors.require(places[0])
    warm(engine, places)
    st.markdown(f"{plain(what_is_shown(places, len(images)))} {note}")
    wall(engine, places)


def warm(engine: Engine, places: Sequence[Place]) -> None:
    """The encoders start while the reader reads, once a session: the first text that is typed should not wait."""
    for place in places:
        if f"warmed-{place.model.name}" not in st.session_state:
            st.session_state[f"warmed-{place.model.name}"] = True
            if engine.vectors.computable(place.model).state == "ready":
                engine.encoding.warm(place.model.name)


bind("look")
page_title("What do CLIP models see in your words?", LEAD)
with errors_in_place():
    page(engine())
