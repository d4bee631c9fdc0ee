"""The rules of the house that no linter checks."""

import ast
import re
from pathlib import Path

from support.project import PACKAGE, ROOT, tracked

TREES = {path: ast.parse(path.read_text()) for path in sorted(PACKAGE.rglob("*.py"))}
OURS = tracked("*.py")
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "manager", "base", "common", "misc"}
# Directories of one machine's own; written so that it does not match itself.
PRIVATE_PATH = re.compile(r"(?<![\w.~-])/(?:root|work|farm)/[\w.-]+")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_a_file_holds_one_idea_and_has_a_name_that_says_which() -> None:
    product = [path for path in OURS if not path.is_relative_to(ROOT / "tests")]
    lengths = {name(path): len(path.read_text().splitlines()) for path in product}
    assert not {path: lines for path, lines in lengths.items() if lines > 300}
    assert not [name(path) for path in OURS if path.stem in FORBIDDEN_NAMES]


def test_every_module_says_what_it_is_for() -> None:
    assert not [name(path) for path, tree in TREES.items() if not ast.get_docstring(tree)]


def test_functions_stay_short_enough_to_have_no_names_inside() -> None:
    functions = [
        (f"{name(path)}:{node.lineno} {node.name}", (node.end_lineno or 0) - node.lineno + 1)
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert not {where: lines for where, lines in functions if lines > 40}


def test_no_module_keeps_state_that_changes() -> None:
    """A filled table in capitals is a constant; an empty one, or one in small letters, is there
    to be changed."""
    assert not [
        f"{name(path)}:{node.lineno}"
        for path, tree in TREES.items()
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and changes(node)
    ]


def changes(node: ast.Assign | ast.AnnAssign) -> bool:
    """Whether a module's assignment makes something that is meant to change."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if not isinstance(target, ast.Name) or target.id == "__all__":
        return False
    match node.value:
        case ast.List(elts=items) | ast.Set(elts=items) | ast.Dict(values=items):
            return not items or not target.id.isupper()
        case ast.Call(func=ast.Name(id="list" | "dict" | "set" | "defaultdict"), args=arguments):
            return not arguments or not target.id.isupper()
        case _:
            return False


def test_no_file_speaks_of_somebodys_own_machine() -> None:
    texts = {path: path.read_bytes() for path in tracked() if path.suffix != ".lock"}
    found = {
        name(path): match.group()
        for path, content in texts.items()
        if b"\0" not in content and (match := PRIVATE_PATH.search(content.decode()))
    }
    assert not found
