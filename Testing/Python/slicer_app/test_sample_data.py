"""The sample cases in the Sample Data module: complete, local, and opened as the panel opens them."""

from __future__ import annotations

import importlib
import sys
import types
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytest.importorskip("slicer", reason="slicer-core is not installed")

import slicer

from UMambaXAILogic.engine.errors import NotInstalledError
from UMambaXAILogic.scene.headless import start_headless_slicer


class SampleDataLogic:
    """Takes what the real one takes (5.10 to 5.13), by the same rules."""

    registered: list[dict] = []

    @staticmethod
    def registerCustomSampleDataSource(
        category="Custom",
        sampleName=None,
        uris=None,
        fileNames=None,
        nodeNames=None,
        customDownloader=None,
        thumbnailFileName=None,
        loadFileTypes=None,
        loadFiles=None,
        loadFileProperties=None,
        checksums=None,
        loadFileType=None,
    ):
        assert len(uris) == len(fileNames) == len(nodeNames) == len(loadFileTypes)
        SampleDataLogic.registered.append(
            {
                "category": category,
                "name": sampleName,
                "thumbnail": thumbnailFileName,
                "files": list(zip(uris, fileNames, nodeNames, loadFileTypes, strict=True)),
                "click": customDownloader,
            }
        )


@pytest.fixture
def sample_data(monkeypatch):
    """The module under test; the wheel has no translations."""
    i18n = types.SimpleNamespace(tr=lambda text: text)
    monkeypatch.setitem(sys.modules, "slicer.i18n", i18n)
    return importlib.import_module("UMambaXAILogic.slicer_app.sample_data")


@pytest.fixture
def shown(monkeypatch) -> list:
    """The application around it: what it was asked to show."""
    asked: list = []
    application = start_headless_slicer()
    monkeypatch.setattr(slicer, "modules", types.SimpleNamespace(sampledata=object()), raising=False)
    monkeypatch.setattr(slicer.util, "setSliceViewerLayers", lambda **layers: asked.append(layers))
    monkeypatch.setattr(slicer.util, "showStatusMessage", lambda text, duration: asked.append(text))
    monkeypatch.setattr(slicer.util, "errorDisplay", lambda text, windowTitle: asked.append((windowTitle, text)))
    monkeypatch.setitem(sys.modules, "SampleData", types.SimpleNamespace(SampleDataLogic=SampleDataLogic))
    monkeypatch.setattr(SampleDataLogic, "registered", [])
    yield asked
    application.close()


def test_both_cases_are_offered_with_a_picture_below_a_heading_of_their_own(sample_data, shown):
    sample_data.register_sample_data()
    cases = SampleDataLogic.registered
    assert [(case["category"], case["name"]) for case in cases] == [
        ("UMambaXAI", "Source phantom"),
        ("UMambaXAI", "Target phantom"),
    ]
    for case in cases:
        assert Path(case["thumbnail"]).read_bytes().startswith(b"\x89PNG")


def test_nothing_is_downloaded_and_a_script_gets_the_shipped_files_by_the_modules_own_readers(
    sample_data, shown, tmp_path
):
    sample_data.register_sample_data()
    for case in SampleDataLogic.registered:
        for (uri, name, node_name, kind), expected in zip(
            case["files"], (("VolumeFile", ".nrrd"), ("SegmentationFile", ".seg.nrrd")), strict=True
        ):
            assert urlsplit(uri).scheme == "file"
            assert (kind, node_name != "", name.endswith(expected[1])) == (expected[0], True, True)
            copy, _ = urllib.request.urlretrieve(uri, tmp_path / name)  # how the module brings it into its cache
            assert Path(copy).stat().st_size > 10_000
    names = [name for case in SampleDataLogic.registered for _, name, _, _ in case["files"]]
    assert len(set(names)) == 4, "the cache keeps files by name"


def test_a_click_loads_the_case_and_shows_it(sample_data, shown):
    sample_data.register_sample_data()
    for case, cohort in zip(SampleDataLogic.registered, ("source", "target"), strict=True):
        case["click"](case)
        layers, message = shown[-2:]
        assert layers["background"].GetName() == f"{cohort.capitalize()} phantom"
        assert layers["fit"] and layers["foreground"] is None
        assert layers["background"].GetName() in message
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 2


def test_an_incomplete_installation_is_told_in_one_message(sample_data, shown, monkeypatch):
    def refuse(scene, cohort):
        raise NotInstalledError("The shipped resource is missing.", "Install the package again.")

    sample_data.register_sample_data()
    monkeypatch.setattr(sample_data, "load_sample_case", refuse)
    case = SampleDataLogic.registered[0]
    case["click"](case)
    assert shown == [("UMambaXAI", "The shipped resource is missing. Install the package again.")]


def test_an_application_without_the_module_is_left_alone(sample_data, shown, monkeypatch):
    monkeypatch.setattr(slicer, "modules", types.SimpleNamespace())
    monkeypatch.delitem(sys.modules, "SampleData")
    sample_data.register_sample_data()
    assert SampleDataLogic.registered == []
