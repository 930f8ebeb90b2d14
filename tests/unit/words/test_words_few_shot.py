"""What few-shot studies say, by their codes and numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.stats.numbers import points
from core.studies.few_shot.gain import doubt
from core.studies.few_shot.result import FewShotPoint, FewShotResult, FewShotRun
from core.words.few_shot import few_shot_details, few_shot_finding, say_settings, spread_line
from tests.sample_results import with_right
from tests.training_results import few_shots, probed, unit


@pytest.fixture(scope="module")
def study() -> FewShotResult:
    return few_shots(probed()[1])


def test_settings_in_words() -> None:
    steps = [{"alpha": 1.0, "steps": 20, "of_steps": 100}, {"alpha": 1.5, "steps": 60, "of_steps": 100}]
    assert say_settings(steps) == "alpha 1–1.5, steps 20–60 of 100"
    assert say_settings([]) == ""


def test_the_few_shot_finding(study: FewShotResult) -> None:
    said = few_shot_finding([study])
    assert said.code == "helps"
    assert points(study.point("probe", 16).acc1_mean - study.zero_shot.acc1) in said
    assert "Tip-Adapter never clearly beats" in said and "from 16 on" in said
    two = few_shot_finding([study, replace(study, model="ViT-B-32/openai")])
    assert two.code == "helps" and "both models clearly improve" in two and "unadjusted" in two
    each = few_shot_details([study, replace(study, model="ViT-B-32/openai")])
    assert [one.code for one in each] == ["helps", "helps"] and each[0].startswith("ResNet-50 · OpenAI: ")
    assert few_shot_details([study]) == []
    assert few_shot_finding([]).code == "no_result"


def test_a_study_that_gains_nothing_says_so(study: FewShotResult) -> None:
    better = with_right(study.zero_shot, study.n - 1)
    assert few_shot_finding([replace(study, methods=("tip",), zero_shot=better)]).code == "no_help"


def with_runs(study: FewShotResult, *right: int) -> FewShotResult:
    """The study with these runs of Tip-Adapter only, one K; right are the first so many pictures."""
    point = FewShotPoint.of("tip", 16, [unit(r) for r in right])
    return replace(study, methods=("tip",), shots=(16,), points=(study.points[0], point))


def test_few_shots_and_zero_shot_may_tie(study: FewShotResult) -> None:
    base = int(study.zero_shot.correct.sum())
    apart = with_runs(study, base - 5, base + 7)
    said = few_shot_finding([apart])
    assert said.code == "tie" and points(1 / 63) in said and doubt(apart, apart.points[1]) == "draws"
    # Draws that agree, but on other pictures than those that zero-shot has right: the pictures leave it open.
    flipped = np.zeros(63, bool)
    flipped[np.flatnonzero(~study.zero_shot.correct)[: base + 3]] = True
    other = FewShotPoint.of(
        "tip", 16, [FewShotRun(correct=flipped, n_shots=14, n_validation=7, short=0, settings={})] * 2
    )
    assert other.acc1_mean > study.zero_shot.acc1
    agreed = replace(with_runs(study, 1), points=(study.points[0], other))
    said = few_shot_finding([agreed])
    assert said.code == "tie" and doubt(agreed, other) == "pictures"
    assert "Tip-Adapter never clearly beats" in said


def test_methods_that_never_pay_are_named_once(study: FewShotResult) -> None:
    base = int(study.zero_shot.correct.sum())
    flat = [FewShotPoint.of(m, 16, [unit(base - 5), unit(base + 7)]) for m in ("tip", "tip-f")]
    gains = FewShotPoint.of("probe", 16, list(study.point("probe", 16).units))
    none = replace(study, shots=(16,), methods=("tip", "tip-f"), points=(study.points[0], *flat))
    assert "No method" in few_shot_finding([none])
    some = replace(none, methods=("probe", "tip", "tip-f"), points=(study.points[0], gains, *flat))
    assert "Tip-Adapter and Tip-Adapter-F" in few_shot_finding([some])


def test_one_draw_has_no_spread() -> None:
    assert "±" not in spread_line(FewShotPoint.of("tip", 4, [unit(30)]))
    two = FewShotPoint.of("tip", 4, [unit(30), unit(32)])
    assert spread_line(two).startswith("± 2.2 points over 2 draws (47.6–50.8")
