"""The command export-dicom and the option --dicom: what is asked, what is said, what is refused before computing."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest

from UMambaXAILogic.cli import main
from UMambaXAILogic.engine.errors import InputError

EXPORT = ["export-dicom", "result", "--series-folder", "scan", "--out", "out"]


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """Stands in for export and computation; what they were asked, in order."""
    calls: list[tuple] = []
    export = types.ModuleType("UMambaXAILogic.engine.dicom_export")
    export.emptied = ()
    export.refusal = None

    def export_dicom(result, series_folder, series_uid, output):
        calls.append(("export", result, series_folder, series_uid, output))
        return types.SimpleNamespace(attention=None, segmentation=output / "segmentation.dcm", emptied=export.emptied)

    def read_source_series(folder, series_uid):
        calls.append(("series", folder, series_uid))
        if export.refusal is not None:
            raise export.refusal

    export.export_dicom, export.read_source_series = export_dicom, read_source_series
    export.check_highdicom = lambda: calls.append(("highdicom",))
    pipeline = types.ModuleType("UMambaXAILogic.engine.pipeline")

    def run_case(request, reporter=None):
        calls.append(("run", request.output))
        return types.SimpleNamespace(folder=request.output, metrics={}, files={})

    pipeline.run_case = run_case
    for module in (export, pipeline):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.chdir(tmp_path)
    return calls, export


def test_the_series_is_named_and_what_was_written_is_said(asked, capsys):
    calls, export = asked
    export.emptied = ("PatientSex",)
    assert main([*EXPORT, "--series", "1.2.3"]) == 0
    assert calls == [("export", Path("result"), Path("scan"), "1.2.3", Path("out"))]
    said = capsys.readouterr().out
    assert "none: the result has no attention map" in said and str(Path("out/segmentation.dcm")) in said
    assert "PatientSex" in said
    assert main([*EXPORT, "--quiet"]) == 0
    assert capsys.readouterr().out == ""


def test_a_result_folder_a_series_folder_and_an_output_are_required(asked, capsys):
    assert main(["export-dicom", "result", "--out", "out"]) == 2
    assert "--series-folder" in capsys.readouterr().err


def test_explain_exports_what_it_wrote_after_looking_at_the_series_first(asked):
    calls, _ = asked
    words = ["explain", "scan", "--model", "demo", "--out", "result", "--series", "1.2.3", "--dicom", "--quiet"]
    assert main(words) == 0
    result = Path("result")
    assert calls == [
        ("highdicom",),
        ("series", Path("scan"), "1.2.3"),
        ("run", result),
        ("export", result, Path("scan"), "1.2.3", result / "dicom"),
    ]


def test_a_series_that_cannot_be_referred_to_is_refused_before_anything_is_computed(asked, capsys):
    calls, export = asked
    export.refusal = InputError("No frame of reference.", "Export the series again.")
    assert main(["explain", "scan", "--model", "demo", "--out", "result", "--dicom"]) == 3
    assert "No frame of reference. Export the series again." in capsys.readouterr().err
    assert [call[0] for call in calls] == ["highdicom", "series"]


def test_without_the_option_nothing_is_exported(asked):
    assert main(["explain", "scan", "--model", "demo", "--out", "result", "--quiet"]) == 0
    assert [call[0] for call in asked[0]] == ["run"]
