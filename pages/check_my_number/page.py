"""Why this number: every check on one result, what it would be otherwise, and people's own predictions."""

import streamlit as st

from core.engine import Engine
from core.errors import NotHere
from core.studies.audit import AuditResult
from core.studies.audit.study import Audit, audit_probe
from core.studies.probe.study import LinearProbe
from core.types import DatasetSpec, ModelSpec
from pages.check_my_number.checks import checks, save_checks, show_audit
from pages.check_my_number.near_duplicates import near_duplicates
from pages.check_my_number.own_predictions import own_predictions, shows_own
from pages.check_my_number.trial import trial
from pages.shared.brought import AUDITED
from pages.shared.choice_rows import pick_on_dataset
from pages.shared.engine import engine
from pages.shared.guard import errors_in_place
from pages.shared.layout import page_title, provenance_footer
from pages.shared.missing import offer
from pages.shared.pickers import pick_model
from pages.shared.prompt_picker import PromptChoice, pick_prompts
from pages.shared.report import report_button
from pages.shared.stored import ANY_KIND
from pages.shared.theme import on_stage
from pages.shared.url_choices import check_bound

LEAD = (
    "Every number is checked for the usual reasons a result differs from the paper. Where the data allows it, the "
    "page also shows what the number would be without the fault."
)
METHODS = {"zero-shot": "Zero-shot", "probe": "Linear probe"}
ENCODE = "encode-sample"


def page(engine: Engine) -> None:
    """From the choices to the checks."""
    chosen = pick_on_dataset(engine, [4, 4, 3], pick_model, kind=ANY_KIND)
    if chosen is None:
        return
    model, dataset, (right,) = chosen
    with right:
        how = pick_prompts([dataset])
    st.session_state[AUDITED] = (model.name, dataset.name)
    try:
        result = audited(engine, model, dataset, how, _method(dataset))
    except NotHere:
        offer(engine, [(model, dataset, how.split_of(dataset))])
        return
    if result is None:
        st.info(
            "No linear probe has been trained for this pair yet; train it on the page *Linear probe*.",
            icon=":material/info:",
        )
        return
    show_audit(result, "why")
    checks(result, "why", _encode_button)
    trial(engine, result, "why", _nothing)
    if not on_stage():
        with errors_in_place():
            near_duplicates(engine, engine.place(model.name, dataset.name, how.split_of(dataset)))
    footer(engine, result, model, dataset, how)


def _method(dataset: DatasetSpec) -> str:
    if dataset.kind == "captions":
        return "zero-shot"
    check_bound("audited", METHODS, "zero-shot is used instead")
    return (
        st.segmented_control(
            "Method",
            list(METHODS),
            default="zero-shot",
            required=True,
            format_func=METHODS.__getitem__,
            key="audited",
            label_visibility="collapsed",
            bind="query-params",
        )
        or "zero-shot"
    )


def audited(
    engine: Engine, model: ModelSpec, dataset: DatasetSpec, how: PromptChoice, method: str
) -> AuditResult | None:
    """The audit asked for; None where no probe is trained. A sample is encoded again only when the reader asks."""
    split = how.split_of(dataset)
    if method == "probe":
        return audit_probe(engine, LinearProbe.at(engine, model.name, dataset.name, split))
    encode = st.session_state.get(ENCODE) == (model.name, dataset.name)
    return engine.run(Audit.at(engine, model.name, dataset.name, split, **how.prompts, encode=encode))


def _nothing() -> None:
    """The study looks for what was found by itself."""


def _encode_button() -> None:
    """Encodes four pictures again, with the model in its own process."""

    def wanted() -> None:
        st.session_state[ENCODE] = st.session_state.get(AUDITED)

    st.button(
        "Re-encode a sample",
        key="encode-again",
        on_click=wanted,
        help="Loads the model in a separate process and encodes four images twice.",
    )


def footer(engine: Engine, result: AuditResult, model: ModelSpec, dataset: DatasetSpec, how: PromptChoice) -> None:
    """The checks and the report as files, and where the number comes from."""
    with st.container(horizontal=True, gap="xsmall"):
        save_checks(result, "why")
        report_button(engine, [model.name], [dataset.name], how)
    case = result.case
    provenance_footer(
        [(case.title, case.provenance)] if case.provenance is not None else [],
        {"model": [model.name], "data": [dataset.name], **how.choices},
        why=False,
    )


page_title("Is my number right?", LEAD)
own = st.container()
if shows_own():
    st.header("A number measured here", anchor=False)
with errors_in_place():
    page(engine())
if shows_own():
    with own, errors_in_place():  # after the choices that it may be compared with
        own_predictions(engine())
