"""Loaded models give the vectors that their libraries give, whatever way was taken."""

from __future__ import annotations

import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

from core.encoders import images, onednn
from core.encoders.device import resolve_device
from core.encoders.encoder import LoadedEncoder, load_encoder
from core.encoders.lean import LeanResNet, LeanTransformer
from core.errors import TMVError
from tests.encoder_models import ROUNDING, VARIANTS, close, make_model, pixels

LEAN_IMAGES = {
    "plain",
    "quick_gelu",
    "resnet",
    "layer_scale",
    "no_ln_pre",
    "ln_after_pool",
    "patch_dropout",
    "custom_text",
    "eos_pool",
    "biased_projection",
    "no_projection",
    "bidirectional",
    "class_token",
}
TEXTS = ["a photo of a cat", "", "a photo of a dog", "a photo of a cat", "two " * 60, "red apples", "é ü 你好 🐟"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


def loaded(variant: str, folder: Path) -> tuple[LoadedEncoder, Any]:
    name, model = make_model(variant, folder / variant)
    return load_encoder(name, "cpu"), model


def picture(seed: int, size: tuple[int, int] = (90, 70)) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    return Image.fromarray(pixels)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_structure_gives_the_library_s_vectors(variant: str, folder: Path) -> None:
    encoder, model = loaded(variant, folder)
    batch = torch.stack([encoder.preprocess(picture(seed)) for seed in range(5)])
    tokens = open_clip.get_tokenizer(f"own-{variant}")(TEXTS)
    with torch.no_grad():
        wanted_images, wanted_texts = model.encode_image(batch), model.encode_text(tokens)
    assert close(encoder.encode_images(batch), wanted_images) < ROUNDING
    assert close(encoder.encode_texts(TEXTS), wanted_texts) < ROUNDING
    assert close(encoder.full_texts(TEXTS), wanted_texts) < ROUNDING


@pytest.mark.parametrize("variant", VARIANTS)
def test_only_known_structures_take_the_lean_way(variant: str, folder: Path) -> None:
    encoder, _ = loaded(variant, folder)
    (note,) = (note for note in encoder.card.notes if note.startswith("images: "))
    assert ("lean" in note or "folded" in note) == (variant in LEAN_IMAGES)
    assert ("packed" in note) == onednn.available("cpu")
    assert encoder.card.embed_dim == encoder.encode_texts(["a"]).shape[1]


@pytest.mark.parametrize("variant", ["plain", "quick_gelu", "layer_scale", "resnet"])
@pytest.mark.parametrize("packed", [False, True])
def test_lean_ways_with_and_without_packed_layers(variant: str, packed: bool, folder: Path) -> None:
    if packed and not onednn.available("cpu"):
        pytest.skip("this torch has no packed layers")
    _, model = make_model(variant, folder / variant)
    lean = (LeanResNet if variant == "resnet" else LeanTransformer)(model.visual, packed)
    batch = pixels(3, 3, *([64] * 2 if variant == "resnet" else [48] * 2))
    with torch.inference_mode():
        assert close(lean(batch.clone()), model.encode_image(batch)) < ROUNDING


def test_one_picture_is_what_it_is_in_a_batch(folder: Path) -> None:
    encoder, _ = loaded("plain", folder)
    batch = torch.stack([encoder.preprocess(picture(seed)) for seed in range(9)])
    alone = np.concatenate([encoder.encode_images(row[None]) for row in batch])
    assert close(alone, encoder.encode_images(batch)) < ROUNDING


def test_the_library_s_own_model_on_packed_layers(folder: Path) -> None:
    _, model = make_model("stochastic_depth", folder / "packed")
    packed = onednn.with_packed_linears(model.visual)
    swapped = [m for m in packed.modules() if type(m) is onednn._Linear]
    assert len(swapped) == len([m for m in model.visual.modules() if type(m) is torch.nn.Linear]) > 0
    batch = pixels(2, 3, 64, 64)
    with torch.inference_mode():
        assert close(packed(batch), model.encode_image(batch)) < ROUNDING
    assert not any(type(m) is onednn._Linear for m in model.visual.modules())


def test_encoding_leaves_the_pixels_alone(folder: Path) -> None:
    for variant in ("plain", "resnet"):
        encoder, _ = loaded(variant, folder)
        batch = torch.stack([encoder.preprocess(picture(1))] * 2)
        before = batch.clone()
        assert np.array_equal(encoder.encode_images(batch), encoder.encode_images(batch))
        assert torch.equal(batch, before)


def test_models_are_evaluated_not_trained(folder: Path) -> None:
    name, _ = make_model("stochastic_depth", folder / "training")
    assert open_clip.create_model("own-stochastic_depth").training  # what the library hands over
    encoder = load_encoder(name, "cpu")
    batch = torch.stack([encoder.preprocess(picture(1))])
    assert np.array_equal(encoder.encode_images(batch), encoder.encode_images(batch))


def test_a_lean_way_that_gives_other_vectors_is_not_taken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = LeanTransformer.__call__
    monkeypatch.setattr(LeanTransformer, "__call__", lambda self, pixels: right(self, pixels) * 1.001)
    encoder, model = loaded("plain", folder)
    batch = torch.stack([encoder.preprocess(picture(seed)) for seed in range(3)])
    with torch.no_grad():
        assert close(encoder.encode_images(batch), model.encode_image(batch)) < ROUNDING
    assert "images: the library's own call" in encoder.card.notes


def test_a_torch_without_the_operators_goes_without(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise AttributeError("no such operator")

    monkeypatch.setattr(onednn, "available", lambda device: True)
    monkeypatch.setattr(torch.ops.mkldnn, "_reorder_linear_weight", missing)
    encoder, _ = loaded("plain", folder)
    assert any(note.startswith("images: lean transformer, ") for note in encoder.card.notes)


def test_many_threads_get_the_vectors_of_one(folder: Path) -> None:
    for variant in ("plain", "resnet", "custom_blocks"):
        encoder, _ = loaded(variant, folder)
        wanted = [encoder.encode_images(encoder.preprocess(picture(seed))[None]) for seed in range(12)]
        texts = [[f"a photo of {seed} things", "a dog"] for seed in range(12)]
        wanted_texts = [encoder.encode_texts(t) for t in texts]

        def both(seed: int, encoder: LoadedEncoder = encoder) -> tuple[Any, Any]:
            return (
                encoder.encode_images(encoder.preprocess(picture(seed))[None]),
                encoder.encode_texts([f"a photo of {seed} things", "a dog"]),
            )

        with ThreadPoolExecutor(6) as pool:
            found = list(pool.map(both, range(12)))
        for (image, text), wanted_image, wanted_text in zip(found, wanted, wanted_texts, strict=True):
            assert close(image, wanted_image) < ROUNDING and close(text, wanted_text) < ROUNDING


def test_no_texts_no_vectors(folder: Path) -> None:
    encoder, _ = loaded("plain", folder)
    assert encoder.encode_texts([]).shape == (0, 32) == encoder.full_texts([]).shape


# --- names, cards, devices --------------------------------------------------------------------------------


def test_the_card_says_how(folder: Path) -> None:
    encoder, model = loaded("quick_gelu", folder)
    card = encoder.card
    assert card.name == encoder.spec.name and card.device == "cpu" and card.precision == "fp32" == encoder.precision
    assert (card.embed_dim, card.context_length, card.text_path) == (32, 24, "prefix tree")
    assert card.logit_scale == encoder.logit_scale == pytest.approx(model.logit_scale.exp().item())
    assert card.preprocessing == encoder.preprocess.how and card.preprocessing.size == 48
    assert {"torch", "open_clip_torch", "pillow"} == set(card.versions)
    assert [Path(w["path"]).suffix for w in card.weights] == [".json", ".safetensors"]
    assert all(len(w["sha256"]) == 64 and w["size"] for w in card.weights)


def test_the_digest_covers_weights_and_configuration(tmp_path: Path) -> None:
    first, _ = loaded("plain", tmp_path)
    again, _ = loaded("plain", tmp_path)
    assert first.card.model_digest == again.card.model_digest
    config, weights = (Path(w["path"]) for w in first.card.weights)
    config.write_text(config.read_text().replace('"embed_dim": 32', '"embed_dim": 32, "quick_gelu": true'))
    other_config = load_encoder(first.spec.name, "cpu").card.model_digest
    from safetensors.torch import load_file, save_file

    tensors = load_file(weights)
    tensors["logit_scale"] += 0.1
    save_file(tensors, weights)
    other_weights = load_encoder(first.spec.name, "cpu").card.model_digest
    assert len({first.card.model_digest, other_config, other_weights}) == 3


def test_untrained_models_are_seeded_and_say_so() -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first = load_encoder("ViT-S-32-alt/random", "cpu")
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(6)
    again = load_encoder("ViT-S-32-alt/random", "cpu")
    assert first.card.model_digest == again.card.model_digest
    assert any(note.code == "untrained" for note in first.card.notes) and "untrained" in first.spec.title
    batch = torch.zeros(1, 3, 224, 224)
    assert np.array_equal(first.encode_images(batch), again.encode_images(batch))


def test_a_file_never_replaces_an_architecture_that_open_clip_knows(tmp_path: Path) -> None:
    name, _ = make_model("plain", tmp_path)
    config, weights = name.removeprefix("file:").split(",")
    Path(config).rename(tmp_path / "ViT-B-32.json")
    load_encoder(f"file:{tmp_path / 'ViT-B-32.json'},{weights}", "cpu")
    assert open_clip.get_model_config("ViT-B-32")["embed_dim"] == 512


def test_the_hub_s_wrapped_configuration_brings_its_transform(tmp_path: Path) -> None:
    import json

    name, _ = make_model("plain", tmp_path)
    config, weights = name.removeprefix("file:").split(",")
    how = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bilinear", "resize_mode": "squash"}
    wrapped = {"model_cfg": json.loads(Path(config).read_text()), "preprocess_cfg": how}
    Path(config).write_text(json.dumps(wrapped))
    found = load_encoder(f"file:{config},{weights}", "cpu").card.preprocessing
    assert (found.mean, found.interpolation, found.resize_mode) == ((0.5, 0.5, 0.5), "bilinear", "squash")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"embed_dim": 3}', "not json"])
def test_a_file_that_is_no_configuration_is_one_sentence(text: str, tmp_path: Path) -> None:
    name, _ = make_model("plain", tmp_path)
    config = Path(name.removeprefix("file:").split(",")[0])
    config.write_text(text)
    with pytest.raises(TMVError, match="configuration"):
        load_encoder(name, "cpu")


def test_weights_of_another_architecture_are_one_sentence(tmp_path: Path) -> None:
    first, _ = make_model("plain", tmp_path)
    second, _ = make_model("resnet", tmp_path)
    config = first.removeprefix("file:").split(",")[0]
    weights = second.split(",")[1]
    with pytest.raises(TMVError, match=r"resnet\.safetensors") as caught:
        load_encoder(f"file:{config},{weights}", "cpu")
    assert "\n" not in str(caught.value)


def test_a_pickled_checkpoint_with_code_is_refused(tmp_path: Path) -> None:
    name, _ = make_model("plain", tmp_path)
    witness = tmp_path / "ran"
    evil = tmp_path / "evil.pt"

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (witness,))

    evil.write_bytes(pickle.dumps({"state_dict": Evil()}))
    config = name.removeprefix("file:").split(",")[0]
    with pytest.raises(TMVError, match="tensors only"):
        load_encoder(f"file:{config},{evil}", "cpu")
    assert not witness.exists()


def test_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.delenv("TMV_DEVICE", raising=False)
    assert resolve_device() == resolve_device("auto") == "mps"
    monkeypatch.setenv("TMV_DEVICE", "cpu")
    assert resolve_device() == "cpu" and resolve_device("MPS") == "mps"
    for wrong in ("cuda", "cuda:1", "tpu"):
        with pytest.raises(TMVError, match="auto or: mps, cpu"):
            resolve_device(wrong)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("TMV_DEVICE", "")
    assert resolve_device() == "cuda" and resolve_device("cuda:1") == "cuda:1"


def test_loading_in_two_threads_at_once(tmp_path: Path) -> None:
    names = [make_model(variant, tmp_path / variant)[0] for variant in ("plain", "resnet")]
    found: dict[str, str] = {}
    threads = [
        threading.Thread(target=lambda n=n: found.update({n: load_encoder(n, "cpu").card.model_digest})) for n in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: load_encoder(n, "cpu").card.model_digest for n in names}


def test_image_paths_are_tried_best_first(folder: Path) -> None:
    _, model = make_model("plain", folder / "order")
    names = [name for name, _ in images._candidates(model.visual, "cpu")]
    assert names[-1] == "lean transformer" and len(names) == 1 + onednn.available("cpu")


@pytest.mark.parametrize("variant", ["resnet", "stochastic_depth"])
def test_convolutions_with_channels_last_as_on_a_card(variant: str, tmp_path: Path) -> None:
    """What is tried on a card, computed here: the same vectors."""
    from core.encoders import images

    _, model = make_model(variant, tmp_path)
    ((name, make),) = images._candidates(model.visual, "cuda")
    batch = pixels(2, 3, 64, 64)
    with torch.inference_mode():
        assert "channels last" in name and close(make()(batch), model.encode_image(batch)) < ROUNDING
