"""Which split a classifier is trained on, and which it is tested on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self, TypeVar

from core.errors import TMVError
from core.readers.datasets import find_dataset
from core.studies.base import Lab, LongStudy
from core.types import EmbeddingSet, Place

R = TypeVar("R")
TRAIN, ALL, HELD_OUT = "train", "all", ("test", "val")


def train_split(lab: Lab, dataset: str) -> str:
    """The split that a classifier may be trained on; `TMVError` for a data set that has none."""
    spec, splits = find_dataset(dataset), lab.data.splits(dataset)
    if spec.kind != "classification":
        raise TMVError(
            f"{spec.title} has captions, not classes; a classifier needs a data set with classes, such as "
            "demo-objects, cifar100 or eurosat."
        )
    if not splits:
        lab.data.split_of(dataset)  # a path where nothing is says so
    if TRAIN not in splits:
        there = f"there is: {', '.join(splits)}" if splits else "it has only one"
        raise TMVError(
            f"{spec.title} has no training split ({there}); choose a data set that has one, such as "
            "demo-objects, cifar100 or eurosat, or put your images into train/ and test/."
        )
    return TRAIN


def evaluation_split(lab: Lab, dataset: str, split: str | None = None) -> str:
    """`split`, or the one that a trained classifier is tested on: the default one, or where that holds training
    pictures too, the test split."""
    default = lab.data.split_of(dataset, split)
    if split or default not in (TRAIN, ALL):
        return default
    there = lab.data.splits(dataset)
    return next((name for name in HELD_OUT if name in there), default)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedStudy(LongStudy[R]):
    """A study that learns from the training split and is tested on its `place`."""

    @classmethod
    def at(cls, lab: Lab, model: str, dataset: str, split: str | None = None, **parameters: Any) -> Self:
        """Raises `TMVError` for a data set that has no training split, `UnknownName` for names that nobody knows."""
        train_split(lab, dataset)
        return cls(place=lab.place(model, dataset, evaluation_split(lab, dataset, split)), **parameters)

    def needs(self, lab: Lab) -> tuple[Place, ...]:
        """The training pictures and those to test on."""
        return self.place.at(train_split(lab, self.place.dataset.name)), self.place

    def pair(self, lab: Lab) -> tuple[EmbeddingSet, EmbeddingSet]:
        """(training, test) vectors; `NotHere` while either is not embedded."""
        train, test = self.needs(lab)
        return lab.vectors.require(train), lab.vectors.require(test)
