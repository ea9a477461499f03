"""Everything that asks the user something and waits; injected, so that tests and scripts never meet a dialog."""

from __future__ import annotations

import qt
import slicer
from slicer.i18n import tr as _


class Dialogs:
    """The dialogs of the application."""

    def confirm(self, text: str, details: str = "") -> bool:
        """Ask whether to go on; ``details`` unfold on demand.

        Without anybody to ask (tests, scripts) the answer is no.
        """
        if slicer.app.testingEnabled():
            return False
        unfolding = {"detailedText": details} if details else {}  # named at all, it makes the dialog wide
        return slicer.util.confirmOkCancelDisplay(text, windowTitle="UMambaXAI", **unfolding)

    def choose_model_folder(self, current: str) -> str:
        """A folder, or an empty text where the user changed their mind."""
        return qt.QFileDialog.getExistingDirectory(
            slicer.util.mainWindow(), _("Choose a folder that nnU-Net trained"), current
        )

    def choose_model_archive(self, current: str) -> str:
        """A zip file, or an empty text where the user changed their mind."""
        return qt.QFileDialog.getOpenFileName(
            slicer.util.mainWindow(), _("Choose a model that nnU-Net exported"), current, "nnU-Net (*.zip)"
        )

    def choose_profile(self, current: str) -> str:
        """A reference profile, or an empty text where the user changed their mind."""
        return qt.QFileDialog.getOpenFileName(
            slicer.util.mainWindow(), _("Choose a reference profile"), current, "JSON (*.json)"
        )

    def choose_export_folder(self) -> str:
        """A folder for a result's tables, or an empty text where the user changed their mind."""
        return qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), _("Write tables and metrics into"))

    def choose_dicom_folder(self) -> str:
        """A folder for a result's DICOM objects, or an empty text where the user changed their mind."""
        return qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), _("Write DICOM objects into"))

    def choose_benchmark_folder(self, current: str) -> str:
        """A folder for a benchmark's files, or an empty text where the user changed their mind."""
        return qt.QFileDialog.getExistingDirectory(
            slicer.util.mainWindow(), _("Keep the files of the benchmark in"), current
        )

    def choose_picture(self) -> str:
        """Where to save a picture, or an empty text where the user changed their mind."""
        return qt.QFileDialog.getSaveFileName(
            slicer.util.mainWindow(), _("Save the views as a picture"), "result.png", "PNG (*.png)"
        )

    def choose_sam_folder(self, current: str) -> str:
        """A folder that holds a SAM, or an empty text where the user changed their mind."""
        return qt.QFileDialog.getExistingDirectory(
            slicer.util.mainWindow(), _("Choose a folder of SAM or MedSAM in the format of Hugging Face"), current
        )

    def choose_sam_file(self, current: str) -> str:
        """A checkpoint of a SAM, or an empty text where the user changed their mind."""
        return qt.QFileDialog.getOpenFileName(
            slicer.util.mainWindow(), _("Choose a checkpoint of SAM or MedSAM"), current, "PyTorch (*.pth *.pt)"
        )

    def open_folder(self, folder: str) -> None:
        """Show a folder in the system's file manager."""
        qt.QDesktopServices().openUrl(qt.QUrl.fromLocalFile(folder))

    def choose_wheels(self, current: str) -> str:
        """A folder of wheels, or an empty text where the user changed their mind."""
        return qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), _("Choose a folder of wheels"), current)

    def choose_python(self, current: str) -> str:
        """An interpreter, or an empty text where the user changed their mind."""
        return qt.QFileDialog.getOpenFileName(
            slicer.util.mainWindow(), _("Choose a Python that has torch and nnunetv2"), current
        )
