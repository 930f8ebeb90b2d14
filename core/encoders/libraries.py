"""The two libraries behind one shape: a model ready for use with its tokenizer, transform, configuration."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import re
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from core.catalog.models import quick_gelu_mismatch
from core.encoders.checkpoints import read_tensors, unreadable
from core.encoders.fitting import expect_sound, load_exactly
from core.encoders.hub_tokenizer import HubTokenizer
from core.encoders.text_files import TOWER, TextConfig, read_text_config
from core.encoders.text_towers import HubTextTower, read_tower_config
from core.encoders.weights import ModelFiles
from core.errors import TMVError
from core.system.memo import Memo
from core.types import ModelSpec, Note, Preprocessing

SEED = 0
OPENAI_MEAN = (0.48145466, 0.4578275, 0.40821073)
OPENAI_STD = (0.26862954, 0.26130258, 0.27577711)
_BUILT_IN = Memo(4)
"""CLIP's own tokenizer by its options: 49,152 words that models share, a tenth of a second to read."""
_building = threading.Lock()  # open_clip's table of configurations and torch's seed belong to the process
Tokenize = Callable[[Sequence[str]], torch.Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A model on the CPU in float32 and in `eval()` mode. `tokenize` gives (m, context_length) int64, cut
    to fit.
    """

    model: Any
    tokenize: Tokenize
    preprocessing: Preprocessing
    config: dict[str, Any]
    context_length: int
    versions: dict[str, str]
    notes: tuple[Note, ...] = ()


def build(spec: ModelSpec, files: ModelFiles) -> Built:
    """The model of `spec` from its files.

    Always in `eval()` mode: open_clip hands models over in training mode, where stochastic depth and batch
    statistics ruin every vector.
    """
    if spec.library == "clip" and files.weights is not None:
        built = _build_clip(files.weights)
    else:
        built = _build_open_clip(spec, files)
    built.model.eval().requires_grad_(False)
    if files.weights is not None:
        expect_sound(built.model.state_dict(), files.weights)
    return built


# --- OpenAI's clip ----------------------------------------------------------------------------------------


def _build_clip(weights: Path) -> Built:
    clip, model_module = _import_clip()
    try:
        tensors = read_tensors(weights)
        expect_sound(tensors, weights)
        model = model_module.build_model(tensors).float()
    except (KeyError, RuntimeError, AssertionError) as error:
        raise unreadable(weights, error) from error
    context = int(model.context_length)
    return Built(
        model=model,
        tokenize=lambda texts: clip.tokenize(list(texts), context_length=context, truncate=True).long(),
        preprocessing=Preprocessing(size=int(model.visual.input_resolution), mean=OPENAI_MEAN, std=OPENAI_STD),
        config={"builder": "clip.model.build_model"},
        context_length=context,
        versions=_versions("clip-anytorch"),
    )


def _import_clip() -> tuple[Any, Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it imports pkg_resources, which warns about itself
            import clip
            import clip.model
    except ImportError as error:
        raise TMVError(f"OpenAI's clip cannot be imported ({error}); install requirements.txt.") from error
    return clip, clip.model


# --- open_clip --------------------------------------------------------------------------------------------


def _build_open_clip(spec: ModelSpec, files: ModelFiles) -> Built:
    import open_clip

    weights, own = str(files.weights) if files.weights else None, spec.pretrained == "file"
    name, config, preprocess = _architecture(open_clip, spec, files.config)
    text = read_text_config(config.get("text_cfg", {}))
    text = replace(text, language=spec.language or text.language)
    with _building, _quiet(), torch.random.fork_rng(devices=[]), hub_towers(text, files.text):
        torch.manual_seed(SEED)
        model = _create(open_clip, spec, name, None if own else weights, preprocess)
    notes = load_exactly(model, config, (files.config, files.weights)) if own and files.config and files.weights else ()
    context = _context(model, text)
    return Built(
        model=model.float(),
        tokenize=_tokenizer(open_clip, spec, name, replace(text, context_length=context), files.text),
        preprocessing=_preprocessing(spec, model.visual.preprocess_cfg),
        config={"model": config, "seed": None if weights else SEED},
        context_length=context,
        versions=_versions("open_clip_torch"),
        notes=notes,
    )


def _create(library: Any, spec: ModelSpec, name: str, weights: str | None, preprocess: dict[str, Any]) -> Any:
    try:
        return library.create_model(
            name,
            weights,
            precision="fp32",
            device="cpu",
            pretrained_text=False,
            weights_only=True,
            force_preprocess_cfg=preprocess,
        )
    except ModuleNotFoundError as error:
        raise TMVError(
            f"{spec.name} needs the package {error.name}, which is not installed; install it, or choose another model."
        ) from error
    except Exception as error:
        if weights is None:
            raise TMVError(f"open_clip cannot build {spec.architecture} ({error}).") from error
        raise (_misfit(spec, weights, error) or unreadable(Path(weights), error)) from error


def _misfit(spec: ModelSpec, weights: str, error: Exception) -> TMVError | None:
    """What torch says of weights that are not those of the architecture, in one sentence."""
    said = " ".join(str(error).split())
    if "loading state_dict" not in said:
        return None
    parts = [
        f"{kind.lower()} are {keys[:120]}"
        for kind, keys in re.findall(r"(Missing|Unexpected) key\(s\) in state_dict: (.+?)\. ", f"{said} ")
    ]
    sizes = re.findall(r"size mismatch for (\S+):", said)
    parts += [f"of another shape are {', '.join(sizes[:3])} ({len(sizes)} in all)"] if sizes else []
    return TMVError(
        f"The weights {weights} do not fit {spec.architecture}: {'; '.join(parts)}; get them again from "
        "their source, or choose the architecture that they were trained with."
    )


def _context(model: Any, text: TextConfig) -> int:
    """How many tokens a text has. A tower of the hub has more places than are used, so its configuration says."""
    own = int(getattr(model, "context_length", None) or model.text.context_length)
    return text.context_length if text.tokenizer or text.tower else own


def _tokenizer(library: Any, spec: ModelSpec, name: str, text: TextConfig, files: Mapping[str, Path]) -> Tokenize:
    if text.tokenizer:
        of_hub = HubTokenizer(files, text)
        return lambda texts: torch.from_numpy(of_hub(texts))
    options = (library.get_model_config(name) or {}).get("text_cfg", {}).get("tokenizer_kwargs") or {}
    try:
        tokenizer = _BUILT_IN.get(json.dumps(options, sort_keys=True), lambda: library.get_tokenizer(name))
    except Exception as error:
        raise TMVError(f"The tokenizer of {spec.name} cannot be made ({error}); choose another model.") from error
    return lambda texts: tokenizer(list(texts), context_length=text.context_length).long()


@contextlib.contextmanager
def hub_towers(text: TextConfig, files: Mapping[str, Path]) -> Iterator[None]:
    """open_clip takes some text towers from `transformers`, which is not needed here: it is given ours instead."""
    if not text.tower:
        yield
        return
    import open_clip.model as library

    ours = partial(HubTextTower, settings=read_tower_config(files[TOWER]))
    theirs = library.HFTextEncoder
    library.HFTextEncoder = ours
    try:
        yield
    finally:
        library.HFTextEncoder = theirs


def _architecture(library: Any, spec: ModelSpec, own: Path | None) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """The name under which open_clip knows the architecture, its configuration, the weights' own
    transform.
    """
    if own is None:
        known = dict(library.get_pretrained_cfg(spec.architecture, spec.pretrained))
        config = library.get_model_config(spec.architecture) or {}
        if known.get("quick_gelu") and not config.get("quick_gelu"):
            raise quick_gelu_mismatch(spec.architecture, spec.pretrained)
        return spec.architecture, config, known
    config, preprocess = _read_config(own)
    return _register(library, config), config, preprocess


def _register(library: Any, config: dict[str, Any]) -> str:
    """Make a configuration known to open_clip, under a name made from its content.

    So it can never take the place of an architecture that open_clip knows. open_clip reads the files of all
    registered configurations again at each registration, hence a file that is gone afterwards.
    """
    text = json.dumps(config, sort_keys=True)
    name = f"tmv-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    with _building, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.json"
        path.write_text(text, encoding="utf-8")
        library.add_model_config(path)
    return name


def _read_config(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """A model configuration, bare or as the hub's `open_clip_config.json` wraps it."""
    needs = f"{path} is not an open_clip model configuration: it needs embed_dim, vision_cfg and text_cfg"
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise TMVError(f"{needs}, and it cannot be read as JSON ({error}).") from error
    config = found.get("model_cfg", found) if isinstance(found, dict) else {}
    if isinstance(config, dict) and {"embed_dim", "vision_cfg", "text_cfg"} <= set(config):
        return config, dict(found.get("preprocess_cfg", {}))
    if isinstance(found, dict) and {"text_config", "vision_config", "model_type", "architectures"} & set(found):
        raise TMVError(
            f"{needs}; it is one of Hugging Face's (projection_dim, text_config, vision_config): take the "
            "open_clip_config.json of the model, or the JSON that open_clip has for its architecture."
        )
    lacks = sorted({"embed_dim", "vision_cfg", "text_cfg"} - set(config if isinstance(config, dict) else ()))
    raise TMVError(f"{needs}, and {' and '.join(lacks)} {'is' if len(lacks) == 1 else 'are'} not there.")


def _preprocessing(spec: ModelSpec, known: dict[str, Any]) -> Preprocessing:
    size = known["size"]
    height, width = (size, size) if isinstance(size, int) else size
    if height != width or int(known.get("fill_color", 0)):
        color = known.get("fill_color")
        raise TMVError(
            f"{spec.name} wants images of {height} x {width} on color {color}, but only "
            "squares on black are supported; choose another model."
        )
    return Preprocessing(
        size=int(height),
        mean=_triple(known["mean"]),
        std=_triple(known["std"]),
        interpolation="bilinear" if known["interpolation"] == "bilinear" else "bicubic",
        resize_mode=known["resize_mode"],
    )


def _triple(value: Any) -> tuple[float, float, float]:
    r, g, b = value if isinstance(value, (list, tuple)) else (value,) * 3
    return float(r), float(g), float(b)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hold back open_clip's log lines about untrained weights: titles and notes say it better."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _versions(library: str) -> dict[str, str]:
    return {name: metadata.version(name) for name in ("torch", library, "pillow")}
