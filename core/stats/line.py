"""A straight line through shares on logit axes, its band, and how often the band keeps what it promises.

Accuracy on one data set against accuracy on another lies close to a line on such axes (Miller et al. 2021, "Accuracy on
the line"). Ordinary least squares; intervals are those of one more observation (prediction), by Student's t.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import TMVError
from core.stats.intervals import Float64Array

FEWEST = 3
"""Points that a line with a band needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`logit(y) = intercept + slope * logit(x)` through `n` points; `sigma` the standard deviation of the residuals
    (n - 2 degrees of freedom), `r2` the share of the variance that it explains, `centre` and `spread` the mean and the
    sum of squares of the points along x."""

    slope: float
    intercept: float
    sigma: float
    r2: float
    n: int
    centre: float
    spread: float

    def at(self, x: Float64Array) -> Float64Array:
        """The shares y on the line for shares x."""
        return from_logit(self.intercept + self.slope * to_logit(x))

    def band(
        self, x: Float64Array, confidence: float = 0.95, *, also: float = 0.0
    ) -> tuple[Float64Array, Float64Array]:
        """Between which shares one more point at x lies with this confidence: (low, high) as x. `also` is a variance
        of that point's own, in log odds, beside that of the points of the line."""
        along = to_logit(x)
        wide = np.sqrt(self.sigma**2 * (1 + 1 / self.n + (along - self.centre) ** 2 / self.spread) + also)
        half = _t(self.n - 2, confidence) * wide
        middle = self.intercept + self.slope * along
        return from_logit(middle - half), from_logit(middle + half)


def to_logit(share: Float64Array, least: float = 5e-5) -> Float64Array:
    """Log odds of shares; 0 and 1 are taken for `least` away from them, half the last decimal of a printed figure."""
    clipped = np.clip(np.asarray(share, dtype=np.float64), least, 1 - least)
    found: Float64Array = np.log(clipped / (1 - clipped))
    return found


def from_logit(odds: Float64Array) -> Float64Array:
    """The shares of log odds."""
    found: Float64Array = 1 / (1 + np.exp(-np.asarray(odds, dtype=np.float64)))
    return found


def _t(freedom: int, confidence: float) -> float:
    """Within so many deviations lies this share of Student's t."""
    from scipy import special  # slow to import, and most of the program does without

    return float(special.stdtrit(freedom, (1 + confidence) / 2))


def fit(x: Float64Array, y: Float64Array) -> Line:
    """The line through shares x and y, both (n,). Raises `TMVError` for fewer than three points or equal x."""
    along, up = to_logit(x), to_logit(y)
    n, centre = len(along), float(along.mean()) if len(along) else 0.0
    spread = float(((along - centre) ** 2).sum())
    if n < FEWEST or spread <= 0:
        raise TMVError(f"A line needs at least {FEWEST} different points, there are {len(np.unique(along))}.")
    slope = float(((along - centre) * (up - up.mean())).sum() / spread)
    intercept = float(up.mean() - slope * centre)
    left, total = float(((up - intercept - slope * along) ** 2).sum()), float(((up - up.mean()) ** 2).sum())
    return Line(
        slope=slope,
        intercept=intercept,
        sigma=float(np.sqrt(left / (n - 2))),
        r2=1 - left / total if total > 0 else 1.0,
        n=n,
        centre=centre,
        spread=spread,
    )


def outside(x: Float64Array, y: Float64Array, confidence: float = 0.95) -> Float64Array:
    """For each point (n,) whether it lies outside the band of a line through all others: -1 below, 1 above, 0 inside.

    How often that is not 0 is how often the band is wrong about points that it has not seen; it should be
    1 - `confidence`. In closed form (deleted residuals); a test leaves each out.
    """
    line, along, up = fit(x, y), to_logit(x), to_logit(y)
    if line.n <= FEWEST:
        raise TMVError(f"To leave one point out, a line needs more than {FEWEST}, there are {line.n}.")
    leverage = 1 / line.n + (along - line.centre) ** 2 / line.spread
    residual = up - line.intercept - line.slope * along
    rest = line.sigma**2 * (line.n - 2) - residual**2 / (1 - leverage)
    sigma = np.sqrt(np.maximum(rest, 0) / (line.n - 3))
    limit = _t(line.n - 3, confidence)
    # A residual of the line through all, over its deviation: the same t as that of one more point off the others' line.
    off = residual / np.sqrt(1 - leverage)
    found: Float64Array = np.where(np.abs(off) > limit * sigma, np.sign(off), 0.0)
    return found
