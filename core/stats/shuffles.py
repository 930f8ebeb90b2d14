"""The orders that seeded shuffles give, as the libraries make them, without importing these.

torch draws a permutation by Fisher and Yates with a Mersenne twister (`randperm` in ATen's TensorFactories.cpp):
place i is swapped with the place that the next 32 bits name, modulo what is left. A `DataLoader` that shuffles draws a
seed for its workers first, and another one for the order (torch.utils.data.RandomSampler) unless it was given a
generator.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from core.types import IntArray

SEEDS: tuple[int, ...] = (*range(100), 123, 1234, 1337, 2020, 2021, 2022, 2023, 2024, 2025, 2026, 3407, 12345)
MOST = 50_000
"""Rows up to which all seeds are tried; of more the first few, in about the same time."""
FEW = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Shuffle:
    """One way to shuffle: `order` makes of a number of rows and a seed the row (n,) int64 that comes to each place."""

    name: str
    said: str
    order: Callable[[int, int], IntArray]


def _twister(seed: int) -> Callable[[int], NDArray[np.uint32]]:
    """The next k numbers of 32 bits, as torch seeds its generator: with the lower 32 bits of the seed."""
    stream = np.random.RandomState(seed & 0xFFFFFFFF)
    return lambda k: stream.randint(0, 2**32, size=k, dtype=np.uint32)


def _swapped(n: int, draw: Callable[[int], NDArray[np.uint32]]) -> IntArray:
    order = list(range(n))
    places = (draw(n - 1).astype(np.int64) % np.arange(n, 1, -1)).tolist() if n > 1 else []
    for i, step in enumerate(places):
        if step:
            order[i], order[i + step] = order[i + step], order[i]
    return np.array(order, dtype=np.int64)


def _seed_drawn(draw: Callable[[int], NDArray[np.uint32]]) -> int:
    """A random int64 as torch draws it: two numbers of 32 bits, of which the lower one becomes a seed."""
    return int(draw(2)[1])


def randperm(n: int, seed: int) -> IntArray:
    """`torch.randperm(n)` after `torch.manual_seed(seed)`."""
    return _swapped(n, _twister(seed))


def loader(n: int, seed: int) -> IntArray:
    """`DataLoader(data, shuffle=True)` after `torch.manual_seed(seed)`."""
    draw = _twister(seed)
    _seed_drawn(draw)
    return _swapped(n, _twister(_seed_drawn(draw)))


def loader_generator(n: int, seed: int) -> IntArray:
    """`DataLoader(data, shuffle=True, generator=torch.Generator().manual_seed(seed))`."""
    draw = _twister(seed)
    _seed_drawn(draw)
    return _swapped(n, draw)


def legacy(n: int, seed: int) -> IntArray:
    """`np.random.seed(seed); np.random.permutation(n)`, and what scikit-learn and pandas make of a `random_state`."""
    return np.random.RandomState(seed).permutation(n).astype(np.int64)


def generator(n: int, seed: int) -> IntArray:
    """`np.random.default_rng(seed).permutation(n)`, and `datasets`' `shuffle(seed)`."""
    return np.random.default_rng(seed).permutation(n).astype(np.int64)


def python(n: int, seed: int) -> IntArray:
    """`random.seed(seed); random.shuffle(rows)`."""
    rows = list(range(n))
    random.Random(seed).shuffle(rows)
    return np.array(rows, dtype=np.int64)


SHUFFLES: tuple[Shuffle, ...] = (
    Shuffle(name="loader", said="a shuffling DataLoader", order=loader),
    Shuffle(name="loader-generator", said="a shuffling DataLoader with a generator", order=loader_generator),
    Shuffle(name="randperm", said="torch.randperm", order=randperm),
    Shuffle(name="numpy", said="NumPy's permutation", order=legacy),
    Shuffle(name="default-rng", said="NumPy's default_rng", order=generator),
    Shuffle(name="python", said="Python's random.shuffle", order=python),
)


def shuffled(n: int, seeds: Sequence[int] = SEEDS) -> Iterator[tuple[Shuffle, int, Callable[[], IntArray]]]:
    """Every way with every seed; of very many rows with the first few seeds."""
    for shuffle in SHUFFLES:
        for seed in seeds if n <= MOST else seeds[:FEW]:
            yield shuffle, seed, partial(shuffle.order, n, seed)
