"""The demo's sets, which are drawn on this machine: see `core.demo`."""

from __future__ import annotations

from core.demo.sets import class_folders, classnames
from core.types import DatasetSpec

DEMO_LICENCE = "CC BY-SA 4.0 (glyphs by OpenMoji)"

DEMO_SPECS: tuple[DatasetSpec, ...] = (
    DatasetSpec(
        name="demo-objects",
        title="Demo objects",
        kind="classification",
        splits=("train", "test"),
        classnames=classnames("demo-objects"),
        raw_classnames=class_folders("demo-objects"),
        prompt_set="photo",
        licence=DEMO_LICENCE,
        why="Forty things drawn in several styles and places: classification with no download.",
        size="2,000 generated images",
    ),
    DatasetSpec(
        name="demo-satellite",
        title="Demo satellite",
        kind="classification",
        splits=("train", "test"),
        classnames=classnames("demo-satellite"),
        raw_classnames=class_folders("demo-satellite"),
        prompt_set="eurosat",
        licence=DEMO_LICENCE,
        why="Ten land uses seen from above, unlike anything the demo models were trained on.",
        size="700 generated images",
    ),
    DatasetSpec(
        name="demo-captions",
        title="Demo captions",
        kind="captions",
        splits=("val",),
        licence=DEMO_LICENCE,
        default_split="val",
        why="Scenes with five sentences each, some true of many images: retrieval with no download.",
        size="1,000 generated images",
    ),
)
