"""Copies ``UiState`` onto the panel's controls, and nothing else."""

from __future__ import annotations

from typing import Any

from UMambaXAILogic.interaction.panel_state import ERROR, INFORMATION, SUCCESS, UiState

#: Readable on Slicer's light and dark style alike; information keeps the style's own text colour.
_STYLES = {
    INFORMATION: "",
    SUCCESS: "color: #2e8b57;",
    ERROR: "color: #d0342c;",
}
_INPUTS = (
    "inputVolumeSelector",
    "modelSourceSelector",
    "modelPathEdit",
    "browseModelButton",
    "groundTruthSelector",
    "pythonEdit",
    "browsePythonButton",
    "profileEdit",
    "browseProfileButton",
)

_ATTENTION = (
    "overlayButton",
    "contoursButton",
    "surfaceButton",
    "cloudButton",
    "projectionButton",
    "thresholdSlider",
    "opacitySlider",
)
_RESULT = ("predictionSelector", "layoutButton", "exportButton", "pictureButton", "copyButton")
_TRUTH = ("truthSelector", "errorsButton")


def show(ui: Any, state: UiState) -> None:
    """Make the panel look like ``state``.

    Args:
        ui: the panel's widgets by name.
    """
    for name in _INPUTS:
        getattr(ui, name).setEnabled(state.inputs_enabled)
    ui.runButton.setEnabled(state.run_enabled)
    ui.runButton.setText(state.run_text)
    ui.runButton.setToolTip(state.run_tooltip)
    ui.cancelButton.setEnabled(state.cancel_enabled)
    ui.cancelButton.setText(state.cancel_text)
    ui.progressBar.setVisible(state.progress_visible)
    ui.progressBar.setMaximum(0 if state.progress_percent is None else 100)  # no maximum: it moves to and fro
    ui.progressBar.setValue(state.progress_percent or 0)
    ui.progressLabel.setVisible(state.progress_visible)
    ui.progressLabel.setText(state.progress_text)
    ui.messageLabel.setVisible(bool(state.message))
    ui.messageLabel.setText(state.message)
    ui.messageLabel.setStyleSheet(_STYLES[state.message_kind])
    ui.warningLabel.setVisible(bool(state.warning))
    ui.warningLabel.setText(state.warning)
    _show_result(ui, state)
    ui.measureButton.setEnabled(state.measure_enabled)
    ui.measureButton.setText(state.measure_text)
    ui.measureButton.setToolTip(state.measure_tooltip)
    ui.domainTableView.setVisible(state.statistics_visible)
    ui.showHistogramButton.setEnabled(state.statistics_visible)


def _show_result(ui: Any, state: UiState) -> None:
    for names, enabled in (
        (_ATTENTION, state.attention_enabled),
        (_RESULT, state.result_enabled),
        (_TRUTH, state.truth_enabled),
        (("layerSelector",), state.layers_enabled),
    ):
        for name in names:
            getattr(ui, name).setEnabled(enabled)
    _show_layers(ui.layerSelector, state)
    ui.resultHintLabel.setVisible(bool(state.result_hint))
    ui.resultHintLabel.setText(state.result_hint)
    ui.layoutButton.setChecked(state.layout_checked)
    ui.layoutButton.setText(state.layout_text)


def _show_layers(selector: Any, state: UiState) -> None:
    """The layers to choose from; whoever listens for the user's choice does not hear this."""
    was_blocked = selector.blockSignals(True)
    if tuple(selector.itemText(index) for index in range(selector.count)) != state.layers:
        selector.clear()
        selector.addItems(list(state.layers))
    selector.setCurrentText(state.layer)
    selector.blockSignals(was_blocked)
