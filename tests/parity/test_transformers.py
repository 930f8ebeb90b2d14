"""Tokens and text towers beside open_clip with `transformers`, which the product does without. Run by `make parity`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.encoders.hub_tokenizer import HubTokenizer
from core.encoders.text_files import TextConfig
from core.encoders.text_towers import HubTextTower, read_tower_config
from tests.tiny_models import TEXTS, TOKENIZERS, files_in, tower

transformers = pytest.importorskip("transformers")
CLEANS = {"bert": "whitespace", "t5": "canonicalize", "gemma": "canonicalize"}


@pytest.mark.parametrize("context", [8, 16, 77])
@pytest.mark.parametrize("family", list(TOKENIZERS))
def test_tokens_are_those_of_open_clip(family: str, context: int, tmp_path: Path) -> None:
    from open_clip.tokenizer import HFTokenizer

    folder = TOKENIZERS[family](tmp_path / family)
    clean, strip = CLEANS.get(family, "whitespace"), family == "bert"
    theirs = HFTokenizer(str(folder), context_length=context, clean=clean, strip_sep_token=strip)
    ours = HubTokenizer(
        files_in(folder), TextConfig(context_length=context, tokenizer=family, clean=clean, strip_sep_token=strip)
    )
    np.testing.assert_array_equal(ours(TEXTS), theirs(list(TEXTS)).numpy())


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("language", ["eng_Latn", "deu_Latn"])
def test_languages_of_a_translator(language: str, legacy: bool, tmp_path: Path) -> None:
    folder = TOKENIZERS["nllb"](tmp_path / "nllb")
    settings = folder / "tokenizer_config.json"
    settings.write_text(json.dumps(json.loads(settings.read_text("utf-8")) | {"legacy_behaviour": legacy}))
    theirs = transformers.AutoTokenizer.from_pretrained(str(folder), src_lang=language)
    ours = HubTokenizer(files_in(folder), TextConfig(context_length=16, tokenizer="nllb", language=language))
    texts = ["a photo of a cat", "ein Foto von einem Hund"]
    wanted = theirs(texts, max_length=16, padding="max_length", truncation=True).input_ids
    np.testing.assert_array_equal(ours(texts), wanted)
    assert (ours(texts)[0, 0] == theirs.convert_tokens_to_ids(language)) != legacy


@pytest.mark.parametrize("pooler", [None, "mean_pooler", "cls_pooler", "cls_last_hidden_state_pooler"])
@pytest.mark.parametrize("proj", ["linear", "mlp"])
@pytest.mark.parametrize("family", ["bert", "roberta", "xlm-roberta", "nllb"])
def test_a_text_tower_is_that_of_open_clip(family: str, proj: str, pooler: str | None, tmp_path: Path) -> None:
    from open_clip.hf_model import HFTextEncoder

    path = tower(tmp_path, family)
    torch.manual_seed(0)
    theirs = HFTextEncoder(str(tmp_path), 24, proj_type=proj, pooler_type=pooler, pretrained=False).eval()
    ours = HubTextTower("", 24, settings=read_tower_config(path), proj_type=proj, pooler_type=pooler).eval()
    skipped = {"transformer.embed_positions.weights"}
    ours.load_state_dict({k: v for k, v in theirs.state_dict().items() if k not in skipped}, strict=True)
    pad = 0 if family == "bert" else 1
    tokens = torch.randint(5, 390, (6, 20))
    for row, length in enumerate((20, 13, 7, 5, 3, 20)):
        tokens[row, length:] = pad
    with torch.inference_mode():
        torch.testing.assert_close(ours(tokens), theirs(tokens), rtol=1e-4, atol=1e-5)


def test_a_siglip_model_of_transformers_is_read_from_its_own_names(tmp_path: Path) -> None:
    """The same weights, saved by `SiglipModel` and read into open_clip's structure, give the same vectors."""
    import timm.models
    from safetensors.torch import save_file
    from timm.models.vision_transformer import VisionTransformer

    from core.encoders.encoder import load_encoder
    from tests.encoder_models import pixels, scramble

    def vit_parity_siglip(pretrained: bool = False, **options: Any) -> VisionTransformer:
        size: dict[str, Any] = {
            "img_size": 32,
            "patch_size": 16,
            "embed_dim": 32,
            "depth": 2,
            "num_heads": 2,
            "class_token": False,
        }
        options = {k: v for k, v in options.items() if k in ("num_classes", "global_pool")}
        return VisionTransformer(**{**size, **options})

    vit_parity_siglip.__module__ = "timm.models.vision_transformer"
    timm.models.register_model(vit_parity_siglip)
    tower = {"hidden_size": 32, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = {**tower, "vocab_size": 900, "max_position_embeddings": 16, "hidden_act": "gelu", "layer_norm_eps": 1e-5}
    vision = {**tower, "image_size": 32, "patch_size": 16, "hidden_act": "gelu"}
    theirs = transformers.SiglipModel(transformers.SiglipConfig(text_config=text, vision_config=vision)).eval()
    scramble(theirs)
    save_file({k: v.contiguous() for k, v in theirs.state_dict().items()}, tmp_path / "model.safetensors")
    TOKENIZERS["t5"](tmp_path)
    own = {
        "embed_dim": 32,
        "init_logit_bias": -10,
        "custom_text": True,
        "vision_cfg": {
            "image_size": 32,
            "timm_model_name": "vit_parity_siglip",
            "timm_pool": "map",
            "timm_proj": "none",
        },
        "text_cfg": {
            "context_length": 16,
            "vocab_size": 900,
            "hf_tokenizer_name": "tiny/t5",
            "tokenizer_kwargs": {"clean": "canonicalize"},
            "width": 32,
            "heads": 2,
            "layers": 2,
            "no_causal_mask": True,
            "proj_bias": True,
            "pool_type": "last",
        },
    }
    (tmp_path / "own.json").write_text(json.dumps(own))
    encoder = load_encoder(f"file:{tmp_path / 'own.json'},{tmp_path / 'model.safetensors'}", "cpu")
    assert encoder.card.score_function == "sigmoid"
    with torch.inference_mode():
        images = theirs.get_image_features(pixel_values=pixels(2, 3, 32, 32))
        texts = theirs.get_text_features(input_ids=encoder._tokenize(TEXTS))
    for ours, wanted in ((encoder.encode_images(pixels(2, 3, 32, 32)), images), (encoder.encode_texts(TEXTS), texts)):
        wanted = getattr(wanted, "pooler_output", wanted)
        np.testing.assert_allclose(ours, wanted.numpy(), rtol=1e-3, atol=1e-4)
