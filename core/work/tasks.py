"""What a job does, by kind: the one place to add a kind of long work.

Each task gets the engine, the job's parameters and a progress callback; it may be stopped at every call of the
callback (`Cancelled`) and must leave the cache good when it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from core import readers
from core.deck.presets import caption_presets, picture_presets
from core.demo.sets import DEMO_SETS
from core.encoders import weights
from core.engine import Engine
from core.errors import Cancelled, Damaged, TMVError
from core.studies.prompts.compose import leave_one_out, paraphrases
from core.types import Job, Progress

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
    counter = _Steps(drawing + len(DEMO_WORK) * len(DEMO_MODELS) + len(probed), progress)
    left, drawn, waited = list(DEMO_WORK), set[str](), Waited(engine)
    while left:
        sets = waited.datasets()
        left.sort(key=lambda work: work[0] not in sets)
        dataset, split = left.pop(0)
        if dataset not in drawn:
            counter.step(partial(engine.ensure_demo, dataset), DRAWING.get(dataset, 1))
            drawn.add(dataset)
        for model in DEMO_MODELS:
            counter.step(partial(engine.ensure, model, dataset, split))
            _encode_prompts(engine, model, dataset, split)
            waited.run(counter.aside)
    for model, dataset in probed:
        counter.step(partial(_train_probe, engine, model, dataset))


class Waited:
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
            model, dataset = str(job.params["model"]), str(job.params["dataset"])
            splits = self._engine.train_split(dataset), str(job.params["split"])
            if all(self._is_stored(model, dataset, split) for split in splits):
                self._done.add(job.id)
                try:
                    TASKS[job.kind](self._engine, job.params, progress)
                except Cancelled:
                    raise
                except TMVError:
                    continue

    def _is_stored(self, model: str, dataset: str, split: str) -> bool:
        try:
            return self._engine.embeddings(model, dataset, split) is not None
        except Damaged:
            return False

    def _jobs(self) -> list[Job]:
        waiting = [job for job in self._engine.jobs.list() if job.state == "queued" and job.id not in self._done]
        return [
            job
            for job in waiting
            if job.kind in WAITED and job.params["dataset"] in DEMO_SETS and job.params["model"] in DEMO_MODELS
        ]


def _train_probe(engine: Engine, model: str, dataset: str, progress: Progress) -> None:
    engine.probe(model, dataset, progress=progress)


def _encode_prompts(engine: Engine, model: str, dataset: str, split: str) -> None:
    """Class vectors for the templates offered first, so that the pages need no encoder to open."""
    _encode_questions(engine, model, dataset)
    images = engine.needed(model, dataset, split)
    if images.labels is None:
        _rank_captions(engine, model, dataset, split)
        return
    for prompt_set in dict.fromkeys((engine.dataset(dataset).prompt_set, "photo", "deck")):
        for kind in ("curated", "raw"):
            templates = engine.templates(dataset, prompt_set=prompt_set)
            engine.class_head(model, templates, engine.classnames(images, kind))


def _encode_questions(engine: Engine, model: str, dataset: str) -> None:
    """Vectors of the questions that pictures are asked first, word by word and in other words."""
    asked = [text for preset in picture_presets(dataset) for text in (*preset.texts, *preset.minus)]
    without = [span.without for text in asked for span in leave_one_out(text)]
    engine.encode_texts(model, [*asked, *without, *(other for text in asked for other in paraphrases(text))])


def _rank_captions(engine: Engine, model: str, dataset: str, split: str) -> None:
    """The ranks of all captions where that is quick, and vectors of the captions offered first, word by word."""
    images = engine.needed(model, dataset, split)
    if len(images) * len(images.captions) <= QUICK_PAIRS:
        engine.retrieve(model, dataset, split)
    for preset in caption_presets(dataset):
        without = [span.without for span in leave_one_out(preset.caption)]
        engine.encode_texts(model, [preset.caption, *without, *preset.beside])


class _Steps:
    """Progress of steps of unknown length as thousandths of the whole."""

    def __init__(self, steps: int, progress: Progress) -> None:
        self._steps, self._done, self._shown, self._progress = steps, 0, 0, progress

    def aside(self, done: int, total: int) -> None:
        """The progress of work that is none of the steps: it can be stopped, and the bar stays."""
        self._progress(max(self._shown, self._done * 1000), self._steps * 1000)

    def step(self, work: Callable[[Progress], object], length: int = 1) -> None:
        """Run one step, or one as long as several; its own progress moves the whole by its share."""
        base = self._done * 1000

        def report(done: int, total: int) -> None:
            # A step that waits for another process starts over when it takes the work on; the bar does not.
            self._shown = max(self._shown, base + (1000 * length * done // total if total else 0))
            self._progress(self._shown, self._steps * 1000)

        report(0, 1)
        work(report)
        self._done += length
        self._progress(self._done * 1000, self._steps * 1000)


def embed(engine: Engine, params: Mapping[str, Any], progress: Progress) -> None:
    """Embed one split of one data set with one model, and encode its default prompts."""
    model, dataset, split = str(params["model"]), str(params["dataset"]), str(params["split"])
    engine.embed(model, dataset, split, progress)
    _encode_prompts(engine, model, dataset, split)


def optimise(engine: Engine, params: Mapping[str, Any], progress: Progress) -> None:
    """Search for prompts; the result lies in the engine's results, where `Engine.optimised` finds it."""
    options = {name: value for name, value in params.items() if name not in ("model", "dataset", "split")}
    model, dataset, split = str(params["model"]), str(params["dataset"]), str(params["split"])
    engine.optimise(model, dataset, split, progress=progress, **options)


def probe(engine: Engine, params: Mapping[str, Any], progress: Progress) -> None:
    """Embed both splits and train a linear probe; `Engine.probe_cached` finds the result."""
    model, dataset, split = str(params["model"]), str(params["dataset"]), str(params["split"])
    steps = _Steps(3, progress)
    for each in (engine.train_split(dataset), split):
        steps.step(partial(engine.ensure, model, dataset, each))
    normalise = bool(params.get("normalise"))
    steps.step(lambda report: engine.probe(model, dataset, split, normalise=normalise, progress=report))


def few_shot(engine: Engine, params: Mapping[str, Any], progress: Progress) -> None:
    """Embed both splits and run a few-shot study; `Engine.few_shot_cached` finds the result."""
    options = {name: value for name, value in params.items() if name not in ("model", "dataset", "split")}
    model, dataset, split = str(params["model"]), str(params["dataset"]), str(params["split"])
    steps = _Steps(3, progress)
    for each in (engine.train_split(dataset), split):
        steps.step(partial(engine.ensure, model, dataset, each))
    steps.step(lambda report: engine.few_shot(model, dataset, split, progress=report, **options))


def few_shot_draw(engine: Engine, params: Mapping[str, Any], progress: Progress) -> None:
    """Embed both splits and run one draw, then those that every study has, since a single draw says little;
    `Engine.few_shot_draw_cached` finds the result."""
    model, dataset, split = str(params["model"]), str(params["dataset"]), str(params["split"])
    method, shots = str(params["method"]), int(params["shots"])
    prompts: dict[str, Any] = {name: params.get(name) for name in ("templates", "prompt_set")}
    drawn: dict[str, Any] = {"method": method, "shots": shots, "seed": int(params["seed"]), **prompts}
    steps = _Steps(4, progress)
    for each in (engine.train_split(dataset), split):
        steps.step(partial(engine.ensure, model, dataset, each))
    steps.step(lambda report: engine.few_shot_draw(model, dataset, split, progress=report, **drawn))
    study: dict[str, Any] = {"shots": [shots], "methods": [method], **prompts}
    steps.step(lambda report: engine.few_shot(model, dataset, split, progress=report, **study))


def download_model(engine: Engine, params: Mapping[str, Any], progress: Progress) -> None:
    """Fetch a model's weights into its library's own cache."""
    weights.download(engine.model(str(params["model"])), progress)


def download_dataset(engine: Engine, params: Mapping[str, Any], progress: Progress) -> None:
    """Fetch a public data set into the data folder."""
    readers.download_dataset(str(params["dataset"]), engine.data_dir, progress)


# Work that waits for a network, not for a core: it need not queue behind an embedding.
LIGHT = frozenset({"download-model", "download-dataset"})

WAITED = frozenset({"fewshot", "fewshot-draw"})

TASKS: Mapping[str, Task] = {
    "prepare-demo": prepare_demo,
    "embed": embed,
    "optimise": optimise,
    "probe": probe,
    "fewshot": few_shot,
    "fewshot-draw": few_shot_draw,
    "download-model": download_model,
    "download-dataset": download_dataset,
}
