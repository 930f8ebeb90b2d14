"""What makes a caption hard, and whether one model is better beyond chance."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import streamlit as st

from core.charts.compare import difference_chart
from core.charts.retrieval import bands_chart
from core.engine import Engine
from core.studies.captions.breakdown import RetrievalDifference
from core.studies.captions.retrieval import ALL_CAPTIONS, RetrievalResult
from core.studies.captions.study import Retrieval, retrieval_by
from core.tables.retrieval import bands_frame, retrieval_difference_frame
from core.words.captions import band_line, paired_on
from core.words.names import short_names
from pages.shared.chart import draw
from pages.shared.theme import chart_look
from pages.shared.url_choices import note_wrong_choice, one_of
from pages.shared.url_state import get_choice, set_choice
from pages.shared.widgets import segments, select, widget_key
from pages.shared.words import plain

LENGTH, CONTENDERS, CROWDING = "length", "contenders", "crowding"
WAYS = {LENGTH: "Caption length", CONTENDERS: "Competing images", CROWDING: "Look-alikes"}
AXES = {LENGTH: "Words", CONTENDERS: "Contenders", CROWDING: "Neighbourhood"}
TITLES = {
    LENGTH: "Do longer captions do better?",
    CONTENDERS: "Do captions that fit many images fail more often?",
    CROWDING: "Do images with look-alikes fail more often?",
}
UNITS = {LENGTH: "words", CONTENDERS: "contenders", CROWDING: ""}
WHAT = {
    LENGTH: "Captions by their number of words.",
    CONTENDERS: "Captions by how many images score within one logit (1 / logit scale) of the first one: how many "
    "other images fit the same words almost as well.",
    CROWDING: "Captions by the mean cosine of their image with its ten nearest other images, in four groups "
    "of equal size.",
}


def hardness(engine: Engine, results: Sequence[RetrievalResult]) -> None:
    """Recall@1 of captions by one property."""
    by = one_of("hard", WAYS, CONTENDERS)
    segments("hard", "By", WAYS, by)
    bands = {r.model: retrieval_by(engine, _study(engine, r), by) for r in results}
    chart = bands_chart(bands_frame(bands), axis=AXES[by], title=TITLES[by], **chart_look())
    draw(chart, key=f"chart-{by}")
    first = results[0]
    st.markdown(plain(band_line(bands, first.model, UNITS[by])))
    st.caption(plain(WHAT[by]))


def _study(engine: Engine, result: RetrievalResult) -> Retrieval:
    cap = result.captions_per_picture or ALL_CAPTIONS
    return Retrieval.at(engine, result.model, result.dataset, result.split, captions_per_picture=cap)


# --- pairs ------------------------------------------------------------------------------------------------


def pick_pair(results: Sequence[RetrievalResult]) -> tuple[RetrievalResult, RetrievalResult] | None:
    """The two models that are compared: the only two, or those chosen; None for one model."""
    pairs = {f"{a.model}\n{b.model}": (a, b) for a, b in combinations(results, 2)}
    if not pairs:
        return None
    asked, now = get_choice("pair"), next(iter(pairs))
    if "\n".join(asked) in pairs:
        now = "\n".join(asked)
    elif asked:
        note_wrong_choice("pair", ", ".join(asked), "two of the models above", "the first two are compared")
    if len(pairs) > 1:
        names = dict(zip((r.model for r in results), short_names([r.model for r in results]), strict=True))
        titles = {key: f"{names[a.model]} with {names[b.model]}" for key, (a, b) in pairs.items()}
        select("pair", "Compare", list(pairs), now, format_func=titles.__getitem__, on_change=_picked)
    return pairs[now]


def _picked() -> None:
    set_choice("pair", st.session_state[widget_key("pair")].split("\n"))


def differences(results: Sequence[RetrievalResult], gap: RetrievalDifference | None) -> None:
    """Every paired difference of two models, with its interval."""
    if gap is None:
        st.caption("Choose a second model above to compare both on the same captions, paired.")
        return
    frame = retrieval_difference_frame(gap, results[0].dataset)
    chart = difference_chart(
        frame, title="Is the difference more than chance?", unit="points (MRR: hundredths)", **chart_look()
    )
    draw(chart, key="chart-difference")
    st.caption(paired_on(gap))
