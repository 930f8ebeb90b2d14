"""Text towers that open_clip takes from Hugging Face's `transformers`, built from their configuration with torch alone.

Names of parameters are those of `transformers`, so that open_clip's published weights load as they are. Three kinds
occur among them: BERT (BiomedCLIP), RoBERTa and XLM-R, and the encoder of NLLB (`m2m_100`). Parity with
`transformers`: `make parity`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from core.errors import TMVError

Activation = Callable[[torch.Tensor], torch.Tensor]
_ACTIVATIONS: Mapping[str, Activation] = {"gelu": F.gelu, "relu": F.relu}
_POOLERS = ("mean_pooler", "cls_pooler", "cls_last_hidden_state_pooler", "max_pooler")
_USUAL_POOLER = {"bert": "cls_pooler", "m2m_100": "cls_pooler", "roberta": "mean_pooler", "xlm-roberta": "mean_pooler"}


def read_tower_config(path: Path) -> dict[str, Any]:
    """A `config.json` of the hub. Raises `TMVError` for a kind of tower that is not known here."""
    try:
        found = dict(json.loads(path.read_text(encoding="utf-8-sig")))
    except (OSError, ValueError, TypeError) as error:
        raise TMVError(f"{path} should be the configuration of a text tower, and cannot be read ({error}).") from error
    kind = str(found.get("model_type", ""))
    act = str(found.get("hidden_act", found.get("activation_function", "gelu")))
    positions = str(found.get("position_embedding_type", "absolute"))
    if kind not in _USUAL_POOLER or act not in _ACTIVATIONS or positions != "absolute":
        raise TMVError(
            f"{path} describes a text tower of the kind {kind!r} ({act}, {positions} positions); known are "
            f"{', '.join(_USUAL_POOLER)} with gelu or relu and absolute positions: choose another model."
        )
    return found


class HubTextTower(nn.Module):
    """Tokens (m, length) -> (m, output_dim), as open_clip's `HFTextEncoder` computes it.

    Takes the arguments of `HFTextEncoder` and, instead of a name to download from, `settings`: a `config.json`.
    """

    def __init__(
        self,
        model_name_or_path: str,
        output_dim: int,
        *,
        settings: Mapping[str, Any],
        proj_type: str | None = None,
        pooler_type: str | None = None,
        **_: Any,
    ) -> None:
        super().__init__()
        kind = str(settings["model_type"])
        self.pooler_type = pooler_type or _USUAL_POOLER[kind]
        if self.pooler_type not in _POOLERS:
            raise TMVError(f"Text towers are pooled by {', '.join(_POOLERS)}, not by {self.pooler_type!r}.")
        self.pad_id = int(settings.get("pad_token_id", 1 if kind != "bert" else 0))
        if kind == "m2m_100":
            self.transformer: nn.Module = _TranslatorEncoder(settings, self.pad_id)
        else:
            # As open_clip: BERT's own pooling layer is there only where the configuration asks for it by name.
            self.transformer = _Bert(settings, self.pad_id, pooled=pooler_type == "cls_pooler")
        width = int(settings["d_model" if kind == "m2m_100" else "hidden_size"])
        self.output_dim, self.vocab_size = output_dim, int(settings["vocab_size"])
        self.context_length = int(settings.get("max_position_embeddings", 0))
        self.proj = _projection(width, output_dim, proj_type)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Padding is neither looked at nor pooled."""
        mask = tokens != self.pad_id
        hidden, pooled = self.transformer(tokens, mask)
        found: torch.Tensor = self.proj(self._pool(hidden, pooled, mask))
        return found

    def _pool(self, hidden: torch.Tensor, pooled: torch.Tensor | None, mask: torch.Tensor) -> torch.Tensor:
        if self.pooler_type == "mean_pooler":
            real = mask.unsqueeze(-1).to(hidden.dtype)
            return (hidden * real).sum(dim=1) / real.sum(dim=1)
        if self.pooler_type == "max_pooler":
            return hidden.masked_fill(~mask.unsqueeze(-1), -torch.inf).amax(dim=1)
        if self.pooler_type == "cls_pooler" and pooled is not None:
            return pooled
        return hidden[:, 0]

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        """Part of open_clip's towers; nothing is trained here."""


def _projection(width: int, output_dim: int, kind: str | None) -> nn.Module:
    if kind is None and width == output_dim:
        return nn.Identity()
    if kind == "linear":
        return nn.Linear(width, output_dim, bias=False)
    if kind == "mlp":
        middle = (width + output_dim) // 2
        return nn.Sequential(nn.Linear(width, middle, bias=False), nn.GELU(), nn.Linear(middle, output_dim, bias=False))
    raise TMVError(f"A text tower of width {width} needs a projection to {output_dim}: hf_proj_type linear or mlp.")


def _positions(tokens: torch.Tensor, pad_id: int) -> torch.Tensor:
    """(m, length) as RoBERTa and NLLB count: from `pad_id` + 1, padding stays at `pad_id`."""
    mask = (tokens != pad_id).long()
    return mask.cumsum(dim=1) * mask + pad_id


def _attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, heads: int, mask: torch.Tensor) -> torch.Tensor:
    """(m, length, d) each -> (m, length, d); `mask` (m, length) is true for what may be looked at."""
    q, k, v = (part.reshape(*part.shape[:2], heads, -1).transpose(1, 2) for part in (q, k, v))
    found = F.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None, :])
    return found.transpose(1, 2).flatten(2)


# --- BERT, RoBERTa, XLM-R ---------------------------------------------------------------------------------


class _Bert(nn.Module):
    def __init__(self, settings: Mapping[str, Any], pad_id: int, *, pooled: bool) -> None:
        super().__init__()
        self.embeddings = _BertEmbeddings(settings, pad_id)
        self.encoder = nn.Module()
        self.encoder.layer = nn.ModuleList(_BertLayer(settings) for _ in range(int(settings["num_hidden_layers"])))
        self.pooler = _dense(int(settings["hidden_size"]), int(settings["hidden_size"])) if pooled else None

    def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        x = self.embeddings(tokens)
        for layer in self.encoder.layer:  # type: ignore[union-attr]
            x = layer(x, mask)
        return x, None if self.pooler is None else torch.tanh(self.pooler.dense(x[:, 0]))  # type: ignore[operator]


class _BertEmbeddings(nn.Module):
    def __init__(self, settings: Mapping[str, Any], pad_id: int) -> None:
        super().__init__()
        width = int(settings["hidden_size"])
        self.pad_id = None if settings["model_type"] == "bert" else pad_id
        self.word_embeddings = nn.Embedding(int(settings["vocab_size"]), width)
        self.position_embeddings = nn.Embedding(int(settings["max_position_embeddings"]), width)
        self.token_type_embeddings = nn.Embedding(int(settings.get("type_vocab_size", 2)), width)
        self.LayerNorm = nn.LayerNorm(width, eps=float(settings.get("layer_norm_eps", 1e-12)))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        if self.pad_id is None:
            places = torch.arange(tokens.shape[1], device=tokens.device).expand_as(tokens)
        else:
            places = _positions(tokens, self.pad_id)
        x = self.word_embeddings(tokens) + self.position_embeddings(places) + self.token_type_embeddings.weight[0]
        found: torch.Tensor = self.LayerNorm(x)
        return found


class _BertLayer(nn.Module):
    """Attention, then a feed-forward part, each normalised after it was added."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__()
        width, inner = int(settings["hidden_size"]), int(settings["intermediate_size"])
        eps = float(settings.get("layer_norm_eps", 1e-12))
        self.heads = int(settings["num_attention_heads"])
        self.act: Activation = _ACTIVATIONS[str(settings.get("hidden_act", "gelu"))]
        self.attention = nn.Module()
        self.attention.self = nn.ModuleDict({name: nn.Linear(width, width) for name in ("query", "key", "value")})
        self.attention.output = _dense(width, width, eps)
        self.intermediate = _dense(width, inner)
        self.output = _dense(inner, width, eps)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        own: Any = self.attention
        q, k, v = (own.self[name](x) for name in ("query", "key", "value"))
        attended = own.output.dense(_attend(q, k, v, self.heads, mask))
        x = own.output.LayerNorm(attended + x)
        inner: Any = self.intermediate
        out: Any = self.output
        found: torch.Tensor = out.LayerNorm(out.dense(self.act(inner.dense(x))) + x)
        return found


def _dense(into: int, out: int, eps: float | None = None) -> nn.Module:
    """A linear map under the name `dense`, with a `LayerNorm` where `eps` is given."""
    found = nn.Module()
    found.dense = nn.Linear(into, out)
    if eps is not None:
        found.LayerNorm = nn.LayerNorm(out, eps=eps)
    return found


# --- NLLB -------------------------------------------------------------------------------------------------


class _TranslatorEncoder(nn.Module):
    """The encoder of M2M-100 and NLLB."""

    def __init__(self, settings: Mapping[str, Any], pad_id: int) -> None:
        super().__init__()
        width, self.pad_id = int(settings["d_model"]), pad_id
        self.scale = math.sqrt(width) if settings.get("scale_embedding", True) else 1.0
        self.embed_tokens = nn.Embedding(int(settings["vocab_size"]), width)
        self.layers = nn.ModuleList(_TranslatorLayer(settings) for _ in range(int(settings["encoder_layers"])))
        self.layer_norm = nn.LayerNorm(width)

    def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, None]:
        places = _positions(tokens, self.pad_id)
        x = self.embed_tokens(tokens) * self.scale
        x = x + _waves(places, x.shape[-1], self.pad_id).to(x.dtype)
        for layer in self.layers:
            x = layer(x, mask)
        return self.layer_norm(x), None


def _waves(places: torch.Tensor, width: int, pad_id: int) -> torch.Tensor:
    """(m, length) places -> (m, length, width): sines, then cosines; padding has none."""
    half = width // 2
    steps = torch.exp(torch.arange(half, device=places.device).float() * -(math.log(10_000) / (half - 1)))
    angles = places.unsqueeze(-1).float() * steps
    found = F.pad(torch.cat([angles.sin(), angles.cos()], dim=-1), (0, width - 2 * half))
    return found * (places != pad_id).unsqueeze(-1)


class _TranslatorLayer(nn.Module):
    """Attention, then a feed-forward part, each normalised before."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__()
        width, inner = int(settings["d_model"]), int(settings["encoder_ffn_dim"])
        self.heads = int(settings["encoder_attention_heads"])
        self.act: Activation = _ACTIVATIONS[str(settings.get("activation_function", "relu"))]
        parts = ("q_proj", "k_proj", "v_proj", "out_proj")
        self.self_attn = nn.ModuleDict({name: nn.Linear(width, width) for name in parts})
        self.self_attn_layer_norm = nn.LayerNorm(width)
        self.fc1, self.fc2 = nn.Linear(width, inner), nn.Linear(inner, width)
        self.final_layer_norm = nn.LayerNorm(width)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        own, normed = self.self_attn, self.self_attn_layer_norm(x)
        q, k, v = (own[name](normed) for name in ("q_proj", "k_proj", "v_proj"))
        x = x + own["out_proj"](_attend(q, k, v, self.heads, mask))
        found: torch.Tensor = x + self.fc2(self.act(self.fc1(self.final_layer_norm(x))))
        return found
