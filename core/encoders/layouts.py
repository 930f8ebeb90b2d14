"""The names under which the same CLIP model is saved: open_clip's two, OpenAI's archive, Hugging Face's `CLIPModel` and
`SiglipModel`.

Each conversion renames and regroups, one to one; whether the result fits is decided by the model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import torch

from core.encoders.checkpoints import Tensors

OPENAI_NUMBERS = {"input_resolution", "context_length", "vocab_size"}
"""Numbers that stand beside the weights in OpenAI's archives."""
_TEXT = ("text_projection", "positional_embedding", "token_embedding", "transformer", "ln_final")
_HF_PLAIN = {
    "logit_scale": "logit_scale",
    "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
    "text_model.embeddings.position_embedding.weight": "positional_embedding",
    "vision_model.embeddings.class_embedding": "visual.class_embedding",
    "vision_model.embeddings.patch_embedding.weight": "visual.conv1.weight",
    "vision_model.embeddings.position_embedding.weight": "visual.positional_embedding",
}
_HF_NORMS = {
    "text_model.final_layer_norm": "ln_final",
    "vision_model.pre_layrnorm": "visual.ln_pre",
    "vision_model.post_layernorm": "visual.ln_post",
}
_HF_TURNED = {"text_projection.weight": "text_projection", "visual_projection.weight": "visual.proj"}
_HF_IGNORED = re.compile(r"(text|vision)_model\.embeddings\.position_ids$")
_HF_LAYER = re.compile(r"(text|vision)_model\.encoder\.layers\.(\d+)\.(.+)$")
_HF_PARTS = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}
_QKV = re.compile(r"self_attn\.([qkv])_proj\.(weight|bias)$")


def is_hugging_face(names: Mapping[str, Any]) -> bool:
    """Whether these are names of Hugging Face's CLIPModel."""
    return any(_HF_LAYER.search(str(name)) for name in names)


def _as_it_is(tensors: Tensors) -> Tensors | None:
    return tensors if tensors else None


def _without_numbers(tensors: Tensors) -> Tensors | None:
    if not tensors.keys() >= OPENAI_NUMBERS:
        return None
    return {name: tensor for name, tensor in tensors.items() if name not in OPENAI_NUMBERS}


def _text_apart(tensors: Tensors) -> Tensors | None:
    """From the layout of CLIP to that of open_clip's `custom_text`, where the text tower has a name of its own."""
    if "text_projection" not in tensors:
        return None
    return {f"text.{name}" if name.split(".")[0] in _TEXT else name: tensor for name, tensor in tensors.items()}


def _text_inside(tensors: Tensors) -> Tensors | None:
    """And back."""
    if not any(name.startswith("text.") for name in tensors):
        return None
    return {name.removeprefix("text."): tensor for name, tensor in tensors.items()}


def _from_hugging_face(tensors: Tensors) -> Tensors | None:
    """`CLIPModel`: queries, keys and values in one matrix, projections turned round."""
    if not is_hugging_face(tensors):
        return None
    found: Tensors = {}
    parts: dict[str, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        if _HF_IGNORED.search(name):
            continue
        module, _, kind = name.rpartition(".")
        if name in _HF_PLAIN:
            found[_HF_PLAIN[name]] = tensor
        elif name in _HF_TURNED:
            found[_HF_TURNED[name]] = tensor.T.contiguous()
        elif module in _HF_NORMS:
            found[f"{_HF_NORMS[module]}.{kind}"] = tensor
        else:
            _add_layer(name, tensor, found, parts)
    for name, three in parts.items():
        if set(three) != set("qkv"):
            return None
        found[name] = torch.cat([three[part] for part in "qkv"])
    return found


def _add_layer(name: str, tensor: torch.Tensor, found: Tensors, parts: dict[str, dict[str, torch.Tensor]]) -> None:
    """One tensor of a layer; what has no place keeps its name, and then does not fit."""
    layer = _HF_LAYER.match(name)
    if layer is None:
        found[name] = tensor
        return
    tower = "visual.transformer" if layer[1] == "vision" else "transformer"
    place = f"{tower}.resblocks.{layer[2]}."
    if third := _QKV.match(layer[3]):
        parts.setdefault(f"{place}attn.in_proj_{third[2]}", {})[third[1]] = tensor
        return
    module, _, kind = layer[3].rpartition(".")
    found[f"{place}{_HF_PARTS[module]}.{kind}" if module in _HF_PARTS else name] = tensor


_SIGLIP_PLAIN = {
    "logit_scale": "logit_scale",
    "logit_bias": "logit_bias",
    "text_model.embeddings.token_embedding.weight": "text.token_embedding.weight",
    "text_model.embeddings.position_embedding.weight": "text.positional_embedding",
    "vision_model.head.probe": "visual.trunk.attn_pool.latent",
}
_SIGLIP_MODULES = {
    "text_model.final_layer_norm": "text.ln_final",
    "text_model.head": "text.text_projection",
    "vision_model.embeddings.patch_embedding": "visual.trunk.patch_embed.proj",
    "vision_model.post_layernorm": "visual.trunk.norm",
    "vision_model.head.attention.out_proj": "visual.trunk.attn_pool.proj",
    "vision_model.head.layernorm": "visual.trunk.attn_pool.norm",
    "vision_model.head.mlp.fc1": "visual.trunk.attn_pool.mlp.fc1",
    "vision_model.head.mlp.fc2": "visual.trunk.attn_pool.mlp.fc2",
}
_TIMM_PARTS = {"ln_1": "norm1", "ln_2": "norm2", "mlp.c_fc": "mlp.fc1", "mlp.c_proj": "mlp.fc2"}
_TIMM_PARTS |= {
    "attn.out_proj": "attn.proj",
    "attn.in_proj_weight": "attn.qkv.weight",
    "attn.in_proj_bias": "attn.qkv.bias",
}
_PLACES, _POOLED = (
    "vision_model.embeddings.position_embedding.weight",
    re.compile(r"vision_model\.head\.attention\.in_proj_(.+)$"),
)
_RESBLOCK = re.compile(r"(visual\.)?transformer\.resblocks\.(\d+)\.(.+?)(\.weight|\.bias)?$")


def _from_siglip(tensors: Tensors) -> Tensors | None:
    """`SiglipModel`: the image tower under timm's names, its pooling's queries apart from keys and values."""
    if "vision_model.head.probe" not in tensors:
        return None
    layers = {name: tensor for name, tensor in tensors.items() if _HF_LAYER.match(name)}
    blocks = _from_hugging_face(layers)
    if blocks is None:
        return None
    found = {_siglip_block(name): tensor for name, tensor in blocks.items()}
    for name, tensor in tensors.items():
        module, _, kind = name.rpartition(".")
        if name in layers or _HF_IGNORED.search(name):
            continue
        if name == _PLACES:
            found["visual.trunk.pos_embed"] = tensor[None]
        elif pooled := _POOLED.match(name):
            width = len(tensor) // 3
            found[f"visual.trunk.attn_pool.q.{pooled[1]}"] = tensor[:width]
            found[f"visual.trunk.attn_pool.kv.{pooled[1]}"] = tensor[width:]
        elif name in _SIGLIP_PLAIN:
            found[_SIGLIP_PLAIN[name]] = tensor
        else:
            found[f"{_SIGLIP_MODULES[module]}.{kind}" if module in _SIGLIP_MODULES else name] = tensor
    return found


def _siglip_block(name: str) -> str:
    """One name of a layer, from open_clip's own tower to timm's where it is of images."""
    layer = _RESBLOCK.match(name)
    if layer is None or layer[1] is None:
        return f"text.{name}"
    return f"visual.trunk.blocks.{layer[2]}.{_TIMM_PARTS.get(layer[3], layer[3])}{layer[4] or ''}"


def _then(first: Callable[[Tensors], Tensors | None], second: Callable[[Tensors], Tensors | None]) -> Any:
    def both(tensors: Tensors) -> Tensors | None:
        between = first(tensors)
        return None if between is None else second(between)

    return both


LAYOUTS: tuple[tuple[str, Callable[[Tensors], Tensors | None]], ...] = (
    ("", _as_it_is),
    ("as OpenAI's archive", _without_numbers),
    ("with the text tower moved under 'text.'", _text_apart),
    ("with the text tower moved out of 'text.'", _text_inside),
    ("from Hugging Face's names", _from_hugging_face),
    ("from the names of Hugging Face's SiglipModel", _from_siglip),
    ("as OpenAI's archive, with the text tower moved under 'text.'", _then(_without_numbers, _text_apart)),
    ("from Hugging Face's names, with the text tower moved under 'text.'", _then(_from_hugging_face, _text_apart)),
)
"""What is said of a way to rename, and the way; None where it does not apply."""
