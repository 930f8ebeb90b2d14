"""What the demo models are trained on: rendered scenes, their captions as tokens, and the batches.

NumPy only. The arrays are made once in a scratch folder; making them again gives the same content.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.demo.words import training_captions
from core.demo.world import random_scene, render

TRAINING_SCENES = 50_000
TRAIN_SIDE = 64
RENDER_SIDE = 96
CONTEXT = 32
CAPTIONS_PER_SCENE = 5
_CHUNK = 500

Tokenize = Callable[[str], list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingData:
    """Training arrays.

    images (n, 64, 64, 3) uint8; tokens (n, 5, 32) int64 in the compact vocabulary; cells (n,) int64, one
    number for each pair of style and place; vocabulary (v,) int64, the tokenizer's id of compact id 1, 2, ...
    (compact id 0 is padding and the unknown word).
    """

    images: NDArray[np.uint8]
    tokens: NDArray[np.int64]
    cells: NDArray[np.int64]
    vocabulary: NDArray[np.int64]


def training_picture(seed: int) -> NDArray[np.uint8]:
    """Scene `seed` as the models' own preprocessing would see its demo-sized picture: (64, 64, 3) uint8."""
    picture = render(random_scene(seed), RENDER_SIDE)
    return np.asarray(picture.resize((TRAIN_SIDE, TRAIN_SIDE), Image.Resampling.BICUBIC))


def _render_chunk(path: str, start: int, stop: int) -> None:
    images = np.load(path, mmap_mode="r+", allow_pickle=False)
    for seed in range(start, stop):
        images[seed] = training_picture(seed)


def render_training_images(scratch: Path, n: int, processes: int) -> NDArray[np.uint8]:
    """Render scenes 0 to n-1 into `scratch/images-n.npy`, or open it when an earlier run has finished it."""
    path, done = scratch / f"images-{n}.npy", scratch / f"images-{n}.json"
    if not done.is_file():
        np.lib.format.open_memmap(path, "w+", np.uint8, (n, TRAIN_SIDE, TRAIN_SIDE, 3)).flush()
        spans = [(start, min(n, start + _CHUNK)) for start in range(0, n, _CHUNK)]
        with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
            for job in [pool.submit(_render_chunk, str(path), *span) for span in spans]:
                job.result()
        done.write_text(json.dumps({"scenes": n}))
    images: NDArray[np.uint8] = np.load(path, mmap_mode="r", allow_pickle=False)
    return images


def compact(rows: list[list[int]], start: int, end: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Token lists -> (compact tokens (m, 32), vocabulary (v,)); the end token keeps the highest id.

    CLIP pools the text at its highest token id, so the compact ids must keep the tokenizer's order.
    """
    used = sorted({token for row in rows for token in row} | {start, end})
    index = {token: position + 1 for position, token in enumerate(used)}
    out = np.zeros((len(rows), CONTEXT), np.int64)
    for line, row in zip(out, rows, strict=True):
        ids = [start, *row[: CONTEXT - 2], end]
        line[: len(ids)] = [index[token] for token in ids]
    return out, np.array(used, np.int64)


def make_training_data(
    scratch: Path, n: int, processes: int, tokenize: Tokenize, ends: tuple[int, int]
) -> TrainingData:
    """Everything for training on scenes 0 to n-1; `ends` are the tokenizer's start and end tokens."""
    scratch.mkdir(parents=True, exist_ok=True)
    images = render_training_images(scratch, n, processes)
    scenes = [random_scene(seed) for seed in range(n)]
    remembered: dict[str, list[int]] = {}
    rows = []
    for scene in scenes:
        for caption in training_captions(scene, CAPTIONS_PER_SCENE):
            if caption not in remembered:
                remembered[caption] = tokenize(caption.lower())
            rows.append(remembered[caption])
    tokens, vocabulary = compact(rows, *ends)
    pairs = [(scene.style, scene.place) for scene in scenes]
    numbers = {pair: number for number, pair in enumerate(sorted(set(pairs)))}
    cells = np.array([numbers[pair] for pair in pairs], np.int64)
    return TrainingData(
        images=images, tokens=tokens.reshape(n, CAPTIONS_PER_SCENE, CONTEXT), cells=cells, vocabulary=vocabulary
    )


def batch_rows(cells: NDArray[np.int64], size: int, hard_share: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Row numbers of one batch; with chance `hard_share` all of one style and one place.

    In such a hard batch neither style nor place tells the pairs apart: nouns, colours and counts must.
    """
    if rng.random() < hard_share:
        rows = np.flatnonzero(cells == cells[rng.integers(len(cells))])
        if len(rows) >= size:
            return rng.choice(rows, size, replace=False)
    return rng.choice(len(cells), size, replace=False)


def augment(images: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    """(b, 64, 64, 3) uint8 -> float32 in 0-1: shifted up to 5 px, mirrored, up to 15 % brighter or darker."""
    out = np.empty(images.shape, np.float32)
    for index, image in enumerate(images):
        shift = tuple(rng.integers(-5, 6, 2))
        moved = np.roll(image, shift, axis=(0, 1))
        out[index] = moved[:, ::-1] if rng.random() < 0.5 else moved
    light = rng.uniform(0.85, 1.15, (len(images), 1, 1, 1)).astype(np.float32)
    return np.clip(out * (light / 255), 0, 1)


def draw_batch(
    data: TrainingData, size: int, hard_share: float, unknown_share: float, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """One batch: images (b, 64, 64, 3) float32 in 0-1 and one caption each, tokens (b, 32) int64."""
    rows = np.sort(batch_rows(data.cells, size, hard_share, rng))
    tokens = data.tokens[rows, rng.integers(CAPTIONS_PER_SCENE, size=size)]
    first, last = tokens[:, :1], tokens.max(axis=1, keepdims=True)
    hidden = (rng.random(tokens.shape) < unknown_share) & (tokens != first) & (tokens != last)
    return augment(np.asarray(data.images[rows]), rng), np.where(hidden, 0, tokens)
