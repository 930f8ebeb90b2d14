"""The deck's claims, each computed again from results on the same pictures, with its verdict and evidence.

A comparison counts only beyond its 95 % interval. What would make each claim hold is written in
`core.deck.steps.CLAIMS`; where no comparison can be made, the verdict is that it cannot be told.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations, product

import numpy as np

from core.catalog.models import find_model
from core.deck import figures as deck_says
from core.deck.result import FAILS, HOLDS, OPEN, ClaimResult, Verdict
from core.deck.steps import GENERAL, SPECIAL
from core.errors import TMVError
from core.stats.intervals import holm, mcnemar_exact, paired_difference
from core.studies.pictures.search import PicturesResult
from core.studies.probe.result import ProbeResult
from core.studies.prompts.accuracy import PromptStudyResult
from core.studies.zero_shot.classify import ZeroShotResult
from core.types import Interval
from core.words import deck as say
from core.words.names import say_pair

A_LOT = 0.05
"""How far the best template must be above the worst for "a lot"."""
HALF = 0.5


def top5_probe(pairs: Sequence[tuple[ZeroShotResult, ProbeResult]]) -> ClaimResult:
    """Top-5 without training against the probe's top-1, on the same test pictures."""
    cells, good, like = [], 0, 0
    for zero, probe in pairs:
        if zero.ids != probe.ids:
            continue
        five = paired_difference(zero.ranks <= 5, probe.ranks == 1)
        one = paired_difference(zero.ranks == 1, probe.ranks == 1)
        reached = five.ci95[1] >= 0
        good, like = good + reached, like + (one.ci95[1] >= 0)
        cells.append(say.probe_cell(say_pair(zero.model, zero.dataset), zero.acc5, probe.test_acc1, zero.acc1))
    deck = deck_says.top5_probe()
    if not cells:
        return _open("top5-probe", "No probe has been trained on a set that is also named without training.", deck)
    return ClaimResult(
        claim="top5-probe",
        verdict=HOLDS if good >= HALF * len(cells) else FAILS,
        evidence=say.top5_probe(good, len(cells)),
        cells=tuple(cells),
        deck=deck,
        remark=say.like_with_like(like, len(cells)),
    )


def general(results: Sequence[ZeroShotResult]) -> ClaimResult:
    """Each model on general sets against the same model on special ones."""
    cells, ahead, behind = [], 0, 0
    for a, b in product(results, results):
        if a.model != b.model or a.dataset not in GENERAL or b.dataset not in SPECIAL:
            continue
        low, high = _apart(a, b)
        ahead, behind = ahead + (low > 0), behind + (high < 0)
        cells.append(say.general_cell(a.model, (a.dataset, a.acc1), (b.dataset, b.acc1), SPECIAL[b.dataset]))
    deck = deck_says.general()
    if not cells:
        return _open("general", "It takes one model on a general set and on a satellite or fine-grained one.", deck)
    verdict: Verdict = HOLDS if ahead == len(cells) else FAILS if behind or ahead < HALF * len(cells) else OPEN
    return ClaimResult(
        claim="general",
        verdict=verdict,
        evidence=say.general_ahead(ahead, behind, len(cells)),
        cells=tuple(cells),
        deck=deck,
        remark="Sets differ in their number of classes too.",
    )


def training(results: Sequence[ZeroShotResult]) -> ClaimResult:
    """Two weights of one architecture on the same pictures with the same prompt."""
    cells, clear = [], 0
    for a, b in combinations(results, 2):
        if not _same_question(a, b) or a.model == b.model or _architecture(a.model) != _architecture(b.model):
            continue
        gap = paired_difference(a.correct, b.correct)
        clear += gap.excludes_zero
        cells.append(say.models_cell(a.dataset, (a.model, a.acc1), (b.model, b.acc1)))
    deck = deck_says.training()
    if not cells:
        return _open("training", "It takes two models of one architecture with other training data.", deck)
    return ClaimResult(
        claim="training",
        verdict=HOLDS if clear >= HALF * len(cells) else FAILS,
        evidence=say.training_differs(clear, len(cells)),
        cells=tuple(cells),
        deck=deck,
    )


def wording(studies: Sequence[PromptStudyResult]) -> ClaimResult:
    """The best template against the worst, on the same pictures."""
    cells, wide = [], 0
    for study in studies:
        if len(study.templates) < 2:
            continue
        ordered = sorted(study.templates, key=lambda t: t.acc1)
        gap = paired_difference(ordered[-1].answers.correct, ordered[0].answers.correct)
        wide += gap.difference >= A_LOT and gap.excludes_zero
        cells.append(say.wording_cell(say_pair(study.model, study.dataset), ordered[0], ordered[-1]))
    deck = deck_says.wording()
    if not cells:
        return _open("wording", "No template study can be made here yet.", deck)
    return ClaimResult(
        claim="wording",
        verdict=HOLDS if wide >= HALF * len(cells) else FAILS,
        evidence=say.wording_spans(wide, len(cells), A_LOT),
        cells=tuple(cells),
        deck=deck,
    )


def favour(results: Sequence[ZeroShotResult]) -> ClaimResult:
    """Classes that one family names right more often than the other (McNemar's test in each class, Holm over all)."""
    cells, both, told = [], 0, 0
    for a, b in combinations(results, 2):
        if not _same_question(a, b):
            continue
        families = {_family(a.model), _family(b.model)}
        first, second = favoured(a, b)
        cells.append(say.favour_cell(a.dataset, (a.model, first), (b.model, second)))
        if families == {"openai", "open_clip"}:
            told, both = told + 1, both + (bool(first) and bool(second))
    if not told:
        missing = "It takes a model of OpenAI and one of OpenCLIP on the same images."
        return ClaimResult(claim="favour", verdict=OPEN, evidence=missing, cells=tuple(cells), deck=say.JUDGED_BY_EYE)
    return ClaimResult(
        claim="favour",
        verdict=HOLDS if both >= HALF * told else FAILS,
        evidence=say.families_differ(both, told),
        cells=tuple(cells),
        deck="The original study judged by eye.",
    )


def favoured(a: ZeroShotResult, b: ZeroShotResult, level: float = 0.05) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The classes that a names right more often than b, and those that b does, at this level over all classes (Holm
    1979)."""
    counts = []
    for label, name in enumerate(a.classnames):
        rows = a.labels == label
        only_a, only_b = int((a.correct & ~b.correct)[rows].sum()), int((b.correct & ~a.correct)[rows].sum())
        counts.append((mcnemar_exact(only_a, only_b), name, only_a > only_b))
    adjusted = holm([p for p, _, _ in counts])
    clear = sorted((p, name, first) for p, (_, name, first) in zip(adjusted, counts, strict=True) if p <= level)
    return tuple(name for _, name, first in clear if first), tuple(name for _, name, first in clear if not first)


def search(results: Sequence[PicturesResult]) -> ClaimResult:
    """How many of the ten best pictures of each prompt are of the class that it names."""
    judged = [(r, r.precision) for r in results if r.precision is not None]
    deck = say.JUDGED_BY_EYE
    if not judged:
        return _open("search", "It takes images with classes that the prompts name.", deck)
    cells = tuple(say.search_cell(say_pair(r.model, r.dataset), r.query.words, p) for r, p in judged)
    mean = float(np.mean([p.precision for _, p in judged]))
    worse = sum(p.precision < p.base_rate for _, p in judged)
    verdict: Verdict = HOLDS if mean >= HALF and not worse else FAILS
    said = say.pictures_right(mean, len(judged))
    return ClaimResult(claim="search", verdict=verdict, evidence=said, cells=cells, deck=deck)


# --- parts ------------------------------------------------------------------------------------------------


def _open(claim: str, why: str, deck: str) -> ClaimResult:
    return ClaimResult(claim=claim, verdict=OPEN, evidence=why, cells=(), deck=deck)


def _apart(a: ZeroShotResult, b: ZeroShotResult) -> Interval:
    """Newcombe's 95 % interval of the difference of two independent accuracies (Newcombe 1998, method 10)."""
    gap = a.acc1 - b.acc1
    (a_low, a_high), (b_low, b_high) = a.acc1_ci95, b.acc1_ci95
    return gap - math.hypot(a.acc1 - a_low, b_high - b.acc1), gap + math.hypot(a_high - a.acc1, b.acc1 - b_low)


def _same_question(a: ZeroShotResult, b: ZeroShotResult) -> bool:
    return (a.dataset, a.split, a.ids, a.templates, a.classnames) == (
        b.dataset,
        b.split,
        b.ids,
        b.templates,
        b.classnames,
    )


def _architecture(model: str) -> str:
    return model.partition("/")[0]


def _family(model: str) -> str:
    try:
        return find_model(model).family
    except TMVError:
        return "other"
