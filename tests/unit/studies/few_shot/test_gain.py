"""What labelled pictures bring over zero-shot, and whether it may be luck."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.studies.few_shot.gain import best_point, doubt, first_clear, over_zero_shot
from core.studies.few_shot.result import FewShotPoint, FewShotResult
from tests.training_results import few_shots, probed


@pytest.fixture(scope="module")
def study() -> FewShotResult:
    return few_shots(probed()[1])


def test_the_best_point_is_at_the_most_pictures(study: FewShotResult) -> None:
    assert (best_point(study).method, best_point(study).shots) == ("probe", 16)


def test_ahead_of_zero_shot_is_paired_over_the_pictures(study: FewShotResult) -> None:
    found = over_zero_shot(study, study.point("probe", 16))
    assert found is not None and found.difference == pytest.approx(7 / 63) and found.ci95[0] > 0
    assert over_zero_shot(study, replace(study.point("probe", 16), units=())) is None


def test_a_gain_is_clear_where_neither_draws_nor_pictures_leave_a_doubt(study: FewShotResult) -> None:
    assert doubt(study, study.point("probe", 16)) == "" and doubt(study, study.point("tip", 16)) == "draws"


def test_clearly_from_a_k_on_means_from_there_on(study: FewShotResult) -> None:
    assert (first_clear(study, "probe"), first_clear(study, "tip")) == (16, None)
    early = FewShotPoint.of("probe", 1, list(study.point("probe", 16).units))
    late = FewShotPoint.of("probe", 16, list(study.point("probe", 1).units))
    turned = replace(study, methods=("probe",), points=(study.points[0], early, late))
    assert first_clear(turned, "probe") is None
