"""What all parts of the panel have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import slicer

from UMambaXAILogic.interaction.panel.state import PanelState

if TYPE_CHECKING:
    from .panel import Panel


class Section:
    """One part of the panel: a .ui file, what its controls do, and what they show.

    A section names its ``ui_file``, connects its controls in ``connect_controls`` and copies what is known onto them in
    ``show``. Controls whose dynamic property ``SlicerParameterName`` names a parameter follow it, and it them.

    Args:
        panel: that the section is a part of.
        ui_path: of its .ui file.
    """

    ui_file = ""

    def __init__(self, panel: Panel, ui_path: str) -> None:
        self.panel = panel
        self.widget = slicer.util.loadUI(ui_path)
        self.widget.setMRMLScene(slicer.mrmlScene)
        self.ui = slicer.util.childWidgetVariables(self.widget)
        self._tag: Any = None

    def connect_controls(self) -> None:
        """Connect buttons and fields, once."""

    def bind(self, parameters: Any) -> None:
        """Let the controls follow these parameters."""
        self._tag = parameters.connectGui(self.ui)

    def unbind(self, parameters: Any) -> None:
        """Let the controls go."""
        parameters.disconnectGui(self._tag)

    def show(self, state: PanelState) -> None:
        """Copy what is known onto the controls."""

    def on_parameters_modified(self) -> None:
        """A choice changed, by hand or by script; ``show`` follows."""
