"""The web process stays light. That imports point one way is held by the contracts in pyproject.toml."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks._look import arrows, imports

ROOT = Path(__file__).parents[2]
HEAVY = {"torch", "torchvision", "open_clip", "clip", "onnxruntime", "timm"}
# Where torch may be imported at all; everywhere else not even inside a function.
TORCH_HOMES = ("core/encoders", "core/embedding", "core/work/worker.py", "core/demo/train", "benchmarks/")


def python_files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imports_of(path: Path) -> set[str]:
    found = set[str]()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def tops(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports_of(path)}


@pytest.mark.parametrize("path", python_files("core"), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_torch_is_imported_only_in_its_homes(path: Path) -> None:
    if not path.relative_to(ROOT).as_posix().startswith(TORCH_HOMES):
        assert not tops(path) & HEAVY


@pytest.mark.parametrize("path", python_files("pages"), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_pages_import_no_model_library(path: Path) -> None:
    assert not tops(path) & HEAVY


def test_only_an_init_lies_directly_in_pages() -> None:
    # Streamlit would serve any other file there as a page of its own, around the entrypoint.
    assert [p.name for p in (ROOT / "pages").glob("*.py")] == ["__init__.py"]


def test_importing_the_engine_loads_no_model_library() -> None:
    code = f"import sys, core.engine; print(sorted(set(sys.modules) & {HEAVY!r}))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_nothing_imports_in_a_circle() -> None:
    """Also not for types alone."""
    found = dict(arrows(imports()))
    assert (
        found["circles of rooms"] == []
        and found["circles of modules"] == []
        and found["imports that run up the floors"] == []
    )
