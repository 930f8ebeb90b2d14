"""Single runs (method, K, seed) of few-shot studies: each is kept, so a study can be stopped and extended."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import partial
from typing import get_args

from core.errors import BadArgument, unknown
from core.stats.answers import Answers
from core.studies.base import Lab
from core.studies.few_shot.methods import FewShotMethods, Method
from core.studies.few_shot.result import FewShotRun
from core.studies.few_shot.shots import Draw
from core.studies.probe.training_rows import labels_of
from core.system.progress import Progress, silent
from core.types import EmbeddingSet

_VERSION = 2
MOST_SEEDS = 100

RunKey = tuple[Method, int, int]
"""A run as (method, K, seed)."""
Runs = dict[RunKey, FewShotRun]


def plan_of(shots: Sequence[int], methods: Sequence[str], seeds: int) -> list[RunKey]:
    """The runs, by method, K and seed, each once. Raises `BadArgument` or `UnknownName` for what cannot be run."""
    known = {name: name for name in get_args(Method)}
    if bad := [name for name in methods if name not in known]:
        raise unknown("few-shot method", bad[0], known)
    if not methods or not shots or min(shots) < 1:
        raise BadArgument(f"Few-shot needs a method and at least one image per class, got {list(shots)}.")
    if not 1 <= seeds <= MOST_SEEDS:
        raise BadArgument(f"Few-shot takes 1 to {MOST_SEEDS} seeds, got {seeds}.")
    return [
        (known[method], k, seed)
        for method in dict.fromkeys(methods)
        for k in sorted(set(shots))
        for seed in range(seeds)
    ]


def check_seed(seed: int) -> int:
    """The seed, or `BadArgument`."""
    if not 0 <= seed < MOST_SEEDS:
        raise BadArgument(f"A seed is a whole number from 0 to {MOST_SEEDS - 1}, got {seed:,}.")
    return seed


def run_keys(
    train: EmbeddingSet, test: EmbeddingSet, templates: Sequence[str], plan: Sequence[RunKey]
) -> dict[RunKey, str]:
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


def kept_run(lab: Lab, key: str) -> FewShotRun | None:
    """The run kept under this key; None where there is none that can be read."""
    return lab.results.read(key, FewShotRun.from_record)


def kept_answers(lab: Lab, key: str) -> tuple[FewShotRun, Answers] | None:
    """A run and its answers, where both are kept and agree."""
    run, found = kept_run(lab, key), lab.results.read(answers_key(key), Answers.from_bytes)
    if run is None or found is None:
        return None
    same = len(found.ranks) == len(run.correct) and bool((found.correct == run.correct).all())
    return (run, found) if same else None


def compute(
    lab: Lab,
    train: EmbeddingSet,
    test: EmbeddingSet,
    templates: Sequence[str],
    plan: Sequence[RunKey],
    progress: Progress | None,
) -> Runs:
    """Run what is missing, keeping each run and its answers as soon as it is done."""
    head = lab.prompting.class_head(test.key.model, templates, test.classnames)
    methods, keys = FewShotMethods(train, test, head), run_keys(train, test, templates, plan)
    report = progress or silent
    draws = {seed: Draw.of(labels_of(train), seed) for seed in dict.fromkeys(seed for _, _, seed in plan)}
    runs = Runs()
    for done, (method, k, seed) in enumerate(plan):
        run, found = methods.run(method, k, draws[seed], partial(report, done, len(plan)))
        key = keys[method, k, seed]
        lab.results.keep(answers_key(key), found.to_bytes())
        lab.results.keep(key, run.to_record())
        runs[method, k, seed] = run
    report(len(plan), len(plan))
    return runs
