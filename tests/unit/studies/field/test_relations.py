"""Sets against sets, correlations, and what a figure should be, held against SciPy, statsmodels and a slow loop."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from core.catalog.field import accuracy, checkpoints, field_sets, find_checkpoint, find_set, find_sets
from core.errors import TMVError
from core.stats.line import from_logit, to_logit
from core.studies.field.choosing import FieldFilter, columns, distinct, figures
from core.studies.field.expected import alarms, expected, expected_for, expected_of
from core.studies.field.relations import set_against_set, set_correlations

EVERY = np.arange(121)


def test_the_same_weights_count_once() -> None:
    left = [checkpoints()[i].name for i in distinct(EVERY)]
    assert len(left) == 117 and "ViT-B-32/openai" in left and "ViT-B-32-quickgelu/openai" not in left


def test_set_against_set_is_the_regression_of_statsmodels() -> None:
    found = set_against_set(find_set("imagenet1k"), find_set("objectnet"))
    x, y = (figures((find_set(name),), found.rows)[:, 0] for name in ("imagenet1k", "objectnet"))
    reference = sm.OLS(to_logit(y), sm.add_constant(to_logit(x))).fit()
    assert [found.line.intercept, found.line.slope] == pytest.approx(list(reference.params))
    np.testing.assert_allclose(found.above, y - from_logit(reference.fittedvalues))
    # Leaving one out at 95 % is a t test of the externally studentised residual.
    off = reference.get_influence().resid_studentized_external
    np.testing.assert_array_equal(found.outside != 0, np.abs(off) > stats.t.ppf(0.975, len(x) - 3))


def test_a_filter_leaves_only_its_checkpoints() -> None:
    found = set_against_set(find_set("imagenet1k"), find_set("imagenetv2"), FieldFilter(families=("SigLIP",)))
    assert {each.family for each in found.checkpoints} == {"SigLIP"}
    with pytest.raises(TMVError, match="at least 3"):
        set_against_set(find_set("imagenet1k"), find_set("imagenetv2"), FieldFilter(words="RN50x64"))


def test_correlations_are_spearman_s() -> None:
    found = set_correlations(find_sets("satellite"))
    for i, a in enumerate(found.sets):
        for k, b in enumerate(found.sets):
            pair = figures((a, b), distinct(EVERY))
            assert found.values[i, k] == pytest.approx(stats.spearmanr(pair[:, 0], pair[:, 1]).statistic)


def test_sets_that_say_the_same_lie_beside_each_other() -> None:
    found = set_correlations(field_sets())
    names = [each.short for each in found.sets]
    assert sorted(names) == sorted(each.short for each in field_sets())
    assert abs(names.index("imagenet1k") - names.index("imagenetv2")) == 1
    nearest, value = found.nearest(names.index("imagenetv2"))
    assert nearest.short == "imagenet1k" and value > 0.99


def test_what_is_expected_is_the_regression_on_all_other_sets() -> None:
    here, model = find_set("cifar100"), find_checkpoint("ViT-B-16/openai")
    assert model is not None
    found = expected_of(model, here)
    rows, others = distinct(EVERY), [i for i in range(38) if i != columns((here,))[0]]
    level = to_logit(accuracy()[:, others]).mean(axis=1)
    y = to_logit(accuracy()[rows, columns((here,))[0]])
    reference = sm.OLS(y, sm.add_constant(level[rows])).fit()
    mine = level[checkpoints().index(model)]
    frame = reference.get_prediction(np.array([[1.0, mine]])).summary_frame(alpha=0.05)
    assert found.value == pytest.approx(float(from_logit(frame["mean"].to_numpy())[0]))
    assert found.low == pytest.approx(float(from_logit(frame["obs_ci_lower"].to_numpy())[0]))
    assert found.high == pytest.approx(float(from_logit(frame["obs_ci_upper"].to_numpy())[0]))


@pytest.mark.parametrize(
    "model, data, value, n, place",
    [
        ("convnext_base/laion400m_s13b_b51k", "cifar100", 0.465, 10_000, "below"),
        ("ViT-L-14/laion2b_s32b_b82k", "eurosat", 0.1225, 27_000, "below"),
        ("ViT-B-32/openai", "cifar100", 0.6418, 10_000, "inside"),
        ("ViT-B-32/openai", "cifar100", 0.9975, 10_000, "above"),
        ("convnext_base/laion400m_s13b_b51k", "cifar100", 0.465, 20, "inside"),
    ],
)
def test_figures_of_the_deck_that_are_wrong_are_found(model: str, data: str, value: float, n: int, place: str) -> None:
    checkpoint = find_checkpoint(model)
    assert checkpoint is not None and expected_of(checkpoint, find_set(data)).place(value, n) == place


def test_the_rate_of_false_alarms_is_near_what_the_band_promises() -> None:
    assert alarms(0.95).cells == 117 * 38
    assert alarms(0.95).rate == pytest.approx(0.05, abs=0.01) and alarms(0.9).rate == pytest.approx(0.1, abs=0.02)


def test_alarms_are_what_leaving_each_checkpoint_out_says() -> None:
    """One column the slow way."""
    rows, here = distinct(EVERY), columns((find_set("food101"),))[0]
    level = to_logit(np.delete(accuracy()[rows], here, axis=1)).mean(axis=1)
    y, outside = to_logit(accuracy()[rows, here]), 0
    for i in range(len(rows)):
        rest = np.arange(len(rows)) != i
        fitted = sm.OLS(y[rest], sm.add_constant(level[rest])).fit()
        frame = fitted.get_prediction(np.array([[1.0, level[i]]])).summary_frame(alpha=0.05)
        outside += not frame["obs_ci_lower"][0] <= y[i] <= frame["obs_ci_upper"][0]
    found = set_outside("food101")
    assert found == outside


def set_outside(name: str) -> int:
    from core.stats.line import outside
    from core.studies.field.expected import _through

    here = find_set(name)
    levels, values, _ = _through(here, tuple(each for each in field_sets() if each != here))
    return int((outside(levels, values, 0.95) != 0).sum())


def test_a_model_that_the_field_does_not_know_is_placed_by_what_was_measured() -> None:
    here = find_set("eurosat")
    found = expected_for("file:a,b", here, {"cifar100": 0.64, "vtab/eurosat": 0.2, "food101": 0.8})
    assert [each.short for each in found.elsewhere] == ["cifar100", "food101"] and found.low < found.value < found.high
    assert found.value == expected(here, {"cifar100": 0.64, "food101": 0.8}).value
    with pytest.raises(TMVError, match="once it has a figure on another set"):
        expected_for("file:a,b", here, {"eurosat": 0.2})
