"""One draw of a few-shot study, picture by picture: what its classifier answers for every test picture.

A study keeps of each run which pictures it names right (`FewShotRun`); here is also what it names them, so that a
run can be set beside any other classifier on the same pictures. One draw is one of many: its interval is over the test
pictures and knows nothing of other draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import TMVError
from core.stats.answers import Answers
from core.stats.intervals import wilson
from core.studies.few_shot.methods import Method
from core.studies.few_shot.result import FewShotRun, adapter_note, short_note
from core.studies.probe.training_rows import labels_of
from core.studies.result import Answered, place_of
from core.types import EmbeddingKey, EmbeddingSet, Interval, Note, Provenance, beside, read_only


@dataclass(frozen=True, slots=True, kw_only=True)
class FewShotDraw(Answered):
    """One `method` with `shots` pictures a class of the draw `seed`, on the test `split` of `n` pictures.

    `labels` and `ranks` (n,) int64, `top5` (n, k) int64 and `top5_probability` (n, k) float32 belong to the test
    pictures `ids`; rank 1 is right. `templates` are those that Tip-Adapter builds on, () for a linear probe, and
    `logit_scale` the model's own. The interval is Wilson's, over the test pictures.
    """

    method: Method
    shots: int
    seed: int
    acc1: float
    acc1_ci95: Interval
    n_shots: int
    n_validation: int
    short: int
    settings: Mapping[str, Any]
    templates: tuple[str, ...]
    logit_scale: float
    train_key: EmbeddingKey
    test_key: EmbeddingKey
    train_provenance: Provenance

    @property
    def notes(self) -> tuple[Note, ...]:
        """What to know when reading the numbers."""
        short = (short_note(self.short, self.shots),) if self.short else ()
        rule = self.provenance.score_rule
        trained = adapter_note(rule, (self.method,)) if rule else ()
        return beside(self.provenance.beside, self.train_provenance.beside, short, trained)


def assemble(
    train: EmbeddingSet,
    test: EmbeddingSet,
    run: tuple[Method, int, int],
    unit: FewShotRun,
    found: Answers,
    templates: tuple[str, ...],
) -> FewShotDraw:
    """The whole draw, from the two sets, the run (method, K, seed) and what is kept of it."""
    if len(found.ranks) != len(test):
        raise TMVError(f"This draw was tested on {len(found.ranks)} images, not on {len(test)}; run it again.")
    method, shots, seed = run
    return FewShotDraw(
        **place_of(test),
        n=len(test),
        method=method,
        shots=shots,
        seed=seed,
        acc1=unit.acc1,
        acc1_ci95=wilson(int(unit.correct.sum()), len(test)),
        n_shots=unit.n_shots,
        n_validation=unit.n_validation,
        short=unit.short,
        settings=dict(unit.settings),
        templates=() if method == "probe" else templates,
        logit_scale=test.logit_scale,
        classnames=test.classnames,
        labels=read_only(labels_of(test)),
        ranks=found.ranks,
        top5=found.top,
        top5_probability=found.probability,
        ids=test.ids,
        train_key=train.key,
        test_key=test.key,
        train_provenance=train.provenance,
    )
