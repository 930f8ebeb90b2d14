"""The one door that the pages, the command line and a notebook use.

Everything here is cheap: it looks into the cache, multiplies matrices, or hands long work to a job. Torch is
imported only by `Engine(in_process=True)`, and only when a vector is missing.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from core.catalog.models import find_model
from core.demo.plans import DEMO_SETS, draw_one
from core.embedding.data import Data
from core.embedding.vectors import Vectors
from core.encoders.service.local import Encoding
from core.errors import NotHere
from core.images.thumbnails import Thumbnails
from core.images.uploads import Uploads
from core.jobs.jobs import Jobs
from core.store import Results, Store, TextStore
from core.store.own_names import OwnNames
from core.studies.base import LongStudy, Study
from core.studies.zero_shot.prompting import Prompting
from core.system.files import cache_trouble
from core.system.memo import Memory
from core.system.progress import Progress
from core.types import Dataset, EmbeddingSet, Job, Place

R = TypeVar("R")
SMALL, LARGE = 224, 1024
"""Longest sides, in pixels, of the pictures in a grid and of one looked at alone."""


def _silent(said: str) -> None:
    """Where nobody listens."""


class Engine:
    """Models, data sets, their vectors and the studies on them; put together here, once.

    `data` are the data sets, `vectors` their stored image vectors, `encoding` makes new ones, `prompting` is how
    pictures are asked about, `results` what studies keep on disk, `memory` what this process holds, `jobs` long work,
    `thumbnails` and `uploads` pictures. `in_process=True` loads encoders into this process when a vector is missing
    (command line, notebook); `in_process=False` asks the warm encoder process instead and raises `EncoderWarming` until
    it is up (web). `rescan_seconds` is how long a listing of a data set's folder may be reused before the disk is asked
    again. `device` and `precision` are where and in which number format models compute (`TMV_DEVICE`, `TMV_PRECISION`;
    by default the best that is close to float32); several devices each embed with a process of their own. `ray` is the
    address of a cluster that embeds (`TMV_RAY`). `tell` hears in one sentence of what was damaged in the cache and is
    computed again.
    """

    def __init__(
        self,
        cache_dir: Path | str | None = None,
        data_dir: Path | str | None = None,
        *,
        in_process: bool = True,
        rescan_seconds: float = 0.0,
        device: str | None = None,
        precision: str | None = None,
        tell: Callable[[str], None] | None = None,
        ray: str | None = None,
    ) -> None:
        cache = Path(cache_dir or os.environ.get("TMV_CACHE", "cache")).absolute()
        folder = Path(data_dir or os.environ.get("TMV_DATA", "data")).absolute()
        self.cache_dir = cache
        names = OwnNames(folder)
        self.store, self.results, self.memory = Store(cache, names), Results(cache), Memory()
        self.encoding = Encoding(cache, TextStore(cache), device=device, in_process=in_process, precision=precision)
        self.data = Data(
            store=self.store,
            results=self.results,
            data_dir=folder,
            cache_dir=cache,
            rescan_seconds=rescan_seconds,
            names=names,
        )
        self.vectors = Vectors(
            store=self.store,
            results=self.results,
            data=self.data,
            encoding=self.encoding,
            cache_dir=cache,
            tell=tell or _silent,
            ray=ray or os.environ.get("TMV_RAY") or None,
        )
        self.prompting = Prompting(data=self.data, encoding=self.encoding, results=self.results)
        self.jobs = Jobs(cache, folder)
        self.thumbnails, self.uploads = Thumbnails(cache / "thumbnails"), Uploads(cache / "uploads")

    def place(self, model: str, dataset: str, split: str | None = None) -> Place:
        """Names as a user writes them, resolved: `split` None is the one that the data set is measured on. Raises
        `UnknownName` with the closest names, `NotHere` for own data that is not there."""
        spec, data = find_model(model), self.data.find(dataset)
        return Place(model=spec, dataset=data, split=self.data.split_of(data.name, split))

    def embeddings(self, model: str, dataset: str, split: str | None = None) -> EmbeddingSet | None:
        """The stored vectors that fit the model and the data as they are now, or None; never computes."""
        return self.vectors.find(self.place(model, dataset, split))

    # --- studies --------------------------------------------------------------------------------------

    def run(self, study: Study[R], progress: Progress | None = None) -> R:
        """The answer to a study, from memory, from disk or computed now. Raises `NotHere` while vectors are missing."""
        key = study.key(self)
        if key is None:
            return study.run(self, progress)
        return self.memory.studies.get((study.kind, key), lambda: study.run(self, progress))

    def kept(self, study: Study[R]) -> R | None:
        """What `run` found before, if its answer is kept on disk; never computes."""
        try:
            return study.kept(self)
        except NotHere:
            return None

    def submit(self, study: LongStudy[R]) -> Job:
        """Run a study in a process of its own, or join the job that already does; `kept` finds its answer."""
        from core.words.names import full_title

        place = study.place
        names = {"model": full_title(place.model), "dataset": full_title(place.dataset), "split": place.split}
        return self.jobs.submit(study.kind, study.job_key(), study.title.format(**names), study.job_params())

    def job(self, study: LongStudy[R]) -> Job | None:
        """The newest job of an equal study, if there is one."""
        return self.jobs.latest(study.job_key())

    # --- pictures -------------------------------------------------------------------------------------

    def cache_trouble(self, error: Exception) -> str:
        """One sentence where an error nobody foresaw came from the cache, such as a folder that cannot be written; ""
        for any other."""
        return cache_trouble(error, self.cache_dir.absolute())

    def thumbnail(self, dataset: str, split: str | None, picture_id: str, size: int = SMALL) -> bytes:
        """A webp square-fitting picture of at most `size` pixels a side, kept on disk."""
        dataset = self.data.named(dataset)
        split = self.data.split_of(dataset, split)
        try:
            rows: Dataset | None = self.data.rows(dataset, split)
        except NotHere:
            rows = None
        try:
            return self.thumbnails.get(rows, dataset, split, picture_id, size, self.data.names.earlier(dataset))
        except NotHere:
            # An image of the demo is shown before its set is on the disk.
            drawn = draw_one(dataset, split, picture_id) if rows is None and dataset in DEMO_SETS else None
            if drawn is None:
                raise
            return self.thumbnails.keep(dataset, split, picture_id, size, np.asarray(drawn))

    def picture(self, dataset: str, split: str | None, picture_id: str) -> bytes:
        """The whole picture as webp, at most 1,024 pixels a side."""
        return self.thumbnail(dataset, split, picture_id, size=LARGE)
