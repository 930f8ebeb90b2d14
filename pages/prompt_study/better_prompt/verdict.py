"""What a search for prompts found: the path, what each choice is worth on held-out pictures, and which of these
it turns."""

from __future__ import annotations

import streamlit as st

from core.charts.prompt_search import search_path_chart
from core.engine import Engine
from core.stats.numbers import count, percent, points
from core.studies.prompts.heldout import BASELINE, UNLABELLED_WEIGHT, PromptSearchResult, Verdict
from core.studies.zero_shot.classify import ZeroShotResult
from core.studies.zero_shot.study import ZeroShot
from core.tables.prompts import path_frame, verdict_frame, weights_frame
from core.words.datasets import part_of
from core.words.prompts import CHOICES, ended_because, search_finding
from pages.shared.chart import draw
from pages.shared.grid import Tile, grid
from pages.shared.image_dialog import OpenedImage, image_dialog
from pages.shared.layout import Headline, conclusion, headlines
from pages.shared.paging import paged
from pages.shared.picture import answers, thumbnail
from pages.shared.save import save_rows
from pages.shared.theme import chart_look
from pages.shared.url_choices import A_PICTURE, NONE_OPENED, one_of
from pages.shared.url_state import set_choice
from pages.shared.widgets import segments
from pages.shared.words import plain

TEMPLATES = "pages/prompt_study/compare_templates/page.py"
KINDS = {"gained": "Gained", "lost": "Lost"}
PAGE = 24


def show_verdict(result: PromptSearchResult) -> None:
    """Large figures on held-out pictures alone, the finding, its warnings, and the path."""
    headlines([_headline(result, v) for v in (result.chosen, result.baseline, *reversed(result.variants))])
    conclusion(plain(search_finding(result)), [result])
    measured = part_of(result.dataset, result.split, result.n_search + result.n_heldout)
    st.caption(
        plain(f"{measured}: {result.n_search:,} to choose on, {result.n_heldout:,} held out. p values are unadjusted.")
    )
    draw(search_path_chart(path_frame(result), verdict_frame(result), **chart_look()), key="chart-search")


def _headline(result: PromptSearchResult, verdict: Verdict) -> Headline:
    gap = verdict.difference
    against = (
        ""
        if verdict.name == BASELINE
        else f" · {points(gap.difference, signed=True)}, p = {gap.p_value:.2g}".replace("e-", "e−")
    )
    return Headline(
        label=CHOICES[verdict.name],
        value=verdict.heldout_acc1,
        ci95=verdict.heldout_acc1_ci95,
        under=f"{count(len(verdict.templates), 'template')} · {count(result.n_heldout, 'held-out image')}{against}",
        exact=verdict.name,
    )


def chosen_templates(result: PromptSearchResult) -> None:
    """The templates that were taken, in order, with what each brought on the search part."""
    st.header("Chosen templates", anchor=False)
    st.caption(
        plain(f"{ended_because(result)} The search score is optimistic, because the templates were chosen by it.")
    )
    frame = path_frame(result)
    rows = frame.assign(search_acc1=100 * frame["search_acc1"], gain=100 * frame["gain"])
    number = st.column_config.NumberColumn
    st.dataframe(
        rows[["step", "template", "gain", "search_acc1", "tried"]],
        hide_index=True,
        alt="The templates taken, in order, with what each added on the search images",
        key="search-path",
        column_config={
            # So narrow that a phone shows beside it what the template brought.
            "step": st.column_config.NumberColumn("Step", width=50),
            "template": st.column_config.TextColumn("Template", width=180),
            "gain": number("Gain", format="%+.2f points", help="On the search images"),
            "search_acc1": number("Search score", format="%.2f %%", help="Used for choosing, so optimistic"),
            "tried": number("Tried", format="localized"),
        },
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        save_rows(frame, "search-path", key="search-path-csv")
        save_rows(verdict_frame(result), "search-verdicts", key="search-verdicts-csv", label="Verdicts as CSV")
        st.page_link(
            TEMPLATES,
            label="Compare them individually",
            icon=":material/arrow_forward:",
            query_params={"wording": list(result.chosen.templates)},
        )
    _weights(result)


def _weights(result: PromptSearchResult) -> None:
    box = st.expander("Weights of the label-free weighting", on_change="rerun", key="open-weights")
    if not box.open:
        return
    verdict = next(v for v in result.variants if v.name == UNLABELLED_WEIGHT)
    frame = weights_frame(verdict)
    with box:
        st.caption(
            "Zero-shot prompt ensembling weights a template by how confident it makes the model on images without "
            "labels "
            "(Allingham et al. 2023)."
        )
        st.dataframe(
            frame.assign(weight=100 * frame["weight"]),
            hide_index=True,
            alt="Weight of each template",
            column_config={
                "template": st.column_config.TextColumn("Template", width="large"),
                "weight": st.column_config.NumberColumn("Weight", format="%.2f %%"),
            },
        )
        save_rows(frame, "weights", key="weights-csv")


# --- pictures ---------------------------------------------------------------------------------------------


def turned_pictures(engine: Engine, result: PromptSearchResult) -> None:
    """Held-out pictures that the chosen templates turn right or wrong, with a click to one of them."""
    st.header("Held-out images whose label changes", anchor=False)
    ids = {"gained": result.chosen.gained, "lost": result.chosen.lost}
    now = one_of("turned", KINDS, max(KINDS, key=lambda kind: len(ids[kind])))
    segments(
        "turned", "Against the baseline", list(KINDS), now, format_func=lambda kind: f"{KINDS[kind]} {len(ids[kind]):,}"
    )
    before, after = _answers(engine, result)
    rows = {name: row for row, name in enumerate(after.ids)}
    if name := one_of("judged", rows, "", A_PICTURE, NONE_OPENED):
        _dialog(engine, before, after, name, "judged")
    if not ids[now]:
        st.caption("None.")
        return
    place, on_page = paged(len(ids[now]), PAGE, "turned-page")
    with place:
        grid(
            [_tile(engine, before, after, rows[name], now) for name in ids[now][on_page] if name in rows],
            key="turned-grid",
            tile=120,
            label=f"{KINDS[now]}: {count(len(ids[now]), 'held-out image')}",
            opened=lambda name: set_choice("judged", name),
            of=(after.dataset, after.split),
        )


def _answers(engine: Engine, result: PromptSearchResult) -> tuple[ZeroShotResult, ZeroShotResult]:
    """What the baseline and the chosen templates name every picture."""
    kind = result.protocol.classnames
    before, after = (
        engine.run(
            ZeroShot.at(engine, result.model, result.dataset, result.split, templates=v.templates, classnames=kind)
        )
        for v in (result.baseline, result.chosen)
    )
    return before, after


def _tile(engine: Engine, before: ZeroShotResult, after: ZeroShotResult, row: int, kind: str) -> Tile:
    names = after.classnames
    true, was, now = (names[i] for i in (after.labels[row], before.predicted[row], after.predicted[row]))
    gained = kind == "gained"
    return Tile(
        id=after.ids[row],
        thumbnail=thumbnail(engine, after.dataset, after.split, after.ids[row]),
        alt=f"{true}: classified as {was} before, as {now} now",
        caption=f"true: {true}",
        note=f"before: {was if gained else 'correct'}",
        label=true,
        right=gained,
        mark=_mark(gained, bool(after.correct[row]), now),
    )


def _mark(gained: bool, right: bool, named: str) -> str:
    """The new answer; where two classes are so close that rounding decides, the tile says so."""
    if gained != right:
        return "tied within rounding"
    return "now correct" if gained else f"now {named}"


def _dialog(engine: Engine, before: ZeroShotResult, after: ZeroShotResult, name: str, choice: str) -> None:
    def beside() -> None:
        for title, result in (("Baseline", before), ("Greedy ensemble", after)):
            row = result.ids.index(name)
            best = zip(result.top5[row], result.top5_probability[row], strict=True)
            st.markdown(f"**{title}**")
            answers([(result.classnames[i], float(p), int(i) == int(result.labels[row])) for i, p in best])

    opened = OpenedImage(dataset=after.dataset, split=after.split, id=name, choice=choice, model=after.model)
    image_dialog(engine, opened, beside)


def share_words(share: float) -> str:
    """ "50 % of the pictures"."""
    return f"{percent(share, 0)} of the images"
