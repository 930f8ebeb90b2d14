"""What a linear probe found: the part that is computed and kept, and the whole that is shown."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from zipfile import BadZipFile

import numpy as np

from core.errors import TMVError
from core.stats import metrics
from core.stats.accuracy import TOP
from core.stats.intervals import wilson
from core.stats.metrics import BoolArray
from core.studies.probe.regularisation import ProbePoint
from core.studies.probe.training_rows import labels_of, pair_notes
from core.studies.result import Answered, place_of
from core.studies.zero_shot.classify import ClassRecall, per_class_of, reference_record, top5_note
from core.types import (
    EmbeddingKey,
    EmbeddingSet,
    EvalProtocol,
    FloatArray,
    IntArray,
    Interval,
    Note,
    Provenance,
    Reference,
    beside,
    expect_shape,
    read_only,
)

_ARRAYS = ("ranks", "top5", "top5_probability", "seen")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeOutcome:
    """What only a computation can tell. `ranks` (n,), `top5` (n, k) int64 and `top5_probability` (n, k)
    float32 for each test picture; `seen` (n,) whether it is also a training picture; `train_correct` how many
    training pictures the tested fit gets right; `edge` whether C is the last value that may be tried.
    """

    C: float
    validation: tuple[ProbePoint, ...]
    n_val: int
    folds: int
    seed: int
    normalised: bool
    train_correct: int
    ranks: IntArray
    top5: IntArray
    top5_probability: FloatArray
    seen: BoolArray
    converged: bool
    objective: float
    iterations: int
    edge: bool
    seconds: float

    def to_bytes(self) -> bytes:
        """For the results on disk: arrays as .npy, the rest as JSON; `from_bytes` reads it back."""
        plain = {name: getattr(self, name) for name in self.__slots__ if name not in _ARRAYS}
        plain["validation"] = [asdict(point) for point in self.validation]
        text = np.frombuffer(json.dumps(plain).encode(), np.uint8)
        out = io.BytesIO()
        np.savez(out, record=text, **{name: getattr(self, name) for name in _ARRAYS})
        return out.getvalue()

    @classmethod
    def from_bytes(cls, kept: bytes) -> ProbeOutcome:
        """Raises `ValueError` for bytes that `to_bytes` did not write."""
        try:
            with np.load(io.BytesIO(kept), allow_pickle=False) as stored:
                found: dict[str, Any] = {name: read_only(stored[name]) for name in _ARRAYS}
                found |= json.loads(stored["record"].tobytes())
            return cls(**found | {"validation": tuple(map(_point, found["validation"]))})
        except (BadZipFile, ValueError, KeyError, TypeError, EOFError, OSError) as error:
            raise ValueError("not an outcome of a linear probe") from error


def _point(record: Mapping[str, Any]) -> ProbePoint:
    low, high = record["acc1_ci95"]
    return ProbePoint(C=record["C"], acc1=record["acc1"], acc1_ci95=(low, high), train_acc1=record["train_acc1"])


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult(Answered):
    """A linear probe of one model on one data set.

    `split` is the tested one, `n` its size; `train_acc1` is on all `n_train` training pictures, of which
    `n_val` were held out (in `folds` parts in turn) while `C` was chosen from `validation`. `labels`, `ranks`
    (n,) int64, `top5` (n, k) int64 and `top5_probability` (n, k) float32 belong to the test pictures `ids`;
    rank 1 is right. `confusion` (c, c) int64 [true, predicted]. Intervals are Wilson's. `seconds` is what
    computing took.
    """

    train_acc1: float
    train_acc1_ci95: Interval
    test_acc1: float
    test_acc1_ci95: Interval
    test_acc5: float
    test_acc5_ci95: Interval
    mean_per_class_recall: float
    C: float
    validation: tuple[ProbePoint, ...]
    n_train: int
    n_val: int
    folds: int
    normalised: bool
    per_class: tuple[ClassRecall, ...]
    confusion: IntArray
    seconds: float
    train_key: EmbeddingKey
    test_key: EmbeddingKey
    protocol: EvalProtocol
    train_provenance: Provenance
    published: tuple[Reference, ...] = ()
    deck: tuple[Reference, ...] = ()
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        Answered.__post_init__(self)
        expect_shape("confusion", self.confusion, (len(self.classnames),) * 2, np.int64)

    @property
    def n_test(self) -> int:
        """Test pictures."""
        return self.n

    @property
    def acc1(self) -> float:
        """`test_acc1`, under the name that zero-shot results have it."""
        return self.test_acc1

    def to_record(self) -> dict[str, Any]:
        """The JSON record of `probe`: figures are 0-1 floats, a recall without pictures is null."""
        plain = (
            "model",
            "dataset",
            "split",
            "n",
            "train_acc1",
            "test_acc1",
            "test_acc5",
            "C",
            "n_train",
            "n_val",
            "folds",
            "n_test",
            "mean_per_class_recall",
            "normalised",
            "seconds",
        )
        intervals = ("train_acc1_ci95", "test_acc1_ci95", "test_acc5_ci95")
        return {
            **{name: getattr(self, name) for name in plain},
            **{name: list(getattr(self, name)) for name in intervals},
            "validation": [asdict(p) | {"acc1_ci95": list(p.acc1_ci95)} for p in self.validation],
            "per_class": [recall.to_record() for recall in self.per_class],
            "published": [reference_record(r) for r in self.published],
            "deck": [reference_record(r) for r in self.deck],
            "notes": [note.as_dict() for note in self.notes],
            "train": asdict(self.train_key),
            "test": asdict(self.test_key),
            "protocol": asdict(self.protocol),
            "provenance": self.provenance.as_dict(),
            "train_provenance": self.train_provenance.as_dict(),
        }


def assemble(
    train: EmbeddingSet,
    test: EmbeddingSet,
    outcome: ProbeOutcome,
    published: Sequence[Reference] = (),
    deck: Sequence[Reference] = (),
) -> ProbeResult:
    """The whole result, from the two sets and what was computed on them.

    Raises `TMVError` when the outcome was computed on another number of pictures.
    """
    n, n_train, c = len(test), len(train), len(test.classnames)
    if len(outcome.ranks) != n:
        raise TMVError(f"This probe was tested on {len(outcome.ranks)} images, not on {n}; run it again.")
    labels, correct = labels_of(test), outcome.ranks == 1
    hits1, hits5 = int(correct.sum()), int((outcome.ranks <= TOP).sum())
    return ProbeResult(
        **place_of(test),
        n=n,
        train_acc1=outcome.train_correct / n_train,
        train_acc1_ci95=wilson(outcome.train_correct, n_train),
        test_acc1=hits1 / n,
        test_acc1_ci95=wilson(hits1, n),
        test_acc5=hits5 / n,
        test_acc5_ci95=wilson(hits5, n),
        mean_per_class_recall=metrics.mean_per_class_recall(labels, correct, c),
        C=outcome.C,
        validation=outcome.validation,
        n_train=n_train,
        n_val=outcome.n_val,
        folds=outcome.folds,
        normalised=outcome.normalised,
        classnames=test.classnames,
        per_class=per_class_of(labels, correct, test.classnames),
        confusion=metrics.confusion(labels, outcome.top5[:, 0], c),
        labels=read_only(labels),
        ranks=outcome.ranks,
        top5=outcome.top5,
        top5_probability=outcome.top5_probability,
        ids=test.ids,
        seconds=outcome.seconds,
        train_key=train.key,
        test_key=test.key,
        protocol=_protocol(train, test, outcome),
        train_provenance=train.provenance,
        published=tuple(published),
        deck=tuple(deck),
        notes=beside(pair_notes(train, test), _notes(c, outcome)),
    )


def _protocol(train: EmbeddingSet, test: EmbeddingSet, outcome: ProbeOutcome) -> EvalProtocol:
    details = {
        "classifier": "multinomial logistic regression, L2, intercept free",
        "features": "unit length" if outcome.normalised else "unnormalized, as the CLIP paper's code",
        "train_split": train.key.split,
        "train_fingerprint": train.key.fingerprint,
        "n_train": len(train),
        "n_val": outcome.n_val,
        "validation": _held_out(train, outcome),
        "folds": outcome.folds,
        "seed": outcome.seed,
        "C": outcome.C,
        "C_tried": [point.C for point in outcome.validation],
        "choice": "highest validation accuracy, of equals the lowest loss; refitted on all training images",
        "objective": outcome.objective,
        "iterations": outcome.iterations,
        "converged": outcome.converged,
    }
    return EvalProtocol(
        templates=(),
        classnames="none: trained on labels",
        split=test.key.split,
        n=len(test),
        normalised=outcome.normalised,
        details=details,
    )


def _held_out(train: EmbeddingSet, outcome: ProbeOutcome) -> str:
    where = f"{len(train):,} images of {train.key.split}"
    if outcome.folds == 1:
        return f"{outcome.n_val:,} of the {where}, the same share of each class, held out to choose C"
    return f"the {where} in {outcome.folds} parts, each held out in turn to choose C"


def _notes(c: int, outcome: ProbeOutcome) -> tuple[Note, ...]:
    notes = list[Note]()
    if c <= TOP:
        notes.append(top5_note(c))
    if seen := int(outcome.seen.sum()):
        right = outcome.ranks[~outcome.seen] == 1
        notes.append(
            Note(
                f"{seen:,} of {len(outcome.seen):,} test images look the same to this model as a training image; "
                f"without them test accuracy is {100 * right.mean():.2f} %.",
                "trained_on_test",
                "warning",
            )
        )
    if outcome.edge:
        notes.append(
            Note(f"The best C, {outcome.C:g}, is the last one tried; a better one may lie beyond it.", "C_at_edge")
        )
    if not outcome.converged:
        notes.append(
            Note("The fit stopped short of the optimum; its accuracy may still change slightly.", "not_converged")
        )
    return tuple(notes)
