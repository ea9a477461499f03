"""Every attribution method has a page, with the settings, defaults and pictures that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from UMambaXAILogic.cli import main
from UMambaXAILogic.engine.methods.catalogue import METHOD_FACTS

_SECTIONS = ("Formula", "Settings", "How to read it", "When it misleads", "Cost", "Source")
_ROW = re.compile(r"^\| `(--[a-z-]+)`, `(\w+)` \| `([^`]+)` \| (.+) \|$", re.MULTILINE)
_PICTURE_BYTES = 150_000


@pytest.fixture(scope="module")
def folder(repository: Path) -> Path:
    return repository / "Documentation" / "methods"


def test_there_is_a_page_for_every_method_and_no_other(folder):
    assert {page.stem for page in folder.glob("*.md")} == set(METHOD_FACTS)


@pytest.mark.parametrize("name", METHOD_FACTS)
def test_a_page_answers_what_is_asked_of_it(folder, name):
    text = (folder / f"{name}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {METHOD_FACTS[name].title}")
    assert f"`--method {name}`" in text
    assert re.search(r"^\*\*Asks:\*\* .+\?$", text, re.MULTILINE)
    assert tuple(re.findall(r"^## (.+)$", text, re.MULTILINE)) == _SECTIONS
    assert re.search(r"Measured on the picture's case[^.]*: \d+ forward", text.replace("\n", " "))


@pytest.mark.parametrize("name", METHOD_FACTS)
def test_settings_and_defaults_on_a_page_are_the_method_s(folder, name):
    facts = METHOD_FACTS[name]
    rows = _ROW.findall((folder / f"{name}.md").read_text(encoding="utf-8"))
    documented = {setting: default for _, setting, default, _ in rows}
    wanted = (*(("pool", "pool_mode") if facts.pools else ()), *facts.settings)
    assert documented == {setting: str(getattr(facts.defaults, setting)) for setting in wanted}
    for option, setting, _, _ in rows:
        assert option == "--" + setting.removesuffix("_mm").replace("_", "-")


def test_options_on_the_pages_are_those_of_the_command(folder, capsys):
    main(["explain", "--help"])
    help_text = capsys.readouterr().out
    for page in folder.glob("*.md"):
        for option in re.findall(r"`(--[a-z-]+)", page.read_text(encoding="utf-8")):
            assert re.search(rf"{option}\b", help_text), f"{page.name}: {option}"


@pytest.mark.parametrize("name", METHOD_FACTS)
def test_every_picture_and_page_that_a_page_names_exists(folder, name):
    page = folder / f"{name}.md"
    text = page.read_text(encoding="utf-8")
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert pictures
    for link in re.findall(r"\]\(([^)#]+)", text):
        assert (page.parent / link).resolve().is_file(), link
    for picture in pictures:
        assert (page.parent / picture).stat().st_size < _PICTURE_BYTES, picture


def test_the_overview_leads_to_every_page_and_its_pictures_exist(folder):
    overview = folder.parent / "attribution-methods.md"
    text = overview.read_text(encoding="utf-8")
    for name in METHOD_FACTS:
        assert f"| [`{name}`](methods/{name}.md)" in text
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert pictures
    for picture in pictures:
        assert (overview.parent / picture).stat().st_size < _PICTURE_BYTES
