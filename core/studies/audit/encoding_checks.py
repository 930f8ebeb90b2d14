"""Checks of how vectors were made and compared: the model's mode, its transform, lengths and the logit scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.catalog.published import closest_protocol
from core.stats import metrics
from core.stats.numbers import count, percent, points
from core.studies.audit.case import Case, CaseAnswers
from core.studies.audit.finding import CheckResult, Counterfactual, fault, if_right, ok, unknown, warning
from core.types import FloatArray

RECODED = 3.0
"""Stored and newly encoded vectors may differ by three times what two runs may: the batches and the number of threads
were others."""
UNIT = 1e-3
"""Class vectors of length 1 within rounding, also after half precision."""
SMALLEST_SCALE, LARGEST_SCALE = 10.0, 200.0
"""CLIP starts to learn its logit scale at 1 / 0.07 = 14.3 and clips it at 100 (Radford et al. 2021, section 2.5); below
10 it is most likely the logarithm that is stored (ln 100 = 4.6), and SigLIP's, the largest in use, is near 118."""
COSINE_SPAN = 2.0
"""Cosines lie within -1 to 1, so the logarithms of probabilities made of bare cosines differ by 2 at most."""
NEAR = 0.01
"""A point under the published figure has many causes; more is what a wrong activation costs (four points in open_clip's
issue 1109)."""
EVEN = 2.0
"""The largest of c probabilities made of bare cosines is at most twice one in c: the best cosine is hardly 0.3 above
the mean of all, and exp(0.3) is 1.35."""
FAR_FROM_RIGHT = 0.2
"""Twenty points between confidence and accuracy; a calibrated model has two, an overconfident one the other sign."""
LOW_COSINE, HIGH_COSINE, NARROW = 0.05, 0.55, 0.06
"""Where cosines of images with their own texts lie, and how little they differ."""
SKILL, GOOD = 3.0, 0.6
"""Three times better than guessing, or 60 % right: then nearly even probabilities contradict the answers."""


# --- the model's mode -------------------------------------------------------------------------------------


def deterministic(case: Case) -> CheckResult:
    """A sample encoded twice, alone and in company, must give the same vectors.

    In training mode dropout and stochastic depth change a vector from run to run, and batch statistics change it with
    its neighbours. The limit is what rounding may do in the precision in use.
    """
    found = case.repeat
    if found is None:
        return unknown(
            "No sample was encoded again, which takes the model's weights and the images.",
            "Run python -m core audit where weights and images are.",
        )
    if found.again > found.limit:
        said = (
            f"The vectors of {count(found.pictures, 'image')}, encoded twice, differ by up to {_relative(found.again)} "
            f"of their length; rounding explains {_relative(found.limit)}."
        )
        return fault(said, "Call model.eval() before encoding; open_clip hands models over in training mode.")
    if found.stored is not None and found.stored > RECODED * found.limit:
        said = (
            f"The same {count(found.pictures, 'image')} encoded now differ from the stored vectors by up to "
            f"{_relative(found.stored)} of their length; rounding explains {_relative(RECODED * found.limit)}."
        )
        return fault(
            said, "The stored vectors were made in another way, for example in training mode; embed the data set again."
        )
    also = "" if found.stored is None else ", and those in the cache by " + _relative(found.stored)
    return ok(
        f"The vectors of {count(found.pictures, 'image')}, encoded twice, differ by {_relative(found.again)}{also}."
    )


def _relative(value: float) -> str:
    return "nothing" if value == 0 else percent(value) if value >= 0.0005 else f"{value:.0e}"


# --- activation and transform -----------------------------------------------------------------------------


def weights(case: Case) -> CheckResult:
    """The activation and the transform must be those that the weights were trained with."""
    if case.known.weights_note:
        return fault(
            case.known.weights_note,
            "Use the name that goes with these weights; a wrong activation costs several points.",
        )
    if case.known.quick_gelu and (short := _short_of_published(case)) > 0:
        return warning(
            f"These weights were trained with QuickGELU, which the name does not say, and the number is "
            f"{points(short)} under the published one.",
            f"Load them as {case.known.quick_gelu}, or with OpenAI's own package.",
        )
    own, used = case.known.own_preprocessing, case.preprocessing
    if own is None or used is None:
        return unknown(
            "Nothing says how images were prepared for the model.",
            "Compare size, mean and standard deviation with those of the weights.",
        )
    if wrong := differing(used, own):
        said = "; ".join(
            f"{key} {_value(used.get(key))} where the weights want {_value(own.get(key))}" for key in wrong
        )
        return fault(
            f"Images were prepared in another way: {said}.",
            "Use the transform that comes with the weights, and embed the data set again.",
        )
    return ok(
        f"Images were prepared as the weights want it: {_value(used.get('size'))} pixels, "
        f"{used.get('interpolation', 'bicubic')}, their own mean and deviation."
    )


def _short_of_published(case: Case) -> float:
    """By how much the published figure lies above the interval; 0 where it does not."""
    figure, interval = closest_protocol(case.known.published, "acc1", True), case.interval()
    if figure is None or case.acc1 is None:
        return 0.0
    return max(0.0, figure.value - (interval[1] if interval else case.acc1) - NEAR)


def differing(used: Mapping[str, Any], own: Mapping[str, Any]) -> list[str]:
    """The settings of a transform that differ; numbers may differ in the fourth decimal."""
    names = [key for key in ("size", "mean", "std", "interpolation", "resize_mode") if key in own and key in used]
    return [key for key in names if not _same(used[key], own[key])]


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, str) or isinstance(b, str):
        return bool(a == b)
    left, right = np.ravel(np.asarray(a, float)), np.ravel(np.asarray(b, float))
    return left.shape == right.shape and bool(np.allclose(left, right, atol=5e-4))


def _value(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "(" + ", ".join(f"{float(v):.3f}" for v in value) + ")"
    return str(value)


# --- length and scale -------------------------------------------------------------------------------------


def normalised(case: Case) -> CheckResult:
    """Class vectors must have length 1: an unnormalised one pulls answers to itself by its length."""
    classes = case.vectors.classes
    if classes is not None:
        return _of_classes(case, classes)
    scores = None if case.answers is None else case.answers.scores
    if scores is None or case.answers is None or case.answers.kind == "probabilities":
        return unknown("The vectors behind the answers are not known.")
    largest = float(np.abs(scores).max())
    if case.answers.kind == "cosines":
        return ok(f"Scores lie within −1 to 1 (the largest is {largest:.2f}), as cosines do.")
    if largest > LARGEST_SCALE:
        return fault(
            f"Scores reach {largest:,.0f}; cosines times a logit scale stay under {LARGEST_SCALE:.0f}.",
            "Divide image and text vectors by their lengths before they are multiplied.",
        )
    return unknown(f"Scores reach {largest:.1f}: cosines times a logit scale, or unnormalized products.")


def _of_classes(case: Case, classes: NDArray[np.float32]) -> CheckResult:
    lengths = np.linalg.norm(classes.astype(np.float64), axis=1)
    if np.abs(lengths - 1).max() <= UNIT:
        return ok(f"All {len(classes):,} class vectors have length 1.")
    said = f"Class vectors have lengths from {lengths.min():.2f} to {lengths.max():.2f} instead of 1."
    even = lengths.max() - lengths.min() <= UNIT * lengths.mean()
    return CheckResult(
        verdict="warning" if even else "fault",
        evidence=f"{said[:-1]}, all the same, so the answers stay." if even else said,
        advice="Divide each class vector by its length, after averaging over templates too.",
        counterfactual=None if even else _if_normalised(case, classes),
    )


def _if_normalised(case: Case, classes: NDArray[np.float32]) -> Counterfactual | None:
    images, answers = case.vectors.images, case.answers
    if images is None or answers is None or len(images) != len(answers.labels):
        return None
    ranks = metrics.ranks_of_true(images, classes, answers.labels)
    return if_right("with normalized class vectors", ranks == 1, answers)


def logit_scale(case: Case) -> CheckResult:
    """Probabilities are a softmax of cosines times the learned logit scale; without it they are nearly even.

    Accuracy does not change, so this explains probabilities that mean nothing, not a low top-1.
    """
    scale = case.vectors.logit_scale
    if scale is not None:
        return _of_scale(scale)
    answers = case.answers
    if answers is not None and answers.scores is None and answers.probability is not None:
        return _of_confidence(case, answers, answers.probability)
    if answers is None or answers.scores is None or answers.kind != "probabilities":
        return unknown("No probabilities of all classes are known.")
    if not _bare(answers):
        return ok("Probabilities are as far apart as a softmax with a logit scale makes them.")
    c = answers.scores.shape[1]
    best = float(answers.scores.max(axis=1).mean())
    scaled = float(metrics.softmax(np.log(answers.scores), 100.0).max(axis=1).mean())
    return fault(
        f"The first answer is right for {percent(float(answers.correct.mean()))} of the images but has a "
        f"probability of only {percent(best)} on average, as a softmax of bare cosines over {c:,} classes gives; "
        f"with a logit scale of 100 it would be {percent(scaled)}.",
        "Multiply the cosines by model.logit_scale.exp() before the softmax.",
    )


def _of_confidence(case: Case, answers: CaseAnswers, sure: FloatArray) -> CheckResult:
    """The probability of the first answer alone: made without scale it is hardly above one in c, a bare cosine lies
    between a tenth and a half; both for good answers too."""
    c, right, mean = case.c or 0, float(answers.correct.mean()), float(sure.mean())
    good = c >= 2 and right >= min(SKILL / c, GOOD) and right - mean >= FAR_FROM_RIGHT
    said = (
        f"The first answer is right for {percent(right)} of the images and its confidence is {percent(mean)} on average"
    )
    between = f"between {percent(float(sure.min()))} and {percent(float(sure.max()))}"
    if good and float(sure.min()) >= 1 / c - UNIT and float(sure.max()) * c <= EVEN:
        return fault(
            f"{said}, {between}, hardly more than the {percent(1 / c)} that {c:,} equal classes would have: a softmax "
            "of bare cosines gives this.",
            "Multiply the cosines by model.logit_scale.exp() before the softmax.",
        )
    if good and float(sure.min()) >= LOW_COSINE and float(sure.max()) <= HIGH_COSINE and float(sure.std()) <= NARROW:
        return fault(
            f"{said}, always {between}: these look like cosines, not probabilities.",
            "Take the softmax of logit_scale × cosine over the classes.",
        )
    return unknown(f"{said}; without those of the other classes that does not tell whether a scale was used.")


def _of_scale(scale: float) -> CheckResult:
    if scale < SMALLEST_SCALE:
        return fault(
            f"The logit scale is {scale:.2f}; CLIP's lie between 14 and 100, so this looks like its logarithm "
            f"(exp gives {np.exp(min(scale, 30.0)):.0f}).",
            "Use model.logit_scale.exp().",
        )
    if scale > LARGEST_SCALE:
        return fault(
            f"The logit scale is {scale:,.0f}; CLIP clips it at 100.",
            "Take the exponential of model.logit_scale once, not twice.",
        )
    return ok(f"Probabilities use a logit scale of {scale:.1f}.")


def _bare(answers: CaseAnswers) -> bool:
    """Whether probabilities (n, c) are so even that bare cosines explain them, although the answers are good."""
    scores: FloatArray = answers.scores if answers.scores is not None else np.empty((0, 0), np.float32)
    if scores.shape[1] < 2 or (scores <= 0).any():
        return False
    span = np.log(scores.max(axis=1)) - np.log(scores.min(axis=1))
    right = float(answers.correct.mean())
    return bool(span.max() <= COSINE_SPAN) and right >= min(SKILL / scores.shape[1], GOOD)
