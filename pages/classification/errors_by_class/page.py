"""Classes: what one model gets right on one data set, what it confuses, and the pictures behind it."""

from typing import Literal

import streamlit as st

from core.charts.classes import recall_chart
from core.charts.confusion import confusion_chart
from core.engine import Engine
from core.errors import NotHere
from core.stats.numbers import full_stop
from core.studies.zero_shot.classify import ZeroShotResult
from core.tables.classes import confused_frame, confusion_frame, per_class_frame
from core.words.accuracy import at_chance, collapse_finding, mistake_finding, with_chance
from core.words.names import say_model
from pages.classification.errors_by_class.confusion_pictures import pictures, show_cell
from pages.classification.errors_by_class.figures import figures
from pages.classification.errors_by_class.label_errors import label_errors
from pages.classification.errors_by_class.own_picture import own_picture
from pages.classification.errors_by_class.tables import class_table, confused_table
from pages.shared.answered_dialog import answered_dialog
from pages.shared.chart import draw
from pages.shared.choice_rows import pick_on_dataset
from pages.shared.engine import engine
from pages.shared.guard import errors_in_place
from pages.shared.layout import conclusion, headlines, page_title, provenance_footer
from pages.shared.missing import offer
from pages.shared.pickers import pick_model
from pages.shared.prompt_picker import PromptChoice, pick_prompts
from pages.shared.theme import chart_look, on_stage
from pages.shared.url_choices import A_PICTURE, NONE_OPENED, check_bound, one_of
from pages.shared.url_state import bind, get_choice
from pages.shared.words import plain

ORDERS: tuple[Literal["weakest", "strongest", "name"], ...] = ("weakest", "strongest", "name")
ORDER_WORDS = {"weakest": "Weakest first", "strongest": "Strongest first", "name": "By name"}
CLASSES = 16


def page(engine: Engine) -> tuple[str, ...]:
    """From the choices to the answer; gives the names of its classes."""
    chosen = pick_on_dataset(engine, [4, 4, 3], pick_model)
    if chosen is None:
        return ()
    model, dataset, (right,) = chosen
    with right:
        how = pick_prompts([dataset])
    try:
        result = how.study(engine, model.name, dataset)
    except NotHere:
        offer(engine, [(model, dataset, how.split_of(dataset))])
        return ()
    show_results(result)
    with errors_in_place():
        pictures(engine, result)
    if not on_stage():
        with errors_in_place():
            label_errors(engine, engine.place(model.name, dataset.name, how.split_of(dataset)), how)
    footer(result, how)
    if picture := one_of("picture", result.ids, "", A_PICTURE, NONE_OPENED):
        answered_dialog(engine, [result], picture, "picture")
    return tuple(result.classnames)


def show_results(result: ZeroShotResult) -> None:
    """Large figures, the finding, and the two charts that can be clicked."""
    headlines(figures(result))
    cells = confusion_frame(result)
    confusion = confusion_chart(cells, **chart_look(), title="Confusion by true and predicted class")
    said = collapse_finding(result)
    finding = said if said.code == "collapsed" else mistake_finding(cells)
    conclusion(plain(full_stop(with_chance(finding, at_chance([result])))), [result])
    # The files under both charts in one row, whatever stands over each.
    left, right = st.columns(2, gap="large", vertical_alignment="bottom")
    with left:
        check_bound("order", ORDERS, f"{ORDERS[0]} is used instead")
        order = st.segmented_control(
            "Order of the classes",
            ORDERS,
            default=ORDERS[0],
            required=True,
            format_func=ORDER_WORDS.__getitem__,
            key="order",
            bind="query-params",
        )
        recall = recall_chart(per_class_frame([result]), order=order, limit=CLASSES, **chart_look())
        draw(recall, key="chart-recall", picked=lambda mark: show_cell(result, int(mark[1]), None))
    with right:
        draw(confusion, key="chart-confusion", picked=lambda mark: show_cell(result, int(mark[0]), int(mark[1])))


def footer(result: ZeroShotResult, how: PromptChoice) -> None:
    """The tables, and where the numbers come from."""
    confused_table(result, confused_frame(result), show_cell)
    class_table(per_class_frame([result]))
    provenance_footer(
        [(f"{say_model(result.model)} on {result.dataset}", result.provenance)],
        {
            "model": [result.model],
            "data": [result.dataset],
            **how.choices,
            **{name: get_choice(name) for name in ("true", "predicted", "picture")},
        },
    )


bind("true", "predicted", "picture")
page_title("Which classes does the model confuse?")
classnames: tuple[str, ...] = ()
with errors_in_place():
    classnames = page(engine())
with errors_in_place():
    own_picture(engine(), classnames)
