"""What zero-shot accuracy says: the code says what came of it, whatever the wording."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.stats import numbers
from core.stats.intervals import PairedDifference, paired_difference
from core.stats.metrics import Calibration, calibration
from core.studies.zero_shot.classify import ZeroShotResult
from core.tables.classes import confusion_frame
from core.words import accuracy
from tests.sample_results import sample_result, with_right

OPENAI, LAION = "ViT-B-32/openai", "ViT-B-32/laion2b_s34b_b79k"


@pytest.fixture(scope="module")
def two() -> tuple[ZeroShotResult, ZeroShotResult]:
    return sample_result(OPENAI, "eurosat", skill=0.8), sample_result(LAION, "eurosat", skill=1.6, seed=5)


@pytest.mark.parametrize(
    ("difference", "ci95", "p", "code", "edge"),
    [
        (0.101, (0.08, 0.12), 1e-9, "first_ahead", False),
        (-0.02, (-0.03, -0.01), 1e-4, "second_ahead", False),
        (0.01, (-0.004, 0.02), 0.2, "tie", False),
        (0.02, (0.0001, 0.04), 0.06, "first_ahead", True),
    ],
)
def test_the_outcome_says_who_won_and_whether_it_is_real(
    difference: float, ci95: tuple[float, float], p: float, code: str, edge: bool
) -> None:
    found = PairedDifference(
        difference=difference, ci95=ci95, n=1000, n_only_a=5, n_only_b=4, p_value=p, test="McNemar's exact test"
    )
    said = accuracy.outcome(found, "LAION-2B", "OpenAI")
    assert said.code == found.outcome == code and ("0.06" in said) == edge
    leader = {"first_ahead": "LAION-2B", "second_ahead": "OpenAI"}.get(code)
    assert said.startswith(leader) if leader else numbers.points_between(ci95) in said
    assert leader is None or numbers.points(difference) in said


def test_the_same_answers_are_called_a_tie() -> None:
    same = np.array([True, False])
    assert accuracy.outcome(paired_difference(same, same), "a", "b").code == "same_everywhere"


def test_a_tie_has_the_interval_of_the_side_that_is_ahead_as_the_figure_beside_it() -> None:
    ahead, behind = np.arange(50) % 10 < 5, np.arange(50) % 10 < 4
    ahead[:6], behind[:6] = False, True
    for a, b in ((ahead, behind), (behind, ahead)):
        found = paired_difference(a, b)
        low, high = sorted(np.sign(found.difference) * np.array(found.ci95))
        assert found.outcome == "tie" and found.difference and low < 0 < high
        said = accuracy.outcome(found, "a", "b")
        assert numbers.points_between((low, high)) in said and said == accuracy.outcome(
            paired_difference(b, a), "b", "a"
        )


def test_accuracy_finding_for_one_model_two_models_and_many(two: tuple[ZeroShotResult, ZeroShotResult]) -> None:
    first = two[0]
    assert accuracy.accuracy_finding([]).code == "no_result"
    one = accuracy.accuracy_finding([first])
    assert one.code == "one_result" and numbers.percent(first.acc1) in one
    assert accuracy.accuracy_finding(two).code == "second_ahead"
    assert accuracy.accuracy_finding([first, replace(first, model=LAION)]).code == "same_everywhere"
    other = [sample_result(OPENAI, "cifar100", skill=2.0), sample_result(LAION, "cifar100", skill=0.5)]
    both = accuracy.accuracy_finding([*two, *other])
    assert both.code == "leads_on_some" and both.count(" of 2 ") == 1
    tied = accuracy.accuracy_finding([*two, other[0], replace(other[0], model=LAION)])
    assert tied.code == "leads_on_some" and "LAION-2B" in tied and "OpenAI" not in tied
    winner = [replace(r, model=LAION if r.model == OPENAI else OPENAI) for r in other]
    assert accuracy.accuracy_finding([*two, *winner]).code == "leads_everywhere"
    assert accuracy.accuracy_finding([first, other[0]]).code == "best_and_worst"


def test_three_models_on_one_data_set(two: tuple[ZeroShotResult, ZeroShotResult]) -> None:
    first, second = sorted(two, key=lambda r: -r.acc1)
    third = replace(with_right(second, 0), model="RN50/openai")
    said = accuracy.accuracy_finding([first, second, third])
    assert said.code == "leads_everywhere" and numbers.points(first.acc1 - second.acc1) in said
    twin = replace(first, model="RN50/openai")
    assert accuracy.accuracy_finding([first, twin, with_right(second, 0)]).code == "all_tied"


def test_protocol_line(two: tuple[ZeroShotResult, ZeroShotResult]) -> None:
    assert accuracy.protocol_line(two[0]) == "300 of 13,500 images · 1 template · curated names"


def test_calibration_finding_says_which_way() -> None:
    sure = calibration(np.full(10, 0.9), np.arange(10) < 5)
    said = accuracy.calibration_finding(sure, "X")
    assert said.code == "too_sure" and numbers.points(0.4) in said
    shy = accuracy.calibration_finding(calibration(np.full(10, 0.5), np.ones(10, dtype=bool)), "X")
    assert shy.code == "not_sure_enough" and numbers.points(0.5) in shy
    good = Calibration(
        edges=sure.edges, count=sure.count, confidence=sure.confidence, accuracy=sure.accuracy, ece=0.01, gap=0.0
    )
    assert accuracy.calibration_finding(good, "X").code == "calibrated"


def test_a_collapse_raises_the_alarm_and_a_large_class_does_not(two: tuple[ZeroShotResult, ZeroShotResult]) -> None:
    result = two[0]
    assert accuracy.collapse_finding(result).code == "most_frequent"
    top5 = result.top5.copy()
    top5[: int(result.n * (accuracy.COLLAPSE_SHARE + 0.1))] = np.array([3, 0, 1, 2, 4])
    said = accuracy.collapse_finding(replace(result, top5=top5))
    assert said.code == "collapsed" and result.classnames[3] in said


def test_the_most_frequent_mistake_is_named_where_there_is_one(two: tuple[ZeroShotResult, ZeroShotResult]) -> None:
    cells = confusion_frame(two[0])
    wrong = cells[cells["true"] != cells["predicted"]]
    said = accuracy.mistake_finding(cells)
    assert said.code == "frequent_mistake" and f"{wrong['count'].max()}\u00a0times" in said
    assert accuracy.mistake_finding(cells[cells["true"] == cells["predicted"]]).code == "no_mistake"


def test_a_model_that_guesses_is_said_to_be_at_chance(two: tuple[ZeroShotResult, ZeroShotResult]) -> None:
    first = two[0]
    chance = with_right(first, first.n // len(first.classnames))
    assert "At chance: " in accuracy.accuracy_finding([first, replace(chance, model=LAION)])
    both = [chance, replace(chance, model=LAION)]
    assert "Both models are at chance" in accuracy.accuracy_finding(both)
    assert "All models are at chance" in accuracy.accuracy_finding([*both, replace(chance, model="RN50/openai")])
    assert accuracy.at_chance([first, chance], ["zero-shot", "a probe"]) == "At chance: a probe."
    assert accuracy.at_chance([first]) == ""
