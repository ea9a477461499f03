"""What a run is about: volume, model, ground truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ctk
import slicer
from slicer.i18n import tr as _

from UMambaXAILogic.engine.model.reference import DEMO
from UMambaXAILogic.interaction.panel.checked import kept
from UMambaXAILogic.interaction.panel.inputs_ui import inputs_ui
from UMambaXAILogic.interaction.panel.model_words import model_title
from UMambaXAILogic.interaction.panel.remembered_models import CHOOSE_ARCHIVE, CHOOSE_FOLDER, RememberedModel
from UMambaXAILogic.interaction.panel.run_options import usual_truth
from UMambaXAILogic.interaction.panel.state import PanelState
from UMambaXAILogic.scene.input_volumes import input_volumes

from ..connections import connect
from ..model_memory import ModelMemory
from ..sample_data import open_sample_case
from .option_controls import checked_keys, chosen_key, show_checks, show_choice
from .section import Section

if TYPE_CHECKING:
    from .panel import Panel

_REFUSAL = "color: #d0342c;"
#: Off while something runs.
_CONTROLS = ("inputVolumeSelector", "tryItButton", "modelSelector", "groundTruthSelector", "groundTruthPartsSelector")


class InputsSection(Section):
    """Chooses what is segmented, with which model, and what it is compared with."""

    ui_file = "Inputs.ui"

    def __init__(self, panel: Panel, ui_path: str) -> None:
        super().__init__(panel, ui_path)
        self._memory = ModelMemory()
        self._models: tuple[RememberedModel, ...] = ()
        self._missing: frozenset[str] = frozenset()
        self._tooltips = {name: getattr(self.ui, name).toolTip for name in _CONTROLS}

    def connect_controls(self) -> None:
        """See ``Section``."""
        # Some lines of the list open a dialog: turning the wheel over it must not.
        self.ui.modelSelector.scrollWheelEffect = ctk.ctkComboBox.NeverScroll
        connect(self.ui.tryItButton, "clicked(bool)", self.on_try_it)
        connect(self.ui.modelSelector, "currentIndexChanged(int)", self.on_model)
        connect(self.ui.groundTruthPartsSelector, "checkedIndexesChanged()", self.on_ground_truth_parts)

    def before_binding(self, parameters: Any) -> None:
        """Take the scene's first volume where none is chosen."""
        if parameters.inputVolume is None:
            volumes = input_volumes(slicer.mrmlScene)
            if volumes:
                parameters.inputVolume = volumes[0]

    def after_binding(self, parameters: Any) -> None:
        """See which models are remembered, and which of them are still there."""
        self._look_at_memory()

    def show(self, state: PanelState) -> None:
        """See ``Section``."""
        ui, shown = self.ui, inputs_ui(state, self._models, self._missing, _)
        for name, tooltip in self._tooltips.items():
            control = getattr(ui, name)
            control.setEnabled(shown.enabled)
            control.setToolTip(f"{shown.reason}\n\n{tooltip}" if shown.reason else tooltip)
        show_choice(ui.modelSelector, shown.models, shown.model)
        ui.modelInfoLabel.setText(shown.model_line)
        ui.modelInfoLabel.setToolTip(shown.model_tooltip)
        ui.modelInfoLabel.setStyleSheet("" if shown.model_is_usable else _REFUSAL)
        ui.groundTruthPartsLabel.setText(shown.truth_parts_label)
        ui.groundTruthPartsLabel.setVisible(shown.truth_parts_visible)
        ui.groundTruthPartsSelector.setVisible(shown.truth_parts_visible)
        show_checks(ui.groundTruthPartsSelector, shown.truth_parts, shown.truth_parts_checked)

    def on_try_it(self, checked: bool = False) -> None:
        """Choose the shipped phantom, its vessels and the demo model."""
        self.panel.attempt(self._choose_sample)

    def _choose_sample(self) -> None:
        case, parameters = open_sample_case(), self.panel.parameters
        parameters.inputVolume = case.volume_node
        parameters.groundTruth = case.truth_node
        parameters.model = DEMO

    def on_model(self, index: int) -> None:
        """Another model, or a dialog to look for one."""
        parameters, dialogs = self.panel.parameters, self.panel.dialogs
        dialog_of = {CHOOSE_FOLDER: dialogs.choose_model_folder, CHOOSE_ARCHIVE: dialogs.choose_model_archive}
        key = chosen_key(self.ui.modelSelector)
        path = dialog_of[key](parameters.model) if key in dialog_of else key
        if path:
            facts = self.panel.controller.models.look(path).facts
            if key in dialog_of and facts is not None:
                self._memory.remember(path, model_title(facts, _))
            self._look_at_memory()
            parameters.model = path
        self.panel.refresh()  # where the user changed their mind, the list still shows the dialog's line

    def _look_at_memory(self) -> None:
        self._models = self._memory.models()
        self._missing = self._memory.missing()

    def on_ground_truth_parts(self) -> None:
        """Other segments or labels count."""
        inputs = self.panel.inputs()
        usual = usual_truth(inputs, self.panel.controller.models.look(inputs.model).facts)
        keys = inputs.ground_truth_parts.keys
        checked = checked_keys(self.ui.groundTruthPartsSelector)
        self.panel.parameters.groundTruthParts = list(kept(keys, checked, usual))
