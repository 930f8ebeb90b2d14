"""What a checkpoint that does not fit looks like, in one clause."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.catalog import registry
from core.encoders.checkpoints import Tensors

_BLOCK = re.compile(r"^(visual\.|text\.)?transformer\.resblocks\.(\d+)\.")


def looks_like(tensors: Tensors, missing: Sequence[str], unexpected: Sequence[str], config: Mapping[str, Any]) -> str:
    """The likeliest reason, or that none is known."""
    names = list(tensors)
    if list(missing) == ["logit_scale"] and not unexpected:
        return "it has no logit_scale, without which CLIP's scores have no scale"
    if "logit_bias" in unexpected:
        return (
            "its logit_bias says that it was trained with the sigmoid loss (SigLIP), for which the configuration "
            "needs init_logit_bias"
        )
    if tower := _one_tower(names):
        return f"it looks like the {tower} tower alone; both towers of a CLIP model are needed"
    if any(re.search(r"(^|\.)(fc|head|classifier)\.weight$", name) for name in names) and "logit_scale" not in names:
        return "it looks like a classifier and not like a CLIP model"
    if any(name.startswith(("vision_model.", "text_model.")) for name in names):
        return "its names are Hugging Face's, of a model other than CLIPModel or of another size"
    if any("lora" in name.lower() for name in names):
        return "it holds an adapter (LoRA): merge it into its model and save that"
    if fits := _architectures(tensors):
        own = fits[0] if len(fits) == 1 else f"{', '.join(fits[:3])}"
        return f"its shapes are those of open_clip's {own}"
    if not missing:
        extra = "it holds all tensors that the configuration asks for, and more: save the model without the rest"
        return extra if unexpected else "the configuration says other sizes than those of the training"
    return "it looks like another architecture or a part of one"


def _one_tower(names: Sequence[str]) -> str:
    seen = any(name.startswith(("visual.", "vision_model.")) for name in names)
    told = any(name.startswith(("text", "token_embedding", "transformer.", "ln_final", "positional")) for name in names)
    plain = any(name in ("conv1.weight", "class_embedding") for name in names) and "token_embedding.weight" not in names
    if (seen or plain) and "token_embedding.weight" not in names and not any(n.startswith("text") for n in names):
        return "image"
    return "text" if told and not seen else ""


def _architectures(tensors: Tensors) -> list[str]:
    """The architectures of open_clip with the sizes that the tensors tell."""
    told = _sizes(tensors)
    if not told:
        return []
    return [name for name in registry.architectures() if _is(registry.architecture_config(name), told)][:5]


def _sizes(tensors: Tensors) -> dict[str, Any]:
    patches, tokens = tensors.get("visual.conv1.weight"), tensors.get("token_embedding.weight")
    if tokens is None:
        tokens = tensors.get("text.token_embedding.weight")
    projection = tensors.get("text_projection", tensors.get("text.text_projection"))
    if patches is None or tokens is None or projection is None or "visual.class_embedding" not in tensors:
        return {}
    depth = {"visual.": 0, "": 0}
    for name in tensors:
        if block := _BLOCK.match(name):
            side = "visual." if block[1] == "visual." else ""
            depth[side] = max(depth[side], int(block[2]) + 1)
    grid = round((tensors["visual.positional_embedding"].shape[0] - 1) ** 0.5)
    return {
        "embed_dim": projection.shape[1],
        "width": patches.shape[0],
        "patch_size": patches.shape[2],
        "layers": depth["visual."],
        "image_size": grid * patches.shape[2],
        "text_width": tokens.shape[1],
        "text_layers": depth[""],
        "vocab_size": tokens.shape[0],
    }


def _is(config: Mapping[str, Any], told: Mapping[str, Any]) -> bool:
    vision, text = config.get("vision_cfg", {}), config.get("text_cfg", {})
    own = {
        "embed_dim": config.get("embed_dim"),
        "width": vision.get("width"),
        "patch_size": vision.get("patch_size"),
        "layers": vision.get("layers"),
        "image_size": vision.get("image_size"),
        "text_width": text.get("width"),
        "text_layers": text.get("layers"),
        "vocab_size": text.get("vocab_size"),
    }
    return own == dict(told)
