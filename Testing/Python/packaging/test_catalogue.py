"""The entry in Slicer's catalogue of extensions: valid by its rules, and the same as CMakeLists.txt and README say.

The rules are those that the catalogue's own checks apply to an entry (repository Slicer/ExtensionsIndex).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

#: Field -> (type, whether an entry must have it); nothing else may be there.
_FIELDS: dict[str, tuple[type, bool]] = {
    "$schema": (str, True),
    "category": (str, True),
    "scm_url": (str, True),
    "scm_revision": (str, False),
    "scm_type": (str, False),
    "build_dependencies": (list, False),
    "build_subdirectory": (str, False),
    "enabled": (bool, False),
    "tier": (int, False),
}
_SCHEMA = re.compile(
    r"https://raw\.githubusercontent\.com/Slicer/Slicer/main/Schemas/"
    r"slicer-extension-catalog-entry-schema-v1\.0\.[012]\.json#?"
)
_MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def entry_file(repository: Path) -> Path:
    (path,) = (repository / "Utilities" / "ExtensionsIndex").glob("*.json")
    return path


@pytest.fixture(scope="module")
def entry(entry_file: Path) -> dict[str, Any]:
    return json.loads(entry_file.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def lists(repository: Path) -> str:
    return (repository / "CMakeLists.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def variables(lists: str) -> dict[str, str]:
    """EXTENSION_* of CMakeLists.txt, written in the one form that the catalogue's checks find."""
    found = dict(re.findall(r'^set\(EXTENSION_([A-Z]+) "([^"]+)"\)$', lists, re.MULTILINE))
    assert len(found) == lists.count("set(EXTENSION_")
    return found


@pytest.fixture(scope="module")
def readme(repository: Path) -> str:
    return (repository / "README.md").read_text(encoding="utf-8")


def test_the_entry_has_the_fields_there_are_and_no_others(entry, entry_file):
    assert set(entry) <= set(_FIELDS)
    for name, (kind, required) in _FIELDS.items():
        assert name in entry or not required, name
        assert type(entry.get(name, kind())) is kind, name
    assert _SCHEMA.fullmatch(entry["$schema"])
    assert 1 <= entry["tier"] <= 5
    assert entry.get("scm_type", "git") in ("git", "local")
    assert all(isinstance(name, str) for name in entry["build_dependencies"])
    text = entry_file.read_bytes()
    assert b"\r" not in text and b"\t" not in text and text.endswith(b"}\n")


def test_the_names_follow_the_catalogues_rules(entry, entry_file, lists):
    name = entry_file.stem
    assert not name.lower().startswith("slicer")
    assert re.search(r"project\s*\(\s*([^\s)]+)", lists)[1] == name
    url = urlsplit(entry["scm_url"])
    assert url.scheme == "https" and url.netloc == "github.com"
    assert url.path.rsplit("/", 1)[1] == f"Slicer{name}"


def test_the_entry_says_what_cmake_says(entry, variables):
    assert set(variables) == {
        *("HOMEPAGE", "CATEGORY", "CONTRIBUTORS", "DESCRIPTION", "ICONURL", "SCREENSHOTURLS", "DEPENDS"),
    }
    assert entry["category"] == variables["CATEGORY"] == "Segmentation"  # one of those that the catalogue knows
    depends = [] if variables["DEPENDS"] == "NA" else variables["DEPENDS"].split()
    assert entry["build_dependencies"] == depends
    assert variables["HOMEPAGE"].partition("#")[0] == entry["scm_url"]


def test_icon_and_screenshots_lie_in_the_repository_where_their_addresses_say(entry, variables, repository):
    owner_and_name = urlsplit(entry["scm_url"]).path
    prefix = f"https://raw.githubusercontent.com{owner_and_name}/{entry['scm_revision']}/"
    screenshots = variables["SCREENSHOTURLS"].split()
    assert screenshots
    for address in (variables["ICONURL"], *screenshots):
        assert address.startswith(prefix) and address.endswith(".png")
        with Image.open(repository / address.removeprefix(prefix)) as picture:
            picture.verify()
    with Image.open(repository / variables["ICONURL"].removeprefix(prefix)) as icon:
        assert icon.size == (128, 128)


def test_the_description_is_short_and_says_what_it_is_not_for(variables):
    description = variables["DESCRIPTION"]
    assert len(re.findall(r"\.(?: |$)", description)) <= 2
    assert "research use only" in description


def test_the_readme_tells_what_the_catalogue_wants_told(readme, entry_file, repository):
    assert readme.startswith(f"# {entry_file.stem}\n")
    assert re.search(r"!\[[^\]]+\]\(Resources/Screenshots/[^)]+\.png\)", readme)
    assert "arXiv 2512.13977" in readme  # the publication
    assert "Apache-2.0" in readme and (repository / "LICENSE.txt").is_file()
    assert "research use only" in readme
    assert "Documentation/tutorial.md" in readme
    modules = readme.partition("## Modules")[2].partition("\n## ")[0]
    for module in _modules(repository):
        assert re.search(rf"\*\*{module}\*\* [^.]+\.", modules), f"no sentence on the module {module}"


def test_the_links_of_readme_and_documentation_lead_somewhere(repository):
    for page in (repository / "README.md", *(repository / "Documentation").glob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_repository_is_far_below_the_catalogues_limit(repository):
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=repository, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("skipped: no git checkout")
    files = [repository / name for name in listed.stdout.split("\0") if name]
    assert sum(file.stat().st_size for file in files if file.is_file()) < 50 * _MEGABYTE  # it allows 100


def test_the_icons_are_those_that_their_sources_draw(repository, tmp_path):
    script = repository / "Utilities" / "Icons" / "draw_icons.py"
    subprocess.run([sys.executable, str(script), "--out", str(tmp_path)], check=True, capture_output=True)
    names = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.png"))
    assert names == ["UMambaXAI.png", "UMambaXAI/Resources/Icons/UMambaXAI.png"]
    for name in names:
        with Image.open(tmp_path / name) as drawn, Image.open(repository / name) as kept:
            assert kept.mode == "RGBA" and kept.getpixel((0, 0))[3] == 0  # rounded, on any background
            difference = np.asarray(kept, int) - np.asarray(drawn.convert("RGBA"), int)
            assert np.abs(difference).max() <= 8, f"run {script.name}"


def _modules(repository: Path) -> list[str]:
    """Names of the modules that users see: those with a Python file of their own."""
    return [
        path.parent.name
        for path in repository.glob("*/CMakeLists.txt")
        if (path.parent / f"{path.parent.name}.py").is_file()
    ]
