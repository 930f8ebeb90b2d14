"""Compare: two models, methods or wordings on the same pictures, and the pictures on which they part."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.engine import Engine
from core.figures.calibration import reliability_chart
from core.figures.compare import difference_chart
from core.figures.cost import cost_chart
from core.frames import accuracy_frame
from core.frames.answered import PROBE, Answered
from core.frames.compare import calibration_frame, cost_frame, difference_row, disagreements_frame
from core.frames.findings import compare as paired
from core.studies.zero_shot import ZeroShotResult
from core.types import DatasetSpec, EncoderWarming, NotHere
from pages.classification.probes import kept_probes, offer_probes
from pages.classification.sides import Side, pick_side, said, sides
from pages.shared.answer import Headline, finding, foot, headlines, question
from pages.shared.chart import draw
from pages.shared.engine import engine
from pages.shared.grid import Tile, grid
from pages.shared.guard import in_place
from pages.shared.here import known_models
from pages.shared.link import choose, chosen, keep
from pages.shared.missing import offer
from pages.shared.pickers import pick_dataset
from pages.shared.picture import picture_dialog
from pages.shared.theme import theme
from pages.shared.words import count, plain

LEAD = "Both answer for the same pictures, so the difference is paired: what both get right or wrong cancels out."
PAGE = 20


def page(engine: Engine) -> None:
    """From the choices to the pictures."""
    dataset = pick_dataset(engine)
    if dataset is None:
        return
    pair = sides(engine, dataset)
    for place, name, side, title in zip(st.columns(2, gap="large"), "ab", pair, ("First", "Second")):
        with place:
            pick_side(engine, name, side, title)
    # A probe answers for the pictures it was not trained on, so the other side must answer for the same.
    split = engine.tested_split(dataset.name) if PROBE in (side.method for side in pair) else None
    found = [_result(engine, side, dataset, split) for side in pair]
    if found[0] is None or found[1] is None:
        return
    a, b = found[0], found[1]
    names = (said(pair[0], pair[1]), said(pair[1], pair[0]))
    answer(engine, a, b, names, dataset)
    parted(engine, a, b, names)
    foot(
        [(f"{name} on {dataset.title}", result.provenance) for name, result in zip(names, (a, b))],
        {"data": [dataset.name], "a": pair[0].token, "b": pair[1].token, "picture": chosen("picture")},
    )
    if (picture := next(iter(chosen("picture")), "")) in a.ids and picture in b.ids:
        picture_dialog(engine, [a, b], picture, lambda: choose("picture", None))


def _result(engine: Engine, side: Side, dataset: DatasetSpec, split: str | None) -> Answered | None:
    """One side's answers, or what is missing for them and the button that mends it."""
    try:
        found = side.result(engine, dataset, split)
    except NotHere:
        offer(engine, [(side.model, dataset, split)])
        return None
    if found is None:
        _, missing = kept_probes(engine, [(side.model, dataset, split)])
        offer_probes(engine, missing, key=f"train-{side.model.name}")
        if not missing:
            st.info(f"{plain(dataset.title)} has no training split, so there is no probe to compare.")
    return found


def _share(result: Answered) -> tuple[float, tuple[float, float]]:
    if isinstance(result, ZeroShotResult):
        return result.acc1, result.acc1_ci95
    return result.test_acc1, result.test_acc1_ci95


def answer(engine: Engine, a: Answered, b: Answered, names: tuple[str, str], dataset: DatasetSpec) -> None:
    """Large figures, the finding, the difference, and whether the probabilities can be believed."""
    headlines([
        Headline(name, *_share(result), f"{count(result.n, 'picture')} · top-1", result.model)
        for name, result in zip(names, (a, b))
    ])  # fmt: skip
    difference = paired(a, b)
    row = difference_row(difference, a.model, b.model, dataset.name, a=names[0], b=names[1])
    finding(plain(str(row["finding"])))
    both = difference.n - difference.n_only_a - difference.n_only_b
    st.markdown(
        f"Right only with {names[0]}: **{difference.n_only_a:,}**, only with {names[1]}: **{difference.n_only_b:,}**; "
        f"the same verdict on {both:,} of {count(difference.n, 'picture')}. "
        f"{plain(difference.test)}: p = {difference.p_value:.2g}."
    )
    left, right = st.columns(2, gap="large")
    with left:
        frame = pd.DataFrame([row])
        draw(difference_chart(frame, title="How far apart, on the same pictures?", theme=theme()), key="difference")
        _cost(engine, dataset)
    with right:
        draw(reliability_chart(calibration_frame([a, b], names=names), theme=theme()), key="reliability")


def _cost(engine: Engine, dataset: DatasetSpec) -> None:
    """Zero-shot accuracy of every model that is here against its size, or what embedding a picture took."""
    found, seconds = list[ZeroShotResult](), dict[str, float]()
    for model in known_models(engine):
        try:
            found.append(engine.zero_shot(model.name, dataset.name))
        except (NotHere, EncoderWarming):
            continue
        if speed := engine.speed(model.name, dataset.name):
            seconds[model.name] = speed.seconds_per_picture
    if not found:
        return
    by = st.segmented_control("Zero-shot accuracy against", ["Size", "Time"], default="Size", key="cost",
                              bind="query-params")
    frame = cost_frame(accuracy_frame(found), seconds)
    if by == "Time" and not seconds:
        st.caption("Time is known for pictures embedded on this machine; these came with the cache.")
        return
    draw(cost_chart(frame, "seconds_per_picture" if by == "Time" else "parameters", theme=theme()), key="cost-chart")
    if by == "Time":
        st.caption("Reading and preprocessing included, as measured when these pictures were embedded here.")


def parted(engine: Engine, a: Answered, b: Answered, names: tuple[str, str]) -> None:
    """The pictures that exactly one names right, both ways."""
    frame = disagreements_frame(a, b)
    st.header("On which pictures do they part?", anchor=False)
    if frame.empty:
        st.caption("On none: both name the same pictures right.")
        return
    for place, side, name in zip(st.columns(2, gap="large"), "ab", names):
        with place:
            _column(engine, a, frame[frame["right"] == side], side, name)
    st.download_button("CSV", lambda: frame.to_csv(index=False).encode(), "parted.csv", "text/csv", key="csv-parted",
                       on_click="ignore", type="tertiary", icon=":material/download:",
                       help="Every picture that only one of the two names right")


def _column(engine: Engine, result: Answered, rows: pd.DataFrame, side: str, name: str) -> None:
    st.markdown(f"**Right only with {name}:** {count(len(rows), 'picture')}")
    pages = max(1, -(-len(rows) // PAGE))
    page = min(int(st.session_state.get(f"page_{side}", 1)), pages)
    part = rows.iloc[(page - 1) * PAGE : page * PAGE]
    wrong = "b" if side == "a" else "a"
    tiles = [_tile(engine, result, row, str(row[f"answer_{wrong}"]), int(row[f"rank_{wrong}"]))
             for _, row in part.iterrows()]
    grid(tiles, key=f"parted-{side}", label=f"Pictures right only with {name}", tile=112,
         opened=lambda picture: choose("picture", picture))
    if pages > 1:
        st.pagination(pages, key=f"page_{side}", bind="query-params")


def _tile(engine: Engine, result: Answered, row: pd.Series, other: str, rank: int) -> Tile:
    true = str(row["true_name"])
    return Tile(
        id=str(row["id"]),
        thumbnail=engine.thumbnail(result.dataset, result.split, str(row["id"])),
        alt=f"{true}, named {other} by the other, where the right one is number {rank}",
        caption=true,
        note=f"the other: {other}",
    )


keep("a", "b", "picture")
question("Is the difference real, and where is it?", LEAD)
with in_place():
    page(engine())
