"""What names a stored set of vectors, and the manifest that says what is in it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from core.errors import VERIFY, Damaged, TMVError
from core.store.kept_notes import keep_notes, kept_notes
from core.system.files import canonical_json, read_checked_json, safe_name, write_checked_json
from core.types import ENCODING, EmbeddingKey, ModelCard, Note, Provenance, ScoreFunction, ScoreRule, Skipped

FORMAT = 1
"""Raised whenever stored vectors or files change their meaning: older entries are then never served."""
MANIFEST = "manifest.json"
LISTING = "listing:"
"""Begins what stands in the place of a data digest until every picture was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyParts:
    """Everything that may change a vector. Two sets of vectors with equal parts are the same set."""

    model: str
    model_digest: str
    preprocessing: Mapping[str, Any]
    precision: str
    data_digest: str

    @classmethod
    def of(cls, card: ModelCard, data_digest: str) -> KeyParts:
        """The parts for a loaded (or remembered) model and the rows as they are now."""
        preprocessing = _plain(asdict(card.preprocessing))
        return cls(
            model=card.name,
            model_digest=card.model_digest,
            preprocessing=preprocessing,
            precision=card.precision,
            data_digest=data_digest,
        )

    @property
    def fingerprint(self) -> str:
        """16 hex digits over all parts and the format."""
        text = canonical_json({"format": FORMAT, **asdict(self)})
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def provisional(self) -> bool:
        """Whether the pictures were listed and not read yet, so that the content is not known."""
        return self.data_digest.startswith(LISTING)

    def same_work(self, other: KeyParts) -> bool:
        """Whether the vectors of one are those of the other: equal, or the content of these was not known yet."""
        return self == other or (self.provisional and replace(self, data_digest=other.data_digest) == other)

    def key(self, dataset: str, split: str) -> EmbeddingKey:
        """The key of these parts for one split of a data set."""
        return EmbeddingKey(model=self.model, dataset=dataset, split=split, fingerprint=self.fingerprint)


def _plain(value: Any) -> Any:
    """Tuples as lists, as JSON gives them back."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


def entry_folder(root: Path, key: EmbeddingKey) -> Path:
    """`embeddings/<model>/<dataset>-<split>/<fingerprint>` under the cache folder."""
    if len(key.fingerprint) != 16 or not set(key.fingerprint) <= set("0123456789abcdef"):
        raise TMVError(f"A fingerprint has 16 hex digits, got {key.fingerprint!r}.")
    return split_folder(root, key.model, key.dataset, key.split) / key.fingerprint


def split_folder(root: Path, model: str, dataset: str, split: str) -> Path:
    """Where the entries of one model on one split lie."""
    return root / "embeddings" / safe_name(model) / f"{safe_name(dataset)}-{safe_name(split)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """Size in bytes and sha256 of one file of an entry."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """sha256 of the vectors of some consecutive chunks of the run: what is good of a damaged `images.npy`."""

    first_chunk: int
    chunks: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The whole story of one entry: n images, m captions, width d, its files and where the vectors come from.

    `plan` (rows, chunk_rows, batch_rows), `skipped_rows` and `blocks` allow turning `images.npy` back into
    chunks.
    """

    parts: KeyParts
    dataset: str
    split: str
    n: int
    m: int
    d: int
    logit_scale: float
    device: str
    versions: Mapping[str, str]
    date: str
    files: Mapping[str, StoredFile]
    skipped: tuple[Skipped, ...] = ()
    skipped_rows: tuple[int, ...] = ()
    notes: tuple[Note, ...] = ()
    data_notes: tuple[Note, ...] = ()
    blocks: tuple[Block, ...] = ()
    plan: Mapping[str, int] = field(default_factory=dict)
    score_function: ScoreFunction = "softmax"
    logit_bias: float = 0.0

    @property
    def key(self) -> EmbeddingKey:
        """The key whose folder this manifest must lie in."""
        return self.parts.key(self.dataset, self.split)

    def provenance(self) -> Provenance:
        """For results."""
        p = self.parts
        return Provenance(
            model_digest=p.model_digest,
            data_digest=p.data_digest,
            preprocessing=p.preprocessing,
            precision=p.precision,
            device=self.device,
            versions=self.versions,
            date=self.date,
            skipped=len(self.skipped),
            notes=self.notes,
            data_notes=self.data_notes,
            score_rule=self.score_rule if self.score_rule.each_alone else None,
        )

    @property
    def score_rule(self) -> ScoreRule:
        """How the model makes probabilities of cosines; a softmax where an earlier version wrote nothing."""
        return ScoreRule(function=self.score_function, scale=self.logit_scale, bias=self.logit_bias)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """The last file of an entry: with it the entry is complete."""
    write_checked_json(
        folder / MANIFEST,
        {
            "format": FORMAT,
            **asdict(manifest),
            "notes": keep_notes(manifest.notes),
            "data_notes": keep_notes(manifest.data_notes),
        },
    )


def read_manifest(folder: Path) -> Manifest:
    """Raises `Damaged` when it is not whole or belongs elsewhere, `FileNotFoundError` when there is none."""
    path = folder / MANIFEST
    value = read_checked_json(path)
    try:
        manifest = _manifest(value)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Damaged(f"{path} is of another format", VERIFY) from error
    if not _belongs(manifest, folder):
        raise Damaged(f"{folder} holds vectors of another name", VERIFY)
    return manifest


def _manifest(value: dict[str, Any]) -> Manifest:
    if value.pop("format") != FORMAT:
        raise ValueError("format")
    value["parts"] = KeyParts(**value["parts"])
    value["files"] = {name: StoredFile(**record) for name, record in value["files"].items()}
    value["skipped"] = tuple(Skipped(**row) for row in value["skipped"])
    notes = kept_notes(value["notes"])
    # Earlier versions kept the notes of the data and of the encoding in one list.
    old = () if "data_notes" in value else tuple(note for note in notes if note.code != ENCODING)
    value["notes"] = tuple(note for note in notes if note not in old)
    value["data_notes"] = kept_notes(value.get("data_notes", ())) or old
    value["skipped_rows"] = tuple(int(row) for row in value["skipped_rows"])
    value["blocks"] = tuple(Block(**block) for block in value["blocks"])
    return Manifest(**value)


def _belongs(manifest: Manifest, folder: Path) -> bool:
    expected = entry_folder(Path(), manifest.key).parts[-3:]
    return expected == folder.absolute().parts[-3:]
