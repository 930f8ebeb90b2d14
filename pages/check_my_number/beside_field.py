"""Where figures are among those of the field: several of a file in one table, and one outside in its chart."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.charts.field import field_line_chart
from core.stats.numbers import count
from core.studies.audit import AuditResult
from core.studies.field.expected import Expected, expected_of
from core.tables.field import beside_frame, expected_frame
from core.words.field import beside_said
from core.words.names import say_model
from pages.shared.beside_expected import PLACES, band, where_table
from pages.shared.brought import MOST_RESULTS, BroughtFile, figures_beside
from pages.shared.chart import draw
from pages.shared.save import save_rows
from pages.shared.theme import chart_look
from pages.shared.words import plain

MOST_REASONS = 14


def beside_the_field(file: BroughtFile) -> None:
    """Every figure of a file beside the published one and what to expect."""
    found = figures_beside(file.name, file.content)
    if not found.rows:
        return
    frame = beside_frame(found)
    st.subheader(plain(beside_said(found)), anchor=False)
    shares = pd.DataFrame(
        {
            "Model": frame["model_title"],
            "Data set": frame["set_title"],
            "Value": 100 * frame["value"],
            "Published": 100 * frame["published"].astype(float),
            "Difference": (100 * frame["difference"].astype(float)).round(1) + 0.0,
            "Expected": [band(low, high) for low, high in zip(frame["low"], frame["high"], strict=True)],
            "It is": [PLACES.get(place, why) for place, why in zip(frame["place"], frame["why"], strict=True)],
        }
    )
    where_table(shares, "Figures of the file beside published and expected ones")
    save_rows(frame, "beside-the-field", key="beside-csv")
    if found.left:
        with st.expander(f"{count(len(found.left), 'figure')} left out, and why"):
            st.markdown("\n".join(f"- {plain(reason)}" for reason in found.left[:MOST_REASONS]))
    if len(found.rows) > MOST_RESULTS:
        st.caption(f"The checks below are of the first {MOST_RESULTS}; bring one alone for its checks.")


def outside_chart(result: AuditResult, key: str) -> None:
    """The line of the check on the field with this figure in it, where that raised a warning."""
    found = expected_here(result)
    case = result.case
    value = None if found is None else case.scores.get(found.here.metric, case.acc1)
    if found is None or value is None or not result.finding("field").raised:
        return
    own = pd.DataFrame(
        [
            {
                "model": case.model,
                "model_title": say_model(case.model),
                "x": found.level,
                "y": value,
                "whose": "this figure",
            }
        ]
    )
    names = (f"Mean over {len(found.elsewhere)} other data sets", found.here.title)
    title = f"{found.here.title} against the other data sets of the field"
    chart = field_line_chart(expected_frame(found), found.line, names, own, title=title, **chart_look())
    draw(chart, key=f"outside-{key}")


def expected_here(result: AuditResult) -> Expected | None:
    """What the check on the field expects of this result; None where it has nothing to say."""
    known = result.case.known
    if known.checkpoint is None or known.field_set is None or not any(f.check == "field" for f in result.findings):
        return None
    return expected_of(known.checkpoint, known.field_set)
