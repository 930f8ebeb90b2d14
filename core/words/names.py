"""Names as people say them: "ViT-B/32 · OpenAI" for `ViT-B-32/openai`. The exact name stays beside it.

Two checkpoints of one run and two folders called `test` have the same name in short. What is shown at once is told
apart by as much of the path as that takes ("hospital_a/test"): `show_together` says what that is for a page or a
command, `told_apart` for a function of results, and `say_model` and `say_dataset` then keep to it.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256
from pathlib import PurePath
from typing import Any, Literal, ParamSpec, TypeVar

from core.errors import TMVError
from core.readers.datasets import find_dataset
from core.stats.accuracy import METRICS
from core.types import DatasetSpec, ModelSpec
from core.words.shorter import shortened

P = ParamSpec("P")
R = TypeVar("R")
MOST_NAMED = 3
"""A sentence names so many models or data sets; it counts more."""
Family = Literal["openai", "open_clip", "demo", "other"]

_ARCHITECTURES = (
    (re.compile(r"^demo-vit$"), "Demo ViT"),
    (re.compile(r"^demo-rn$"), "Demo ResNet"),
    (re.compile(r"^ViT-([A-Za-z]+)-(\d+)(.*)$"), r"ViT-\1/\2\3"),
    (re.compile(r"^RN(\d+)(.*)$"), r"ResNet-\1\2"),
)
_TRAINING = (
    ("openai", "OpenAI"),
    ("laion2b", "LAION-2B"),
    ("laion400m", "LAION-400M"),
    ("laion5b", "LAION-5B"),
    ("datacomp", "DataComp"),
    ("commonpool", "CommonPool"),
    ("metaclip", "MetaCLIP"),
    ("dfn", "DFN"),
    ("webli", "WebLI"),
    ("merged2b", "Merged-2B"),
    ("laion_aesthetic", "LAION-Aesthetic"),
    ("frozen_laion5b", "LAION-5B, frozen"),
    ("mscoco_finetuned_laion2b", "LAION-2B, COCO"),
    ("yfcc15m", "YFCC-15M"),
    ("cc12m", "CC12M"),
    ("random", "random, untrained"),
    ("demo", ""),
)
_METRICS = {
    **{metric.name: metric.title for metric in METRICS},
    "train_acc1": "Probe, train accuracy",
    "test_acc1": "Probe, test accuracy",
}


def model_parts(model: ModelSpec | str) -> tuple[str, str]:
    """(architecture, pretrained) of a record or a name of any form."""
    if isinstance(model, ModelSpec):
        return model.architecture, model.pretrained
    if model.startswith("hf-hub:"):
        return model.removeprefix("hf-hub:"), "hub"
    if model.startswith("file:"):
        return PurePath(model.removeprefix("file:").split(",")[0]).stem, "file"
    architecture, _, pretrained = model.rpartition("/")
    return (architecture, pretrained) if architecture else (pretrained, "")


def model_family(model: ModelSpec | str) -> Family:
    """Whose model it is, by its name alone."""
    architecture, pretrained = model_parts(model)
    return ModelSpec(
        name="", title="", architecture=architecture, pretrained=pretrained or "file", library="open_clip"
    ).family


# --- what is shown at once --------------------------------------------------------------------------------

_Names = tuple[tuple[str, ...], tuple[str, ...]]
_together: ContextVar[_Names] = ContextVar("together", default=((), ()))
_on_page: ContextVar[tuple[str, ...]] = ContextVar("on_page", default=())


def show_together(models: Iterable[ModelSpec | str] = (), datasets: Iterable[str] = ()) -> None:
    """From here on (in this thread) these models and data sets, and no others, are told apart from each other."""
    _together.set(_joined(((), ()), models, datasets))
    _on_page.set(())


def show_on_page(models: Iterable[ModelSpec | str]) -> None:
    """Of what is shown together, these models are seen beside each other: no two of them in one colour."""
    _together.set(_joined(_together.get(), models := list(models), ()))
    _on_page.set(_joined(((), ()), models, ())[0])


def models_on_page() -> tuple[str, ...]:
    """The models that are seen beside each other, as far as that was said."""
    return _on_page.get()


@contextmanager
def shown_together(models: Iterable[ModelSpec | str] = (), datasets: Iterable[str] = ()) -> Iterator[None]:
    """These models and data sets, and those that already are, are told apart until the end of the block."""
    token = _together.set(_joined(_together.get(), models, datasets))
    try:
        yield
    finally:
        _together.reset(token)


def models_together() -> tuple[str, ...]:
    """The models that are shown at once, as far as that was said."""
    return _together.get()[0]


def told_apart(function: Callable[P, R]) -> Callable[P, R]:
    """For a function of results: their models and data sets are told apart from each other in what it gives."""

    @functools.wraps(function)
    def apart(*args: P.args, **kwargs: P.kwargs) -> R:
        found = list(_names_in((*args, *kwargs.values()), 3))
        with shown_together((m for m, _ in found), (d for _, d in found)):
            return function(*args, **kwargs)

    return apart


def _joined(known: _Names, models: Iterable[ModelSpec | str], datasets: Iterable[str]) -> _Names:
    names = (model.name if isinstance(model, ModelSpec) else model for model in models)
    return (
        tuple(dict.fromkeys((*known[0], *filter(None, names)))),
        tuple(dict.fromkeys((*known[1], *filter(None, datasets)))),
    )


def _names_in(values: Iterable[Any], depth: int) -> Iterator[tuple[str, str]]:
    """(model, data set) of every result among these values, and in the sequences among them."""
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from _names_in(value, depth - 1) if depth else ()
        elif isinstance(value, Mapping):
            yield from _names_in(list(value.values()), depth - 1) if depth else ()
        else:
            found = [getattr(value, name, "") for name in ("model", "dataset")]
            if all(isinstance(name, str) for name in found) and any(found):
                yield found[0], found[1]
            for side in ("a", "b"):
                if isinstance(name := getattr(value, side, None), str):
                    yield name, ""


def distinct_models(models: Sequence[ModelSpec | str]) -> dict[str, str]:
    """Exact name -> the shortest name that tells each of these models from the others."""
    return dict(_models_apart(tuple(dict.fromkeys(map(_exact, models)))))


def distinct_datasets(datasets: Sequence[str]) -> dict[str, str]:
    """Exact name -> the shortest title that tells each of these data sets from the others."""
    return dict(_datasets_apart(tuple(dict.fromkeys(datasets))))


# A table says hundreds of names beside each other: they are told apart once, not once for each of them.
@functools.lru_cache(maxsize=256)
def _models_apart(names: tuple[str, ...]) -> Mapping[str, str]:
    return _distinct(names, {name: " · ".join(filter(None, say_parts(name))) for name in names}, _model_places)


@functools.lru_cache(maxsize=256)
def _datasets_apart(names: tuple[str, ...]) -> Mapping[str, str]:
    return _distinct(names, {name: _say_dataset(name) for name in names}, _dataset_places)


def _distinct(
    names: Sequence[str], plain: dict[str, str], places: Callable[[list[str]], dict[str, str]]
) -> dict[str, str]:
    """The plain names where they differ; of those that do not, more of where they lie, at last their exact names; of
    long ones only what tells them apart."""
    said = dict(plain)
    for title in [title for title, count in Counter(plain.values()).items() if count > 1]:
        said |= places([name for name in names if plain[name] == title])
    times = Counter(said.values())
    exact = {name: text if times[text] == 1 else name for name, text in said.items()}
    return shortened(exact)


def _model_places(names: list[str]) -> dict[str, str]:
    """Own models by their weights ("run_a/best"), by suffix or configuration where those are the same files' names;
    any other by its exact name."""
    own = {name: _own_files(name) for name in names if name.startswith("file:")}
    said = _tails({name: weights.with_suffix("").as_posix() for name, (_, weights) in own.items()})
    for double in _doubles(said):
        if len({own[name][1] for name in double}) > 1:
            said |= _tails({name: own[name][1].as_posix() for name in double})
    for double in _doubles(said):
        with_config = _tails({name: own[name][0].with_suffix("").as_posix() for name in double})
        said |= {name: f"{said[name]} ({with_config[name]})" for name in double}
    return {name: said.get(name, name) for name in names}


def _dataset_places(names: list[str]) -> dict[str, str]:
    """Own data sets by their paths ("hospital_a/test"), and by kind where one path is read in two ways."""
    paths = {name: name.split(":", 1)[1].rstrip("/") for name in names if ":" in name}
    said = _tails(paths, fewest=1 if len(paths) == len(names) else 2)
    for double in _doubles(said):
        said |= {name: f"{name.split(':', 1)[0]}:{said[name]}" for name in double}
    return {name: said.get(name) or _say_dataset(name) for name in names}


def _doubles(said: Mapping[str, str]) -> list[list[str]]:
    return [[n for n in said if said[n] == text] for text, times in Counter(said.values()).items() if times > 1]


def _tails(paths: Mapping[str, str], fewest: int = 1) -> dict[str, str]:
    """Of each path as many of its last parts as no other path ends with."""
    parts = {name: PurePath(path).parts or (path,) for name, path in paths.items()}
    said = {}
    for name, own in parts.items():
        others = [other for key, other in parts.items() if key != name and other != own]
        length = next((k for k in range(fewest, len(own)) if not any(o[-k:] == own[-k:] for o in others)), len(own))
        said[name] = PurePath(*own[-length:]).as_posix()
    return said


def _own_files(name: str) -> tuple[PurePath, PurePath]:
    """The configuration and the weights of `file:CONFIG,WEIGHTS`."""
    config, _, weights = name.removeprefix("file:").rpartition(",")
    return PurePath(config), PurePath(weights)


# --- models -----------------------------------------------------------------------------------------------


def say_model(model: ModelSpec | str) -> str:
    """ "ViT-B/32 · OpenAI" for `ViT-B-32/openai`; of an own model the name of its weights."""
    name, together = _exact(model), _together.get()[0]
    return _models_apart(together if name in together else (*together, name))[name]


def say_parts(model: ModelSpec | str) -> tuple[str, str]:
    """What people call the architecture, and the training data or maker ("" where nothing is to add)."""
    architecture, pretrained = model_parts(model)
    if pretrained == "file":
        name = model.name if isinstance(model, ModelSpec) else model
        return _own_files(name)[1].stem or architecture, ""
    if pretrained == "hub":
        return architecture, ""
    return _say_architecture(architecture), _say_training(pretrained)


def _say_architecture(architecture: str) -> str:
    if architecture.startswith("convnext_"):
        return "-".join(["ConvNeXt", *(part.capitalize() for part in architecture.split("_")[1:])])
    for pattern, said in _ARCHITECTURES:
        if pattern.match(architecture):
            return pattern.sub(said, architecture)
    return architecture


def _say_training(pretrained: str) -> str:
    return next((said for start, said in _TRAINING if pretrained.startswith(start)), pretrained)


def short_names(models: Sequence[ModelSpec | str]) -> tuple[str, ...]:
    """The shortest names that still tell these models apart: only the training data where the architecture is
    the same, only the architecture where the training data is, else both."""
    parts = [say_parts(model) for model in models]
    architectures, training = [list(side) for side in zip(*parts, strict=True)] if parts else ([], [])
    if len(set(architectures)) == 1 and len(set(training)) == len(parts) > 1 and all(training):
        return tuple(training)
    own = any(name.startswith("file:") for name in map(_exact, models))
    if len(set(training)) == 1 and len(set(architectures)) == len(parts) and not own:
        return tuple(architectures)
    with shown_together(models):
        return tuple(say_model(model) for model in models)


def _exact(model: ModelSpec | str) -> str:
    return model.name if isinstance(model, ModelSpec) else model


def say_pair(model: ModelSpec | str, dataset: str) -> str:
    """ "ViT-B/32 · OpenAI on Food-101"."""
    return f"{say_model(model)} on {say_dataset(dataset)}"


def say_dataset(name: str) -> str:
    """ "Food-101" for `food101`; the folder or file name of people's own data."""
    together = _together.get()[1]
    return _datasets_apart(together if name in together else (*together, name))[name]


def _say_dataset(name: str) -> str:
    if ":" in name:
        return PurePath(name.split(":", 1)[1].rstrip("/")).name or name
    try:
        return find_dataset(name).title
    except TMVError:
        return name


def full_title(spec: ModelSpec | DatasetSpec) -> str:
    """The title of the catalog's record; of people's own the name that tells it from the others shown."""
    if not is_own(spec.name):
        return spec.title
    return say_model(spec) if isinstance(spec, ModelSpec) else say_dataset(spec.name)


def file_part(name: str) -> str:
    """A model or data set in the name of a file: own ones by their last name and a mark of the whole path."""
    path = _own_files(name)[1].stem if name.startswith("file:") else _say_dataset(name) if is_own(name) else name
    slug = re.sub(r"[^A-Za-z0-9_.]+", "-", path).strip("-")[:40]
    return f"{slug}-{sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}" if is_own(name) else slug


def is_own(name: str) -> bool:
    """Whether this is a model or data set of people's own, named by its path."""
    return name.startswith(("file:", "folder:", "captions:", "wds:"))


def say_metric(metric: str) -> str:
    """ "Top-1 accuracy" for `acc1`; "Text finds picture, recall@5" for `image_retrieval_recall@5`."""
    if metric in _METRICS:
        return _METRICS[metric]
    said = metric.replace("image_retrieval_", "Caption to image, ")
    return said.replace("text_retrieval_", "Image to caption, ").replace("_", " ")


# --- methods ----------------------------------------------------------------------------------------------

ZERO_SHOT, PROBE, TRAINED = "zero-shot", "probe", "trained"
METHODS = {ZERO_SHOT: "zero-shot", PROBE: "linear probe", TRAINED: "linear probe, on its training images"}
DRAWN = {"few-shot-probe": "few-shot linear probe", "tip": "Tip-Adapter", "tip-f": "Tip-Adapter-F"}
"""Methods that learn from K pictures a class, one draw of them at a time."""
FEW_SHOT_METHODS = {
    ZERO_SHOT: "zero-shot",
    PROBE: "Linear probe",
    "tip": "Tip-Adapter",
    "tip-f": "Tip-Adapter-F",
    "clip-adapter": "CLIP-Adapter",
}


def drawn_name(method: str) -> str:
    """A few-shot method as it stands beside the others: its probe is not the probe of all pictures."""
    return "few-shot-probe" if method == PROBE else method


def few_shot_method(name: str) -> str:
    """The other way round: a key of `DRAWN` as few-shot studies call it."""
    return PROBE if name == "few-shot-probe" else name
