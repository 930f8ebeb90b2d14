"""A loaded model: pictures and texts to vectors, and the card that says how."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.catalog.models import find_model
from core.encoders import parity, weights
from core.encoders.device import resolve_device
from core.encoders.images import ImagePath, choose_image_path
from core.encoders.libraries import Built, build
from core.encoders.preprocess import Preprocess
from core.encoders.texts import Encode, TextPath, call_library, choose_text_path
from core.errors import TMVError
from core.system.progress import Progress
from core.types import ENCODING, FloatArray, ModelCard, ModelSpec, Note

# What every path is compared on: shared and unlike beginnings, nothing, a repetition, and more than fits.
PARITY_TEXTS = (
    "a photo of a cat",
    "a photo of a flying white bird over the sea",
    "two red apples",
    "",
    "a photo of a cat",
    "a photo of a " + "very " * 90 + "long road",
)


class LoadedEncoder:
    """One model in memory. Vectors come unnormalised, float32. Everything may be called from several threads.

    `batch_size` is how many pictures one call of `encode_images` does best; on a CPU each core should work on
    batches of its own with torch set to one thread.
    """

    def __init__(self, spec: ModelSpec, built: Built, files: Sequence[dict[str, Any]], device: str) -> None:
        model, size = built.model.to(device), built.preprocessing.size
        digest = _model_digest(spec, built, files)
        self.spec, self.device, self._model, self._tokenize = spec, device, model, built.tokenize
        self.preprocess = Preprocess(built.preprocessing)
        self.logit_scale = float(model.logit_scale.detach().exp().item())
        bias = getattr(model, "logit_bias", None)  # a model with one was trained on pairs, each by itself
        self.batch_size = _batch_size(model, device)
        self._text_lock = threading.Lock()
        with torch.inference_mode():
            tokens = built.tokenize(PARITY_TEXTS).to(device)
            self._images = choose_image_path(model, size, device)
            self._texts = choose_text_path(model, tokens)
            self.precision, note = _choose_precision(self._images, self._texts, tokens, size, device)
            self._embed_dim = int(self._texts.encode(tokens[:1]).shape[1])
        if self._images.own_weights:
            model.visual = _Stub(model.visual)
        self.card = ModelCard(
            name=spec.name,
            model_digest=digest,
            preprocessing=built.preprocessing,
            precision=self.precision,
            device=device,
            logit_scale=self.logit_scale,
            score_function="softmax" if bias is None else "sigmoid",
            logit_bias=0.0 if bias is None else float(bias.detach().item()),
            embed_dim=self._embed_dim,
            context_length=built.context_length,
            text_path=self._texts.name,
            versions=built.versions,
            weights=tuple(files),
            notes=(*built.notes, *_notes(spec, self._images.note, self._texts.note, note)),
        )

    def encode_images(self, batch: torch.Tensor) -> FloatArray:
        """(b, 3, s, s) preprocessed pixels -> (b, d)."""
        with torch.inference_mode(), _half(self.precision):
            return _numpy(self._images.encode(batch.to(self.device)))

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """m texts -> (m, d), in their order; a text too long for the model is cut as its tokenizer does."""
        return self._encode_texts(texts, self._texts.encode)

    def full_texts(self, texts: Sequence[str]) -> FloatArray:
        """The same by the library's own call on whole rows: slow, the measure of every faster path."""
        return self._encode_texts(texts, lambda tokens: call_library(self._model, tokens))

    def _encode_texts(self, texts: Sequence[str], encode: Encode) -> FloatArray:
        if not len(texts):
            return np.empty((0, self._embed_dim), np.float32)
        with self._text_lock, torch.inference_mode(), _half(self.precision):
            return _numpy(encode(self._tokenize(texts).to(self.device)))


class _Stub(torch.nn.Module):
    """Takes the place of an image encoder whose packed copy is in use, so that its weights are given back.

    Its first layer stays: OpenAI's clip asks it for the model's number format, also for texts.
    """

    def __init__(self, visual: Any) -> None:
        super().__init__()
        self.conv1 = getattr(visual, "conv1", None)


def load_encoder(
    name: str, device: str | None = None, progress: Progress | None = None, memo_dir: Path | None = None
) -> LoadedEncoder:
    """Load a model by any of its names, bringing its weights first if they are not here.

    `progress` counts bytes of a download; `memo_dir` remembers checksums of weight files. Raises
    `UnknownName`, `NotHere` (no weights and no network) or `TMVError` (unsafe or wrong files), each with
    what to do.
    """
    spec = find_model(name)
    device = resolve_device(device)
    files = weights.locate(spec)
    if files is None:
        files = weights.download(spec, progress)
    records = [_record(path, memo_dir) for path in files.paths]
    # OpenAI's files are known by their checksum; any other file under their name is not their model
    known = weights.expected_sha256(spec)
    if known and records[-1]["sha256"] != known:
        raise TMVError(
            f"{records[-1]['path']} is not the file that OpenAI published as {spec.name} (its "
            "checksum differs); remove it and load the model again."
        )
    return LoadedEncoder(spec, build(spec, files), records, device)


def _choose_precision(
    images: ImagePath, texts: TextPath, tokens: torch.Tensor, size: int, device: str
) -> tuple[str, str]:
    """Half precision on CUDA if it stays close to float32 on pictures and texts, and what was found."""
    if not device.startswith("cuda"):
        return "fp32", ""
    pixels = torch.randn(8, 3, size, size, generator=parity.generator()).to(device)
    wanted = images.encode(pixels), texts.encode(tokens)
    with _half("fp16"):
        found = images.encode(pixels), texts.encode(tokens)
    far = max(parity.difference(f, w) for f, w in zip(found, wanted, strict=True))
    if far <= parity.HALF_LIMIT:
        return "fp16", f"half precision is used: {far:.0e} from float32"
    return "fp32", f"half precision is not used: {far:.0e} from float32"


def _half(precision: str) -> contextlib.AbstractContextManager[None]:
    return torch.autocast("cuda", torch.float16) if precision == "fp16" else contextlib.nullcontext()


def _notes(spec: ModelSpec, *notes: str) -> tuple[Note, ...]:
    untrained = Note("Untrained: random weights, for measurements of speed only.", "untrained", "warning")
    said = tuple(Note(note, ENCODING) for note in notes if note)
    return (untrained, *said) if spec.pretrained == "random" else said


def _record(path: Path, memo_dir: Path | None) -> dict[str, Any]:
    stat = path.stat()
    return {
        "path": str(path),
        "size": stat.st_size,
        "mtime_ns": stat.st_mtime_ns,
        "ctime_ns": stat.st_ctime_ns,
        "sha256": weights.file_digest(path, memo_dir),
    }


def _model_digest(spec: ModelSpec, built: Built, files: Sequence[dict[str, Any]]) -> str:
    """Covers the content of the weights, the configuration and the library."""
    content = [f["sha256"] for f in files] or [_tensors_digest(built.model)]
    known = {"library": spec.library, "config": built.config, "weights": content}
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def _tensors_digest(model: Any) -> str:
    """Untrained weights have no file; torch's generator may change, so their numbers are hashed."""
    seen = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        seen.update(name.encode())
        seen.update(tensor.cpu().contiguous().numpy().tobytes())
    return seen.hexdigest()


def _batch_size(model: Any, device: str) -> int:
    """Small on a CPU, where every core works on a batch of its own that should stay in its cache."""
    if device != "cpu":
        return 128
    return 8 if hasattr(model.visual, "layer1") else 16


def _numpy(vectors: torch.Tensor) -> FloatArray:
    found: FloatArray = vectors.float().cpu().numpy()
    return found
