"""Names as people say them: "ViT-B/32 · OpenAI" for `ViT-B-32/openai`. The exact name stays beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Literal

from core.catalog.datasets import find_dataset
from core.types import ModelSpec, TMVError

Family = Literal["openai", "open_clip", "demo", "other"]

_ARCHITECTURES = (
    (re.compile(r"^demo-vit$"), "Demo ViT"),
    (re.compile(r"^demo-rn$"), "Demo ResNet"),
    (re.compile(r"^ViT-([A-Za-z]+)-(\d+)(.*)$"), r"ViT-\1/\2\3"),
    (re.compile(r"^RN(\d+)(.*)$"), r"ResNet-\1\2"),
)
_TRAINING = (
    ("openai", "OpenAI"),
    ("laion2b", "LAION-2B"),
    ("laion400m", "LAION-400M"),
    ("laion5b", "LAION-5B"),
    ("datacomp", "DataComp"),
    ("commonpool", "CommonPool"),
    ("metaclip", "MetaCLIP"),
    ("dfn", "DFN"),
    ("webli", "WebLI"),
    ("random", "random, untrained"),
    ("demo", ""),
)
_METRICS = {
    "acc1": "Top-1 accuracy",
    "acc5": "Top-5 accuracy",
    "mean_per_class_recall": "Mean per-class recall",
    "train_acc1": "Probe, train accuracy",
    "test_acc1": "Probe, test accuracy",
}


def model_parts(model: ModelSpec | str) -> tuple[str, str]:
    """(architecture, pretrained) of a record or a name of any form."""
    if isinstance(model, ModelSpec):
        return model.architecture, model.pretrained
    if model.startswith("hf-hub:"):
        return model.removeprefix("hf-hub:"), "hub"
    if model.startswith("file:"):
        return PurePath(model.removeprefix("file:").split(",")[0]).stem, "file"
    architecture, _, pretrained = model.rpartition("/")
    return (architecture, pretrained) if architecture else (pretrained, "")


def model_family(model: ModelSpec | str) -> Family:
    """Whose model it is, by its name alone."""
    architecture, pretrained = model_parts(model)
    return ModelSpec("", "", architecture, pretrained or "file", "open_clip").family


def say_model(model: ModelSpec | str) -> str:
    """ "ViT-B/32 · OpenAI" for `ViT-B-32/openai`."""
    return " · ".join(filter(None, say_parts(model)))


def say_parts(model: ModelSpec | str) -> tuple[str, str]:
    """What people call the architecture, and the training data or maker ("" where nothing is to add)."""
    architecture, pretrained = model_parts(model)
    if pretrained in ("hub", "file"):
        return architecture, ""
    return _say_architecture(architecture), _say_training(pretrained)


def _say_architecture(architecture: str) -> str:
    if architecture.startswith("convnext_"):
        return "-".join(["ConvNeXt", *(part.capitalize() for part in architecture.split("_")[1:])])
    for pattern, said in _ARCHITECTURES:
        if pattern.match(architecture):
            return pattern.sub(said, architecture)
    return architecture


def _say_training(pretrained: str) -> str:
    return next((said for start, said in _TRAINING if pretrained.startswith(start)), pretrained)


def short_names(models: Sequence[ModelSpec | str]) -> tuple[str, ...]:
    """The shortest names that still tell these models apart: only the training data where the architecture is
    the same, only the architecture where the training data is, else both."""
    parts = [say_parts(model) for model in models]
    architectures, training = [list(side) for side in zip(*parts)] if parts else ([], [])
    if len(set(architectures)) == 1 and len(set(training)) == len(parts) > 1 and all(training):
        return tuple(training)
    if len(set(training)) == 1 and len(set(architectures)) == len(parts):
        return tuple(architectures)
    full = [say_model(model) for model in models]
    exact = [model.name if isinstance(model, ModelSpec) else model for model in models]
    return tuple(name if full.count(name) == 1 else exact[i] for i, name in enumerate(full))


def say_dataset(name: str) -> str:
    """ "Food-101" for `food101`; the folder or file name of people's own data."""
    if ":" in name:
        return PurePath(name.split(":", 1)[1].rstrip("/")).name or name
    try:
        return find_dataset(name).title
    except TMVError:
        return name


def say_metric(metric: str) -> str:
    """ "Top-1 accuracy" for `acc1`; "Text finds picture, recall@5" for `image_retrieval_recall@5`."""
    if metric in _METRICS:
        return _METRICS[metric]
    said = metric.replace("image_retrieval_", "Text finds picture, ")
    return said.replace("text_retrieval_", "Picture finds text, ").replace("_", " ")
