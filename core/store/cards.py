"""Model cards on disk: what loading a model told us, for processes that must not load it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.errors import Damaged
from core.store.kept_notes import keep_notes, kept_notes
from core.system.files import read_checked_json, safe_name, write_checked_json
from core.types import ModelCard, Preprocessing


def card_path(root: Path, model: str) -> Path:
    """`models/<model>.json` under the cache folder."""
    return root / "models" / f"{safe_name(model)}.json"


def write_card(root: Path, card: ModelCard) -> None:
    """Keep a card; an equal one is left alone. Raises `Unwritable` where it cannot be kept."""
    if read_card(root, card.name) != card:
        write_checked_json(card_path(root, card.name), {**asdict(card), "notes": keep_notes(card.notes)})


def read_card(root: Path, model: str) -> ModelCard | None:
    """The card as last written, None when there is none or it cannot be trusted (loading the model writes it
    anew)."""
    try:
        card = parse_card(card_path(root, model))
    except (FileNotFoundError, Damaged):
        return None
    return card if card.name == model else None


def card_is_damaged(root: Path, model: str) -> bool:
    """Whether there is a card of a model that cannot be trusted: then nobody may take "no card" for "any weights"."""
    try:
        return parse_card(card_path(root, model)).name != model
    except FileNotFoundError:
        return False
    except Damaged:
        return True


def parse_card(path: Path) -> ModelCard:
    """Raises `Damaged` or `FileNotFoundError`."""
    value = read_checked_json(path)
    try:
        shape: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in value["preprocessing"].items()}
        value |= {"preprocessing": Preprocessing(**shape), "weights": tuple(value["weights"])}
        return ModelCard(**{**value, "notes": kept_notes(value["notes"])})
    except (KeyError, TypeError, AttributeError) as error:
        raise Damaged(f"{path} is of another format; loading the model writes it anew.") from error
