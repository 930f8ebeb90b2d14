"""`make look`: the shape of the code in numbers. It judges nothing and fails nothing; a reviewer reads it.

`python -m benchmarks._look --touched A..B` says for each commit of a range how many existing files of the program it
changed: what an extension costs.
"""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
MOST_BASES, MOST_ARGUMENTS, MOST_LINES, MOST_MODULE_LINES = 2, 7, 25, 320
PROGRAM = ("core", "pages", "streamlit_app.py")
Arrows = Mapping[str, set[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One module: its path below the root, its lines, its tree."""

    path: str
    lines: int
    tree: ast.Module

    def classes(self) -> Iterator[ast.ClassDef]:
        """Every class, at any depth."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef))

    def functions(self) -> Iterator[ast.FunctionDef]:
        """Every function and method, at any depth."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the numbers, or what a range of commits touched."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks._look", description=__doc__.split("\n")[0])
    parser.add_argument("--touched", metavar="A..B", help="existing files that each commit of a range changed")
    asked = parser.parse_args(arguments)
    if asked.touched:
        print("\n".join(touched(asked.touched)))
        return 0
    sources = [_read(path) for top in ("core", "pages") for path in sorted((ROOT / top).rglob("*.py"))]
    found_imports = imports()
    for title, found in (*_counts(sources), *_shapes(sources), *arrows(found_imports)):
        print(f"{title}: {len(found) if isinstance(found, list) else found}")
        for line in found if isinstance(found, list) else ():
            print(f"    {line}")
    return 0


def _read(path: Path) -> Source:
    text = path.read_text("utf-8")
    return Source(path=path.relative_to(ROOT).as_posix(), lines=text.count("\n"), tree=ast.parse(text))


# --- sizes ------------------------------------------------------------------------------------------------


def _counts(sources: Sequence[Source]) -> Iterator[tuple[str, int | list[str]]]:
    for top in ("core", "pages"):
        yield f"lines of {top}", sum(source.lines for source in sources if source.path.startswith(top))
    root = [source.path for source in sources if source.path.count("/") == 1 and source.path.startswith("core/")]
    yield "modules at the root of core", root
    engine = next(c for s in sources if s.path == "core/engine.py" for c in s.classes() if c.name == "Engine")
    methods = [f.name for f in engine.body if isinstance(f, ast.FunctionDef) and not f.name.startswith("_")]
    yield f"public methods of Engine ({', '.join(methods)})", len(methods)
    long = [f"{s.lines} {s.path}" for s in sources if s.lines > MOST_MODULE_LINES]
    yield f"modules over {MOST_MODULE_LINES} lines", long


def _shapes(sources: Sequence[Source]) -> Iterator[tuple[str, list[str]]]:
    classes = [(s.path, c) for s in sources for c in s.classes()]
    functions = [(s.path, f) for s in sources for f in s.functions()]
    many = [f"{path} {c.name}" for path, c in classes if len(c.bases) > MOST_BASES]
    yield f"classes with more than {MOST_BASES} bases", many
    yield "records that can be built by position", [f"{path} {c.name}" for path, c in classes if _by_position(c)]
    wide = [(_arguments(f), f"{path} {f.name}") for path, f in functions]
    crowded = sorted((pair for pair in wide if pair[0] > MOST_ARGUMENTS), reverse=True)
    yield f"functions with more than {MOST_ARGUMENTS} arguments", [f"{n} {name}" for n, name in crowded]
    sized = sorted(((_length(f), f"{path} {f.name}") for path, f in functions), reverse=True)
    yield f"functions over {MOST_LINES} lines", [f"{n} {name}" for n, name in sized if n > MOST_LINES]


def _by_position(node: ast.ClassDef) -> bool:
    """A named tuple, or a dataclass that takes its fields in order."""
    if any(isinstance(base, ast.Name) and base.id == "NamedTuple" for base in node.bases):
        return True
    for mark in node.decorator_list:
        call = mark.func if isinstance(mark, ast.Call) else mark
        if isinstance(call, ast.Name) and call.id == "dataclass":
            return not any(k.arg == "kw_only" for k in (mark.keywords if isinstance(mark, ast.Call) else ()))
    return False


def _arguments(node: ast.FunctionDef) -> int:
    names = [each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def _length(node: ast.FunctionDef) -> int:
    """Lines of a function without its docstring."""
    first = node.body[0]
    said = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return (node.end_lineno or 0) - node.lineno + 1 - (((first.end_lineno or 0) - first.lineno + 1) if said else 0)


# --- imports ----------------------------------------------------------------------------------------------


def imports() -> Arrows:
    sys.path.insert(0, str(ROOT))
    graph = grimp.build_graph("core", "pages", cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def arrows(imports: Arrows) -> Iterator[tuple[str, int | list[str]]]:
    rooms = defaultdict[str, set[str]](set)
    for module, known in imports.items():
        rooms[_room(module)] |= {_room(other) for other in known} - {_room(module)}
    yield "rooms (packages and modules right below core and pages)", len(rooms)
    yield "arrows between rooms", sum(map(len, rooms.values()))
    yield "circles of rooms", _circles(rooms)
    yield "circles of modules", _circles(imports)
    yield "imports that run up the floors", _up(imports)


def _room(module: str) -> str:
    return ".".join(module.split(".")[:2])


def _circles(arrows: Arrows) -> list[str]:
    """Sets of nodes that each reach all the others."""
    reached = {node: _reach(arrows, node) for node in arrows}
    circles = {frozenset(b for b in reached[a] if a in reached.get(b, ())) for a in arrows if a in reached[a]}
    return [", ".join(sorted(circle)) for circle in sorted(circles, key=sorted)]


def _reach(arrows: Arrows, start: str) -> set[str]:
    found, ahead = set[str](), list(arrows[start])
    while ahead:
        node = ahead.pop()
        if node not in found:
            found.add(node)
            ahead += arrows.get(node, ())
    return found


def _up(imports: Arrows) -> list[str]:
    """Imports from a lower floor of `core` into a higher one; the floors are those of the contract."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["id"] == "floors")
    floor = {f"core.{room.strip()}": i for i, row in enumerate(layers) for room in row.replace("|", ":").split(":")}
    pairs = [(module, other) for module, known in sorted(imports.items()) for other in sorted(known)]
    placed = [(a, b) for a, b in pairs if _room(a) in floor and _room(b) in floor]
    return [f"{a} -> {b}" for a, b in placed if floor[_room(a)] > floor[_room(b)]]


# --- extensions -------------------------------------------------------------------------------------------


def touched(commits: str) -> list[str]:
    """For each commit of a range: existing files of the program that it changed, and how many it brought."""
    lines = []
    for commit in _git("rev-list", "--reverse", commits):
        changes = [row.split("\t") for row in _git("diff", "--name-status", f"{commit}^", commit, "--", *PROGRAM)]
        changed = [names[-1] for kind, *names in changes if not kind.startswith("A")]
        (subject,) = _git("log", "-1", "--format=%s", commit)
        lines.append(f"{subject}: {len(changed)} existing files, {len(changes) - len(changed)} new")
        lines += [f"    {name}" for name in changed]
    return lines


def _git(*arguments: str) -> list[str]:
    run = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return run.stdout.splitlines()


if __name__ == "__main__":
    sys.exit(main())
