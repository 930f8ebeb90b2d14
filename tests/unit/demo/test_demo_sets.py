"""The sets on disk: ordinary layouts, whole or absent, under any interruption."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core.demo import sets
from core.demo.plans import SIDE, class_folders, pictures
from core.demo.sets import DEMO_VERSION, is_written, write_demo_set
from core.errors import Cancelled, UnknownName

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def satellite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole satellite set, rendered as the product does."""
    folder = tmp_path_factory.mktemp("whole") / "demo-satellite"
    write_demo_set("demo-satellite", folder)
    return folder


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets of twelve pictures, drawn in this process."""
    monkeypatch.setattr(sets, "pictures", lambda name: pictures(name)[:12])
    monkeypatch.setattr(sets, "available_cores", lambda: 1)


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.parent.iterdir() if path != folder)


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))


def test_a_set_has_the_plans_files_in_class_folders(satellite: Path) -> None:
    assert files(satellite) == sorted(picture.path for picture in pictures("demo-satellite"))
    assert sorted(path.name for path in (satellite / "test").iterdir()) == sorted(class_folders("demo-satellite"))
    assert leftovers(satellite) == []


def test_the_processes_draw_what_the_plan_draws(satellite: Path) -> None:
    for picture in pictures("demo-satellite")[::97]:
        with Image.open(satellite / picture.path) as written:
            assert written.size == (SIDE, SIDE) and written.mode == "RGB"
            assert written.tobytes() == picture.draw().tobytes()


def test_progress_rises_from_nothing_to_the_whole(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    write_demo_set("demo-satellite", tmp_path / "s", lambda done, total: calls.append((done, total)))
    done = [call[0] for call in calls]
    assert calls[0] == (0, 700) and calls[-1] == (700, 700)
    assert done == sorted(done) and len(calls) > 10


@pytest.mark.usefixtures("small")
def test_writing_again_does_nothing(tmp_path: Path) -> None:
    write_demo_set("demo-objects", tmp_path / "o")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "o").rglob("*")}
    write_demo_set("demo-objects", tmp_path / "o", lambda done, total: pytest.fail("drew again"))
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "o").rglob("*")}


@pytest.mark.usefixtures("small")
def test_captions_are_written_as_coco_does(tmp_path: Path) -> None:
    write_demo_set("demo-captions", tmp_path / "c")
    document = json.loads((tmp_path / "c" / "annotations" / "captions_val.json").read_text(encoding="utf-8"))
    assert [image["file_name"] for image in document["images"]] == [
        picture.path.removeprefix("val/") for picture in pictures("demo-captions")[:12]
    ]
    for image in document["images"]:
        with Image.open(tmp_path / "c" / "val" / image["file_name"]) as picture:
            assert picture.size == (image["width"], image["height"])
    owners = Counter(annotation["image_id"] for annotation in document["annotations"])
    assert owners == {image["id"]: 5 for image in document["images"]}
    texts = [annotation["caption"] for annotation in document["annotations"] if annotation["image_id"] == 3]
    assert tuple(texts) == pictures("demo-captions")[2].captions


@pytest.mark.usefixtures("small")
def test_a_stopped_run_leaves_nothing(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done == 5:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        write_demo_set("demo-objects", tmp_path / "o", stop)
    assert list(tmp_path.iterdir()) == []


def keep_started(started: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes draw, and the test knows them."""
    start = sets._start

    def kept(*args: Any) -> subprocess.Popen[bytes]:
        started.append(start(*args))
        return started[-1]

    monkeypatch.setattr(sets, "available_cores", lambda: 2)
    monkeypatch.setattr(sets, "_start", kept)


def test_a_stopped_run_ends_its_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    keep_started(started, monkeypatch)

    def stop(done: int, total: int) -> None:
        if done:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        write_demo_set("demo-objects", tmp_path / "o", stop)
    assert len(started) == 2 and all(process.poll() is not None for process in started)
    assert list(tmp_path.iterdir()) == []


def test_what_a_dying_process_leaves_undone_is_drawn_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of the two processes is killed as soon as the first picture is there."""
    started: list[subprocess.Popen[bytes]] = []
    keep_started(started, monkeypatch)

    def kill(done: int, total: int) -> None:
        if done:
            started[0].kill()

    write_demo_set("demo-satellite", tmp_path / "s", kill)
    assert files(tmp_path / "s") == sorted(picture.path for picture in pictures("demo-satellite"))
    assert not list((tmp_path / "s").rglob("*.part"))


@pytest.mark.usefixtures("small")
def test_without_any_process_the_set_is_drawn_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise OSError("no processes")

    monkeypatch.setattr(sets, "available_cores", lambda: 2)
    monkeypatch.setattr(sets, "_start", refuse)
    write_demo_set("demo-objects", tmp_path / "o")
    assert len(files(tmp_path / "o")) == 12


@pytest.mark.usefixtures("small")
def test_another_version_is_replaced_and_an_abandoned_draft_swept(tmp_path: Path) -> None:
    folder, draft = tmp_path / "o", tmp_path / ".o-dead"
    folder.mkdir()
    (folder / "demo.json").write_text('{"name": "demo-objects", "version": "0"}')
    (folder / "old.png").write_bytes(b"old")
    draft.mkdir()
    os.utime(draft, (time.time() - 7200,) * 2)
    write_demo_set("demo-objects", folder)
    assert is_written("demo-objects", folder) and not (folder / "old.png").exists()
    assert leftovers(folder) == []
    assert json.loads((folder / "demo.json").read_text())["version"] == DEMO_VERSION


def test_two_processes_at_once_make_one_whole_set(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; from core.demo import sets\n"
        "plan = sets.pictures('demo-objects')[:60]\n"
        "sets.pictures = lambda name: plan; sets.available_cores = lambda: 1\n"
        "sets.write_demo_set('demo-objects', Path(sys.argv[2]))\n"
    )
    command = [sys.executable, "-c", code, str(ROOT), str(tmp_path / "o")]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    errors = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], errors
    assert len(files(tmp_path / "o")) == 60
    assert leftovers(tmp_path / "o") == []


def test_an_unknown_set_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UnknownName):
        write_demo_set("demo-birds", tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_rendering_never_loads_torch() -> None:
    modules = "core.demo.sets, core.demo.evaluation, core.demo.training_data"
    code = f"import sys, {modules}; print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
