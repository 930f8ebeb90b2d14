"""Makes the golden cache and documents anew: `python -m tests.golden.make`, or with `documents` those alone, from the
cache as it is. Only when a record gets a field or an issue says that behaviour changes; the commit says which documents
changed and why."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from core.commands import cli
from core.demo.sets import DEMO_VERSION
from core.store import Results
from core.system.files import read_checked_json, write_checked_json
from tests.golden.commands import CAPTIONS, COMMANDS, HERE, MODELS, OBJECTS, plain
from tests.golden.pages import addresses

CLASSES, EACH, PICTURES, SENTENCES = 8, 6, 12, 2


def main() -> None:
    """Pictures into a temporary folder, everything computed there, and what is kept of it copied here."""
    with tempfile.TemporaryDirectory() as made:
        os.chdir(made)
        os.environ |= {"TMV_CACHE": f"{made}/drawn", "TMV_DATA": f"{made}/none"}
        for name in ("demo-objects", "demo-captions"):
            _run(
                "embed", "--model", "demo-rn/demo", "--data", name, *(["--split", "train"] if "objects" in name else [])
            )
            _run("embed", "--model", "demo-rn/demo", "--data", name)
        _copy(Path(made, "drawn", "demo", DEMO_VERSION), Path("golden"))
        os.environ["TMV_CACHE"] = f"{made}/cache"
        for split in ("train", "test"):
            _run("embed", *MODELS, "--data", OBJECTS, "--split", split)
        _run("embed", *MODELS, "--data", CAPTIONS)
        for command in COMMANDS.values():
            _run(*(part for part in command if part != "--cached"))
        shutil.rmtree("golden")
        _keep(Path(made, "cache"))


def _copy(demo: Path, golden: Path) -> None:
    for split in ("train", "test"):
        folders = sorted(p for p in (demo / "demo-objects" / split).iterdir() if p.is_dir())
        for folder in folders[:: len(folders) // CLASSES][:CLASSES]:
            for picture in sorted(folder.iterdir())[:EACH]:
                target = golden / "objects" / split / folder.name / picture.name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(picture, target)
    _copy_captions(demo / "demo-captions", golden / "captions")


def _copy_captions(demo: Path, target: Path) -> None:
    from core.readers.captions import open_captions
    from core.readers.datasets import find_dataset

    rows = open_captions(find_dataset(f"captions:{demo}"), None, demo)
    (target / "images").mkdir(parents=True)
    lines, index = ["image,caption"], rows.image_index
    assert index is not None
    for i in range(PICTURES):
        name = f"{i:02d}.png"
        (target / "images" / name).write_bytes(rows.pictures.read(i))  # type: ignore[arg-type]
        texts = [caption for caption, picture in zip(rows.captions, index, strict=True) if picture == i][:SENTENCES]
        lines += [f'{name},"{text}"' for text in texts]
    (target / "captions.csv").write_text("\n".join(lines) + "\n", "utf-8")


def documents() -> None:
    """What the commands say of the kept cache, which stays that of the commit that made it."""
    with tempfile.TemporaryDirectory() as made:
        os.chdir(made)
        os.environ |= {"TMV_CACHE": f"{made}/cache", "TMV_DATA": f"{made}/none"}
        shutil.copytree(HERE / "cache", Path(made, "cache"))
        _write_documents()


def _write_documents() -> None:
    for name, command in COMMANDS.items():
        text = json.dumps(
            plain(json.loads(_run(*command, "--json", "-"))), indent=1, ensure_ascii=False, sort_keys=True
        )
        (HERE / "documents").mkdir(exist_ok=True)
        (HERE / "documents" / f"{name}.json").write_text(text + "\n", "utf-8")


def _keep(cache: Path) -> None:
    """The documents as the commands give them from the cache alone, and the cache."""
    _write_documents()
    (HERE / "result_keys.json").write_text(json.dumps(list(Results(cache).keys()), indent=1) + "\n", "utf-8")
    (HERE / "addresses.json").write_text(json.dumps(addresses(), indent=1) + "\n", "utf-8")
    for part in ("locks", "run", "digests", "thumbnails", "jobs", "demo", "uploads"):
        shutil.rmtree(cache / part, ignore_errors=True)
    for card in (cache / "models").glob("*.json"):
        _without_paths(card)
    shutil.rmtree(HERE / "cache", ignore_errors=True)
    shutil.copytree(cache, HERE / "cache", ignore=shutil.ignore_patterns("*-wal", "*-shm", "*.lock"))


def _without_paths(card: Path) -> None:
    """Where the weights lay is of one machine; their checksum names them."""
    value = read_checked_json(card)
    files = [record | {"path": Path(record["path"]).name} for record in value["weights"]]
    write_checked_json(card, {key: inner for key, inner in value.items() if key != "sha256"} | {"weights": files})


def _run(*command: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        if cli.main(list(command)):
            sys.exit(f"{' '.join(command)} failed")
    return out.getvalue()


if __name__ == "__main__":
    documents() if sys.argv[1:] == ["documents"] else main()
