"""A loaded model: pictures and texts to vectors, and the card that says how."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core import weights
from core.catalog.models import find_model
from core.encoders.device import resolve_device
from core.encoders.libraries import Built, build
from core.encoders.preprocess import Preprocess
from core.types import FloatArray, ModelCard, ModelSpec, Progress

FULL_TEXT_BATCH = 32


class LoadedEncoder:
    """One model in memory. Vectors come unnormalised, float32. Everything may be called from several
    threads.
    """

    def __init__(self, spec: ModelSpec, built: Built, files: Sequence[dict[str, Any]], device: str) -> None:
        self.spec, self.device, self.precision = spec, device, "fp32"
        self._built, self._model = built, built.model.to(device)
        self.preprocess = Preprocess(built.preprocessing)
        self.logit_scale = float(self._model.logit_scale.detach().exp().item())
        self.batch_size = _batch_size(self._model, device)
        self._text_lock = threading.Lock()
        self.card = self._card(files)

    def encode_images(self, batch: torch.Tensor) -> FloatArray:
        """(b, 3, s, s) preprocessed pixels -> (b, d)."""
        with torch.inference_mode():
            return _numpy(self._model.encode_image(batch.to(self.device)))

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """m texts -> (m, d), in their order; a text too long for the model is cut as its tokenizer does."""
        return self.full_texts(texts)

    def full_texts(self, texts: Sequence[str]) -> FloatArray:
        """The same by the library's own call on whole rows of tokens: slow, the measure of every faster
        path.
        """
        if not texts:
            return np.empty((0, self.card.embed_dim), np.float32)
        with self._text_lock, torch.inference_mode():
            tokens = self._built.tokenize(texts).to(self.device)
            parts = [self._model.encode_text(rows) for rows in torch.split(tokens, FULL_TEXT_BATCH)]
            return _numpy(torch.cat(parts))

    def _card(self, files: Sequence[dict[str, Any]]) -> ModelCard:
        built = self._built
        size = built.preprocessing.size
        probe = self.encode_images(torch.zeros(1, 3, size, size))
        return ModelCard(
            name=self.spec.name, model_digest=_model_digest(self.spec, built, files),
            preprocessing=built.preprocessing, precision=self.precision, device=self.device,
            logit_scale=self.logit_scale, embed_dim=probe.shape[1], context_length=built.context_length,
            text_path="full", versions=built.versions, weights=tuple(files), notes=(),
        )


def load_encoder(
    name: str,
    device: str | None = None,
    progress: Progress | None = None,
    memo_dir: Path | None = None,
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
    records = [_record(path, memo_dir) for path in files]
    return LoadedEncoder(spec, build(spec, files), records, device)


def _record(path: Path, memo_dir: Path | None) -> dict[str, Any]:
    stat = path.stat()
    return {"path": str(path), "size": stat.st_size, "mtime_ns": stat.st_mtime_ns,
            "ctime_ns": stat.st_ctime_ns, "sha256": weights.file_digest(path, memo_dir)}


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
