"""Probe: what a linear classifier on frozen features reaches, beside zero-shot on the same pictures."""

import streamlit as st

from core.charts.accuracy import accuracy_chart
from core.charts.validation import validation_chart
from core.engine import Engine
from core.errors import EncoderWarming, NotHere
from core.studies.probe.result import ProbeResult
from core.studies.zero_shot.classify import ZeroShotResult
from core.studies.zero_shot.study import ZeroShot
from core.tables.methods import methods_frame
from core.tables.probe import validation_frame
from core.types import DatasetSpec, ModelSpec
from core.words.glossary import explain
from core.words.names import say_dataset, say_model, say_pair
from core.words.probe import probe_finding, probe_line
from pages.classification.probe_tables import probe_table, trained_on
from pages.classification.probes import kept_probes, offer_probes
from pages.shared.chart import draw
from pages.shared.choice_rows import pick_on_dataset
from pages.shared.engine import engine
from pages.shared.guard import errors_in_place
from pages.shared.layout import Headline, conclusion, headlines, page_title, provenance_footer
from pages.shared.pickers import pick_models
from pages.shared.prompt_picker import PromptChoice, get_prompt_choice
from pages.shared.theme import chart_look
from pages.shared.training import untrainable
from pages.shared.url_choices import check_bound
from pages.shared.warming import warming
from pages.shared.words import plain

MOST_HEADLINES = 4
LEAD = (
    "A linear probe is logistic regression on the features of a frozen image encoder, trained on labels. "
    "It is compared with zero-shot on the same test images, top-1 with top-1."
)
ProbeChoice = tuple[tuple[ModelSpec, ...], DatasetSpec, bool]


def pick(engine: Engine) -> ProbeChoice | None:
    """The row of choices."""
    chosen = pick_on_dataset(engine, [4, 4, 3], lambda e, d: pick_models(e, [d]))
    if chosen is None:
        return None
    models, dataset, (right,) = chosen
    with right:
        check_bound("unit", ("true", "false"), "features are as the encoder gives them")
        unit = st.toggle(
            "Features of unit length",
            key="unit",
            bind="query-params",
            help="Off: features as the encoder gives them, as in the CLIP paper's code. On: each scaled to length one.",
        )
    return models, dataset, unit


def beside(
    engine: Engine, probes: list[ProbeResult], how: PromptChoice
) -> tuple[list[ZeroShotResult], EncoderWarming | None]:
    """Zero-shot on the very pictures that each probe is tested on; what it still waits for, where its texts are not
    encoded yet."""
    found, waiting = list[ZeroShotResult](), None
    for probe in probes:
        try:
            found.append(engine.run(ZeroShot.at(engine, probe.model, probe.dataset, probe.split, **how.prompts)))
        except EncoderWarming as starting:
            waiting = starting
        except NotHere:
            continue
    return found, waiting


def show_results(probes: list[ProbeResult], zero_shots: list[ZeroShotResult]) -> None:
    """Large figures, the finding, both charts."""
    headlines(
        [
            Headline(
                label=f"{say_model(p.model)}, test",
                value=p.test_acc1,
                ci95=p.test_acc1_ci95,
                under=probe_line(p),
                exact=p.model,
                explained=explain("C"),
            )
            for p in probes[:MOST_HEADLINES]
        ],
        models=len(probes),
    )
    conclusion(plain(probe_finding(probes, zero_shots)), probes)
    left, right = st.columns(2, gap="large")
    with left:
        title = f"How much do labels add on {say_dataset(probes[0].dataset)}?"
        draw(accuracy_chart(methods_frame(zero_shots, probes), title=title, **chart_look()), key="probe-accuracy")
    with right:
        draw(validation_chart(validation_frame(probes), **chart_look()), key="probe-validation")


def page(engine: Engine) -> None:
    """From the choices to the answer."""
    choice = pick(engine)
    if choice is None:
        return
    models, dataset, unit = choice
    if why := untrainable(engine, dataset):
        st.info(plain(why), icon=":material/info:")
        return
    how = get_prompt_choice([dataset])
    wanted = [(model, dataset, how.split_of(dataset)) for model in models]
    probes, missing = kept_probes(engine, wanted, normalise=unit)
    offer_probes(engine, missing)
    if not probes:
        if not missing:
            st.info("A probe is trained on the training split; choose the test split.", icon=":material/info:")
        return
    zero_shots, waiting = beside(engine, probes, how)
    if waiting is not None:
        warming(waiting)
    show_results(probes, zero_shots)
    probe_table(methods_frame(zero_shots, probes))
    trained_on(probes)
    provenance_footer(
        [(f"{say_pair(p.model, dataset.name)}, {p.split}", p.provenance) for p in probes],
        {"model": [m.name for m in models], "data": [dataset.name], "unit": ["true"] if unit else [], **how.choices},
    )


page_title("How much do labels add to frozen features?", LEAD)
with errors_in_place():
    page(engine())
