"""Models in files of one's own as a browser sees them: `file:runs/a.json,runs/a.pt`, seen from the data folder.

The engine names them by absolute paths, which are nobody's business outside the server and mean nothing on another one.
`public_name` is what an address, a tooltip or a chart carries, `exact_name` leads back; a name that is written in full
still leads on. Weights that the command line opened elsewhere have only their file's name and a mark of their own.
"""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import PurePath

from core.catalog.models import FILE
from core.engine import Engine

MARK = 10


def public_name(engine: Engine, text: str) -> str:
    """A text that carries names of models, without where on the server their files lie."""
    if FILE not in text:
        return text
    for name in sorted(stored_file_models(engine), key=len, reverse=True):
        text = text.replace(name, _public(engine, name))
    return _from_folder(engine, text)


def exact_name(engine: Engine, text: str) -> str:
    """The same text with the names that the engine knows them by."""
    if FILE not in text:
        return text
    known = {_public(engine, name): name for name in stored_file_models(engine)}
    if not known:
        return text
    names = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True))
    return re.sub(rf"(?:{names})(?![\w.-])", lambda found: known[found[0]], text)


def stored_file_models(engine: Engine) -> set[str]:
    """The exact names of models in files that have vectors here."""
    return {entry.key.model for entry in engine.store.entries() if entry.key.model.startswith(FILE)}


def _public(engine: Engine, name: str) -> str:
    seen = _from_folder(engine, name)
    paths = [PurePath(path) for path in seen.removeprefix(FILE).split(",")]
    if not any(path.is_absolute() for path in paths):
        return seen
    return f"{FILE}{paths[-1].stem}~{sha256(name.encode()).hexdigest()[:MARK]}"


def _from_folder(engine: Engine, text: str) -> str:
    """Paths of the data folder, as names of models hold them, as seen from it."""
    for root in engine.data.names.roots:
        text = text.replace(f"{FILE}{root}/", FILE).replace(f",{root}/", ",")
    return text
