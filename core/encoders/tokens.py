"""What tokens a text has, without a model: which captions and prompts are cut because a model's context is short, and
which texts are one to it.

CLIP models of both libraries share one vocabulary of byte pairs; its file comes with them and is read here without
importing them, so that every process can tell, also of vectors that were made long ago. For a model with another
tokenizer only a bound is known: a text has at least as many tokens as words.
"""

from __future__ import annotations

import gzip
import importlib.util
import threading
from collections.abc import Hashable, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from core.encoders import cleaning, weights
from core.encoders.hub_tokenizer import HubTokenizer
from core.encoders.text_files import CONTEXT, TextConfig
from core.errors import TMVError
from core.system.memo import Memo
from core.types import ModelCard, ModelSpec, Note

MANY = 0.1
"""From a tenth on, cut texts decide what the number says."""
NEARLY = 0.9
"""So much of the context in use is worth a word on that nothing is cut."""
_VOCABULARY = "bpe_simple_vocab_16e6.txt.gz"
_MERGES = 49152 - 256 - 2
_WORDS = r"""'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"""
_ENDS = 2  # the tokens for the beginning and the end of a text


def cut_note(spec: ModelSpec, card: ModelCard | None, texts: Sequence[str], what: str, code: str) -> tuple[Note, ...]:
    """ "30 of 30 captions are cut at 32 tokens", where any is, or that none is where they nearly are; `what` names the
    texts (one of them without its s), `code` the note."""
    text = _text_config(spec)
    context = card.context_length if card is not None else text.context_length if text is not None else CONTEXT
    counts = _counts(spec, text, context, texts)
    known = counts is not None
    cut = sum(n > context for n in (counts if counts is not None else _at_least(texts)))
    if not cut:
        return _nearly_note(spec, context, counts, what) if counts else ()
    least = "" if known else "At least "
    which = (
        f"{least}{cut:,} of {len(texts):,} {what} {'is' if cut == 1 and known else 'are'}"
        if len(texts) > 1
        else f"The {what.removesuffix('s')} is"
    )
    said = f"{which} cut at {context} tokens, all that {_name(spec)} reads"
    return (Note(f"{said}: the rest is lost.", code, "warning" if cut >= MANY * len(texts) else "info"),)


def _nearly_note(spec: ModelSpec, context: int, counts: Sequence[int], what: str) -> tuple[Note, ...]:
    """That nothing is cut, where the longest text leaves hardly a place."""
    longest = max(counts)
    if longest <= NEARLY * context:
        return ()
    which = f"The longest of {len(counts):,} {what}" if len(counts) > 1 else f"The {what.removesuffix('s')}"
    said = f"{which} has {longest} of the {context} tokens that {_name(spec)} reads"
    return (Note(f"{said}; {'none' if len(counts) > 1 else 'nothing'} is cut.", "nearly_cut"),)


def _name(spec: ModelSpec) -> str:
    """Of a model in files its title: a note must not show where on this machine they lie."""
    return spec.title if spec.name.startswith("file:") else spec.name


def too_long(texts: Sequence[str], context: int) -> list[bool]:
    """(m,) whether a text has more than `context` tokens, its two ends counted."""
    return [n > context for n in _own_counts(texts, context)]


def token_count(text: str) -> int:
    """Tokens of a text in CLIP's vocabulary, its two ends counted."""
    return _tokenizer().count(text)


def token_keys(spec: ModelSpec, card: ModelCard | None, texts: Sequence[str]) -> list[Hashable] | None:
    """(m,) equal for texts that the model reads as one, such as "A Cat" and "a cat"; None where its tokenizer is not
    here. For CLIP's own vocabulary the words as they are split, or of a text that fills the context its tokens; for a
    tokenizer of the hub the row of tokens."""
    text = _text_config(spec)
    if text is None:
        return None
    if text.tokenizer:
        of_hub = _of_hub(spec)
        return None if of_hub is None else [row.tobytes() for row in of_hub(texts)]
    if text.options or not (_package() / _VOCABULARY).is_file():
        return None
    context, own = card.context_length if card is not None else text.context_length, _tokenizer()
    counts = _own_counts(texts, context)
    return [
        own.words(t) if n < context else own.tokens(t)[: context - _ENDS] for t, n in zip(texts, counts, strict=True)
    ]


# --- which tokenizer --------------------------------------------------------------------------------------


def _text_config(spec: ModelSpec) -> TextConfig | None:
    """What the model's tokens depend on; None where that is not known here."""
    try:
        return weights.text_config(spec)
    except TMVError:
        return None


def _counts(spec: ModelSpec, text: TextConfig | None, context: int, texts: Sequence[str]) -> list[int] | None:
    """Tokens of each text, its ends counted; None where the tokenizer is not here."""
    if text is None:
        return None
    if text.tokenizer:
        of_hub = _of_hub(spec)
        return None if of_hub is None else of_hub.counts(texts)
    if text.options or not (_package() / _VOCABULARY).is_file():
        return None
    return _own_counts(texts, context)


def _own_counts(texts: Sequence[str], context: int) -> list[int]:
    """By CLIP's own vocabulary. Short ASCII needs no counting: a token is at least one byte."""
    short = NEARLY * context
    return [len(t) + _ENDS if t.isascii() and len(t) + _ENDS <= short else token_count(t) for t in texts]


def _at_least(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) + _ENDS for text in texts]


def _of_hub(spec: ModelSpec) -> HubTokenizer | None:
    """The tokenizer of a model, kept in memory as long as its files stay the same."""
    files, text = weights.locate_text(spec), weights.text_config(spec)
    if not files or text is None:
        return None
    stamp = tuple((str(path), path.stat().st_mtime_ns) for path in files.values())
    try:
        return _HUB.get((text, stamp), lambda: HubTokenizer(files, text))
    except TMVError:
        return None


_HUB = Memo(2)
"""A vocabulary of a multilingual model takes a second to read and some hundred megabytes."""


@lru_cache(maxsize=1)
def _package() -> Path:
    found = importlib.util.find_spec("open_clip")  # finds the folder, imports nothing
    return Path(str(found.origin)).parent if found is not None and found.origin else Path()


# --- counting ---------------------------------------------------------------------------------------------


class _Tokenizer:
    """CLIP's byte pairs; counts are kept by word."""

    def __init__(self, path: Path) -> None:
        import regex

        lines = gzip.decompress(path.read_bytes()).decode("utf-8").split("\n")[1 : _MERGES + 1]
        self._ranks = {tuple(line.split()): rank for rank, line in enumerate(lines)}
        self._signs = _byte_signs()
        self._words = regex.compile(_WORDS, regex.IGNORECASE)
        self._counts: dict[str, int] = {}

    def words(self, text: str) -> tuple[str, ...]:
        """Small letters, split as the vocabulary was learned; each word's tokens depend on it alone."""
        return tuple(self._words.findall(cleaning.lower(text)))

    def tokens(self, text: str) -> tuple[str, ...]:
        """The pieces of every word, without the two ends."""
        return tuple(piece for word in self.words(text) for piece in self._of(word))

    def count(self, text: str) -> int:
        """Tokens with the two ends."""
        return _ENDS + sum(self._of_word(word) for word in self.words(text))

    def _of_word(self, word: str) -> int:
        known = self._counts.get(word)
        if known is None:
            known = self._counts[word] = len(self._of(word))
        return known

    def _of(self, word: str) -> list[str]:
        return self._pieces([self._signs[byte] for byte in word.encode()])

    def _pieces(self, signs: list[str]) -> list[str]:
        """Neighbours are joined, the pair that was learned first before others, until none is left that was."""
        pieces = [*signs[:-1], signs[-1] + "</w>"]
        while len(pieces) > 1:
            pairs = list(pairwise(pieces))
            best = min(pairs, key=lambda pair: self._ranks.get(pair, _MERGES))
            if best not in self._ranks:
                break
            pieces = _joined(pieces, best)
        return pieces


def _joined(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    found, at = [], 0
    while at < len(pieces):
        both = tuple(pieces[at : at + 2]) == pair
        found.append("".join(pair) if both else pieces[at])
        at += 2 if both else 1
    return found


def _byte_signs() -> dict[int, str]:
    """A printable sign for every byte, as the vocabulary writes them."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    rest = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + i) for i, byte in enumerate(rest)}


_loading = threading.Lock()


def _tokenizer() -> _Tokenizer:
    with _loading:
        return _load()


@lru_cache(maxsize=1)
def _load() -> _Tokenizer:
    return _Tokenizer(_package() / _VOCABULARY)
