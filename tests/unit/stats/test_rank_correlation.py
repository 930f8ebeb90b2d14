"""Ranks and their correlation, held against SciPy."""

from __future__ import annotations

import numpy as np
from scipy import stats

from core.stats.rank_correlation import average_ranks, rank_correlations

TIED = np.random.default_rng(1).integers(0, 6, (40, 5)).astype(float)


def test_equal_values_share_the_mean_of_their_ranks() -> None:
    assert average_ranks(np.array([3.0, 1.0, 3.0, 2.0])).tolist() == [3.5, 1.0, 3.5, 2.0]
    np.testing.assert_array_equal(average_ranks(TIED[:, 0]), stats.rankdata(TIED[:, 0]))


def test_correlations_with_ties_are_scipy_s() -> None:
    np.testing.assert_allclose(rank_correlations(TIED), stats.spearmanr(TIED).statistic)


def test_a_column_of_equal_values_has_none() -> None:
    found = rank_correlations(np.column_stack([TIED[:, 0], np.ones(40)]))
    assert np.isnan(found[0, 1]) and found[0, 0] == 1
