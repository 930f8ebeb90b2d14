"""Whether the tensors of a checkpoint are those of a model: names unwrapped where the rest then fits exactly, or one
sentence that says what is missing, what is too much, what has another shape, and what that looks like.

Nothing is loaded that does not fit whole: a model with one layer left at its random beginning gives numbers too.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from core.encoders.checkpoints import Tensors, read_checkpoint
from core.encoders.layouts import LAYOUTS, OPENAI_NUMBERS, is_hugging_face
from core.encoders.looks import looks_like
from core.errors import TMVError
from core.types import Note

_GROUPS = (
    "state_dict",
    "model_state_dict",
    "model",
    "module",
    "net",
    "weights",
    "params",
    "student",
    "ema",
    "ema_state_dict",
    "model_ema",
    "state_dict_ema",
    "teacher",
)
_LARGEST_SCALE, _SMALLEST_SCALE = 1e4, 1e-2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """One way to read a checkpoint: the tensors, how they were reached, and the names that this leaves out."""

    tensors: Tensors
    said: str
    left: tuple[str, ...] = ()


def load_exactly(model: Any, config: Mapping[str, Any], paths: Sequence[Path]) -> tuple[Note, ...]:
    """Load the weights `paths[1]` into `model`, whose configuration is `paths[0]`, and say how they were read.

    Raises `TMVError` unless every tensor of the model is in the file in its shape and nothing else is.
    """
    weights = paths[-1]
    content = read_checkpoint(weights)
    wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    readings = [_counted(reading, model) for reading in _readings(content, wanted)]
    fitting = [r for r in readings if _shapes(r.tensors) == wanted]
    if not fitting:
        closest = min(
            readings, key=lambda r: len(_misfits(_shapes(r.tensors), wanted)), default=_Reading(tensors={}, said="")
        )
        raise TMVError(_misfit(closest.tensors, wanted, weights, paths[0], config))
    chosen = fitting[0]
    _expect_activation(content, config, paths)
    _expect_fractions(model, chosen.tensors, weights)
    expect_sound(chosen.tensors, weights)
    model.load_state_dict(chosen.tensors, strict=True)
    return tuple(_notes(chosen, fitting[1:], weights))


def _counted(reading: _Reading, model: Any) -> _Reading:
    """How many batches a normalisation has seen changes no vector; old files do not have it."""
    own = {name: tensor for name, tensor in model.state_dict().items() if name.endswith("num_batches_tracked")}
    missing = {name: tensor for name, tensor in own.items() if name not in reading.tensors}
    return replace(reading, tensors={**reading.tensors, **missing}) if missing else reading


def expect_sound(tensors: Mapping[str, torch.Tensor], weights: Path | str) -> None:
    """Raise `TMVError` for weights that are not finite, and for a `logit_scale` that cannot be one."""
    bad = [name for name, t in tensors.items() if t.is_floating_point() and not bool(torch.isfinite(t).all())]
    if bad:
        raise TMVError(
            f"The weights {weights} hold numbers that are not finite in {_some(bad)}; the training went "
            "wrong or the file is damaged: take an earlier checkpoint."
        )
    if "logit_scale" in tensors:
        raw = float(tensors["logit_scale"].float().max())
        scale = math.exp(min(raw, 700.0))
        if not _SMALLEST_SCALE <= scale <= _LARGEST_SCALE:
            raise TMVError(
                f"The logit_scale of {weights} is {raw:.4g}, which makes a scale of {scale:.3g}; CLIP stores its "
                "logarithm (4.6 for 100), and a scale lies between 0.01 and 10,000: write the logarithm into the file, "
                "or take an earlier checkpoint."
            )


# --- ways to read a checkpoint ------------------------------------------------------------------------------


def _readings(content: Mapping[str, Any], wanted: Mapping[str, tuple[int, ...]]) -> Iterator[_Reading]:
    """Every way, the plainest first: each group of tensors, with each prefix, in each layout of names."""
    for group, tensors in _groups(content):
        for prefix in _prefixes(tensors):
            inner = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
            left = tuple(k for k in tensors if not k.startswith(prefix))
            for layout, convert in LAYOUTS:
                if (found := convert(inner)) is not None:
                    way = (group and f"under {group!r}", prefix and f"behind {prefix!r}", layout)
                    yield _Reading(tensors=_scalars(found, wanted), said=" ".join(filter(None, way)), left=left)


def _groups(content: Mapping[str, Any]) -> Iterator[tuple[str, Tensors]]:
    """The tensors of the file itself and of the groups in it, those first whose names are known."""
    if plain := _tensors(content):
        yield "", plain
    named = [key for key in content if isinstance(content[key], Mapping)]
    for key in sorted(named, key=lambda k: _GROUPS.index(k) if k in _GROUPS else len(_GROUPS)):
        if inner := _tensors(content[key]):
            yield str(key), inner
        else:
            yield from ((f"{key}.{name}", deeper) for name, deeper in _groups(content[key]) if name)


def _tensors(group: Mapping[Any, Any]) -> Tensors:
    return {k: v for k, v in group.items() if isinstance(k, str) and isinstance(v, torch.Tensor)}


def _prefixes(tensors: Tensors) -> list[str]:
    """What may stand before the names of a model: whatever stands before the one tensor that each layout has."""
    ends = (
        "logit_scale",
        "visual.conv1.weight",
        "token_embedding.weight",
        "vision_model.embeddings.class_embedding",
        "visual.class_embedding",
        "visual.trunk.stem.0.weight",
    )
    found = {name.removesuffix(end) for name in tensors for end in ends if name.endswith(end)}
    usable = {prefix.removesuffix("text.") for prefix in found if not prefix or prefix.endswith(".")}
    return sorted({"", *usable}, key=lambda prefix: (prefix.count("."), prefix))


def _scalars(tensors: Tensors, wanted: Mapping[str, tuple[int, ...]]) -> Tensors:
    """A number as () or (1,), as the model has it."""
    return {
        name: t.reshape(wanted[name]) if t.numel() == 1 and wanted.get(name) in ((), (1,)) else t
        for name, t in tensors.items()
    }


def _shapes(tensors: Tensors) -> dict[str, tuple[int, ...]]:
    return {name: tuple(t.shape) for name, t in tensors.items()}


def _notes(chosen: _Reading, others: Sequence[_Reading], weights: Path) -> Iterator[Note]:
    if chosen.said:
        yield Note(f"The weights in {weights.name} were read {chosen.said}.", "weights_unwrapped", "info")
    if chosen.left:
        yield Note(
            f"{len(chosen.left)} tensors of {weights.name} that belong to no CLIP model were left out "
            f"({_some(chosen.left)}).",
            "tensors_left_out",
            "info",
        )
    if rivals := [r.said or "as they stand" for r in others if _differ(r.tensors, chosen.tensors)]:
        yield Note(
            f"{weights.name} holds several models; this one was read {chosen.said or 'as it stands'}, and not the one "
            f"read {rivals[0]}: to measure that, save it in a file of its own.",
            "several_models",
            "warning",
        )


def _differ(a: Tensors, b: Tensors) -> bool:
    return any(not torch.equal(a[name], b[name]) for name in a)


# --- what a configuration must say --------------------------------------------------------------------------


def _expect_activation(content: Mapping[str, Any], config: Mapping[str, Any], paths: Sequence[Path]) -> None:
    """OpenAI's archives were trained with QuickGELU, and Hugging Face's configuration beside a file says what that
    was; the same names and shapes go with either, so only the configuration can be wrong in silence."""
    quick = bool(config.get("quick_gelu"))
    if set(content) >= OPENAI_NUMBERS and not quick:
        raise TMVError(
            f"{paths[-1]} is an archive of OpenAI's, trained with QuickGELU, which {paths[0]} does not use: "
            'write "quick_gelu": true into it, or take a name such as ViT-B-32/openai.'
        )
    beside = _hidden_act(paths[-1].with_name("config.json")) if is_hugging_face(content) else ""
    if beside and (beside == "quick_gelu") != quick:
        raise TMVError(
            f"{paths[-1].with_name('config.json')} says that {paths[-1]} was trained with {beside}, and "
            f'{paths[0]} says otherwise: write "quick_gelu": {str(not quick).lower()} into it.'
        )


def _hidden_act(path: Path) -> str:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        parts = [found, found.get("vision_config") or {}, found.get("text_config") or {}]
        return next((str(part["hidden_act"]) for part in parts if "hidden_act" in part), "")
    except (OSError, ValueError, AttributeError):
        return ""


def _expect_fractions(model: Any, tensors: Tensors, weights: Path) -> None:
    """Quantised weights are whole numbers that mean something only with their scales, but would load as they are."""
    floating = [name for name, tensor in model.state_dict().items() if tensor.is_floating_point()]
    if whole := [name for name in floating if not tensors[name].is_floating_point()]:
        kind = str(tensors[whole[0]].dtype).removeprefix("torch.")
        raise TMVError(
            f"The weights {weights} hold whole numbers ({kind}) in {_some(whole)}, so they look quantised: "
            "save the model in float32, float16 or bfloat16."
        )


# --- what does not fit --------------------------------------------------------------------------------------


def _misfits(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> set[str]:
    return {name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name)}


def _misfit(
    tensors: Tensors, wanted: Mapping[str, tuple[int, ...]], weights: Path, config: Path, values: Mapping[str, Any]
) -> str:
    found = _shapes(tensors)
    missing = [name for name in wanted if name not in found]
    unexpected = [name for name in found if name not in wanted]
    other = [
        f"{name} is {_size(found[name])} and not {_size(wanted[name])}"
        for name in wanted
        if name in found and found[name] != wanted[name]
    ]
    parts = [
        f"{_count(len(names), what)} {_are(names)} {how} ({_some(names)})"
        for names, what, how in (
            (missing, "tensor", "missing"),
            (unexpected, "tensor", "unexpected"),
            (other, "tensor", "of another shape"),
        )
        if names
    ]
    guess = looks_like(tensors, missing, unexpected, values) if found else "it holds no tensors"
    if re.search(r"-\d{4,5}-of-\d{4,5}\.", weights.name):
        guess = "its name says that it is one part of several: join them into one file"
    return (
        f"The weights {weights} do not fit {config}: {', '.join(parts)}. {guess[0].upper()}{guess[1:]}; "
        "get them again from their source, or bring the configuration that they were trained with."
    )


def _some(names: Sequence[str], limit: int = 3) -> str:
    more = f" and {len(names) - limit:,} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}" + ("" if n == 1 else "s")


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "one number"
