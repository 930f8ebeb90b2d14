"""Prompts to vectors: the tree of tokens beside open_clip's own call on rows of 77 tokens.

Untrained attention is nearly uniform, which would hide mistakes, so the weights are enlarged until texts
differ well. Both ways use the same weights, torch's default threads, and include the tokenizer.
"""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np

from benchmarks import Row, interleaved, median_ratio
from benchmarks.encode_images import lowest_cosine
from core.types import FloatArray

ARCHITECTURE, TARGET, ROUNDS = "ViT-B-32", 10.0, 3
TEMPLATES = ("a photo of a {}.", "a blurry photo of the {}.")
NOUNS = (
    (
        "apple bear bicycle boat bridge bus castle cat chair cloud cow cup dog door dolphin duck elephant fish "
        "flower forest fork fox frog goat guitar hammer hat helicopter horse house kangaroo keyboard kite lamp "
        "leopard lion lizard lobster lorry maple tree motorcycle mountain mouse mushroom oak tree orange orchid "
        "otter owl palm tree parrot pear penguin piano pig pine tree plane plate porcupine rabbit road rocket "
        "rose sea shark ship skunk snail snake spider squirrel streetcar sunflower table tank telephone tiger "
        "tractor train trout tulip turtle wardrobe whale willow tree wolf worm zebra"
    )
    .replace(" tree", "_tree")
    .split()
)


def run() -> list[Row]:
    """One row: at least 64 classes a template."""
    from core.encoders.encoder import load_encoder

    encoder = load_encoder(f"{ARCHITECTURE}/random", "cpu")
    _enlarge(encoder)
    texts = [template.format(noun.replace("_", " ")) for template in TEMPLATES for noun in NOUNS[:64]]
    found = dict[str, FloatArray]()
    ways = {
        "ours": lambda: found.update(ours=encoder.encode_texts(texts)),
        "peer": lambda: found.update(peer=encoder.full_texts(texts)),
    }
    seconds = interleaved(ways, ROUNDS)
    cosine = lowest_cosine(found["ours"], found["peer"])
    centred = lowest_cosine(*(found[way] - found["peer"].mean(axis=0) for way in ("ours", "peer")))
    return [
        Row(
            f"{ARCHITECTURE}: {len(TEMPLATES)} templates x 64 classes to vectors",
            "open_clip, 77 tokens",
            len(texts) / statistics.median(seconds["peer"]),
            len(texts) / statistics.median(seconds["ours"]),
            "texts/s",
            median_ratio(seconds["peer"], seconds["ours"]),
            TARGET,
            TARGET,
            f"cosine >= {cosine:.7f}",
            cosine >= 0.99999 and centred >= 0.99999,
            f"cosine after taking out what all texts share: {centred:.7f}; mean cosine between texts "
            f"{_mean_cosine(found['peer']):.2f}",
        )
    ]


def _enlarge(encoder: Any) -> None:
    import torch

    with torch.no_grad():
        for block in encoder._model.transformer.resblocks:
            block.attn.in_proj_weight.mul_(3)
            block.mlp.c_fc.weight.mul_(2)


def _mean_cosine(vectors: FloatArray) -> float:
    directions = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return float((directions @ directions.T)[np.triu_indices(len(vectors), 1)].mean())
