"""Vectors of new texts and pictures: from the text store, from a model in this process, or from the warm one."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.encoders import weights
from core.encoders.service.client import WarmEncoder
from core.errors import Damaged, TMVError, Unwritable
from core.store import TextStore, card_is_damaged, card_path, read_card, write_card
from core.types import FloatArray, ModelSpec, Progress

if TYPE_CHECKING:
    from core.encoders.encoder import LoadedEncoder

TEXT_BLOCK = 4096
"""Texts encoded between two writes: a killed run loses at most this many."""


class Encoding:
    """`in_process` decides who computes: this process, or the encoder process that a web server may ask."""

    def __init__(self, cache_dir: Path, texts: TextStore, *, device: str | None, in_process: bool) -> None:
        self._cache_dir, self._texts, self._device, self._in_process = cache_dir, texts, device, in_process
        self._warm = WarmEncoder(cache_dir)
        self._loaded = dict[str, "LoadedEncoder"]()
        self._lock = threading.Lock()

    def model_digest(self, spec: ModelSpec) -> str | None:
        """The digest of the weights as last loaded; "" when the file here is another one; None when never loaded.

        A damaged card counts as "" where the weights are here (loading them writes it anew), and raises `Damaged` where
        they are not: which of the stored vectors are this model's cannot be told then.
        """
        card = read_card(self._cache_dir, spec.name)
        if card is None and (held := self._loaded.get(spec.name)) is not None:
            card = held.card
        if card is None:
            return self._without_card(spec)
        files = weights.locate(spec)
        if not files:
            return card.model_digest
        here = [weights.file_digest(file, self._cache_dir / "digests") for file in files]
        known = [str(record["sha256"]) for record in card.weights]
        return card.model_digest if sorted(here) == sorted(known) else ""

    def _without_card(self, spec: ModelSpec) -> str | None:
        if not card_is_damaged(self._cache_dir, spec.name):
            return None
        if weights.locate(spec) is not None:
            return ""
        raise Damaged(
            f"{card_path(self._cache_dir, spec.name)}, which says which stored vectors are those of "
            f"{spec.name}, is damaged: copy it again, or bring the weights and embed again."
        )

    def encoder(self, spec: ModelSpec, progress: Progress | None = None) -> LoadedEncoder:
        """The model in this process, loaded again when its weights have changed; its card is kept in the cache."""
        from core.encoders.encoder import load_encoder

        with self._lock:
            held = self._loaded.get(spec.name)
            if held is None or self.model_digest(spec) != held.card.model_digest:
                held = load_encoder(spec.name, self._device, progress)
                with contextlib.suppress(Unwritable):  # a cache that is only read still serves what is in it
                    write_card(self._cache_dir, held.card)
                self._loaded[spec.name] = held
            return held

    def encode_texts(self, spec: ModelSpec, texts: Sequence[str], progress: Progress | None = None) -> FloatArray:
        """(m, d) unnormalised vectors; what is new is encoded and kept block by block."""
        if not self.model_digest(spec):
            self._encode(spec, list(texts[:1]))  # loading the model is what tells its digest
        digest = self.model_digest(spec)
        if not digest:
            raise TMVError(f"The weights of {spec.name} changed while they were being read; try again.")
        vectors, found = self._texts.get(digest, texts)
        if not found.all():
            self._add(spec, digest, {text for text, here in zip(texts, found) if not here}, progress)
            vectors, found = self._texts.get(digest, texts)
        if not found.all():
            raise TMVError(f"Text vectors of {spec.name} did not stay in the cache; check: python -m core verify")
        return vectors

    def _add(self, spec: ModelSpec, digest: str, missing: set[str], progress: Progress | None) -> None:
        # Sorted, because the encoder computes what neighbours have in common only once.
        ordered = sorted(missing)
        for start in range(0, len(ordered), TEXT_BLOCK):
            block = ordered[start : start + TEXT_BLOCK]
            self._texts.put(digest, block, self._encode(spec, block))
            if progress:
                progress(start + len(block), len(ordered))

    def encode_image(self, spec: ModelSpec, picture: bytes) -> FloatArray:
        """(d,) unnormalised vector of one picture file."""
        if not self._in_process:
            return self._warm.encode_image(spec.name, picture)
        from core.images.decode import to_rgb

        encoder = self.encoder(spec)
        vector: FloatArray = encoder.encode_images(encoder.preprocess(to_rgb(picture))[None])[0]
        return vector

    def _encode(self, spec: ModelSpec, texts: list[str]) -> FloatArray:
        if not self._in_process:
            return self._warm.encode_texts(spec.name, texts)
        vectors: FloatArray = self.encoder(spec).encode_texts(texts)
        return vectors
