"""Image encoders without the work that cannot reach the result. Exact; checked against the model when it
loads.

A Vision Transformer's vector is read from one row, the class token's, so the last block needs that row
only; a ResNet of CLIP ends in an attention with one query. With one query, keys and values of all other
rows need never be computed: q.(Wk x) is (Wk' q).x, and the values are averaged before, not after, the
projection.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional as F

from core.encoders.onednn import Convolution, Layer, linear, pointwise

Tensors = tuple[torch.Tensor, ...]  # for queries, keys and values
QUICK_GELU = 1.702  # QuickGELU(x) = x sigmoid(1.702 x) = silu(1.702 x) / 1.702


class OneQuery:
    """Multi-head attention with one query a picture."""

    def __init__(self, weights: Tensors, biases: Tensors, out: Any, heads: int, packed: bool) -> None:
        q, k, v = weights
        self._heads = heads
        self._q, self._out = linear(q, biases[0], packed), linear(out.weight, out.bias, packed)
        self._k = k.detach().view(heads, -1, k.shape[1])
        self._v = v.detach().view(heads, -1, v.shape[1]).transpose(1, 2)
        self._v_bias = biases[2].detach()  # the keys' bias shifts all scores alike: the softmax drops it

    def __call__(self, query: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """query (b, d), rows (b, n, d) -> (b, out)."""
        q = self._q(query).view(len(query), self._heads, -1).transpose(0, 1)
        asked = torch.bmm(q, self._k).transpose(0, 1) / q.shape[-1] ** 0.5
        share = torch.bmm(asked, rows.transpose(1, 2)).softmax(dim=-1)
        seen = torch.bmm(share, rows).transpose(0, 1)
        values = torch.bmm(seen, self._v).transpose(0, 1).reshape(len(query), -1)
        return self._out(values + self._v_bias)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mlp:
    into: Layer
    activation: Any
    out_of: Layer

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return self.out_of(self.activation(self.into(x)))


class LeanTransformer:
    """The Vision Transformer of open_clip or of OpenAI's clip. Pixels (b, 3, s, s) -> (b, d)."""

    def __init__(self, visual: Any, packed: bool) -> None:
        self._patch = int(visual.conv1.kernel_size[0])
        self._embed = linear(visual.conv1.weight.flatten(1), None, packed)
        self._before, self._after, self._projection = visual.ln_pre, visual.ln_post, visual.proj.detach()
        self._blocks = [_Block(block, packed) for block in visual.transformer.resblocks[:-1]]
        self._last = _LastBlock(visual.transformer.resblocks[-1], packed)
        self._position = visual.positional_embedding.detach()
        self._class = visual.class_embedding.detach() + self._position[0]

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """The vectors of a batch."""
        patches = self._embed(_patches(pixels, self._patch)) + self._position[1:]
        x = torch.cat([self._class.to(patches.dtype).expand(len(pixels), 1, -1), patches], dim=1)
        x = self._before(x)
        for block in self._blocks:
            x = block(x)
        vectors: torch.Tensor = self._after(self._last(x)) @ self._projection
        return vectors


def _patches(pixels: torch.Tensor, size: int) -> torch.Tensor:
    """(b, 3, s, s) -> (b, patches, 3 size size), which makes the convolution over patches one product."""
    b, c, height, width = pixels.shape
    cut = pixels.view(b, c, height // size, size, width // size, size)
    return cut.permute(0, 2, 4, 1, 3, 5).reshape(b, -1, c * size * size)


class _Sides:
    """What a residual attention block does beside attention. Keeps no reference to the block itself, so that
    the weights that were packed can be given back."""

    def __init__(self, block: Any, packed: bool) -> None:
        self.before, self._between, self._mlp = block.ln_1, block.ln_2, _mlp(block, packed)
        self._scales = getattr(block, "ls_1", _same), getattr(block, "ls_2", _same)

    def __call__(self, x: torch.Tensor, attended: torch.Tensor) -> torch.Tensor:
        x = x + self._scales[0](attended)
        found: torch.Tensor = x + self._scales[1](self._mlp(self._between(x)))
        return found


class _Block:
    """One residual attention block, (b, n, d) -> (b, n, d)."""

    def __init__(self, block: Any, packed: bool) -> None:
        attention = block.attn
        self._sides, self._heads = _Sides(block, packed), attention.num_heads
        self._joint = linear(attention.in_proj_weight, attention.in_proj_bias, packed)
        self._out = linear(attention.out_proj.weight, attention.out_proj.bias, packed)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        b, n, d = x.shape
        joint = self._joint(self._sides.before(x)).view(b, n, 3, self._heads, -1)
        q, k, v = (part.transpose(1, 2) for part in joint.unbind(2))
        attended = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, d)
        return self._sides(x, self._out(attended))


class _LastBlock:
    """The last block for the class token only, (b, n, d) -> (b, d)."""

    def __init__(self, block: Any, packed: bool) -> None:
        self._sides, attention = _Sides(block, packed), block.attn
        self._attend = OneQuery(
            attention.in_proj_weight.chunk(3),
            attention.in_proj_bias.chunk(3),
            attention.out_proj,
            attention.num_heads,
            packed,
        )

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        rows = self._sides.before(x)
        return self._sides(x[:, 0], self._attend(rows[:, 0], rows))


def _mlp(block: Any, packed: bool) -> _Mlp:
    """The block's perceptron; QuickGELU's factor moves into the weights, which leaves one fast SiLU."""
    into, activation, out_of = block.mlp.c_fc, block.mlp.gelu, block.mlp.c_proj
    if type(activation).__name__ != "QuickGELU":
        return _Mlp(
            into=linear(into.weight, into.bias, packed),
            activation=activation,
            out_of=linear(out_of.weight, out_of.bias, packed),
        )
    return _Mlp(
        into=linear(into.weight * QUICK_GELU, into.bias * QUICK_GELU, packed),
        activation=F.silu,
        out_of=linear(out_of.weight / QUICK_GELU, out_of.bias, packed),
    )


def _same(x: torch.Tensor) -> torch.Tensor:
    return x


class LeanResNet:
    """CLIP's ResNet with folded normalisation and fused ReLU and addition. Pixels (b, 3, s, s) -> (b, d)."""

    def __init__(self, visual: Any, packed: bool) -> None:
        pairs = ((visual.conv1, visual.bn1), (visual.conv2, visual.bn2), (visual.conv3, visual.bn3))
        self._stem = [Convolution(conv, norm, True, packed) for conv, norm in pairs]
        layers = (visual.layer1, visual.layer2, visual.layer3, visual.layer4)
        self._blocks = [_Bottleneck(block, packed) for layer in layers for block in layer]
        pool = visual.attnpool
        parts = (pool.q_proj, pool.k_proj, pool.v_proj)
        self._position = pool.positional_embedding.detach()
        self._pool = OneQuery(
            tuple(p.weight for p in parts), tuple(p.bias for p in parts), pool.c_proj, pool.num_heads, packed
        )

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """The vectors of a batch."""
        x = pixels.contiguous(memory_format=torch.channels_last)
        for convolution in self._stem:
            x = convolution(x)
        x = F.avg_pool2d(x, 2)
        for block in self._blocks:
            x = block(x)
        rows = x.flatten(2).transpose(1, 2)
        rows = torch.cat([rows.mean(dim=1, keepdim=True), rows], dim=1) + self._position
        return self._pool(rows[:, 0], rows)


class _Bottleneck:
    """Three convolutions and the way around them."""

    def __init__(self, block: Any, packed: bool) -> None:
        self._stride = int(block.stride)
        self._conv1 = pointwise(block.conv1, block.bn1, True, packed)
        self._conv2 = Convolution(block.conv2, block.bn2, True, packed)
        self._conv3 = Convolution(block.conv3, block.bn3, True, packed)
        around = block.downsample
        self._around = None if around is None else pointwise(around[1], around[2], False, packed)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        inner = self._shrunk(self._conv2(self._conv1(x)))
        other = x if self._around is None else self._around(self._shrunk(x))
        return self._conv3.add(inner, other)

    def _shrunk(self, x: torch.Tensor) -> torch.Tensor:
        return F.avg_pool2d(x, self._stride) if self._stride > 1 else x
