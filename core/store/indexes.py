"""Indexes of stored image vectors, which nominate rows for a search: where they lie, and whether they are whole.

`cache/indexes/<fingerprint of the entry>/` holds `index.faiss` and `index.json`, which says of which vectors it was
built, how, and what share of the exact best rows it found for how many prompts. It may be deleted at any time. The
fingerprint covers every picture, so an index never answers for rows that changed.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.errors import VERIFY, Damaged
from core.store.checked import is_same
from core.store.manifest import MANIFEST, StoredFile
from core.system.files import delete, draft_folder, read_checked_json, sha256_file, sync_folder, write_checked_json
from core.types import EmbeddingKey

RECORD, FILE, DRAFT = "index.json", "index.faiss", "draft-"
FORMAT = 1


def faiss_is_here() -> bool:
    """Whether the extra that indexes need is installed; asks without importing it."""
    return importlib.util.find_spec("faiss") is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """Of the exact k best images of each prompt the share that the index found, on average over the prompts, and what
    it is at least (one-sided, 95 %)."""

    k: int
    value: float
    at_least: float


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRecord:
    """An index of n vectors of d numbers in `lists` parts, of which `probed` are looked into. `prompts` were answered
    both ways, `own` of them texts that someone had asked this model before."""

    key: EmbeddingKey
    n: int
    d: int
    lists: int
    probed: int
    prompts: int
    own: int
    recalls: tuple[Recall, ...]
    date: str
    library: str
    file: StoredFile

    def to_record(self) -> dict[str, Any]:
        """JSON-ready, without the file."""
        return {
            "lists": self.lists,
            "probed": self.probed,
            "prompts": self.prompts,
            "own_prompts": self.own,
            "recall": {str(r.k): {"value": r.value, "at_least": r.at_least} for r in self.recalls},
            "date": self.date,
            "library": self.library,
        }

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> IndexRecord:
        """From the JSON of its file. Raises `KeyError`, `TypeError` or `ValueError` for anything else."""
        if record["format"] != FORMAT:
            raise ValueError(f"format {record['format']}")
        known = {name: record[name] for name in cls.__slots__ if name not in ("key", "recalls", "file")}
        return cls(
            **known,
            key=EmbeddingKey(**record["key"]),
            recalls=tuple(Recall(**each) for each in record["recalls"]),
            file=StoredFile(**record["file"]),
        )


class Indexes:
    """The indexes under a cache folder."""

    def __init__(self, root: Path) -> None:
        self._root, self.folder = root, root / "indexes"

    def file(self, key: EmbeddingKey) -> Path:
        """Where the index of an entry lies."""
        return self.folder / key.fingerprint / FILE

    def find(self, key: EmbeddingKey) -> IndexRecord | None:
        """What is known of the index of an entry, or None; only the record is read. Raises `Damaged`."""
        path = self.folder / key.fingerprint / RECORD
        try:
            return IndexRecord.of(read_checked_json(path))
        except FileNotFoundError:
            return None
        except (KeyError, TypeError, ValueError) as error:
            raise Damaged(f"{path} is of another version or damaged", VERIFY) from error

    def require_whole(self, record: IndexRecord) -> Path:
        """The file of an index, which is compared with its checksum at its first use in this process: `Damaged`."""
        path = self.file(record.key)
        if not is_same(path, record.file):
            raise Damaged(f"{path} is damaged", VERIFY)
        return path

    def keep(self, record: Callable[[StoredFile], IndexRecord], write: Callable[[Path], None]) -> IndexRecord:
        """Write an index whole or not at all: `write` puts it into the file that it is given."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with draft_folder(self.folder, DRAFT) as draft:
            write(draft / FILE)
            file = StoredFile(bytes=(draft / FILE).stat().st_size, sha256=sha256_file(draft / FILE))
            made = record(file)
            write_checked_json(draft / RECORD, {"format": FORMAT, **asdict(made)})
            target = self.folder / made.key.fingerprint
            delete(target)
            draft.rename(target)
        sync_folder(self.folder)
        return made

    def remove(self, fingerprint: str) -> None:
        """Delete an index, if there is one."""
        delete(self.folder / fingerprint)

    def of_split(self, key: EmbeddingKey) -> tuple[IndexRecord, ...]:
        """The indexes of one split by one model, whatever state its pictures were in; damaged ones are left out."""
        found = (self._readable(name) for name in self.names())
        asked = (key.model, key.dataset, key.split)
        return tuple(r for r in found if r and (r.key.model, r.key.dataset, r.key.split) == asked)

    def _readable(self, fingerprint: str) -> IndexRecord | None:
        try:
            return self.find(EmbeddingKey(model="", dataset="", split="", fingerprint=fingerprint))
        except Damaged:
            return None

    def names(self) -> tuple[str, ...]:
        """The fingerprints that have a folder here."""
        there = sorted(self.folder.iterdir()) if self.folder.is_dir() else []
        return tuple(path.name for path in there if path.is_dir() and not path.name.startswith(DRAFT))

    def problem(self, fingerprint: str) -> str:
        """What is wrong with an index; "" when nothing is. The whole file is read."""
        try:
            record = self.find(EmbeddingKey(model="", dataset="", split="", fingerprint=fingerprint))
        except Damaged:
            return "its record is damaged"
        if record is None:
            return "has no record"
        if not any((self._root / "embeddings").glob(f"*/*/{fingerprint}/{MANIFEST}")):
            return "is of vectors that are not here"
        path = self.folder / fingerprint / FILE
        same = path.is_file() and path.stat().st_size == record.file.bytes and sha256_file(path) == record.file.sha256
        return "" if same and record.key.fingerprint == fingerprint else "damaged"
