"""Checks of the pictures: the split, how many there are, duplicates, and whether they are enough."""

from __future__ import annotations

import numpy as np

from core.stats.numbers import count, interval_text, percent, points, some_of
from core.stats.scores import first_equal
from core.studies.audit.case import Case, Known
from core.studies.audit.finding import CheckResult, fault, ok, unknown, warning
from core.studies.probe.training_rows import same_vectors

SKIPPED = 0.005
"""Half a percent of unreadable pictures moves no figure by more than that."""
SEEN_SOME, SEEN_MANY = 0.005, 0.02
"""CIFAR-100, the best known case, has about 1 % of exact duplicates between its official splits; so half a percent is
mentioned and two percent is a fault."""
USUAL_CAPTIONS = 5
FEW_CAPTIONED = 20
"""Below that, five of the pictures are a quarter of them."""
WIDE, WIDE_BESIDE = 0.10, 0.05
"""An interval of more than ±10 points tells nothing; beside a published figure more than ±5, because adjacent models
of a table are that far apart."""


def split(case: Case) -> CheckResult:
    """Published figures are for one split, whole: other pictures, fewer or other classes give another number."""
    known, n = case.known, case.n
    if problem := _classes(case):
        return problem
    if not n or not known.sizes:
        what = "how many images were used" if not n else "how many images there should be"
        return unknown(f"It is not known {what}.")
    if case.n_assumed:
        return unknown(f"How many images were used is not said; the interval assumes the {n:,} of published figures.")
    there = n + case.skipped
    named = case.split or next((s for s in known.measured_on if known.sizes.get(s) == there), "")
    wanted = known.sizes.get(named)
    if other := _other_split(known, named, there):
        return fault(
            f"{count(there, 'image is', 'images are')} the whole {other} split; published figures are for "
            f"{_measured(known)}.",
            "Measure on that split.",
        )
    if wanted is None or (known.measured_on and named not in known.measured_on):
        return warning(
            f"{'This is' if there == 1 else 'These are'} {count(there, 'image')} of {_named(case, named)}; published "
            f"figures are for {_measured(known)}.",
            "Measure on that split.",
        )
    if there != wanted:
        return warning(
            f"{count(there, 'image was', 'images were')} measured; {case.dataset} ({named}) has {wanted:,}.",
            "Measure on the whole split to compare with published figures.",
        )
    if case.skipped > SKIPPED * there:
        return warning(
            f"{case.skipped:,} of {there:,} images could not be read.",
            "See the skipped images in the provenance and get them again.",
        )
    return ok(f"All {there:,} images of {case.dataset} ({named}).")


def _classes(case: Case) -> CheckResult | None:
    if case.known.classes and case.c and case.c != case.known.classes:
        return fault(
            f"There are {case.c:,} classes; {case.dataset} has {case.known.classes:,}.",
            "Use the data set's own list of classes.",
        )
    if case.answers is None or not case.c:
        return None
    missing = case.c - len(np.unique(case.answers.labels))
    if missing and len(case.answers.labels) >= 2 * case.c:
        return warning(
            f"{some_of(missing, case.c, 'class', 'has', 'have')} no image among {len(case.answers.labels):,}.",
            "Take images of every class: the first rows of a sorted list are not a sample.",
        )
    return None


def _named(case: Case, split: str) -> str:
    return f"the {split} split" if split else f"no split of {case.dataset} that is known"


def _other_split(known: Known, named: str, there: int) -> str:
    """The split whose size this is, where it is another than the one named and not one that is measured on."""
    same = [s for s, size in known.sizes.items() if size == there]
    if not same or named in same or set(same) & set(known.measured_on):
        return ""
    return same[0]


def _measured(known: Known) -> str:
    splits = [f"{s} ({known.sizes[s]:,})" if s in known.sizes else s for s in known.measured_on]
    return " or ".join(splits) or "another one"


def duplicates(case: Case) -> CheckResult:
    """Test pictures that are also training pictures flatter a trained classifier; repeated ones make an interval too
    narrow."""
    images = case.vectors.images
    if images is None:
        return unknown("The images' vectors are not known.")
    again = 1 - len(np.unique(first_equal(images))) / len(images)
    if again > SEEN_MANY:
        return warning(
            f"{percent(again)} of the images have the very same vector as another one, so they look the same to this "
            "model.",
            "Compare the files; count each image once.",
        )
    if case.vectors.train is None:
        return unknown("No two images have the same vector, but no training split is embedded to compare with.")
    seen = float(same_vectors(case.vectors.train, images).mean())
    if seen >= SEEN_SOME:
        return _seen(case, seen, len(images), len(case.vectors.train))
    return ok(
        f"{'None' if not seen else percent(seen)} of the {len(images):,} images looks the same to this model as one of "
        "the training split, and no two have the same vector."
    )


def _seen(case: Case, seen: float, n: int, n_train: int) -> CheckResult:
    """That images are the same is said only where their files were compared; equal vectors say that a model cannot tell
    them apart (different tiles of open sea, for example)."""
    said = f"{percent(seen)} of the {n:,} images look the same to this model as one of the {n_train:,} training images"
    if case.known.same is None:
        return warning(
            f"{said}; the files were not compared.", "Compare the files, and take out what is in both splits."
        )
    compared, same = case.known.same
    share = seen * same / max(1, compared)
    said = f"{said}; of {compared:,} pairs compared, {count(same, 'is', 'are')} the same image pixel for pixel."
    if share < SEEN_SOME:
        return ok(said)
    return CheckResult(
        verdict="fault" if share >= SEEN_MANY else "warning",
        evidence=said,
        advice="Take them out of the training split; a classifier trained on it is flattered.",
    )


def turned(case: Case) -> CheckResult:
    """Images that their EXIF data turn. They are turned here; torchvision's loader, which most published figures were
    made with, leaves them as they are stored."""
    found, n = case.known.turned, case.n
    if found is None or not n:
        return unknown("Whether image files carry a rotation was not looked at: they are not on this machine, or many.")
    if not found:
        return ok("No image file carries a rotation that other programs might ignore.")
    said = (
        f"{found:,} of {n:,} image files carry an EXIF rotation, which is honored here; torchvision ignores it, and so "
        "did most published evaluations"
    )
    if found < SKIPPED * n:
        return ok(f"{said}: too few to matter.")
    return warning(f"{said}.", "Expect a difference of up to that share of the images from the published figure.")


def turned_matters(case: Case) -> bool:
    """Whether a published figure stands beside the number."""
    return bool(case.known.published)


def enough(case: Case) -> CheckResult:
    """How precise a number can be with so many pictures."""
    metric = "image_retrieval_recall@1" if case.method == "retrieval" else "acc1"
    value, interval, n = case.scores.get(metric, case.acc1), case.interval(metric), case.n
    if value is None or interval is None or not n:
        return unknown("The number of images is not known, so no interval is.")
    half = (interval[1] - interval[0]) / 2
    needed = f"about {_needed(value):,} would give ±1 point"
    if half > (WIDE_BESIDE if case.known.published else WIDE):
        return warning(
            f"With {count(n, 'image')} the 95 % interval is {interval_text(interval)}, ±{points(half)}; {needed}.",
            "Measure on more images before comparing.",
        )
    return ok(f"With {count(n, 'image')} the 95 % interval is {interval_text(interval)}, ±{points(half)}.")


def _needed(value: float) -> int:
    """Pictures for an interval of ±1 point, rounded to two digits."""
    exact = 1.96**2 * max(value * (1 - value), 0.01) / 0.01**2
    step = 10 ** max(0, len(str(int(exact))) - 2)
    return int(np.ceil(exact / step) * step)


# --- captions ---------------------------------------------------------------------------------------------


def captions(case: Case) -> CheckResult:
    """How many captions a picture has decides how easily it finds one: one instead of five costs text retrieval about
    twenty points (openai/CLIP, issue 115)."""
    if case.captions is None:
        return unknown("How many captions per image has is not known.")
    low, high = case.captions
    if chance := _by_chance(case):
        return fault(chance, "Check that captions and images are listed in the same order.")
    if low != high or low != USUAL_CAPTIONS:
        said = count(low, "caption") if low == high else f"{low} to {high} captions"
        return warning(
            f"Images have {said} here; benchmarks use {USUAL_CAPTIONS}.",
            f"Use the first {USUAL_CAPTIONS} captions per image to compare.",
        )
    return ok(f"{USUAL_CAPTIONS} captions per image, as in the published protocol.")


def _by_chance(case: Case) -> str:
    k, word = (10, "ten") if (case.n or 0) >= 100 else (5, "five")
    first, found = (case.scores.get(f"image_retrieval_recall@{among}") for among in (1, k))
    if found is None or not case.n or case.n < FEW_CAPTIONED or found > 2 * k / case.n:
        return ""
    if k == 5 and (first is None or first > 2 / case.n):
        return ""
    return (
        f"Captions find their images among the first {word} in {percent(found)} of the cases, as often as guessing "
        "does."
    )
