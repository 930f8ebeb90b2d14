"""Beside a comparison: how far each side's probabilities can be believed, and what accuracy costs."""

from __future__ import annotations

import streamlit as st

from core.charts.calibration import reliability_chart
from core.charts.cost import cost_chart
from core.embedding.speed import Speed, speed
from core.engine import Engine
from core.errors import EncoderWarming, NotHere
from core.stats.metrics import calibration
from core.stats.numbers import count, listed
from core.studies.few_shot.draw import FewShotDraw
from core.studies.probe.result import ProbeResult
from core.studies.zero_shot.classify import ZeroShotResult
from core.studies.zero_shot.study import ZeroShot
from core.tables.accuracy import accuracy_frame
from core.tables.compare import calibration_frame, cost_frame
from core.types import DatasetSpec
from core.words.accuracy import calibration_finding, own_rule_line
from core.words.glossary import explain
from core.words.names import say_model
from pages.classification.compare.paired import AnsweredPair, SideNames
from pages.classification.compare.sides import SideResult
from pages.shared.chart import draw
from pages.shared.stored import known_models, stored_pairs
from pages.shared.theme import chart_look
from pages.shared.url_choices import check_bound
from pages.shared.words import plain

SIZE, TIME = "Size", "Time"


def show_calibration(pair: AnsweredPair, names: SideNames) -> None:
    """The reliability curves, and how each side's probabilities come about."""
    draw(reliability_chart(calibration_frame(pair, names=names), **chart_look()), key="chart-reliability")
    for result, name in zip(pair, names, strict=True):
        found = calibration(result.confidence, result.correct)
        st.caption(
            f"{plain(calibration_finding(found, name))}: {plain(_scale(result))}.", help=explain("ECE", "logit scale")
        )


def _scale(result: SideResult) -> str:
    """How a side's probabilities are made of its scores."""
    rule = result.provenance.score_rule
    if isinstance(result, ZeroShotResult) and rule is not None:
        return own_rule_line(rule)
    if isinstance(result, ProbeResult) or (isinstance(result, FewShotDraw) and result.method == "probe"):
        return "softmax of the probe’s scores"
    cosines = f"softmax of cosine × {result.logit_scale:.4g}, the model’s own logit scale"
    return f"{cosines}, plus the contribution of the labeled images" if isinstance(result, FewShotDraw) else cosines


def cost(engine: Engine, dataset: DatasetSpec) -> None:
    """Zero-shot accuracy of every model that is here against its size, or the time that one picture took."""
    found, speeds = _measured(engine, dataset)
    if not found:
        return
    check_bound("cost", (SIZE, TIME), f"{SIZE} is used instead")
    by = st.segmented_control(
        "Zero-shot accuracy against", [SIZE, TIME], default=SIZE, key="cost", bind="query-params", required=True
    )
    if by == TIME and not speeds:
        st.caption(
            "Embedding times are recorded on this machine; these embeddings came from "
            "elsewhere or from an earlier version."
        )
        return
    frame = cost_frame(accuracy_frame(found), {model: s.seconds_per_picture for model, s in speeds.items()})
    chart = cost_chart(frame, "seconds_per_picture" if by == TIME else "parameters", **chart_look())
    draw(chart, key="chart-cost")
    st.caption(_whence(speeds) if by == TIME else "Parameters of both towers, from the model's own configuration.")


def _measured(engine: Engine, dataset: DatasetSpec) -> tuple[list[ZeroShotResult], dict[str, Speed]]:
    """Zero-shot with the data set's own prompts, and the time it took to embed a picture, of what is stored."""
    found, speeds = list[ZeroShotResult](), dict[str, Speed]()
    stored = stored_pairs(engine).pairs
    for model in (m.name for m in known_models(engine) if (m.name, dataset.name) in stored):
        try:
            study = ZeroShot.at(engine, model, dataset.name)
            found.append(engine.run(study))
        except (NotHere, EncoderWarming):
            continue
        if taken := speed(engine.results, engine.vectors.require(study.place).key):
            speeds[model] = taken
    return found, speeds


def _whence(speeds: dict[str, Speed]) -> str:
    devices = listed(sorted({s.device for s in speeds.values()}))
    each = listed([f"{say_model(m)} over {count(s.n, 'image')}" for m, s in speeds.items()])
    return plain(
        f"Measured while these images were embedded on this machine ({devices}), reading and preprocessing "
        f"included: {each}."
    )
