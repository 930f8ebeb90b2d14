"""The models: the embedded demo first, then the seven of the study; and every other name one can load.

`download_bytes` is rounded (OpenAI stores half precision); `parameters` counts both towers. To add a model,
add a record here and the address of its weights in `WEIGHT_ADDRESSES`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.catalog import registry
from core.catalog.families import training_data_of
from core.catalog.licences import UNKNOWN, licence_of
from core.catalog.parameters import BYTES_EACH, PARAMETERS
from core.errors import BadArgument, TMVError, UnknownName, unknown
from core.types import ModelSpec

HUB, FILE = "hf-hub:", "file:"
DEMO_WEIGHTS = Path(__file__).parents[1] / "demo" / "weights"
WEIGHT_SUFFIXES = (".safetensors", ".pt", ".pth", ".bin", ".ckpt", ".pth.tar", ".pt.tar")

_OPENAI = {
    "library": "clip",
    "pretrained": "openai",
    "training_data": training_data_of("openai"),
    "licence": "MIT (OpenAI's CLIP repository, which publishes the weights)",
    "source_url": "https://github.com/openai/CLIP",
}
_OPEN_CLIP: dict[str, Any] = {"library": "open_clip", "licence": "MIT (model card)"}
_DEMO = {
    "pretrained": "demo",
    "library": "open_clip",
    "training_data": "Generated scenes of this project with generated captions",
    "embed_dim": 128,
    "image_size": 64,
    "licence": "CC BY-SA 4.0 (drawn with OpenMoji glyphs)",
    "source_url": "https://openmoji.org",
}
_LAION_2B, _LAION_400M = training_data_of("laion2b"), training_data_of("laion400m")
_OWN_CODE = re.compile(r"(^|[:/])(jina-clip-|llm2clip|tulip-berkeley/|tulip-(b|l|g|so400m)-)", re.IGNORECASE)
"""Models whose repository on the hub holds a program of its own, without which they do not run."""


def _spec(name: str, **values: Any) -> ModelSpec:
    architecture, pretrained = name.split("/")
    return ModelSpec(name=name, **{"architecture": architecture, "pretrained": pretrained, **values})


def _measured(name: str, **values: Any) -> ModelSpec:
    """A record whose published figures stand in the tables under its own name."""
    spec = _spec(name, **values)
    return replace(spec, published_name=(spec.architecture, spec.pretrained))


MODELS: tuple[ModelSpec, ...] = (
    _spec(
        "demo-vit/demo",
        title="Demo ViT",
        parameters=4_183_041,
        why="A tiny Vision Transformer trained for this project: everything works without a download.",
        **_DEMO,
    ),
    _spec(
        "demo-rn/demo",
        title="Demo ResNet",
        parameters=4_634_649,
        why="A tiny ResNet trained for this project on the same scenes: what another architecture changes.",
        **_DEMO,
    ),
    _measured(
        "ViT-B-32/openai",
        title="OpenAI CLIP ViT-B/32",
        embed_dim=512,
        parameters=151_277_313,
        download_bytes=354_000_000,
        why="The most used CLIP model: fast, and the study's reference.",
        **_OPENAI,
    ),
    _measured(
        "ViT-B-16/openai",
        title="OpenAI CLIP ViT-B/16",
        embed_dim=512,
        parameters=149_620_737,
        download_bytes=351_000_000,
        why="Four times as many patches as ViT-B/32 from the same pairs: what resolution buys.",
        **_OPENAI,
    ),
    _measured(
        "RN50/openai",
        title="OpenAI CLIP ResNet-50",
        embed_dim=1024,
        parameters=102_007_137,
        download_bytes=256_000_000,
        why="The convolutional counterpart: what the Vision Transformer changes.",
        **_OPENAI,
    ),
    _measured(
        "ViT-B-32/laion2b_s34b_b79k",
        title="OpenCLIP ViT-B/32, LAION-2B",
        training_data=_LAION_2B,
        embed_dim=512,
        parameters=151_277_313,
        download_bytes=605_000_000,
        source_url="https://huggingface.co/laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
        why="OpenAI's ViT-B/32 with other training pairs: what the data changes.",
        **_OPEN_CLIP,
    ),
    _measured(
        "ViT-B-16/laion400m_e32",
        title="OpenCLIP ViT-B/16, LAION-400M",
        training_data=_LAION_400M,
        embed_dim=512,
        parameters=149_620_737,
        download_bytes=599_000_000,
        source_url="https://huggingface.co/timm/vit_base_patch16_clip_224.laion400m_e32",
        why="As many pairs as OpenAI used, but open ones: the fairest comparison of the two families.",
        **_OPEN_CLIP,
    ),
    _measured(
        "ViT-L-14/laion2b_s32b_b82k",
        title="OpenCLIP ViT-L/14, LAION-2B",
        training_data=_LAION_2B,
        embed_dim=768,
        parameters=427_616_513,
        download_bytes=1_710_000_000,
        source_url="https://huggingface.co/laion/CLIP-ViT-L-14-laion2B-s32B-b82K",
        why="The largest of the study: what size buys.",
        **_OPEN_CLIP,
    ),
    _measured(
        "convnext_base/laion400m_s13b_b51k",
        title="OpenCLIP ConvNeXt-Base, LAION-400M",
        training_data=_LAION_400M,
        embed_dim=512,
        parameters=151_518_849,
        download_bytes=606_000_000,
        source_url="https://huggingface.co/laion/CLIP-convnext_base-laion400M-s13B-b51K",
        why="A modern convolutional network beside Vision Transformers trained on the same pairs.",
        **_OPEN_CLIP,
    ),
)

_OPENAI_FILES = "https://openaipublic.azureedge.net/clip/models"


def _openai_address(file: str, sha256: str) -> str:
    return f"{_OPENAI_FILES}/{sha256}/{file}"


# An address that ends in "/" is a repository of the hub whose files have open_clip's usual names; the long
# number in OpenAI's addresses is the SHA-256 of the file.
WEIGHT_ADDRESSES: Mapping[str, str] = {
    "ViT-B-32/openai": _openai_address(
        "ViT-B-32.pt", "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af"
    ),
    "ViT-B-16/openai": _openai_address(
        "ViT-B-16.pt", "5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f"
    ),
    "RN50/openai": _openai_address("RN50.pt", "afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762"),
    "ViT-B-32/laion2b_s34b_b79k": "laion/CLIP-ViT-B-32-laion2B-s34B-b79K/",
    "ViT-B-16/laion400m_e32": "timm/vit_base_patch16_clip_224.laion400m_e32/",
    "ViT-L-14/laion2b_s32b_b82k": "laion/CLIP-ViT-L-14-laion2B-s32B-b82K/",
    "convnext_base/laion400m_s13b_b51k": "laion/CLIP-convnext_base-laion400M-s13B-b51K/",
}
_BY_NAME = {spec.name: spec for spec in MODELS}
_LANGUAGE = re.compile(r"@([a-z]{3}_[A-Z][a-z]{3})$")
"""At the end of a name, as NLLB writes languages."""


def find_model(name: str) -> ModelSpec:
    """The record of a model by any of its names.

    A name of the catalog; `ARCHITECTURE/PRETRAINED` as open_clip lists; `ARCHITECTURE/random` (untrained,
    seeded); `hf-hub:ORG/NAME`; `file:CONFIG.json,WEIGHTS.safetensors`. A model with NLLB's tokenizer may have the
    language of its texts behind it (`@deu_Latn`). Raises `UnknownName` with the closest names, and `TMVError` where
    weights trained with QuickGELU are paired with an architecture without it, or where a model runs only with a program
    of its publisher's.
    """
    if name in _BY_NAME:
        return _BY_NAME[name]
    if language := _LANGUAGE.search(name):
        return _in_language(find_model(name[: language.start()]), language[1])
    if _OWN_CODE.search(name) and not name.startswith(FILE):
        raise needs_own_code(name)
    if name.startswith(HUB):
        return _hub_model(name)
    if name.startswith(FILE):
        return _file_model(name)
    architecture, _, pretrained = name.rpartition("/")
    if pretrained == "random" and architecture in registry.architectures():
        return _random_model(architecture)
    table = registry.published_weights()
    if not table and architecture in registry.architectures():
        return _listed(architecture, pretrained)
    if (architecture, pretrained) not in table:
        raise unknown("model", name, [*_BY_NAME, *("/".join(pair) for pair in table if _fits(pair))])
    if not _fits((architecture, pretrained)):
        raise quick_gelu_mismatch(architecture, pretrained)
    return _listed(architecture, pretrained)


@lru_cache(maxsize=1)
def every_model() -> tuple[ModelSpec, ...]:
    """The catalog, then every other pair of architecture and weights that the installed open_clip lists."""
    listed = ("/".join(pair) for pair in sorted(registry.published_weights()) if _fits(pair))
    return MODELS + tuple(find_model(name) for name in listed if name not in _BY_NAME)


def _in_language(spec: ModelSpec, language: str) -> ModelSpec:
    """The same model with its texts in another language; published figures are of English ones."""
    if spec.pretrained not in ("hub", "file") and not spec.architecture.startswith("nllb"):
        raise UnknownName(
            f"The texts of {spec.name} have no language to choose ({language}): only models with NLLB's tokenizer do, "
            "for example nllb-clip-base/v1@deu_Latn."
        )
    title = f"{spec.title}, texts in {language}"
    return replace(spec, name=f"{spec.name}@{language}", title=title, language=language, published_name=None)


def config_and_weights(spec: ModelSpec) -> tuple[Path, Path] | None:
    """The configuration and weights of a model that lies in two files (`file:` and the demo), or None."""
    if spec.name.startswith(FILE):
        config, _, weights = spec.weights_name.removeprefix(FILE).rpartition(",")
        return Path(config).expanduser(), Path(weights).expanduser()
    if spec.family == "demo":
        return DEMO_WEIGHTS / f"{spec.architecture}.json", DEMO_WEIGHTS / f"{spec.architecture}.safetensors"
    return None


def _hub_model(name: str) -> ModelSpec:
    repository = name.removeprefix(HUB)
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise UnknownName(f"A model of the hub is written hf-hub:ORG/NAME, got {name!r}.")
    return ModelSpec(
        name=name,
        title=repository,
        architecture=repository,
        pretrained="hub",
        library="open_clip",
        source_url=f"https://huggingface.co/{repository}",
        licence=UNKNOWN,
    )


def _file_model(name: str) -> ModelSpec:
    config, comma, weights = name.removeprefix(FILE).rpartition(",")
    if not comma or not config.endswith(".json") or not weights.endswith(WEIGHT_SUFFIXES):
        raise UnknownName(f"A model in files is written file:CONFIG.json,WEIGHTS.safetensors, got {name!r}.")
    stem = Path(weights).stem
    return ModelSpec(
        name=name,
        title=f"{stem} (own file)",
        architecture=Path(config).stem,
        pretrained="file",
        library="open_clip",
        licence="your own",
    )


def _random_model(architecture: str) -> ModelSpec:
    return replace(
        _listed(architecture, "random"),
        title=f"{architecture}, untrained (random weights)",
        training_data="none: untrained, for measurements of speed only",
        licence="none needed",
        source_url="",
    )


def needs_own_code(name: str) -> TMVError:
    """A model of the hub that open_clip cannot build from a configuration alone."""
    return BadArgument(
        f"{name} needs the program code of its repository on the hub, and code from the hub is never run here; choose "
        "a model that open_clip builds itself, such as ViT-B-16-SigLIP2/webli."
    )


def quick_gelu_mismatch(architecture: str, pretrained: str) -> TMVError:
    """Weights trained with QuickGELU under an architecture without it: the vectors would be subtly wrong."""
    return TMVError(
        f"The weights {pretrained!r} were trained with QuickGELU, which {architecture} does not use; "
        f"the right name is {architecture}-quickgelu/{pretrained}."
    )


def _fits(pair: tuple[str, str]) -> bool:
    """Whether the architecture uses QuickGELU if the weights were trained with it."""
    trained = registry.published_weights()[pair].quick_gelu
    return not trained or bool(registry.architecture_config(pair[0]).get("quick_gelu"))


def _listed(architecture: str, pretrained: str) -> ModelSpec:
    config = registry.architecture_config(architecture)
    size = config.get("vision_cfg", {}).get("image_size", 224)
    return ModelSpec(
        name=f"{architecture}/{pretrained}",
        title=f"{architecture}, {pretrained}",
        architecture=architecture,
        pretrained=pretrained,
        library="open_clip",
        embed_dim=int(config.get("embed_dim", 0)),
        image_size=int(size if isinstance(size, int) else size[0]),
        training_data=training_data_of(pretrained),
        licence=licence_of(f"{architecture}/{pretrained}"),
        parameters=PARAMETERS.get(architecture, 0),
        download_bytes=PARAMETERS.get(architecture, 0) * BYTES_EACH,
        source_url="https://github.com/mlfoundations/open_clip",
    )
