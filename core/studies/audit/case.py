"""What is audited: one result with everything known about it, as plain values and arrays.

A part that is not known is None or empty, and the checks that need it answer "cannot tell". So the same checks
run on a study of this program, on a table of someone's own predictions, and on bare numbers from a paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.catalog.field import Checkpoint, FieldSet
from core.errors import TMVError
from core.stats.intervals import wilson
from core.studies.audit.trying.result import Trial
from core.types import FloatArray, IntArray, Interval, Note, Provenance, Reference, ScoreRule, expect_shape

Method = Literal["zero-shot", "probe", "retrieval"]
CaseSource = Literal["study", "predictions", "figures"]
"""Whether a result was computed here, or brought as answers, or only as numbers."""
ScoreKind = Literal["cosines", "logits", "probabilities"]

PROTOCOL, NAMES, TEMPLATES, OTHER = "protocol", "class names", "templates", "other"
AS_WRITTEN, NOT_FILLED = "texts as written", "rows not filled"
"""What an `Alternative` changes back: all to the published protocol, only the names, only the templates; or it is
one more way to ask, of which two are mistakes with a tokenizer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAnswers:
    """What was answered for n pictures. `labels` (n,) int64 the true classes, `top` (n, k) int64 the answers, best
    first; `ranks` (n,) int64 of the true class where all scores are known; `probability` (n,) of the first answer;
    `scores` (n, c) of every class, in the form that `kind` says.
    """

    ids: tuple[str, ...]
    labels: IntArray
    top: IntArray
    ranks: IntArray | None = None
    probability: FloatArray | None = None
    scores: FloatArray | None = None
    kind: ScoreKind | None = None

    def __post_init__(self) -> None:
        n = len(self.ids)
        if not n:
            raise TMVError("There is nothing to audit: no image has an answer.")
        expect_shape("labels", self.labels, (n,), np.int64)
        expect_shape("top", self.top, (n, "k"), np.int64)
        for name in ("labels", "top", "ranks", "probability", "scores"):
            if (array := getattr(self, name)) is not None:
                array.setflags(write=False)

    @property
    def predicted(self) -> IntArray:
        """(n,) the first answers."""
        return self.top[:, 0]

    @property
    def correct(self) -> NDArray[np.bool_]:
        """(n,) whether the first answer is right."""
        right: NDArray[np.bool_] = self.predicted == self.labels
        return right

    def within(self, k: int) -> NDArray[np.bool_] | None:
        """(n,) whether the true class is among the first k answers; None where so many are not known."""
        if self.ranks is not None:
            return np.asarray(self.ranks <= k)
        return (self.top[:, :k] == self.labels[:, None]).any(axis=1) if self.top.shape[1] >= k else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How pictures were asked about. `classnames` (c,) are the names used; `curated` and `raw` those that the catalog
    has for the same classes; `reference` the templates of the published protocol, () where there is none."""

    classnames: tuple[str, ...]
    curated: tuple[str, ...] = ()
    raw: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    reference: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSide:
    """How a model with a tokenizer of the hub wants its texts. `clean` is its way ("canonicalize": small letters, no
    punctuation), "" where texts stay as they are; `context` tokens a row; `filled` whether a row must be filled up to
    them, because the vector is read at its end; `seen` what its tokenizer does here: (whether two texts that differ
    only in what is cleaned are one, tokens a row), None where its files are not here."""

    clean: str = ""
    context: int = 0
    filled: bool = False
    seen: tuple[bool, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the catalog knows of data set and weights: `sizes` by split, `classes`, `measured_on` the split that
    published figures are for, `published` figures, `weights_note` when the name itself does not fit the weights,
    `quick_gelu` the name under which weights trained with QuickGELU load right, where the one used does not say so,
    `labels` by picture id, `own_preprocessing` the weights' own transform, `balanced` where all classes have as many
    pictures, `rule` how the model was trained to score, `texts` how it wants its texts, where it has a tokenizer of
    the hub, `checkpoint` and `field_set` what the published figures of the field call model and data set, `turned` how
    many image files carry an EXIF rotation (None: not looked at), `same` how many pairs of a tested and a training
    image that look the same to the model were compared, and how many of them are the same pixel for pixel."""

    sizes: Mapping[str, int] = field(default_factory=dict)
    classes: int | None = None
    measured_on: tuple[str, ...] = ()
    published: tuple[Reference, ...] = ()
    weights_note: str = ""
    quick_gelu: str = ""
    labels: Mapping[str, int] = field(default_factory=dict)
    own_preprocessing: Mapping[str, Any] | None = None
    balanced: bool = False
    rule: ScoreRule | None = None
    texts: TextSide | None = None
    checkpoint: Checkpoint | None = None
    field_set: FieldSet | None = None
    turned: int | None = None
    same: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseVectors:
    """The vectors behind the answers: `images` (n, d), `classes` (c, d) as compared with them, `train` (m, d) of the
    training split, `logit_scale` as probabilities used it, `rule` as it is kept beside them."""

    images: NDArray[np.float32] | None = None
    classes: NDArray[np.float32] | None = None
    train: NDArray[np.float32] | None = None
    logit_scale: float | None = None
    rule: ScoreRule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """A sample of pictures encoded again: `again` by how far (relative length of the difference) the vectors of two
    runs are apart at most, `stored` by how far those in the cache and new ones are; `limit` what rounding explains."""

    pictures: int
    again: float
    stored: float | None
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """The same pictures asked in another way: `said` ("with curated class names"), `changes` of `PROTOCOL`, `NAMES`,
    `TEMPLATES`, `OTHER` all that fit, `predicted` (n,) and `correct` (n,) in the order of the case's pictures."""

    changes: tuple[str, ...]
    said: str
    predicted: IntArray
    correct: NDArray[np.bool_]

    @property
    def acc1(self) -> float:
        """Share of right first answers."""
        return float(self.correct.mean())

    @property
    def acc1_ci95(self) -> Interval:
        """Wilson's interval of it."""
        return wilson(int(self.correct.sum()), len(self.correct))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Another result to compare with, on the same pictures where `predicted` (n,) is given, else only numbers."""

    title: str
    model: str
    scores: Mapping[str, float]
    n: int | None = None
    predicted: IntArray | None = None
    images: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One result. `scores` are its numbers as reported (acc1, acc5, recalls; 0-1), `n` pictures (`n_assumed`: those of
    published figures, since the source does not say), `c` classes called `classnames`; `skipped` pictures had no
    vector. `train_acc1`, `zero_shot_acc1` and `tuned` (C was chosen on held-out pictures) belong to a trained
    classifier, `captions` (fewest and most a picture) to caption retrieval. `trial` is what making its
    answers with known mistakes found."""

    title: str
    model: str = ""
    dataset: str = ""
    split: str = ""
    method: Method = "zero-shot"
    source: CaseSource = "study"
    scores: Mapping[str, float] = field(default_factory=dict)
    n: int | None = None
    n_assumed: bool = False
    c: int | None = None
    classnames: tuple[str, ...] = ()
    skipped: int = 0
    answers: CaseAnswers | None = None
    asked: Asked | None = None
    known: Known = field(default_factory=Known)
    vectors: CaseVectors = field(default_factory=CaseVectors)
    preprocessing: Mapping[str, Any] | None = None
    repeat: Repeat | None = None
    alternatives: tuple[Alternative, ...] = ()
    others: tuple[Cell, ...] = ()
    train_acc1: float | None = None
    zero_shot_acc1: float | None = None
    tuned: bool = False
    captions: tuple[int, int] | None = None
    notes: tuple[Note, ...] = ()
    provenance: Provenance | None = None
    trial: Trial | None = None

    @property
    def acc1(self) -> float | None:
        """Top-1 accuracy as reported, else counted."""
        if "acc1" in self.scores:
            return self.scores["acc1"]
        return None if self.answers is None else float(self.answers.correct.mean())

    @property
    def acc5(self) -> float | None:
        """Top-5 accuracy as reported, else counted where five answers are known."""
        if "acc5" in self.scores or self.answers is None:
            return self.scores.get("acc5")
        within = self.answers.within(5)
        return None if within is None else float(within.mean())

    def interval(self, metric: str = "acc1") -> Interval | None:
        """Wilson's 95 % interval of a share; None where the number of pictures is not known."""
        value = {"acc1": self.acc1, "acc5": self.acc5}.get(metric, self.scores.get(metric))
        if value is None or not self.n or not 0 <= value <= 1:
            return None
        return wilson(min(self.n, round(value * self.n)), self.n)

    def relabelled(self, labels: IntArray) -> Case:
        """The same case with other labels (n,): what the checks of everything else should look at."""
        if self.answers is None:
            return self
        answers = replace(self.answers, labels=labels, ranks=None)
        ways = tuple(replace(a, correct=a.predicted == labels) for a in self.alternatives)
        return replace(self, answers=answers, alternatives=ways, scores={})

    def alternative(self, changes: str) -> Alternative | None:
        """The first alternative that changes this."""
        return next((a for a in self.alternatives if changes in a.changes), None)
