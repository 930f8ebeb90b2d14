"""The line on logit axes, its band and its coverage, held against statsmodels and against leaving each point out."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from core.errors import TMVError
from core.stats.line import fit, from_logit, outside, to_logit


def points(n: int = 40, noise: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    x = rng.uniform(0.05, 0.95, n)
    return x, from_logit(0.8 * to_logit(x) - 0.4 + rng.normal(0, noise, n))


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.99])
def test_line_and_band_are_those_of_statsmodels(confidence: float) -> None:
    x, y = points()
    reference = sm.OLS(to_logit(y), sm.add_constant(to_logit(x))).fit()
    line = fit(x, y)
    assert [line.intercept, line.slope] == pytest.approx(list(reference.params))
    assert line.sigma == pytest.approx(np.sqrt(reference.mse_resid)) and line.r2 == pytest.approx(reference.rsquared)
    at = np.array([0.02, 0.3, 0.5, 0.99])
    wanted = reference.get_prediction(sm.add_constant(to_logit(at))).summary_frame(alpha=1 - confidence)
    low, high = line.band(at, confidence)
    np.testing.assert_allclose(low, from_logit(wanted["obs_ci_lower"].to_numpy()))
    np.testing.assert_allclose(high, from_logit(wanted["obs_ci_upper"].to_numpy()))
    np.testing.assert_allclose(line.at(at), from_logit(wanted["mean"].to_numpy()))


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.99])
def test_outside_is_what_leaving_each_out_says(confidence: float) -> None:
    x, y = points(noise=0.5)
    y[7] = 0.999
    found = []
    for i in range(len(x)):
        rest = np.arange(len(x)) != i
        low, high = fit(x[rest], y[rest]).band(x[[i]], confidence)
        found.append(-1 if y[i] < low[0] else 1 if y[i] > high[0] else 0)
    assert list(outside(x, y, confidence)) == found and any(found)


def test_the_band_keeps_its_promise_on_what_it_was_made_for() -> None:
    x, y = points(4000)
    assert np.mean(outside(x, y, 0.95) != 0) == pytest.approx(0.05, abs=0.01)


def test_by_hand() -> None:
    line = fit(np.array([0.2, 0.5, 0.8]), np.array([0.2, 0.5, 0.8]))
    assert (line.slope, line.intercept, line.r2) == pytest.approx((1, 0, 1)) and line.sigma == pytest.approx(
        0, abs=1e-9
    )
    assert line.at(np.array([0.3])) == pytest.approx(0.3)


def test_shares_of_none_and_all_have_log_odds() -> None:
    assert np.isfinite(to_logit(np.array([0.0, 1.0]))).all()
    np.testing.assert_allclose(from_logit(to_logit(np.array([0.25, 0.5]))), [0.25, 0.5])


@pytest.mark.parametrize("x", [[0.5, 0.6], [0.5, 0.5, 0.5], []])
def test_too_few_points_say_so(x: list[float]) -> None:
    with pytest.raises(TMVError, match="at least 3"):
        fit(np.array(x), np.array(x))
