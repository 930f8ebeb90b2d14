"""Overview: what is here, the headline figures, and where to start."""

import numpy as np
import streamlit as st

from core.charts.accuracy import accuracy_chart
from core.engine import Engine
from core.errors import NotHere, TMVError
from core.studies.zero_shot.classify import ZeroShotResult
from core.tables.accuracy import accuracy_frame
from core.words.accuracy import accuracy_finding, protocol_line
from core.words.names import say_dataset, say_model
from pages.home.matrix import matrix
from pages.home.notice import demo_notice
from pages.shared import first_run
from pages.shared.chart import draw
from pages.shared.engine import engine
from pages.shared.grid import grid
from pages.shared.guard import errors_in_place
from pages.shared.layout import Headline, conclusion, headlines, page_title, provenance_footer, sources
from pages.shared.navigation import to_classes
from pages.shared.pickers import offered_datasets
from pages.shared.picture import answered_tile, picture_dialog
from pages.shared.prompt_picker import PromptChoice
from pages.shared.stored import StoredPairs, known_models, real_first, stored_pairs
from pages.shared.theme import chart_look
from pages.shared.url_choices import A_PICTURE, NONE_OPENED, one_of
from pages.shared.url_state import bind, set_choice
from pages.shared.words import plain

STARTS = (
    (
        "pages/classification/accuracy/page.py",
        "Compare models",
        "Several models and data sets, with intervals and published figures.",
    ),
    (
        "pages/classification/errors_by_class/page.py",
        "Look into the classes",
        "What is confused with what, and the pictures behind it.",
    ),
    ("pages/data_and_models/page.py", "Bring models and data", "Real CLIP weights, data sets, pictures of your own."),
)
MOST_HEADLINES, SOME = 4, 8
# Pixels kept free for the first answer while the demo is being prepared, so that nothing jumps.
ROOM = 620


def measured(engine: Engine, stored: StoredPairs) -> tuple[list[ZeroShotResult], set[tuple[str, str]]]:
    """Every stored pair as the data set is measured by default, and the pairs whose vectors are of other
    weights or pictures than those here now. Those whose texts are not encoded yet are left for their own
    page."""
    results, outdated = list[ZeroShotResult](), set[tuple[str, str]]()
    for dataset in (d for d in offered_datasets(engine) if d.kind == "classification"):
        for model in (m for m in known_models(engine) if (m.name, dataset.name) in stored.pairs):
            try:
                results.append(PromptChoice().study(engine, model.name, dataset))
            except NotHere:
                outdated.add((model.name, dataset.name))
            except TMVError:  # an encoder that is starting, or pictures without labels
                continue
    return results, outdated


def best_results(results: list[ZeroShotResult]) -> list[ZeroShotResult]:
    """The best result of each data set, real ones first."""
    names = real_first(tuple(dict.fromkeys(r.dataset for r in results)))
    return [max((r for r in results if r.dataset == name), key=lambda r: r.acc1) for name in names]


def show_results(results: list[ZeroShotResult]) -> None:
    """The best of each data set, the finding, and all measured pairs in one chart."""
    headlines(
        [
            Headline(
                label=f"{say_dataset(r.dataset)}: {say_model(r.model)}",
                value=r.acc1,
                ci95=r.acc1_ci95,
                under=protocol_line(r),
                exact=r.model,
            )
            for r in best_results(results)[:MOST_HEADLINES]
        ]
    )
    conclusion(plain(accuracy_finding(results)), results)
    chart = accuracy_chart(accuracy_frame(results), title="How far apart are they?", **chart_look())
    draw(chart, key="overview", picked=lambda mark: to_classes(mark[0], mark[1]))


def page(engine: Engine) -> None:
    """From what is here to where to start."""
    stored = stored_pairs(engine)
    if notice := demo_notice(stored):
        st.markdown(notice)
    preparing = first_run.show(engine)
    with st.skeleton(height=ROOM):
        results, outdated = measured(engine, stored)
    if results:
        show_results(results)
        with errors_in_place():
            some_pictures(engine, results)
    elif preparing:
        st.skeleton(height=ROOM)
    starts()
    st.header("What is here", anchor=False)
    matrix(
        [(m, engine.vectors.model_state(m)) for m in known_models(engine)],
        [(d, engine.data.state(d.name)) for d in offered_datasets(engine)],
        stored,
        {(r.model, r.dataset): r.acc1 for r in results},
        outdated,
    )
    st.caption(
        "Top-1 accuracy, zero-shot, with each data set's own prompts. Empty where weights or pictures are not on "
        "this machine. A click on a cell leads on: to its pictures, or to what is missing."
    )
    provenance_footer(sources(results), {})


def some_pictures(engine: Engine, results: list[ZeroShotResult]) -> None:
    """A row of pictures of the first data set, spread over its classes, as its best model names them."""
    first = [r for r in results if r.dataset == best_results(results)[0].dataset]
    top = max(first, key=lambda r: r.acc1)
    rows = np.linspace(0, top.n - 1, SOME).astype(int)
    label = f"Some pictures of {say_dataset(top.dataset)}, as {say_model(top.model)} names them"
    st.subheader(plain(label), anchor=False)
    tiles = [answered_tile(engine, top, int(row)) for row in rows]
    grid(tiles, key="some", label=label, tile=138, opened=lambda picture: set_choice("look", picture))
    if picture := one_of("look", top.ids, "", A_PICTURE, NONE_OPENED):
        picture_dialog(engine, first, picture, lambda: set_choice("look", None))


def starts() -> None:
    """Three ways on."""
    for place, (file, label, what) in zip(st.columns(3), STARTS, strict=True):
        with place:
            st.page_link(file, label=label, icon=":material/arrow_forward:")
            st.caption(what)


bind("look")
page_title("Which model names most pictures right?")
with errors_in_place():
    page(engine())
