"""What a run is about: volume, model, ground truth."""

from __future__ import annotations

from typing import Any

import slicer

from UMambaXAILogic.interaction.panel.state import PanelState

from ..connections import connect
from .parameters import ModelSource
from .section import Section


class InputsSection(Section):
    """Chooses what is segmented, with which model, and what it is compared with."""

    ui_file = "Inputs.ui"

    def connect_controls(self) -> None:
        """See ``Section``."""
        connect(self.ui.browseModelButton, "clicked(bool)", self.on_browse_model)

    def before_binding(self, parameters: Any) -> None:
        """Take the scene's first volume where none is chosen."""
        if parameters.inputVolume is None:
            volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
            plain = [node for node in volumes if node.GetClassName() == "vtkMRMLScalarVolumeNode"]
            if plain:
                parameters.inputVolume = plain[0]

    def show(self, state: PanelState) -> None:
        """See ``Section``."""
        ui = self.ui
        for control in (
            ui.inputVolumeSelector,
            ui.modelSourceSelector,
            ui.modelPathEdit,
            ui.browseModelButton,
            ui.groundTruthSelector,
        ):
            control.setEnabled(not state.is_busy)
        chosen = self.panel.parameters
        ui.modelPathWidget.setVisible(chosen is not None and chosen.modelSource != ModelSource.DEMO)

    def on_browse_model(self, checked: bool = False) -> None:
        """Choose the model in a dialog."""
        chosen, dialogs = self.panel.parameters, self.panel.dialogs
        archive = chosen.modelSource == ModelSource.ARCHIVE
        choose = dialogs.choose_model_archive if archive else dialogs.choose_model_folder
        path = choose(chosen.modelPath)
        if path:
            chosen.modelPath = path
