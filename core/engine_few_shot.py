"""The engine's few-shot study: each run (method, K, seed) is kept, so a study can be stopped and extended."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, get_args

from core.catalog.published import published
from core.engine_parts import EngineParts
from core.engine_probe import pair_of, tested_split, train_split
from core.errors import BadArgument, NotHere, unknown
from core.studies.few_shot.draw import to_bytes
from core.studies.few_shot.methods import METHODS, SEEDS, SHOTS, FewShotStudy, Method
from core.studies.few_shot.result import FewShotResult, Unit, assemble
from core.studies.few_shot.shots import Draw
from core.studies.probe.training_rows import labels_of
from core.studies.zero_shot.classify import ZeroShotResult
from core.types import EmbeddingSet, Job, Progress

_VERSION = 2
MOST_SEEDS = 100

Plan = list[tuple[Method, int, int]]
"""Runs as (method, K, seed)."""
Units = dict[tuple[str, int, int], Unit]


class FewShotStudies:
    """Methods of `core.engine.Engine`."""

    def few_shot(
        self: EngineParts,
        model: str,
        dataset: str,
        split: str | None = None,
        *,
        shots: Sequence[int] = SHOTS,
        methods: Sequence[str] = METHODS,
        seeds: int = SEEDS,
        templates: Sequence[str] | None = None,
        prompt_set: str | None = None,
        progress: Progress | None = None,
    ) -> FewShotResult:
        """Accuracy with K labelled pictures a class, by method, over several draws; zero-shot is K = 0.

        Templates are those of zero-shot classification, which Tip-Adapter builds on. Runs are kept, so that
        more shots, methods or seeds only compute what is new. See `core.studies.few_shot.methods`.
        """
        plan = plan_of(shots, methods, seeds)
        train, test = pair_of(self, model, dataset, split)
        zero_shot = self.zero_shot(model, dataset, test.key.split, templates, prompt_set)
        keys = run_keys(train, test, zero_shot.templates, plan)
        units: Units = {run: unit for run in plan if (unit := kept_unit(self, keys[run])) is not None}
        missing = [run for run in plan if run not in units]
        if missing:
            units |= compute(self, train, test, zero_shot.templates, missing, progress)
        return _assemble(self, train, test, zero_shot, {run: units[run] for run in plan})

    def few_shot_cached(
        self: EngineParts,
        model: str,
        dataset: str,
        split: str | None = None,
        *,
        shots: Sequence[int] = SHOTS,
        methods: Sequence[str] = METHODS,
        seeds: int = SEEDS,
        templates: Sequence[str] | None = None,
        prompt_set: str | None = None,
    ) -> FewShotResult | None:
        """What `few_shot` with the same arguments found, if every run of it is kept; never trains."""
        plan = plan_of(shots, methods, seeds)
        try:
            train, test = pair_of(self, model, dataset, split)
        except NotHere:
            return None
        zero_shot = self.zero_shot(model, dataset, test.key.split, templates, prompt_set)
        keys = run_keys(train, test, zero_shot.templates, plan)
        units = Units()
        for run in plan:
            if (unit := kept_unit(self, keys[run])) is None:
                return None
            units[run] = unit
        return _assemble(self, train, test, zero_shot, units)

    def submit_few_shot(
        self: EngineParts,
        model: str,
        dataset: str,
        split: str | None = None,
        *,
        shots: Sequence[int] = SHOTS,
        methods: Sequence[str] = METHODS,
        seeds: int = SEEDS,
        templates: Sequence[str] | None = None,
        prompt_set: str | None = None,
    ) -> Job:
        """Embed what is missing and run `few_shot` in a process of its own; `few_shot_cached` finds the
        result."""
        plan_of(shots, methods, seeds)
        train_split(self, dataset)
        spec, data, split = self.model(model), self.dataset(dataset), tested_split(self, dataset, split)
        options = job_options(shots, methods, seeds, templates, prompt_set)
        from core.tables.names import full_title

        title = f"Few-shot study of {full_title(data)} with {full_title(spec)}"
        params = {"model": spec.name, "dataset": data.name, "split": split, **options}
        return self.jobs.submit("fewshot", job_key(spec.name, data.name, split, options), title, params)

    def few_shot_job_key(
        self: EngineParts,
        model: str,
        dataset: str,
        split: str | None = None,
        *,
        shots: Sequence[int] = SHOTS,
        methods: Sequence[str] = METHODS,
        seeds: int = SEEDS,
        templates: Sequence[str] | None = None,
        prompt_set: str | None = None,
    ) -> str:
        """The key under which `submit_few_shot` with the same arguments files its job."""
        options = job_options(shots, methods, seeds, templates, prompt_set)
        names = self.model(model).name, self.dataset(dataset).name, tested_split(self, dataset, split)
        return job_key(*names, options)


# --- parts ------------------------------------------------------------------------------------------------


def job_options(
    shots: Sequence[int], methods: Sequence[str], seeds: int, templates: Sequence[str] | None, prompt_set: str | None
) -> dict[str, Any]:
    """What a few-shot job is told besides model, data set and split; ready for JSON."""
    return {
        "shots": list(shots),
        "methods": list(methods),
        "seeds": seeds,
        "templates": None if templates is None else list(templates),
        "prompt_set": prompt_set,
    }


def job_key(model: str, dataset: str, split: str, options: Mapping[str, Any]) -> str:
    """Equal for equal work, so that two who ask for it share one job."""
    digest = hashlib.sha256(json.dumps(options).encode()).hexdigest()[:16]
    return f"fewshot/{model}/{dataset}/{split}/{digest}"


def plan_of(shots: Sequence[int], methods: Sequence[str], seeds: int) -> Plan:
    """The runs, by method, K and seed, each once. Raises `BadArgument` or `UnknownName` for what cannot be run."""
    known = {name: name for name in get_args(Method)}
    if bad := [name for name in methods if name not in known]:
        raise unknown("few-shot method", bad[0], known)
    if not methods or not shots or min(shots) < 1:
        raise BadArgument(f"Few-shot needs a method and at least one picture a class, got {list(shots)}.")
    if not 1 <= seeds <= MOST_SEEDS:
        raise BadArgument(f"Few-shot takes 1 to {MOST_SEEDS} seeds, got {seeds}.")
    return [
        (known[method], k, seed)
        for method in dict.fromkeys(methods)
        for k in sorted(set(shots))
        for seed in range(seeds)
    ]


def run_keys(
    train: EmbeddingSet, test: EmbeddingSet, templates: Sequence[str], plan: Plan
) -> dict[tuple[str, int, int], str]:
    """Where each run is kept. The prompts are part of it where they matter."""
    prompts = json.dumps([templates, test.classnames])
    digest = hashlib.sha256(prompts.encode()).hexdigest()[:16]
    place = f"fewshot/{_VERSION}/{train.key.fingerprint}/{test.key.fingerprint}"
    return {
        (method, k, seed): f"{place}/{'any' if method == 'probe' else digest}/{method}/{k}/{seed}"
        for method, k, seed in plan
    }


def answers_key(run_key: str) -> str:
    """Where the answers of a run are kept: apart from the run, so that a study with many reads little."""
    return f"{run_key}/answers"


def kept_unit(engine: EngineParts, key: str) -> Unit | None:
    """The run kept under this key; None where there is none that can be read."""
    kept = engine.results.get(key)
    if not isinstance(kept, Mapping):
        return None
    try:
        return Unit.from_record(kept)
    except (KeyError, ValueError, TypeError):
        return None


def compute(
    engine: EngineParts,
    train: EmbeddingSet,
    test: EmbeddingSet,
    templates: Sequence[str],
    plan: Plan,
    progress: Progress | None,
) -> Units:
    """Run what is missing, keeping each run and its answers as soon as it is done."""
    head = engine.class_head(test.key.model, templates, test.classnames)
    study, keys = FewShotStudy(train, test, head), run_keys(train, test, templates, plan)
    report = progress or (lambda done, total: None)
    draws = {seed: Draw.of(labels_of(train), seed) for seed in dict.fromkeys(seed for _, _, seed in plan)}
    units = Units()
    for done, (method, k, seed) in enumerate(plan):
        unit, found = study.run(method, k, draws[seed], partial(report, done, len(plan)))
        key = keys[method, k, seed]
        engine.results.keep(answers_key(key), to_bytes(found))
        engine.results.keep(key, unit.to_record())
        units[method, k, seed] = unit
    report(len(plan), len(plan))
    return units


def _assemble(
    engine: EngineParts,
    train: EmbeddingSet,
    test: EmbeddingSet,
    zero_shot: ZeroShotResult,
    units: Mapping[tuple[str, int, int], Unit],
) -> FewShotResult:
    figures = published(engine.model(test.key.model), engine.dataset(test.key.dataset))
    return assemble(train, zero_shot, test, units, figures)
