"""Our own runs beside a result: the same pictures asked in other ways, and other models asked in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.catalog.models import config_and_weights, find_model
from core.encoders.text_files import SHORT, UNCLEANED
from core.errors import TMVError
from core.stats import metrics
from core.store import Entry
from core.studies.audit import (
    AS_WRITTEN,
    NAMES,
    NOT_FILLED,
    OTHER,
    PROTOCOL,
    TEMPLATES,
    Alternative,
    Asked,
    Cell,
    TextSide,
    cases,
)
from core.studies.base import Lab
from core.studies.zero_shot.classify import ZeroShotResult, class_embeddings, fill
from core.studies.zero_shot.study import ZeroShot
from core.types import EmbeddingSet, FloatArray, IntArray

PHOTO, PHOTO_BARE, BARE = ("a photo of a {}.",), ("a photo of a {}",), ("{}",)
MOST_OTHERS = 12
"""Other models' results on the same pictures that one is compared with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way to ask: `said` in words, `changes` what it changes back (see `core.studies.audit.Alternative`)."""

    changes: tuple[str, ...]
    said: str
    templates: tuple[str, ...]
    classnames: tuple[str, ...]


def other_ways(asked: Asked, published: bool = True) -> list[Way]:
    """Ways to ask that differ from the one in use: back to the published protocol (or, where nothing is `published`, to
    the data set's own) first, then a few more."""
    own, names, reference = asked.templates, asked.classnames, asked.reference or asked.templates
    protocol = "as published" if published else "with the data set's own prompts"
    ways = (
        [Way(changes=(PROTOCOL,), said=protocol, templates=reference, classnames=asked.curated)]
        if asked.reference
        else []
    )
    ways += [
        Way(changes=(NAMES,), said="with curated class names", templates=own, classnames=asked.curated),
        Way(changes=(TEMPLATES,), said=_with(reference, published), templates=reference, classnames=names),
        Way(changes=(OTHER,), said="with folder names", templates=own, classnames=asked.raw),
        Way(changes=(OTHER,), said=_with(PHOTO), templates=PHOTO, classnames=names),
        Way(changes=(OTHER,), said="with the bare class name", templates=BARE, classnames=names),
    ]
    found = dict[tuple[tuple[str, ...], tuple[str, ...]], Way]()
    for way in (w for w in ways if w.classnames and (w.templates, w.classnames) != (own, names)):
        same = found.get((way.templates, way.classnames))
        changes, said = (way.changes, way.said) if same is None else ((*same.changes, *way.changes), same.said)
        found[way.templates, way.classnames] = Way(
            changes=changes, said=said, templates=way.templates, classnames=way.classnames
        )
    return list(found.values())


def usual_ways(asked: Asked) -> list[Way]:
    """Ways that someone's answers may have come from: as published, and the usual departures from that."""
    published, forms = asked.templates, dict.fromkeys((asked.templates, PHOTO, PHOTO_BARE, BARE))
    ways = [Way(changes=(PROTOCOL,), said="as published", templates=published, classnames=asked.curated)]
    for names, kind in ((asked.curated, "curated"), (asked.raw, "folder")):
        ways += [
            Way(changes=(OTHER,), said=f"{_said(form, published)} and {kind} names", templates=form, classnames=names)
            for form in forms
            if names
        ]
    return [w for i, w in enumerate(ways) if not i or (w.templates, w.classnames) != (published, asked.curated)]


def _said(templates: tuple[str, ...], published: tuple[str, ...]) -> str:
    if templates == published:
        return "with the published templates"
    return "with the bare class name" if templates == BARE else _with(templates)


def _with(templates: Sequence[str], published: bool = True) -> str:
    if len(templates) == 1:
        return f"with one template, “{templates[0]}”"
    return f"with the {len(templates)} templates {'of the published protocol' if published else 'of the data set'}"


def ready(lab: Lab, model: str, templates: Sequence[str], classnames: Sequence[str]) -> bool:
    """Whether every text of this way of asking has its vector in the store."""
    digest = lab.encoding.model_digest(model)
    return bool(digest) and bool(
        lab.encoding.texts.get(str(digest), list(dict.fromkeys(fill(templates, classnames))))[1].all()
    )


def alternative(lab: Lab, images: EmbeddingSet, way: Way, encode: bool) -> Alternative | None:
    """The pictures asked in this way; None where texts have no vectors and may not (or cannot) be encoded."""

    def make() -> tuple[IntArray, np.ndarray]:
        head = lab.prompting.class_head(images.key.model, way.templates, way.classnames)
        labels = np.asarray(images.labels)
        found = metrics.classify_vectors(images.image_embeddings, head, labels, images.score_rule, 1)
        return found.top[:, 0], found.ranks == 1

    try:
        if not encode and not ready(lab, images.key.model, way.templates, way.classnames):
            return None
        predicted, correct = lab.memory.studies.get(("audit", images.key, way.templates, way.classnames), make)
    except TMVError:
        return None
    return Alternative(changes=way.changes, said=way.said, predicted=predicted, correct=correct)


def unnormalised(lab: Lab, images: EmbeddingSet, asked: Asked) -> Alternative | None:
    """Our run with class vectors that were never normalised, so that the longest wins too often."""
    if not ready(lab, images.key.model, asked.templates, asked.curated):
        return None
    texts = lab.encoding.encode_texts(images.key.model, fill(asked.templates, asked.curated))
    heads: FloatArray = texts.reshape(len(asked.templates), len(asked.curated), -1).mean(axis=0)
    blocks = [images.image_embeddings[i : i + 4096] @ heads.T for i in range(0, len(images), 4096)]
    predicted = np.concatenate([block.argmax(axis=1) for block in blocks]).astype(np.int64)
    said = "as published, but with class vectors that were not normalized"
    return Alternative(changes=(OTHER,), said=said, predicted=predicted, correct=predicted == np.asarray(images.labels))


MISTAKES = {
    UNCLEANED: (AS_WRITTEN, "as published, but with texts that were not cleaned"),
    SHORT: (NOT_FILLED, "as published, but with texts filled up to the longest one only"),
}
"""Mistakes with a tokenizer of the hub, what an `Alternative` calls them, and how they are said."""


def mistakes_of(texts: TextSide | None) -> list[str]:
    """Those of the `MISTAKES` that a model's texts can be made with."""
    if texts is None:
        return []
    return [*([UNCLEANED] if texts.clean else []), *([SHORT] if texts.filled else [])]


def mistaken(lab: Lab, images: EmbeddingSet, asked: Asked, how: str, encode: bool) -> Alternative | None:
    """Our run with one of these `MISTAKES`; None where the model has no such or its vectors are not there."""
    texts, (changes, said) = fill(asked.templates, asked.curated), MISTAKES[how]
    try:
        vectors = lab.encoding.mistaken_texts(images.key.model, texts, how, encode)
    except TMVError:
        return None
    if vectors is None:
        return None
    head = class_embeddings(vectors.reshape(len(asked.templates), len(asked.curated), -1))
    found = metrics.classify_vectors(images.image_embeddings, head, np.asarray(images.labels), images.score_rule, 1)
    return Alternative(changes=(changes,), said=said, predicted=found.top[:, 0], correct=found.ranks == 1)


def other_models(lab: Lab, images: EmbeddingSet, result: ZeroShotResult) -> list[Cell]:
    """Other models' answers for the same pictures, asked in the same way, as far as the cache has them."""
    found = list[Cell]()
    for entry in lab.vectors.store.entries():
        if len(found) >= MOST_OTHERS or not _comparable(entry, images) or entry.key.model in {c.model for c in found}:
            continue
        try:
            cell = _cell(lab, entry, images, result)
        except TMVError:
            continue
        found += [cell] if cell is not None else []
    return found


def rivals(lab: Lab, images: EmbeddingSet, asked: Asked, rows: IntArray) -> list[Cell]:
    """Other models' answers for these rows, as published and with one template, as far as the cache has them: whether a
    table was copied from another model's."""
    found = list[Cell]()
    ways = [w for w in usual_ways(asked) if w.classnames == asked.curated][:2]
    for entry in lab.vectors.store.entries():
        if len(found) >= MOST_OTHERS or not _comparable(entry, images):
            continue
        try:
            other = lab.vectors.find(lab.place(entry.key.model, entry.key.dataset, entry.key.split))
            tried = (
                [] if other is None or other.ids != images.ids else [alternative(lab, other, w, False) for w in ways]
            )
        except TMVError:
            continue
        found += [_rival(entry.key.model, other, rows) for other in tried if other is not None]
    return found


def _rival(model: str, run: Alternative, rows: IntArray) -> Cell:
    """Another model's run as something to compare a table with."""
    predicted, correct = run.predicted[rows], run.correct[rows]
    title = f"Our own run of {model} {run.said}"
    return Cell(title=title, model=model, scores={"acc1": float(correct.mean())}, n=len(rows), predicted=predicted)


def _comparable(entry: Entry, images: EmbeddingSet) -> bool:
    key, own = entry.key, images.key
    here = entry.complete and (key.dataset, key.split) == (own.dataset, own.split)
    return here and key.model != own.model and not _same_files(key.model, own.model)


def _same_files(a: str, b: str) -> bool:
    """Whether two names are one checkpoint, as its path is written from here and from elsewhere."""
    try:
        one, other = config_and_weights(find_model(a)), config_and_weights(find_model(b))
        return one is not None and other is not None and [p.resolve() for p in one] == [p.resolve() for p in other]
    except (TMVError, OSError):
        return False


def _cell(lab: Lab, entry: Entry, images: EmbeddingSet, result: ZeroShotResult) -> Cell | None:
    key = entry.key
    place = lab.place(key.model, key.dataset, key.split)
    other = lab.vectors.find(place)
    if other is None or other.ids != images.ids or not ready(lab, key.model, result.templates, result.classnames):
        return None
    study = lab.run(ZeroShot(place=place, templates=result.templates, classnames=result.classnames_kind))
    return cases.cell_of(study, other.image_embeddings)


def state_of_cache(lab: Lab, images: EmbeddingSet) -> tuple[object, ...]:
    """Changes when the cache may know more (other texts, other models), so that it has to be asked anew."""
    digest = lab.encoding.model_digest(images.key.model)
    files = (
        [lab.encoding.texts.path(digest).with_name(lab.encoding.texts.path(digest).name + s) for s in ("", "-wal")]
        if digest
        else []
    )
    stamps = [(f.stat().st_mtime_ns, f.stat().st_size) for f in files if f.exists()]
    return (
        *stamps,
        *(e.key for e in lab.vectors.store.entries() if e.complete and e.key.dataset == images.key.dataset),
    )
