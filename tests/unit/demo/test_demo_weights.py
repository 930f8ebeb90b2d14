"""The committed weights: loaded as any open_clip checkpoint is, and good and bad at what the card says."""

from __future__ import annotations

import json
import stat
from functools import lru_cache

import numpy as np
import open_clip
import pytest
import torch
from safetensors import safe_open

from core.demo.evaluation import labels_of, top_k_accuracy
from core.demo.plans import class_folders, classnames
from core.demo.train import MODELS, RECIPES, WEIGHTS, load_trained

SUBSET = 4


@lru_cache(maxsize=2)
def loaded(model: str) -> tuple:
    return load_trained(model, WEIGHTS)


@lru_cache(maxsize=8)
def image_vectors(model: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Vectors and labels of every fourth test picture, drawn in memory."""
    net, preprocess, _ = loaded(model)
    plan, labels = labels_of(name)
    with torch.inference_mode():
        pixels = torch.stack([preprocess(picture.draw()) for picture in plan[::SUBSET]])
        return net.encode_image(pixels, normalize=True).numpy(), labels[::SUBSET]


def accuracy(model: str, name: str, template: str = "a photo of a {}") -> float:
    net, _, tokenizer = loaded(model)
    images, labels = image_vectors(model, name)
    with torch.inference_mode():
        texts = net.encode_text(tokenizer([template.format(c) for c in classnames(name)]), normalize=True)
    return top_k_accuracy(images @ texts.numpy().T, labels, 1)


@pytest.mark.parametrize("model", MODELS)
def test_the_file_is_small_half_precision_and_readable_by_all(model: str) -> None:
    path = WEIGHTS / f"{model}.safetensors"
    assert path.stat().st_mode & stat.S_IROTH
    assert path.stat().st_size < 10e6
    with safe_open(path, "pt") as file:
        kinds = {file.get_tensor(name).dtype for name in file.keys()}  # noqa: SIM118
    assert kinds <= {torch.float16, torch.int64}


@pytest.mark.parametrize("model", MODELS)
def test_the_model_is_in_eval_mode_and_has_the_configured_shape(model: str) -> None:
    net, _, tokenizer = loaded(model)
    config = json.loads((WEIGHTS / f"{model}.json").read_text())
    assert not net.training
    assert net.visual.image_size in (64, (64, 64))
    assert net.encode_text(tokenizer(["a cat"])).shape == (1, config["embed_dim"])
    assert tokenizer(["a cat"]).shape == (1, 32)


@pytest.mark.parametrize("model", MODELS)
def test_words_it_never_met_are_all_the_same_unknown_word(model: str) -> None:
    """Two different single-token words outside the training captions mean the same: nothing known."""
    net, _, tokenizer = loaded(model)
    tokens = tokenizer(["a photo of a cat", "a photo of a government", "a photo of a philosophy"])
    assert (tokens[1] != 0).sum() == (tokens[2] != 0).sum()
    with torch.inference_mode():
        known, one, two = net.encode_text(tokens)
    assert torch.equal(one, two)
    assert not torch.equal(known, one)


@pytest.mark.parametrize("name", ["demo-objects", "demo-satellite"])
@pytest.mark.parametrize("model", MODELS)
def test_no_two_classes_are_one_text(model: str, name: str) -> None:
    """Else only rounding orders them, and every way to multiply matrices gives another accuracy."""
    net, _, tokenizer = loaded(model)
    for names in (classnames(name), class_folders(name)):
        with torch.inference_mode():
            texts = net.encode_text(tokenizer([f"a photo of a {text}" for text in names]), normalize=True)
        cosines = texts @ texts.T - 2 * torch.eye(len(texts))
        assert cosines.max() < 0.9995, names[int(cosines.argmax()) % len(names)]


@pytest.mark.parametrize("model", MODELS)
def test_objects_are_recognised_well_above_chance_and_below_perfect(model: str) -> None:
    assert 0.3 < accuracy(model, "demo-objects") < 0.97


def above_chance(share: float, classes: int) -> float:
    """0 for guessing, 1 for perfect, so that 10 classes can be compared with 40."""
    return (share - 1 / classes) / (1 - 1 / classes)


@pytest.mark.parametrize("model", MODELS)
def test_views_from_above_are_harder(model: str) -> None:
    objects = accuracy(model, "demo-objects")
    views = accuracy(model, "demo-satellite", "a photo of {}")
    assert views < objects
    assert above_chance(views, 10) < above_chance(objects, 40) - 0.05


def test_the_two_models_differ() -> None:
    assert abs(accuracy("demo-rn", "demo-objects") - accuracy("demo-vit", "demo-objects")) > 0.02


@pytest.mark.parametrize("model", MODELS)
def test_recorded_scores_are_those_of_these_weights(model: str) -> None:
    """A subset of 250 pictures agrees with the recorded figure within its sampling error (3 sd)."""
    recorded = json.loads((WEIGHTS / f"{model}.scores.json").read_text())
    expected = recorded["demo-objects"]["a photo of a {}"]["acc1"]
    images, _ = image_vectors(model, "demo-objects")
    tolerance = 3 * (expected * (1 - expected) / len(images)) ** 0.5
    assert accuracy(model, "demo-objects") == pytest.approx(expected, abs=tolerance)
    assert recorded["recipe"]["steps"] == RECIPES[model].steps


@pytest.mark.parametrize("model", MODELS)
def test_the_card_quotes_the_recorded_scores(model: str) -> None:
    card = (WEIGHTS.parent / "MODEL_CARD.md").read_text()
    recorded = json.loads((WEIGHTS / f"{model}.scores.json").read_text())
    for figure in (
        recorded["demo-objects"]["a photo of a {}"]["acc1"],
        recorded["demo-satellite"]["a photo of a {}"]["acc1"],
        recorded["demo-captions"]["image_retrieval all"]["recall@1"],
    ):
        assert f"{100 * figure:.1f}" in card


def test_a_config_is_known_to_open_clip_after_adding_it() -> None:
    for model in MODELS:
        loaded(model)
    assert set(MODELS) <= set(open_clip.list_models())
