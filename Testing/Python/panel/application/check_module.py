"""What the application shows of the module besides its panel: help, acknowledgement, sample cases."""

from __future__ import annotations

import sys
import types
from html.parser import HTMLParser
from pathlib import Path

import pytest
import slicer


class Reader(HTMLParser):
    """Collects the text and the links; refuses tags that are left open."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.links, self._open = "", [], []
        self.feed(html)
        assert not self._open

    def handle_starttag(self, tag, attributes) -> None:
        self._open.append(tag)
        self.links += [value for name, value in attributes if name == "href"]

    def handle_endtag(self, tag) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data) -> None:
        self.text += data


@pytest.fixture
def module(panel):
    return slicer.modules.umambaxai


def test_the_help_says_what_it_is_for_how_to_begin_and_that_it_is_for_research(module):
    read = Reader(module.helpText)
    assert "Segments vessels" in read.text and "research use only" in read.text
    assert "Segment & Explain" in read.text
    assert len(read.links) == 2 and all(link.startswith("https://github.com/") for link in read.links)
    assert module.title == "UMambaXAI" and module.contributors == ["UMambaXAI contributors"]


def test_the_acknowledgement_names_those_whose_work_this_builds_on(module):
    read = Reader(module.acknowledgementText)
    for name in ("Abuzeid", "U-Mamba", "nnU-Net", "Seg-XRes-CAM", "Seg-Grad-CAM"):
        assert name in read.text
    assert read.links == ["https://arxiv.org/abs/2512.13977"]


def test_the_sample_cases_are_offered_once_the_application_has_started(module, monkeypatch):
    offered: dict[str, dict] = {}

    class SampleDataLogic:
        @staticmethod
        def registerCustomSampleDataSource(**source) -> None:
            offered[source["sampleName"]] = source

    monkeypatch.setattr(slicer.modules, "sampledata", object(), raising=False)
    monkeypatch.setitem(sys.modules, "SampleData", types.SimpleNamespace(SampleDataLogic=SampleDataLogic))
    slicer.app._object.startupCompleted.emit()
    assert list(offered) == ["Source phantom", "Target phantom"]
    for source in offered.values():
        assert Path(source["thumbnailFileName"]).is_file()  # of the installed tree


def test_the_icon_is_found_where_the_application_looks(module):
    icons = Path(module.path).parent / "Resources" / "Icons"
    assert (icons / "UMambaXAI.png").read_bytes().startswith(b"\x89PNG")
