"""What a link to a view still needs on this machine, so that a story of such links can be shown with no network.

Functions of an engine. They look only into the cache. A view that puts its prompts together by itself (slots, a
ladder, a sum) is looked at for its vectors; its texts are known once it was opened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.catalog.models import find_model
from core.catalog.prompts import PROMPT_SETS
from core.engine import Engine
from core.errors import TMVError
from core.readers.datasets import find_dataset
from core.studies.base import LongStudy
from core.studies.few_shot.methods import METHODS, SEEDS
from core.studies.few_shot.runs import MOST_SEEDS
from core.studies.few_shot.study import FewShot
from core.studies.probe.study import LinearProbe
from core.studies.prompts.plan import planned
from core.studies.prompts.study import PromptSearch
from core.studies.zero_shot.classify import fill
from core.types import DatasetSpec, EmbeddingSet
from core.words.deck import study_to_run
from core.words.names import say_dataset, say_model

Choices = Mapping[str, Sequence[str]]
"""The choices in a link by name, lists of texts written out."""
TEXTS = ("prompt", "q", "minus", "caption", "beside", "text", "reword")
TEMPLATES, SETS = ("template", "wording"), ("templates", "wordings")


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewNeeds:
    """What is `missing`, in words: the `texts` without vectors, by model, `studies` that have not been run, and
    `other` things, these studies in words among them."""

    missing: tuple[str, ...] = ()
    texts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    studies: tuple[LongStudy[Any], ...] = ()
    other: tuple[str, ...] = ()


def study_needs(engine: Engine, page: str, choices: Choices) -> ViewNeeds:
    """What a view of one of the pages `STUDIED` lacks: its study has to be run, once images of its data set are
    embedded; its job embeds the rest. A search encodes its own texts; a trained classifier stands beside zero-shot,
    whose texts are missed first."""
    seen = view_needs(engine, choices, classified=page != "better_prompt")
    unread = {model for model, _ in seen.texts}
    studies = list[LongStudy[Any]]()
    for model, dataset in [(m, d) for m in choices.get("model", ()) for d in choices.get("data", ())]:
        spec, name = find_dataset(dataset), find_model(model).name
        split = next((s for s in choices.get("split", ()) if s in spec.splits), None)
        study = STUDIED[page](engine, spec, name, split, choices)
        here = model not in unread and engine.embeddings(name, dataset, split) is not None
        if here and engine.kept(study) is None:
            studies.append(study)
    said = [study_to_run(s.kind, s.place.model.name, s.place.dataset.name) for s in studies]
    other = tuple(dict.fromkeys([*seen.other, *said]))
    return ViewNeeds(
        missing=tuple(dict.fromkeys([*seen.missing, *said])), texts=seen.texts, studies=tuple(studies), other=other
    )


def _search(engine: Engine, spec: DatasetSpec, model: str, split: str | None, choices: Choices) -> LongStudy[Any]:
    return PromptSearch.at(engine, model, spec.name, split, **planned(spec, choices).options)


def _probe(engine: Engine, spec: DatasetSpec, model: str, split: str | None, choices: Choices) -> LongStudy[Any]:
    return LinearProbe.at(engine, model, spec.name, split, normalise="true" in choices.get("unit", ()))


def _few_shot(engine: Engine, spec: DatasetSpec, model: str, split: str | None, choices: Choices) -> LongStudy[Any]:
    methods = tuple(m for m in METHODS if m in choices.get("method", ())) or METHODS
    draws = next((int(n) for n in choices.get("seeds", ()) if n in map(str, range(1, MOST_SEEDS + 1))), SEEDS)
    templates = tuple(choices.get("template", ())) or None
    named = next((n for n in choices.get("templates", ()) if n in {p.name for p in PROMPT_SETS}), None)
    return FewShot.at(
        engine,
        model,
        spec.name,
        split,
        methods=methods,
        seeds=draws,
        templates=templates,
        prompt_set=None if templates else named,
    )


STUDIED: dict[str, Callable[[Engine, DatasetSpec, str, str | None, Choices], LongStudy[Any]]] = {
    "better_prompt": _search,
    "linear_probe": _probe,
    "few_shot": _few_shot,
}
"""The pages that show a study which has to be run first, with that study as a link to the page describes it."""


def view_needs(engine: Engine, choices: Choices, *, classified: bool) -> ViewNeeds:
    """What a view with these choices lacks; `classified` where it puts class names into templates."""
    missing, texts, other = list[str](), list[tuple[str, tuple[str, ...]]](), list[str]()
    for model in choices.get("model", ()):
        wanted = list[str]()
        for dataset in choices.get("data", ()):
            try:
                split = next(iter(choices.get("split", ())), None)
                known = find_dataset(dataset).splits
                images = engine.embeddings(find_model(model).name, dataset, split if split in known else None)
            except TMVError as error:
                other.append(str(error))
                continue
            if images is None:
                other.append(f"embeddings of {say_dataset(dataset)} with {say_model(model)}")
            elif classified and images.labels is not None:
                wanted += _filled(engine, images, choices)
        wanted += [text for name in TEXTS for text in choices.get(name, ())]
        if found := engine.encoding.missing_texts(model, wanted):
            missing.append(say_texts(model, found))
            texts.append((model, found))
    every = tuple(dict.fromkeys([*other, *missing]))
    return ViewNeeds(missing=every, texts=tuple(texts), other=tuple(dict.fromkeys(other)))


def _filled(engine: Engine, images: EmbeddingSet, choices: Choices) -> list[str]:
    """The texts of every template and set of templates in the link; of the data set's own where it names none."""
    dataset = images.key.dataset
    own = [text for name in TEMPLATES for text in choices.get(name, ())]
    sets = [name for key in SETS for name in choices.get(key, ())]
    forms = [*own, *(form for name in sets for form in engine.prompting.templates(dataset, prompt_set=name))]
    kind = next((k for k in choices.get("classnames", ()) if k in ("curated", "raw")), "curated")
    return fill(forms or engine.prompting.templates(dataset), engine.prompting.classnames(images, kind))


def say_texts(model: str, texts: Sequence[str]) -> str:
    """ "12 texts for ViT-B/32 · OpenAI"."""
    return f"{len(texts):,} {'text' if len(texts) == 1 else 'texts'} for {say_model(model)}"
