"""Look at everything that came out of a bundle before any of it is used: does each file hold what its place says?"""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote

import numpy as np

from core.bundle.listing import Listing
from core.encoders.carried import check_data
from core.errors import Damaged, NotHere, TMVError
from core.store import Store
from core.store.cards import parse_card
from core.store.checked import is_same
from core.store.manifest import entry_folder
from core.store.verify import entry_problem
from core.system.files import safe_name
from core.types import EmbeddingKey, EmbeddingSet

_ROWS = 65_536


def check_contents(draft: Path, listing: Listing, name: str) -> None:
    """Raise `TMVError` unless every file is a whole part of a cache and belongs to something in the bundle."""
    store = Store(draft)
    folders = {"/".join(path.split("/")[:4]) for path in listing.files if path.startswith("embeddings/")}
    if {entry_folder(Path(), key).as_posix() for key in listing.entries} != folders or not folders:
        raise TMVError(f"{name} lists other entries than it holds; it was refused.")
    try:
        digests = {_entry(store, key) for key in listing.entries}
        _cards(draft, listing, {key.model for key in listing.entries}, digests)
    except (Damaged, NotHere, OSError, ValueError) as error:
        raise TMVError(f"{name} holds vectors or cards that are not whole ({error}); it was refused.") from None
    for digest, folder in text_parts(draft, listing):
        _texts(draft / folder, digest, digests, name)
    _results(draft, listing, name)
    _thumbnails(draft, listing, name)
    _tokenizers(draft, listing, name)


def text_parts(draft: Path, listing: Listing) -> list[tuple[str, str]]:
    """(model digest, folder) of each set of text vectors."""
    folders = sorted({path.rsplit("/", 1)[0] for path in listing.files if path.startswith("texts/")})
    return [(unquote(folder.split("/")[1]), folder) for folder in folders]


def _entry(store: Store, key: EmbeddingKey) -> str:
    """The digest of an entry's weights, after everything in it has been opened."""
    manifest, folder = store.manifest(key), entry_folder(store.root, key)
    if problem := entry_problem(folder, is_same):
        raise Damaged(f"{folder.relative_to(store.root).as_posix()}: {problem}")
    _vectors(store.load(key))
    return manifest.parts.model_digest


def _vectors(images: EmbeddingSet) -> None:
    n, c, m = len(images), len(images.classnames), len(images.captions)
    for array in (images.image_embeddings, images.text_embeddings):
        for start in range(0, 0 if array is None else len(array), _ROWS):
            if array is not None and not np.isfinite(array[start : start + _ROWS]).all():
                raise Damaged(f"{images.key.dataset} has vectors that are not finite")
    pairs = (None, None) if images.label_pairs is None else images.label_pairs.T
    for indices, most, unknown in (
        (images.labels, c, -1),
        (pairs[0], n, 0),
        (pairs[1], c, 0),
        (images.image_index, n, 0),
    ):
        if indices is not None and len(indices) and not unknown <= int(indices.min()) <= int(indices.max()) < most:
            raise Damaged(f"{images.key.dataset} has rows that point nowhere")
    if len(set(images.ids)) < n or (images.image_index is not None and len(images.image_index) != m):
        raise Damaged(f"{images.key.dataset} has rows that do not fit each other")


def _cards(draft: Path, listing: Listing, models: set[str], digests: set[str]) -> None:
    for path in (p for p in listing.files if p.startswith("models/")):
        card = parse_card(draft / path)
        if path != f"models/{safe_name(card.name)}.json" or card.name not in models or card.model_digest not in digests:
            raise Damaged(f"{path} is not the card of a model in it")


def _texts(folder: Path, digest: str, digests: set[str], name: str) -> None:
    try:
        texts = json.loads((folder / "texts.json").read_bytes())
        vectors = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
        fits = isinstance(texts, list) and all(isinstance(text, str) for text in texts)
        fits = fits and vectors.dtype == np.float32 and vectors.ndim == 2 and len(vectors) == len(texts)
        fits = fits and digest in digests and safe_name(digest) == folder.name and bool(np.isfinite(vectors).all())
    except (OSError, ValueError, RecursionError):
        fits = False
    if not fits:
        raise TMVError(f"{name} holds text vectors that are not whole or of no model in it; it was refused.")


def _results(draft: Path, listing: Listing, name: str) -> None:
    listed = {result.file for result in listing.results}
    for path in (p for p in listing.files if p.startswith("results/")):
        try:
            if path not in listed:
                raise ValueError
            if path.endswith(".json"):
                json.loads((draft / path).read_bytes())
        except (ValueError, RecursionError):
            raise TMVError(f"{name} holds a result that is not JSON or not listed ({path}); it was refused.") from None


def _tokenizers(draft: Path, listing: Listing, name: str) -> None:
    """Plain data, and files of a model in it by their checksums."""
    cards = [parse_card(draft / path) for path in listing.files if path.startswith("models/")]
    known = {str(file["sha256"]) for card in cards for file in card.weights}
    try:
        for path, file in listing.tokenizers.items():
            check_data(file, (draft / path).read_bytes())
            if listing.files[path].sha256 not in known:
                raise ValueError(f"{file.name} of {file.repository} is of no model in it")
    except (TMVError, ValueError) as error:
        raise TMVError(f"{name} holds files of a tokenizer that cannot be used: {error}; it was refused.") from None


def _thumbnails(draft: Path, listing: Listing, name: str) -> None:
    """Small pictures go to browsers as they are, so they must be pictures."""
    for path in (p for p in listing.files if p.startswith("thumbnails/")):
        with (draft / path).open("rb") as file:
            head = file.read(12)
        if head[:4] != b"RIFF" or head[8:12] != b"WEBP":
            raise TMVError(f"{name} holds {path}, which is no WebP image; it was refused.")
