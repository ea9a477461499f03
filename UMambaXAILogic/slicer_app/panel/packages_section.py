"""The packages that compute: what is there, and the buttons that install, check, repair, update and delete it."""

from __future__ import annotations

from pathlib import Path

import qt
from slicer.i18n import tr as _

from UMambaXAILogic.interaction.panel.packages import (
    DELETE,
    INSTALL,
    REPAIR,
    UPDATE,
    VERIFY,
    packages_ui,
)
from UMambaXAILogic.interaction.panel.state import PanelState

from ..connections import connect
from ..environment import interpreter, store_python, stored_python
from ..packages_settings import PackagesSettings
from ..runtime.build import AUTOMATIC, CPU, CUDA
from .section import Section

_BUTTONS = {
    INSTALL: "installButton",
    VERIFY: "verifyButton",
    REPAIR: "repairButton",
    UPDATE: "updateButton",
    DELETE: "deleteButton",
}
#: In the order of the selector's items.
_BUILDS = (AUTOMATIC, CPU, CUDA)
_CHOICES = (
    "buildSelector",
    "wheelsEdit",
    "browseWheelsButton",
    "copyCommandButton",
    "pythonEdit",
    "browsePythonButton",
)
#: Readable on Slicer's light and dark style alike.
_PROBLEM_STYLE = "color: #d0342c;"


class PackagesSection(Section):
    """Looks after the packages, and chooses where they come from."""

    ui_file = "Packages.ui"

    def connect_controls(self) -> None:
        """See ``Section``."""
        ui, self._settings = self.ui, PackagesSettings()
        ui.pythonEdit.setText(stored_python())
        ui.wheelsEdit.setText(str(self._settings.wheels or ""))
        ui.buildSelector.setCurrentIndex(_BUILDS.index(self._settings.build))
        connect(ui.installButton, "clicked(bool)", lambda: self._maintain(INSTALL))
        connect(ui.verifyButton, "clicked(bool)", lambda: self._maintain(VERIFY))
        connect(ui.repairButton, "clicked(bool)", lambda: self._maintain(REPAIR))
        connect(ui.updateButton, "clicked(bool)", lambda: self._maintain(UPDATE))
        connect(ui.deleteButton, "clicked(bool)", lambda: self._maintain(DELETE))
        connect(ui.openFolderButton, "clicked(bool)", self.on_open_folder)
        connect(ui.buildSelector, "activated(int)", self.on_build_chosen)
        connect(ui.wheelsEdit, "editingFinished()", self.on_wheels_changed)
        connect(ui.browseWheelsButton, "clicked(bool)", self.on_browse_wheels)
        connect(ui.copyCommandButton, "clicked(bool)", self.on_copy_command)
        connect(ui.browsePythonButton, "clicked(bool)", self.on_browse_python)
        connect(ui.pythonEdit, "editingFinished()", self.on_python_changed)

    def show(self, state: PanelState) -> None:
        """See ``Section``."""
        ui, shown = self.ui, packages_ui(state, _)
        ui.packagesStateLabel.setText(shown.state_text)
        ui.packagesStateLabel.setStyleSheet(_PROBLEM_STYLE if shown.is_problem else "")
        ui.packagesFolderEdit.setText(shown.folder_text)
        ui.openFolderButton.setEnabled(shown.open_enabled)
        for action, name in _BUTTONS.items():
            button = getattr(ui, name)
            button.setEnabled(shown.actions[action])
            button.setToolTip(shown.tooltips[action])
        ui.deleteButton.setText(shown.delete_text)
        ui.buildReasonLabel.setText(shown.build_text)
        ui.buildReasonLabel.setVisible(bool(shown.build_text))
        for name in _CHOICES:
            getattr(ui, name).setEnabled(shown.choices_enabled)

    def _maintain(self, action: str) -> None:
        self.panel.clear_log()
        self.panel.controller.maintain(action)

    def on_open_folder(self, checked: bool = False) -> None:
        """Show where the packages are."""
        self.panel.dialogs.open_folder(self.ui.packagesFolderEdit.text)

    def on_build_chosen(self, index: int) -> None:
        """Install that build from now on."""
        self._settings.build = _BUILDS[index]
        self.panel.refresh()

    def on_browse_wheels(self, checked: bool = False) -> None:
        """Choose the folder of wheels in a dialog."""
        path = self.panel.dialogs.choose_wheels(self.ui.wheelsEdit.text)
        if path:
            self.ui.wheelsEdit.setText(path)
            self.on_wheels_changed()

    def on_wheels_changed(self) -> None:
        """Install from that folder from now on, or from the internet where the field is empty."""
        text = self.ui.wheelsEdit.text.strip().strip("\"'")
        self.ui.wheelsEdit.setText(text)
        self._settings.wheels = Path(text) if text else None
        self.panel.refresh()

    def on_copy_command(self, checked: bool = False) -> None:
        """Put the command that fills a folder of wheels onto the clipboard."""
        self.panel.attempt(self._copy_command)

    def _copy_command(self) -> None:
        qt.QApplication.clipboard().setText(self.panel.controller.wheels_command())
        self.panel.refresh()

    def on_browse_python(self, checked: bool = False) -> None:
        """Choose an existing Python in a dialog."""
        path = self.panel.dialogs.choose_python(self.ui.pythonEdit.text)
        if path:
            self.ui.pythonEdit.setText(path)
            self.on_python_changed()

    def on_python_changed(self) -> None:
        """Use that Python from now on, or the private runtime where the field is empty."""
        path = interpreter(self.ui.pythonEdit.text.strip())
        self.ui.pythonEdit.setText(path)
        store_python(path)
        self.panel.refresh()
