"""Caption retrieval in both directions beside CLIP_benchmark's own recall, and one query among many pictures.

The peer is `recall_at_k` of the package itself, called in batches of 64 as its evaluation does, for k = 1,
5, 10 and both directions, in full: 1,000 pictures with 5 captions each. It takes normalised vectors; ours
normalises. Both compute every cosine in float32, and that product alone bounds how often one can be faster than the
other: the note of each row says where. On a machine that does other work the peer loses more than we do.
"""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np

from benchmarks import Row, interleaved, median_ratio
from core.stats.gallery import Gallery
from core.studies.captions.ranks import ROWS, rank_captions
from core.types import FloatArray, IntArray

PICTURES, CAPTIONS, WIDTH, KS = 1000, 5, 512, (1, 5, 10)
TARGET, FLOOR, ROUNDS, BATCH, SEED = 20.0, 5.0, 5, 64, 0
COCO, COCO_ROUNDS = 5000, 1
QUERY_PICTURES, QUERY_ROUNDS, K = 200_000, 7, 10
INSTALL = "uv pip install --no-deps clip-benchmark"


def run() -> list[Row]:
    """Recalls beside the peer, small and at the size of COCO's 5k test, and one query beside an exhaustive sort."""
    return [_recalls(PICTURES, ROUNDS), _recalls(COCO, COCO_ROUNDS), _query()]


def vectors(pictures: int, seed: int = SEED) -> tuple[FloatArray, FloatArray, IntArray]:
    """Random pictures, captions that lie near them, and whose they are: recalls come out between 0 and 1."""
    rng = np.random.default_rng(seed)
    images = rng.standard_normal((pictures, WIDTH), dtype=np.float32)
    index = np.repeat(np.arange(pictures), CAPTIONS)
    noise = rng.standard_normal((len(index), WIDTH), dtype=np.float32)
    return images, (0.13 * images[index] + noise).astype(np.float32), index


def _recalls(pictures: int, rounds: int) -> Row:
    work = f"recall@1, 5, 10 both ways, {pictures:,} x {CAPTIONS}"
    images, texts, index = vectors(pictures)
    found = dict[str, list[float]]()
    ways = {"ours": lambda: found.update(ours=_ours(images, texts, index)), "product": lambda: _product(images, texts)}
    try:
        peer = _Peer(images, texts, index)
        ways["peer"] = lambda: found.update(peer=peer.recalls())
    except ImportError:
        pass
    seconds = interleaved(ways, rounds)
    ours, product = statistics.median(seconds["ours"]), statistics.median(seconds["product"])
    if "peer" not in seconds:
        return Row(work, "CLIP_benchmark", None, ours, "s", None, TARGET, note=f"the peer is not installed: {INSTALL}")
    same = np.allclose(found["ours"], found["peer"], atol=1e-7)
    return Row(
        work,
        "CLIP_benchmark",
        statistics.median(seconds["peer"]),
        ours,
        "s",
        median_ratio(seconds["peer"], seconds["ours"]),
        TARGET,
        FLOOR,
        "recalls identical" if same else f"{found['ours']} beside {found['peer']}",
        same,
        f"the float32 product of all pairs alone takes {product:.3f} s, so no way that takes it is more than "
        f"{median_ratio(seconds['peer'], seconds['product']):.0f} times faster; recalls (text to picture, then picture "
        "to text): " + ", ".join(f"{v:.4f}" for v in found["ours"]),
    )


def _ours(images: FloatArray, texts: FloatArray, index: IntArray) -> list[float]:
    ranks = rank_captions(images, texts, index)
    return [float(np.mean(side <= k)) for side in (ranks.image_ranks, ranks.text_ranks) for k in KS]


def _product(images: FloatArray, texts: FloatArray) -> None:
    """All cosines in float32 and nothing else, in blocks that stay near the processor."""
    for start in range(0, len(texts), ROWS):
        texts[start : start + ROWS] @ images.T


class _Peer:
    """CLIP_benchmark's metric, on scores that it computes as its evaluation does."""

    def __init__(self, images: FloatArray, texts: FloatArray, index: IntArray) -> None:
        import torch
        from clip_benchmark.metrics import zeroshot_retrieval

        self.torch, self.metric = torch, zeroshot_retrieval
        self.images, self.texts = (torch.from_numpy(v) for v in (images, texts))
        self.index = torch.from_numpy(index)

    def recalls(self) -> list[float]:
        """Text to picture at each k, then picture to text."""
        normal = self.torch.nn.functional.normalize
        scores = normal(self.texts, dim=-1) @ normal(self.images, dim=-1).t()
        positive = self.torch.zeros_like(scores, dtype=self.torch.bool)
        positive[self.torch.arange(len(scores)), self.index] = True
        sides = ((scores, positive), (scores.T, positive.T))
        return [self._recall(table, truth, k) for table, truth in sides for k in KS]

    def _recall(self, table: Any, truth: Any, k: int) -> float:
        found = self.metric.batchify(self.metric.recall_at_k, table, truth, BATCH, "cpu", k=k)
        return float((found > 0).float().mean())


def _query() -> Row:
    """One query's ten best beside NumPy's full sort of float32 scores on vectors made unit beforehand."""
    rng = np.random.default_rng(SEED)
    images = rng.standard_normal((QUERY_PICTURES, WIDTH), dtype=np.float32)
    unit = images / np.linalg.norm(images, axis=1, keepdims=True)
    query = unit[7] + 0.05 * rng.standard_normal(WIDTH, dtype=np.float32)
    query = (query / np.linalg.norm(query)).astype(np.float32)
    gallery, found = Gallery.of(images), dict[str, list[int]]()

    def ours() -> None:
        rows, _ = gallery.best(query, gallery.scores(query[None])[0], K)
        found["ours"] = rows.tolist()

    def sort() -> None:
        found["sort"] = np.argsort(-(unit @ query), kind="stable")[:K].tolist()

    seconds = interleaved({"ours": ours, "sort": sort}, QUERY_ROUNDS)
    same = found["ours"] == found["sort"]
    return Row(
        f"one query, {QUERY_PICTURES:,} pictures, {K} best",
        "numpy argsort",
        1000 * statistics.median(seconds["sort"]),
        1000 * statistics.median(seconds["ours"]),
        "ms",
        median_ratio(seconds["sort"], seconds["ours"]),
        1.0,
        None,
        "same pictures" if same else "OTHER PICTURES",
        same,
    )
