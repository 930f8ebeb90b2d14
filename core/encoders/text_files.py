"""What the text side of a model needs beside its weights: the files of a tokenizer and of a text tower's configuration
from the hub. Knows nothing of torch.

`text_cfg` of an open_clip configuration names them: `hf_tokenizer_name` and `hf_model_name` are repositories of the
hub, `tokenizer_kwargs` says how texts are cleaned before they are split.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.encoders import hub
from core.errors import NotHere, TMVError
from core.system.progress import Progress

UNCLEANED, SHORT = "uncleaned", "short"
"""Usual mistakes with a tokenizer of the hub: texts as they are written, rows as long as the longest text only."""
CONTEXT = 77
"""Tokens that a model reads where its configuration says nothing."""
DEFAULT_LANGUAGE = "eng_Latn"
TOKENIZERS = ("tokenizer.json", "vocab.txt")
"""What a tokenizer can be made of, the best first."""
BESIDE = ("tokenizer_config.json", "special_tokens_map.json")
"""What says which token pads and ends a text; not every repository has both."""
TOWER = "config.json"
_UNDERSTOOD = {"clean", "strip_sep_token", "language", "use_fast"}
CLEANINGS = ("whitespace", "lower", "canonicalize")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextConfig:
    """The part of `text_cfg` that tokens depend on.

    `tokenizer` and `tower` are repositories of the hub, "" for CLIP's own; `clean` is one of `CLEANINGS`; `mode` is
    open_clip's `tokenizer_mode`, "" or "clips"; `options` are the names of what else the tokenizer is given.
    """

    context_length: int = CONTEXT
    tokenizer: str = ""
    tower: str = ""
    clean: str = "whitespace"
    strip_sep_token: bool = False
    language: str = ""
    mode: str = ""
    options: tuple[str, ...] = ()


def read_text_config(text_cfg: Mapping[str, Any]) -> TextConfig:
    """From a configuration's `text_cfg`. Raises `TMVError` for a way to make tokens that is not known here."""
    extra = dict(text_cfg.get("tokenizer_kwargs") or {})
    tokenizer = str(text_cfg.get("hf_tokenizer_name") or "")
    mode = str(text_cfg.get("tokenizer_mode") or "")
    clean = str(extra.get("clean", "whitespace"))
    if tokenizer and (strange := sorted(extra.keys() - _UNDERSTOOD)):
        raise TMVError(
            f"The configuration gives its tokenizer {tokenizer} the options {', '.join(strange)}, which are not known "
            f"here (known: {', '.join(sorted(_UNDERSTOOD))}); its tokens would be a guess, so it is not used."
        )
    if tokenizer and (clean not in CLEANINGS or mode not in ("", "clips")):
        raise TMVError(
            f"The configuration cleans texts by {clean!r} in the mode {mode!r}; known are {', '.join(CLEANINGS)} and "
            "the modes '' and 'clips': its tokens would be a guess, so it is not used."
        )
    return TextConfig(
        context_length=int(text_cfg.get("context_length") or CONTEXT),
        tokenizer=tokenizer,
        tower=str(text_cfg.get("hf_model_name") or ""),
        clean=clean,
        strip_sep_token=bool(extra.get("strip_sep_token", False)),
        language=str(extra.get("language") or ""),
        mode=mode,
        options=tuple(sorted(extra)),
    )


def locate(needs: TextConfig, beside: Path | None = None) -> dict[str, Path] | None:
    """File by name (`tokenizer.json`, ..., `config.json` for the tower) on this machine; None where one is missing,
    {} where none is needed. `beside` is the folder of a model in files, which is looked into first."""
    found: dict[str, Path] = {}
    if needs.tokenizer:
        whole = _find(needs.tokenizer, TOKENIZERS, beside)
        if whole is None:
            return None
        found[whole.name] = whole
        found |= {p.name: p for name in BESIDE if (p := _find(needs.tokenizer, (name,), beside))}
    if needs.tower:
        tower = _find(needs.tower, (TOWER,), None if beside is None else beside / Path(needs.tower).name)
        if tower is None:
            return None
        found[TOWER] = tower
    return found


def download(needs: TextConfig, beside: Path | None = None, progress: Progress | None = None) -> dict[str, Path]:
    """`locate`, after what is missing has been brought from the hub. The tokenizer itself comes last, so that where it
    is, what belongs beside it was asked for. Raises `NotHere`."""
    if (here := locate(needs, beside)) is not None:
        return here
    if (
        needs.tower
        and _find(needs.tower, (TOWER,), None if beside is None else beside / Path(needs.tower).name) is None
    ):
        hub.download(needs.tower, (TOWER,))
    if needs.tokenizer and _find(needs.tokenizer, TOKENIZERS, beside) is None:
        for name in BESIDE:
            hub.download_if_there(needs.tokenizer, name)
        _tokenizer_itself(needs.tokenizer, progress)
    found = locate(needs, beside)
    if found is None:
        raise NotHere(f"The tokenizer of {needs.tokenizer or needs.tower} did not stay in the hub's cache; try again.")
    return found


def _tokenizer_itself(repository: str, progress: Progress | None) -> None:
    if not any(hub.download_if_there(repository, name, progress) for name in TOKENIZERS):
        raise NotHere(
            f"{repository} on the hub has no {' or '.join(TOKENIZERS)}: its tokenizer can only be made by code of its "
            "own, which is never run; choose another model."
        )


def _find(repository: str, names: tuple[str, ...], beside: Path | None) -> Path | None:
    own = (beside / name for name in names) if beside is not None else ()
    return next((p for p in own if p.is_file()), None) or next(
        (p for name in names if (p := hub.cached(repository, name))), None
    )
