"""Few-shot: what a handful of labelled pictures a class is worth, by method, over several draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.charts.few_shot import few_shot_chart
from core.engine import Engine
from core.stats.numbers import percent
from core.studies.few_shot.gain import best_point
from core.studies.few_shot.methods import METHODS, SEEDS, SHOTS, Method
from core.studies.few_shot.result import FewShotResult
from core.studies.few_shot.study import FewShot
from core.studies.probe.splits import train_split
from core.tables.few_shot import few_shot_frame, published_frame
from core.types import DatasetSpec, ModelSpec
from core.words.accuracy import protocol_line
from core.words.few_shot import few_shot_details, few_shot_finding, spread_line
from core.words.names import FEW_SHOT_METHODS, say_model, say_pair
from pages.classification.few_shot.tables import few_shot_tables
from pages.shared.chart import draw
from pages.shared.choice_rows import pick_on_dataset
from pages.shared.engine import engine
from pages.shared.guard import errors_in_place
from pages.shared.layout import Headline, conclusion, exact_help, headline, not_all, page_title, provenance_footer
from pages.shared.pickers import pick_models
from pages.shared.prompt_picker import PromptChoice, get_prompt_choice
from pages.shared.theme import chart_look
from pages.shared.training import Training, offer_training, untrainable
from pages.shared.url_choices import some_of, such_as
from pages.shared.url_state import bind, set_choice
from pages.shared.widgets import multiselect, widget_key
from pages.shared.words import plain

LEAD = (
    "K images per class are drawn from the training split, several times. Settings are chosen on "
    "validation images, never on the test split. K = 0 is zero-shot."
)
LASTS = "It takes seconds for small sets and minutes for large ones; every run is kept."
MOST_SEEDS, MOST_HEADLINES, MOST_MODELS = 10, 4, 12


@dataclass(frozen=True, slots=True, kw_only=True)
class FewShotChoice:
    """What is studied, how often, and with which prompts at K = 0."""

    models: tuple[ModelSpec, ...]
    dataset: DatasetSpec
    methods: tuple[Method, ...]
    seeds: int
    how: PromptChoice

    @property
    def asked(self) -> dict[str, Any]:
        """For the engine."""
        prompts = {"templates": self.how.templates, "prompt_set": self.how.prompt_set}
        return {"shots": SHOTS, "methods": self.methods, "seeds": self.seeds, **prompts}


def pick(engine: Engine) -> FewShotChoice | None:
    """The row of choices."""
    chosen = pick_on_dataset(engine, [7, 5, 8, 3], lambda e, d: pick_models(e, [d], most=MOST_MODELS))
    if chosen is None:
        return None
    models, dataset, (right, last) = chosen
    with right:
        methods = pick_methods()
    with last:
        draws = pick_draws()
    return FewShotChoice(models=models, dataset=dataset, methods=methods, seeds=draws, how=get_prompt_choice([dataset]))


def pick_methods() -> tuple[Method, ...]:
    """Several few-shot methods."""
    named = some_of("method", METHODS, METHODS, instead="it is left out")
    picked = tuple(m for m in METHODS if m in named)
    multiselect("method", "Methods", list(METHODS), list(picked), format_func=FEW_SHOT_METHODS.__getitem__)
    return picked


def pick_draws() -> int:
    """How many draws for each number of pictures."""
    draws = int(such_as("seeds", _may_be_drawn, f"a number of draws from 1 to {MOST_SEEDS}", str(SEEDS)))
    st.session_state[widget_key("seeds")] = draws
    st.number_input(
        "Draws",
        1,
        MOST_SEEDS,
        key=widget_key("seeds"),
        on_change=_drew,
        help="For each number of images; mean and spread are over these.",
    )
    return draws


def _may_be_drawn(text: str) -> bool:
    return text in map(str, range(1, MOST_SEEDS + 1))


def _drew() -> None:
    set_choice("seeds", str(st.session_state[widget_key("seeds")]))


def studies(engine: Engine, choice: FewShotChoice) -> list[FewShotResult]:
    """The studies that are here; what is missing is shown with its progress or its button."""
    found, missing = list[FewShotResult](), list[Training]()
    dataset, asked, split = choice.dataset, choice.asked, choice.how.split_of(choice.dataset)
    for model in choice.models:
        study = FewShot.at(engine, model.name, dataset.name, split, **asked)
        result = engine.kept(study)
        if result is None:
            missing.append(study)
        else:
            found.append(result)
    offer_training(engine, missing, what="a few-shot study", key="train-few-shot", lasts=LASTS, early=True)
    return found


def show_results(results: list[FewShotResult]) -> None:
    """Large figures without labels and at the most pictures, the finding, a chart for each model."""
    shown = results[:MOST_HEADLINES] if len(results) > 2 else results
    places = iter(st.columns(max(2, len(shown) * (1 if len(results) > 2 else 2))))
    for result in shown:
        if len(results) <= 2:
            with next(places):
                headline(_without(result))
        with next(places):
            _with(result)
    not_all(len(shown), len(results))
    conclusion(plain(few_shot_finding(results)), results)
    if details := few_shot_details(results):
        with st.expander("Each model in words"):
            for said in details:
                st.markdown(plain(said))
    for row in range(0, len(results), 2):
        pair = results[row : row + 2]
        for place, result in zip(st.columns(min(2, len(results)), gap="large")[: len(pair)], pair, strict=True):
            with place:
                title = (
                    f"{say_model(result.model)}: how much do labels help?"
                    if len(results) > 1
                    else "Accuracy by labeled images per class"
                )
                chart = few_shot_chart(few_shot_frame([result]), published_frame([result]), title=title, **chart_look())
                draw(chart, key=f"few-shot-{result.model}")


def _without(result: FewShotResult) -> Headline:
    zero = result.zero_shot
    label = f"{say_model(result.model)}, zero-shot"
    return Headline(label=label, value=zero.acc1, ci95=zero.acc1_ci95, under=protocol_line(zero), exact=result.model)


def _with(result: FewShotResult) -> None:
    best = best_point(result)
    with st.container(gap="xxsmall"):
        label = f"{say_model(result.model)}, {best.shots} per class"
        st.metric(plain(label), percent(best.acc1_mean), help=exact_help(result.model))
        st.caption(plain(f"{FEW_SHOT_METHODS[best.method]} · {spread_line(best)}"))


def page(engine: Engine) -> None:
    """From the choices to the answer."""
    choice = pick(engine)
    if choice is None:
        return
    dataset, how = choice.dataset, choice.how
    if why := untrainable(engine, dataset):
        st.info(plain(why), icon=":material/info:")
        return
    if how.split_of(dataset) == train_split(engine, dataset.name):
        st.info("The training split is used for training; choose the test split.", icon=":material/info:")
        return
    if results := studies(engine, choice):
        show_results(results)
        few_shot_tables(results)
        footer(choice, results)


def footer(choice: FewShotChoice, results: list[FewShotResult]) -> None:
    """Where the numbers come from, and a link to this view."""
    provenance_footer(
        [(f"{say_pair(r.model, choice.dataset.name)}, {r.split}", r.provenance) for r in results],
        {
            "model": [m.name for m in choice.models],
            "data": [choice.dataset.name],
            "method": choice.methods,
            "seeds": [str(choice.seeds)],
            **choice.how.choices,
        },
    )


bind("method", "seeds")
page_title("How much do a few labels help?", LEAD)
with errors_in_place():
    page(engine())
