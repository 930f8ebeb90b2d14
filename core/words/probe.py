"""What linear probes say: what training on labels adds, and which probe leads."""

from __future__ import annotations

from collections.abc import Sequence

from core.stats.intervals import PairedDifference
from core.stats.numbers import SPACE, in_points, percent, points, setting
from core.studies.answered import compare
from core.studies.probe.result import ProbeResult
from core.studies.zero_shot.classify import ZeroShotResult
from core.types import Sentence
from core.words.accuracy import UNADJUSTED, at_chance, excludes_zero, outcome, why_tied, with_chance
from core.words.datasets import measured, published_size
from core.words.names import short_names, told_apart


def probe_line(result: ProbeResult) -> str:
    """ "400 images · trained on 300 of 13,500 others · C = 0.18": what a probe's test accuracy rests on."""
    features = " · unit-length features" if result.normalised else ""
    chosen = f"C{SPACE}={SPACE}{setting(result.C)}"
    whole = published_size(result.dataset, result.train_key.split)
    part = f" of {whole:,}" if result.n_train < whole else ""
    tested = measured(result)
    return f"{tested} · trained on {result.n_train:,}{part} others · {chosen}{features}"


def held_out_line(result: ProbeResult) -> str:
    """How C was chosen, in a clause."""
    if result.folds == 1:
        return f"C is chosen on {result.n_val:,} of {result.n_train:,} training images, held out for that"
    part = {2: "half", 3: "third", 4: "quarter", 5: "fifth", 10: "tenth"}.get(result.folds, f"1/{result.folds}")
    return f"C is chosen on the {result.n_train:,} training images, a {part} held out at a time"


@told_apart
def probe_finding(probes: Sequence[ProbeResult], zero_shots: Sequence[ZeroShotResult]) -> Sentence:
    """Which probe leads and whether that is real, and what training adds to zero-shot on the same pictures.

    The code is that of the first of the two sentences.
    """
    if not probes:
        return Sentence("No probe yet", "no_result")
    gained = training_gain(probes, zero_shots)
    said = [gained, _train_gap(probes[0])] if len(probes) == 1 else [leading_probe(probes), gained]
    told = [sentence for sentence in said if sentence is not None]
    return with_chance(Sentence(" ".join(told), told[0].code), at_chance(probes))


def leading_probe(probes: Sequence[ProbeResult]) -> Sentence:
    """The best of several probes against the second: codes of `outcome`."""
    best, second = sorted(probes, key=lambda r: -r.test_acc1)[:2]
    a, b = short_names([best.model, second.model])
    found = compare(best, second)
    said = outcome(found, a, b)
    if said.code == "tie":
        best_two = "The two best, " if len(probes) > 2 else ""
        return Sentence(f"{best_two}{a} and {b}: {why_tied(found, a, b)}", said.code)
    if said.code == "first_ahead" and len(probes) > 2:
        ahead = points(best.test_acc1 - second.test_acc1)
        return Sentence(f"{a} has the best probe, {ahead} ahead of {b}, {UNADJUSTED}{excludes_zero(found)}", said.code)
    return said


def _train_gap(result: ProbeResult) -> Sentence:
    more, code = (
        ("higher", "train_above_test") if result.train_acc1 > result.test_acc1 else ("lower", "train_below_test")
    )
    gap = points(result.train_acc1 - result.test_acc1)
    return Sentence(f"Its training accuracy is {percent(result.train_acc1)}, {gap} {more}.", code)


def training_gain(probes: Sequence[ProbeResult], zero_shots: Sequence[ZeroShotResult]) -> Sentence | None:
    """What labels add over zero-shot with the same model; None where none of it is measured."""
    texts = {z.model: z for z in zero_shots}
    found = [compare(p, texts[p.model]) for p in probes if p.model in texts]
    if not found:
        return None
    if len(found) > 1:
        return _gains(found)
    difference = found[0]
    said = outcome(difference, "probe", "zero-shot")
    if not difference.excludes_zero:
        why = why_tied(difference, "the probe", "zero-shot")
        return Sentence(f"Training on labels against zero-shot: {why}", said.code)
    verb, code = ("adds", "training_adds") if difference.difference > 0 else ("costs", "training_costs")
    gap = points(difference.difference)
    return Sentence(f"Training on labels {verb} {gap} against zero-shot{excludes_zero(difference)}", code)


def _gains(found: Sequence[PairedDifference]) -> Sentence:
    low, high = (end(d.difference for d in found) for end in (min, max))
    ties = sum(not d.excludes_zero for d in found)
    tied = f"; no clear difference in {ties} of {len(found)} ({UNADJUSTED})." if ties else f" ({UNADJUSTED})."
    if low < 0:
        said = f"{in_points(low, signed=True)} to {points(high, signed=True)}"
        return Sentence(f"Training on labels changes zero-shot accuracy by {said}{tied}", "training_changes")
    said = f"{in_points(low)} to {points(high)}"
    return Sentence(f"Training on labels adds {said} to zero-shot{tied}", "training_adds")
