"""Long work that is no study, in a process of its own: each starts a job, or joins the one that does the same."""

from __future__ import annotations

from pathlib import Path

from core.jobs.jobs import Jobs, Wanted
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
    wanted = embedding(place)
    return jobs.submit(wanted.kind, wanted.key, wanted.title, wanted.params)


def again(jobs: Jobs, job: Job) -> Job:
    """Start work that is over once more, with the same parameters; what it finished is not done twice."""
    if job.kind == "embed":
        return jobs.line_up([Wanted(kind=job.kind, key=job.key, title=job.title, params=job.params)])[0]
    return jobs.submit(job.kind, job.key, job.title, job.params)


def embedding(place: Place) -> Wanted:
    """What `embed` asks for."""
    model, dataset, split = place.names
    title = f"Embedding {full_title(place.dataset)} ({split}) with {full_title(place.model)}"
    params = {"model": model, "dataset": dataset, "split": split}
    return Wanted(kind="embed", key=f"embed/{model}/{dataset}/{split}", title=title, params=params)


def audit_texts(jobs: Jobs, place: Place) -> Job:
    """Encode class names with and without the usual mistakes, for the checks of someone's texts."""
    model, dataset, split = place.names
    title = f"Text checks of {full_title(place.dataset)} ({split}) with {full_title(place.model)}"
    params = {"model": model, "dataset": dataset, "split": split}
    return jobs.submit("audit-texts", audit_texts_key(place), title, params)


def audit_texts_key(place: Place) -> str:
    """The key of that job."""
    return f"audit-texts/{'/'.join(place.names)}"


def index(jobs: Jobs, place: Place) -> Job:
    """Build the index that makes searches of many vectors fast."""
    model, dataset, split = place.names
    title = f"Index of {full_title(place.dataset)} ({split}) with {full_title(place.model)}"
    return jobs.submit("index", index_key(place), title, {"model": model, "dataset": dataset, "split": split})


def index_key(place: Place) -> str:
    """The key of that job."""
    return f"index/{'/'.join(place.names)}"


def download_model(jobs: Jobs, model: ModelSpec) -> Job:
    """Fetch a model's weights."""
    params = {"model": model.name}
    return jobs.submit("download-model", f"download-model/{model.name}", f"Downloading {model.title}", params)


def download_dataset(jobs: Jobs, dataset: DatasetSpec) -> Job:
    """Fetch a public data set."""
    params = {"dataset": dataset.name}
    return jobs.submit("download-dataset", f"download-dataset/{dataset.name}", f"Downloading {dataset.title}", params)
