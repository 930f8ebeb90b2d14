"""What probes say, by their codes and numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.stats.numbers import in_points, points
from core.studies.answered import compare
from core.studies.probe.result import ProbeResult
from core.studies.zero_shot.classify import ZeroShotResult
from core.words.probe import held_out_line, leading_probe, probe_finding, probe_line, training_gain
from tests.training_results import probed

OTHER = "ViT-B-32/openai"


@pytest.fixture(scope="module")
def pair() -> tuple[ProbeResult, ZeroShotResult]:
    return probed()


def right(result: ZeroShotResult, rows: np.ndarray) -> ZeroShotResult:
    """The result, had these pictures been named right and no others."""
    return replace(result, ranks=np.where(rows, 1, 3))


def test_a_probe_in_words(pair: tuple[ProbeResult, ZeroShotResult]) -> None:
    line = probe_line(pair[0])
    assert (
        line.startswith("63 of 13,500 images · trained on 63 of 13,500 others · C\u00a0=\u00a0") and "unit" not in line
    )
    assert "unit-length" in probe_line(replace(pair[0], normalised=True))
    assert held_out_line(pair[0]).endswith("a fifth held out at a time")
    assert "12 of 63 training images" in held_out_line(replace(pair[0], folds=1, n_val=12))


def test_what_training_adds_is_paired_and_changes_with_the_data(pair: tuple[ProbeResult, ZeroShotResult]) -> None:
    found, texts = pair
    gain = compare(found, texts)
    said = training_gain([found], [texts])
    assert said is not None and said.code == "training_adds" and gain.difference > 0
    assert points(gain.difference) in said
    same = training_gain([found], [replace(texts, ranks=found.ranks)])
    assert same is not None and same.code == "same_everywhere"
    better = training_gain([found], [right(texts, np.ones(texts.n, bool))])
    assert better is not None and better.code == "training_costs"
    turned = found.correct.copy()
    turned[np.flatnonzero(found.correct)[0]], turned[np.flatnonzero(~found.correct)[0]] = False, True
    tie = training_gain([found], [right(texts, turned)])
    assert tie is not None and tie.code == "tie"
    assert training_gain([found], []) is None


def test_gains_of_several_probes_name_their_ties(pair: tuple[ProbeResult, ZeroShotResult]) -> None:
    found, texts = pair
    twin, other = replace(found, model=OTHER), replace(texts, model=OTHER)
    gain = compare(found, texts).difference
    sure = training_gain([found, twin], [texts, other])
    assert sure is not None and sure.code == "training_adds" and f"{in_points(gain)} to {points(gain)}" in sure
    mixed = training_gain([found, twin], [texts, replace(other, ranks=found.ranks)])
    assert mixed is not None and "no clear difference in 1 of 2" in mixed and mixed.startswith(str(sure)[:24])
    both = training_gain([found, twin], [replace(texts, ranks=found.ranks), replace(other, ranks=found.ranks)])
    assert both is not None and "2 of 2" in both
    all_right = right(texts, np.ones(texts.n, bool))
    assert (said := training_gain([found, twin], [all_right, other])) is not None and said.code == "training_changes"


def test_the_leading_probe_is_paired_with_the_second(pair: tuple[ProbeResult, ZeroShotResult]) -> None:
    found = pair[0]
    twin = replace(found, model=OTHER)
    assert leading_probe([found, twin]).code == "same_everywhere"
    none = replace(found, model=OTHER, ranks=np.full(found.n, 3), test_acc1=0.0)
    assert leading_probe([found, none]).code == "first_ahead"
    three = leading_probe([none, found, replace(none, model="ViT-L-14/openai")])
    assert three.code == "first_ahead" and points(found.test_acc1) in three


def test_the_finding_joins_what_is_known(pair: tuple[ProbeResult, ZeroShotResult]) -> None:
    found, texts = pair
    alone = probe_finding([found], [texts])
    assert alone.code == "training_adds" and points(found.train_acc1 - found.test_acc1) in alone
    untold = probe_finding([replace(found, train_acc1=1.0)], [])
    assert untold.code == ("train_above_test" if found.test_acc1 < 1 else "train_below_test")
    both = probe_finding([found, replace(found, model=OTHER)], [texts])
    assert both.code == "same_everywhere" and str(training_gain([found], [texts])) in both
    assert probe_finding([], []).code == "no_result"
