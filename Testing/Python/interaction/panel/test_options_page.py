"""The page of options names everything that can be chosen, wherever it is chosen."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest


@pytest.fixture
def page(repository: Path) -> str:
    return (repository / "Documentation" / "choosing-options.md").read_text(encoding="utf-8")


def test_every_option_of_the_console_is_named(page):
    pytest.importorskip("slicer", reason="slicer-core is not installed")
    from UMambaXAILogic.scene_calls.options import Options

    missing = [field.name for field in dataclasses.fields(Options) if f"`{field.name}`" not in page]
    assert not missing


def test_every_control_of_the_panel_has_its_row(repository, page):
    labels = []
    for name in ("Inputs", "Advanced"):
        root = ElementTree.parse(repository / "UMambaXAI" / "Resources" / "UI" / f"{name}.ui").getroot()
        for widget in root.iter("widget"):
            text = widget.find("property[@name='text']/string")
            if widget.get("class") in ("QLabel", "QCheckBox") and text is not None:
                labels.append(text.text.rstrip(":"))
    assert len(labels) > 15
    assert not [label for label in labels if f"| **{label}** |" not in page]


def test_the_options_of_the_terminal_exist(page, capsys):
    from UMambaXAILogic.cli.main import main

    main(["explain", "--help"])
    help_text = capsys.readouterr().out
    named = set(re.findall(r"`(--[\w-]+)`", page))
    assert len(named) > 15
    assert not [option for option in named if option not in help_text]
