"""Tip-Adapter and Tip-Adapter-F (Zhang et al., ECCV 2022): zero-shot classification with a memory of few shots.

With unit vectors, a picture x and keys k_j with one-hot classes y_j, the scores of the classes are

    zero-shot scores  +  alpha * sum over j of exp(-beta * (1 - x . k_j)) * y_j

Tip-Adapter takes the shots themselves as keys and trains nothing. Tip-Adapter-F starts there and trains the keys
by cross-entropy (AdamW, cosine schedule). Two departures, because a stored vector has one view and the paper's
code encodes new random crops in every epoch: keys are single views, and in training a picture does not see its
own key (it would always match it exactly) unless its class has no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.stats.answers import count_right
from core.stats.logistic_objective import softmax
from core.types import FloatArray, IntArray, read_only

ALPHAS = (0.0, *np.geomspace(0.1, 100.0, 10).tolist())
BETAS = tuple(np.geomspace(0.3, 60.0, 8).tolist())
HALVINGS = 2
"""After the grid, its spacing is halved so often around the best."""
EPOCHS, LEAST_STEPS, BATCH = 20, 100, 256
RATE, DECAY, MOMENTS, EPSILON = 1e-3, 0.01, (0.9, 0.999), 1e-4
CHECKS = 20
"""How often the keys in training are looked at with the validation pictures; the best are taken."""
LEAST_ALPHA = 0.5
"""Keys are trained with at least this alpha: with none, nothing would be learnt."""

Tick = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """`keys` (m, d) float32, ordered by their `classes` (m,) int64 out of c."""

    keys: FloatArray
    classes: IntArray
    c: int

    @classmethod
    def of(cls, vectors: FloatArray, classes: IntArray, c: int) -> Memory:
        """From the unit vectors of the shots, in any order."""
        order = np.argsort(classes, kind="stable")
        return cls(keys=read_only(vectors[order]), classes=read_only(classes[order].astype(np.int64)), c=c)

    def similarity(self, vectors: FloatArray) -> FloatArray:
        """Cosines with every key: (n, d) -> (n, m)."""
        found: FloatArray = vectors @ self.keys.T
        return found

    def recall(self, similarity: FloatArray, beta: float) -> FloatArray:
        """What the memory says of each class: similarities (n, m) -> (n, c)."""
        return self.by_class(np.exp(np.float32(beta) * (similarity - 1)))

    def by_class(self, values: FloatArray) -> FloatArray:
        """Values of the keys (n, m) summed over each class: (n, c)."""
        present, starts = np.unique(self.classes, return_index=True)
        found = np.zeros((len(values), self.c), dtype=np.float32)
        found[:, present] = np.add.reduceat(values, starts, axis=1)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """Unit vectors (n, d), zero-shot scores (n, c) and labels (n,) of the same pictures."""

    vectors: FloatArray
    scores: FloatArray
    labels: IntArray

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: IntArray | slice) -> Pictures:
        """Some of them."""
        return Pictures(vectors=self.vectors[rows], scores=self.scores[rows], labels=self.labels[rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """alpha and beta, and how they did on the validation pictures: how many right, the mean log-loss."""

    alpha: float
    beta: float
    right: int
    loss: float

    @property
    def rank(self) -> tuple[float, ...]:
        """Higher is better: more right, then less loss, then less of the memory."""
        return self.right, -self.loss, -self.alpha, -self.beta


def scores(pictures: Pictures, memory: Memory, alpha: float, beta: float) -> FloatArray:
    """Class scores (n, c) of Tip-Adapter."""
    recalled = memory.recall(memory.similarity(pictures.vectors), beta)
    found: FloatArray = pictures.scores + np.float32(alpha) * recalled
    return found


# --- alpha and beta ---------------------------------------------------------------------------------------


def choose(memory: Memory, validation: Pictures, tick: Tick = lambda: None) -> Setting:
    """The best alpha and beta on the validation pictures: a grid, then finer around its best."""
    similarity = memory.similarity(validation.vectors)
    best = max(
        (s for beta in BETAS for s in _settings(memory, similarity, validation, ALPHAS, beta, tick)),
        key=lambda s: s.rank,
    )
    wide_alpha, wide_beta = ALPHAS[2] / ALPHAS[1], BETAS[1] / BETAS[0]
    for halving in range(1, HALVINGS + 1):
        step_alpha, step_beta = (wide**0.5**halving for wide in (wide_alpha, wide_beta))
        alphas = tuple(best.alpha * step_alpha**i for i in (-1, 0, 1))
        near = (
            s
            for i in (-1, 0, 1)
            for s in _settings(memory, similarity, validation, alphas, best.beta * step_beta**i, tick)
        )
        best = max((best, *near), key=lambda s: s.rank)
    return best


def _settings(
    memory: Memory, similarity: FloatArray, validation: Pictures, alphas: tuple[float, ...], beta: float, tick: Tick
) -> Iterator[Setting]:
    tick()
    recalled = memory.recall(similarity, beta)
    for alpha in alphas:
        found = validation.scores + np.float32(alpha) * recalled
        yield Setting(
            alpha=alpha,
            beta=beta,
            right=count_right(found, validation.labels),
            loss=mean_loss(found, validation.labels),
        )


def mean_loss(found: NDArray[Any], labels: IntArray) -> float:
    """Mean -log softmax of the true class, over rows of scores (n, c)."""
    shifted = found - found.max(axis=1, keepdims=True)
    own = shifted[np.arange(len(labels)), labels]
    return float(np.mean(np.log(np.exp(shifted).sum(axis=1)) - own, dtype=np.float64))


# --- trained keys -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """Keys as they were after `steps` of `of_steps`, with the setting chosen for them."""

    memory: Memory
    setting: Setting
    steps: int
    of_steps: int


def fine_tune(
    shots: Pictures, c: int, validation: Pictures, start: Setting, seed: int, tick: Tick = lambda: None
) -> Trained:
    """Tip-Adapter-F: train the keys with the alpha and beta of `start`; validation says how long, then chooses
    alpha and beta anew."""
    memory = Memory.of(shots.vectors, shots.labels, c)
    shots = shots.take(np.argsort(shots.labels, kind="stable"))
    alpha, beta = max(start.alpha, LEAST_ALPHA), start.beta
    best, best_rank, taken, total = memory, (-1.0, 0.0), 0, steps_of(len(shots))
    for step, keys in enumerate(_descent(shots, memory, alpha, beta, seed)):
        tick()
        if step % max(1, total // CHECKS) == 0 or step == total:
            now = replace(memory, keys=keys.copy())
            found = scores(validation, now, alpha, beta)
            rank = float(count_right(found, validation.labels)), -mean_loss(found, validation.labels)
            if rank > best_rank:
                best, best_rank, taken = now, rank, step
    return Trained(memory=best, setting=choose(best, validation, tick), steps=taken, of_steps=total)


def steps_of(shots: int) -> int:
    """20 epochs as in the paper, or as many as make 100 steps where the batches are few."""
    batches = -(-shots // BATCH)
    return batches * max(EPOCHS, -(-LEAST_STEPS // batches))


def _descent(shots: Pictures, memory: Memory, alpha: float, beta: float, seed: int) -> Iterator[FloatArray]:
    """The keys before the first step and after each: AdamW with a cosine schedule."""
    keys, total = memory.keys.copy(), steps_of(len(shots))
    mean, square = np.zeros_like(keys), np.zeros_like(keys)
    yield keys
    for step, rows in enumerate(_batches(len(shots), total, seed), start=1):
        slope = gradient(keys, memory, shots, rows, alpha, beta)
        mean += (1 - MOMENTS[0]) * (slope - mean)
        square += (1 - MOMENTS[1]) * (slope * slope - square)
        rate = RATE / 2 * (1 + np.cos(np.pi * (step - 1) / total))
        move = mean / (1 - MOMENTS[0] ** step) / (np.sqrt(square / (1 - MOMENTS[1] ** step)) + EPSILON)
        keys *= np.float32(1 - rate * DECAY)
        keys -= (rate * move).astype(np.float32)
        yield keys


def _batches(n: int, total: int, seed: int) -> Iterator[IntArray]:
    rng, done = np.random.default_rng(seed), 0
    while done < total:
        order = rng.permutation(n)
        for start in range(0, n, BATCH):
            yield order[start : start + BATCH]
        done += -(-n // BATCH)


def gradient(
    keys: FloatArray, memory: Memory, shots: Pictures, rows: IntArray, alpha: float, beta: float
) -> FloatArray:
    """Slope (m, d) of the mean cross-entropy of the shots `rows` in their keys; `shots` are in the order of the
    memory. A shot does not see its own key unless its class has no other."""
    batch = shots.take(rows)
    nearness = np.exp(np.float32(beta) * (batch.vectors @ keys.T - 1))
    alone = np.bincount(memory.classes, minlength=memory.c)[batch.labels] == 1
    nearness[np.flatnonzero(~alone), rows[~alone]] = 0
    residual = softmax(batch.scores + np.float32(alpha) * memory.by_class(nearness))
    residual[np.arange(len(rows)), batch.labels] -= 1
    pull = residual[:, memory.classes] * nearness
    slope: FloatArray = np.float32(alpha * beta / len(rows)) * (pull.T @ batch.vectors)
    return slope
