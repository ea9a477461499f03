"""The result is written as DICOM: only where its volume came from DICOM, only where somebody wants it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import slicer


@pytest.fixture
def database(tmp_path, monkeypatch):
    """Slicer's, with two images; ``isOpen`` is a property there."""
    (tmp_path / "database").mkdir()
    files = {}
    for uid in ("1.2.3", "1.2.4"):
        files[uid] = tmp_path / "database" / uid
        files[uid].write_bytes(b"DICM")
    found = SimpleNamespace(isOpen=True, fileForInstance=lambda uid: str(files.get(uid, "")))
    monkeypatch.setattr(slicer, "dicomDatabase", found, raising=False)
    return found


@pytest.fixture
def from_dicom(panel, shown, database):
    """A result whose volume was loaded from DICOM."""
    shown.nodes.get("volume").SetAttribute("DICOM.instanceUIDs", "1.2.3 1.2.4")
    panel.refresh()
    return shown


def test_it_is_off_with_the_reason_where_the_volume_is_no_dicom(panel, shown, picture):
    assert not panel.ui.dicomButton.enabled
    assert "CTA was not loaded from DICOM" in panel.ui.dicomButton.toolTip
    picture("30-dicom-off", height=1150, width=400)


def test_without_a_result_it_is_off(panel):
    assert not panel.ui.dicomButton.enabled


def test_it_writes_where_somebody_says_and_says_so(panel, from_dicom, dialogs, spin, tmp_path, picture):
    assert panel.ui.dicomButton.enabled and "private" in panel.ui.dicomButton.toolTip
    panel.ui.dicomButton.click()
    assert dialogs.asked[-1] == "dicom" and not panel.controller.is_busy  # no folder: they changed their mind
    dialogs.path = str(tmp_path / "out")
    panel.ui.dicomButton.click()
    assert panel.controller.is_busy and not panel.ui.dicomButton.enabled
    spin(lambda: not panel.controller.is_busy)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["attention.dcm", "segmentation.dcm"]
    assert panel.ui.messageLabel.text.startswith("Written as DICOM: attention.dcm and segmentation.dcm in ")
    assert "PatientSex" in panel.ui.warningLabel.text
    picture("31-dicom-written", height=1150, width=400)


def test_what_is_there_is_replaced_only_when_somebody_agrees(panel, from_dicom, dialogs, spin, tmp_path):
    (tmp_path / "attention.dcm").write_bytes(b"earlier")
    dialogs.path, dialogs.answer = str(tmp_path), False
    panel.ui.dicomButton.click()
    assert "holds attention.dcm already" in dialogs.asked[-1] and not panel.controller.is_busy
    assert Path(tmp_path / "attention.dcm").read_bytes() == b"earlier"
    dialogs.answer = True
    panel.ui.dicomButton.click()
    spin(lambda: not panel.controller.is_busy)
    assert Path(tmp_path / "attention.dcm").read_bytes() == b"DICM"


def test_what_cannot_be_written_is_said(panel, from_dicom, database, dialogs, spin, tmp_path):
    database.isOpen = False
    dialogs.path = str(tmp_path / "out")
    panel.ui.dicomButton.click()
    spin(lambda: not panel.controller.is_busy)
    assert "database is not open" in panel.ui.messageLabel.text
    assert not (tmp_path / "out").exists()


def test_packages_that_are_missing_are_installed_first(panel, from_dicom, dialogs, runtime, tmp_path):
    runtime.is_ready, dialogs.answer = False, False
    dialogs.path = str(tmp_path / "out")
    panel.ui.dicomButton.click()
    assert "Install 2.5 GB" in dialogs.asked[-1] and not (tmp_path / "out").exists()
