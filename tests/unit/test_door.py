"""The public door: what a notebook imports, loaded when it is used."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import core

ROOT = Path(__file__).parents[2]


def test_every_name_of_the_door_is_there_and_typed() -> None:
    typed = set[str]()
    for node in ast.walk(ast.parse((ROOT / "core" / "__init__.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("core"):
            typed |= {alias.asname or alias.name for alias in node.names}
    assert sorted(typed) == core.__all__ == dir(core)
    assert all(getattr(core, name).__doc__ for name in core.__all__)
    with pytest.raises(AttributeError, match="nothing_here"):
        _ = core.nothing_here


def test_the_door_loads_nothing_by_itself() -> None:
    code = "import sys, core; print([m for m in sys.modules if m.startswith('core.')], 'numpy' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[] False"


def test_the_readmes_example_is_the_doors_and_asks_for_names_that_are_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    example = next(block for block in re.findall(r"```python\n(.*?)```", text, re.S) if "from core import" in block)
    names = next(n.names for n in ast.parse(example).body if isinstance(n, ast.ImportFrom))
    assert {alias.name for alias in names} <= set(core.__all__)
    said = [line.strip() for line in (core.__doc__ or "").splitlines()]
    assert all(line in said for line in example.strip().splitlines())
