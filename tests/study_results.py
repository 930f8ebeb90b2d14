"""Results of the prompt, picture and retrieval studies for tests of frames and charts: made-up vectors, counted by
the studies themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.catalog.models import find_model
from core.catalog.published import deck_prompt_study, published
from core.readers.datasets import find_dataset
from core.stats.first_answers import answer
from core.stats.gallery import Gallery, unit_vector
from core.studies.captions import one_caption, retrieval
from core.studies.pictures import search as pictures
from core.studies.pictures.query import ask
from core.studies.prompts import accuracy as prompt_study
from core.studies.prompts import words
from core.studies.prompts.compose import leave_one_out
from core.studies.prompts.heldout import PromptSearchResult, search
from core.studies.zero_shot.classify import class_embeddings
from core.types import EmbeddingKey, EmbeddingSet, FloatArray
from tests.sample_results import PROVENANCE

WIDTH = 32
DECK = ("a photo of a {}", "a sketch of a {}", "{}")


def labelled(model: str, *, dataset: str = "eurosat", n: int = 300, skill: float = 1.0, seed: int = 0) -> EmbeddingSet:
    """Pictures around class directions; the same `dataset` and `n` give the same pictures to every model."""
    names = find_dataset(dataset).classnames
    labels = np.random.default_rng(n).integers(0, len(names), n)
    noise = np.random.default_rng(seed + 1).standard_normal((n, WIDTH))
    vectors = (skill * _centres(len(names))[labels] + noise).astype(np.float32)
    key = EmbeddingKey(model=model, dataset=dataset, split="test", fingerprint="fingerprint")
    return EmbeddingSet(
        key=key,
        image_embeddings=vectors,
        ids=tuple(f"p{i}" for i in range(n)),
        logit_scale=100.0,
        provenance=PROVENANCE,
        labels=labels,
        classnames=names,
        raw_classnames=names,
    )


def _centres(c: int) -> FloatArray:
    return np.random.default_rng(c).standard_normal((c, WIDTH)).astype(np.float32)


def heads(images: EmbeddingSet, templates: int = 3) -> FloatArray:
    """(t, c, d) class vectors, each template a little worse than the one before."""
    c, rng = len(images.classnames), np.random.default_rng(9)
    rough = np.linspace(0.3, 1.4, templates)[:, None, None] * rng.standard_normal((templates, c, WIDTH))
    return np.stack([class_embeddings((_centres(c) + r)[None].astype(np.float32)) for r in rough])


def sample_prompt_study(
    model: str = "ViT-B-32/openai", templates: Sequence[str] = DECK, **more: object
) -> prompt_study.PromptStudyResult:
    images = labelled(model, **more)  # type: ignore[arg-type]
    every = heads(images, len(templates))
    assert images.labels is not None
    answers = [answer(images.image_embeddings, head, images.labels) for head in every]
    together = answer(images.image_embeddings, class_embeddings(every), images.labels)
    return prompt_study.summarise(images, templates, answers, together, images.classnames, deck=deck_prompt_study())


def sample_search(model: str = "ViT-B-32/openai") -> PromptSearchResult:
    images = labelled(model, skill=0.8)
    every = heads(images, 6)
    return search(images, every, [f"template {i} {{}}" for i in range(6)], ["template 4 {}"], every[4])


def sample_list(
    model: str = "ViT-B-32/openai", text: str = "a photo of a lake", k: int = 10, **more: object
) -> tuple[pictures.PicturesResult, Gallery]:
    images = labelled(model, **more)  # type: ignore[arg-type]
    gallery = Gallery.of(images.image_embeddings)
    rng = np.random.default_rng(sum(map(ord, text)))
    vector = unit_vector(_centres(len(images.classnames))[9] + 0.2 * rng.standard_normal(WIDTH).astype(np.float32))
    return pictures.find(images, gallery, ask(text), vector, k, [9]), gallery


def sample_words(model: str = "ViT-B-32/openai", n: int = 20) -> words.WordsResult:
    rng, text = np.random.default_rng(len(model)), "a big white bird"
    vectors = rng.standard_normal((5, WIDTH)).astype(np.float32)
    return words.explain(
        text,
        leave_one_out(text),
        vectors,
        vectors[0] + rng.standard_normal((n, WIDTH)),
        rewordings=["bird, white"],
        rewording_vectors=vectors[:1] + 0.1,
        names={"model": model, "dataset": "eurosat", "split": "test"},
        provenance=PROVENANCE,
        target="bird",
    )


def captioned(
    model: str, *, n: int = 120, per: int = 5, noise: float = 1.0, seed: int = 0, dataset: str = "coco"
) -> EmbeddingSet:
    rng = np.random.default_rng(n)
    vectors = rng.standard_normal((n, WIDTH)).astype(np.float32)
    index = np.repeat(np.arange(n), per)
    texts = vectors[index] + noise * np.random.default_rng(seed).standard_normal((len(index), WIDTH))
    captions = tuple(" ".join(["word"] * (1 + i % 17)) + f" {i}" for i in range(len(index)))
    return EmbeddingSet(
        key=EmbeddingKey(model=model, dataset=dataset, split="val", fingerprint="fingerprint"),
        image_embeddings=vectors,
        ids=tuple(f"p{i}" for i in range(n)),
        logit_scale=100.0,
        provenance=PROVENANCE,
        captions=captions,
        text_embeddings=texts.astype(np.float32),
        image_index=index,
    )


def sample_retrieval(model: str = "ViT-B-32/openai", **more: object) -> retrieval.RetrievalResult:
    images = captioned(model, **more)  # type: ignore[arg-type]
    figures = published(find_model(model), find_dataset("coco"), "image_") + published(
        find_model(model), find_dataset("coco"), "text_"
    )
    return retrieval.retrieve(images, published=figures)


def sample_caption(model: str = "ViT-B-32/openai", row: int = 3) -> one_caption.OneCaptionResult:
    images = captioned(model)
    text, rng = "three white birds", np.random.default_rng(len(model))
    noise = np.array([0.8, 1.2, 2.5, 1.0, 4.0])[:, None] * rng.standard_normal((5, WIDTH))
    vectors = (images.image_embeddings[row] + noise).astype(np.float32)
    return one_caption.examine(
        images, Gallery.of(images.image_embeddings), row, text, vectors, leave_one_out(text), ["birds"]
    )
