"""Compare: two models, methods or wordings on the same pictures, and the pictures on which they part."""

from __future__ import annotations

import streamlit as st

from core.engine import Engine
from core.errors import EncoderWarming, NotHere, TMVError
from core.readers.datasets import find_dataset
from core.studies.probe.splits import evaluation_split, train_split
from core.types import DatasetSpec
from core.words.names import PROBE
from pages.classification.compare.calibration import cost, show_calibration
from pages.classification.compare.disagreements import disagreements
from pages.classification.compare.few_shot_spread import offer_draws, worth
from pages.classification.compare.paired import AnsweredPair, SideNames, differences, figures, two_by_two
from pages.classification.compare.sides import Side, SideResult, pick_side, side_titles, sides
from pages.classification.probes import Wanted, kept_probes, offer_probes
from pages.shared.choice_rows import pick_on_dataset
from pages.shared.engine import engine
from pages.shared.guard import errors_in_place
from pages.shared.layout import page_title, provenance_footer
from pages.shared.missing import offer
from pages.shared.pickers import folded_choices, not_available, offered_datasets
from pages.shared.prompt_picker import PromptChoice, pick_class_names
from pages.shared.training import untrainable
from pages.shared.url_state import bind, get_choice, set_choice

LEAD = "Both classify the same images, so the difference is paired."
MOST_OTHERS = 6


def page(engine: Engine) -> None:
    """From the choices to the pictures."""
    chosen = pick_on_dataset(engine, [6, 5, 1], lambda _, d: pick_class_names([d]), dataset_at=0)
    if chosen is None:
        return
    how, dataset, (last,) = chosen
    two, wrong = sides(engine, dataset)
    with last:
        st.button("Swap", icon=":material/swap_horiz:", key="swap", on_click=swap, args=two, width="stretch")
    with folded_choices("-sides", button=False):
        titles = zip(("First model", "Second model"), side_titles(*two), strict=True)
        for place, name, side, (which, title) in zip(st.columns(2, gap="large"), "ab", two, titles, strict=True):
            with place:
                pick_side(engine, dataset, name, side, which, title)
    if wrong:
        not_available(wrong, "model or method")
    split = split_of(engine, two, dataset, how)
    first, second = results(engine, two, dataset, split, how.classnames)
    if first is not None and second is not None:
        show_results(engine, (first, second), two, how)


def swap(first: Side, second: Side) -> None:
    """Callback: each side takes the other's place."""
    set_choice("a", list(second.token))
    set_choice("b", list(first.token))
    st.session_state["page_a"] = st.session_state["page_b"] = 1


def split_of(engine: Engine, two: tuple[Side, Side], dataset: DatasetSpec, how: PromptChoice) -> str | None:
    """What is trained answers for pictures that it was not trained on, so the other side must answer for the same."""
    asked = how.split_of(dataset)
    if not any(side.trained for side in two) or untrainable(engine, dataset):
        return asked
    return evaluation_split(engine, dataset.name, None if asked == train_split(engine, dataset.name) else asked)


def results(
    engine: Engine, two: tuple[Side, Side], dataset: DatasetSpec, split: str | None, classnames: str
) -> list[SideResult | None]:
    """Both sides' answers, and what is missing for them with the one button that mends it."""
    found, pairs, untrained = list[SideResult | None](), list[Wanted](), list[Side]()
    for side in two:
        try:
            found.append(side.result(engine, dataset, split, classnames))
        except NotHere:
            found.append(None)
            pairs.append((side.model, dataset, split))
            continue
        if found[-1] is None:
            untrained.append(side)
    offer(engine, list(dict.fromkeys(pairs)))
    _, probes = kept_probes(engine, [(s.model, dataset, split) for s in untrained if s.method == PROBE])
    offer_probes(engine, list({p.key: p for p in probes}.values()), key="train-probes")
    offer_draws(engine, [s for s in untrained if s.drawn], dataset, split)
    return found


def show_results(engine: Engine, pair: AnsweredPair, two: tuple[Side, Side], how: PromptChoice) -> None:
    """The answer, the pictures behind it, and what stands beside it."""
    names: SideNames = (two[0].words(two[1]), two[1].words(two[0]))
    short: SideNames = (two[0].short(two[1]), two[1].short(two[0]))
    figures(pair, names, short)
    worth(engine, pair, two, short)
    left, right = st.columns(2, gap="large")
    with left:
        differences([pair, *elsewhere(engine, pair, two, how)], short, lambda name: set_choice("data", name))
    with right:
        two_by_two(pair, short)
    disagreements(engine, pair, names, short)
    calibration_and_cost(engine, pair, short)
    provenance_footer(
        [(f"{name}, {result.split}", result.provenance) for name, result in zip(names, pair, strict=True)],
        {
            "data": [pair[0].dataset],
            "a": two[0].token,
            "b": two[1].token,
            "split": how.choices["split"],
            "classnames": how.choices["classnames"],
            "parted": get_choice("parted"),
        },
    )


def calibration_and_cost(engine: Engine, pair: AnsweredPair, short: SideNames) -> None:
    """What stands beside the comparison, folded: it is another question. An address that asks for it opens it."""
    asked = "cost" in st.query_params
    box = st.expander("Calibration and cost", expanded=asked, on_change="rerun", key="open-calibration")
    if not box.open:
        return
    with box:
        left, right = st.columns(2, gap="large")
        with left, errors_in_place():
            show_calibration(pair, short)
        with right, errors_in_place():
            cost(engine, find_dataset(pair[0].dataset))


def elsewhere(engine: Engine, pair: AnsweredPair, two: tuple[Side, Side], how: PromptChoice) -> list[AnsweredPair]:
    """The same two sides on the other data sets for which both can answer at once."""
    if any(side.templates for side in two):
        return []
    kind = pair[0].dataset.startswith("demo-")
    found = list[AnsweredPair]()
    for dataset in offered_datasets(engine):
        if dataset.kind != "classification" or dataset.name == pair[0].dataset or len(found) == MOST_OTHERS:
            continue
        if dataset.name.startswith("demo-") != kind:
            continue
        try:
            split = split_of(engine, two, dataset, how)
            a, b = (side.result(engine, dataset, split, how.classnames) for side in two)
        except (NotHere, EncoderWarming, TMVError):
            continue
        if a is not None and b is not None:
            found.append((a, b))
    return found


bind("a", "b", "parted")
page_title("Is the difference real, and where is it?", LEAD)
with errors_in_place():
    page(engine())
