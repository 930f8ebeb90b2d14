"""Tokenizers of the hub, read from their files by the package `tokenizers` alone.

A row has always the model's whole context: texts are cut there and filled up with the padding token, as the models
were trained (SigLIP filled up to the longest text only is wrong by tens of points).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.encoders.cleaning import CLEAN
from core.encoders.text_files import BESIDE, DEFAULT_LANGUAGE, UNCLEANED, TextConfig
from core.errors import TMVError
from core.types import IntArray

_USUAL: Mapping[str, tuple[str, ...]] = {
    "pad": ("<pad>", "[PAD]"),
    "sep": ("[SEP]", "</s>"),
    "cls": ("[CLS]", "<s>"),
    "bos": ("<s>",),
    "eos": ("</s>",),
}
"""What a token is called where the settings do not name it, as in the oldest repositories (bert-base-uncased,
roberta-base), whose names were written in code."""
_CLIPS_ENDS = 3
_TRANSLATORS = ("NllbTokenizer", "NllbTokenizerFast")
"""Classes of `transformers` whose texts begin with their language."""


class HubTokenizer:
    """Texts to token ids, and whether a text was cut. May be called from several threads.

    `files` by name, as `text_files.locate` gives them. Raises `TMVError` for files that are no tokenizer, or that do
    not say which token fills up a row.
    """

    def __init__(self, files: Mapping[str, Path], config: TextConfig) -> None:
        self.config, self._files, self._lock = config, dict(files), threading.Lock()
        self._clean = CLEAN[config.clean]
        said = _said(files)
        self._tokenizer = _read(files, said)
        self.where = next(iter(files.values())).parent
        self._ends = {part: self._end(said, part) for part in _USUAL}
        self.pad_id = self._needed("pad")
        self._tokenizer.no_padding()
        self._set_language(said)
        self._expect_ends(said)
        if config.mode != "clips":
            self._whole_rows(said)

    def __call__(self, texts: Sequence[str]) -> IntArray:
        """(m, context_length) int64."""
        if self.config.mode == "clips":
            return self._clips(texts)
        rows = np.array([e.ids for e in self._encode(texts)], np.int64).reshape(-1, self.config.context_length)
        if self.config.strip_sep_token:
            rows[rows == self._needed("sep")] = 0
        return rows

    def mistaken(self, texts: Sequence[str], how: str) -> IntArray:
        """(m, s) rows as someone makes them who forgets to clean texts, or fills up to the longest text only (s is its
        length then): for the audit, never for a number of our own."""
        if how == UNCLEANED:
            config = replace(self.config, clean="whitespace")
            return HubTokenizer(self._files, config)(texts)
        return self(texts)[:, : max(self.counts(texts))]

    def counts(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text takes, its ends counted, also where it is cut."""
        found = []
        for encoded in self._encode(texts):
            parts = [encoded, *encoded.overflowing]
            inner = sum(a - s for e in parts for a, s in zip(e.attention_mask, e.special_tokens_mask, strict=True) if a)
            ends = sum(a and s for a, s in zip(encoded.attention_mask, encoded.special_tokens_mask, strict=True))
            found.append(inner + ends + (_CLIPS_ENDS if self.config.mode == "clips" else 0))
        return found

    def _encode(self, texts: Sequence[str]) -> list[Any]:
        cleaned = [self._clean(text) for text in texts]
        with self._lock:
            found: list[Any] = self._tokenizer.encode_batch(cleaned, add_special_tokens=self.config.mode != "clips")
            return found

    def _clips(self, texts: Sequence[str]) -> IntArray:
        """open_clip's mode "clips": begin, text, end, padding, and a class token at the very end."""
        rows = np.full((len(texts), self.config.context_length), self.pad_id, np.int64)
        for row, encoded in zip(rows, self._encode(texts), strict=True):
            inner = encoded.ids[: self.config.context_length - _CLIPS_ENDS]
            row[: len(inner) + 2] = [self._needed("bos"), *inner, self._needed("eos")]
            row[-1] = self._needed("cls")
        return rows

    # --- what the files say -------------------------------------------------------------------------------

    def _whole_rows(self, said: Mapping[str, Any]) -> None:
        length = self.config.context_length
        self._tokenizer.enable_truncation(length, direction=str(said.get("truncation_side") or "right"))
        self._tokenizer.enable_padding(
            length=length,
            pad_id=self.pad_id,
            pad_token=str(self._tokenizer.id_to_token(self.pad_id)),
            direction=str(said.get("padding_side") or "right"),
        )

    def _end(self, said: Mapping[str, Any], part: str) -> int | None:
        """The id of a token by the part it plays: as the settings name it, else as it is usually called."""
        found = said.get(f"{part}_token")
        name = str(found["content"] if isinstance(found, Mapping) else found or "")
        if name:
            return self._id(name)
        own = self._tokenizer.padding if part == "pad" else None
        usual = (*([own["pad_token"]] if own else []), *_USUAL[part])
        return next((i for n in usual if (i := self._tokenizer.token_to_id(n)) is not None), None)

    def _id(self, token: str) -> int:
        found = self._tokenizer.token_to_id(token)
        if found is None:
            raise TMVError(
                f"The tokenizer in {self.where} has no token {token!r}, which its settings name: its files do not "
                "belong together; bring them again from one source."
            )
        return int(found)

    def _needed(self, part: str) -> int:
        found = self._ends[part]
        if found is None:
            raise TMVError(
                f"The tokenizer in {self.where} does not name its {part}_token, which this model needs ({BESIDE[0]}); "
                "bring that file too."
            )
        return found

    def _set_language(self, said: Mapping[str, Any]) -> None:
        """A multilingual translator's tokenizer begins each text with its language; an old one ends it so."""
        from tokenizers.processors import TemplateProcessing

        if said.get("tokenizer_class") not in _TRANSLATORS:
            if self.config.language:
                raise TMVError(
                    f"The tokenizer in {self.where} knows no languages, so {self.config.language!r} cannot be chosen."
                )
            return
        code = self.config.language or str(said.get("src_lang") or DEFAULT_LANGUAGE)
        if self._tokenizer.token_to_id(code) is None:
            raise TMVError(
                f"{code!r} is no language of the tokenizer in {self.where}; languages are written like eng_Latn, "
                "deu_Latn, zho_Hans."
            )
        end = str(self._tokenizer.id_to_token(self._needed("eos")))
        around = ([], [end, code]) if said.get("legacy_behaviour") else ([code], [end])
        self._tokenizer.post_processor = TemplateProcessing(
            single=[*around[0], "$A", *around[1]],
            pair=[*around[0], "$A", "$B", *around[1]],
            special_tokens=[(code, self._id(code)), (end, self._id(end))],
        )

    def _expect_ends(self, said: Mapping[str, Any]) -> None:
        """Settings that ask for an end the files do not write would give other tokens than training did."""
        ids = self._tokenizer.encode("a").ids
        wrong = [
            part
            for part, there in (("bos", ids[:1]), ("eos", ids[-1:]))
            if said.get(f"add_{part}_token") and [self._ends[part]] != there
        ]
        if wrong:
            raise TMVError(
                f"{BESIDE[0]} in {self.where} asks for a {wrong[0]}_token at each text, and tokenizer.json does not "
                "write it: the files do not belong together; bring them again from one source."
            )


def _said(files: Mapping[str, Path]) -> dict[str, Any]:
    """The settings beside a tokenizer; `tokenizer_config.json` is believed before `special_tokens_map.json`."""
    found: dict[str, Any] = {}
    for name in reversed(BESIDE):
        if name in files:
            found |= {k: v for k, v in _json(files[name]).items() if v is not None}
    return found


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise TMVError(f"{path} cannot be read as JSON ({error}); remove it and load the model again.") from error
    if not isinstance(found, dict):
        raise TMVError(f"{path} should hold the settings of a tokenizer (a JSON object); remove it and load again.")
    return found


def _read(files: Mapping[str, Path], said: Mapping[str, Any]) -> Any:
    from tokenizers import BertWordPieceTokenizer, Tokenizer

    path = files.get("tokenizer.json") or files["vocab.txt"]
    try:
        if path.name == "tokenizer.json":
            found = Tokenizer.from_file(str(path))
        else:
            made = BertWordPieceTokenizer(str(path), lowercase=bool(said.get("do_lower_case", True)))
            found = Tokenizer.from_str(made.to_str())
    except Exception as error:  # the package raises plain exceptions
        raise TMVError(
            f"{path} cannot be read as a tokenizer ({str(error)[:120]}); remove it and load the model again."
        ) from error
    found.no_truncation()
    return found
