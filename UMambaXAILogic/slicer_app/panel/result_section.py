"""The result: which one, what of it is shown and how, what its numbers are and where they go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from UMambaXAILogic.engine.dicom_request import DICOM_FILES
from UMambaXAILogic.engine.errors import UMambaXAIError
from UMambaXAILogic.interaction.panel.activities import DICOM, why_wait
from UMambaXAILogic.interaction.panel.result import result_ui
from UMambaXAILogic.interaction.panel.state import PanelState
from UMambaXAILogic.scene.result_view import ViewState

from ..connections import connect
from .parameters import present, scene_parameters
from .result_watch import ResultWatch
from .section import Section, write
from .view_choices import nothing_is_chosen, take_view_state, view_choices

_ATTENTION = (
    "overlayButton",
    "contoursButton",
    "surfaceButton",
    "cloudButton",
    "projectionButton",
    "thresholdSlider",
    "opacitySlider",
)
_RESULT = ("resultSelector", "predictionSelector", "layoutButton", "exportButton", "pictureButton", "copyButton")
_TRUTH = ("truthSelector", "errorsButton")


class ResultSection(Section):
    """Shows, arranges and exports the result that the parameters name; follows what the console does to it."""

    ui_file = "Result.ui"

    def __init__(self, panel: Any, ui_path: str) -> None:
        super().__init__(panel, ui_path)
        self._watch = ResultWatch(self._on_shown_elsewhere, self._on_results)
        self._applied: tuple[str, dict[str, Any]] | None = None
        self._is_taking = self._is_asking = False
        self._ids: tuple[str, ...] = ()
        self._note = ""

    def connect_controls(self) -> None:
        """See ``Section``."""
        connect(self.ui.resultSelector, "currentIndexChanged(int)", self.on_result)
        connect(self.ui.layerSelector, "currentTextChanged(QString)", self.on_layer)
        connect(self.ui.layoutButton, "clicked(bool)", self.on_layout)
        connect(self.ui.exportButton, "clicked(bool)", self.on_export)
        connect(self.ui.dicomButton, "clicked(bool)", self.on_dicom)
        connect(self.ui.pictureButton, "clicked(bool)", self.on_picture)
        connect(self.ui.copyButton, "clicked(bool)", self.on_copy)

    def after_binding(self, parameters: Any) -> None:
        """Be about the scene's result, and say what is shown of it; the views stay as they are."""
        self._watch.follow(self.panel.results.scene)
        self._be_about(parameters)
        self._take_view(parameters)
        self.panel.results.restore()

    def before_leaving(self) -> None:
        """See ``Section``."""
        self._watch.stop()
        self.panel.results.pause()

    def on_parameters_modified(self) -> None:
        """The views change only with a choice that is about them."""
        parameters = self.panel.parameters
        if self._is_taking:
            return
        self._be_about(parameters)
        if self._wanted(parameters) != self._applied:
            self.update_views(parameters)

    def take_result(self, job: Any) -> None:
        """A run has ended: let the controls act on its result, also where the panel is out of sight."""
        chosen = scene_parameters()
        if nothing_is_chosen(chosen):  # hidden, because nobody wanted to see the last one any more
            take_view_state(chosen, ViewState(), True, True)
        chosen.result = job.result.segmentationNode
        self.update_views(chosen)

    def update_views(self, chosen: Any) -> None:
        """Begin to show the result as the controls say; ``on_shown`` follows."""
        self._note = ""
        self._be_about(chosen)
        self._applied = self._wanted(chosen)
        self._is_asking = True
        try:
            self.panel.attempt(lambda: self.panel.results.show(**view_choices(chosen)))
        finally:
            self._is_asking = False

    def on_shown(self, error: UMambaXAIError | None) -> None:
        """What was asked for is in sight, or cannot be shown."""
        if error is not None:
            self.panel.controller.report(error)
        self.panel.refresh()

    def show(self, state: PanelState) -> None:
        """See ``Section``."""
        ui, shown = self.ui, result_ui(replace(self.panel.results.facts(), note=self._note), _)
        for names, enabled in (
            (_ATTENTION, shown.attention_enabled),
            (_RESULT, shown.result_enabled),
            (_TRUTH, shown.truth_enabled),
            (("layerSelector",), shown.layers_enabled),
        ):
            for name in names:
                getattr(ui, name).setEnabled(enabled)
        ui.dicomButton.setEnabled(shown.dicom_enabled and not state.is_busy)
        ui.dicomButton.setToolTip(why_wait(state, _) or shown.dicom_tooltip)
        self._ids = shown.result_ids
        _fill(ui.resultSelector, shown.result_names, shown.result_index)
        _fill(ui.layerSelector, shown.layers, shown.layer_index)
        write(ui.resultHintLabel, shown.hint)
        write(ui.numbersLabel, shown.numbers)
        write(ui.resultWarningLabel, shown.warnings)
        ui.layoutButton.setChecked(shown.layout_checked)
        ui.layoutButton.setText(shown.layout_text)

    def on_result(self, index: int) -> None:
        """Another result."""
        node = self.panel.results.scene.GetNodeByID(self._ids[index]) if 0 <= index < len(self._ids) else None
        if node is not None:
            self.panel.parameters.result = node

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

        def export() -> str:
            count = len(self.panel.results.export(Path(folder)))
            return _("{count} files were written into {folder}.").format(count=count, folder=folder)

        if folder:
            self._tell(export)

    def on_dicom(self, checked: bool = False) -> None:
        """Map and prediction as DICOM objects into a folder."""
        results, folder = self.panel.results, self.panel.dialogs.choose_dicom_folder()
        if folder and self._may_replace(Path(folder)):
            self._note, results.dicom_folder = "", folder
            self.panel.clear_log()
            self.panel.controller.begin(DICOM, self.panel.inputs())

    def _may_replace(self, folder: Path) -> bool:
        there = [name for name in DICOM_FILES if (folder / name).exists()]
        question = _("{folder} holds {files} already. Replace?").format(folder=folder, files=" and ".join(there))
        return not there or self.panel.dialogs.confirm(question)

    def on_picture(self, checked: bool = False) -> None:
        """All views as a picture."""
        path = self.panel.dialogs.choose_picture()

        def save() -> str:
            written = self.panel.results.save_picture(Path(path))
            return _("The picture was written: {path}").format(path=written)

        if path:
            self._tell(save)

    def on_copy(self, checked: bool = False) -> None:
        """The numbers onto the clipboard."""

        def copy() -> str:
            self.panel.results.copy_numbers()
            return _("The numbers are on the clipboard.")

        self._tell(copy)

    def _tell(self, action: Callable[[], str]) -> None:
        """Do something and say what was done, or what went wrong."""

        def act() -> None:
            self._note = action()

        self._note = ""
        self.panel.attempt(act)
        self.panel.refresh()

    def _be_about(self, parameters: Any) -> None:
        """The result that the parameters name; where that is gone, or none was ever chosen, the scene's latest."""
        results = self.panel.results
        results.use(present(parameters.result) or results.latest_segmentation)
        self._watch.watch(results.nodes)

    def _wanted(self, parameters: Any) -> tuple[str, dict[str, Any]]:
        nodes = self.panel.results.nodes
        return "" if nodes is None else nodes.record.GetID(), view_choices(parameters)

    def _take_view(self, parameters: Any) -> None:
        """Let the controls say what is shown, and do nothing about it."""
        view = self.panel.results.view
        self._is_taking = True
        try:
            if view is not None and view.nodes.state is not None:
                take_view_state(parameters, view.state, view.has_attention, view.has_truth)
        finally:
            self._is_taking = False
        self._applied = self._wanted(parameters)

    def _on_shown_elsewhere(self) -> None:
        """The record says something else than before: the console did that, or the controls themselves."""
        if self.panel.parameters is not None:
            self._take_view(self.panel.parameters)
            if not self._is_asking:  # whoever asked refreshes
                self.panel.refresh()

    def _on_results(self) -> None:
        """Not at once: what came is not complete yet."""
        self.panel.results.later(self._look_again)

    def _look_again(self) -> None:
        if self.panel.parameters is not None:
            before = self._applied
            self._be_about(self.panel.parameters)
            if before is None or self._wanted(self.panel.parameters)[0] != before[0]:
                self._take_view(self.panel.parameters)
            self.panel.refresh()


def _fill(selector: Any, texts: tuple[str, ...], index: int) -> None:
    """What there is to choose from; whoever listens for the user's choice does not hear this."""
    was_blocked = selector.blockSignals(True)
    if tuple(selector.itemText(position) for position in range(selector.count)) != texts:
        selector.clear()
        selector.addItems(list(texts))
    selector.setCurrentIndex(index)
    selector.blockSignals(was_blocked)
