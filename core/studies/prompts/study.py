"""The requests for prompts: accuracy by template, and the search for better ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from core.catalog.prompts import find_prompt_set
from core.catalog.published import deck_prompt_study
from core.errors import TMVError
from core.stats.first_answers import FirstAnswers, answer, edit
from core.studies.base import Lab, LongStudy, Study, gallery_of, row_of
from core.studies.prompts.accuracy import PromptStudyResult, summarise
from core.studies.prompts.compose import leave_one_out, rewordings_of
from core.studies.prompts.heldout import PromptSearchResult, first_of_each, search
from core.studies.prompts.search import BUDGET, LARGEST, most_evaluations
from core.studies.prompts.words import WordsResult, explain
from core.studies.zero_shot.classify import check_templates, fill, labels_of, rule_note
from core.system.progress import Progress, after
from core.types import EmbeddingSet, FloatArray, IntArray, Place, beside

POOL_SETS = ("imagenet", "deck")
"""Published prompt sets searched beside the data set's own."""
DECK_STUDIES = ("eurosat", "cifar100")
"""Where the deck's study of templates may have been measured."""
_SEARCH_VERSION = 1
_EDITED_SHARE = 4
"""Up to a quarter of the names may change for an edit to be cheaper than a fresh start."""
_TEXTS_AT_ONCE = 1024

ClassNamesChoice = str | Sequence[str]
Asked = tuple[EmbeddingSet, tuple[str, ...], tuple[str, ...], str]
"""(pictures with the notes on their names, templates, class names, kind of names)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptStudy(Study[PromptStudyResult]):
    """Each template by itself and all together, against `baseline` (a template or "ensemble").

    `classnames` is "curated", "raw", a file, or the names themselves; progress counts templates whose texts are
    encoded. See `core.studies.prompts.accuracy`.
    """

    kind: ClassVar[str] = "prompts"
    templates: tuple[str, ...] | None = None
    prompt_set: str | None = None
    classnames: ClassNamesChoice = "curated"
    baseline: str | None = None

    def key(self, lab: Lab) -> Hashable:
        """The vectors, the texts, and what stands beside them."""
        images, forms, names, kind = self._asked(lab)
        return images.key, forms, names, kind, self.baseline, images.provenance.beside

    def run(self, lab: Lab, progress: Progress | None = None) -> PromptStudyResult:
        """Raises `NotHere` while the pictures are not embedded, `EncoderWarming` while texts wait for the encoder."""
        images, forms, names, kind = self._asked(lab)
        if len(forms) > 1:
            encode_ahead(lab, images.key.model, forms, names, progress)
        single = [answers_of(lab, images, (form,), names) for form in forms]
        together = single[0] if len(forms) == 1 else answers_of(lab, images, forms, names)
        deck = deck_prompt_study() if self.place.dataset.name in DECK_STUDIES else None
        found = summarise(
            images,
            forms,
            single,
            together,
            names,
            classnames_kind=kind,
            baseline=self.baseline,
            deck=deck,
            same=lab.prompting.same_templates(images.key.model, forms, names),
        )
        rule = rule_note(images.score_rule)
        return replace(found, notes=beside(found.notes, lab.prompting.notes(images, forms, names), rule))

    def _asked(self, lab: Lab) -> Asked:
        images = lab.vectors.require(self.place)
        forms = lab.prompting.templates(self.place.dataset.name, self.templates, self.prompt_set)
        images, names, kind = names_of(lab, images, self.classnames)
        return images, tuple(dict.fromkeys(forms)), names, kind


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSearch(LongStudy[PromptSearchResult]):
    """Search for templates on one part of the pictures and judge them on the other; kept on disk.

    `pool` (default `prompt_pool`) are the templates to choose from, `baseline` (default the data set's own set) what
    they must beat. See `core.studies.prompts.heldout`.
    """

    kind: ClassVar[str] = "optimise"
    title: ClassVar[str] = "Searching prompts for {dataset} ({split}) with {model}"
    embeds_first: ClassVar[bool] = False
    pool: Sequence[str] | None = None
    baseline: Sequence[str] | None = None
    classnames: str = "curated"
    budget: int = BUDGET
    largest: int = LARGEST
    heldout_share: float = 0.5

    def kept(self, lab: Lab) -> PromptSearchResult | None:
        """What a search with the same parameters found, if it has run. Raises `NotHere` without vectors."""
        images, forms, base, names, _ = self._asked(lab)
        kept = lab.results.read(self._kept_key(images, forms, base, names), PromptSearchResult.from_record)
        return None if kept is None else replace(kept, provenance=images.provenance)

    def run(self, lab: Lab, progress: Progress | None = None) -> PromptSearchResult:
        """Raises `NotHere` while the pictures are not embedded."""
        if (kept := self.kept(lab)) is not None:
            return kept
        images, forms, base, names, kind = self._asked(lab)
        model = images.key.model
        same = lab.prompting.same_templates(model, forms, names)
        tried = len(first_of_each(forms, same))
        steps = len(forms) + most_evaluations(tried, self.budget, self.largest)
        encode_ahead(lab, model, forms, names, progress, steps)
        heads = np.stack([lab.prompting.class_head(model, (form,), names) for form in forms])
        found = search(
            images,
            heads,
            forms,
            base,
            lab.prompting.class_head(model, base, names),
            budget=self.budget,
            largest=self.largest,
            heldout_share=self.heldout_share,
            classnames_kind=kind,
            same=same,
            progress=after(progress, len(forms)),
        )
        lab.results.keep(self._kept_key(images, forms, base, names), found.to_record())
        return found

    def options(self) -> dict[str, Any]:
        """See `LongStudy.options`."""
        return {
            "pool": None if self.pool is None else list(self.pool),
            "baseline": None if self.baseline is None else list(self.baseline),
            "classnames": self.classnames,
            "budget": self.budget,
            "largest": self.largest,
            "heldout_share": self.heldout_share,
        }

    def job_key(self) -> str:
        """See `LongStudy.job_key`."""
        digest = hashlib.sha256(json.dumps(self.job_params(), sort_keys=True).encode()).hexdigest()[:16]
        return f"optimise/{'/'.join(self.place.names)}/{digest}"

    def _asked(self, lab: Lab) -> tuple[EmbeddingSet, tuple[str, ...], tuple[str, ...], tuple[str, ...], str]:
        """(pictures, pool, baseline, class names, kind of names)."""
        dataset = self.place.dataset.name
        images, names, kind = names_of(lab, lab.vectors.require(self.place), self.classnames)
        pool = prompt_pool(lab, dataset) if self.pool is None else tuple(dict.fromkeys(check_templates(self.pool)))
        return images, pool, lab.prompting.templates(dataset, self.baseline), names, kind

    def _kept_key(self, images: EmbeddingSet, forms: Sequence[str], base: Sequence[str], names: Sequence[str]) -> str:
        options = (self.budget, self.largest, self.heldout_share)
        plan = json.dumps([_SEARCH_VERSION, forms, base, names, options], ensure_ascii=True)
        return f"optimise/{images.key.fingerprint}/{hashlib.sha256(plan.encode()).hexdigest()[:32]}"


# --- parts ------------------------------------------------------------------------------------------------


def names_of(lab: Lab, images: EmbeddingSet, classnames: ClassNamesChoice) -> tuple[EmbeddingSet, tuple[str, ...], str]:
    """(rows with the notes on these names, names, kind): kind is "curated", "raw", the name of a file, or "edited" for
    names given as they are."""
    if isinstance(classnames, str):
        return *lab.prompting.named(images, classnames), classnames
    return images, tuple(classnames), "edited"


def prompt_pool(lab: Lab, dataset: str, extra: Sequence[str] = ()) -> tuple[str, ...]:
    """Templates to search: the user's own first, then the data set's set, then CLIP's 80 and the deck's."""
    sets = [lab.prompting.templates(dataset), *(find_prompt_set(name).templates for name in POOL_SETS)]
    return tuple(dict.fromkeys((*extra, *(t for templates in sets for t in templates))))


def answers_of(lab: Lab, images: EmbeddingSet, forms: tuple[str, ...], names: tuple[str, ...]) -> FirstAnswers:
    """What these templates together answer for every picture; an edited class name moves its column alone."""
    place = (images.key, forms)

    def make() -> FirstAnswers:
        head = lab.prompting.class_head(images.key.model, forms, names)
        labels = labels_of(images, head, names)
        found = _from_last(lab, images, forms, head, labels)
        if found is None:
            found = answer(images.image_embeddings, head, labels)
        lab.memory.latest.put(place, (head, found))
        return found

    return lab.memory.studies.get(("answers", *place, names), make)


def _from_last(
    lab: Lab, images: EmbeddingSet, forms: tuple[str, ...], head: FloatArray, labels: IntArray
) -> FirstAnswers | None:
    last = lab.memory.latest.get((images.key, forms))
    if last is None or last[0].shape != head.shape:
        return None
    changed = int(np.count_nonzero((last[0] != head).any(axis=1)))
    if changed * _EDITED_SHARE > len(head):
        return None
    return edit(last[1], images.image_embeddings, gallery_of(lab, images), labels, last[0], head)


def encode_ahead(
    lab: Lab,
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
        lab.encoding.encode_texts(model, fill(part, names))
        if progress is not None:
            progress(start + len(part), total or len(forms))


# --- the words of one prompt ------------------------------------------------------------------------------


def word_effects(
    lab: Lab,
    place: Place,
    *,
    text: str,
    picture: str | None = None,
    classname: str | None = None,
    rewordings: Sequence[str] | None = None,
) -> WordsResult:
    """What each word of `text` contributes to one picture (by id) or to the pictures of one class.

    `rewordings` (default: plain ones of our own) are measured beside it. See `core.studies.prompts.words`.
    """
    images = lab.vectors.require(place)
    rows, target = _target(images, picture, classname)
    spans = leave_one_out(text)
    others = rewordings_of(text) if rewordings is None else tuple(rewordings)
    vectors = lab.encoding.encode_texts(images.key.model, [text, *(s.without for s in spans), *others])
    model, dataset, split = place.names
    return explain(
        text,
        spans,
        vectors[: 1 + len(spans)],
        images.image_embeddings[rows],
        rewordings=others,
        rewording_vectors=vectors[1 + len(spans) :],
        names={"model": model, "dataset": dataset, "split": split},
        provenance=images.provenance,
        target=target,
    )


def _target(images: EmbeddingSet, picture: str | None, classname: str | None) -> tuple[IntArray, str]:
    """Rows and name of what a prompt is held against: one picture, or every picture of a class."""
    if (picture is None) == (classname is None):
        raise TMVError("Words are held against one image or one class; give exactly one of the two.")
    if picture is not None:
        return np.array([row_of(images, picture)], dtype=np.int64), picture
    pairs = images.pairs
    if pairs is None or classname not in images.classnames:
        raise TMVError(f"{images.key.dataset} ({images.key.split}) has no class called {classname!r}.")
    rows = pairs[pairs[:, 1] == images.classnames.index(classname), 0]
    if not len(rows):
        raise TMVError(f"The class {classname!r} has no images in {images.key.dataset} ({images.key.split}).")
    return rows.astype(np.int64), classname
