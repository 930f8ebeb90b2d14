"""Of tables, one for each data set, as many stand open as fit a screen or two."""

from __future__ import annotations

import pytest

from pages.classification.deck_table import how_many_open


@pytest.mark.parametrize(
    ("lengths", "shown"), [([], 0), ([3], 1), ([40], 1), ([8, 8], 2), ([8, 9], 1), ([12, 12], 1), ([2, 2, 2, 2], 2)]
)
def test_many_models_fold_the_tables_after_the_first(lengths: list[int], shown: int) -> None:
    assert how_many_open(lengths) == shown
