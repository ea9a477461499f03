"""What the engine says is read in a terminal, in Slicer's panel and in its console: none is told another's options."""

from __future__ import annotations

import ast
import re
from pathlib import Path

#: Packages and modules whose words only a terminal shows.
TERMINAL_ONLY = ("diagnosis", "page", "public_data", "reproduction", "shift", "domain/folder_cases.py", "doctor.py")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
#: What names the door that an option belongs to, or a program that is not ours.
DOOR = re.compile(r"terminal|command line|pip install|Start workers with")


def sentences(path: Path) -> list[str]:
    """The texts of a module that are no docstrings, each as it is put together."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(value) for value in node.values}
            found.append("".join(str(value.value) for value in node.values if isinstance(value, ast.Constant)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            found.append(node.value)
    return [text for text in found if " " in text]  # an option alone is an argument of a program


def test_an_option_of_the_terminal_is_named_as_such(repository: Path):
    engine = repository / "UMambaXAILogic" / "engine"
    wrong = [
        f"{path.relative_to(engine).as_posix()}: {text}"
        for path in sorted(engine.rglob("*.py"))
        if not path.relative_to(engine).as_posix().startswith(TERMINAL_ONLY)
        for text in sentences(path)
        if OPTION.search(text) and not DOOR.search(text)
    ]
    assert wrong == []


def test_the_search_finds_what_it_is_meant_to(tmp_path: Path):
    module = tmp_path / "module.py"
    module.write_text(
        '"""Take --this."""\nx = 3\na = f"Use --restart {x}"\nb = "use " "--mask, as a b"\nc = "--alone"\n'
    )
    assert sentences(module) == ["Use --restart ", "use --mask, as a b"]
    assert all(OPTION.search(text) for text in sentences(module))
