"""The address of every page and the choices that it keeps there, read from the code."""

from __future__ import annotations

import ast
from pathlib import Path

from core.deck.stories import MOVED
from streamlit_app import PAGES

ROOT = Path(__file__).parents[2]


def addresses() -> dict[str, list[str]]:
    """Page -> the names of its choices, sorted; `*` holds those that every page shares. An earlier
    address has those of the page that it leads on to."""
    folders = [ROOT / "pages" / folder for rows in PAGES.values() for folder, _, _ in rows]
    found = {folder.name: sorted(_choices(folder / "page.py")) for folder in folders}
    found |= {old: found[new or "home"] for old, new in MOVED.items()}
    shared = {name for path in (ROOT / "pages" / "shared").rglob("*.py") for name in _choices(path)}
    return {"*": sorted(shared | {"model", "data", "split", "templates", "template", "classnames"}), **found}


def _choices(path: Path) -> set[str]:
    """Names given to `bind`, and keys of widgets bound to the address, in a file and in the files beside it."""
    beside = [path] if path.parent.name == "shared" else [path, *_parts(path)]
    trees = [ast.parse(file.read_text("utf-8")) for file in beside]
    constants = {
        target.id: node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return {name for tree in trees for name in _kept(tree, constants)}


def _parts(path: Path) -> list[Path]:
    """Files of the page's folder that it imports, however far."""
    seen, todo = set[Path](), [path]
    while todo:
        for node in ast.walk(ast.parse(todo.pop().read_text("utf-8"))):
            module = node.module if isinstance(node, ast.ImportFrom) and node.module else ""
            part = ROOT / f"{module.replace('.', '/')}.py"
            if module.startswith("pages.") and "shared" not in module and part.is_file() and part not in seen:
                seen.add(part)
                todo.append(part)
    return sorted(seen)


def _kept(tree: ast.AST, constants: dict[str, ast.expr]) -> set[str]:
    found = set[str]()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id == "bind":
            found |= {text for argument in node.args for text in _texts(argument, constants)}
        if any(k.arg == "bind" for k in node.keywords):
            found |= {text for k in node.keywords if k.arg == "key" for text in _texts(k.value, constants)}
    return found


def _texts(node: ast.AST, constants: dict[str, ast.expr]) -> set[str]:
    if isinstance(node, ast.Constant):
        return {node.value} if isinstance(node.value, str) else set()
    if isinstance(node, ast.Starred):
        return _texts(node.value, constants)
    if isinstance(node, ast.Name) and node.id in constants:
        return _texts(constants[node.id], constants)
    if isinstance(node, ast.Tuple):
        return {text for element in node.elts for text in _texts(element, constants)}
    return set()
