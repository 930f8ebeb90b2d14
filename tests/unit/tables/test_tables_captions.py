"""Lists of ranks of several models."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.studies.captions.retrieval import RetrievalResult, retrieve
from core.tables.pictures import look_alikes_frame
from core.tables.retrieval import ranks_frame
from core.types import EmbeddingSet
from tests.study_results import captioned, sample_caption

OPENAI, LAION = "ViT-B-32/openai", "ViT-B-32/laion2b_s34b_b79k"


def without(images: EmbeddingSet, picture: int) -> EmbeddingSet:
    """The same set as another model stored it, which could not read one picture."""
    keep = np.arange(len(images)) != picture
    assert images.image_index is not None and images.text_embeddings is not None
    mine: Any = images.image_index != picture
    index = images.image_index[mine]
    return replace(
        images,
        image_embeddings=images.image_embeddings[keep].copy(),
        ids=tuple(i for i, k in zip(images.ids, keep, strict=True) if k),
        captions=tuple(c for c, k in zip(images.captions, mine, strict=True) if k),
        text_embeddings=images.text_embeddings[mine].copy(),
        image_index=index - (index > picture),
    )


@pytest.fixture
def sets() -> tuple[EmbeddingSet, EmbeddingSet]:
    return captioned(OPENAI, n=12, per=3), without(captioned(LAION, n=12, per=3, noise=2.0), 4)


@pytest.fixture
def results(sets: tuple[EmbeddingSet, EmbeddingSet]) -> list[RetrievalResult]:
    return [retrieve(images) for images in sets]


def test_ranks_of_two_models_meet_on_the_captions_both_have(
    sets: tuple[EmbeddingSet, EmbeddingSet], results: list[RetrievalResult]
) -> None:
    frame = ranks_frame(results, [images.captions for images in sets])
    assert len(frame) == 33 and "p4" not in set(frame["picture"])
    for result, images in zip(results, sets, strict=True):
        ranks = {images.captions[c]: r for c, r in zip(result.captions, result.image.ranks, strict=True)}
        margins = {images.captions[c]: m for c, m in zip(result.captions, result.margins, strict=True)}
        for _, row in frame.iterrows():
            assert row[f"rank:{result.model}"] == ranks[row["caption"]]
            assert row[f"margin:{result.model}"] == margins[row["caption"]]


def test_pictures_have_one_row_with_their_first_caption(
    sets: tuple[EmbeddingSet, EmbeddingSet], results: list[RetrievalResult]
) -> None:
    frame = ranks_frame(results, [images.captions for images in sets], "text")
    assert frame["picture"].tolist() == [f"p{i}" for i in range(12) if i != 4]
    assert frame["caption"].tolist() == [sets[0].captions[3 * i] for i in range(12) if i != 4]
    assert frame[f"rank:{OPENAI}"].tolist() == [r for i, r in enumerate(results[0].text.ranks) if i != 4]
    assert frame[f"rank:{LAION}"].tolist() == results[1].text.ranks.tolist()


def test_the_same_caption_twice_at_a_picture_keeps_both_rows() -> None:
    images = captioned(OPENAI, n=6, per=2)
    twice = replace(images, captions=tuple("same" for _ in images.captions))
    result = retrieve(twice)
    assert len(ranks_frame([result, replace(result, model=LAION)], [twice.captions] * 2)) == 12


def test_look_alikes_have_their_rank_for_the_caption_beside_their_likeness() -> None:
    one = sample_caption(OPENAI)
    places = {hit.id: 100 - hit.rank for hit in one.lookalikes}
    frame = look_alikes_frame([one, one], [places, places])
    assert len(frame) == 2 * len(one.lookalikes) and frame["text_rank"].eq(one.caption.rank).all()
    assert (frame["rank"] + frame["rank_for_text"]).eq(100).all() and not frame["id"].eq(one.picture).any()
    assert frame["score"].tolist()[: len(one.lookalikes)] == [hit.score for hit in one.lookalikes]
