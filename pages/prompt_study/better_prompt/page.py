"""Search for prompts: templates chosen on one part of the pictures, judged once on the other."""

import contextlib
from functools import partial

import streamlit as st

from core.engine import Engine
from core.errors import EncoderWarming, TMVError
from core.stats.numbers import count, upper_first
from core.studies.prompts.heldout import PromptSearchResult
from core.studies.prompts.plan import SearchPlan
from core.studies.prompts.study import PromptSearch
from core.studies.zero_shot.study import ZeroShot
from core.types import DatasetSpec, ModelSpec
from core.words.accuracy import protocol_line
from core.words.names import say_dataset, say_model
from pages.prompt_study.better_prompt.search_plan import KEPT, plan_form, plan_sentence, plan_words, search_plan
from pages.prompt_study.better_prompt.verdict import chosen_templates, share_words, show_verdict, turned_pictures
from pages.shared.choice_rows import pick_on_dataset
from pages.shared.engine import engine
from pages.shared.guard import errors_in_place, safe_callback
from pages.shared.jobs import watch
from pages.shared.layout import Headline, headlines, page_title, provenance_footer, sources
from pages.shared.missing import offer
from pages.shared.pickers import note_problems, pick_model
from pages.shared.prompt_picker import CLASSNAMES, get_prompt_choice
from pages.shared.theme import on_stage
from pages.shared.url_choices import one_of, quietly
from pages.shared.url_state import bind, get_choice
from pages.shared.words import plain


def plan_on(engine: Engine, dataset: DatasetSpec, classnames: str) -> SearchPlan | None:
    """The plan of the address, or the sentence about what is wrong with it."""
    try:
        return search_plan(engine, dataset, classnames)
    except TMVError as error:
        note_problems([str(error)])
        return None


def run(engine: Engine, model: str, dataset: DatasetSpec, split: str | None) -> None:
    """Callback: start the search that the address describes now, unless it has been done."""
    with quietly():
        plan = search_plan(engine, dataset, one_of("classnames", CLASSNAMES, "curated"))
    stored = engine.embeddings(model, dataset.name, split) is not None
    if stored and engine.kept(PromptSearch.at(engine, model, dataset.name, split, **plan.options)) is None:
        engine.submit(PromptSearch.at(engine, model, dataset.name, split, **plan.options))


def start(engine: Engine, model: str, dataset: DatasetSpec, split: str | None, plan: SearchPlan) -> None:
    """The search that is running, or the one button that starts it."""
    job = engine.job(PromptSearch.at(engine, model, dataset.name, split, **plan.options))
    if job is not None:
        watch(engine, [job.key])
        if job.live:
            return
        if job.state == "cancelled":
            st.caption("The search was stopped before its result. Texts encoded so far are kept.")
    if on_stage():
        st.info(
            plain(
                f"No search for a prompt of {say_model(model)} on {say_dataset(dataset.name)} has been run with these "
                "settings. Exit the presentation and press Search on this page; the slide then shows what it found."
            ),
            icon=":material/info:",
        )
        return
    with errors_in_place():
        before_search(engine, model, dataset, split, plan)
    st.markdown(
        plain(
            f"{upper_first(plan_words(plan))}. Templates are chosen on {share_words(1 - plan.heldout)}, and "
            "the choice is judged once on the rest, which the search never sees."
        )
    )
    st.button(
        "Search", type="primary", key="search-now", on_click=safe_callback(partial(run, engine, model, dataset, split))
    )


def before_search(engine: Engine, model: str, dataset: DatasetSpec, split: str | None, plan: SearchPlan) -> None:
    """What is known before a search: how good the baseline is, and which templates are searched."""
    how = {"templates": plan.baseline, "classnames": plan.classnames}
    with contextlib.suppress(EncoderWarming):  # the search starts an encoder of its own
        base = engine.run(ZeroShot.at(engine, model, dataset.name, split, **how))
        line = protocol_line(base)
        headlines([Headline(label="Baseline", value=base.acc1, ci95=base.acc1_ci95, under=line, exact=plan.beat)])
    with st.expander(f"{count(len(plan.pool), 'template')} to search"):
        st.dataframe({"Template": list(plan.pool)}, hide_index=True, height=320, alt="The templates that are searched")


def show_results(engine: Engine, result: PromptSearchResult, plan: SearchPlan) -> None:
    """The verdict, the templates, the pictures, the foot."""
    show_verdict(result)
    chosen_templates(result)
    with errors_in_place():
        turned_pictures(engine, result)
    provenance_footer(
        sources([result]),
        {
            "model": [result.model],
            "data": [result.dataset],
            "split": [result.split],
            "classnames": [plan.classnames],
            **{name: get_choice(name, 2000) for name in (*KEPT, "turned", "judged")},
        },
    )


def pick(engine: Engine) -> tuple[ModelSpec, DatasetSpec] | None:
    """One model and one data set with labels."""
    chosen = pick_on_dataset(engine, 2, pick_model)
    return chosen[:2] if chosen else None


def page(engine: Engine) -> None:
    """From the choices to the answer."""
    picked = pick(engine)
    if picked is None:
        return
    model, dataset = picked
    asked = get_prompt_choice([dataset])
    plan, split = plan_on(engine, dataset, asked.classnames), asked.split_of(dataset)
    with st.expander(plan_sentence(plan) if plan else "Search settings", expanded=plan is None), errors_in_place():
        plan_form(engine, dataset, plan)
    if engine.embeddings(model.name, dataset.name, split) is None:
        offer(engine, [(model, dataset, split)])
        return
    if plan is None:
        return
    result = engine.kept(PromptSearch.at(engine, model.name, dataset.name, split, **plan.options))
    if result is None:
        start(engine, model.name, dataset, split, plan)
    else:
        show_results(engine, result, plan)


bind(*KEPT, "turned", "judged")
page_title("Can a better prompt be found, and is the gain real?")
with errors_in_place():
    page(engine())
