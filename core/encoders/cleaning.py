"""How texts are cleaned before a tokenizer of the hub splits them; open_clip's three ways."""

from __future__ import annotations

import html
import string
from collections.abc import Callable, Mapping

_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def mended(text: str) -> str:
    """Broken Unicode mended, HTML entities resolved (twice, as they are found in captions)."""
    if not text.isascii() or "&" in text or not text.isprintable():
        import ftfy

        text = html.unescape(html.unescape(ftfy.fix_text(text)))
    return text.strip()


def whitespace(text: str) -> str:
    """Spaces made one."""
    return " ".join(mended(text).split())


def lower(text: str) -> str:
    """Spaces made one, small letters."""
    return whitespace(text).lower()


def canonicalize(text: str) -> str:
    """Small letters, no ASCII punctuation, underscores as spaces: how SigLIP was trained."""
    return " ".join(mended(text).replace("_", " ").translate(_NO_PUNCTUATION).lower().split())


CLEAN: Mapping[str, Callable[[str], str]] = {"whitespace": whitespace, "lower": lower, "canonicalize": canonicalize}
"""By the name that a configuration gives (`tokenizer_kwargs.clean`)."""
