"""Small random models in files, one for every structure that the encoders must recognise or leave alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import open_clip
import torch

VISION: dict[str, Any] = {"image_size": 48, "patch_size": 16, "width": 64, "layers": 3, "head_width": 32}
RESNET: dict[str, Any] = {"image_size": 64, "width": 8, "layers": [1, 2, 1, 1], "head_width": 16, "patch_size": None}
TEXT: dict[str, Any] = {"context_length": 24, "vocab_size": 49408, "width": 48, "heads": 3, "layers": 3}

VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "quick_gelu": {"quick_gelu": True},
    "resnet": {"vision": RESNET},
    "layer_scale": {"vision": {"ls_init_value": 0.3}, "text": {"ls_init_value": 0.3}},
    "no_ln_pre": {"vision": {"no_ln_pre": True}},
    "ln_after_pool": {"vision": {"final_ln_after_pool": True}},
    "patch_dropout": {"vision": {"patch_dropout": 0.5}},
    "custom_text": {"custom_text": True},
    "eos_pool": {"custom_text": True, "text": {"pool_type": "eos", "eos_id": 49407}},
    "biased_projection": {"custom_text": True, "text": {"proj_bias": True}},
    "no_projection": {"custom_text": True, "embed_dim": 48, "text": {"proj_type": "none"}},
    "average_pool": {"vision": {"pool_type": "avg"}},
    "attention_pool": {"vision": {"attentional_pool": True, "attn_pooler_heads": 2, "attn_pooler_queries": 4}},
    "custom_blocks": {"vision": {"qk_norm": True}, "text": {"qk_norm": True}},
    "stochastic_depth": {
        "vision": {
            "timm_model_name": "convnext_atto",
            "timm_pool": "",
            "timm_proj": "linear",
            "timm_drop_path": 0.9,
            "image_size": 64,
        }
    },
    "bidirectional": {"custom_text": True, "text": {"no_causal_mask": True, "pool_type": "last"}},
    "class_token": {"custom_text": True, "text": {"embed_cls": True}},
}


def config_of(variant: str) -> dict[str, Any]:
    """The open_clip configuration of a variant."""
    change = dict(VARIANTS[variant])
    vision, text = change.pop("vision", {}), change.pop("text", {})
    whole = "timm_model_name" in vision or "layers" in vision
    return {"embed_dim": 32, "vision_cfg": vision if whole else VISION | vision, "text_cfg": TEXT | text, **change}


def scramble(model: torch.nn.Module, seed: int = 1) -> None:
    """Random numbers everywhere, batch statistics included, large enough that attention is not uniform."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 1.5, generator=generator)
            elif tensor.is_floating_point() and tensor.ndim:
                spread = 2.0 / max(tensor[0].numel(), 1) ** 0.5 if tensor.ndim > 1 else 0.1
                centre = 1.0 if name.endswith("weight") and tensor.ndim == 1 else 0.0
                tensor.normal_(centre, spread, generator=generator)


def make_model(variant: str, folder: Path) -> tuple[str, Any]:
    """The `file:` name of a variant written to `folder`, and the library's own model of it, in evaluation
    mode.
    """
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    config = folder / f"own-{variant}.json"
    config.write_text(json.dumps(config_of(variant)))
    open_clip.add_model_config(config)
    open_clip.factory._MODEL_CONFIG_PATHS.remove(config)  # or each later registration reads it again
    model = open_clip.create_model(config.stem, pretrained_text=False)
    scramble(model)
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / f"{variant}.safetensors")
    return f"file:{config},{folder / f'{variant}.safetensors'}", model.eval()


def openai_model(kind: str) -> Any:
    """A small random model of OpenAI's clip: "vit" or "resnet"."""
    import clip.model

    vision = (64, 3, 64, 16) if kind == "vit" else (64, (1, 2, 1, 1), 8, None)
    resolution, layers, width, patch = vision
    model = clip.model.CLIP(32, resolution, layers, width, patch, 77, 49408, 64, 1, 3)
    scramble(model)
    return model.eval()


PRODUCTS = 6
"""Matrix products of one block: queries with keys and values, two of attention, its output, two of the perceptron."""
ROUNDING = 2.0**-23 * 64 * PRODUCTS * 3
"""What the order of sums may change in single precision: half a unit in the last place for each of `width` terms, over
every product of the deepest model here (width 64, 3 blocks): 1.4e-4. Processors with wider registers add in another
order, so the bound follows from the arithmetic and not from what one machine shows."""


def pixels(*shape: int) -> torch.Tensor:
    """The same random numbers on every machine and in every order of tests."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(7))


def close(found: Any, wanted: Any) -> float:
    """The largest difference relative to the wanted vector's length."""
    found, wanted = torch.as_tensor(found).double(), torch.as_tensor(wanted).double()
    assert found.shape == wanted.shape
    return float(((found - wanted).norm(dim=-1) / wanted.norm(dim=-1)).max())
