"""What a link to a view still needs on this machine, so that a story of such links can be shown with no network.

Functions of an engine. They look only into the cache. A view that puts its prompts together by itself (slots, a
ladder, a sum) is looked at for its vectors; its texts are known once it was opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.catalog.models import find_model
from core.engine import Engine
from core.errors import TMVError
from core.readers.datasets import find_dataset
from core.studies.prompts.plan import planned
from core.studies.prompts.study import PromptSearch
from core.studies.zero_shot.classify import fill
from core.types import EmbeddingSet
from core.words.deck import search_to_run
from core.words.names import say_dataset, say_model

Choices = Mapping[str, Sequence[str]]
"""The choices in a link by name, lists of texts written out."""
TEXTS = ("prompt", "q", "minus", "caption", "beside", "text", "reword")
TEMPLATES, SETS = ("template", "wording"), ("templates", "wordings")


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewNeeds:
    """What is `missing`, in words: the `texts` without vectors, by model, `searches` that have not been run, and
    `other` things, these searches in words among them."""

    missing: tuple[str, ...] = ()
    texts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    searches: tuple[PromptSearch, ...] = ()
    other: tuple[str, ...] = ()


def search_needs(engine: Engine, choices: Choices) -> ViewNeeds:
    """What a view of what a search for prompts found lacks: a search encodes its own texts, but has to be run."""
    seen = view_needs(engine, choices, classified=False)
    searches = list[PromptSearch]()
    for model, dataset in [(m, d) for m in choices.get("model", ()) for d in choices.get("data", ())]:
        spec = find_dataset(dataset)
        split = next((name for name in choices.get("split", ()) if name in spec.splits), None)
        study = PromptSearch.at(engine, find_model(model).name, dataset, split, **planned(spec, choices).options)
        if engine.embeddings(study.place.model.name, dataset, split) is not None and engine.kept(study) is None:
            searches.append(study)
    said = [search_to_run(s.place.model.name, s.place.dataset.name) for s in searches]
    other = tuple(dict.fromkeys([*seen.other, *said]))
    return ViewNeeds(missing=other, searches=tuple(searches), other=other)


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
