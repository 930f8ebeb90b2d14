"""Computing embeddings: several models on several data sets, what that needs, and the queue of what is under way."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.engine import Engine
from core.stats.numbers import count
from core.tables.jobs import PLAN, plan_frame
from core.types import DatasetSpec, ModelSpec, PlannedPair
from core.words.jobs import plan_said
from core.words.names import say_dataset
from core.work.batch import begin, plan
from pages.data_and_models.line import show_queue
from pages.shared.columns import page_columns
from pages.shared.guard import public, safe_callback
from pages.shared.layout import table_height
from pages.shared.model_list import model_options
from pages.shared.own_data import page_dataset, page_model
from pages.shared.pickers import MODEL_HELP, choice_row, look_up, note_problems, offered_datasets, titles
from pages.shared.url_choices import one_of
from pages.shared.url_state import get_choice, set_choice
from pages.shared.widgets import multiselect, select

FILLED = "embed-form-filled"
MOST_PAIRS = 500


def prefill(engine: Engine) -> None:
    """Fill the form, once a session and before it is drawn, with what was stopped or failed last: whoever comes back
    should not have to type it again."""
    if FILLED in st.session_state:
        return
    st.session_state[FILLED] = True
    if any(name in st.query_params or get_choice(name) for name in ("embed_model", "embed_data")):
        return
    broken = [j for j in engine.jobs.list() if j.kind == "embed" and j.state in ("failed", "cancelled")]
    broken = [j for j in broken if broken[0].created - j.created < 60]
    if broken:
        set_choice("embed_model", [str(j.params["model"]) for j in reversed(broken)])
        set_choice("embed_data", [str(j.params["dataset"]) for j in reversed(broken)])


def show(engine: Engine) -> None:
    """The form, what it comes to, the button, and the queue."""
    st.header("Compute embeddings", anchor=False)
    models, datasets, split = _form(engine)
    if models and datasets:
        _offer(engine, models, datasets, split)
    else:
        st.caption("Choose models and data sets: every pair of them is computed once and kept.")
    show_queue(engine)


def _form(engine: Engine) -> tuple[Sequence[ModelSpec], Sequence[DatasetSpec], str]:
    models, strange = look_up(get_choice("embed_model"), lambda name: page_model(engine, name))
    datasets, unknown = look_up(get_choice("embed_data"), lambda name: page_dataset(engine, name))
    first, second, third = choice_row([4, 4, 2])
    with first:
        multiselect(
            "embed_model",
            "Models",
            model_options(engine, (), models),
            [m.name for m in models],
            accept_new_options=True,
            select_all=False,  # of all that the browser finds, not only of what the words fit
            placeholder="Choose or type names",
            help=MODEL_HELP,
        )
        note_problems(strange)
    with second:
        own = look_up(engine.data.own(), lambda name: page_dataset(engine, name))[0]
        sets = titles(engine, (*offered_datasets(engine), *own)) | {d.name: say_dataset(d.name) for d in datasets}
        multiselect(
            "embed_data",
            "Data sets",
            sets,
            [d.name for d in datasets],
            accept_new_options=True,
            placeholder="Choose or type names",
            help="Own data in the data folder can be typed too, as folder:, captions: or wds: and its path there, and "
            "wds:s3://BUCKET/PREFIX where the host allows it.",
        )
        note_problems(unknown)
    with third:
        splits = list(dict.fromkeys(s for d in datasets for s in engine.data.splits(d.name)))
        split = one_of("embed_split", ["", *splits], "", instead="the default split of each data set is used instead")
        select("embed_split", "Split", {"": "Default of each", **{s: s for s in splits}}, split)
    return models, datasets, split


def _offer(engine: Engine, models: Sequence[ModelSpec], datasets: Sequence[DatasetSpec], split: str) -> None:
    """What the chosen pairs need, in a sentence and as a table, and the button that starts the rest."""
    if len(models) * len(datasets) > MOST_PAIRS:
        st.info(
            f"{count(len(models) * len(datasets), 'pair', 'pairs are')} more than {MOST_PAIRS}; choose fewer.",
            icon=":material/info:",
        )
        return
    pairs = plan(engine, models, datasets, split or None)
    todo = [pair for pair in pairs if pair.standing == "compute"]
    standing = {name: sum(p.standing == name for p in pairs) for name in ("stored", "running", "impossible")}
    images = sum(pair.images or 0 for pair in todo)
    words, button = st.columns([8, 2], vertical_alignment="center")
    words.markdown(plan_said(len(pairs), len(todo), images, **standing))
    button.button(
        f"Compute {count(len(todo), 'pair')}" if todo else "Nothing to compute",
        key="embed",
        type="primary",
        width="stretch",
        on_click=safe_callback(_begin),
        args=(engine, tuple(todo)),
        disabled=not todo,
    )
    note_problems([public(why) for why in dict.fromkeys(p.why for p in pairs if p.why)])
    with st.expander("Each pair"):
        frame = plan_frame(pairs)
        frame["why"] = frame["why"].map(public)
        st.dataframe(
            frame[list(PLAN)],
            column_config=page_columns(PLAN),
            hide_index=True,
            height=table_height(len(frame), 6),
            placeholder="",
            alt="Each pair of model and data set and what is done with it",
        )


def _begin(engine: Engine, pairs: Sequence[PlannedPair]) -> None:
    begin(engine, pairs)


def choose_for_form(models: Sequence[str] = (), datasets: Sequence[str] = ()) -> None:
    """Callback: open the form with these models or data sets, and whatever is in it of the other."""
    if models:
        set_choice("embed_model", models)
    if datasets:
        set_choice("embed_data", datasets)
    set_choice("part", "embed")


def compute_button(key: str, *, models: Sequence[str] = (), datasets: Sequence[str] = ()) -> None:
    """The way from the marked rows of a table to the form."""
    chosen = len(models) or len(datasets)
    st.button(
        f"Compute embeddings ({chosen})" if chosen else "Compute embeddings",
        key=key,
        icon=":material/calculate:",
        on_click=choose_for_form,
        args=(tuple(models), tuple(datasets)),
        disabled=not chosen,
        help="Opens the form with the marked rows in it.",
    )
