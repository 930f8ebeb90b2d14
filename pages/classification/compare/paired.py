"""The answer of a comparison: both figures, their paired difference, the two by two table behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import numpy as np
import pandas as pd
import streamlit as st

from core.charts.compare import difference_chart
from core.stats.intervals import PairedDifference
from core.stats.numbers import in_points, p_value, percent, points
from core.studies.answered import compare, shared_rows
from core.studies.few_shot.draw import FewShotDraw
from core.studies.probe.result import ProbeResult
from core.tables.compare import difference_row
from core.words.accuracy import at_chance, protocol_line, with_chance
from core.words.datasets import part_of
from core.words.few_shot import draw_line
from core.words.names import say_dataset
from core.words.probe import probe_line
from pages.classification.compare.sides import SideResult
from pages.classification.deck_table import STYLE
from pages.shared.chart import draw
from pages.shared.layout import Headline, conclusion, headline
from pages.shared.theme import chart_look
from pages.shared.words import plain

SideNames = tuple[str, str]
AnsweredPair = tuple[SideResult, SideResult]


def figures(pair: AnsweredPair, names: SideNames, short: SideNames) -> PairedDifference:
    """Both accuracies and the difference, large; then the finding."""
    difference = compare(*pair)
    places = st.columns(3)
    for place, result, name in zip(places[:2], pair, names, strict=True):
        with place:
            headline(
                Headline(label=name, value=result.acc1, ci95=_interval(result), under=_line(result), exact=result.model)
            )
    with places[2], st.container(gap="xxsmall"):
        ahead = 1 if difference.difference >= 0 else -1
        st.metric(
            plain(f"{short[0] if ahead > 0 else short[1]} ahead by"), points(abs(difference.difference), signed=True)
        )
        low, high = difference.ci95 if ahead > 0 else (-difference.ci95[1], -difference.ci95[0])
        between = f"{in_points(low, signed=True)} to {points(high, signed=True)}"
        st.caption(f"95 %: {between} · {plain(difference.test)}, p {p_value(difference.p_value)}")
    row = difference_row(difference, pair[0].model, pair[1].model, pair[0].dataset, a=short[0], b=short[1])
    conclusion(plain(with_chance(row["finding"], at_chance(pair, short))), pair)
    return difference


def _interval(result: SideResult) -> tuple[float, float]:
    return result.test_acc1_ci95 if isinstance(result, ProbeResult) else result.acc1_ci95


def _line(result: SideResult) -> str:
    if isinstance(result, FewShotDraw):
        return draw_line(result)
    return probe_line(result) if isinstance(result, ProbeResult) else protocol_line(result)


def differences(pairs: Sequence[AnsweredPair], names: SideNames, picked: Callable[[str], None]) -> None:
    """The difference plot: top-1 and top-5 on the first pair's data set, top-1 on the others; a click on a data set
    leads to it."""
    first = pairs[0]
    several = len(first[0].classnames) > 5
    rows = [_row(first, names, 1, ", top-1" if several else "")]
    rows += [_row(first, names, 5, ", top-5")] if several else []
    rows += [_row(pair, names, 1, ", top-1") for pair in pairs[1:]]
    title = "Does it hold elsewhere?" if len(pairs) > 1 else "How far apart are they?"
    chart = difference_chart(pd.DataFrame(rows), title=title, **chart_look())
    draw(chart, key="chart-difference", picked=lambda mark: picked(str(mark[2])), title=len(pairs) > 1)


def _row(pair: AnsweredPair, names: SideNames, k: int, end: str) -> dict[str, object]:
    a, b = pair
    row = difference_row(compare(a, b, k), a.model, b.model, a.dataset, a=names[0], b=names[1])
    return row | {"dataset_title": f"{say_dataset(a.dataset)}{end}", "k": k}


def two_by_two(pair: AnsweredPair, names: SideNames) -> None:
    """How many pictures both, one or neither names right."""
    left, right = shared_rows(*pair)
    a, b = pair[0].correct[left], pair[1].correct[right]
    cells = [[int(np.sum((a == x) & (b == y))) for y in (True, False)] for x in (True, False)]
    n = len(a)
    of = part_of(pair[0].dataset, pair[0].split, n)
    head = "".join(f'<th scope="col">{escape(names[1])}: {word}</th>' for word in ("correct", "wrong"))
    body = "".join(
        f'<tr><th scope="row">{escape(names[0])}: {word}</th>'
        + "".join(
            f'<td data-label="{escape(names[1], quote=True)}: {other}"><span class="value">{cell:,}</span> '
            f'<span class="interval">{percent(cell / n)}</span></td>'
            for cell, other in zip(row, ("correct", "wrong"), strict=True)
        )
        + "</tr>"
        for row, word in zip(cells, ("correct", "wrong"), strict=True)
    )
    st.html(
        f'<style>{STYLE}</style><table class="deck"><caption>{escape(of)}, each classified by both</caption>'
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
    st.caption(
        "Only the two cells where they disagree bear on the difference. McNemar’s exact test gives the probability "
        "of a split at least this uneven if both were equally accurate."
    )
