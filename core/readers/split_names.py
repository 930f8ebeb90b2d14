"""Names of folders that are splits, or look like it: "train", "Validation", "seg_test", "training_set", "fold_1"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.readers.name_entries import fold

_WORDS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation"),
    "dev": ("dev",),
    "test": ("test", "testing"),
    "trainval": ("trainval",),
    "holdout": ("holdout", "heldout"),
    "eval": ("eval", "evaluation"),
}
_SPLIT_OF = {word: split for split, words in _WORDS.items() for word in words}
_FOLD = ("fold", "kfold", "cv")
_GLUED = ("set", "data", "images", "imgs", "dir", "folder")
_PLAIN = frozenset(
    {
        "set",
        "data",
        "dataset",
        "images",
        "image",
        "imgs",
        "img",
        "pictures",
        "photos",
        "folder",
        "dir",
        "split",
        "splits",
        "final",
        "new",
        "small",
        "full",
        "all",
        "raw",
        "original",
        "resized",
        "cropped",
    }
)
CONTAINERS = frozenset(
    {
        "images",
        "image",
        "imgs",
        "img",
        "pictures",
        "pics",
        "photos",
        "jpegimages",
        "jpegs",
        "data",
        "dataset",
        "datasets",
        "raw",
        "original",
        "originals",
        "rgb",
    }
)
"""Folders that hold the pictures, whatever these show; names are folded."""
SIDES = frozenset(
    {
        "masks",
        "mask",
        "labels",
        "label",
        "annotations",
        "annotation",
        "segmentation",
        "segmentations",
        "segmentationclass",
        "segmentationobject",
        "depth",
        "trimaps",
        "gt",
        "groundtruth",
        "ground truth",
        "bboxes",
        "edges",
    }
)
"""Folders that lie beside such and hold what was drawn about the pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitName:
    """`split` is what the folder is the split of ("train", "fold1"); `exact` whether its name says nothing else;
    `plain` whether what else it says names no thing ("train_images"); `rest` is that, for comparison."""

    folder: str
    split: str
    exact: bool
    plain: bool
    rest: str


def split_name(folder: str) -> SplitName | None:
    """What split a folder's name speaks of, or None: "bullet_train" does speak of one, its neighbours must decide."""
    tokens = [token.lower() for token in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_]+", folder)]
    whole = fold(folder).replace(" ", "")
    if whole in _SPLIT_OF:
        return SplitName(folder=folder, split=_SPLIT_OF[whole], exact=True, plain=True, rest="")
    if (numbered := _fold_number(tokens)) is not None:
        rest = [token for token in tokens if token not in _FOLD and token != numbered]
        return SplitName(
            folder=folder,
            split=f"fold{int(numbered)}",
            exact=not rest,
            plain=all(map(_is_plain, rest)),
            rest=" ".join(rest),
        )
    places = [place for place, token in enumerate(tokens) if _split_token(token)]
    if len(places) != 1:
        return None
    rest = tokens[: places[0]] + tokens[places[0] + 1 :]
    split = _split_token(tokens[places[0]]) or ""
    return SplitName(folder=folder, split=split, exact=False, plain=all(map(_is_plain, rest)), rest=" ".join(rest))


def _split_token(token: str) -> str | None:
    """ "train", or "trainset", "traindata" and the like as one word."""
    if token in _SPLIT_OF:
        return _SPLIT_OF[token]
    return next((_SPLIT_OF[token.removesuffix(end)] for end in _GLUED if token.removesuffix(end) in _SPLIT_OF), None)


def _fold_number(tokens: list[str]) -> str | None:
    places = [place for place, token in enumerate(tokens) if token in _FOLD]
    if len(places) != 1 or places[0] + 1 >= len(tokens):
        return None
    number = tokens[places[0] + 1]
    return number if number.isdigit() and len(number) < 4 else None


def _is_plain(token: str) -> bool:
    return token in _PLAIN or token in SIDES or token.isdigit()


_MEASURED = ("test", "val", "dev", "eval", "holdout", "all", "train", "trainval")


def measured_first(split: str) -> int:
    """The order in which splits are measured when none is asked for: rather "test_2" than "train"."""
    found = split_name(split)
    word = split if split in _MEASURED or found is None else found.split
    return _MEASURED.index(word) if word in _MEASURED else len(_MEASURED)
