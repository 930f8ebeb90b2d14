"""Few-shot: what a handful of labelled pictures a class is worth, by method, over several draws."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.engine import Engine
from core.figures.few_shot import few_shot_chart
from core.frames import say_model
from core.frames.few_shot import FEW_SHOT_METHODS, draws_frame, few_shot_finding, few_shot_frame, published_frame
from core.studies.few_shot import METHODS, SEEDS, SHOTS
from core.studies.few_shot_result import FewShotResult
from core.types import DatasetSpec, ModelSpec
from pages.shared.answer import Headline, finding, foot, headlines, question
from pages.shared.chart import draw
from pages.shared.engine import engine
from pages.shared.guard import in_place
from pages.shared.link import chosen, keep
from pages.shared.pickers import moved, pick_dataset, pick_models, shown
from pages.shared.save import save_rows
from pages.shared.theme import theme
from pages.shared.training import Training, offer_training, untrainable
from pages.shared.words import count, plain

LEAD = (
    "K pictures a class are drawn from the training split, several times: one draw says little. Settings are chosen on "
    "validation pictures, never on the test split. K = 0 is zero-shot."
)
LASTS = "It takes seconds for small sets and minutes for large ones; every run is kept."
MOST_SEEDS, MOST_HEADLINES = 10, 4


def pick(engine: Engine) -> tuple[tuple[ModelSpec, ...], DatasetSpec, tuple[str, ...], int] | None:
    """The row of choices."""
    left, middle, methods, seeds = st.columns([4, 3, 4, 2], vertical_alignment="bottom")
    with middle:
        dataset = pick_dataset(engine)
    if dataset is None:
        return None
    with left:
        models = pick_models(engine, [dataset], most=4)
    picked = tuple(m for m in METHODS if m in chosen("method")) or METHODS
    st.session_state[shown("method")] = list(picked)
    methods.multiselect("Methods", list(METHODS), key=shown("method"), format_func=lambda m: FEW_SHOT_METHODS[m],
                        on_change=moved, args=("method",))
    draws = seeds.number_input("Draws", 1, MOST_SEEDS, SEEDS, key="seeds", bind="query-params",
                               help="For each number of pictures; mean and spread are over these.")
    return models, dataset, picked, int(draws)


def studies(
    engine: Engine, models: tuple[ModelSpec, ...], dataset: DatasetSpec, methods: tuple[str, ...], seeds: int
) -> list[FewShotResult]:
    """The studies that are here; what is missing is shown with its progress or its button."""
    found, missing = list[FewShotResult](), list[Training]()
    asked = {"shots": SHOTS, "methods": methods, "seeds": seeds}
    for model in models:
        result = engine.few_shot_cached(model.name, dataset.name, **asked)  # type: ignore[arg-type]
        if result is not None:
            found.append(result)
            continue
        key = engine.few_shot_job_key(model.name, dataset.name, **asked)  # type: ignore[arg-type]
        start = partial(engine.submit_few_shot, model.name, dataset.name, **asked)  # type: ignore[arg-type]
        missing.append(Training(model, dataset, key, start))
    offer_training(engine, missing, what="a few-shot study", key="train-few-shot", lasts=LASTS)
    return found


def answer(results: list[FewShotResult]) -> None:
    """Large figures at the most pictures, the finding, the curves."""
    headlines([_headline(r) for r in results[:MOST_HEADLINES]])
    finding(plain(few_shot_finding(results)))
    draw(few_shot_chart(few_shot_frame(results), published_frame(results), theme=theme()), key="few-shot")
    for note in dict.fromkeys(note for r in results for note in r.notes):
        st.caption(plain(note))


def _headline(result: FewShotResult) -> Headline:
    zero = result.zero_shot
    return Headline(f"{say_model(result.model)}, zero-shot", zero.acc1, zero.acc1_ci95,
                    f"K = 0 · {count(result.n, 'picture')} · where the curves begin", result.model)


TABLE = {"model_title": "Model", "method_title": "Method", "shots": "K", "acc1_mean": "Mean top-1",
         "acc1_std": "Spread",
         "lowest": "Lowest draw", "highest": "Highest draw", "draws": "Draws", "published": "Published",
         "trained_on": "Trained on", "chosen_on": "Settings chosen on", "settings": "Settings"}  # fmt: skip
SHARES = ("acc1_mean", "acc1_std", "lowest", "highest", "published")


def tables(results: list[FewShotResult]) -> None:
    """Every point with its spread and settings, and every single draw as a file."""
    frame = few_shot_frame(results)
    shown = frame[list(TABLE)].assign(**{name: 100 * frame[name].astype(float) for name in SHARES})
    shown = shown.rename(columns=TABLE)
    percent = st.column_config.NumberColumn(format="%.1f %%")
    st.dataframe(shown, hide_index=True, width="stretch", placeholder="",
                 column_config={TABLE[name]: percent for name in SHARES})
    save_rows(draws_frame(results), "few-shot-draws", key="csv-draws")


def page(engine: Engine) -> None:
    """From the choices to the answer."""
    choice = pick(engine)
    if choice is None:
        return
    models, dataset, methods, seeds = choice
    if why := untrainable(engine, dataset):
        st.info(plain(why), icon=":material/info:")
        return
    results = studies(engine, models, dataset, methods, seeds)
    if not results:
        return
    answer(results)
    tables(results)
    foot(
        [(f"{say_model(r.model)} on {dataset.title}, {r.split}", r.provenance) for r in results],
        {"model": [m.name for m in models], "data": [dataset.name], "method": methods, "seeds": [str(seeds)]},
    )


keep("method")
question("What is a handful of labelled pictures worth?", LEAD)
with in_place():
    page(engine())
