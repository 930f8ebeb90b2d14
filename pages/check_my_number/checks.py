"""The checks of an audit on a page: large figures, the finding, what the number would be otherwise, every check."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from core.charts.audit import otherwise_chart
from core.stats.numbers import count, interval_text, listed, percent, points, upper_first
from core.studies.audit import AuditResult, Counterfactual, Finding
from core.studies.audit.finding import CANNOT_TELL
from core.tables.audit import audit_frame, otherwise_frame, published_figure
from core.types import Interval
from core.words.audit import gain_line
from core.words.datasets import part_of
from pages.check_my_number.beside_field import outside_chart
from pages.shared.chart import draw
from pages.shared.layout import Headline, conclusion, headlines, show_remarks
from pages.shared.save import save_rows
from pages.shared.theme import chart_look
from pages.shared.words import plain, source_link

WORDS = {"fault": "Fault", "warning": "Warning", "ok": "Passed", "cannot tell": "Could not run"}
ICONS = {"fault": ":material/error:", "warning": ":material/warning:"}
RECALL = "image_retrieval_recall@1"
MOST_OTHERWISE = 2


def show_audit(result: AuditResult, key: str) -> None:
    """The number, what would change it most, the finding, what is wrong, and the chart of all ways to come by it."""
    headlines(_figures(result))
    conclusion(plain(result.sentence))
    for found in result.raised:
        if found.verdict == "fault":
            _raised(found)
    # What raised a doubt stands below with its check.
    show_remarks([note for note in result.case.notes if note.level == "info"])
    frame = otherwise_frame(result)
    if len(frame) > 1:
        draw(otherwise_chart(frame, **chart_look()), key=f"chart-otherwise-{key}")


def _figures(result: AuditResult) -> list[Headline]:
    case = result.case
    metric = "acc1" if case.acc1 is not None else RECALL
    value = case.acc1 if case.acc1 is not None else case.scores.get(RECALL)
    if value is None:
        return []
    interval: Interval = case.interval(metric) or (value, value)
    said = "Top-1 accuracy" if metric == "acc1" else "Caption to image, recall@1"
    pictures = part_of(case.dataset, case.split, case.n) if case.n else "an unknown number of images"
    figures = [Headline(label=f"{said}, as measured", value=value, ci95=interval, under=pictures, exact=case.model)]
    return figures + [
        Headline(label=g.said.capitalize(), value=g.value, ci95=g.ci95, under=gain_line(g)) for g in _best(result)
    ]


def _best(result: AuditResult) -> list[Counterfactual]:
    """What the raised checks would make of the number, the largest gain first."""
    gains = {f.counterfactual.said: f.counterfactual for f in result.raised if f.counterfactual is not None}
    better = [gain for gain in gains.values() if gain.difference > 0]
    return sorted(better, key=lambda gain: -gain.difference)[:MOST_OTHERWISE]


def checks(result: AuditResult, key: str, encode: Callable[[], None] | None = None) -> None:
    """The warnings in full, the rest one press away; faults stand above the chart. `encode` draws the button that
    encodes a sample again."""
    figure, value = published_figure(result), result.case.acc1
    if figure is not None and value is not None:
        st.caption(
            f"Published: **{percent(figure.value)}** ({plain(figure.protocol)}), "
            f"{points(value - figure.value, signed=True)} from it here. Source: {source_link(figure.source)}."
        )
    for found in result.raised:
        if found.verdict != "fault":
            _raised(found)
    outside_chart(result, key)
    quiet = [f for f in result.findings if not f.raised]
    for verdict, said in (("ok", "passed"), (CANNOT_TELL, "could not run")):
        rows = [f for f in quiet if f.verdict == verdict]
        if rows:
            _folded(rows, f"{count(len(rows), 'check')} {said}", f"{key}-{verdict}")
    if encode is not None and any(f.check == "deterministic" and f.verdict == CANNOT_TELL for f in quiet):
        encode()


def save_checks(result: AuditResult, key: str) -> None:
    """Every check with its evidence as a file."""
    save_rows(audit_frame([result]), "audit", key=f"csv-audit-{key}")


def _raised(found: Finding) -> None:
    """One check that raised something, in the colour of its verdict."""
    said = [f"**{WORDS[found.verdict]}** · {plain(found.question)}", plain(found.evidence)]
    if (gain := found.counterfactual) is not None:
        said.append(
            f"{plain(upper_first(gain.said))} it would be **{percent(gain.value)}** "
            f"({interval_text(gain.ci95)}), {points(gain.difference, signed=True)}."
        )
    if found.advice:
        said.append(plain(found.advice))
    box = st.error if found.verdict == "fault" else st.warning
    box("\n\n".join(said), icon=ICONS[found.verdict])


def _folded(rows: Sequence[Finding], title: str, key: str) -> None:
    about = listed([f.check.replace("-", " ") for f in rows])
    box = st.expander(f"{title}: {about}", on_change="rerun", key=f"open-{key}")
    if box.open:
        for found in rows:
            box.markdown(f"**{plain(found.question)}** {plain(found.evidence)}")
