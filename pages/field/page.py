"""The field: published figures of 121 checkpoints on 38 data sets, what they cost, and where yours are."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.catalog.field import (
    RECALLS,
    SETS_SOURCE,
    SOURCE,
    FieldSet,
    every_set,
    field_sets,
    find_set,
    find_sets,
    groups,
    recall_sets,
)
from core.catalog.published import figure_url
from core.charts.field import (
    COSTS,
    field_correlations_chart,
    field_cost_chart,
    field_line_chart,
    field_robustness_chart,
)
from core.engine import Engine
from core.errors import TMVError
from core.stats.numbers import count
from core.studies.field.choosing import FieldFilter
from core.studies.field.expected import alarms, expected_for
from core.studies.field.own import OwnFigure, known_figures
from core.studies.field.ranking import best_within, front, standings
from core.studies.field.relations import set_against_set, set_correlations
from core.studies.field.robustness import robustness
from core.tables.field import against_frame, correlations_frame, robustness_frame, standings_frame
from core.words.field import (
    against_said,
    best_said,
    correlations_said,
    cost_said,
    expected_said,
    robustness_said,
    sets_said,
)
from core.words.names import say_dataset, say_model
from pages.field.card import CARD, model_titles, open_card, picked_card
from pages.field.limits import pick_limits
from pages.field.own import on_both, own_figures_here, with_costs
from pages.field.table import field_table, marked_first, robustness_table
from pages.shared.chart import draw
from pages.shared.engine import engine
from pages.shared.guard import errors_in_place
from pages.shared.layout import conclusion, page_title, provenance_footer
from pages.shared.pickers import choice_row
from pages.shared.save import save_rows
from pages.shared.theme import chart_look
from pages.shared.url_choices import one_of
from pages.shared.url_state import bind, get_choice, set_choice
from pages.shared.widgets import segments, select
from pages.shared.words import plain

LEAD = (
    "Published zero-shot figures of 121 OpenCLIP checkpoints on 38 data sets, and where the models measured here are. "
    "Click a mark for all figures of its checkpoint."
)
VIEWS = {
    "cost": "Cost",
    "table": "Table",
    "robust": "Robustness",
    "line": "One set against another",
    "alike": "Similar data sets",
}
NAMES = ("sets", "view", "cost", "x", "y", "words", "families", "trained", "commercial", "size", "mark", CARD)
COST_TITLES = {"parameters": "Parameters", "gflops": "GFLOPs", "samples": "Image-text pairs seen in training"}
NOT_MARKED = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is looked at: these data sets and checkpoints, the one that is highlighted, and what was measured here."""

    sets: tuple[FieldSet, ...]
    chosen: FieldFilter
    marked: str
    own: tuple[OwnFigure, ...]


def page(engine: Engine) -> None:
    """The choices, and one of the views with its finding."""
    view = one_of("view", list(VIEWS), "cost")
    own, why = own_figures_here(engine)
    show, choose = {
        "cost": (cost_view, choose_cost),
        "table": (table_view, choose_sets),
        "robust": (robust_view, choose_limits),
        "line": (line_view, choose_pair),
        "alike": (alike_view, choose_sets),
    }[view]
    sets, chosen, marked = choose()
    show(engine, Shown(sets=sets, chosen=chosen, marked=marked, own=own), view)
    own_view(own, why)
    sources_line()
    provenance_footer([], {name: get_choice(name) for name in NAMES}, why=False)
    open_card(engine, own)


# --- choices ----------------------------------------------------------------------------------------------

Choices = tuple[tuple[FieldSet, ...], FieldFilter, str]


def choose_cost() -> Choices:
    """Data sets, checkpoints, the cost, and one to highlight."""
    a, b, c, d = choice_row([3, 2, 3, 3])
    with a:
        sets = pick_sets()
    with b:
        chosen = pick_limits()
    with c:
        select("cost", "Accuracy against", COST_TITLES, one_of("cost", list(COSTS), "parameters"))
    with d:
        return sets, chosen, pick_marked()


def choose_sets() -> Choices:
    """Data sets, checkpoints, and one to highlight."""
    a, b, c = choice_row([3, 2, 3])
    with a:
        sets = pick_sets()
    with b:
        chosen = pick_limits()
    with c:
        return sets, chosen, pick_marked()


def choose_limits() -> Choices:
    """Checkpoints, and one to highlight."""
    a, b = choice_row([2, 3])
    with a:
        chosen = pick_limits()
    with b:
        return field_sets(), chosen, pick_marked()


def choose_pair() -> Choices:
    """Two data sets, checkpoints, and one to highlight."""
    names = {each.short: each.title for each in every_set()}
    asked = get_choice("sets")[:1]
    usual = asked[0] if asked and asked[0] in names and asked[0] != "imagenet1k" else "imagenetv2"
    a, b, c, d = choice_row([3, 3, 2, 3])
    with a:
        select("x", "Across", names, one_of("x", list(names), "imagenet1k"))
    with b:
        select("y", "Upward", names, one_of("y", list(names), usual))
    pair = one_of("x", list(names), "imagenet1k"), one_of("y", list(names), usual)
    with c:
        chosen = pick_limits()
    with d:
        return tuple(map(find_set, pair)), chosen, pick_marked()


def pick_sets() -> tuple[FieldSet, ...]:
    """All data sets, a group, one, or retrieval recalls."""
    options = {"all": f"All {len(field_sets())} data sets (mean)"}
    options |= {name: f"{sets_said(sets)[4:]} (mean)" for name, sets in groups().items()}
    options |= {RECALLS: f"{sets_said(recall_sets())[4:]} (mean)"}
    options |= {each.short: each.title for each in every_set()}
    name = one_of("sets", list(options), "all", "a data set or a group of the field")
    select("sets", "Data sets", options, name)
    return find_sets(name)


def pick_marked() -> str:
    """The checkpoint that has a ring in charts and stands first in tables; "" for none."""
    titles = model_titles()
    now = one_of("mark", [NOT_MARKED, *titles], NOT_MARKED, "a checkpoint of the field")
    select("mark", "Highlight", {NOT_MARKED: "None", **titles}, now)
    return "" if now == NOT_MARKED else now


# --- views ------------------------------------------------------------------------------------------------


def finding(sentence: str, view: str) -> None:
    """The sentence of a view, and under it the ways to the others."""
    conclusion(plain(sentence))
    segments("view", "View", VIEWS, view, label_visibility="collapsed")


def cost_view(engine: Engine, shown: Shown, view: str) -> None:
    """Accuracy against a cost."""
    sets = shown.sets
    finding(best_said(best_within(sets, shown.chosen), sets, shown.chosen), view)
    cost = one_of("cost", list(COSTS), "parameters")
    frame = standings_frame(standings(sets, shown.chosen))
    costs, values = frame[cost].to_numpy(float), frame["mean"].to_numpy(float)
    best = front(costs, values)
    here = tuple(each for each in shown.own if len(sets) == 1 and each.field_set == sets[0])
    chart = field_cost_chart(
        frame,
        cost,
        list(best),
        with_costs(engine, here),
        title=cost_said(cost, costs, values, len(best), sets),
        figure=f"Mean of {len(sets)} data sets" if len(sets) > 1 else sets[0].title,
        marked=shown.marked,
        **chart_look(),
    )
    draw(chart, key="field-cost", picked=picked_card)


def table_view(engine: Engine, shown: Shown, view: str) -> None:
    """Every figure."""
    sets = shown.sets
    finding(best_said(best_within(sets, shown.chosen), sets, shown.chosen), view)
    frame = standings_frame(standings(sets, shown.chosen))
    st.caption(
        f"{count(len(frame), 'checkpoint')} · {count(len(sets), 'data set')} · click a heading to sort, a cell for all "
        "figures of its checkpoint. The stronger the shade of a cell, the higher in its column. Checkpoints whose 95 % "
        "intervals overlap share a rank; figures without an interval (worst group, F1) share one only where they are "
        "equal."
    )
    field_table(marked_first(frame, shown.marked), sets)
    save_rows(frame, "field", key="field-csv")


def robust_view(engine: Engine, shown: Shown, view: str) -> None:
    """How much of its accuracy on ImageNet-1k each checkpoint keeps on shifted images."""
    found = robustness(shown.chosen)
    said = robustness_said(found)
    finding(said, view)
    frame = robustness_frame(found)
    chart = field_robustness_chart(frame, title=said, marked=shown.marked, **chart_look())
    draw(chart, key="field-robust", picked=picked_card, title=False)
    st.subheader("Points above the line of each shifted set", anchor=False)
    robustness_table(marked_first(frame, shown.marked), found.shifts)
    st.caption(
        "Effective robustness: accuracy on the shifted images minus what the line through all checkpoints of the field "
        "gives for this accuracy on ImageNet-1k (logit axes). All of them are trained on images from the web, so 0 is "
        "the usual one among them. Intervals are from the images of the shifted set."
    )


def line_view(engine: Engine, shown: Shown, view: str) -> None:
    """One data set against another over all checkpoints."""
    if shown.sets[0] == shown.sets[1]:
        segments("view", "View", VIEWS, view, label_visibility="collapsed")
        st.info("Choose two different data sets.", icon=":material/info:")
        return
    found = set_against_set(shown.sets[0], shown.sets[1], shown.chosen)
    said = against_said(found)
    finding(said, view)
    mine = on_both(shown.own, found.x, found.y)
    titles = (found.x.title, found.y.title)
    frame = against_frame(found)
    chart = field_line_chart(frame, found.line, titles, mine, title=said, marked=shown.marked, **chart_look())
    draw(chart, key="field-line", picked=picked_card, title=False)


def alike_view(engine: Engine, shown: Shown, view: str) -> None:
    """Correlations of data sets: of all of them where one alone is chosen."""
    found = set_correlations(shown.sets if len(shown.sets) > 1 else field_sets(), shown.chosen)
    said = correlations_said(found)
    finding(said, view)
    chart = field_correlations_chart(correlations_frame(found), title=said, **chart_look())
    draw(chart, key="field-alike", picked=picked_pair, title=False)


def picked_pair(point: list[object]) -> None:
    """A cell of the map leads to the two data sets against each other."""
    x, y = (find_set(str(name)).short for name in point[:2])
    if x != y:
        set_choice("x", x)
        set_choice("y", y)
        set_choice("view", "line")


def own_view(own: tuple[OwnFigure, ...], why: tuple[str, ...]) -> None:
    """Each figure measured here, beside what checkpoints as good elsewhere get."""
    st.subheader("Yours among them", anchor=False)
    if not own:
        st.info(
            "Nothing that the field knows was measured here yet: embed CIFAR-100, ImageNet-mini, Food-101 or EuroSAT "
            "with a model under *Data & models*, and its figures appear here and in the charts.",
            icon=":material/info:",
        )
    rows = [placed(each, own) for each in own]
    if rows:
        st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Figures measured here and what to expect of them")
        save_rows(pd.DataFrame(rows), "field-own", key="field-own-csv")
    if why:
        with st.expander(f"{count(len(why), 'result')} left out, and why"):
            st.markdown("\n".join(f"- {plain(reason)}" for reason in why))


def placed(figure: OwnFigure, own: tuple[OwnFigure, ...]) -> dict[str, object]:
    """A row of the table."""
    row: dict[str, object] = {
        "Model": say_model(figure.model),
        "Data set": say_dataset(figure.dataset),
        "Images": figure.n,
        "Here": f"{100 * figure.value:.1f} %",
    }
    try:
        found = expected_for(figure.model, figure.field_set, known_figures(own, figure.model))
    except TMVError as error:
        return row | {"What to expect": str(error), "Differs": figure.remark}
    said = str(expected_said(found, figure.value, figure.n, alarms()))
    return row | {"What to expect": said, "Differs": figure.remark}


def sources_line() -> None:
    """Where the figures are from."""
    st.caption(
        f"Figures: [OpenCLIP]({figure_url(SOURCE)}), MIT license, as published. Sizes, metrics and chance: "
        f"[DataComp]({figure_url(SETS_SOURCE)}). Groups of data sets are ours."
    )


bind(*NAMES)
page_title("What do published CLIP models reach, and where is yours?", LEAD)
with errors_in_place():
    page(engine())
