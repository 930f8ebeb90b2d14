"""The field: published figures of 121 checkpoints on 38 data sets, what they cost, and where yours are."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.catalog.field import SETS_SOURCE, SOURCE, FieldSet, field_sets, find_set, find_sets, groups
from core.catalog.published import figure_url
from core.charts.field import COSTS, field_correlations_chart, field_cost_chart, field_line_chart
from core.engine import Engine
from core.errors import TMVError
from core.stats.numbers import count
from core.studies.field.choosing import FieldFilter
from core.studies.field.expected import alarms, expected_for
from core.studies.field.own import OwnFigure, known_figures
from core.studies.field.ranking import best_within, front, standings
from core.studies.field.relations import set_against_set, set_correlations
from core.tables.field import against_frame, correlations_frame, standings_frame
from core.words.field import against_said, best_said, correlations_said, cost_said, expected_said, sets_said
from core.words.names import say_dataset, say_model
from pages.field.limits import pick_limits
from pages.field.own import on_both, own_figures_here, with_costs
from pages.field.table import field_table
from pages.shared.chart import draw
from pages.shared.engine import engine
from pages.shared.guard import errors_in_place
from pages.shared.layout import conclusion, page_title, provenance_footer
from pages.shared.pickers import choice_row
from pages.shared.save import save_rows
from pages.shared.theme import chart_look
from pages.shared.url_choices import one_of
from pages.shared.url_state import bind, get_choice
from pages.shared.widgets import segments, select
from pages.shared.words import plain

LEAD = (
    "Published zero-shot figures of 121 OpenCLIP checkpoints on 38 data sets, and where the models measured here are."
)
VIEWS = {
    "cost": "What does it buy?",
    "table": "Table",
    "line": "One data set against another",
    "alike": "Which data sets say the same?",
}
NAMES = ("sets", "view", "cost", "x", "y", "words", "families", "trained", "commercial", "size")
COST_TITLES = {"parameters": "Parameters", "gflops": "GFLOPs", "samples": "Image-text pairs seen in training"}


def page(engine: Engine) -> None:
    """The choices, the best within them, and one of the views."""
    view = one_of("view", list(VIEWS), "cost")
    left, middle, right = choice_row([3, 2, 3])
    with left:
        sets = pick_sets()
    with middle:
        chosen = pick_limits()
    if view == "cost":
        with right:
            select("cost", "Accuracy against", COST_TITLES, one_of("cost", list(COSTS), "parameters"))
    conclusion(plain(best_said(best_within(sets, chosen), sets, chosen)))
    segments("view", "View", VIEWS, view, label_visibility="collapsed")
    own, why = own_figures_here(engine)
    {"cost": cost_view, "table": table_view, "line": line_view, "alike": alike_view}[view](engine, sets, chosen, own)
    own_view(own, why)
    sources_line()
    provenance_footer([], {name: get_choice(name) for name in NAMES}, why=False)


def pick_sets() -> tuple[FieldSet, ...]:
    """All data sets, a group, or one."""
    options = {"all": f"All {len(field_sets())} data sets (mean)"}
    options |= {name: f"{sets_said(sets)[4:]} (mean)" for name, sets in groups().items()}
    options |= {each.short: each.title for each in field_sets()}
    name = one_of("sets", list(options), "all", "a data set or a group of the field")
    select("sets", "Data sets", options, name)
    return find_sets(name)


def cost_view(engine: Engine, sets: tuple[FieldSet, ...], chosen: FieldFilter, own: tuple[OwnFigure, ...]) -> None:
    """Accuracy against a cost."""
    cost = one_of("cost", list(COSTS), "parameters")
    frame = standings_frame(standings(sets, chosen))
    costs, values = frame[cost].to_numpy(float), frame["mean"].to_numpy(float)
    best = front(costs, values)
    here = tuple(each for each in own if len(sets) == 1 and each.field_set == sets[0])
    said = cost_said(cost, costs, values, len(best), sets)
    figure = f"Mean of {len(sets)} data sets" if len(sets) > 1 else sets[0].title
    mine = with_costs(engine, here)
    draw(field_cost_chart(frame, cost, list(best), mine, title=said, figure=figure, **chart_look()), key="field-cost")


def table_view(engine: Engine, sets: tuple[FieldSet, ...], chosen: FieldFilter, own: tuple[OwnFigure, ...]) -> None:
    """Every figure."""
    frame = standings_frame(standings(sets, chosen))
    st.caption(
        f"{count(len(frame), 'checkpoint')} · {count(len(sets), 'data set')} · click a heading to sort. The stronger "
        "the shade of a cell, the higher in its column. Checkpoints whose 95 % intervals overlap share a rank; figures "
        "without an interval (worst group, F1) share one only where they are equal."
    )
    field_table(frame, sets)
    save_rows(frame, "field", key="field-csv")


def line_view(engine: Engine, sets: tuple[FieldSet, ...], chosen: FieldFilter, own: tuple[OwnFigure, ...]) -> None:
    """One data set against another over all checkpoints."""
    names = {each.short: each.title for each in field_sets()}
    usual = sets[0].short if len(sets) == 1 and sets[0].short != "imagenet1k" else "imagenetv2"
    x, y = one_of("x", list(names), "imagenet1k"), one_of("y", list(names), usual)
    for column, (name, label, now) in zip(st.columns(2), (("x", "Across", x), ("y", "Upward", y)), strict=True):
        with column:
            select(name, label, names, now)
    if x == y:
        st.info("Choose two different data sets.", icon=":material/info:")
        return
    found = set_against_set(find_set(x), find_set(y), chosen)
    mine = on_both(own, found.x, found.y)
    titles = (found.x.title, found.y.title)
    draw(
        field_line_chart(against_frame(found), found.line, titles, mine, title=against_said(found), **chart_look()),
        key="field-line",
    )


def alike_view(engine: Engine, sets: tuple[FieldSet, ...], chosen: FieldFilter, own: tuple[OwnFigure, ...]) -> None:
    """Correlations of data sets: of all of them where one alone is chosen."""
    found = set_correlations(sets if len(sets) > 1 else field_sets(), chosen)
    draw(
        field_correlations_chart(correlations_frame(found), title=correlations_said(found), **chart_look()),
        key="field-alike",
    )


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
