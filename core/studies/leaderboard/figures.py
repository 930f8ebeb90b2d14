"""The figures that can be laid side by side for every pair of model and data set, each kept in a few hundred bytes."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import NotHere
from core.stats.accuracy import METRICS
from core.studies.base import Lab
from core.studies.captions.retrieval import RetrievalResult
from core.studies.captions.study import CUT_CAPTIONS, Retrieval
from core.studies.probe.study import LinearProbe
from core.studies.zero_shot.classify import ZeroShotResult, rule_note
from core.studies.zero_shot.study import ZeroShot
from core.system.files import canonical_json, sha256_text
from core.types import Interval, Note, Place

ZERO_SHOT, PROBE, CAPTIONS = "Zero-shot", "Linear probe", "Caption retrieval"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoardScore:
    """One figure of one model on one split: `value` 0-1 with its 95 % interval, of `n` images (or captions) in
    `classes` classes (0 without). `correct` (n,) says which were right, None where that is not known one by one;
    `notes` doubt it, or say by what rule or from how much of the texts it comes."""

    model: str
    dataset: str
    split: str
    n: int
    classes: int
    value: float
    ci95: Interval
    correct: NDArray[np.bool_] | None = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardFigure:
    """A figure of the board. `of(lab, place)` gives it, None where it has not been computed; `kind` is the kind of data
    set that has it; `where` says where it is computed."""

    name: str
    title: str
    method: str
    kind: str
    of: Callable[[Lab, Place], BoardScore | None]
    where: str = ""


# --- zero-shot: cheap, computed where it is missing -------------------------------------------------------


def _zero_shot(metric: str) -> Callable[[Lab, Place], BoardScore | None]:
    def of(lab: Lab, place: Place) -> BoardScore | None:
        score = _of_record(place, metric, _record(lab, place, metric))
        return replace(score, notes=rule_note(lab.vectors.require(place).score_rule))

    return of


def _record(lab: Lab, place: Place, metric: str) -> Mapping[str, Any]:
    """Every metric of the pair as its data set is measured by default; raises as `ZeroShot.run` does. A record that was
    kept before there was this metric is made anew."""
    study = ZeroShot(place=place)
    images, templates, names = study.asked(lab)
    key = f"score/{images.key.fingerprint}/{sha256_text(canonical_json([list(templates), list(names)]))[:32]}"
    kept = lab.results.read(key, _checked)
    if kept is None or metric not in kept["scores"]:
        kept = _pack(lab.run(study))
        lab.results.put(key, kept)
    return kept


def _pack(result: ZeroShotResult) -> dict[str, Any]:
    return {
        "n": len(result.ids),
        "classes": len(result.classnames),
        "scores": {name: [score.value, *score.ci95] for name, score in result.scores.items()},
        "ranks": base64.b64encode(np.minimum(result.ranks, 255).astype(np.uint8).tobytes()).decode(),
    }


def _checked(value: Any) -> Mapping[str, Any]:
    """The record, or a `ValueError` where it is none."""
    ranks = base64.b64decode(value["ranks"], validate=True)
    if len(ranks) != int(value["n"]) or any(len(score) != 3 for score in value["scores"].values()):
        raise ValueError("no record of scores")
    found: Mapping[str, Any] = value
    return found


def _of_record(place: Place, metric: str, record: Mapping[str, Any]) -> BoardScore:
    value, low, high = record["scores"][metric]
    ranks = np.frombuffer(base64.b64decode(record["ranks"]), np.uint8)
    within = {"acc1": 1, "acc5": 5}.get(metric)
    return BoardScore(
        model=place.model.name,
        dataset=place.dataset.name,
        split=place.split,
        n=int(record["n"]),
        classes=int(record["classes"]),
        value=value,
        ci95=(low, high),
        correct=ranks <= within if within else None,
    )


# --- what is only shown where it has been computed --------------------------------------------------------


def _probe(lab: Lab, place: Place) -> BoardScore | None:
    try:
        result = lab.kept(LinearProbe(place=place))
    except NotHere:
        return None
    if result is None:
        return None
    return BoardScore(
        model=place.model.name,
        dataset=place.dataset.name,
        split=place.split,
        n=len(result.ids),
        classes=len(result.classnames),
        value=result.test_acc1,
        ci95=result.test_acc1_ci95,
        correct=result.correct,
    )


def _recall(side: str) -> Callable[[Lab, Place], BoardScore | None]:
    def of(lab: Lab, place: Place) -> BoardScore | None:
        result: RetrievalResult | None = lab.kept(Retrieval(place=place))
        if result is None:
            return None
        found = result.image if side == "image" else result.text
        return BoardScore(
            model=place.model.name,
            dataset=place.dataset.name,
            split=place.split,
            n=found.n,
            classes=0,
            value=found.recall[1],
            ci95=found.recall_ci95[1],
            notes=tuple(note for note in result.notes if note.level != "info" or note.code == CUT_CAPTIONS),
        )

    return of


FIGURES: tuple[BoardFigure, ...] = (
    *(
        BoardFigure(
            name=metric.name, title=metric.title, method=ZERO_SHOT, kind="classification", of=_zero_shot(metric.name)
        )
        for metric in METRICS
    ),
    BoardFigure(
        name="probe_acc1",
        title="Linear probe, top-1 accuracy",
        method=PROBE,
        kind="classification",
        of=_probe,
        where="Linear probe",
    ),
    BoardFigure(
        name="image_recall@1",
        title="Recall@1, caption to image",
        method=CAPTIONS,
        kind="captions",
        of=_recall("image"),
        where="Retrieval scores",
    ),
    BoardFigure(
        name="text_recall@1",
        title="Recall@1, image to caption",
        method=CAPTIONS,
        kind="captions",
        of=_recall("text"),
        where="Retrieval scores",
    ),
)
BY_NAME = {figure.name: figure for figure in FIGURES}
