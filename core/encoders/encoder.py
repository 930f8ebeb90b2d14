"""A loaded model: pictures and texts to vectors, and the card that says how."""

from __future__ import annotations

import hashlib
import json
import math
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.catalog.models import find_model
from core.encoders import parity, weights
from core.encoders.asked import asked_precision
from core.encoders.device import resolve_device
from core.encoders.hub_tokenizer import HubTokenizer
from core.encoders.images import choose_image_path, half_image_path
from core.encoders.libraries import Built, build
from core.encoders.precision import candidates, computing_in
from core.encoders.preprocess import Preprocess
from core.encoders.texts import Encode, call_library, choose_text_path
from core.errors import TMVError
from core.system.progress import Progress
from core.types import ENCODING, FloatArray, ModelCard, ModelSpec, Note

ACCELERATOR_BATCH = 128
LARGE_MODEL, LARGE_MODEL_BATCH = 250_000_000, 4
"""On a CPU."""
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

    def __init__(
        self,
        spec: ModelSpec,
        built: Built,
        files: Sequence[dict[str, Any]],
        device: str,
        *,
        precision: str | None = None,
    ) -> None:
        model, size = built.model.to(device), built.preprocessing.size
        digest = _model_digest(spec, built, files)
        self.spec, self.device, self._model, self._tokenize = spec, device, model, built.tokenize
        self.preprocess = Preprocess(built.preprocessing)
        self.logit_scale = float(model.logit_scale.detach().exp().item())
        bias = getattr(model, "logit_bias", None)  # a model with one was trained on pairs, each by itself
        self.batch_size = _batch_size(model, device, spec.parameters)
        self._text_lock = threading.Lock()
        with torch.inference_mode():
            tokens = built.tokenize(PARITY_TEXTS).to(device)
            self._images = self._exact_images = choose_image_path(model, size, device)
            self._texts = choose_text_path(model, tokens)
            self.precision, found = self._choose_precision(asked_precision(precision), tokens, size)
            self._embed_dim = int(self._texts.encode(tokens[:1]).shape[1])
        del self._exact_images
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
            notes=(*built.notes, *_notes(spec, self._images.note, self._texts.note), *found),
            batch_size=self.batch_size,
        )

    def encode_images(self, batch: torch.Tensor) -> FloatArray:
        """(b, 3, s, s) preprocessed pixels -> (b, d)."""
        with torch.inference_mode(), computing_in(self.precision, self.device):
            return _numpy(self._images.encode(batch.to(self.device)))

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """m texts -> (m, d), in their order; a text too long for the model is cut as its tokenizer does."""
        return self._encode_texts(texts, self._texts.encode)

    def full_texts(self, texts: Sequence[str]) -> FloatArray:
        """The same by the library's own call on whole rows: slow, the measure of every faster path."""
        return self._encode_texts(texts, lambda tokens: call_library(self._model, tokens))

    def mistaken_texts(self, texts: Sequence[str], how: str) -> FloatArray:
        """What comes out where texts are not cleaned, or filled up to the longest only (`text_files.UNCLEANED`,
        `SHORT`): for the audit of answers that someone brings. Needs a tokenizer of the hub."""
        config, files = weights.text_config(self.spec), weights.locate_text(self.spec)
        if config is None or not config.tokenizer or not files:
            raise TMVError(f"{self.spec.name} has no tokenizer of the hub, with which these mistakes are made.")
        own = HubTokenizer(files, replace(config, context_length=self.card.context_length))
        rows = torch.from_numpy(own.mistaken(texts, how)).to(self.device)
        with self._text_lock, torch.inference_mode(), computing_in(self.precision, self.device):
            return _numpy(call_library(self._model, rows))

    def _encode_texts(self, texts: Sequence[str], encode: Encode) -> FloatArray:
        if not len(texts):
            return np.empty((0, self._embed_dim), np.float32)
        with self._text_lock, torch.inference_mode(), computing_in(self.precision, self.device):
            return _numpy(encode(self._tokenize(texts).to(self.device)))

    def _choose_precision(self, asked: str, tokens: torch.Tensor, size: int) -> tuple[str, tuple[Note, ...]]:
        """The first format that stays close to float32, and what was found. One that was asked for by name is taken,
        with a warning where it is further. Raises `TMVError` where nothing finite comes out of it."""
        parameters, tried = sum(p.numel() for p in self._model.visual.parameters()), 0.0
        for precision in candidates(asked, self.device, parameters):
            far = self._try(precision, tokens, size)
            if precision == "fp32":
                return precision, (
                    Note(f"half precision is not used: {tried:.0e} from float32", ENCODING),
                ) if tried else ()
            if far <= parity.HALF_LIMIT:
                return precision, (Note(f"{precision} is used: {far:.0e} from float32", ENCODING),)
            tried = far
        if not math.isfinite(tried):
            raise TMVError(
                f"{self.spec.name} gives no finite vectors in {asked}; choose fp32 (--precision or TMV_PRECISION)."
            )
        said = f"{asked} was asked for, and is {tried:.0e} of a vector's length from float32"
        return asked, (
            Note(f"{said}, more than {parity.HALF_LIMIT:.0e}: numbers may differ.", "far_from_float32", "warning"),
        )

    def _try(self, precision: str, tokens: torch.Tensor, size: int) -> float:
        """How far this precision is from float32 on random pixels, and on texts where they are computed in it. A CPU's
        way to encode images in it is taken over, and given back by the next."""
        if precision == "fp32":
            self._images = self._exact_images
            return 0.0
        if self.device == "cpu":
            self._images = half_image_path(self._model, size)
            return self._images.far
        pixels = torch.randn(8, 3, size, size, generator=parity.generator()).to(self.device)
        with computing_in("fp32", self.device):
            wanted = self._images.encode(pixels), self._texts.encode(tokens)
        with computing_in(precision, self.device):
            halves = self._images.encode(pixels), self._texts.encode(tokens)
        return max(parity.difference(f, w) for f, w in zip(halves, wanted, strict=True))


class _Stub(torch.nn.Module):
    """Takes the place of an image encoder whose packed copy is in use, so that its weights are given back.

    Its first layer stays: OpenAI's clip asks it for the model's number format, also for texts.
    """

    def __init__(self, visual: Any) -> None:
        super().__init__()
        self.conv1 = getattr(visual, "conv1", None)


def load_encoder(
    name: str,
    device: str | None = None,
    progress: Progress | None = None,
    memo_dir: Path | None = None,
    *,
    precision: str | None = None,
) -> LoadedEncoder:
    """Load a model by any of its names, bringing its weights first if they are not here.

    `precision` is one of `asked.PRECISIONS`, None: as `TMV_PRECISION` says. `progress` counts bytes of a download;
    `memo_dir` remembers checksums of weight files. Raises `UnknownName`, `NotHere` (no weights and no network) or
    `TMVError` (unsafe or wrong files), each with what to do.
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
    return LoadedEncoder(spec, build(spec, files), records, device, precision=precision)


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
    known: dict[str, Any] = {"library": spec.library, "config": built.config, "weights": content}
    if spec.language:  # its texts have other vectors
        known["language"] = spec.language
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def _tensors_digest(model: Any) -> str:
    """Untrained weights have no file; torch's generator may change, so their numbers are hashed."""
    seen = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        seen.update(name.encode())
        seen.update(tensor.cpu().contiguous().numpy().tobytes())
    return seen.hexdigest()


def _batch_size(model: Any, device: str, parameters: int) -> int:
    """Small on a CPU, where every core works on a batch of its own that should stay in its cache.

    Fixed by model and kind of device, never by timing, so that any two runs agree to the bit.
    """
    if device != "cpu":
        return ACCELERATOR_BATCH
    if parameters >= LARGE_MODEL:
        return LARGE_MODEL_BATCH
    return 8 if hasattr(model.visual, "layer1") else 16


def _numpy(vectors: torch.Tensor) -> FloatArray:
    found: FloatArray = vectors.float().cpu().numpy()
    return found
