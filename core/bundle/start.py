"""What an empty cache begins with: the vectors of Demo objects by both demo models, and of the texts that the pages
ask first, so that a newcomer sees images and a figure at once. The images themselves are drawn as they are looked at.

`python -m core.bundle.start` makes the file again: after new weights, new demo images or other first texts.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from core.bundle.choosing import export_bundle
from core.bundle.install import ImportReport, install
from core.catalog.prompts import FIRST_TEXTS, find_prompt_set
from core.engine import Engine
from core.studies.zero_shot.classify import fill

FILE = Path(__file__).parents[1] / "demo" / "start.zip"
MODELS, DATASET = ("demo-rn/demo", "demo-vit/demo"), "demo-objects"
PROMPT_SETS = ("demo", "photo", "deck")


def begin(root: Path) -> ImportReport:
    """Take the file into the cache folder `root`, every part checked against its checksum. Raises `TMVError` where it
    is damaged or belongs to other weights than the cache has cards of."""
    return install(root, FILE)


def make(file: Path) -> None:
    """Draw, embed and encode in a cache of its own, and write what `begin` needs as `file`."""
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder) / "cache", Path(folder) / "none")
        templates = [t for name in PROMPT_SETS for t in find_prompt_set(name).templates]
        for model in MODELS:
            place = engine.place(model, DATASET)
            engine.vectors.ensure(place)
            names = engine.vectors.require(place).classnames
            engine.encoding.encode_texts(model, [*FIRST_TEXTS, *fill(tuple(dict.fromkeys(templates)), names)])
        shutil.rmtree(engine.cache_dir / "thumbnails", ignore_errors=True)
        export_bundle(engine, file, MODELS, [DATASET], sizes=())


if __name__ == "__main__":
    make(FILE)
