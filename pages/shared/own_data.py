"""Names of own data that come from a browser: whoever can type a path must not be able to read the server."""

from __future__ import annotations

import os
from pathlib import Path

from core.catalog.finding import find_by_words
from core.catalog.models import find_model
from core.engine import Engine
from core.errors import TMVError, UnknownName
from core.readers.datasets import find_dataset
from core.types import DatasetSpec, ModelSpec
from core.words.library import name_in_list, several_fit
from pages.shared.file_models import exact_name, stored_file_models

DATA_SCHEMES = ("folder", "captions", "wds")


def page_dataset(engine: Engine, name: str) -> DatasetSpec:
    """The record of a data set named on a page. Own data must lie under the data folder (`TMV_DATA`), and is named as
    seen from it."""
    scheme, colon, path = name.partition(":")
    if colon and scheme in DATA_SCHEMES and "://" in path:
        return engine.data.find(name)  # opened only where the host allows it
    if colon and scheme in DATA_SCHEMES:
        found = inside(engine.data.folder, path)
        named = engine.data.names.of(f"{scheme}:{found}")
        # Never what the command line would find elsewhere under the same name
        if not found.exists() and engine.data.stands_elsewhere(named):
            raise _refused(path)
        return find_dataset(named)
    try:
        return find_dataset(name)
    except UnknownName:
        # Typed as people say it: "birds" for folder:birds, where that is one thing only
        meant = [own for own in engine.data.own() if own.partition(":")[2] == name]
        if len(meant) != 1:
            raise
        return find_dataset(meant[0])


def page_model(engine: Engine, name: str) -> ModelSpec:
    """The record of a model named on a page, by its name or by words that no other listed model fits. Weight files must
    lie under the data folder (`TMV_DATA`), or have vectors here already."""
    name = name_in_list(exact_name(engine, name))
    scheme, colon, paths = name.partition(":")
    if colon and scheme == "file" and name not in stored_file_models(engine):
        kept = [str(inside(engine.data.folder, path)) for path in paths.split(",")]
        return find_model(f"file:{','.join(kept)}")
    try:
        return find_model(name)
    except UnknownName:
        meant = find_by_words(name) if name.strip() else ()
        if len(meant) > 1:
            raise UnknownName(several_fit(name, meant)) from None
        if not meant:
            raise
        return meant[0]


def inside(data_dir: Path, path: str) -> Path:
    """`path` as an absolute path under `data_dir`, links followed; relative ones start there. `TMVError`
    otherwise."""
    if not path.strip() or "\0" in path:
        raise _refused(path)
    root = Path(os.path.realpath(data_dir))
    for candidate in (data_dir / path, Path.cwd() / path):
        real = Path(os.path.realpath(candidate))
        if real != root and real.is_relative_to(root):
            return Path(os.path.normpath(candidate))
    raise _refused(path)


def _refused(path: str) -> TMVError:
    return TMVError(
        f"On a page own data is read only from the data folder, and {path!r} is not in it; "
        "put it there, or use the command line, which opens any path."
    )
