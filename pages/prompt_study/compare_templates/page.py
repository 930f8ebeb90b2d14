"""Templates: accuracy by wording, for several models and several ways to name the classes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import streamlit as st

from core.charts.class_templates import class_templates_chart
from core.charts.prompts import templates_chart
from core.engine import Engine
from core.errors import EncoderWarming
from core.stats.numbers import full_stop
from core.studies.prompts.accuracy import PromptStudyResult, TemplateResult
from core.studies.prompts.study import PromptStudy
from core.tables.prompts import class_templates_frame, templates_frame
from core.types import DatasetSpec, EmbeddingSet, ModelSpec
from core.words.accuracy import outcome as outcome
from core.words.datasets import measured
from core.words.names import say_model
from core.words.prompts import best_of_each, deck_distances, names_findings, say_template, templates_finding
from pages.prompt_study.compare_templates.changed import changed, changed_template, show_template
from pages.prompt_study.compare_templates.class_name_sets import NameSet, pick_names
from pages.prompt_study.compare_templates.tables import template_dialog, template_table
from pages.prompt_study.compare_templates.wording import (
    Wording,
    pick_baseline,
    pick_preset,
    pick_wording,
    preset_of,
    wording,
)
from pages.shared.chart import draw
from pages.shared.encode import encode_filled
from pages.shared.engine import engine
from pages.shared.guard import errors_in_place
from pages.shared.layout import Headline, conclusion, headlines, page_title, provenance_footer, sources
from pages.shared.missing import Pair, embedded, offer
from pages.shared.pickers import choice_row, pick_dataset, pick_models
from pages.shared.prompt_picker import get_prompt_choice
from pages.shared.several import answered
from pages.shared.theme import chart_look
from pages.shared.url_choices import A_PICTURE, NONE_OPENED, class_tokens, one_of
from pages.shared.url_state import bind, get_choice
from pages.shared.warming import warming
from pages.shared.words import plain

# Beyond so many templates a chart is read from the best down, not in the order in which they were written.
MOST_HEADLINES, MOST_IN_ORDER = 4, 12


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplatesChoice:
    """What is compared on which pictures."""

    models: tuple[ModelSpec, ...]
    dataset: DatasetSpec
    split: str | None
    how: Wording
    names: tuple[NameSet, ...]


def pick(engine: Engine) -> TemplatesChoice | None:
    """The presets and the row of choices."""
    how = wording(engine)
    presets = st.container()
    places = choice_row([4, 3, 3, 3, 3])
    with places[1]:
        dataset = pick_dataset(engine)
    if dataset is None:
        return None
    with presets:
        pick_preset(how, dataset.name)
    with places[0]:
        models = pick_models(engine, [dataset])
    with places[2]:
        pick_wording(engine, how)
    with places[3]:
        pick_baseline(how)
    split = get_prompt_choice([dataset]).split_of(dataset)
    images = stored(engine, models, dataset, split)
    if images is not None:
        engine.prompting.classnames(images, "curated")  # what has no classes is told before anything is drawn for them
    with places[4]:
        names = pick_names(engine, images) if images is not None else ()
    return TemplatesChoice(models=models, dataset=dataset, split=split, how=how, names=names)


def stored(engine: Engine, models: Sequence[ModelSpec], dataset: DatasetSpec, split: str | None) -> EmbeddingSet | None:
    """The rows of the data set as any of these models has them; class names are the same for all."""
    for model in models:
        with errors_in_place():
            if (found := engine.embeddings(model.name, dataset.name, split)) is not None:
                return found
    return None


def study(engine: Engine, choice: TemplatesChoice) -> tuple[list[PromptStudyResult], list[Pair], EncoderWarming | None]:
    """The studies that can be answered, the pairs that are not embedded, and the encoder that is starting."""
    here, missing = embedded(engine, choice.models, choice.dataset, choice.split)
    each = [(place.model.name, names) for place in here for names in choice.names]
    found, waiting = answered(each, lambda asked: one(engine, choice, *asked))
    return found, missing, waiting


def one(engine: Engine, choice: TemplatesChoice, model: str, names: NameSet) -> PromptStudyResult:
    """One model with one set of class names."""
    how = choice.how
    encode_filled(engine, model, how.templates, names.names)
    result = engine.run(
        PromptStudy.at(
            engine,
            model,
            choice.dataset.name,
            choice.split,
            templates=how.templates,
            classnames=names.names if names.edited else names.kind,
            baseline=how.baseline,
        )
    )
    return replace(result, classnames_kind=names.said)


# --- the answer -------------------------------------------------------------------------------------------


def figures(studies: Sequence[PromptStudyResult]) -> list[Headline]:
    """The baseline, the best and all together for one study; the baseline of each for several: the best of many is
    chosen on these images."""
    if len(studies) > 1:
        return [_headline(s, s.find(s.baseline), "baseline", studies) for s in studies[:MOST_HEADLINES]]
    only = studies[0]
    parts = [(only.find(only.baseline), "baseline"), (only.best, f"best of {len(only.templates)}, unadjusted")]
    parts += [(only.ensemble, "average of all")] if len(only.templates) > 1 else []
    kept = {result.name: (result, role) for result, role in reversed(parts)}
    return [_headline(only, result, role, studies) for result, role in reversed(kept.values())]


def _headline(of: PromptStudyResult, result: TemplateResult, role: str, among: Sequence[PromptStudyResult]) -> Headline:
    """Named by what tells it from the others: the template, the model, or the model and its class names."""
    quoted, names = f"“{say_template(result.name)}”", f"{of.classnames_kind} names"
    if len(among) == 1:
        under = [role, measured(of), names]
        return Headline(
            label=say_template(result.name),
            value=result.acc1,
            ci95=result.acc1_ci95,
            under=" · ".join(under),
            exact=result.name,
        )
    several = len({s.classnames_kind for s in among}) > 1
    label = say_model(of.model) + (f", {names}" if several else "")
    under = [quoted, role, measured(of), *([] if several else [names])]
    return Headline(label=label, value=result.acc1, ci95=result.acc1_ci95, under=" · ".join(under), exact=of.model)


def words(studies: Sequence[PromptStudyResult], choice: TemplatesChoice) -> None:
    """The finding, what the class names change, and what to know about it."""
    conclusion(plain(full_stop(templates_finding(studies))), studies)
    several = len(studies) > 1 and len(choice.how.templates) > 1
    for sentence in [*([best_of_each(studies)] if several else []), *names_findings(studies)]:
        st.markdown(plain(sentence))
    if len(choice.how.templates) > 1:
        st.caption("To test a template on held-out images, use [Find a better prompt](better_prompt).")
    preset = preset_of(choice.how, choice.dataset.name)
    if preset is not None and preset.remark:
        st.info(plain(f"{preset.remark} {deck_distances(studies)}".strip()), icon=":material/info:")


def show_results(engine: Engine, studies: list[PromptStudyResult], choice: TemplatesChoice) -> None:
    """Figures, finding, chart; what changed; classes by template; the table; the foot."""
    headlines(figures(studies), models=len(studies) if len(studies) > 1 else 0)
    words(studies, choice)
    frame = templates_frame(studies)
    order: Literal["given", "best"] = "best" if len(choice.how.templates) > MOST_IN_ORDER else "given"
    chart = templates_chart(frame, order=order, title="Accuracy of each template", **chart_look())
    draw(chart, key="chart-templates", picked=lambda mark: _clicked(studies, mark))
    look = changed_template(studies)
    with errors_in_place():
        changed(engine, studies, look)
    every_class(look.study)
    template_table(frame, show_template)
    provenance_footer(sources(studies), footer_choices(engine, choice))
    if picture := one_of("flipped", look.study.ids, "", A_PICTURE, NONE_OPENED):
        template_dialog(engine, look.study, picture, "flipped")


def every_class(of: PromptStudyResult) -> None:
    """Each class under each template, folded: forty classes are two screens."""
    box = st.expander("Accuracy by class and template", on_change="rerun", key="open-class-templates")
    if box.open:
        with box:
            chart = class_templates_chart(class_templates_frame(of), **chart_look())
            draw(chart, key="chart-classes", picked=lambda mark: _clicked_class(of, mark))


def _clicked(studies: Sequence[PromptStudyResult], mark: list[str]) -> None:
    """Callback: a mark in the chart names a model and a template; the first of its studies is looked at."""
    study = next(s for s in studies if s.model == mark[0])
    show_template(study.model, study.classnames_kind, mark[1])


def _clicked_class(of: PromptStudyResult, mark: list[str]) -> None:
    """Callback: a cell names a template and a class."""
    show_template(of.model, of.classnames_kind, mark[0], class_tokens(of.classnames)[int(mark[1])])


def footer_choices(engine: Engine, choice: TemplatesChoice) -> dict[str, Sequence[str]]:
    """Every choice of this page, spelled out."""
    return {
        "model": [m.name for m in choice.models],
        "data": [choice.dataset.name],
        "split": [choice.split] if choice.split else [],
        **choice.how.choices,
        "names": [n.kind for n in choice.names],
        "rename": get_choice("rename", 2000),
        **{name: get_choice(name) for name in ("changed", "which", "of", "flipped")},
    }


def page(engine: Engine) -> None:
    """From the choices to the answer."""
    choice = pick(engine)
    if choice is None:
        return
    studies, missing, waiting = study(engine, choice)
    offer(engine, missing)
    if waiting is not None:
        warming(waiting)
    if studies:
        show_results(engine, studies, choice)


bind("wording", "wordings", "names", "rename", "baseline", "changed", "which", "of", "flipped")
page_title("What does the wording change?")
with errors_in_place():
    page(engine())
