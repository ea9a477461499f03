"""How a run is to be done: target, region, method, layers, device. Folded at first; every default is a good one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

from UMambaXAILogic.interaction.panel.advanced import AdvancedUi, advanced_ui
from UMambaXAILogic.interaction.panel.checked import kept
from UMambaXAILogic.interaction.panel.choices import with_setting
from UMambaXAILogic.interaction.panel.run_options import fold_keys, usual_folds
from UMambaXAILogic.interaction.panel.state import RUNTIME_READY, PanelState

from ..connections import connect
from .method_setting_controls import MethodSettingControls
from .option_controls import checked_keys, chosen_key, show_checks, show_choice
from .section import Section

if TYPE_CHECKING:
    from .panel import Panel

#: Controls by the names that ``advanced.CONTROLS`` gives them; those of the method's settings are made at run time.
_CONTROLS = {
    "target": "targetSelector",
    "kind": "kindSelector",
    "region": "regionSelector",
    "region_parts": "regionPartsSelector",
    "resample_truth": "resampleTruthCheckBox",
    "method": "methodSelector",
    "preset": "presetSelector",
    "pool": "poolSpinBox",
    "pool_mode": "poolModeSelector",
    "layers": "layersSelector",
    "layer_maps": "layerMapsCheckBox",
    "thresholds": "thresholdsEdit",
    "judge": "judgeMapCheckBox",
    "device": "deviceSelector",
    "refresh_devices": "refreshDevicesButton",
    "memory_limit": "memoryLimitSpinBox",
    "folds": "foldsSelector",
    "mirror": "mirrorCheckBox",
    "step": "stepSpinBox",
    "replace": "replaceCheckBox",
}
#: Of the method's form: below its pooling.
_SETTINGS_ROW = 3
#: Combo boxes whose lines depend on something, and the parameters that they choose.
_CHOICES = {
    "targetSelector": "target",
    "kindSelector": "targetKind",
    "methodSelector": "method",
    "presetSelector": "preset",
    "poolModeSelector": "poolMode",
    "deviceSelector": "device",
}


class AdvancedSection(Section):
    """Chooses everything about a run but what it is about."""

    ui_file = "Advanced.ui"

    def __init__(self, panel: Panel, ui_path: str) -> None:
        super().__init__(panel, ui_path)
        self._tooltips = {name: getattr(self.ui, control).toolTip for name, control in _CONTROLS.items()}
        self.settings = MethodSettingControls(self.ui.methodGroupBox.layout(), _SETTINGS_ROW, self.on_setting)

    def connect_controls(self) -> None:
        """See ``Section``."""
        ui = self.ui
        for control, parameter in _CHOICES.items():
            connect(getattr(ui, control), "currentIndexChanged(int)", partial(self.on_choice, control, parameter))
        connect(ui.regionPartsSelector, "checkedIndexesChanged()", self.on_region_parts)
        connect(ui.layersSelector, "checkedIndexesChanged()", self.on_layers)
        connect(ui.foldsSelector, "checkedIndexesChanged()", self.on_folds)
        connect(ui.optionsCollapsibleButton, "contentsCollapsed(bool)", self.on_folded)
        connect(ui.refreshDevicesButton, "clicked(bool)", self.on_refresh_devices)

    def show(self, state: PanelState) -> None:
        """See ``Section``."""
        ui, shown = self.ui, advanced_ui(state, self.panel.devices.known, _)
        ui.optionsCollapsibleButton.text = shown.title
        ui.optionsCollapsibleButton.setToolTip(shown.title_tooltip)
        for combo_box, options, key in (
            (ui.targetSelector, shown.targets, shown.target),
            (ui.kindSelector, shown.kinds, shown.kind),
            (ui.methodSelector, shown.methods, shown.method),
            (ui.presetSelector, shown.presets, shown.preset),
            (ui.poolModeSelector, shown.pool_modes, shown.pool_mode),
            (ui.deviceSelector, shown.devices, shown.device),
        ):
            show_choice(combo_box, options, key)
        show_checks(ui.regionPartsSelector, shown.region_parts, shown.region_parts_checked)
        show_checks(ui.layersSelector, shown.layers, shown.layers_checked)
        show_checks(ui.foldsSelector, shown.folds, shown.folds_checked)
        self.settings.show(shown.settings, shown.reasons["settings"])
        for control in (ui.regionPartsLabel, ui.regionPartsSelector):
            control.setVisible(shown.region_parts_visible)
        ui.deviceHintLabel.setText(shown.device_hint)
        ui.deviceHintLabel.setVisible(bool(shown.device_hint))
        self._explain(shown)

    def _explain(self, shown: AdvancedUi) -> None:
        """What cannot be used is off, and its tooltip begins with the reason."""
        for name, control_name in _CONTROLS.items():
            control, reason = getattr(self.ui, control_name), shown.reasons[name]
            control.setEnabled(not reason)
            control.setToolTip(f"{reason}\n\n{self._tooltips[name]}" if reason else self._tooltips[name])

    def on_choice(self, control: str, parameter: str, _index: int = 0) -> None:
        """Another line of a combo box."""
        setattr(self.panel.parameters, parameter, chosen_key(getattr(self.ui, control)))

    def on_setting(self, name: str, value: Any) -> None:
        """Another setting of the method."""
        parameters = self.panel.parameters
        parameters.methodSettings = list(with_setting(tuple(parameters.methodSettings), name, value))

    def on_region_parts(self) -> None:
        """Other segments bound the region."""
        keys = self.panel.inputs().region_parts.keys
        self._keep("regionParts", self.ui.regionPartsSelector, keys, keys)

    def on_layers(self) -> None:
        """Other layers are explained."""
        facts = self._model_facts()
        if facts is not None:
            aliases = [layer.alias for layer in facts.layers]
            self._keep("explainedLayers", self.ui.layersSelector, aliases, facts.default_layers)

    def on_folds(self) -> None:
        """Other folds are averaged."""
        facts = self._model_facts()
        if facts is not None:
            self._keep("folds", self.ui.foldsSelector, fold_keys(facts), usual_folds(facts))

    def on_folded(self, folded: bool) -> None:
        """Look for GPUs when somebody is about to choose one, for the first time."""
        devices = self.panel.devices
        state = self.panel.controller.state(self.panel.inputs())
        if not folded and devices.known.found is None and state.runtime == RUNTIME_READY and not state.is_busy:
            devices.ask()

    def on_refresh_devices(self, checked: bool = False) -> None:
        """Look for GPUs again."""
        self.panel.devices.ask()

    def _model_facts(self) -> Any:
        return self.panel.controller.models.look(self.panel.inputs().model).facts

    def _keep(self, parameter: str, combo_box: Any, keys: Sequence[str], usual: Collection[str]) -> None:
        setattr(self.panel.parameters, parameter, list(kept(keys, checked_keys(combo_box), usual)))
