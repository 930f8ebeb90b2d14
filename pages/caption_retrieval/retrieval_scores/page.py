"""Benchmark: recall in both directions, ranks, paired differences, and what makes a caption hard."""

from collections.abc import Sequence

import streamlit as st

from core.charts.retrieval import recalls_chart
from core.engine import Engine
from core.errors import NotHere
from core.stats.numbers import count, full_stop, lower_first
from core.studies.captions.breakdown import RetrievalDifference
from core.studies.captions.retrieval import RetrievalResult
from core.studies.captions.study import compare_retrieval
from core.tables.retrieval import direction_of, recalls_frame
from core.types import DatasetSpec, ModelSpec
from core.words.captions import SIDES, Side, retrieval_finding, retrieval_line, what_counts
from core.words.datasets import part_of
from core.words.glossary import explain
from core.words.names import say_pair, short_names
from pages.caption_retrieval.caption_list import PAGE_KEY, caption_list, show_ranks
from pages.caption_retrieval.retrieval_scores.figures_table import figures_table
from pages.caption_retrieval.retrieval_scores.hardness import differences, hardness, pick_pair
from pages.caption_retrieval.retrieval_scores.own_captions import pick_own, report
from pages.caption_retrieval.retrieval_scores.ranks import ranks
from pages.shared.captions_used import CaptionsUsed, pick_captions_used, ranked
from pages.shared.chart import draw
from pages.shared.choice_rows import pick_on_dataset
from pages.shared.engine import engine
from pages.shared.guard import errors_in_place
from pages.shared.layout import Headline, conclusion, headlines, page_title, provenance_footer, show_quiet_notes
from pages.shared.missing import Pair, offer
from pages.shared.navigation import to_caption
from pages.shared.paging import page_choice
from pages.shared.pickers import pick_models
from pages.shared.theme import chart_look
from pages.shared.url_state import bind, get_choice
from pages.shared.words import plain

MOST_HEADLINES = 4
KEPT = ("each", "pair", "stand", "hard", "listed", "by", "ranks", "words")


def page(engine: Engine) -> None:
    """From the choices to the answer."""
    chosen = pick_on_dataset(engine, [4, 4, 3], lambda e, d: pick_models(e, [d]), kind="captions")
    if chosen is None:
        return
    models, dataset, (right,) = chosen
    with right:
        how = pick_captions_used(engine, dataset)
    with errors_in_place():
        pick_own(engine, models)
    with errors_in_place():
        report(engine, dataset, how)
    results, missing = study(engine, models, dataset, how)
    offer(engine, missing)
    if results:
        show_results(engine, results)
        footer(results, how)


def study(
    engine: Engine, models: Sequence[ModelSpec], dataset: DatasetSpec, how: CaptionsUsed
) -> tuple[list[RetrievalResult], list[Pair]]:
    """The results that the cache can give, and the pairs that are not embedded."""
    results, missing = list[RetrievalResult](), list[Pair]()
    for model in models:
        try:
            results.append(ranked(engine, model.name, dataset.name, how))
        except NotHere:
            missing.append((model, dataset, how.split))
    return results, missing


# --- the answer -------------------------------------------------------------------------------------------


def show_results(engine: Engine, results: list[RetrievalResult]) -> None:
    """Large figures, the finding, both directions, all figures, ranks, differences, the captions."""
    headlines(figures(results), models=len(results) if len(results) > 2 else 0)
    pair = pick_pair(results)
    gap = compare_retrieval(engine, *pair) if pair else None
    sentences(results, gap)
    recalls(results)
    behind(engine, results, gap)
    with errors_in_place():
        st.header("Hardest captions", anchor=False)
        captions = [engine.vectors.require(engine.place(r.model, r.dataset, r.split)).captions for r in results]
        caption_list(engine, results, captions, to_caption)


def figures(results: Sequence[RetrievalResult]) -> list[Headline]:
    """Recall@1 of both directions for one or two models, of captions for more."""
    parts: list[tuple[RetrievalResult, Side, int]]
    if len(results) == 1:
        only = results[0]
        parts = [(only, "image", 1), (only, "image", 10), (only, "text", 1), (only, "text", 10)]
    elif len(results) == 2:
        parts = [(r, side, 1) for side in SIDES for r in results]
    else:
        parts = [(r, "image", 1) for r in results[:MOST_HEADLINES]]
    names = dict(zip((r.model for r in results), short_names([r.model for r in results]), strict=True))
    return [_headline(r, side, k, names[r.model] if len(results) > 1 else "") for r, side, k in parts]


def _headline(result: RetrievalResult, side: Side, k: int, name: str) -> Headline:
    found = direction_of(result, side)
    label = SIDES[side] + ("" if k == 1 else f", first {k}")
    images = part_of(result.dataset, result.split, result.n_images)
    among = images if side == "image" else count(result.n_texts, "caption")
    return Headline(
        label=f"{name}: {lower_first(label)}" if name else label,
        value=found.recall[k],
        ci95=found.recall_ci95[k],
        under=f"recall@{k} · {found.n:,} queries over {among}",
        exact=result.model,
        explained=explain("recall@k"),
    )


def sentences(results: Sequence[RetrievalResult], gap: RetrievalDifference | None) -> None:
    """The finding, and what must be known before the figures are read."""
    conclusion(plain(full_stop(retrieval_finding(results, gap))), results, remarks=False)


def recalls(results: Sequence[RetrievalResult]) -> None:
    """Recall at 1, 5 and 10 of both directions, each with its definition; a click lists what is not found."""
    frame = recalls_frame(results)
    for place, side in zip(st.columns(2, gap="large"), SIDES, strict=True):
        with place:
            chart = recalls_chart(frame, side, title=SIDES[side], **chart_look())
            draw(chart, key=f"chart-{side}", picked=lambda mark: _beyond(mark[0], mark[1], int(mark[2])))
            st.caption(plain(what_counts(results[0], side)))


def _beyond(model: str, side: str, k: int) -> None:
    show_ranks("text" if side == "text" else "image", model, k + 1, None)


def behind(engine: Engine, results: Sequence[RetrievalResult], gap: RetrievalDifference | None) -> None:
    """What is behind the recalls, a tab each: all figures, ranks, the paired differences, what makes a caption hard."""
    figures, rank, paired, hard = st.tabs(
        ["All figures", "Rank of the correct match", "Paired differences", "What makes a caption hard?"]
    )
    with figures, errors_in_place():
        figures_table(results)
        show_quiet_notes(results)
    with rank, errors_in_place():
        ranks(results)
    with paired, errors_in_place():
        differences(results, gap)
    with hard, errors_in_place():
        hardness(engine, results)


def footer(results: Sequence[RetrievalResult], how: CaptionsUsed) -> None:
    """Where the numbers come from, and the link."""
    provenance_footer(
        [(f"{say_pair(r.model, r.dataset)}: {retrieval_line(r)}", r.provenance) for r in results],
        {
            "model": [r.model for r in results],
            "data": [results[0].dataset],
            **how.choices,
            **{name: get_choice(name) for name in KEPT if name != "each"},
            **page_choice(PAGE_KEY),
        },
    )


bind(*KEPT)
page_title("Does a caption find its own image?")
with errors_in_place():
    page(engine())
