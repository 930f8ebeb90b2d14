"""Retrieval among a million pictures that lie on disk: `python -m benchmarks._million [FOLDER]`.

Not one of the benchmarks that run by themselves: it writes 2 GB of random vectors and reads them several times.
Prints seconds and the most memory that was held beside the file's own pages.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.stats.gallery import Gallery
from core.studies.captions.ranks import rank_captions

PICTURES, WIDTH, CAPTIONS, K, SEED, STEP = 1_000_000, 512, 500, 10, 0, 1 << 16


def write(path: Path) -> NDArray[Any]:
    """The vectors, written block by block and opened again as a memory map."""
    rng = np.random.default_rng(SEED)
    file = np.lib.format.open_memmap(path, "w+", np.float32, (PICTURES, WIDTH))
    for start in range(0, PICTURES, STEP):
        rows = min(STEP, PICTURES - start)
        file[start : start + rows] = rng.standard_normal((rows, WIDTH), dtype=np.float32)
    file.flush()
    return np.load(path, mmap_mode="r")


def anonymous() -> float:
    """MB of this process that are not pages of a file."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("RssAnon")) / 1024


def timed(what: str, work: Callable[[], Any]) -> Any:
    """Run, and say how long it took."""
    start = time.perf_counter()
    found = work()
    print(f"{what}: {time.perf_counter() - start:.2f} s", flush=True)
    return found


def main(folder: Path) -> None:
    """Write, look, and check the answers against a plain loop over blocks."""
    images = timed("writing", lambda: write(folder / "images.npy"))
    rng = np.random.default_rng(SEED + 1)
    owners = rng.integers(0, PICTURES, CAPTIONS)
    noise = rng.standard_normal((CAPTIONS, WIDTH), dtype=np.float32)
    texts = (0.2 * np.asarray(images[owners]) + noise).astype(np.float32)
    before, most = anonymous(), [0.0]

    def watch(done: int, total: int) -> None:
        most[0] = max(most[0], anonymous())

    gallery = timed("lengths of all vectors, once", lambda: Gallery.of(images))
    query = texts[0] / np.linalg.norm(texts[0])
    rows, _ = timed(f"one query, {K} best", lambda: gallery.best(query, gallery.scores(query[None])[0], K))
    ranks = timed(f"{CAPTIONS} captions, both directions", lambda: rank_captions(images, texts, owners, watch))
    print(f"memory beside the file: {max(most[0], anonymous()) - before:.0f} MB")
    same = _agree(images, texts[0], int(owners[0]), rows, int(ranks.image_ranks[0]))
    print(f"recall@10 {np.mean(ranks.image_ranks <= 10):.3f}; a plain loop gives the same: {same}")


def _agree(images: NDArray[Any], text: NDArray[Any], owner: int, rows: NDArray[Any], rank: int) -> bool:
    """The first caption's best rows and rank, by cosines in float64."""
    cosines = np.concatenate([_cosines(images[s : s + STEP], text) for s in range(0, len(images), STEP)])
    others = np.delete(cosines, owner)
    return np.argsort(-cosines, kind="stable")[:K].tolist() == rows.tolist() and rank == 1 + int(
        np.count_nonzero(others >= cosines[owner])
    )


def _cosines(block: NDArray[Any], text: NDArray[Any]) -> NDArray[Any]:
    vectors = np.asarray(block, np.float64)
    wide: NDArray[Any] = vectors @ text.astype(np.float64) / np.linalg.norm(vectors, axis=1) / np.linalg.norm(text)
    return wide


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as made:
            main(Path(made))
