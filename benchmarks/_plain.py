"""Answers as someone would make them with open_clip and torchvision alone, right or with a mistake: what the audit is
shown without knowing how it came about. Nothing of the product makes them, so that a mistake is not found by itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
WEIGHTS = Path(__file__).parents[1] / "core" / "demo" / "weights"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Someone's script: what it does to images, texts and rows; right by default."""

    templates: tuple[str, ...] = ("a photo of a {}.",)
    filter: str = "BICUBIC"
    resize: Any = "short"
    mean: Sequence[float] = MEAN
    std: Sequence[float] = STD
    swapped: bool = False
    grey: bool = False
    plain: bool = False
    training: bool = False
    batch: int = 64
    quick_gelu: bool = False
    half: bool = False
    heads: Callable[[Any], Any] | None = None
    names: Callable[[str], str] = field(default=str)


class Plain:
    """One of the demo's models, as open_clip's own classes make it of its two files."""

    def __init__(self, name: str) -> None:
        self._config = json.loads((WEIGHTS / f"{name}.json").read_text())
        self._file = WEIGHTS / f"{name}.safetensors"

    def answers(self, images: Sequence[Path], names: Sequence[str], script: Script) -> NDArray[np.int64]:
        """(n,) the class of each image."""
        import torch

        model = self._load(script)
        transform = _transform(script, self._config["vision_cfg"]["image_size"])
        with torch.inference_mode():
            heads = self._heads(model, names, script)
            found = []
            for start in range(0, len(images), script.batch):
                pixels = torch.stack([transform(path) for path in images[start : start + script.batch]])
                pixels = pixels.bfloat16() if script.half else pixels
                vectors = model.encode_image(pixels).float()
                found.append((vectors / vectors.norm(dim=-1, keepdim=True) @ heads.T).argmax(dim=1))
        answers: NDArray[np.int64] = torch.cat(found).numpy()
        return answers

    def _load(self, script: Script) -> Any:
        import open_clip
        from safetensors.torch import load_file

        model = open_clip.CLIP(**self._config, quick_gelu=script.quick_gelu)
        model.load_state_dict(load_file(self._file), strict=False)
        model.train(script.training)
        if script.half:
            model.visual.bfloat16()
        return model

    def _heads(self, model: Any, names: Sequence[str], script: Script) -> Any:
        import open_clip
        import torch

        tokenize = open_clip.SimpleTokenizer(context_length=self._config["text_cfg"]["context_length"])
        texts = [[t.replace("{}", script.names(name)) for name in names] for t in script.templates]
        vectors = torch.stack([model.encode_text(tokenize(row)) for row in texts])
        if script.heads is not None:
            return script.heads(vectors)
        mean = (vectors / vectors.norm(dim=-1, keepdim=True)).mean(dim=0)
        return mean / mean.norm(dim=-1, keepdim=True)


def _transform(script: Script, size: int) -> Callable[[Path], Any]:
    from PIL import Image
    from torchvision import transforms

    resample = transforms.InterpolationMode[script.filter]
    resized = size if script.resize == "short" else script.resize
    steps: list[Any] = [transforms.Resize(resized, resample), transforms.CenterCrop(size)]
    steps += [transforms.Grayscale(3)] if script.grey else []
    steps += [transforms.ToTensor()]
    steps += [transforms.Lambda(lambda pixels: pixels[[2, 1, 0]])] if script.swapped else []
    steps += [] if script.plain else [transforms.Normalize(script.mean, script.std)]
    made = transforms.Compose(steps)
    return lambda path: made(Image.open(path).convert("RGB"))


RIGHT = Script()
SCRIPTS: dict[str, tuple[Script, str]] = {
    "channels swapped": (replace(RIGHT, swapped=True), "bgr"),
    "ImageNet's mean and deviation": (replace(RIGHT, mean=IMAGENET[0], std=IMAGENET[1]), "imagenet-mean"),
    "a mean and deviation of 0.5": (replace(RIGHT, mean=(0.5,) * 3, std=(0.5,) * 3), "half-mean"),
    "not normalized": (replace(RIGHT, plain=True), "not-normalized"),
    "nearest": (replace(RIGHT, filter="NEAREST"), "nearest"),
    "bilinear": (replace(RIGHT, filter="BILINEAR"), "bilinear"),
    "enlarged, then cropped": (replace(RIGHT, resize=73), "enlarged"),
    "grayscale": (replace(RIGHT, grey=True), "grey"),
    "training mode, batches of 64": (replace(RIGHT, training=True), "training-64"),
    "training mode, batches of 40": (replace(RIGHT, training=True, batch=40), "training"),
    "class vectors not normalized": (replace(RIGHT, heads=lambda v: v.mean(dim=0)), "raw-class-vectors"),
    "the other activation": (replace(RIGHT, quick_gelu=True), "activation"),
    "half precision": (replace(RIGHT, half=True), "bf16"),
    "names in upper case": (replace(RIGHT, names=str.upper), "upper-case"),
    "channels swapped, nearest": (replace(RIGHT, swapped=True, filter="NEAREST"), "bgr+nearest"),
    "channels swapped, class vectors not normalized": (
        replace(RIGHT, swapped=True, heads=lambda v: v.mean(dim=0)),
        "bgr+raw-class-vectors",
    ),
    "not normalized, grayscale": (replace(RIGHT, plain=True, grey=True), "grey+not-normalized"),
}
"""Mistakes as scripts, and what the audit calls them; an unusual batch size is nothing that it has a row for."""
