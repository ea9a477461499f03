"""The export as a scene asks for it: the series by its files, wherever they lie."""

from __future__ import annotations

import shutil
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import generate_uid

from UMambaXAILogic.engine.dicom_export import export_dicom, export_from_files
from UMambaXAILogic.engine.dicom_request import DicomExportRequest
from UMambaXAILogic.engine.errors import CancelledError, InputError, UsageError
from UMambaXAILogic.engine.progress import Reporter
from UMambaXAILogic.engine.worker.requests import read_task


@pytest.fixture
def scratch(tmp_path) -> Path:
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


def scattered(series: Path, tmp_path: Path) -> tuple[Path, ...]:
    """The series' files in folders that hold other images too, some under one name, as a database keeps them."""
    files = []
    for number, path in enumerate(sorted(series.glob("*.dcm"))):
        folder = tmp_path / "database" / str(number)
        folder.mkdir(parents=True)
        files.append(shutil.move(path, folder / "image"))
        another = pydicom.dcmread(files[-1])
        another.SeriesInstanceUID = generate_uid()
        another.save_as(folder / "another")
    return tuple(map(Path, files))


def test_scattered_files_are_exported_as_their_folder_is(make_series, make_result, tmp_path, scratch):
    series = make_series()
    result = make_result(series, suffix="nrrd")
    expected = export_dicom(result, series, None, tmp_path / "expected")
    asked = DicomExportRequest(result, scattered(series, tmp_path)[::-1], tmp_path / "out")
    answer = read_task(asked.to_json(), scratch).run(Reporter())
    for name, path in (("attention", expected.attention), ("segmentation", expected.segmentation)):
        assert answer.files[name].parent == tmp_path / "out"
        one, other = (pydicom.dcmread(file) for file in (answer.files[name], path))
        assert one.StudyInstanceUID == other.StudyInstanceUID
        assert one.ReferencedSeriesSequence == other.ReferencedSeriesSequence
        keyword = "FloatPixelData" if name == "attention" else "PixelData"
        assert one[keyword].value == other[keyword].value
    assert not list(scratch.iterdir())


def test_what_is_left_empty_is_warned_of(make_series, make_result, tmp_path, scratch):
    def change(number, dataset):
        with pytest.warns(UserWarning):
            dataset.PatientSex = "unknown"

    said = []

    class Listener(Reporter):
        def warning(self, code, message):
            said.append((code, message))

    series = make_series(change=change)
    asked = DicomExportRequest(make_result(series), tuple(series.iterdir()), tmp_path / "out")
    export_from_files(asked, scratch, Listener())
    assert [code for code, _ in said] == ["dicom_values_left_empty"] and "PatientSex" in said[0][1]


@pytest.mark.parametrize("folder", ["dicom", "dicom/../dicom"])
def test_a_folder_of_the_series_is_no_output(make_series, make_result, tmp_path, scratch, folder):
    series = make_series()
    before = sorted(series.iterdir())
    asked = DicomExportRequest(make_result(series), tuple(before), tmp_path / folder)
    with pytest.raises(UsageError, match="images of the series"):
        export_from_files(asked, scratch, Reporter())
    assert sorted(series.iterdir()) == before


def test_files_that_are_gone_and_a_cancelled_export_leave_nothing(make_series, make_result, tmp_path, scratch):
    series = make_series()
    result = make_result(series)
    asked = DicomExportRequest(result, (*series.iterdir(), series / "none.dcm"), tmp_path / "out")
    with pytest.raises(InputError, match="cannot be read: No such file"):
        export_from_files(asked, scratch, Reporter())
    asked = DicomExportRequest(result, tuple(series.iterdir()), tmp_path / "out")
    with pytest.raises(CancelledError):
        export_from_files(asked, scratch, Reporter(lambda: True))
    assert not list(scratch.iterdir()) and not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["", "[]", '{"version": 1}', '{"version": 9}', '{"version": 1, "series": "a"}'])
def test_what_is_no_request_is_refused(text):
    with pytest.raises(UsageError):
        DicomExportRequest.from_json(text)


def test_a_request_travels_as_json(tmp_path):
    asked = DicomExportRequest(tmp_path / "a", (tmp_path / "1", tmp_path / "2"), tmp_path / "b")
    assert DicomExportRequest.from_json(asked.to_json()) == asked
