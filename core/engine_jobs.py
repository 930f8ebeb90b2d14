"""Long work of the engine, handed to processes of its own; a method of `Engine` each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from core.engine_parts import EngineParts
from core.types import Job


class JobDoor:
    """Start a job, or join the one that already does the same."""

    def submit_prepare_demo(self: EngineParts) -> Job:
        """Draw the demo's pictures and embed them with both demo models."""
        return self.jobs.submit("prepare-demo", "prepare-demo", "Preparing the demo", {})

    def submit_embed(self: EngineParts, model: str, dataset: str, split: str | None = None) -> Job:
        """Embed a data set in a process of its own."""
        spec, data = self.model(model), self.dataset(dataset)
        split = self.split_of(dataset, split)
        params = {"model": spec.name, "dataset": data.name, "split": split}
        from core.tables.names import full_title

        title = f"Embedding {full_title(data)} ({split}) with {full_title(spec)}"
        return self.jobs.submit("embed", f"embed/{spec.name}/{data.name}/{split}", title, params)

    def submit_optimise(self: EngineParts, model: str, dataset: str, split: str | None = None, **options: Any) -> Job:
        """Search for prompts in a process of its own; `options` as of `optimise`. `optimised` finds the result."""
        spec, data = self.model(model), self.dataset(dataset)
        split = self.split_of(dataset, split)
        params = {"model": spec.name, "dataset": data.name, "split": split, **options}
        from core.tables.names import full_title

        title = f"Searching prompts for {full_title(data)} ({split}) with {full_title(spec)}"
        return self.jobs.submit("optimise", optimise_key(params), title, params)

    def latest_optimise(
        self: EngineParts, model: str, dataset: str, split: str | None = None, **options: Any
    ) -> Job | None:
        """The newest job that `submit_optimise` with the same arguments started or joined, if there is one."""
        split = self.split_of(dataset, split)
        return self.jobs.latest(
            optimise_key(
                {"model": self.model(model).name, "dataset": self.dataset(dataset).name, "split": split, **options}
            )
        )

    def submit_download_model(self: EngineParts, model: str) -> Job:
        """Fetch a model's weights in a process of its own."""
        spec = self.model(model)
        return self.jobs.submit(
            "download-model", f"download-model/{spec.name}", f"Downloading {spec.title}", {"model": spec.name}
        )

    def submit_download_dataset(self: EngineParts, dataset: str) -> Job:
        """Fetch a public data set in a process of its own."""
        data = self.dataset(dataset)
        return self.jobs.submit(
            "download-dataset", f"download-dataset/{data.name}", f"Downloading {data.title}", {"dataset": data.name}
        )


def optimise_key(params: Mapping[str, Any]) -> str:
    """The key under which a search for prompts with these parameters is filed: one job at a time for each."""
    digest = hashlib.sha256(json.dumps(dict(params), sort_keys=True).encode()).hexdigest()[:16]
    return f"optimise/{params['model']}/{params['dataset']}/{params['split']}/{digest}"
