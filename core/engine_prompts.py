"""The engine's prompt study: accuracy by template, the search for templates, and the words of one prompt."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from core.catalog.prompts import find_prompt_set
from core.catalog.published import deck_prompt_study
from core.engine_parts import EngineParts, gallery_of, row_of
from core.errors import TMVError
from core.stats.answers import Answers, answer, edit
from core.studies.prompts import accuracy as prompt_study
from core.studies.prompts import compose, words
from core.studies.prompts.accuracy import PromptStudyResult
from core.studies.prompts.heldout import PromptSearchResult, search
from core.studies.prompts.search import BUDGET, LARGEST, most_evaluations
from core.studies.prompts.words import WordsResult
from core.studies.zero_shot.classify import check_templates, fill, labels_of
from core.types import EmbeddingSet, FloatArray, IntArray, Progress, beside

POOL_SETS = ("imagenet", "deck")
"""Published prompt sets searched beside the data set's own."""
_SEARCH_VERSION = 1
_EDITED_SHARE = 4
"""Up to a quarter of the names may change for an edit to be cheaper than a fresh start."""

_TEXTS_AT_ONCE = 1024

Names = str | Sequence[str]


class PromptStudies:
    """Methods of `core.engine.Engine`."""

    def prompts(
        self: EngineParts,
        model: str,
        dataset: str,
        split: str | None = None,
        templates: Sequence[str] | None = None,
        prompt_set: str | None = None,
        classnames: Names = "curated",
        baseline: str | None = None,
        progress: Progress | None = None,
    ) -> PromptStudyResult:
        """Each template by itself and all together, against `baseline` (a template or "ensemble").

        `classnames` is "curated", "raw", a file, or the names themselves; `progress` counts templates whose texts
        are encoded. See `core.studies.prompts.accuracy`.
        """
        images = self.needed(model, dataset, split)
        forms = tuple(dict.fromkeys(self.templates(dataset, templates, prompt_set)))
        images, names, kind = names_of(self, images, classnames)

        def make() -> PromptStudyResult:
            if len(forms) > 1:
                encode_ahead(self, model, forms, names, progress)
            single = [answers_of(self, images, (form,), names) for form in forms]
            together = single[0] if len(forms) == 1 else answers_of(self, images, forms, names)
            deck = deck_prompt_study() if dataset in ("eurosat", "cifar100") else None
            found = prompt_study.summarise(
                images, forms, single, together, names, classnames_kind=kind, baseline=baseline, deck=deck
            )
            return replace(found, notes=beside(found.notes, self.prompt_notes(images, forms, names)))

        return self.studies.get(("prompts", images.key, forms, names, kind, baseline, images.provenance.beside), make)

    def optimise(
        self: EngineParts,
        model: str,
        dataset: str,
        split: str | None = None,
        *,
        pool: Sequence[str] | None = None,
        baseline: Sequence[str] | None = None,
        classnames: str = "curated",
        budget: int = BUDGET,
        largest: int = LARGEST,
        heldout_share: float = 0.5,
        progress: Progress | None = None,
    ) -> PromptSearchResult:
        """Search for templates on one part of the pictures and judge them on the other; kept on disk.

        `pool` (default `prompt_pool`) are the templates to choose from, `baseline` (default the data set's
        own set) what they must beat. See `core.studies.prompts.heldout`.
        """
        images = self.needed(model, dataset, split)
        images, names, kind = names_of(self, images, classnames)
        forms = prompt_pool(self, dataset) if pool is None else tuple(dict.fromkeys(check_templates(pool)))
        base = self.templates(dataset, baseline)
        key = _search_key(images, forms, base, names, (budget, largest, heldout_share))
        if (kept := self.results.get(key)) is not None:
            return replace(PromptSearchResult.from_record(kept), provenance=images.provenance)
        steps = len(forms) + most_evaluations(len(forms), budget, largest)
        encode_ahead(self, model, forms, names, progress, steps)
        heads = np.stack([self.class_head(model, (form,), names) for form in forms])
        found = search(
            images,
            heads,
            forms,
            base,
            self.class_head(model, base, names),
            budget=budget,
            largest=largest,
            heldout_share=heldout_share,
            classnames_kind=kind,
            progress=_after(progress, len(forms)),
        )
        self.results.keep(key, found.to_record())
        return found

    def optimised(
        self: EngineParts,
        model: str,
        dataset: str,
        split: str | None = None,
        *,
        pool: Sequence[str] | None = None,
        baseline: Sequence[str] | None = None,
        classnames: str = "curated",
        budget: int = BUDGET,
        largest: int = LARGEST,
        heldout_share: float = 0.5,
    ) -> PromptSearchResult | None:
        """What `optimise` with the same arguments found, if it has run; never computes."""
        images = self.needed(model, dataset, split)
        images, names, _ = names_of(self, images, classnames)
        forms = prompt_pool(self, dataset) if pool is None else tuple(dict.fromkeys(check_templates(pool)))
        base = self.templates(dataset, baseline)
        kept = self.results.get(_search_key(images, forms, base, names, (budget, largest, heldout_share)))
        return None if kept is None else replace(PromptSearchResult.from_record(kept), provenance=images.provenance)

    def prompt_pool(self: EngineParts, dataset: str, extra: Sequence[str] = ()) -> tuple[str, ...]:
        """Templates to search: the user's own first, then the data set's set, then CLIP's 80 and the
        deck's."""
        return prompt_pool(self, dataset, extra)

    def words(
        self: EngineParts,
        model: str,
        dataset: str,
        split: str | None = None,
        *,
        text: str,
        picture: str | None = None,
        classname: str | None = None,
        rewordings: Sequence[str] | None = None,
    ) -> WordsResult:
        """What each word of `text` contributes to one picture (by id) or to the pictures of one class.

        `rewordings` (default plain paraphrases) are measured beside it. See `core.studies.prompts.words`.
        """
        images = self.needed(model, dataset, split)
        rows, target = _target(images, picture, classname)
        spans = compose.leave_one_out(text)
        others = compose.paraphrases(text) if rewordings is None else tuple(rewordings)
        vectors = self.encode_texts(model, [text, *(s.without for s in spans), *others])
        key = images.key
        return words.explain(
            text,
            spans,
            vectors[: 1 + len(spans)],
            images.image_embeddings[rows],
            rewordings=others,
            rewording_vectors=vectors[1 + len(spans) :],
            names={"model": key.model, "dataset": key.dataset, "split": key.split},
            provenance=images.provenance,
            target=target,
        )


# --- parts ------------------------------------------------------------------------------------------------


def names_of(engine: EngineParts, images: EmbeddingSet, classnames: Names) -> tuple[EmbeddingSet, tuple[str, ...], str]:
    """(rows with the notes on these names, names, kind): kind is "curated", "raw", the name of a file, or "edited" for
    names given as they are."""
    if isinstance(classnames, str):
        return *engine.named(images, classnames), classnames
    return images, tuple(classnames), "edited"


def prompt_pool(engine: EngineParts, dataset: str, extra: Sequence[str] = ()) -> tuple[str, ...]:
    """See `PromptStudies.prompt_pool`."""
    sets = [engine.templates(dataset), *(find_prompt_set(name).templates for name in POOL_SETS)]
    return tuple(dict.fromkeys((*extra, *(t for templates in sets for t in templates))))


def answers_of(engine: EngineParts, images: EmbeddingSet, forms: tuple[str, ...], names: tuple[str, ...]) -> Answers:
    """What these templates together answer for every picture; an edited class name moves its column alone."""
    place = (images.key, forms)

    def make() -> Answers:
        head = engine.class_head(images.key.model, forms, names)
        labels = labels_of(images, head, names)
        found = _from_last(engine, images, engine.latest.get(place), head, labels)
        if found is None:
            found = answer(images.image_embeddings, head, labels)
        engine.latest.put(place, (head, found))
        return found

    return engine.studies.get(("answers", *place, names), make)


def _from_last(
    engine: EngineParts, images: EmbeddingSet, last: Any, head: FloatArray, labels: IntArray
) -> Answers | None:
    if last is None or last[0].shape != head.shape:
        return None
    changed = int(np.count_nonzero((last[0] != head).any(axis=1)))
    if changed * _EDITED_SHARE > len(head):
        return None
    return edit(last[1], images.image_embeddings, gallery_of(engine, images), labels, last[0], head)


def encode_ahead(
    engine: EngineParts,
    model: str,
    forms: Sequence[str],
    names: Sequence[str],
    progress: Progress | None = None,
    total: int | None = None,
) -> None:
    """Have the texts of many templates encoded in few calls: the encoder is fastest on many texts at once.

    `progress` counts templates, out of `total` steps of a longer work.
    """
    step = max(1, _TEXTS_AT_ONCE // max(1, len(names)))
    for start in range(0, len(forms), step):
        part = forms[start : start + step]
        engine.encode_texts(model, fill(part, names))
        if progress is not None:
            progress(start + len(part), total or len(forms))


def _after(progress: Progress | None, done_before: int) -> Progress | None:
    if progress is None:
        return None
    report = progress
    return lambda done, total: report(done_before + done, done_before + total)


def _search_key(
    images: EmbeddingSet, forms: Sequence[str], base: Sequence[str], names: Sequence[str], options: tuple[float, ...]
) -> str:
    plan = json.dumps([_SEARCH_VERSION, forms, base, names, options], ensure_ascii=True)
    return f"optimise/{images.key.fingerprint}/{hashlib.sha256(plan.encode()).hexdigest()[:32]}"


def _target(images: EmbeddingSet, picture: str | None, classname: str | None) -> tuple[IntArray, str]:
    """Rows and name of what a prompt is held against: one picture, or every picture of a class."""
    if (picture is None) == (classname is None):
        raise TMVError("Words are held against one picture or one class; give exactly one of the two.")
    if picture is not None:
        return np.array([row_of(images, picture)], dtype=np.int64), picture
    if images.labels is None or classname not in images.classnames:
        raise TMVError(f"{images.key.dataset} ({images.key.split}) has no class called {classname!r}.")
    rows = np.flatnonzero(images.labels == images.classnames.index(classname))
    if not len(rows):
        raise TMVError(f"The class {classname!r} has no pictures in {images.key.dataset} ({images.key.split}).")
    return rows.astype(np.int64), classname
