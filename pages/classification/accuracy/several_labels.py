"""Data sets whose images may have none or several labels: mean average precision, and precision and recall of what the
model accepts by its own rule."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.charts.compare import difference_chart
from core.engine import Engine
from core.errors import EncoderWarming, NotHere, TMVError
from core.studies.multi_label.compare import several_pairs
from core.studies.multi_label.result import MultiLabelResult
from core.studies.multi_label.study import MultiLabel, has_several_labels
from core.studies.zero_shot.open_set import EVEN
from core.tables.forms import Column
from core.tables.multi_label import (
    MULTI_LABEL,
    MULTI_LABEL_CLASSES,
    map_differences,
    multi_label_classes,
    multi_label_frame,
)
from core.types import DatasetSpec, ModelSpec
from core.words.multi_label import MAP_TITLE, UNIT, accepted_line, multi_label_finding, multi_label_protocol
from core.words.names import say_dataset, say_model
from pages.shared.chart import draw
from pages.shared.columns import page_columns
from pages.shared.guard import errors_in_place
from pages.shared.layout import Headline, conclusion, headlines, table_height
from pages.shared.missing import Pair
from pages.shared.pickers import note_problems
from pages.shared.prompt_picker import PromptChoice
from pages.shared.theme import chart_look
from pages.shared.url_choices import one_of
from pages.shared.widgets import segments
from pages.shared.words import plain

ACCEPT = {"fixed": "50 %", "validation": "Best F1"}
HOW_ACCEPTED = (
    "50 %: more likely right than not, by the model's own probability. Best F1: the threshold that is best on the "
    "embedded validation split of the data set (else its training split, else these images)."
)
MOST_HEADLINES = 4


def with_several(engine: Engine, datasets: Sequence[DatasetSpec], how: PromptChoice) -> tuple[DatasetSpec, ...]:
    """Those of the data sets whose images may have several labels."""
    found = list[DatasetSpec]()
    for dataset in datasets:
        try:
            several = has_several_labels(engine, dataset.name, how.split_of(dataset))
        except TMVError:
            continue  # what is wrong with it is said where it is studied
        found += [dataset] if several else []
    return tuple(found)


def several_labels(
    engine: Engine, models: Sequence[ModelSpec], datasets: Sequence[DatasetSpec], how: PromptChoice
) -> tuple[list[MultiLabelResult], list[Pair]]:
    """The results that the cache can give, and the pairs that are not embedded."""
    accept = one_of("accept", ACCEPT, "fixed")
    results, missing, problems = list[MultiLabelResult](), list[Pair](), dict[str, None]()
    for dataset in datasets:
        for model in models:
            split = how.split_of(dataset)
            try:
                results.append(_answer(engine, model, dataset, split, how, accept))
            except NotHere:
                missing.append((model, dataset, split))
            except EncoderWarming:
                raise
            except TMVError as error:
                problems[str(error)] = None
    note_problems(list(problems))
    return results, missing


def _answer(
    engine: Engine, model: ModelSpec, dataset: DatasetSpec, split: str | None, how: PromptChoice, accept: str
) -> MultiLabelResult:
    threshold = EVEN if accept == "fixed" else None
    return engine.run(MultiLabel.at(engine, model.name, dataset.name, split, **how.prompts, threshold=threshold))


def show_several(engine: Engine, results: Sequence[MultiLabelResult]) -> None:
    """The answer of each data set: large figures, the finding, the threshold, models in pairs, and every class."""
    first = [r for r in results if r.dataset == results[0].dataset][:MOST_HEADLINES]
    on = f" on {say_dataset(first[0].dataset)}" if len({r.dataset for r in results}) > 1 else ""
    headlines(
        [
            Headline(
                label=f"{say_model(r.model)}{on}",
                value=r.map,
                ci95=r.map_ci95,
                under=multi_label_protocol(r),
                exact=r.model,
                explained=f"{MAP_TITLE}. {MULTI_LABEL['map'].help}",
            )
            for r in first
        ],
        models=len({r.model for r in results}),
    )
    conclusion(plain(multi_label_finding(results)), results)
    if any(r.threshold for r in results):
        segments("accept", "Accept a label from", ACCEPT, one_of("accept", ACCEPT, "fixed"), help=HOW_ACCEPTED)
        for result in results:
            if line := accepted_line(result):
                st.caption(plain(line))
    _pairs(engine, results)
    _table(results)
    _classes(results)


def _pairs(engine: Engine, results: Sequence[MultiLabelResult]) -> None:
    """Every two models on the same images."""
    with errors_in_place():
        if pairs := list(several_pairs(engine, results)):
            draw(difference_chart(map_differences(pairs), unit=UNIT, **chart_look()), key="several-differences")


def _table(results: Sequence[MultiLabelResult]) -> None:
    frame = multi_label_frame(results)
    _shown(frame, MULTI_LABEL, "Mean average precision of each model on each data set", "several-table")


def _classes(results: Sequence[MultiLabelResult]) -> None:
    box = st.expander("All classes, the weakest first", on_change="rerun", key="open-several")
    if box.open:
        with box:
            _shown(
                multi_label_classes(results), MULTI_LABEL_CLASSES, "Average precision of every class", "several-classes"
            )


def _shown(frame: pd.DataFrame, columns: dict[str, Column], alt: str, key: str) -> None:
    there = {name: column for name, column in columns.items() if name in frame and frame[name].notna().any()}
    shares = [name for name, column in there.items() if column.kind == "share"]
    shown = frame.assign(**{name: 100 * frame[name].astype(float) for name in shares})[list(there)]
    st.dataframe(
        shown, hide_index=True, key=key, alt=alt, height=table_height(len(shown), 20), column_config=page_columns(there)
    )
