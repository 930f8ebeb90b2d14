"""Readers: a data set on this disk -> rows (id, picture, label, captions). No torch here."""

from core.readers.classnames import ClassNames, read_classnames, read_names
from core.readers.counting import on_disk
from core.readers.digest import data_digest
from core.readers.downloads import download_dataset
from core.readers.opening import (
    brought_templates,
    cache_folder,
    data_folder,
    dataset_state,
    demo_folder,
    describe_dataset,
    make_demo,
    open_dataset,
    stands_there,
)
from core.readers.own_places import own_name, own_place, typed_name
from core.readers.own_sets import own_sets
from core.readers.shard_sets import TEMPLATES
from core.readers.split_names import measured_first

__all__ = [
    "TEMPLATES",
    "ClassNames",
    "brought_templates",
    "cache_folder",
    "data_digest",
    "data_folder",
    "dataset_state",
    "demo_folder",
    "describe_dataset",
    "download_dataset",
    "make_demo",
    "measured_first",
    "on_disk",
    "open_dataset",
    "own_name",
    "own_place",
    "own_sets",
    "read_classnames",
    "read_names",
    "stands_there",
    "typed_name",
]
