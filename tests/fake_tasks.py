"""Jobs for the tests of the job table and the worker; run in real worker processes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.embedding.run import embed
from core.errors import TMVError
from core.store import Store, TextStore
from core.system.progress import Progress
from tests.fakes import FakeEncoder, fake_dataset

LIGHT = frozenset({"light"})


def make_engine(root: Path) -> Path:
    """The tasks below need the cache folder only."""
    return root


def count(root: Path, params: Mapping[str, Any], progress: Progress) -> str:
    """Count to n, slowly, and leave a line in a file for each run."""
    with (root / str(params.get("file", "runs.txt"))).open("a") as file:
        file.write(f"{os.getpid()}\n")
    for done in range(int(params["n"])):
        progress(done, int(params["n"]))
        time.sleep(float(params.get("seconds", 0.02)))
    return f"Counted to {params['n']}."


def fail(root: Path, params: Mapping[str, Any], progress: Progress) -> None:
    raise TMVError("The moon is too far: come nearer.")


def crash(root: Path, params: Mapping[str, Any], progress: Progress) -> None:
    raise ValueError("an inner\nfault")


def deaf(root: Path, params: Mapping[str, Any], progress: Progress) -> None:
    """Never looks whether it should stop; its worker, the main program here, waits for less long than others."""
    worker: Any = sys.modules["__main__"]
    assert worker._CANCEL_SECONDS > 1
    worker._CANCEL_SECONDS = 1.0
    progress(0, 1)
    time.sleep(600)


def embed_fakes(root: Path, params: Mapping[str, Any], progress: Progress) -> None:
    encoder = FakeEncoder(seconds=float(params.get("seconds", 0)))
    data = fake_dataset(int(params["n"]), str(params.get("kind", "classification")), broken={5})
    embed(encoder, data, Store(root), TextStore(root), memo_dir=root, progress=progress, data_digest="fake")


def environment(root: Path, params: Mapping[str, Any], progress: Progress) -> str:
    """What the worker process looks like from inside."""
    lock_held = "streamlit" in sys.modules
    return f"{root} {os.environ['TMV_DATA']} nice={os.nice(0)} sid={os.getsid(0) == os.getpid()} {lock_held}"


TASKS: Mapping[str, Callable[[Path, Mapping[str, Any], Progress], str | None]] = {
    "count": count,
    "light": count,
    "fail": fail,
    "crash": crash,
    "deaf": deaf,
    "embed": embed_fakes,
    "environment": environment,
}
