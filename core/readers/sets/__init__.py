"""The data sets that are known by name, one module each: record, finding, splits, reading, archives.

A new one is a module with a `SET`, and a line here.
"""

from __future__ import annotations

from core.readers.sets import cifar100, coco, eurosat, food101, imagenet_mini
from core.readers.sets.base import KnownSet

SETS: tuple[KnownSet, ...] = (cifar100.SET, imagenet_mini.SET, food101.SET, eurosat.SET, coco.SET)
BY_NAME = {known.spec.name: known for known in SETS}
