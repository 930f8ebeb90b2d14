"""Seeded shuffles beside the libraries that make them."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from core.stats.shuffles import FEW, MOST, SEEDS, SHUFFLES, loader, loader_generator, python, randperm, shuffled


def _loaded(n: int, generator: torch.Generator | None = None) -> list[int]:
    loading: DataLoader[int] = DataLoader(list(range(n)), batch_size=7, shuffle=True, generator=generator)  # type: ignore[arg-type]
    return [int(row) for batch in loading for row in batch]


@pytest.mark.parametrize("seed", [0, 1, 42, 2026, 2**32 + 5])
@pytest.mark.parametrize("n", [1, 2, 3, 100, 2503])
def test_orders_are_those_of_torch(n: int, seed: int) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        assert randperm(n, seed).tolist() == torch.randperm(n).tolist()
        torch.manual_seed(seed)
        assert loader(n, seed).tolist() == _loaded(n)
        assert loader_generator(n, seed).tolist() == _loaded(n, torch.Generator().manual_seed(seed))


def test_of_many_rows_too() -> None:
    assert (randperm(70_000, 3) == torch.randperm(70_000, generator=torch.Generator().manual_seed(3)).numpy()).all()


def test_python_shuffles_in_place() -> None:
    rows = list(range(50))
    random.Random(7).shuffle(rows)
    assert python(50, 7).tolist() == rows


def test_every_way_with_every_seed_is_an_order_of_its_own() -> None:
    made = [make() for _, _, make in shuffled(40)]
    assert len(made) == len(SHUFFLES) * len(SEEDS) == len({order.tobytes() for order in made})
    assert all((np.sort(order) == np.arange(40)).all() for order in made)
    assert sum(1 for _ in shuffled(MOST + 1)) == len(SHUFFLES) * FEW
