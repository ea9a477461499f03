"""What the panel shows can be translated: every text passes through ``_()`` in a form that Slicer's extraction finds.

Slicer collects texts by looking for ``_("...")`` in the source: one double-quoted literal, or several that follow each
other, and nothing else between the brackets. The context is the file, so a text is translated where it is written.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
PACKAGE = REPOSITORY / "UMambaXAILogic"
#: Where texts are written that the panel and the application around it show.
FILES = sorted(
    (
        REPOSITORY / "UMambaXAI" / "UMambaXAI.py",
        *(PACKAGE / "slicer_app").glob("*.py"),
        *(PACKAGE / "slicer_app" / "panel").rglob("*.py"),
        *(PACKAGE / "interaction" / "panel").rglob("*.py"),
        *(PACKAGE / "interaction" / name for name in ("summary.py", "domain_summary.py", "profile_choice.py")),
    )
)
UI_FILES = sorted((REPOSITORY / "UMambaXAI" / "Resources" / "UI").glob("*.ui"))
TRANSLATORS = ("_", "translate")
#: Two words in a row: no identifier, no format, no key.
_WORDS = re.compile(r"[A-Za-z]+[,.:;]? [A-Za-z]{2,}")
#: A tag of HTML or a piece of one, as an f-string cuts it.
_TAG = re.compile(r"<[^<>]*>|<[^<>]*$|^[^<>]*>")
_STYLE = re.compile(r"\s*[a-z-]+: [^;]*;")
#: Names, which are the same in every language, and keys that nobody sees.
_NAMES = {
    "UMambaXAI contributors",
    *("U-Mamba Bot", "U-Mamba Enc", "XAI-GT IoU", "XAI-PM IoU"),
    *("choose folder", "choose archive"),
}
#: Calls whose texts nobody reads on the screen in his own language, and why.
_NOT_SHOWN = {
    "setStyleSheet": "CSS",
    "compile": "a pattern",
}
_SHOWN_PROPERTIES = ("text", "toolTip", "title", "placeholderText", "statusTip", "whatsThis", "windowTitle", "suffix")


def relative(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Every call of a translating function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TRANSLATORS:
            yield node


def extracted(source: str) -> list[str]:
    """Texts of ``_("...")`` as an extraction by form alone finds them: tokens, no meaning."""
    tokens = [
        token
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type not in (tokenize.NL, tokenize.COMMENT)
    ]
    texts = []
    for index, token in enumerate(tokens[:-1]):
        if (token.type, token.string, tokens[index + 1].string) == (tokenize.NAME, "_", "("):
            end = index + 2
            while tokens[end].type == tokenize.STRING and tokens[end].string.startswith('"'):
                end += 1
            if end > index + 2 and tokens[end].string == ")":
                texts.append("".join(ast.literal_eval(part.string) for part in tokens[index + 2 : end]))
    return texts


def unwrapped(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and text of what reads like a text for users and is not inside ``_()``.

    Left out: docstrings, typed errors (English everywhere: the terminal, the log and the console show the same ones),
    and the module's own tests.
    """
    hidden: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node, clean=False):
            hidden.add(id(node.body[0]))
        if isinstance(node, ast.ClassDef) and node.name.endswith("Test"):
            hidden.add(id(node))
        if isinstance(node, ast.Call) and _name(node.func) in (*TRANSLATORS, *_NOT_SHOWN):
            hidden.add(id(node))
        if isinstance(node, ast.Call) and _name(node.func).endswith("Error"):
            hidden.add(id(node))
        if isinstance(node, ast.Compare):
            hidden.add(id(node))  # what is asked for is not shown
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_text(node.value):
            yield node.lineno, node.value
        pending += ast.iter_child_nodes(node)


def _is_text(value: str) -> bool:
    return value not in _NAMES and not _STYLE.match(value) and _WORDS.search(_TAG.sub("", value)) is not None


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_every_text_is_translated(path: Path):
    found = [f"{relative(path)}:{line}: {text!r}" for line, text in unwrapped(ast.parse(path.read_text("utf-8")))]
    assert not found, "not inside _():\n" + "\n".join(found)


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_every_translated_text_is_one_that_slicer_extracts(path: Path):
    source = path.read_text(encoding="utf-8")
    asked = []
    for call in calls(ast.parse(source)):
        assert not call.keywords and len(call.args) == (2 if _name(call.func) == "translate" else 1), call.lineno
        text = call.args[-1]
        assert isinstance(text, ast.Constant) and isinstance(text.value, str), f"{relative(path)}:{text.lineno}"
        assert '"' not in text.value, f"{relative(path)}:{text.lineno}: an inner quote ends the text too early"
        if _name(call.func) == "_":
            asked.append(text.value)
    assert sorted(asked) == sorted(extracted(source))


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_values_are_filled_in_by_name(path: Path):
    """Translators may need another order, and Slicer drops a translation whose {names} differ."""
    for call in calls(ast.parse(path.read_text(encoding="utf-8"))):
        text = ast.literal_eval(call.args[-1])
        assert "%s" not in text and "%d" not in text and "{}" not in text, text
        assert all(re.fullmatch(r"\w*[a-z]\w*(:[^{}]+)?", name) for name in re.findall(r"\{([^{}]*)\}", text)), text


def test_files_in_which_texts_are_written_have_contexts_of_their_own():
    """The context is the folder's and the file's name; two files of one context would share their translations."""
    contexts = [
        f"{path.parent.name}.{path.stem}" if (path.parent / "__init__.py").is_file() else path.stem
        for path in FILES
        if extracted(path.read_text(encoding="utf-8"))
    ]
    assert len(set(contexts)) == len(contexts)


@pytest.mark.parametrize("path", UI_FILES, ids=lambda path: path.name)
def test_the_texts_of_a_form_are_translatable_in_a_context_of_its_own(path: Path):
    root = ET.parse(path).getroot()
    assert [
        other.name for other in UI_FILES if ET.parse(other).getroot().findtext("class") == root.findtext("class")
    ] == [path.name]
    for node in root.iter("property"):
        text = node.find("string")
        if node.get("name") in _SHOWN_PROPERTIES and text is not None and _WORDS.search(text.text or ""):
            assert text.get("notr") != "true", text.text
        if node.get("name") == "SlicerParameterName" and text is not None:
            assert text.get("notr") == "true", f"a translated {text.text} would be bound to nothing"


def test_what_this_looks_for_is_found():
    """The rules themselves, on a file that breaks each of them."""
    broken = """
def f(_, n):
    'Two words.'
    a = "Choose a volume"
    raise InputError("It is broken.", "Mend it now.")
"""
    assert list(unwrapped(ast.parse(broken))) == [(4, "Choose a volume")]
    assert list(unwrapped(ast.parse('x = f"Found {n} of them all"'))) == [(1, " of them all")]
    assert list(unwrapped(ast.parse('x = _("Choose a volume")'))) == []
    assert extracted('_("a" "b")\n_(\n    "c"\n)\n_(name)\n_("d",)\n_(\'e\')\n') == ["ab", "c"]
