"""Accuracy: the deck's tables and charts rebuilt. Several models on several data sets, zero-shot and by linear probe,
like with like, beside published figures and the deck's."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.charts.accuracy import accuracy_chart
from core.engine import Engine
from core.errors import EncoderWarming, NotHere, TMVError
from core.readers.datasets import find_dataset
from core.stats.accuracy import TOP
from core.stats.numbers import lower_first
from core.studies.field.own import first_metric
from core.studies.result import StudyResult
from core.studies.zero_shot.classify import ZeroShotResult
from core.tables.accuracy import accuracy_frame
from core.tables.methods import methods_frame
from core.types import DatasetSpec, ModelSpec
from core.words.accuracy import accuracy_finding, protocol_line
from core.words.names import PROBE, TRAINED, ZERO_SHOT, say_dataset, say_metric, say_model
from pages.classification.accuracy.protocol import find, protocol_dialog, results_table
from pages.classification.accuracy.several_labels import several_labels, show_several, with_several
from pages.classification.deck_table import deck_tables, lacking
from pages.classification.probe_tables import probe_dialog
from pages.classification.probes import kept_probes, offer_probes, probe_of
from pages.shared.chart import draw
from pages.shared.engine import engine
from pages.shared.layout import Headline, conclusion, headlines, page_title, provenance_footer, sources
from pages.shared.missing import Pair, offer
from pages.shared.own_data import page_dataset, page_model
from pages.shared.pickers import choice_row, note_problems, pick_datasets, pick_models
from pages.shared.prompt_picker import PromptChoice, pick_prompts
from pages.shared.theme import chart_look
from pages.shared.url_choices import note_wrong_choice
from pages.shared.url_state import bind, get_choice, set_choice
from pages.shared.words import plain

AccuracyChoice = tuple[tuple[ModelSpec, ...], tuple[DatasetSpec, ...], PromptChoice]
MOST_HEADLINES = 4
TITLES = {"acc1": "Top-1 accuracy", "acc5": "Top-5 accuracy"}
ALL = "All zero-shot results with their protocol"


def pick(engine: Engine) -> AccuracyChoice:
    """The row of choices. Data sets are asked first: the models that a page opens with depend on them."""
    left, middle, right = choice_row([4, 4, 3])
    with middle:
        datasets = pick_datasets(engine)
    with left:
        models = pick_models(engine, datasets)
    with right:
        how = pick_prompts(datasets)
    return models, datasets, how


def study(engine: Engine, choice: AccuracyChoice) -> tuple[list[ZeroShotResult], list[Pair]]:
    """The results that the cache can give, and the pairs that are not embedded. What cannot be classified at all is
    told in a line of its own, and the others are shown."""
    models, datasets, how = choice
    results, missing, problems = list[ZeroShotResult](), list[Pair](), dict[str, None]()
    for dataset in datasets:
        for model in models:
            try:
                results.append(how.study(engine, model.name, dataset))
            except NotHere:
                missing.append((model, dataset, how.split_of(dataset)))
            except EncoderWarming:
                raise
            except TMVError as error:
                problems[str(error)] = None
    note_problems(list(problems))
    return results, missing


def show_results(engine: Engine, results: list[ZeroShotResult], choice: AccuracyChoice) -> None:
    """The answer: large figures on the first data set, the finding, both charts, the tables."""
    first = [r for r in results if r.dataset == results[0].dataset][:MOST_HEADLINES]
    on = f" on {say_dataset(first[0].dataset)}" if len({r.dataset for r in results}) > 1 else ""
    metric = first_metric(find_dataset(first[0].dataset), first[0].classnames)
    said = "" if metric == "acc1" else f", {lower_first(say_metric(metric))}"
    headlines(
        [
            Headline(
                label=f"{say_model(r.model)}{on}{said}",
                value=r.scores[metric].value,
                ci95=r.scores[metric].ci95,
                under=protocol_line(r),
                exact=r.model,
            )
            for r in first
        ],
        models=len({r.model for r in results}),
    )
    conclusion(plain(accuracy_finding(results)), results)
    models, datasets, how = choice
    wanted = [(model, dataset, how.split_of(dataset)) for dataset in datasets for model in models]
    probes, missing = kept_probes(engine, wanted)
    charts(methods_frame(results, [p for p in probes if find(results, p.model, p.dataset)]))
    frame = methods_frame(results, probes, lacking(models, datasets, results, probes))
    offer_probes(engine, missing)
    deck_tables(frame)
    box = st.expander(ALL, on_change="rerun", key="open-accuracy")
    if box.open:
        with box:
            results_table(accuracy_frame(results), "accuracy-table", ask)


def charts(frame: pd.DataFrame) -> None:
    """The deck's two grouped bar charts, zero-shot beside the probe's test accuracy, top-1 beside top-1 and, where a
    data set has classes enough, top-5 beside top-5; a click on a bar opens how its number was made."""
    shown = frame[frame["method"] != TRAINED]
    titles = {m: title for m, title in TITLES.items() if m == "acc1" or (shown["classes"] > TOP).any()}
    for place, (metric, title) in zip(st.columns(len(titles), gap="large"), titles.items(), strict=True):
        with place:
            chart = accuracy_chart(shown, metric, title=title, **chart_look())
            draw(chart, key=f"chart-{metric}", picked=lambda mark: ask(mark[0], mark[1], mark[3]))


def footer(results: Sequence[StudyResult], choice: AccuracyChoice) -> None:
    """Where the numbers come from, and a link to this view."""
    models, datasets, how = choice
    chosen = {"model": [m.name for m in models], "data": [d.name for d in datasets], **how.choices}
    provenance_footer(sources(results), {**chosen, **({"accept": accept} if (accept := get_choice("accept")) else {})})


def ask(model: str, dataset: str, method: str = ZERO_SHOT) -> None:
    """Callback: open how the number of this model on this data set was made."""
    set_choice("number", [model, dataset, *([] if method == ZERO_SHOT else [PROBE])])


def explain(engine: Engine, results: list[ZeroShotResult], choice: AccuracyChoice) -> None:
    """The number that is asked about, over the page."""
    asked = as_named_here(engine, get_choice("number"))
    result = find(results, *asked[:2]) if len(asked) >= 2 else None
    if result is None:
        if asked:
            expected = "a model and a data set that are shown here"
            note_wrong_choice("number", ", ".join(asked), expected, "no number is explained")
        return
    wanted = [(m, d, choice[2].split_of(d)) for m in choice[0] for d in choice[1]] if PROBE in asked[2:] else []
    if probe := probe_of(kept_probes(engine, wanted)[0], result.model, result.dataset):
        probe_dialog(probe, lambda: set_choice("number", None))
    else:
        protocol_dialog(result, lambda: set_choice("number", None))


def as_named_here(engine: Engine, asked: Sequence[str]) -> Sequence[str]:
    """Model and data set by the names they have here: an older link may name own data by its absolute path."""
    if len(asked) < 2:
        return asked
    try:
        return (page_model(engine, asked[0]).name, page_dataset(engine, asked[1]).name, *asked[2:])
    except TMVError:
        return asked


def only_elsewhere(choice: AccuracyChoice) -> None:
    """Nothing is measured yet: what others have measured, where anything is known."""
    frame = methods_frame([], [], lacking(choice[0], choice[1], [], []))
    if frame[["published_acc1", "deck_acc1"]].notna().any(axis=None):
        deck_tables(frame)


def page(engine: Engine) -> None:
    """From the choices to the answer."""
    models, datasets, how = whole = pick(engine)
    several = with_several(engine, datasets, how)
    choice = models, tuple(dataset for dataset in datasets if dataset not in several), how
    results, missing = study(engine, choice)
    judged, lacking_too = several_labels(engine, models, several, how)
    offer(engine, [*missing, *lacking_too])
    if not results and not judged:
        if choice[1]:
            only_elsewhere(choice)
        return
    if results:
        show_results(engine, results, choice)
    if judged:
        show_several(engine, judged)
    footer([*results, *judged], whole)
    explain(engine, results, choice)


bind("number", "accept")
page_title("How well does it label images?")
page(engine())
