"""Search for prompts: templates chosen on one part of the pictures, judged once on the other."""

from functools import partial

import streamlit as st

from core.engine import Engine
from core.errors import TMVError
from core.studies.prompts.heldout import PromptSearchResult
from core.tables import say_dataset, say_model
from core.types import DatasetSpec, ModelSpec, TMVError
from pages.prompt_study.search_prompts.search_plan import KEPT, Plan, plan_form, plan_of, said
from pages.prompt_study.search_prompts.verdict import chosen_templates, share_words, show_verdict, turned_pictures
from pages.shared.engine import engine
from pages.shared.guard import careful, in_place
from pages.shared.jobs import watch
from pages.shared.layout import foot, question
from pages.shared.missing import offer
from pages.shared.pickers import choice_row, pick_dataset, pick_model, tell
from pages.shared.prompt_picker import CLASSNAMES, asking
from pages.shared.url_choices import one_of, quietly
from pages.shared.url_state import chosen, keep
from pages.shared.words import plain


def plan_on(engine: Engine, dataset: DatasetSpec, classnames: str) -> Plan | None:
    """The plan of the address, or the sentence about what is wrong with it."""
    try:
        return plan_of(engine, dataset, classnames)
    except TMVError as error:
        tell([str(error)])
        return None


def run(engine: Engine, model: str, dataset: DatasetSpec, split: str | None) -> None:
    """Callback: start the search that the address describes now, unless it has been done."""
    with quietly():
        plan = plan_of(engine, dataset, one_of("classnames", CLASSNAMES, "curated"))
    stored = engine.embeddings(model, dataset.name, split) is not None
    if stored and engine.optimised(model, dataset.name, split, **plan.options) is None:
        engine.submit_optimise(model, dataset.name, split, **plan.options)


def start(engine: Engine, model: str, dataset: DatasetSpec, split: str | None, plan: Plan) -> None:
    """The search that is running, or the one button that starts it."""
    job = engine.latest_optimise(model, dataset.name, split, **plan.options)
    if job is not None:
        watch(engine, [job.key])
        if job.live:
            return
        if job.state == "cancelled":
            st.caption("The search was stopped; nothing was judged. Texts that were encoded stay.")
    st.markdown(
        plain(
            f"{plan.words[0].upper()}{plan.words[1:]}. Templates are chosen on {share_words(1 - plan.heldout)}, and "
            "the choice is judged once on the others, which the search never sees."
        )
    )
    st.button("Search", type="primary", key="search-now", on_click=careful(partial(run, engine, model, dataset, split)))


def show(engine: Engine, result: PromptSearchResult, plan: Plan) -> None:
    """The verdict, the templates, the pictures, the foot."""
    show_verdict(result)
    chosen_templates(result)
    with in_place():
        turned_pictures(engine, result)
    foot(
        [(f"{say_model(result.model)} on {say_dataset(result.dataset)}", result.provenance)],
        {
            "model": [result.model],
            "data": [result.dataset],
            "split": [result.split],
            "classnames": [plan.classnames],
            **{name: chosen(name, 2000) for name in (*KEPT, "turned", "judged")},
        },
    )


def pick(engine: Engine) -> tuple[ModelSpec, DatasetSpec] | None:
    """One model and one data set with labels."""
    left, right = choice_row(2)
    with right:
        dataset = pick_dataset(engine)
    if dataset is None:
        return None
    with left:
        return pick_model(engine, dataset), dataset


def page(engine: Engine) -> None:
    """From the choices to the answer."""
    picked = pick(engine)
    if picked is None:
        return
    model, dataset = picked
    asked = asking([dataset])
    plan, split = plan_on(engine, dataset, asked.classnames), asked.split_of(dataset)
    with st.expander(said(plan) if plan else "What is searched", expanded=plan is None), in_place():
        plan_form(engine, dataset, plan, partial(run, engine, model.name, dataset, split))
    if engine.embeddings(model.name, dataset.name, split) is None:
        offer(engine, [(model, dataset, split)])
        return
    if plan is None:
        return
    result = engine.optimised(model.name, dataset.name, split, **plan.options)
    if result is None:
        start(engine, model.name, dataset, split, plan)
    else:
        show(engine, result, plan)


keep(*KEPT, "turned", "judged")
question("Can a better prompt be found, and is the gain real?")
with in_place():
    page(engine())
