"""The packages that compute: installed by the module, or those of a Python that is there."""

from __future__ import annotations

from UMambaXAILogic.interaction.panel.state import PanelState

from ..connections import connect
from ..environment import interpreter, store_python, stored_python
from .section import Section


class PackagesSection(Section):
    """Chooses the Python that computes."""

    ui_file = "Packages.ui"

    def connect_controls(self) -> None:
        """See ``Section``."""
        self.ui.pythonEdit.setText(stored_python())
        connect(self.ui.browsePythonButton, "clicked(bool)", self.on_browse_python)
        connect(self.ui.pythonEdit, "editingFinished()", self.on_python_changed)

    def show(self, state: PanelState) -> None:
        """See ``Section``."""
        self.ui.pythonEdit.setEnabled(not state.is_busy)
        self.ui.browsePythonButton.setEnabled(not state.is_busy)

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
