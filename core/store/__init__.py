"""The cache on disk: image vectors, text vectors, small results and model cards. Imports no torch.

The layout is described in `cache/README.md`; the folder can be copied to another machine and serves what is
in it there without the models and without the pictures.
"""

from core.store.cards import card_is_damaged, card_path, read_card, write_card
from core.store.chunks import Chunk, ChunkPlan, ChunkRun, read_chunk, write_chunk
from core.store.embeddings import Entry, Store
from core.store.heads import Heads
from core.store.manifest import KeyParts
from core.store.results import Results
from core.store.text_store import TextStore
from core.store.verify import VerifyReport

__all__ = [
    "Chunk",
    "ChunkPlan",
    "ChunkRun",
    "Entry",
    "Heads",
    "KeyParts",
    "Results",
    "Store",
    "TextStore",
    "VerifyReport",
    "card_is_damaged",
    "card_path",
    "read_card",
    "read_chunk",
    "write_card",
    "write_chunk",
]
