"""How alike two ways of computing the same vectors must be."""

from __future__ import annotations

import torch

SEED = 20_210_226
FLOAT32_LIMIT, HALF_LIMIT = 1e-4, 2e-2


def generator() -> torch.Generator:
    """The same random numbers at every load."""
    return torch.Generator().manual_seed(SEED)


def difference(found: torch.Tensor, wanted: torch.Tensor) -> float:
    """The largest |found - wanted| / |wanted| over rows; infinite for other shapes or for values that are
    none.

    1e-4 is a cosine above 0.999999995, well inside the 0.99999 that every path promises.
    """
    if found.shape != wanted.shape or not bool(torch.isfinite(found).all()):
        return float("inf")
    found, wanted = found.double(), wanted.double()
    return float(((found - wanted).norm(dim=-1) / wanted.norm(dim=-1).clamp_min(1e-12)).max())


def worst_allowed(vectors: torch.Tensor) -> float:
    """The limit for the precision in which they were computed."""
    return FLOAT32_LIMIT if vectors.dtype == torch.float32 else HALF_LIMIT
