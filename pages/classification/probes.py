"""Probes as pages ask for them: what is kept, what is still to train, and why some cannot be."""

from __future__ import annotations

from collections.abc import Sequence

from core.engine import Engine
from core.studies.probe.result import ProbeResult
from core.studies.probe.splits import train_split
from core.studies.probe.study import LinearProbe
from core.types import DatasetSpec, ModelSpec
from pages.shared.training import Training, offer_training, untrainable

LASTS = "It takes seconds for small sets and minutes for large ones, and is done once."
Wanted = tuple[ModelSpec, DatasetSpec, str | None]


def kept_probes(
    engine: Engine, wanted: Sequence[Wanted], *, normalise: bool = False
) -> tuple[list[ProbeResult], list[Training]]:
    """The probes that are here, and those that could be trained; sets without a training split have neither."""
    found, missing = list[ProbeResult](), list[Training]()
    for model, dataset, split in _trainable(engine, wanted):
        study = LinearProbe.at(engine, model.name, dataset.name, split, normalise=normalise)
        probe = engine.kept(study)
        if probe is None:
            missing.append(study)
        else:
            found.append(probe)
    return found, missing


def _trainable(engine: Engine, wanted: Sequence[Wanted]) -> list[Wanted]:
    """Without the data sets that have no training split, and without those whose training split is to be tested."""
    sets = {dataset.name: dataset for _, dataset, _ in wanted}
    learnt = {name: train_split(engine, name) for name, dataset in sets.items() if not untrainable(engine, dataset)}
    return [(m, d, split) for m, d, split in wanted if d.name in learnt and split != learnt[d.name]]


def offer_probes(engine: Engine, missing: Sequence[Training], *, key: str = "train-missing") -> None:
    """Progress and the button for probes that are not here yet."""
    offer_training(engine, missing, what="a linear probe", key=key, lasts=LASTS)


def probe_of(probes: Sequence[ProbeResult], model: str, dataset: str) -> ProbeResult | None:
    """The probe of this model on this data set."""
    return next((p for p in probes if (p.model, p.dataset) == (model, dataset)), None)
