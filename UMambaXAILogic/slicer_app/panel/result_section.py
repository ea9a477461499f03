"""The result: what of it is shown and how, where its numbers go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from UMambaXAILogic.interaction.panel.result import ResultUi, result_ui
from UMambaXAILogic.interaction.panel.state import PanelState

from ..connections import connect
from .parameters import present, scene_parameters
from .section import Section

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
_MODES = ("overlay", "contours", "surface", "cloud", "projection")


class ResultSection(Section):
    """Shows, arranges and exports the result that the parameters name."""

    ui_file = "Result.ui"

    def __init__(self, panel: Any, ui_path: str) -> None:
        super().__init__(panel, ui_path)
        self._shown: dict[str, Any] | None = None

    def connect_controls(self) -> None:
        """See ``Section``."""
        connect(self.ui.layerSelector, "currentTextChanged(QString)", self.on_layer)
        connect(self.ui.layoutButton, "clicked(bool)", self.on_layout)
        connect(self.ui.exportButton, "clicked(bool)", self.on_export)
        connect(self.ui.pictureButton, "clicked(bool)", self.on_picture)
        connect(self.ui.copyButton, "clicked(bool)", self.on_copy)

    def after_binding(self, parameters: Any) -> None:
        """Be about the scene's result; the views stay as they are."""
        self.panel.results.use(present(parameters.result))
        self._shown = _choices(parameters)

    def on_parameters_modified(self) -> None:
        """The views change only with a choice that is about them."""
        if _choices(self.panel.parameters) != self._shown:
            self.update_views(self.panel.parameters)

    def take_result(self, job: Any) -> None:
        """A run has ended: let the controls act on its result, also where the panel is out of sight."""
        chosen = scene_parameters()
        chosen.result = job.result.segmentationNode
        self.update_views(chosen)

    def update_views(self, chosen: Any) -> None:
        """Show the result as the controls say."""
        self._shown = _choices(chosen)
        self.panel.results.use(present(chosen.result))
        self.panel.attempt(lambda: self.panel.results.show(**_choices(chosen)))

    def show(self, state: PanelState) -> None:
        """See ``Section``."""
        ui, shown = self.ui, result_ui(self.panel.results.facts(), _)
        for names, enabled in (
            (_ATTENTION, shown.attention_enabled),
            (_RESULT, shown.result_enabled),
            (_TRUTH, shown.truth_enabled),
            (("layerSelector",), shown.layers_enabled),
        ):
            for name in names:
                getattr(ui, name).setEnabled(enabled)
        _show_layers(ui.layerSelector, shown)
        ui.resultHintLabel.setVisible(bool(shown.hint))
        ui.resultHintLabel.setText(shown.hint)
        ui.layoutButton.setChecked(shown.layout_checked)
        ui.layoutButton.setText(shown.layout_text)

    def on_layer(self, layer: str) -> None:
        """Another layer's attention."""
        self.panel.parameters.layer = layer

    def on_layout(self, checked: bool = False) -> None:
        """The result's layout, or back."""
        results = self.panel.results
        self.panel.attempt(lambda: results.arrange(not results.facts().in_layout))
        self.panel.refresh()

    def on_export(self, checked: bool = False) -> None:
        """Tables and metrics into a folder."""
        folder = self.panel.dialogs.choose_export_folder()
        if folder:
            self.panel.attempt(lambda: self.panel.results.export(Path(folder)))

    def on_picture(self, checked: bool = False) -> None:
        """All views as a picture."""
        path = self.panel.dialogs.choose_picture()
        if path:
            self.panel.attempt(lambda: self.panel.results.save_picture(Path(path)))

    def on_copy(self, checked: bool = False) -> None:
        """The numbers onto the clipboard."""
        self.panel.attempt(self.panel.results.copy_numbers)


def _choices(parameters: Any) -> dict[str, Any]:
    """How the result is to be shown, as ``ResultControls.show`` takes it."""
    return {
        "attention": [mode for mode in _MODES if getattr(parameters, f"show{mode.capitalize()}")],
        "prediction": parameters.prediction.value,
        "truth": parameters.truth.value,
        "errors": parameters.showErrors,
        "layer": parameters.layer,
        "opacity": parameters.opacity,
        "threshold": parameters.threshold,
    }


def _show_layers(selector: Any, shown: ResultUi) -> None:
    """The layers to choose from; whoever listens for the user's choice does not hear this."""
    was_blocked = selector.blockSignals(True)
    if tuple(selector.itemText(index) for index in range(selector.count)) != shown.layers:
        selector.clear()
        selector.addItems(list(shown.layers))
    selector.setCurrentText(shown.layer)
    selector.blockSignals(was_blocked)
