"""What a job does, by kind: the one place to add a kind of long work.

Each task gets the engine, the job's parameters and a progress callback; it may be stopped at every call of the
callback (`Cancelled`) and must leave the cache good when it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from core import readers
from core.catalog.models import find_model
from core.deck.presets import caption_presets, picture_presets
from core.demo.sets import DEMO_SETS
from core.encoders import weights
from core.engine import Engine
from core.errors import Cancelled, Damaged, TMVError
from core.studies.audit.study import encode_text_runs
from core.studies.base import LongStudy
from core.studies.captions.study import Retrieval
from core.studies.pictures.indexing import build_index, index_is_of_earlier_rows
from core.studies.probe.study import LinearProbe
from core.studies.prompts.compose import leave_one_out, rewordings_of
from core.studies.registry import JOBS
from core.system.progress import Progress, Steps
from core.types import Job, Place
from core.work import start

Task = Callable[[Engine, Mapping[str, Any], Progress], None]

DEMO_MODELS = ("demo-rn/demo", "demo-vit/demo")
# The order in which a newcomer meets them: the first chart needs only the first line.
DEMO_WORK = (
    ("demo-objects", "test"),
    ("demo-satellite", "test"),
    ("demo-captions", "val"),
    ("demo-objects", "train"),
    ("demo-satellite", "train"),
)

DRAWING = {"demo-objects": 5}
"""How many steps as long as embedding one split of the demo drawing a set takes, where that is more than one."""

QUICK_PAIRS = 1_000_000_000
"""Pairs of picture and caption that are ranked as a part of embedding: half a minute at most."""


def prepare_demo(engine: Engine, params: Mapping[str, Any], progress: Progress) -> None:
    """Draw the demo sets, embed them with both demo models, encode the prompts that the pages open with, and train
    the probes, which takes a second each on so few pictures. A study that someone waits for comes as soon as its
    vectors are there."""
    probed = [(model, dataset) for dataset, split in DEMO_WORK if split == "train" for model in DEMO_MODELS]
    drawing = sum(DRAWING.get(dataset, 1) for dataset in DEMO_SETS)
    counter = Steps(drawing + len(DEMO_WORK) * len(DEMO_MODELS) + len(probed), progress)
    left, drawn, waited = list(DEMO_WORK), set[str](), WaitingStudies(engine)
    while left:
        sets = waited.datasets()
        left.sort(key=lambda work: work[0] not in sets)
        dataset, split = left.pop(0)
        if dataset not in drawn:
            counter.step(partial(engine.data.ensure_demo, dataset), DRAWING.get(dataset, 1))
            drawn.add(dataset)
        for model in DEMO_MODELS:
            place = engine.place(model, dataset, split)
            counter.step(partial(engine.vectors.ensure, place))
            _encode_prompts(engine, place)
            waited.run(counter.aside)
    for model, dataset in probed:
        counter.step(partial(engine.run, LinearProbe.at(engine, model, dataset)))


class WaitingStudies:
    """Few-shot studies of the demo that stand behind its preparation: their pictures come first, and what they compute
    is kept, so that in their turn they only find it."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._done = engine, set[str]()

    def datasets(self) -> set[str]:
        """The demo sets that someone waits for."""
        return {str(job.params["dataset"]) for job in self._jobs()}

    def run(self, progress: Progress) -> None:
        """Do what waits and can be done. What fails is left to the waiting job, which says why."""
        for job in self._jobs():
            try:
                study = JOBS[job.kind].of_job(self._engine, job.params)
                if all(self._is_stored(place) for place in study.needs(self._engine)):
                    self._done.add(job.id)
                    TASKS[job.kind](self._engine, job.params, progress)
            except Cancelled:
                raise
            except TMVError:
                continue

    def _is_stored(self, place: Place) -> bool:
        try:
            return self._engine.vectors.find(place) is not None
        except Damaged:
            return False

    def _jobs(self) -> list[Job]:
        waiting = [job for job in self._engine.jobs.list() if job.state == "queued" and job.id not in self._done]
        return [
            job
            for job in waiting
            if job.kind in WAITED and job.params["dataset"] in DEMO_SETS and job.params["model"] in DEMO_MODELS
        ]


def _encode_prompts(engine: Engine, place: Place) -> None:
    """Class vectors for the templates offered first, so that the pages need no encoder to open."""
    # Vectors of the questions that pictures are asked first, word by word and in other words
    asked = [text for preset in picture_presets(place.dataset.name) for text in (*preset.texts, *preset.minus)]
    without = [span.without for text in asked for span in leave_one_out(text)]
    others = [other for text in asked for other in rewordings_of(text)]
    engine.encoding.encode_texts(place.model.name, [*asked, *without, *others])
    images, model, dataset = engine.vectors.require(place), place.model.name, place.dataset.name
    if images.pairs is None:
        _rank_captions(engine, place)
        return
    for prompt_set in dict.fromkeys((place.dataset.prompt_set, "photo", "deck")):
        for kind in ("curated", "raw"):
            templates = engine.prompting.templates(dataset, prompt_set=prompt_set)
            engine.prompting.class_head(model, templates, engine.prompting.named(images, kind, several=True)[1])


def _rank_captions(engine: Engine, place: Place) -> None:
    """The ranks of all captions where that is quick, and vectors of the captions offered first, word by word."""
    images = engine.vectors.require(place)
    if len(images) * len(images.captions) <= QUICK_PAIRS:
        engine.run(Retrieval(place=place))
    for preset in caption_presets(place.dataset.name):
        without = [span.without for span in leave_one_out(preset.caption)]
        engine.encoding.encode_texts(place.model.name, [preset.caption, *without, *preset.beside])


def embed(engine: Engine, params: Mapping[str, Any], progress: Progress) -> None:
    """Embed one split of one data set with one model, and encode its default prompts."""
    place = engine.place(str(params["model"]), str(params["dataset"]), str(params["split"]))
    engine.vectors.embed(place, progress)
    _encode_prompts(engine, place)
    if index_is_of_earlier_rows(engine, place):
        start.index(engine.jobs, place)


def index(engine: Engine, params: Mapping[str, Any], progress: Progress) -> None:
    """Build the index of one split by one model, where there is none or it is not whole."""
    place = engine.place(str(params["model"]), str(params["dataset"]), str(params["split"]))
    build_index(engine, place, progress)


def run_study(kind: type[LongStudy[Any]], engine: Engine, params: Mapping[str, Any], progress: Progress) -> None:
    """Embed what a study needs, run it and what it wants beside it; `Engine.kept` finds the answer."""
    study = kind.of_job(engine, params)
    if not study.embeds_first:
        engine.run(study, progress)
        return
    needs, studies = study.needs(engine), (study, *study.beside())
    steps = Steps(len(needs) + len(studies), progress)
    for place in needs:
        steps.step(partial(engine.vectors.ensure, place))
    for each in studies:
        steps.step(partial(engine.run, each))


def audit_texts(engine: Engine, params: Mapping[str, Any], progress: Progress) -> None:
    """Encode the class names as published and with the usual mistakes in texts, for someone's predictions to be
    compared with."""
    place = engine.place(str(params["model"]), str(params["dataset"]), str(params["split"]))
    encode_text_runs(engine, place, progress)


def download_model(engine: Engine, params: Mapping[str, Any], progress: Progress) -> None:
    """Fetch a model's weights into its library's own cache."""
    weights.download(find_model(str(params["model"])), progress)


def download_dataset(engine: Engine, params: Mapping[str, Any], progress: Progress) -> None:
    """Fetch a public data set into the data folder."""
    readers.download_dataset(str(params["dataset"]), engine.data.folder, progress)


# Work that waits for a network, not for a core: it need not queue behind an embedding.
LIGHT = frozenset({"download-model", "download-dataset"})

WAITED = frozenset({"fewshot", "fewshot-draw"})

TASKS: Mapping[str, Task] = {
    "prepare-demo": prepare_demo,
    "embed": embed,
    **{kind: partial(run_study, study) for kind, study in JOBS.items()},
    "audit-texts": audit_texts,
    "index": index,
    "download-model": download_model,
    "download-dataset": download_dataset,
}
