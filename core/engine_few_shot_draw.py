"""One draw of a few-shot study, picture by picture, to be set beside anything else on the same pictures.

A study keeps the answers of its runs; those of a draw that no study had come from running that one draw, in a process
of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from core.engine_few_shot import MOST_SEEDS, answers_key, compute, kept_unit, plan_of, run_keys
from core.engine_parts import EngineParts
from core.engine_probe import pair_of, tested_split, train_split
from core.errors import BadArgument, NotHere, TMVError
from core.stats.scored import Scored
from core.studies.few_shot.draw import FewShotDraw, assemble, from_bytes
from core.studies.few_shot.methods import Method
from core.studies.few_shot.result import Unit
from core.studies.few_shot.shots import most_shots
from core.studies.probe.training_rows import labels_of
from core.types import EmbeddingSet, Job, Progress

Run = tuple[Method, int, int]
Found = tuple[Unit, Scored]


class FewShotDraws:
    """Methods of `core.engine.Engine`. All take a `method`, a number of `shots` a class and a `seed`."""

    def few_shot_draw(
        self: EngineParts,
        model: str,
        dataset: str,
        split: str | None = None,
        *,
        method: str,
        shots: int,
        seed: int = 0,
        templates: Sequence[str] | None = None,
        prompt_set: str | None = None,
        progress: Progress | None = None,
    ) -> FewShotDraw:
        """What this draw's classifier answers for every test picture; run where its answers are not kept.

        The run is that of `few_shot` with the same method, K and seed, to the last picture. Raises `BadArgument` for
        more pictures a class than any class can give, `NotHere` while either split is not embedded.
        """
        run = _checked(method, shots, seed)
        train, test = pair_of(self, model, dataset, split)
        prompts = self.templates(dataset, templates, prompt_set)
        _check_shots(train, run)
        key = run_keys(train, test, prompts, [run])[run]
        found = _kept(self, key)
        if found is None:
            compute(self, train, test, prompts, [run], progress)
            found = _kept(self, key)
        if found is None:
            raise TMVError("The answers of this draw could not be kept; is the cache folder writable?")
        return assemble(train, test, run, *found, prompts)

    def few_shot_draw_cached(
        self: EngineParts,
        model: str,
        dataset: str,
        split: str | None = None,
        *,
        method: str,
        shots: int,
        seed: int = 0,
        templates: Sequence[str] | None = None,
        prompt_set: str | None = None,
    ) -> FewShotDraw | None:
        """What `few_shot_draw` with the same arguments gives, if its answers are kept; never trains."""
        run = _checked(method, shots, seed)
        try:
            train, test = pair_of(self, model, dataset, split)
        except NotHere:
            return None
        prompts = self.templates(dataset, templates, prompt_set)
        _check_shots(train, run)
        found = _kept(self, run_keys(train, test, prompts, [run])[run])
        return None if found is None else assemble(train, test, run, *found, prompts)

    def few_shot_draws(
        self: EngineParts,
        model: str,
        dataset: str,
        split: str | None = None,
        *,
        method: str,
        shots: int,
        templates: Sequence[str] | None = None,
        prompt_set: str | None = None,
    ) -> dict[int, Unit]:
        """Every draw of this method and K that is kept, by its seed: how much a number hangs on the draw."""
        plan = plan_of([shots], [method], MOST_SEEDS)
        train, test = pair_of(self, model, dataset, split)
        keys = run_keys(train, test, self.templates(dataset, templates, prompt_set), plan)
        kept = {run[2]: kept_unit(self, keys[run]) for run in plan}
        return {seed: unit for seed, unit in kept.items() if unit is not None and len(unit.correct) == len(test)}

    def submit_few_shot_draw(
        self: EngineParts,
        model: str,
        dataset: str,
        split: str | None = None,
        *,
        method: str,
        shots: int,
        seed: int = 0,
        templates: Sequence[str] | None = None,
        prompt_set: str | None = None,
    ) -> Job:
        """Embed what is missing, run this draw and the few beside it that show the spread, in a process of its own."""
        _checked(method, shots, seed)
        train_split(self, dataset)
        spec, data, split = self.model(model), self.dataset(dataset), tested_split(self, dataset, split)
        options = _options(method, shots, seed, templates, prompt_set)
        from core.tables.names import full_title

        title = f"Few-shot draw of {full_title(data)} with {full_title(spec)}"
        params = {"model": spec.name, "dataset": data.name, "split": split, **options}
        return self.jobs.submit("fewshot-draw", _job_key(spec.name, data.name, split, options), title, params)

    def few_shot_draw_job_key(
        self: EngineParts,
        model: str,
        dataset: str,
        split: str | None = None,
        *,
        method: str,
        shots: int,
        seed: int = 0,
        templates: Sequence[str] | None = None,
        prompt_set: str | None = None,
    ) -> str:
        """The key under which `submit_few_shot_draw` with the same arguments files its job."""
        names = self.model(model).name, self.dataset(dataset).name, tested_split(self, dataset, split)
        return _job_key(*names, _options(method, shots, seed, templates, prompt_set))


# --- parts ------------------------------------------------------------------------------------------------


def check_seed(seed: int) -> int:
    """The seed, or `BadArgument`."""
    if not 0 <= seed < MOST_SEEDS:
        raise BadArgument(f"A seed is a whole number from 0 to {MOST_SEEDS - 1}, got {seed:,}.")
    return seed


def _checked(method: str, shots: int, seed: int) -> Run:
    known, shots, _ = plan_of([shots], [method], 1)[0]
    return known, shots, check_seed(seed)


def _check_shots(train: EmbeddingSet, run: Run) -> None:
    """Where no class has K pictures to give, K is a name for fewer."""
    most = most_shots(labels_of(train))
    if run[1] > most:
        raise BadArgument(
            f"{train.key.dataset} ({train.key.split}) has at most {most:,} pictures a class to learn from, so "
            f"{run[1]:,} a class cannot be drawn; choose 1 to {most:,}."
        )


def _kept(engine: EngineParts, key: str) -> Found | None:
    """A run and its answers, where both are kept and agree."""
    unit, kept = kept_unit(engine, key), engine.results.get(answers_key(key))
    if unit is None or not isinstance(kept, bytes):
        return None
    try:
        found = from_bytes(kept)
    except ValueError:
        return None
    same = len(found.ranks) == len(unit.correct) and bool((found.correct == unit.correct).all())
    return (unit, found) if same else None


def _options(
    method: str, shots: int, seed: int, templates: Sequence[str] | None, prompt_set: str | None
) -> dict[str, Any]:
    return {
        "method": method,
        "shots": shots,
        "seed": seed,
        "templates": None if templates is None else list(templates),
        "prompt_set": prompt_set,
    }


def _job_key(model: str, dataset: str, split: str, options: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(options).encode()).hexdigest()[:16]
    return f"fewshot-draw/{model}/{dataset}/{split}/{digest}"
