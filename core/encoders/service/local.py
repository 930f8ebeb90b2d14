"""Vectors of new texts and pictures: from the text store, from a model in this process, or from the warm one."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from core.catalog.models import find_model
from core.encoders import weights
from core.encoders.asked import AUTO, asked_precision
from core.encoders.service.client import WarmEncoder
from core.encoders.text_files import SHORT
from core.errors import Damaged, TMVError, Unwritable
from core.store import TextStore, card_is_damaged, card_path, read_card, write_card
from core.system.progress import Progress
from core.types import FloatArray, ModelCard

if TYPE_CHECKING:
    from core.encoders.encoder import LoadedEncoder

TEXT_BLOCK = 4096
"""Texts encoded between two writes: a killed run loses at most this many."""


class Encoding:
    """Of models by name. `in_process` decides who computes: this process, or the encoder process that a web server may
    ask; `texts` holds what was computed."""

    def __init__(
        self, cache_dir: Path, texts: TextStore, *, device: str | None, in_process: bool, precision: str | None = None
    ) -> None:
        self._cache_dir, self.texts, self._device, self._in_process = cache_dir, texts, device, in_process
        self._asked = precision
        self._warm = WarmEncoder(cache_dir)
        self._loaded = dict[str, "LoadedEncoder"]()
        self._lock = threading.Lock()

    @property
    def device(self) -> str | None:
        """The device as it was asked for; None where nobody did."""
        return self._device

    @property
    def asked(self) -> str | None:
        """The precision as it was asked for; None where nobody did."""
        return self._asked

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices that embed, each with a process of its own where there are several: those asked for ("cuda:0,
        cuda:1"), or every CUDA device of this machine; () for this process and its one device."""
        from core.encoders.asked import asked_devices

        return asked_devices(self._device)

    @property
    def precision(self) -> str | None:
        """The one that was asked for by name; None where the machine decides. Raises `TMVError` for an unknown one."""
        asked = asked_precision(self._asked)
        return None if asked == AUTO else asked

    def check_precision(self) -> None:
        """Raise `BadArgument` where the one that was asked for is unknown, or none of this machine's: before any long
        work that would need it. A process that may not load models looks at its name alone."""
        asked = self.precision
        if not self._in_process or asked in (None, "fp32"):
            return
        from core.encoders.device import resolve_device
        from core.encoders.precision import candidates

        candidates(str(asked), resolve_device(self._device), 0)

    def usable_card(self, model: str) -> ModelCard | None:
        """The card, where the weights here are those it tells of and the precision is one that may be used now."""
        card = self.card(model) if self.model_digest(model) else None
        return card if card is not None and self.precision in (None, card.precision) else None

    def card(self, model: str) -> ModelCard | None:
        """What loading the model told, when it was last loaded; None when never."""
        return read_card(self._cache_dir, model)

    def model_digest(self, model: str) -> str | None:
        """The digest of the weights as last loaded; "" when the file here is another one; None when never loaded.

        A damaged card counts as "" where the weights are here (loading them writes it anew), and raises `Damaged` where
        they are not: which of the stored vectors are this model's cannot be told then.
        """
        spec = find_model(model)
        card = self.card(spec.name)
        if card is None and (held := self._loaded.get(spec.name)) is not None:
            card = held.card
        if card is None:
            if not card_is_damaged(self._cache_dir, spec.name):
                return None
            if weights.locate(spec) is not None:
                return ""
            raise Damaged(
                f"{card_path(self._cache_dir, spec.name)}, which says which stored vectors are those of "
                f"{spec.name}, is damaged: copy it again, or bring the weights and embed again."
            )
        files = weights.locate(spec)
        if files is None or not files.paths:
            return card.model_digest
        here = [weights.file_digest(file, self._cache_dir / "digests") for file in files.paths]
        known = [str(record["sha256"]) for record in card.weights]
        return card.model_digest if sorted(here) == sorted(known) else ""

    def encoder(self, model: str, progress: Progress | None = None) -> LoadedEncoder:
        """The model in this process, loaded again when its weights have changed; its card is kept in the cache."""
        from core.encoders.encoder import load_encoder

        name = find_model(model).name
        with self._lock:
            held = self._loaded.get(name)
            if held is None or self.model_digest(name) != held.card.model_digest:
                held = load_encoder(name, self._device, progress, precision=self._asked)
                with contextlib.suppress(Unwritable):  # a cache that is only read still serves what is in it
                    write_card(self._cache_dir, held.card)
                self._loaded[name] = held
            return held

    def encode_texts(self, model: str, texts: Sequence[str], progress: Progress | None = None) -> FloatArray:
        """(m, d) unnormalised vectors; what is new is encoded and kept block by block.

        Raises `EncoderWarming` when this process may not load models and the encoder process is not up yet.
        """
        name = find_model(model).name
        if not self.model_digest(name):
            self._encode(name, list(texts[:1]))  # loading the model is what tells its digest
        digest = self.model_digest(name)
        if not digest:
            raise TMVError(f"The weights of {name} changed while they were being read; try again.")
        vectors, found = self.texts.get(digest, texts)
        if not found.all():
            self._add(name, digest, {text for text, here in zip(texts, found, strict=True) if not here}, progress)
            vectors, found = self.texts.get(digest, texts)
        if not found.all():
            raise TMVError(f"Text vectors of {name} did not stay in the cache; check: python -m core verify")
        return vectors

    def mistaken_texts(self, model: str, texts: Sequence[str], how: str, encode: bool) -> FloatArray | None:
        """(m, d) of texts that are not cleaned or not filled up (`LoadedEncoder.mistaken_texts`), kept under a digest
        of their own; None where they are not there and may not (or, in a web process, cannot) be encoded."""
        name, wanted = find_model(model).name, list(dict.fromkeys(texts))
        if not (digest := self.model_digest(name)):
            return None
        # Filled up to the longest, a text's vector hangs on what it is encoded with.
        among = sha256("\n".join(wanted).encode()).hexdigest() if how == SHORT else ""
        own = sha256(f"{digest} {how} {among}".encode()).hexdigest()
        vectors, found = self.texts.get(own, texts)
        if not found.all():
            if not encode or not self._in_process:
                return None
            self.texts.put(own, wanted, self.encoder(name).mistaken_texts(wanted, how))
            vectors, found = self.texts.get(own, texts)
        return vectors if found.all() else None

    def missing_texts(self, model: str, texts: Sequence[str]) -> tuple[str, ...]:
        """Those of the texts that have no vectors of this model, each once."""
        wanted, digest = list(dict.fromkeys(texts)), self.model_digest(model)
        if not digest or not wanted:
            return tuple(wanted)
        _, found = self.texts.get(digest, wanted)
        return tuple(text for text, there in zip(wanted, found, strict=True) if not there)

    def warm(self, model: str) -> None:
        """Have the encoder process load this model, so that the first new text need not wait; does not wait itself."""
        if not self._in_process:
            self._warm.warm(find_model(model).name)

    def _add(self, name: str, digest: str, missing: set[str], progress: Progress | None) -> None:
        # Sorted, because the encoder computes what neighbours have in common only once.
        ordered = sorted(missing)
        for start in range(0, len(ordered), TEXT_BLOCK):
            block = ordered[start : start + TEXT_BLOCK]
            self.texts.put(digest, block, self._encode(name, block))
            if progress:
                progress(start + len(block), len(ordered))

    def encode_image(self, model: str, picture: bytes) -> FloatArray:
        """(d,) unnormalised vector of one picture file, for example an upload."""
        name = find_model(model).name
        if not self._in_process:
            return self._warm.encode_image(name, picture)
        from core.images.decode import to_rgb

        encoder = self.encoder(name)
        vector: FloatArray = encoder.encode_images(encoder.preprocess(to_rgb(picture))[None])[0]
        return vector

    def _encode(self, name: str, texts: list[str]) -> FloatArray:
        if not self._in_process:
            return self._warm.encode_texts(name, texts)
        vectors: FloatArray = self.encoder(name).encode_texts(texts)
        return vectors
