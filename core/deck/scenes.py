"""The story on this machine: what each step shows here, what it still needs, and getting it ready.

Functions of an engine. They never load a model by themselves: texts come from the store, or from whatever the
engine may ask for them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from core.catalog.models import MODELS, find_model
from core.catalog.prompts import find_prompt_set
from core.deck import claims, presets
from core.deck.doubts import DoubtResult, doubts
from core.deck.needs import say_texts
from core.deck.result import OPEN, ClaimResult
from core.deck.steps import CLAIMS, STEPS, TEN, Step
from core.engine import Engine
from core.errors import EncoderWarming, NotHere, TMVError
from core.readers.datasets import find_dataset
from core.studies.audit.study import audit_deck
from core.studies.pictures.search import PicturesResult
from core.studies.pictures.study import search
from core.studies.probe.result import ProbeResult
from core.studies.probe.study import LinearProbe
from core.studies.prompts.accuracy import PromptStudyResult
from core.studies.prompts.study import PromptStudy
from core.studies.zero_shot.classify import ZeroShotResult, fill
from core.studies.zero_shot.study import ZeroShot
from core.tables.story import StoryRow, story_row
from core.tables.where import where_frame
from core.types import EmbeddingSet
from core.words.names import say_dataset

Pairs = Collection[tuple[str, str]]
"""(model, data set) with stored vectors."""
BESIDE = 2
"""Models whose lists of pictures stand side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A step as it can be shown here: `dataset` "" where none of its sets has vectors; `models` those that have
    vectors of it; `texts` the prompts or the caption, `beside` other wordings; `demo` whether it is the demo's
    equivalent."""

    step: Step
    dataset: str = ""
    models: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()

    @property
    def demo(self) -> bool:
        """Whether the demo stands in for the deck's pictures."""
        return self.dataset.startswith("demo-")


def scene_of(step: Step, pairs: Pairs) -> Scene:
    """The step on the first of its data sets that is here."""
    dataset = next((d for d in step.datasets if any(d == there for _, there in pairs)), "")
    models = _ordered(m for m, there in pairs if there == dataset)
    if step.kind == "pictures":
        picture = next((p for p in presets.PICTURES if p.name in step.presets and dataset in p.datasets), None)
        return Scene(step=step, dataset=dataset, models=beside(models), texts=picture.texts if picture else ())
    if step.kind == "caption":
        caption = next((c for c in presets.CAPTIONS if c.name in step.presets and dataset in c.datasets), None)
        texts, others = ((caption.caption,), caption.beside) if caption else ((), ())
        return Scene(step=step, dataset=dataset, models=beside(models), texts=texts, beside=others)
    if step.kind == "templates":
        return Scene(step=step, dataset=dataset, models=models, templates=find_prompt_set("deck").templates)
    return Scene(step=step, dataset=dataset, models=models)


def usable(engine: Engine) -> frozenset[tuple[str, str]]:
    """The pairs whose vectors fit the model and the pictures as they are now, on the split that each set is measured
    on: one that is out of date must not take the others' step with it."""
    found = set()
    for entry in engine.store.entries():
        model, dataset = entry.key.model, entry.key.dataset
        try:
            fits = entry.complete and entry.key.split == engine.data.split_of(dataset, None)
            if fits and engine.embeddings(model, dataset) is not None:
                found.add((model, dataset))
        except TMVError:
            continue
    return frozenset(found)


def _ordered(models: Iterable[str]) -> tuple[str, ...]:
    order = [m.name for m in MODELS]
    return tuple(sorted(set(models), key=lambda n: (order.index(n) if n in order else len(order), n)))


def beside(models: Sequence[str]) -> tuple[str, ...]:
    """Two models, one of each family where both are here: the deck lays OpenAI's beside OpenCLIP's."""
    real = [m for m in _ordered(models) if not m.startswith("demo-")] or list(_ordered(models))
    openai = [m for m in real if m.endswith("/openai")]
    others = [m for m in real if m not in openai]
    return tuple([*openai[:1], *others, *openai[1:]][:BESIDE])


# --- what a step shows ------------------------------------------------------------------------------------


Waiting = list[EncoderWarming]
"""Encoders that are starting: what needs them is left out, and may be asked again."""


def zero_shot_of(engine: Engine, model: str, dataset: str, waiting: Waiting | None = None) -> ZeroShotResult | None:
    """The study where its vectors are here; None otherwise. An encoder that is starting goes into `waiting`, or is
    raised without it."""
    try:
        return engine.run(ZeroShot.at(engine, model, dataset))
    except NotHere:
        return None
    except EncoderWarming as error:
        if waiting is None:
            raise
        waiting.append(error)
        return None


def probe_of(engine: Engine, model: str, dataset: str) -> ProbeResult | None:
    """The trained probe where there is one; never trains."""
    try:
        return engine.kept(LinearProbe.at(engine, model, dataset))
    except TMVError:
        return None


def row_of(engine: Engine, model: str, dataset: str, pairs: Pairs, waiting: Waiting | None = None) -> StoryRow:
    """One row of the deck's table."""
    there = (model, dataset) in pairs
    zero = zero_shot_of(engine, model, dataset, waiting) if there else None
    probe = probe_of(engine, model, dataset) if there else None
    return story_row(find_model(model), find_dataset(dataset), zero, probe)


def opening(engine: Engine, scene: Scene) -> list[ZeroShotResult]:
    """Two models on the same images."""
    found = (zero_shot_of(engine, model, scene.dataset) for model in beside(scene.models))
    return [result for result in found if result is not None]


def opening_rows(result: ZeroShotResult) -> list[int]:
    """The ten images that the opening shows: spread evenly, so over the classes too."""
    return [i * result.n // TEN for i in range(min(TEN, result.n))]


def opening_images(results: Sequence[ZeroShotResult]) -> list[tuple[str, str, str]]:
    """(data set, split, id) of these."""
    return [(r.dataset, r.split, r.ids[row]) for r in results[:1] for row in opening_rows(r)]


def table(engine: Engine, step: Step, pairs: Pairs, waiting: Waiting | None = None) -> tuple[StoryRow, ...]:
    """The deck's models on its data set, then whatever else is here, and the demo where the deck's set is not."""
    deck = step.datasets[0]
    rows = [row_of(engine, m.name, deck, pairs, waiting) for m in MODELS if not m.name.startswith("demo-")]
    more = [m for m, d in sorted(pairs) if d == deck and m not in {r.model for r in rows}]
    rows += [row_of(engine, m, deck, pairs, waiting) for m in more]
    stand_in = scene_of(step, pairs)
    if stand_in.dataset != deck and stand_in.dataset:
        rows += [row_of(engine, m, stand_in.dataset, pairs, waiting) for m in stand_in.models]
    return tuple(rows)


def bars(engine: Engine, step: Step, pairs: Pairs, waiting: Waiting | None = None) -> tuple[StoryRow, ...]:
    """Every model on every data set of the deck, and the demo."""
    models = _ordered([m.name for m in MODELS] + [m for m, _ in pairs])
    rows = [row_of(engine, m, d, pairs, waiting) for d in step.datasets for m in models]
    return tuple(row for row in rows if not all(cell.empty for cell in row.cells))


def lists(engine: Engine, scene: Scene) -> tuple[tuple[PicturesResult, ...], ...]:
    """The ten best pictures of each prompt, one list for each model."""
    return tuple(
        tuple(search(engine, engine.place(m, scene.dataset), query=text, k=TEN) for m in scene.models)
        for text in scene.texts
    )


def template_studies(engine: Engine, scene: Scene) -> tuple[PromptStudyResult, ...]:
    """Accuracy with each of the deck's templates, for each model."""
    return tuple(engine.run(PromptStudy.at(engine, m, scene.dataset, templates=scene.templates)) for m in scene.models)


def claim_results(engine: Engine, pairs: Pairs) -> tuple[ClaimResult, ...]:
    """Every claim of the deck with its verdict here: on real models where there are any, since the demo's say nothing
    about CLIP, else on the demo's."""
    real = [pair for pair in pairs if not pair[0].startswith("demo-")]
    pairs = real or pairs
    zero = [r for m, d in _sorted(pairs) if _classes(engine, d) and (r := zero_shot_of(engine, m, d))]
    probed = [(r, p) for r in zero if (p := probe_of(engine, r.model, r.dataset))]
    scenes = [scene_of(step, pairs) for step in STEPS]
    found = {
        "top5-probe": lambda: claims.top5_probe(probed),
        "general": lambda: claims.general(zero),
        "training": lambda: claims.training(zero),
        "wording": lambda: claims.wording(_all(engine, scenes, "templates", template_studies)),
        "favour": lambda: claims.favour(zero),
        "search": lambda: claims.search([r for row in _all(engine, scenes, "pictures", lists) for r in row]),
    }
    told = (_told(claim.name, found[claim.name]) for claim in CLAIMS)
    return tuple(replace(result, demo=not real and result.verdict != OPEN) for result in told)


def _all(engine: Engine, scenes: Sequence[Scene], kind: str, of: Callable[..., Sequence[object]]) -> list:  # type: ignore[type-arg]
    return [r for scene in scenes if scene.step.kind == kind and scene.dataset for r in of(engine, scene)]


def _told(name: str, make: Callable[[], ClaimResult]) -> ClaimResult:
    """A claim that cannot be computed now (a text still to be encoded) cannot be told; the others can."""
    try:
        return make()
    except TMVError as error:
        return ClaimResult(claim=name, verdict=OPEN, evidence=str(error))


def _sorted(pairs: Pairs) -> list[tuple[str, str]]:
    order = _ordered([m for m, _ in pairs])
    return sorted(pairs, key=lambda pair: (pair[1], order.index(pair[0])))


def _classes(engine: Engine, dataset: str) -> bool:
    try:
        return engine.vectors.has_classes(dataset)
    except TMVError:
        return False


def doubt_results(engine: Engine) -> tuple[DoubtResult, ...]:
    """What does not fit in the deck; computed once."""
    return engine.memory.studies.get(("story", "doubts"), lambda: doubts(audit_deck()))


def where_figures(engine: Engine) -> pd.DataFrame:
    """The zero-shot figures of the original study among those of the field; computed once."""
    found: pd.DataFrame = engine.memory.studies.get(("story", "where"), lambda: where_frame(audit_deck()))
    return found


# --- ready? -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether a step can be shown with no network and no encoder: `missing` says what it lacks, in words; `texts`
    are the ones without vectors, by model."""

    step: Step
    missing: tuple[str, ...] = ()
    texts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    pictures: tuple[tuple[str, str, str], ...] = ()

    @property
    def ready(self) -> bool:
        """Nothing is missing."""
        return not self.missing


def readiness(engine: Engine, step: Step, pairs: Pairs) -> Readiness:
    """What a step still needs. Looks only into the cache."""
    scene = scene_of(step, pairs)
    if step.datasets and not scene.dataset:
        sets = " or ".join(say_dataset(d) for d in step.datasets)
        return Readiness(step=step, missing=(f"embeddings of {sets}",))
    texts = tuple((m, found) for m in _asked(engine, scene, pairs) if (found := engine.encoding.missing_texts(*m)))
    named = tuple((m[0], found) for m, found in texts)
    missing = [say_texts(m, found) for m, found in named]
    pictures = () if missing else _undrawn(engine, scene)
    if pictures:
        missing.append(f"{len(pictures):,} small images of {say_dataset(scene.dataset)}")
    return Readiness(step=step, missing=tuple(missing), texts=named, pictures=pictures)


def _asked(engine: Engine, scene: Scene, pairs: Pairs) -> list[tuple[str, tuple[str, ...]]]:
    """(model, texts) that a step asks about."""
    kind = scene.step.kind
    if kind in ("pictures", "caption"):
        return [(m, (*scene.texts, *scene.beside)) for m in scene.models]
    if kind == "templates":
        return [(m, _filled(engine, m, scene.dataset, scene.templates)) for m in scene.models]
    if kind in ("table", "opening"):
        return [(m, _filled(engine, m, scene.dataset)) for m in scene.models]
    if kind in ("bars", "claims"):
        there = [(m, d) for m, d in pairs if d in scene.step.datasets and _classes(engine, d)]
        return [(m, _filled(engine, m, d)) for m, d in sorted(there)]
    return []


def _filled(engine: Engine, model: str, dataset: str, templates: Sequence[str] | None = None) -> tuple[str, ...]:
    images = engine.embeddings(model, dataset)
    return () if images is None else tuple(fill(engine.prompting.templates(dataset, templates), images.classnames))


def _undrawn(engine: Engine, scene: Scene) -> tuple[tuple[str, str, str], ...]:
    """(data set, split, id) of the pictures on a step that have no thumbnail on disk."""
    try:
        shown = {(r.dataset, r.split, hit.id) for r in _results(engine, scene) for hit in r.hits}
        if scene.step.kind == "opening":
            shown = set(opening_images(opening(engine, scene)))
    except EncoderWarming:
        return ()
    return tuple(sorted(where for where in shown if not engine.thumbnails.has(*where, 224)))


def _results(engine: Engine, scene: Scene) -> list[PicturesResult]:
    if scene.step.kind not in ("pictures", "caption"):
        return []
    return [r for row in lists(engine, scene) for r in row]


def prepare(engine: Engine, step: Step, pairs: Pairs) -> Readiness:
    """Compute and keep what a step shows, so that it answers at once; returns what it still lacks. Raises
    `EncoderWarming` while texts wait for the encoder."""
    found = readiness(engine, step, pairs)
    for model, texts in found.texts:
        engine.encoding.encode_texts(model, sorted(texts))
    scene = scene_of(step, pairs)
    if step.datasets and not scene.dataset:
        return found
    _show(engine, scene, pairs)
    return readiness(engine, step, pairs)


def _show(engine: Engine, scene: Scene, pairs: Pairs) -> None:
    step = scene.step
    if step.kind == "opening":
        for where in opening_images(opening(engine, scene)):
            engine.thumbnail(*where)
    elif step.kind == "table":
        table(engine, step, pairs)
    elif step.kind == "bars":
        bars(engine, step, pairs)
    elif step.kind == "templates":
        template_studies(engine, scene)
    elif step.kind == "claims":
        claim_results(engine, pairs)
    elif step.kind == "faults":
        doubt_results(engine)
    else:
        for result in _results(engine, scene):
            for hit in result.hits:
                engine.thumbnail(result.dataset, result.split, hit.id)


def own_pictures(images: EmbeddingSet, caption: str) -> tuple[str, ...]:
    """The ids of the pictures that have this caption, word for word."""
    if images.image_index is None:
        return ()
    rows = [int(images.image_index[i]) for i, text in enumerate(images.captions) if text == caption]
    return tuple(dict.fromkeys(images.ids[row] for row in rows))


def stories_folder(engine: Engine) -> Path:
    """Where the stories that people write are kept."""
    return engine.cache_dir / "stories"
