"""Few-shot sides of a comparison: training the one draw that is asked for, and what a single draw is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import streamlit as st

from core.engine import Engine
from core.studies.few_shot.draw import FewShotDraw
from core.studies.few_shot.gain import differences_by_seed
from core.studies.few_shot.result import FewShotRun
from core.studies.few_shot.study import FewShot, SingleDraw, kept_draws
from core.types import DatasetSpec
from core.words.few_shot import one_draw, other_draws
from pages.classification.compare.paired import AnsweredPair, SideNames
from pages.classification.compare.sides import Side
from pages.shared.navigation import to_few_shot
from pages.shared.training import offer_training, untrainable
from pages.shared.words import plain

LASTS = "This runs the few-shot study for these draws: seconds for small sets, minutes for large ones."


def offer_draws(engine: Engine, sides: Sequence[Side], dataset: DatasetSpec, split: str | None) -> None:
    """Progress and the button for draws whose answers are not kept; why none can be, where nothing can be trained."""
    if not sides:
        return
    if why := untrainable(engine, dataset):
        st.info(plain(why), icon=":material/info:")
        return
    studies = (SingleDraw.at(engine, s.model.name, dataset.name, split, seed=s.seed, **s.draw) for s in sides)
    wanted = {study.job_key(): study for study in studies}
    what = "a few-shot classifier"
    offer_training(engine, list(wanted.values()), what=what, key="train-draws", lasts=LASTS, early=True)


def _kept_draws(engine: Engine, result: FewShotDraw, side: Side) -> Mapping[int, FewShotRun]:
    prompts = {"methods": (side.draw["method"],), "shots": (side.shots,), **side.prompts}
    return kept_draws(engine, FewShot.at(engine, side.model.name, result.dataset, result.split, **prompts))


def worth(engine: Engine, pair: AnsweredPair, two: tuple[Side, Side], names: SideNames) -> None:
    """For each few-shot side that it is one draw and how far draws are apart; then what that does to the difference."""
    drawn = [(r, side, name) for r, side, name in zip(pair, two, names, strict=True) if isinstance(r, FewShotDraw)]
    if not drawn:
        return
    kept = {side: _kept_draws(engine, r, side) for r, side, _ in drawn}
    said = [one_draw(r, name, kept[side]) for r, side, name in drawn]
    seeds = "each, matched by seed" if len(drawn) == 2 else drawn[0][2]
    ends: list[Mapping[int, FewShotRun] | float] = [
        kept.get(side, result.acc1) for result, side in zip(pair, two, strict=True)
    ]
    # Two draws of the same kind are each other's other draw; seed beside seed they are one.
    same = two[0].drawn and replace(two[0], seed=two[1].seed) == two[1]
    said.append(other_draws({} if same else differences_by_seed(*ends), seeds))
    words, way = st.columns([5, 1], vertical_alignment="center")
    words.info(plain(" ".join(said)), icon=":material/casino:")
    way.button(
        "All draws",
        key="to-few-shot",
        width="stretch",
        on_click=to_few_shot,
        args=(pair[0].model if drawn[0][0] is pair[0] else pair[1].model, pair[0].dataset, ("a", "b", "parted")),
        help="The few-shot study: every K, every method, several draws each",
    )
