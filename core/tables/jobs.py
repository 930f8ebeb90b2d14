"""Jobs as a table: what was asked for, when it began, how long it took, and why it ended."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from core.tables.forms import Column
from core.types import Job, PlannedPair
from core.words.jobs import ENDED, STANDINGS, amount_said, when_said, why_ended
from core.words.names import say_dataset, say_model

JOBS = {
    "title": Column(heading="Job"),
    "state": Column(heading="Status"),
    "started": Column(heading="Started", help="In the server's time"),
    "seconds": Column(heading="Took, s", kind="count"),
    "why": Column(heading="Why it ended"),
}
PLAN = {
    "model_title": Column(heading="Model"),
    "dataset_title": Column(heading="Data set"),
    "split": Column(heading="Split"),
    "images": Column(heading="Images", kind="count"),
    "standing": Column(heading="Status"),
    "why": Column(heading="Why not"),
}


def plan_frame(pairs: Sequence[PlannedPair]) -> pd.DataFrame:
    """One row for each pair of model and data set, in the order given."""
    rows = [
        {
            "model": pair.model.name,
            "model_title": say_model(pair.model),
            "dataset": pair.dataset.name,
            "dataset_title": say_dataset(pair.dataset.name),
            "split": pair.split,
            "images": pair.images,
            "standing": STANDINGS[pair.standing],
            "why": pair.why,
        }
        for pair in pairs
    ]
    return pd.DataFrame(rows, columns=["model", "dataset", *PLAN]).astype({"images": "Int64"})


def jobs_frame(jobs: Sequence[Job]) -> pd.DataFrame:
    """One row for each job, in the order given."""
    rows = [
        {
            "name": job.id,
            "title": job.title,
            "state": ENDED.get(job.state, job.state),
            "started": when_said(job.started or job.created),
            "seconds": None if job.seconds is None else round(job.seconds),
            "why": why_ended(job),
            "amount": amount_said(job),
        }
        for job in jobs
    ]
    return pd.DataFrame(rows, columns=["name", *JOBS, "amount"]).astype({"seconds": "Int64"})
