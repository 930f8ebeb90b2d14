"""Zero-shot classification: pictures named by the closest text (CLIP, Radford et al. 2021, section 3.1).

A class is a vector: its name put into each template, encoded, normalised, averaged over templates, normalised
again. A picture belongs to the class with the highest cosine, of equal ones to the first: open_clip's
`build_zero_shot_classifier` followed by an argmax.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import BadArgument, TMVError
from core.stats import metrics
from core.stats.accuracy import TOP, Score, score
from core.stats.intervals import wilson_many
from core.stats.numbers import count, some_of
from core.studies.result import Answered, place_of
from core.types import (
    EmbeddingSet,
    EvalProtocol,
    FloatArray,
    IntArray,
    Interval,
    Level,
    Note,
    Reference,
    ScoreRule,
    beside,
    expect_shape,
    read_only,
)

MOST_NAMED = 5
MOST_EQUAL = 3
SAME_TEMPLATES = "same_templates"
SOFTMAX_OF_SIGMOID = "softmax_of_sigmoid"
SAME, MOST_COMPARED = 1e-5, 4000
_FEW_EQUAL = 0.005
"""Up to this share of classes with the name of another (four of ImageNet's 1,000 in its own list) is a warning."""
"""Unit vectors that differ by less in every number are the same but for rounding; looked at among so many classes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRecall:
    """One class: `correct` of its `n` pictures were named right. `recall` is NaN where n is 0."""

    classname: str
    n: int
    correct: int
    recall: float
    ci95: Interval

    def to_record(self) -> dict[str, Any]:
        """JSON-ready; without pictures there is no recall."""
        return {"classname": self.classname, "n": self.n, "recall": self.recall if self.n else None}


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroShotResult(Answered):
    """One model on one split with one way of asking.

    `confusion` (c, c) int64 [true, predicted]; `scores` every figure of `core.stats.accuracy.METRICS`, with Wilson's
    interval or, for the mean per-class recall, one of a bootstrap over pictures. `notes` say what to know when reading
    the numbers. Of a model trained with a sigmoid `own_probability` (n,) is the first answer's, judged by itself.
    """

    scores: Mapping[str, Score]
    templates: tuple[str, ...]
    classnames_kind: str
    per_class: tuple[ClassRecall, ...]
    confusion: IntArray
    logit_scale: float
    protocol: EvalProtocol
    published: tuple[Reference, ...] = ()
    deck: tuple[Reference, ...] = ()
    notes: tuple[Note, ...] = ()
    own_probability: FloatArray | None = None

    def __post_init__(self) -> None:
        Answered.__post_init__(self)
        expect_shape("confusion", self.confusion, (len(self.classnames),) * 2, np.int64)

    @property
    def confidence(self) -> FloatArray:
        """(n,) the probability of the first answer by the model's own rule."""
        sure: FloatArray = self.top5_probability[:, 0] if self.own_probability is None else self.own_probability
        return sure

    @property
    def acc1(self) -> float:
        """Top-1 accuracy."""
        return self.scores["acc1"].value

    @property
    def acc1_ci95(self) -> Interval:
        """Wilson's 95 % interval of it."""
        return self.scores["acc1"].ci95

    @property
    def acc5(self) -> float:
        """Top-5 accuracy."""
        return self.scores["acc5"].value

    @property
    def acc5_ci95(self) -> Interval:
        """Wilson's 95 % interval of it."""
        return self.scores["acc5"].ci95

    @property
    def mean_per_class_recall_ci95(self) -> Interval:
        """95 % interval of a bootstrap over pictures."""
        return self.scores["mean_per_class_recall"].ci95

    @property
    def mean_per_class_recall(self) -> float:
        """Mean of the recalls of the classes that have pictures."""
        return self.scores["mean_per_class_recall"].value

    def to_record(self) -> dict[str, Any]:
        """The JSON record of `classify`: figures are 0-1 floats, a recall without pictures is null."""
        return {
            **self.place_record(),
            "n": self.n,
            **{name: score.value for name, score in self.scores.items()},
            **{f"{name}_ci95": list(score.ci95) for name, score in self.scores.items()},
            "templates": list(self.templates),
            "classnames": list(self.classnames),
            "classnames_kind": self.classnames_kind,
            "per_class": [recall.to_record() for recall in self.per_class],
            "published": [reference_record(r) for r in self.published],
            "deck": [reference_record(r) for r in self.deck],
            **self.source_record(),
        }


def reference_record(figure: Reference) -> dict[str, Any]:
    """A figure from elsewhere in a result's JSON record."""
    return {"metric": figure.metric, "protocol": figure.protocol, "value": figure.value, "source": figure.source}


# --- the texts --------------------------------------------------------------------------------------------


_SHOWN = 80
"""Characters of a template in what is said of it."""


def check_templates(templates: Sequence[str]) -> tuple[str, ...]:
    """The templates, or `TMVError`: there must be one at least, each with exactly one `{}`."""
    if isinstance(templates, str) or not templates:
        raise BadArgument(f"Expected a list of at least one template such as 'a photo of a {{}}.', got {templates!r}.")
    for template in templates:
        if (found := template.count("{}")) != 1:
            shown = template if len(template) <= _SHOWN else f"{template[: _SHOWN - 1]}…"
            raise BadArgument(
                f"A template needs exactly one {{}} where the class name goes, but {shown!r} "
                f"has {found or 'none'}; write for example 'a photo of a {{}}.'"
            )
    return tuple(templates)


def fill(templates: Sequence[str], classnames: Sequence[str]) -> list[str]:
    """Every class name in every template: t * c texts, template by template, so that their vectors reshape to
    (t, c, d)."""
    if not classnames:
        raise TMVError("There are no class names to put into the templates; give at least one.")
    return [template.replace("{}", name) for template in check_templates(templates) for name in classnames]


def class_embeddings(text_embeddings: NDArray[Any]) -> FloatArray:
    """One unit vector a class from the vectors of its texts: (t, c, d) unnormalised -> (c, d)."""
    if text_embeddings.ndim != 3 or not text_embeddings.size:
        raise TMVError(f"Text embeddings must be (templates, classes, width), got {text_embeddings.shape}.")
    return metrics.normalise(metrics.normalise(text_embeddings).mean(axis=0))


# --- the numbers ------------------------------------------------------------------------------------------


def classify(
    images: EmbeddingSet,
    classes: FloatArray,
    classnames: Sequence[str],
    templates: Sequence[str],
    *,
    classnames_kind: str = "curated",
    published: Sequence[Reference] = (),
    deck: Sequence[Reference] = (),
) -> ZeroShotResult:
    """Name every picture and count.

    `images` with labels; `classes` (c, d) from `class_embeddings`, row i the class of label i. Raises
    `TMVError` where labels are missing or do not fit the class names.
    """
    labels = labels_of(images, classes, classnames)
    found = metrics.classify_vectors(images.image_embeddings, classes, labels, images.score_rule, TOP)
    n, c, correct = len(labels), len(classnames), found.ranks == 1
    protocol = EvalProtocol(
        templates=check_templates(templates),
        classnames=classnames_kind,
        split=images.key.split,
        n=n,
        normalised=True,
        details={"top": min(TOP, c)},
    )
    per_class = per_class_of(labels, correct, classnames)
    said = images.provenance.beside
    return ZeroShotResult(
        **place_of(images),
        n=n,
        scores=score(labels, found, c),
        templates=protocol.templates,
        classnames=tuple(classnames),
        classnames_kind=classnames_kind,
        per_class=per_class,
        confusion=metrics.confusion(labels, found.top[:, 0], c),
        labels=read_only(labels),
        ranks=found.ranks,
        top5=found.top,
        top5_probability=found.probability,
        ids=images.ids,
        logit_scale=images.logit_scale,
        protocol=protocol,
        published=tuple(published),
        deck=tuple(deck),
        notes=beside(
            said,
            unsaid(said, _notes(per_class, classnames, classes)),
            _tie_note(correct, found.tied),
            rule_note(images.score_rule),
        ),
        own_probability=found.own_probability,
    )


def rule_note(rule: ScoreRule) -> tuple[Note, ...]:
    """That probabilities of a closed set are not those that a model was trained with, where they are not."""
    if not rule.each_alone:
        return ()
    said = (
        "Probabilities: softmax over the classes; this model was trained with a sigmoid for each pair of image and "
        "text. Predictions and accuracy do not depend on it."
    )
    return (Note(said, SOFTMAX_OF_SIGMOID),)


def same_note(templates: Sequence[str], groups: Sequence[Sequence[str]]) -> tuple[Note, ...]:
    """That some of the templates are one to a model: `groups` as `Prompting.same_templates` gives them."""
    if not groups:
        return ()
    same, m = sum(map(len, groups)), len(templates)
    which = f"{'Both' if m == 2 else 'All'} templates" if same == m else f"{same} of {m} templates"
    text = (
        f"{which} are not distinct for this model, whose tokenizer reads them as the same text: {group_list(groups)}. "
        f"A prompt ensemble still averages all {m}, as published."
    )
    return (Note(text, SAME_TEMPLATES),)


def group_list(groups: Sequence[Sequence[str]]) -> str:
    """Templates that are one to a model, the first few groups of them."""
    said = "; ".join(" = ".join(f"“{template}”" for template in group[:MOST_NAMED]) for group in groups[:MOST_EQUAL])
    more = f"; and {len(groups) - MOST_EQUAL} more groups" if len(groups) > MOST_EQUAL else ""
    return f"{said}{more}"


def labels_of(images: EmbeddingSet, classes: FloatArray, classnames: Sequence[str]) -> IntArray:
    """The labels (n,), or `TMVError` where some are missing or do not fit the class names."""
    key, labels = images.key, images.labels
    lacking = len(images) if labels is None else int(np.count_nonzero(labels < 0))
    if labels is None or lacking or not len(labels):
        raise TMVError(
            f"Accuracy needs a class label on every image, but in {key.dataset} ({key.split}) "
            f"{lacking} of {len(images)} have none; choose a data set with class labels."
        )
    if len(classes) != len(classnames):
        raise TMVError(f"Expected one class vector for each of {len(classnames)} class names, got {len(classes)}.")
    if labels.max() >= len(classnames):
        raise TMVError(
            f"{key.dataset} has labels up to {int(labels.max())}, which need "
            f"{int(labels.max()) + 1} class names, but {len(classnames)} were given."
        )
    return labels


def per_class_of(labels: IntArray, correct: NDArray[np.bool_], classnames: Sequence[str]) -> tuple[ClassRecall, ...]:
    """Each class's recall with its interval: labels (n,), correct (n,)."""
    c = len(classnames)
    n, right = np.bincount(labels, minlength=c), np.bincount(labels[correct], minlength=c)
    recall, ci95 = metrics.per_class_recall(labels, correct, c), wilson_many(right, n)
    return tuple(
        ClassRecall(
            classname=classnames[i],
            n=int(n[i]),
            correct=int(right[i]),
            recall=float(recall[i]),
            ci95=(float(ci95[i, 0]), float(ci95[i, 1])),
        )
        for i in range(c)
    )


def alike(classes: FloatArray, classnames: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Groups of other names whose class vectors (c, d) are the same but for rounding: their words are the same to
    the model, for example unknown ones. Looks at up to `MOST_COMPARED` classes."""
    if len(classes) > MOST_COMPARED:
        return ()
    first, second = np.nonzero(np.triu(classes @ classes.T > 1 - SAME, 1))
    groups: dict[int, list[int]] = {}
    for i, j in zip(first.tolist(), second.tolist(), strict=True):
        taken = any(j in group for group in groups.values())
        if not taken and classnames[i] != classnames[j] and np.abs(classes[i] - classes[j]).max() < SAME:
            groups.setdefault(next((k for k, g in groups.items() if i in g), i), [i]).append(j)
    return tuple(tuple(classnames[i] for i in group) for group in groups.values())


def _notes(per_class: Sequence[ClassRecall], classnames: Sequence[str], classes: FloatArray) -> tuple[Note, ...]:
    notes = [*name_notes(classnames)]
    if 1 < len(classnames) <= TOP:
        notes.append(top5_note(len(classnames)))
    if empty := sum(r.n == 0 for r in per_class):
        notes.append(
            Note(
                f"{some_of(empty, len(classnames), 'class', 'has', 'have')} no image here; the mean per-class recall "
                "is over the others.",
                "empty_classes",
            )
        )
    for names in alike(classes, classnames)[:3]:
        said = ", ".join(f"“{name}”" for name in names[:MOST_NAMED])
        more = f" and {len(names) - MOST_NAMED} more names" if len(names) > MOST_NAMED else ""
        notes.append(
            Note(
                f"The model has one and the same vector for {said}{more}: it cannot tell them apart.",
                "same_vector",
                "warning",
            )
        )
    return tuple(notes)


def top5_note(c: int) -> Note:
    """What top-5 is worth among at most five classes."""
    return Note(f"Top-5 says nothing here: with only {c} classes it is always 100 %.", "top5_trivial")


def unsaid(said: Sequence[Note], own: Sequence[Note]) -> tuple[Note, ...]:
    """Those of a study's notes that the reader of the data has not said already, naming files and folders."""
    codes = {note.code for note in said}
    return tuple(note for note in own if note.code not in codes)


def name_notes(classnames: Sequence[str]) -> tuple[Note, ...]:
    """What the class names alone say about any accuracy with them."""
    if len(classnames) == 1:
        return (
            Note(
                f"There is only one class, “{classnames[0]}”, so every image is right whatever the model does: "
                "this is no result.",
                "one_class",
                "fault",
            ),
        )
    counts = Counter(classnames)
    doubled = [name for name, count in counts.items() if count > 1]
    many = sum(counts[name] for name in doubled) > _FEW_EQUAL * len(classnames)
    return (_equal_names(doubled, "fault" if many else "warning"),) if doubled else ()


def _equal_names(doubled: Sequence[str], level: Level) -> Note:
    said = ", ".join(f"“{name}”" for name in doubled[:MOST_NAMED])
    more = f" and {len(doubled) - MOST_NAMED} more" if len(doubled) > MOST_NAMED else ""
    return Note(
        f"Several classes bear the same name, {said}{more}: of these the first listed is always the answer, so "
        "the images of the others count as wrong.",
        "equal_names",
        level,
    )


def _tie_note(correct: NDArray[np.bool_], tied: NDArray[np.bool_] | None) -> tuple[Note, ...]:
    """What hangs on the order of the classes: (n,) whether right, (n,) whether the true class ties for the first."""
    if tied is None or not tied.any():
        return ()
    sure, n = np.count_nonzero(correct & ~tied), len(tied)
    wrong, right = (f"{100 * hits / n:.2f} %" for hits in (sure, sure + np.count_nonzero(tied)))
    return (
        Note(
            f"For {np.count_nonzero(tied)} of {count(n, 'image')} the right class and another have exactly the same "
            "score; the class listed first is the answer, as in an argmax. With every such image counted as "
            f"wrong, top-1 would be {wrong}, with every one counted as right {right}.",
            "ties",
        ),
    )
