"""The demo's three data sets written to disk as ordinary folders, at first use, in seconds.

`demo-objects` and `demo-satellite` become class folders, `demo-captions` a COCO captions file with its
pictures. Rendering is shared between processes started by `python -m core.demo.sets`, which works the same
under a web server, a torch process or a notebook; whatever they leave undone is drawn in this process.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from core.demo.plans import DEMO_SETS, SIDE, Picture, class_folders, classnames, pictures
from core.system.files import disk_guard, draft_folder
from core.system.memo import Memo
from core.system.processes import available_cores
from core.system.progress import silent

__all__ = ["DEMO_SETS", "DEMO_VERSION", "class_folders", "classnames", "write_demo_set"]

DEMO_VERSION = "3"
_MARKER = "demo.json"
_CAPTIONS = "annotations/captions_val.json"
_WHOLE = Memo(16)
_ABANDONED_SECONDS = 3600
_MAX_PROCESSES = 4

Progress = Callable[[int, int], None]


def write_demo_set(name: str, folder: Path, progress: Progress | None = None) -> None:
    """Render the set `name` into `folder`; nothing is done when it is there already.

    The folder appears whole or not at all: pictures are drawn into a hidden sibling that is renamed at the
    end. Two processes may do it at once; the second one's work is dropped. `progress(done, total)` is called
    on the way and may raise to stop. Raises UnknownName for a name outside DEMO_SETS.
    """
    plan = pictures(name)
    if is_written(name, folder):
        return
    with disk_guard(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        with draft_folder(folder.parent, f".{folder.name}-") as draft:
            draft.chmod(0o755)
            _draw_all(name, plan, draft, progress)
            _write_captions(plan, draft)
            _write_marker(name, len(plan), draft)
            _publish(name, draft, folder)


def is_written(name: str, folder: Path) -> bool:
    """Whether `folder` holds the whole set in this version, with the captions as they were written."""
    try:
        marker = json.loads((folder / _MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if not isinstance(marker, dict) or (marker.get("name"), marker.get("version")) != (name, DEMO_VERSION):
        return False
    return name != "demo-captions" or _captions_are_whole(name, folder / _CAPTIONS)


def _captions_are_whole(name: str, path: Path) -> bool:
    """Compared with what this program writes, once for each state of the file: a flipped letter is another caption."""
    try:
        stat = path.stat()
    except OSError:
        return False
    stamp = (str(path), stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
    return _WHOLE.get(stamp, lambda: path.read_text("utf-8", "replace") == _captions_text(pictures(name)))


def _write_marker(name: str, count: int, draft: Path) -> None:
    about = {
        "name": name,
        "version": DEMO_VERSION,
        "pictures": count,
        "licence": "CC BY-SA 4.0; glyphs by OpenMoji, HfG Schwaebisch Gmuend",
    }
    (draft / _MARKER).write_text(json.dumps(about, indent=1), encoding="utf-8")


def _sweep(folder: Path) -> None:
    """Remove drafts of runs that were killed more than an hour ago."""
    for draft in folder.parent.glob(f".{folder.name}-*"):
        try:
            if time.time() - draft.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(draft, ignore_errors=True)
        except FileNotFoundError:
            continue


def _publish(name: str, draft: Path, folder: Path) -> None:
    """Rename the draft into place, over an unfinished or older folder, but not over another run's result."""
    while not is_written(name, folder):
        if folder.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
            folder.rename(old / folder.name)
            shutil.rmtree(old, ignore_errors=True)
        try:
            draft.rename(folder)
        except FileExistsError:
            continue
        except OSError:
            # Another run's folder came into being between the look and the rename: "directory not empty".
            if not folder.exists():
                raise


def _draw_all(name: str, plan: tuple[Picture, ...], draft: Path, progress: Progress | None) -> None:
    for parent in {(draft / picture.path).parent for picture in plan}:
        parent.mkdir(parents=True, exist_ok=True)
    report = progress or silent
    report(0, len(plan))
    workers = min(_MAX_PROCESSES, available_cores())
    if workers > 1:
        _draw_in_processes(name, len(plan), draft, workers, report)
    missing = [picture for picture in plan if not (draft / picture.path).exists()]
    for count, picture in enumerate(missing, len(plan) - len(missing) + 1):
        _save(picture, draft)
        report(count, len(plan))


def _save(picture: Picture, draft: Path) -> None:
    """Draw into a name of its own first, so that a killed process leaves no half picture behind."""
    target = draft / picture.path
    part = target.with_suffix(".part")
    picture.draw().save(part, "PNG", compress_level=1)
    part.replace(target)


def _draw_in_processes(name: str, total: int, draft: Path, workers: int, report: Progress) -> None:
    """Let `workers` processes draw every workers-th picture each; they write one dot for every picture."""
    reading, writing = os.pipe()
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for share in range(workers):
            processes.append(_start(name, draft, share, workers, writing))
    except OSError:
        pass  # no process to be had: the caller draws what is missing
    finally:
        os.close(writing)
    try:
        done = 0
        while dots := os.read(reading, 4096):
            done += dots.count(b".")
            report(min(done, total), total)
    finally:
        os.close(reading)
        _stop(processes)


def _start(name: str, draft: Path, share: int, workers: int, output: int) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).parents[2])
    paths = [root, os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-m", "core.demo.sets", name, str(draft), str(share), str(workers)]
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.DEVNULL, env=environment
    )


def _stop(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    """End what still runs, which is so only after an error or a stop, and wait for all."""
    for process in processes:
        if process.poll() is None:
            process.terminate()
        process.wait()


def _write_captions(plan: tuple[Picture, ...], draft: Path) -> None:
    """The COCO captions file, when the set has captions."""
    if not any(picture.captions for picture in plan):
        return
    target = draft / _CAPTIONS
    target.parent.mkdir()
    target.write_text(_captions_text(plan), encoding="utf-8")


def _captions_text(plan: tuple[Picture, ...]) -> str:
    return json.dumps(coco_document(plan), indent=0)


def coco_document(plan: tuple[Picture, ...]) -> dict[str, Any]:
    """The plan as COCO's captions format: images and annotations, ids counted from 1."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, picture in enumerate(plan, 1):
        images.append({"id": number, "file_name": Path(picture.path).name, "width": SIDE, "height": SIDE})
        for caption in picture.captions:
            annotations.append({"id": len(annotations) + 1, "image_id": number, "caption": caption})
    return {
        "info": {"description": "demo-captions", "version": DEMO_VERSION},
        "images": images,
        "annotations": annotations,
    }


def _draw_share(name: str, draft: Path, share: int, workers: int) -> None:
    for picture in pictures(name)[share::workers]:
        _save(picture, draft)
        os.write(1, b".")


if __name__ == "__main__":
    _draw_share(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
