"""Texts to vectors without computing anything twice, and exactly as the library's own call would.

A CLIP text encoder is causal: what it computes for a token depends on the tokens before it only, and its
vector is read at the end-of-text token. So nothing after that token matters, and texts that begin alike ("a
photo of a ...") share everything up to where they part. The texts' tokens form a tree; each of its nodes is
computed once, all nodes of a layer together, each attending to the keys and values of its ancestors. In the
last layer only the nodes that are read are computed to the end.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from core.encoders.parity import difference, worst_allowed
from core.types import IntArray

Encode = Callable[[torch.Tensor], torch.Tensor]
FULL_BATCH = 32
NODES_AT_ONCE = 2048
END = -1  # fills a row of tokens behind its end


@dataclass(frozen=True, slots=True, kw_only=True)
class Tower:
    """The parts of a text encoder. `holder` is the module that owns them; `pool` is "argmax" or "eos"."""

    holder: Any
    blocks: Any
    projection: Any
    pool: str
    eos_id: int
    mask: torch.Tensor | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPath:
    """(m, context_length) tokens -> (m, d); `note` says in words how far from the library's own call."""

    encode: Encode
    name: str
    note: str


def find_tower(model: Any) -> Tower | None:
    """The text encoder of a model of either library, or None where cutting texts short would not be exact.

    Exact needs a causal mask, a vector read at the end-of-text token, and no extra class token; this leaves
    out CoCa, SigLIP and the encoders that come from the hub.
    """
    holder = getattr(model, "text", model)
    transformer = getattr(holder, "transformer", None)
    blocks = list(getattr(transformer, "resblocks", ()))
    needed = ("token_embedding", "positional_embedding", "ln_final", "text_projection")
    if not blocks or not all(hasattr(holder, name) for name in needed):
        return None
    if getattr(holder, "cls_emb", None) is not None or getattr(holder, "use_pad_mask", False):
        return None
    pool = str(getattr(holder, "pool_type", getattr(holder, "text_pool_type", "argmax")))
    mask = getattr(holder, "attn_mask", getattr(blocks[0], "attn_mask", None))
    if pool not in ("argmax", "eos") or not _is_causal(mask, len(holder.positional_embedding)):
        return None
    # Read only where it decides: open_clip 4 leaves it None for towers that are read at their largest token.
    eos = int(getattr(holder, "eos_id", getattr(holder, "text_eos_id", 0))) if pool == "eos" else 0
    return Tower(
        holder=holder,
        blocks=blocks,
        projection=holder.text_projection,
        pool=pool,
        eos_id=eos,
        mask=getattr(holder, "attn_mask", None),
    )


def read_positions(tower: Tower, tokens: torch.Tensor) -> torch.Tensor:
    """(m,) where the vector of each row of tokens is read: its first end-of-text token."""
    if tower.pool == "eos":
        return (tokens == tower.eos_id).int().argmax(dim=-1)
    return tokens.argmax(dim=-1)


def encode_tree(tower: Tower, tokens: torch.Tensor) -> torch.Tensor:
    """(m, context_length) tokens -> (m, d); each distinct beginning is computed once."""
    rows, order = _distinct(tokens.cpu().numpy(), read_positions(tower, tokens).cpu().numpy())
    parts = [_encode_chunk(tower, rows[chunk]) for chunk in _chunks(rows)]
    return torch.cat(parts)[torch.from_numpy(order).to(parts[0].device)]


def choose_text_path(model: Any, tokens: torch.Tensor) -> TextPath:
    """The fastest way that gives the library's own vectors for these rows; the library's call otherwise."""
    wanted = call_library(model, tokens)
    tower = find_tower(model)
    for name, encode in () if tower is None else _candidates(tower, model):
        with contextlib.suppress(Exception):  # a part that this model's text encoder does not have
            far = difference(encode(tokens), wanted)
            if far <= worst_allowed(wanted):
                return TextPath(encode=encode, name=name, note=f"texts: {name}, {far:.0e} from the library's own call")
    return TextPath(encode=lambda rows: call_library(model, rows), name="full", note="texts: the library's own call")


def _candidates(tower: Tower, model: Any) -> Iterator[tuple[str, Encode]]:
    if all(is_plain_block(block) for block in tower.blocks):
        yield "prefix tree", lambda tokens: encode_tree(tower, tokens)
    yield "truncated", lambda tokens: encode_truncated(tower, model, tokens)


def call_library(model: Any, tokens: torch.Tensor) -> torch.Tensor:
    """The library's own call on whole rows of tokens, (m, context_length) -> (m, d)."""
    parts = torch.split(tokens, FULL_BATCH)
    return torch.cat([model.encode_text(rows) for rows in parts])


def encode_truncated(tower: Tower, model: Any, tokens: torch.Tensor, batch: int = 64) -> torch.Tensor:
    """(m, context_length) tokens -> (m, d) by the library's own call on rows cut behind their longest text.

    open_clip adds position embeddings and mask of full length, so for the call they are replaced by their
    beginnings; that changes the module for as long as the call takes, which is why the caller holds a lock.
    """
    ends = read_positions(tower, tokens)
    order = torch.argsort(ends)
    parts = []
    for rows in torch.split(order, batch):
        length = int(ends[rows].max()) + 1
        parts.append(_call_short(tower, model, tokens[rows, :length]))
    return torch.cat(parts)[torch.argsort(order)]


def _call_short(tower: Tower, model: Any, tokens: torch.Tensor) -> torch.Tensor:
    length = tokens.shape[1]
    if tower.mask is None:  # OpenAI's clip cuts both by itself
        return _TextCall(model)(tokens)  # type: ignore[no-any-return]
    prefix = "text." if tower.holder is not model else ""
    short = {
        f"{prefix}positional_embedding": tower.holder.positional_embedding[:length],
        f"{prefix}attn_mask": tower.mask[:length, :length],
    }
    wrapped = _TextCall(model)
    renamed = {f"model.{name}": value for name, value in short.items()}
    return torch.func.functional_call(wrapped, renamed, (tokens,))  # type: ignore[no-any-return]


class _TextCall(torch.nn.Module):
    """`encode_text` as a module's forward, which is what `functional_call` can call."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.model.encode_text(tokens)  # type: ignore[no-any-return]


# --- the tree ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """Nodes of the tree of tokens, level by level: `token` and `depth` (nodes,); `read` (rows,) node per row.

    `paths[level]` (nodes of that level, level + 1) lists each node's ancestors from the root to itself.
    """

    token: IntArray
    depth: IntArray
    paths: tuple[IntArray, ...]
    read: IntArray


def grow(rows: IntArray) -> Tree:
    """The tree of sorted, distinct rows of tokens that are filled up with `END`."""
    new = _first_seen(rows)
    count = new.sum(axis=0)
    start = np.concatenate(([0], np.cumsum(count)))
    node = start[:-1] + np.cumsum(new, axis=0) - 1
    levels = range(rows.shape[1])
    last = (rows != END).sum(axis=1) - 1
    return Tree(
        token=np.concatenate([rows[new[:, level], level] for level in levels]),
        depth=np.repeat(np.arange(rows.shape[1]), count),
        paths=tuple(node[new[:, level], : level + 1] for level in levels),
        read=node[np.arange(len(rows)), last],
    )


def _first_seen(rows: IntArray) -> NDArray[np.bool_]:
    """(rows, length) whether the beginning of a row up to here has not occurred in the rows before."""
    differs = np.ones(rows.shape, bool)
    differs[1:] = rows[1:] != rows[:-1]
    found: NDArray[np.bool_] = np.logical_or.accumulate(differs, axis=1) & (rows != END)
    return found


def _distinct(tokens: IntArray, ends: IntArray) -> tuple[IntArray, IntArray]:
    """Sorted distinct rows, cut behind their ends, and for each given row its place among them."""
    width = int(ends.max()) + 1
    cut = np.where(np.arange(width) <= ends[:, None], tokens[:, :width], END)
    rows, order = np.unique(cut, axis=0, return_inverse=True)
    return rows, order.reshape(-1)


def _chunks(rows: IntArray) -> Iterator[slice]:
    """Consecutive rows with about `NODES_AT_ONCE` nodes between them."""
    bucket = np.cumsum(_first_seen(rows).sum(axis=1)) // NODES_AT_ONCE
    edges = np.flatnonzero(np.diff(bucket, prepend=-1, append=bucket[-1] + 1))
    for first, behind in pairwise(edges):
        yield slice(int(first), int(behind))


def _encode_chunk(tower: Tower, rows: IntArray) -> torch.Tensor:
    width = int((rows != END).sum(axis=1).max())
    tree = grow(rows[:, :width])
    device = tower.holder.positional_embedding.device
    token, depth, read = (torch.from_numpy(a).to(device) for a in (tree.token, tree.depth, tree.read))
    paths = [torch.from_numpy(path).to(device) for path in tree.paths]
    x = tower.holder.token_embedding(token) + tower.holder.positional_embedding[depth]
    for block in tower.blocks[:-1]:
        x = _block(block, x, paths)
    x = tower.holder.ln_final(_last_block(tower.blocks[-1], x, paths, tree, read))
    if tower.projection is None:
        return x  # type: ignore[no-any-return]
    projected: torch.Tensor = tower.projection(x) if callable(tower.projection) else x @ tower.projection
    return projected


def _block(block: Any, x: torch.Tensor, paths: list[torch.Tensor]) -> torch.Tensor:
    """One residual attention block over all nodes, (nodes, d) -> (nodes, d)."""
    q, k, v = _project(block, x)
    sizes = [len(path) for path in paths]
    parts = [_attend(own, k[path], v[path]) for own, path in zip(torch.split(q, sizes), paths, strict=True)]
    return _rest(block, x, torch.cat(parts))


def _last_block(block: Any, x: torch.Tensor, paths: list[torch.Tensor], tree: Tree, read: torch.Tensor) -> torch.Tensor:
    """The same for the nodes that are read only, (nodes, d) -> (rows, d)."""
    q, k, v = _project(block, x)
    out = torch.empty(len(read), x.shape[1], dtype=q.dtype, device=x.device)
    start = 0
    for path in paths:
        here = torch.nonzero((read >= start) & (read < start + len(path))).squeeze(1)
        if len(here):
            own = path[read[here] - start]
            out[here] = _attend(q[read[here]], k[own], v[own])
        start += len(path)
    return _rest(block, x[read], out)


def _project(block: Any, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Queries, keys and values, each (nodes, heads, d / heads)."""
    attention = block.attn
    joint = F.linear(block.ln_1(x), attention.in_proj_weight, attention.in_proj_bias)
    return joint.view(len(x), 3, attention.num_heads, -1).unbind(1)


def _attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """q (b, heads, e) over k, v (b, length, heads, e) -> (b, heads * e)."""
    found = F.scaled_dot_product_attention(q.unsqueeze(2), k.transpose(1, 2), v.transpose(1, 2))
    return found.flatten(1)


def _rest(block: Any, x: torch.Tensor, attended: torch.Tensor) -> torch.Tensor:
    x = x + _scaled(block, "ls_1", block.attn.out_proj(attended))
    return x + _scaled(block, "ls_2", block.mlp(block.ln_2(x)))


def _scaled(block: Any, name: str, x: torch.Tensor) -> torch.Tensor:
    layer_scale = getattr(block, name, None)
    return x if layer_scale is None else layer_scale(x)


def is_plain_block(block: Any) -> bool:
    """Whether the block is the residual attention block that the short way computes."""
    attention = getattr(block, "attn", None)
    return (
        type(block).__name__ == "ResidualAttentionBlock"
        and isinstance(attention, torch.nn.MultiheadAttention)
        and attention.in_proj_weight is not None
        and attention.bias_k is None
        and not attention.add_zero_attn
        and not hasattr(block, "ln_1_kv")
    )


def _is_causal(mask: Any, length: int) -> bool:
    if not isinstance(mask, torch.Tensor) or mask.shape != (length, length):
        return False
    ahead = torch.ones(length, length, dtype=torch.bool, device=mask.device).triu(1)
    return bool((mask[ahead] == float("-inf")).all() and (mask[~ahead] == 0).all())
