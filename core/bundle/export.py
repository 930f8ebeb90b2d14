"""Write a part of the cache as one file, the same bytes for the same content."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePath

import numpy as np

from core.bundle.listing import LISTING, File, Listing, Result
from core.encoders.carried import HubFile
from core.errors import Damaged, NotHere, TMVError
from core.store import Results, Store, TextStore, read_card
from core.store.manifest import MANIFEST, entry_folder
from core.system.files import canonical_json, replacing, safe_name, sha256_file, sha256_text
from core.system.progress import Progress
from core.types import EmbeddingKey, FloatArray, ModelCard

_BLOCK = 1 << 20
_WHEN = (1980, 1, 1, 0, 0, 0)
MemberSource = Path | bytes
MakeThumbnail = Callable[[str, str, str, int], bytes]
"""(data set, split, picture, size) -> webp bytes; raises `TMVError` where the picture is not here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleChoice:
    """What goes into a bundle: these entries; their pictures in these sizes (longest side in pixels); files of the hub
    that the models' tokenizers need."""

    keys: tuple[EmbeddingKey, ...]
    sizes: tuple[int, ...] = ()
    tokenizers: Mapping[HubFile, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """What was written: `entries` sets of vectors, `texts` text vectors, `results`, `thumbnails`, `bytes` of the file;
    `missing_thumbnails` pictures that are not on this machine."""

    file: Path
    entries: tuple[EmbeddingKey, ...]
    texts: int
    results: int
    thumbnails: int
    missing_thumbnails: int
    bytes: int
    tokenizers: int = 0


def export(
    root: Path,
    file: Path,
    choice: BundleChoice,
    thumbnail: MakeThumbnail | None = None,
    progress: Progress | None = None,
) -> ExportReport:
    """Write `file` whole or not at all. `progress` counts bytes. Raises `NotHere` where nothing is chosen, `TMVError`
    where something in the cache is damaged."""
    if not choice.keys:
        raise NotHere("Nothing in the cache fits, so there is nothing to export; see: python -m core verify")
    sources = dict[str, MemberSource]()
    for key in choice.keys:
        sources |= _entry(root, key)
    texts = 0
    for model, digest in sorted({(key.model, Store(root).manifest(key).parts.model_digest) for key in choice.keys}):
        sources |= _card(root, model, digest)
        found, count = _texts(TextStore(root), digest)
        sources, texts = sources | found, texts + count
    results = _results(root, choice.keys)
    sources |= {result.file: value for result, value in results}
    pictures, missing = _thumbnails(root, choice, thumbnail)
    sources |= pictures
    sources |= {f"tokenizers/{f.folder}/{f.commit}/{f.name}": path for f, path in choice.tokenizers.items()}
    listing = Listing(files=_list(sources), entries=choice.keys, results=tuple(result for result, _ in results))
    for key in choice.keys:
        _expect_whole(root, key, listing)
    _expect_same_tokenizers(root, choice, listing)
    _write(file, listing, sources, progress)
    return ExportReport(
        file=file,
        entries=choice.keys,
        texts=texts,
        results=len(results),
        thumbnails=len(pictures),
        missing_thumbnails=missing,
        bytes=file.stat().st_size,
        tokenizers=len(choice.tokenizers),
    )


# --- what goes in -----------------------------------------------------------------------------------------


def _entry(root: Path, key: EmbeddingKey) -> dict[str, MemberSource]:
    folder = entry_folder(root, key)
    names = (*Store(root).manifest(key).files, MANIFEST)
    return {(folder / name).relative_to(root).as_posix(): folder / name for name in names}


def _expect_whole(root: Path, key: EmbeddingKey, listing: Listing) -> None:
    folder = entry_folder(Path(), key).as_posix()
    for name, known in Store(root).manifest(key).files.items():
        if listing.files[f"{folder}/{name}"].sha256 != known.sha256:
            raise Damaged(
                f"{name} of {key.dataset} ({key.split}) by {key.model} is damaged; mend it with: python -m core verify"
            )


def _expect_same_tokenizers(root: Path, choice: BundleChoice, listing: Listing) -> None:
    """The files of a tokenizer are those that the vectors were made with, as the cards in the bundle say."""
    cards = [read_card(root, name) for name in {key.model for key in choice.keys}]
    carried = [card for card in cards if card and f"models/{safe_name(card.name)}.json" in listing.files]
    known = {str(file["sha256"]) for card in carried for file in card.weights}
    for path, file in listing.tokenizers.items():
        if listing.files[path].sha256 not in known:
            raise TMVError(
                f"{file.name} of {file.repository} is not the file that the stored vectors were made with; embed "
                "again, or export without --tokenizers."
            )


def _card(root: Path, model: str, digest: str) -> dict[str, MemberSource]:
    """The model's card without the paths of this machine; none where the weights have changed since."""
    card = read_card(root, model)
    if card is None or card.model_digest != digest:
        return {}
    body = json.loads(canonical_json(asdict(_without_paths(card))))
    signed = body | {"sha256": sha256_text(canonical_json(body))}
    return {f"models/{safe_name(model)}.json": (json.dumps(signed, indent=1) + "\n").encode()}


def _without_paths(card: ModelCard) -> ModelCard:
    """Another machine has no use for where a file lay here, and its owner may not want it told."""
    return replace(card, weights=tuple(dict(w) | {"path": PurePath(str(w["path"])).name} for w in card.weights))


def _texts(store: TextStore, digest: str) -> tuple[dict[str, MemberSource], int]:
    texts, vectors = store.everything(digest)
    if not texts:
        return {}, 0
    folder = f"texts/{safe_name(digest)}"
    return {f"{folder}/texts.json": json.dumps(texts).encode(), f"{folder}/vectors.npy": _npy(vectors)}, len(texts)


def _npy(array: FloatArray) -> bytes:
    out = io.BytesIO()
    np.save(out, np.ascontiguousarray(array, "<f4"), allow_pickle=False)
    return out.getvalue()


def _results(root: Path, keys: Sequence[EmbeddingKey]) -> list[tuple[Result, bytes]]:
    """Small results that rest on these vectors and on no others of the cache."""
    chosen = {key.fingerprint for key in keys}
    others = {entry.key.fingerprint for entry in Store(root).entries()} - chosen
    results, found = Results(root), list[tuple[Result, bytes]]()
    for key in results.keys():  # noqa: SIM118 - not a dictionary
        parts = set(key.split("/"))
        value = results.get(key) if parts & chosen and not parts & others else None
        if value is None:
            continue
        kind, content = ("bin", value) if isinstance(value, bytes) else ("json", canonical_json(value).encode())
        found.append((Result(key=key, file=f"results/{sha256_text(key)[:32]}.{kind}"), content))
    return found


def _thumbnails(root: Path, choice: BundleChoice, make: MakeThumbnail | None) -> tuple[dict[str, MemberSource], int]:
    found, missing = dict[str, MemberSource](), 0
    if make is None:
        return found, missing
    for dataset, split, picture in _pictures(Store(root), choice.keys):
        for size in choice.sizes:
            try:
                content = make(dataset, split, picture, size)
            except TMVError:
                missing += 1
                continue
            found[_thumbnail_path(dataset, split, picture, size, content)] = content
    return found, missing


def _thumbnail_path(dataset: str, split: str, picture: str, size: int, content: bytes) -> str:
    """Where `core.images.thumbnails` looks; named by its content, not by the file that this machine made it from."""
    from core.images.thumbnails import short

    name = f"{short(picture)}-{hashlib.sha256(content).hexdigest()[:20]}.webp"
    return "/".join(("thumbnails", short(f"{dataset}\n{split}"), str(size), name))


def _pictures(store: Store, keys: Sequence[EmbeddingKey]) -> Iterator[tuple[str, str, str]]:
    """Every picture of these entries once."""
    seen = set[tuple[str, str, str]]()
    for key in keys:
        for picture in store.load(key).ids:
            if (place := (key.dataset, key.split, picture)) not in seen:
                seen.add(place)
                yield place


# --- the file ---------------------------------------------------------------------------------------------


def _list(sources: Mapping[str, MemberSource]) -> dict[str, File]:
    return {path: _measure(source) for path, source in sorted(sources.items())}


def _measure(source: MemberSource) -> File:
    if isinstance(source, bytes):
        return File(bytes=len(source), sha256=hashlib.sha256(source).hexdigest())
    return File(bytes=source.stat().st_size, sha256=sha256_file(source))


def _write(file: Path, listing: Listing, sources: Mapping[str, MemberSource], progress: Progress | None) -> None:
    total, done = listing.total, 0
    whole = replacing(file.absolute(), cache=False)
    with whole as out, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        head = listing.to_bytes()
        _add(archive, LISTING, File(bytes=len(head), sha256=hashlib.sha256(head).hexdigest()), [head])
        for path, known in listing.files.items():
            _add(archive, path, known, _blocks(sources[path]))
            done += known.bytes
            if progress is not None:
                progress(done, total)


def _add(archive: zipfile.ZipFile, path: str, known: File, blocks: Iterable[bytes]) -> None:
    """One member; raises `TMVError` when its content is no longer what was measured."""
    info = zipfile.ZipInfo(path, _WHEN)
    info.create_system, info.external_attr, info.file_size = 3, 0o100644 << 16, known.bytes
    checksum = hashlib.sha256()
    with archive.open(info, "w", force_zip64=known.bytes >= 1 << 31) as member:
        for block in blocks:
            member.write(block)
            checksum.update(block)
    if checksum.hexdigest() != known.sha256:
        raise TMVError(f"{path} changed while it was exported; export again.")


def _blocks(source: MemberSource) -> Iterator[bytes]:
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block
