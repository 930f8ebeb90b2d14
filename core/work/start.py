"""Long work that is no study, in a process of its own: each starts a job, or joins the one that does the same."""

from __future__ import annotations

from pathlib import Path

from core.jobs.jobs import Jobs
from core.types import DatasetSpec, Job, ModelSpec, Place
from core.words.names import full_title


def begin(cache: Path) -> None:
    """Give an empty cache what comes with the product: vectors of the demo's first images and texts. Raises `TMVError`
    where that file is damaged."""
    from core.bundle.start import begin as install

    install(cache)


def prepare_demo(jobs: Jobs) -> Job:
    """Draw the demo's pictures and embed them with both demo models."""
    return jobs.submit("prepare-demo", "prepare-demo", "Preparing the demo", {})


def embed(jobs: Jobs, place: Place) -> Job:
    """Embed one split of a data set, and encode its default prompts."""
    model, dataset, split = place.names
    title = f"Embedding {full_title(place.dataset)} ({split}) with {full_title(place.model)}"
    params = {"model": model, "dataset": dataset, "split": split}
    return jobs.submit("embed", f"embed/{model}/{dataset}/{split}", title, params)


def download_model(jobs: Jobs, model: ModelSpec) -> Job:
    """Fetch a model's weights."""
    params = {"model": model.name}
    return jobs.submit("download-model", f"download-model/{model.name}", f"Downloading {model.title}", params)


def download_dataset(jobs: Jobs, dataset: DatasetSpec) -> Job:
    """Fetch a public data set."""
    params = {"dataset": dataset.name}
    return jobs.submit("download-dataset", f"download-dataset/{dataset.name}", f"Downloading {dataset.title}", params)
