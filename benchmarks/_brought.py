"""Files as people bring them to the audit, sound and with a fault planted: tables of scores and answers in the styles
of several tools, and the documents of evaluations.

A table is written as text from a `World` and read back by the reader, so that reading and checks are measured together.
"""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks._planted import ENSEMBLE, World, names_of
from benchmarks._planted import _heads as heads_of
from benchmarks._planted import _images as images_of
from benchmarks._planted import _labels as labels_of
from core.catalog.benchmark_names import published_set
from core.catalog.published import published
from core.readers.predictions import parse_predictions
from core.stats import metrics
from core.stats.shuffles import loader
from core.studies.audit import PROTOCOL, Alternative, AuditResult, Cell, Known, audit
from core.studies.audit.external import brought_case, known_of_figures, weights_named
from core.types import FloatArray, IntArray

CAPTIONS = {f"{side}_retrieval_recall@{k}" for side in ("image", "text") for k in (1, 5, 10)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """A table: `scores` (n, c) or the `answers` (n,) alone, beside the `labels` (n,) under the names of classes."""

    names: tuple[str, ...]
    labels: IntArray
    scores: FloatArray
    answers: IntArray
    said_names: tuple[str, ...] = ()
    with_scores: bool = True
    with_answers: bool = False
    sure: FloatArray | None = None


def brought(world: World, scale: float = 100.0) -> Brought:
    """The study of a world as somebody's table."""
    images, labels = images_of(world, "test"), labels_of(world, "test")
    scores = metrics.softmax(metrics.normalise(images) @ heads_of(world, ENSEMBLE, False).T, scale)
    return Brought(names=names_of(world, False), labels=labels, scores=scores, answers=scores.argmax(axis=1))


def written(table: Brought, seed: int) -> bytes:
    """The table as text, in a style drawn by the seed: header, delimiter, order, decimal commas, columns beside."""
    rng = random.Random(seed)
    mark = rng.choice(",;\t")
    comma, prefix = mark != "," and rng.random() < 0.3, rng.choice(("", "prob_", "p_"))
    picture, true, said = rng.choice(
        (("image", "label", "prediction"), ("filepath", "true_class", "pred_class"), ("filename", "y_true", "y_pred"))
    )
    n, c = table.scores.shape
    columns: list[tuple[str, list[str]]] = [(picture, [f"test/{i}.png" for i in range(n)])]
    columns.append((true, [table.names[y] for y in table.labels]))
    if table.with_answers or not table.with_scores:
        columns.append((said, [(table.said_names or table.names)[a] for a in table.answers]))
    if table.sure is not None:
        columns.append(("confidence", [f"{value:.6f}" for value in table.sure]))
    if table.with_scores:
        for j in rng.sample(range(c), c):
            cells = [f"{value:.7f}" for value in table.scores[:, j]]
            columns.append((prefix + table.names[j], [x.replace(".", ",") for x in cells] if comma else cells))
    for extra in rng.sample(("index", "loss", "fold", "seconds"), rng.randint(0, 2)):
        columns.append((extra, [str(i) for i in range(n)]))
    text = io.StringIO()
    writer = csv.writer(text, delimiter=mark, lineterminator=rng.choice(("\n", "\r\n")))
    writer.writerow([head for head, _ in columns])
    writer.writerows(zip(*(cells for _, cells in columns), strict=True))
    return text.getvalue().encode(rng.choice(("utf-8", "utf-8-sig", "utf-16")))


def audited(content: bytes, world: World, order: NDArray[np.int64] | None = None) -> AuditResult:
    """The audit of a table beside our own run on the same pictures; `order` is how its rows stand to ours."""
    (found,) = parse_predictions(content, "mine.csv")
    own = brought(world)
    place = {name: i for i, name in enumerate(own.names)}
    ours = np.array([place[n] for n in found.classnames])
    back = np.argsort(ours)
    predicted = back[own.answers]
    right = back[own.labels]
    rival = _rival(world)
    other = Cell(title="another model", model="planted/two", scores={}, n=len(right), predicted=back[rival])
    alternative = Alternative(changes=(PROTOCOL,), said="as published", predicted=predicted, correct=predicted == right)
    return audit(brought_case(found, Known(), None, alternatives=[alternative], others=[other]))


def _rival(world: World) -> IntArray:
    """(n,) the answers of another model for the same images."""
    scores = metrics.normalise(images_of(world, "test", 1)) @ heads_of(world, ENSEMBLE, False, 1).T
    return np.asarray(scores.argmax(axis=1), dtype=np.int64)


def document(world: World, **changes: object) -> AuditResult:
    """The audit of an evaluation's figures, at their published values but for the `changes`."""
    spec, _, quick = weights_named("ViT-B-32-quickgelu", "openai")
    pictures = published_set("wds/imagenet1k")
    assert spec is not None and pictures is not None and not quick
    figures = {r.metric: r.value for r in published(spec, pictures.spec, "zeroshot_")}
    metrics_ = {"acc1": figures["zeroshot_acc1_ensemble"], "acc5": figures.get("zeroshot_acc5_ensemble", 0.888)}
    record = {
        "dataset": "wds/imagenet1k",
        "model": "ViT-B-32-quickgelu",
        "pretrained": "openai",
        "metrics": {k: v for k, v in (metrics_ | changes).items() if v is not None},
    }
    (found,) = parse_predictions(json.dumps(record).encode(), "mine.json")
    return audit(brought_case(found, known_of_figures(spec, pictures), None))


# --- the faults ---------------------------------------------------------------------------------------------


def _moved(world: World, how: Callable[[Brought], Brought], seed: int) -> AuditResult:
    return audited(written(how(brought(world)), seed), world)


def _relabelled(table: Brought, labels: IntArray) -> Brought:
    return Brought(names=table.names, labels=labels, scores=table.scores, answers=table.answers)


def _answers(table: Brought, answers: IntArray, **how: Any) -> Brought:
    return Brought(names=table.names, labels=table.labels, scores=table.scores, answers=answers, **how)


def _rows_apart(table: Brought) -> Brought:
    order = np.random.default_rng(3).permutation(len(table.labels))
    return _answers(table, table.answers[order], with_scores=False)


def _in_no_order(table: Brought, share: float = 1.0) -> Brought:
    """Answers in an order of no seed that anybody would try, all of them or the last `share`."""
    answers, first = table.answers.copy(), round((1 - share) * len(table.answers))
    answers[first:] = np.random.default_rng([7, 586, 4_000_007]).permutation(answers[first:])
    return _answers(table, answers, with_scores=False)


def _loaded(table: Brought) -> Brought:
    """Answers as a DataLoader that shuffled gave them, beside the images in order."""
    return _answers(table, table.answers[loader(len(table.answers), 42)], with_scores=False)


def _folder_names(table: Brought) -> Brought:
    said = tuple(f"n{10_000_000 + i}" for i in range(len(table.names)))
    return Brought(
        names=table.names,
        labels=table.labels,
        scores=table.scores,
        answers=table.answers,
        said_names=said,
        with_scores=False,
    )


def _one_wins(table: Brought) -> Brought:
    drawn = np.random.default_rng(4).random(len(table.answers)) < 0.7
    return _answers(table, np.where(drawn, 0, table.answers), with_scores=False)


def _of_another(world: World, seed: int) -> AuditResult:
    table = brought(world)
    return audited(written(_answers(table, _rival(world), with_scores=False), seed), world)


def _another_number(table: Brought) -> Brought:
    """A quarter of the answers is any class: some fault that nobody knows."""
    rng = np.random.default_rng(5)
    any_class = rng.integers(0, _c(table), len(table.answers))
    return _answers(table, np.where(rng.random(len(any_class)) < 0.25, any_class, table.answers), with_scores=False)


def _confident(world: World, scale: float) -> Brought:
    """The answers with their confidence: of a softmax with this scale, or with none the cosine itself."""
    cosines = metrics.normalise(images_of(world, "test")) @ heads_of(world, ENSEMBLE, False).T
    # A CLIP model's cosines of images with their texts lie within a few hundredths of 0.25.
    like_clip = 0.25 + 0.02 * (cosines - cosines.mean()) / cosines.std()
    sure = like_clip.max(axis=1) if not scale else metrics.softmax(like_clip, scale).max(axis=1)
    table = brought(world)
    return _answers(table, table.answers, with_scores=False, sure=sure)


def _slipped(table: Brought) -> Brought:
    return _answers(table, np.roll(table.answers, 1), with_scores=False)


def _c(table: Brought) -> int:
    return len(table.names)


FILE_FAULTS: dict[str, tuple[str, Callable[[World, int], AuditResult]]] = {
    "labels off by one": ("label-order", lambda w, s: _moved(w, lambda t: _relabelled(t, (t.labels + 1) % _c(t)), s)),
    "labels in reverse": ("label-order", lambda w, s: _moved(w, lambda t: _relabelled(t, _c(t) - 1 - t.labels), s)),
    "rows out of order": ("rows", lambda w, s: _moved(w, _rows_apart, s)),
    "rows in no known order": ("rows", lambda w, s: _moved(w, _in_no_order, s)),
    "half of the rows in no known order": ("rows", lambda w, s: _moved(w, lambda t: _in_no_order(t, 0.5), s)),
    "rows of a DataLoader that shuffled": ("rows", lambda w, s: _moved(w, _loaded, s)),
    "one class wins": ("collapse", lambda w, s: _moved(w, _one_wins, s)),
    "a softmax without the logit scale": ("logit-scale", lambda w, s: audited(written(brought(w, 1.0), s), w)),
    "answers against their scores": (
        "data",
        lambda w, s: _moved(w, lambda t: _answers(t, (t.answers + 1) % _c(t), with_answers=True), s),
    ),
    "another model's answers": ("copied", _of_another),
    "answers far from our own": ("own-run", lambda w, s: _moved(w, _another_number, s)),
    "answers one row too low": ("rows", lambda w, s: _moved(w, _slipped, s)),
    "confidences without scale": ("logit-scale", lambda w, s: audited(written(_confident(w, 1.0), s), w)),
    "cosines as confidences": ("logit-scale", lambda w, s: audited(written(_confident(w, 0.0), s), w)),
    "top-5 below top-1": ("figures", lambda w, s: document(w, acc5=0.5)),
    "a share above 1": ("figures", lambda w, s: document(w, acc1=1.2)),
    "recall that falls": (
        "figures",
        lambda w, s: document(w, **{"image_retrieval_recall@1": 0.5, "image_retrieval_recall@5": 0.4}),
    ),
    "not the published figure": ("published", lambda w, s: document(w, acc1=0.50, acc5=0.80)),
}
"""Each fault of a file, the check that must find it, and the audit of a file with it."""


def sound_file(world: World, seed: int) -> AuditResult:
    """A sound table, of scores or of answers, or a sound document."""
    if seed % 8 == 0:
        return document(world)
    table = brought(world)
    kinds: tuple[dict[str, bool], ...] = ({}, {"with_answers": True}, {"with_scores": False})
    if seed % 4 == 2:
        return audited(written(_confident(world, 100.0), seed), world)
    return audited(written(_answers(table, table.answers, **kinds[seed % 3]), seed), world)
