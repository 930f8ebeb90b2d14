"""What a few-shot study found: single runs as they are kept, and the curves that they make."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.errors import TMVError
from core.stats.metrics import BoolArray
from core.stats.numbers import count
from core.studies.probe.training_rows import pair_notes
from core.studies.result import StudyResult, place_of
from core.studies.zero_shot.classify import SOFTMAX_OF_SIGMOID, ZeroShotResult, reference_record
from core.types import (
    EmbeddingKey,
    EmbeddingSet,
    EvalProtocol,
    Note,
    Provenance,
    Reference,
    ScoreRule,
    beside,
    read_only,
)

ZERO_SHOT = "zero-shot"
_PUBLISHED = re.compile(r"^(linear_probe|tip_adapter_f|tip_adapter|clip_adapter)_acc1_(\d+)shot")
_ADAPTERS = {"tip": "Tip-Adapter", "tip-f": "Tip-Adapter-F"}
_NAMES = {"linear_probe": "probe", "tip_adapter": "tip", "tip_adapter_f": "tip-f", "clip_adapter": "clip-adapter"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FewShotRun:
    """One run: `correct` (n,) whether each test picture was named right; how many pictures it learnt from
    (`n_shots`) and chose its `settings` on (`n_validation`); how many classes had fewer than K (`short`)."""

    correct: BoolArray
    n_shots: int
    n_validation: int
    short: int
    settings: Mapping[str, Any]

    def __post_init__(self) -> None:
        read_only(self.correct)

    @property
    def acc1(self) -> float:
        """Share of the test pictures named right."""
        return float(self.correct.mean())

    def to_record(self) -> dict[str, Any]:
        """For the results on disk; `from_record` reads it back."""
        bits = base64.b64encode(np.packbits(self.correct).tobytes()).decode("ascii")
        return {
            "n": len(self.correct),
            "correct": bits,
            "n_shots": self.n_shots,
            "n_validation": self.n_validation,
            "short": self.short,
            "settings": dict(self.settings),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> FewShotRun:
        """Raises `KeyError`, `ValueError` or `TypeError` for a record that `to_record` did not write."""
        bits = np.frombuffer(base64.b64decode(record["correct"]), np.uint8)
        if len(bits) != -(-record["n"] // 8):
            raise ValueError("a run with fewer or more answers than images")
        correct = np.unpackbits(bits, count=record["n"]).astype(np.bool_)
        return cls(
            correct=correct,
            n_shots=record["n_shots"],
            n_validation=record["n_validation"],
            short=record["short"],
            settings=record["settings"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FewShotPoint:
    """One method with K shots a class, over all draws.

    `acc1` has one value a seed; `acc1_std` is their sample standard deviation (n - 1 in the denominator), NaN
    for a single draw; 0 for zero-shot, which draws nothing. `units` are the runs themselves.
    """

    method: str
    shots: int
    acc1: tuple[float, ...]
    acc1_mean: float
    acc1_std: float
    units: tuple[FewShotRun, ...] = ()

    @classmethod
    def of(cls, method: str, shots: int, units: Sequence[FewShotRun]) -> FewShotPoint:
        """From the runs of all seeds."""
        values = np.array([unit.acc1 for unit in units])
        std = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
        return cls(
            method=method,
            shots=shots,
            acc1=tuple(values.tolist()),
            acc1_mean=float(values.mean()),
            acc1_std=std,
            units=tuple(units),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FewShotResult(StudyResult):
    """Accuracy by method and shots on the test `split` of `n` pictures. `points` begin with zero-shot (K = 0),
    then go by method and by K. `published` are figures from elsewhere for some number of shots."""

    n: int
    classes: int
    shots: tuple[int, ...]
    methods: tuple[str, ...]
    seeds: tuple[int, ...]
    zero_shot: ZeroShotResult
    points: tuple[FewShotPoint, ...]
    train_key: EmbeddingKey
    test_key: EmbeddingKey
    protocol: EvalProtocol
    train_provenance: Provenance
    published: tuple[Reference, ...] = ()
    notes: tuple[Note, ...] = ()

    def point(self, method: str, shots: int) -> FewShotPoint:
        """The point of one method and K; `TMVError` when it is not part of the study."""
        for point in self.points:
            if (point.method, point.shots) == (method, shots):
                return point
        raise TMVError(f"This study has no {method} with {shots} shots.")

    def to_records(self) -> list[dict[str, Any]]:
        """The JSON records of `fewshot`: one for each method and K."""
        return [self._record(point) for point in self.points]

    def _record(self, point: FewShotPoint) -> dict[str, Any]:
        beside = [r for r in self.published if published_point(r.metric) == (point.method, point.shots)]
        return {
            **self.place_record(),
            "n": self.n,
            "method": point.method,
            "shots": point.shots,
            "acc1_mean": point.acc1_mean,
            "acc1_std": point.acc1_std,
            "acc1_std_ddof": 1,
            "acc1": list(point.acc1),
            "seeds": list(self.seeds),
            "n_shots": [u.n_shots for u in point.units],
            "n_validation": [u.n_validation for u in point.units],
            "settings": [dict(u.settings) for u in point.units],
            "published": [reference_record(r) for r in beside],
            "notes": [note.as_dict() for note in self.notes],
            "train": asdict(self.train_key),
            "test": asdict(self.test_key),
            "protocol": asdict(self.protocol),
            "provenance": self.provenance.as_dict(),
            "train_provenance": self.train_provenance.as_dict(),
        }


def published_point(metric: str) -> tuple[str, int] | None:
    """The method and K of a published figure: `tip_adapter_f_acc1_16shot` -> ("tip-f", 16); None for others."""
    found = _PUBLISHED.match(metric)
    return (_NAMES[found.group(1)], int(found.group(2))) if found else None


def assemble(
    train: EmbeddingSet,
    zero_shot: ZeroShotResult,
    test: EmbeddingSet,
    units: Mapping[tuple[Any, int, int], FewShotRun],
    published: Sequence[Reference] = (),
) -> FewShotResult:
    """The whole study from its runs by (method, K, seed) and the zero-shot result on the same pictures."""
    methods = tuple(dict.fromkeys(method for method, _, _ in units))
    shots = tuple(dict.fromkeys(k for _, k, _ in units))
    seeds = tuple(dict.fromkeys(seed for _, _, seed in units))
    runs = [FewShotPoint.of(method, k, [units[method, k, seed] for seed in seeds]) for method in methods for k in shots]
    none = FewShotPoint(method=ZERO_SHOT, shots=0, acc1=(zero_shot.acc1,), acc1_mean=zero_shot.acc1, acc1_std=0.0)
    return FewShotResult(
        **place_of(test),
        n=len(test),
        classes=len(test.classnames),
        shots=shots,
        methods=methods,
        seeds=seeds,
        zero_shot=zero_shot,
        points=(none, *runs),
        train_key=train.key,
        test_key=test.key,
        protocol=_protocol(train, test, zero_shot, units, seeds),
        train_provenance=train.provenance,
        published=tuple(r for r in published if published_point(r.metric)),
        notes=beside(pair_notes(train, test), _notes(runs), adapter_note(test.score_rule, methods)),
    )


def _protocol(
    train: EmbeddingSet,
    test: EmbeddingSet,
    zero_shot: ZeroShotResult,
    units: Mapping[tuple[Any, int, int], FewShotRun],
    seeds: Sequence[int],
) -> EvalProtocol:
    kept = sorted({unit.n_validation for unit in units.values()})
    details = {
        "train_split": train.key.split,
        "train_fingerprint": train.key.fingerprint,
        "seeds": list(seeds),
        "shots": "K images of each class of the training split; of one seed, K = 1 is part of K = 2 and so on",
        "fewer": "a class with fewer than K images to spare gives all it has",
        "n_validation": kept,
        "validation": "all settings are chosen on validation images of the training split, never among the "
        "shots: at most 16 per class and at most a fifth of it, one at least where it has two",
        "spread": "sample standard deviation over the draws (n - 1)",
        "probe": "logistic regression on unnormalized embeddings; C by validation accuracy",
        "tip": "Tip-Adapter (Zhang et al. 2022); alpha, beta by validation accuracy; one view an image",
        "tip-f": "Tip-Adapter-F: AdamW on the keys, 20 epochs or 100 steps; when to stop, alpha, beta by "
        "validation accuracy; one view an image, in training its own key is hidden from it",
    }
    return EvalProtocol(
        templates=zero_shot.templates,
        classnames=zero_shot.classnames_kind,
        split=test.key.split,
        n=len(test),
        normalised=True,
        details=details,
    )


def _notes(points: Sequence[FewShotPoint]) -> tuple[Note, ...]:
    notes = list[Note]()
    short = {point.shots: max(unit.short for unit in point.units) for point in points}
    for k, classes in sorted(short.items()):
        if classes:
            notes.append(short_note(classes, k))
    if any(len(point.units) == 1 for point in points):
        notes.append(
            Note("One draw says little: published draws of 16 shots span nine points. Take several seeds.", "one_draw")
        )
    return tuple(notes)


def adapter_note(rule: ScoreRule, methods: Sequence[str]) -> tuple[Note, ...]:
    """That Tip-Adapter builds on a softmax, where a model was trained with something else. A linear probe does not."""
    used = [title for method, title in _ADAPTERS.items() if method in methods]
    if not rule.each_alone or not used:
        return ()
    said = (
        f"{' and '.join(used)}: settings are chosen by a softmax over the classes, and so is what is fine-tuned; this "
        "model was trained with a sigmoid for each pair of image and text. Few-shot accuracy can depend on it."
    )
    return (Note(said, SOFTMAX_OF_SIGMOID),)


def short_note(classes: int, k: int) -> Note:
    """How many classes have fewer than K pictures to give."""
    some = "One class has" if classes == 1 else count(classes, "class has", "classes have")
    return Note(f"{some} fewer than {k} images to spare; such a class gives all it has.", "short_classes")
