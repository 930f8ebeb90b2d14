"""The requests for few-shot classification: a whole study, and one draw of it picture by picture."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from core.catalog.published import published
from core.errors import BadArgument, TMVError
from core.stats.answers import Answers
from core.studies.base import Lab, Study
from core.studies.few_shot.draw import FewShotDraw
from core.studies.few_shot.draw import assemble as assemble_draw
from core.studies.few_shot.methods import METHODS, SEEDS, SHOTS
from core.studies.few_shot.result import FewShotResult, FewShotRun, assemble
from core.studies.few_shot.runs import (
    MOST_SEEDS,
    RunKey,
    Runs,
    check_seed,
    compute,
    kept_answers,
    kept_run,
    plan_of,
    run_keys,
)
from core.studies.few_shot.shots import most_shots
from core.studies.probe.splits import TrainedStudy
from core.studies.probe.training_rows import labels_of
from core.studies.zero_shot.classify import ZeroShotResult
from core.studies.zero_shot.study import ZeroShot
from core.system.progress import Progress
from core.types import EmbeddingSet


@dataclass(frozen=True, slots=True, kw_only=True)
class FewShot(TrainedStudy[FewShotResult]):
    """Accuracy with K labelled pictures a class, by method, over several draws; zero-shot is K = 0.

    Templates are those of zero-shot classification, which Tip-Adapter builds on. Runs are kept, so that more `shots`,
    `methods` or `seeds` only compute what is new. See `core.studies.few_shot.methods`.
    """

    kind: ClassVar[str] = "fewshot"
    title: ClassVar[str] = "Few-shot study of {dataset} with {model}"
    shots: Sequence[int] = SHOTS
    methods: Sequence[str] = METHODS
    seeds: int = SEEDS
    templates: Sequence[str] | None = None
    prompt_set: str | None = None

    def __post_init__(self) -> None:
        plan_of(self.shots, self.methods, self.seeds)

    def kept(self, lab: Lab) -> FewShotResult | None:
        """Where every run of it is kept; never trains."""
        plan = plan_of(self.shots, self.methods, self.seeds)
        train, test = self.pair(lab)
        zero_shot = self._zero_shot(lab, test)
        keys, runs = run_keys(train, test, zero_shot.templates, plan), Runs()
        for run in plan:
            if (found := kept_run(lab, keys[run])) is None:
                return None
            runs[run] = found
        return self._assemble(train, test, zero_shot, runs)

    def run(self, lab: Lab, progress: Progress | None = None) -> FewShotResult:
        """Raises `NotHere` while either split is not embedded."""
        plan = plan_of(self.shots, self.methods, self.seeds)
        train, test = self.pair(lab)
        zero_shot = self._zero_shot(lab, test)
        keys = run_keys(train, test, zero_shot.templates, plan)
        runs = {run: found for run in plan if (found := kept_run(lab, keys[run])) is not None}
        missing = [run for run in plan if run not in runs]
        if missing:
            runs |= compute(lab, train, test, zero_shot.templates, missing, progress)
        return self._assemble(train, test, zero_shot, {run: runs[run] for run in plan})

    def options(self) -> dict[str, Any]:
        """See `LongStudy.options`."""
        shots = {"shots": list(self.shots), "methods": list(self.methods), "seeds": self.seeds}
        return shots | _prompts(self.templates, self.prompt_set)

    def job_key(self) -> str:
        """See `LongStudy.job_key`."""
        return _job_key(self)

    def _zero_shot(self, lab: Lab, test: EmbeddingSet) -> ZeroShotResult:
        forms = None if self.templates is None else tuple(self.templates)
        return lab.run(ZeroShot(place=self.place, templates=forms, prompt_set=self.prompt_set))

    def _assemble(
        self, train: EmbeddingSet, test: EmbeddingSet, zero_shot: ZeroShotResult, runs: Runs
    ) -> FewShotResult:
        return assemble(train, zero_shot, test, runs, published(self.place.model, self.place.dataset))


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleDraw(TrainedStudy[FewShotDraw]):
    """What one draw's classifier answers for every test picture, to be set beside anything else on the same pictures.

    The run is that of `FewShot` with the same method, K and seed, to the last picture; it is run where its answers are
    not kept.
    """

    kind: ClassVar[str] = "fewshot-draw"
    title: ClassVar[str] = "Few-shot draw of {dataset} with {model}"
    method: str
    shots: int
    seed: int = 0
    templates: Sequence[str] | None = None
    prompt_set: str | None = None

    def __post_init__(self) -> None:
        self._run()

    def _run(self) -> RunKey:
        method, shots, _ = plan_of([self.shots], [self.method], 1)[0]
        return method, shots, check_seed(self.seed)

    def kept(self, lab: Lab) -> FewShotDraw | None:
        """Where its answers are kept; never trains."""
        train, test, prompts, key = self._asked(lab)
        return self._assemble(train, test, prompts, kept_answers(lab, key))

    def run(self, lab: Lab, progress: Progress | None = None) -> FewShotDraw:
        """Raises `BadArgument` for more pictures a class than any class can give, `NotHere` while either split is not
        embedded."""
        train, test, prompts, key = self._asked(lab)
        found = kept_answers(lab, key)
        if found is None:
            compute(lab, train, test, prompts, [self._run()], progress)
            found = kept_answers(lab, key)
        result = self._assemble(train, test, prompts, found)
        if result is None:
            raise TMVError("The answers of this draw could not be kept; is the cache folder writable?")
        return result

    def options(self) -> dict[str, Any]:
        """See `LongStudy.options`."""
        drawn = {"method": self.method, "shots": self.shots, "seed": self.seed}
        return drawn | _prompts(self.templates, self.prompt_set)

    def job_key(self) -> str:
        """See `LongStudy.job_key`."""
        return _job_key(self)

    def beside(self) -> tuple[Study[Any], ...]:
        """The draws that every study has, since a single one says little."""
        return (
            FewShot(
                place=self.place,
                shots=(self.shots,),
                methods=(self.method,),
                templates=self.templates,
                prompt_set=self.prompt_set,
            ),
        )

    def _asked(self, lab: Lab) -> tuple[EmbeddingSet, EmbeddingSet, tuple[str, ...], str]:
        """(training, test, templates, where the run is kept)."""
        run = self._run()
        train, test = self.pair(lab)
        prompts = lab.prompting.templates(self.place.dataset.name, self.templates, self.prompt_set)
        # Where no class has K pictures to give, K is a name for fewer
        most = most_shots(labels_of(train))
        if run[1] > most:
            raise BadArgument(
                f"{train.key.dataset} ({train.key.split}) has at most {most:,} images per class to learn from, so "
                f"{run[1]:,} per class cannot be drawn; choose 1 to {most:,}."
            )
        return train, test, prompts, run_keys(train, test, prompts, [run])[run]

    def _assemble(
        self,
        train: EmbeddingSet,
        test: EmbeddingSet,
        prompts: tuple[str, ...],
        found: tuple[FewShotRun, Answers] | None,
    ) -> FewShotDraw | None:
        return None if found is None else assemble_draw(train, test, self._run(), *found, prompts)


def kept_draws(lab: Lab, study: FewShot) -> dict[int, FewShotRun]:
    """Every draw of the study's one method and K that is kept, by its seed: how much a number hangs on the draw."""
    plan = plan_of(study.shots, study.methods, MOST_SEEDS)
    train, test = study.pair(lab)
    prompts = lab.prompting.templates(study.place.dataset.name, study.templates, study.prompt_set)
    keys = run_keys(train, test, prompts, plan)
    kept = {run[2]: kept_run(lab, keys[run]) for run in plan}
    return {seed: run for seed, run in kept.items() if run is not None and len(run.correct) == len(test)}


def _prompts(templates: Sequence[str] | None, prompt_set: str | None) -> dict[str, Any]:
    return {"templates": None if templates is None else list(templates), "prompt_set": prompt_set}


def _job_key(study: FewShot | SingleDraw) -> str:
    digest = hashlib.sha256(json.dumps(study.options()).encode()).hexdigest()[:16]
    return f"{study.kind}/{'/'.join(study.place.names)}/{digest}"
