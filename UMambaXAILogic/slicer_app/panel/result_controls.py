"""What the panel's controls do to the result that they are about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
import slicer

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.interaction.numbers_text import numbers_text
from UMambaXAILogic.interaction.panel.result import ResultFacts
from UMambaXAILogic.scene.export_results import export_metrics, export_tables
from UMambaXAILogic.scene.result_layout import is_shown, restore_layout, show_layout
from UMambaXAILogic.scene.result_layout_description import PROJECTION_TAG, THREE_D_TAG
from UMambaXAILogic.scene.result_view import ResultView, find_result_of
from UMambaXAILogic.scene.slice_selection import select_slice
from UMambaXAILogic.scene.volume_rendering import CPU_RAY_CASTER

from .result_selection import ResultSelection

_SOFTWARE_RENDERERS = ("llvmpipe", "softpipe", "swiftshader")


class ResultControls:
    """Shows, arranges and exports one result: that of the segmentation it is told.

    Args:
        scene: gives the scene.
    """

    def __init__(self, scene: Callable[[], Any] = lambda: slicer.mrmlScene) -> None:
        self._scene = scene
        self._segmentation_id = ""
        self._selection = ResultSelection(self._select_row)

    def use(self, segmentation_node: Any) -> None:
        """Be about the result that this prediction belongs to; None: about none."""
        self._segmentation_id = "" if segmentation_node is None else segmentation_node.GetID()

    @property
    def view(self) -> ResultView | None:
        """The result's view; None where there is no result, or its prediction was removed."""
        node = self._scene().GetNodeByID(self._segmentation_id) if self._segmentation_id else None
        nodes = None if node is None else find_result_of(node)
        if nodes is None or nodes.get("volume") is None or nodes.get("segmentation") is None:
            return None
        return ResultView(nodes, _ray_caster())

    def facts(self) -> ResultFacts:
        """What there is to show."""
        view = self.view
        if view is None:
            return ResultFacts(in_layout=is_shown(self._scene()))
        return ResultFacts(
            has_result=True,
            has_attention=view.has_attention,
            has_truth=view.has_truth,
            layers=view.layers,
            layer=view.state.layer,
            in_layout=is_shown(self._scene()),
        )

    def show(self, attention: list[str], prediction: str, truth: str, errors: bool, **attention_settings: Any) -> None:
        """Show the result so; what it has not got is left out. See ``ResultView.show``."""
        view = self.view
        if view is None:
            return
        changes: dict[str, Any] = {"prediction": prediction}
        if view.has_attention:
            changes |= {"attention": attention, **attention_settings}
            if attention_settings.get("layer") not in view.layers:
                changes["layer"] = None  # chosen for another result
        if view.has_truth:
            changes |= {"truth": truth, "errors": errors}
        view.show(**changes)
        if is_shown(self._scene()):
            self.arrange(True)

    def arrange(self, wanted: bool) -> None:
        """Show the result's own layout, or the one that was there before."""
        view = self.view
        if not wanted or view is None:
            restore_layout(self._scene())
            return
        first = not is_shown(self._scene())
        show_layout(view.nodes, projection="projection" in view.state.attention)
        self._selection.listen(self._scene())
        if first:
            _look_at_everything()

    def export(self, folder: Path) -> list[Path]:
        """Write tables and metrics file into a folder; raises ``InputError`` where that cannot be done."""
        view = self._needed_view()
        try:
            export_metrics(view.nodes, folder / "metrics.json")
            return [folder / "metrics.json", *export_tables(view.nodes, folder, "table-")]
        except OSError as error:
            raise InputError(f"Nothing can be written into {folder}: {error.strerror}.", "Choose another.") from error

    def save_picture(self, path: Path) -> None:
        """Save all views as they are now as a PNG."""
        import ScreenCapture

        ScreenCapture.ScreenCaptureLogic().captureImageFromView(None, str(path))

    def copy_numbers(self) -> None:
        """Put the result's numbers onto the clipboard."""
        qt.QApplication.clipboard().setText(numbers_text(self._needed_view().nodes.metrics))

    def _needed_view(self) -> ResultView:
        view = self.view
        if view is None:
            raise InputError("The result was removed from the scene.", "Run Segment & Explain again.")
        return view

    def _select_row(self, row: int) -> None:
        view = self.view
        if view is not None:
            select_slice(view.nodes, row)


def _ray_caster() -> str:
    """What the user renders volumes with; without a graphics card the CPU's, where the other draws garbage."""
    layouts = slicer.app.layoutManager()
    if layouts.threeDViewCount:
        window = layouts.threeDWidget(0).threeDView().renderWindow()
        if any(name in window.ReportCapabilities().lower() for name in _SOFTWARE_RENDERERS):
            return CPU_RAY_CASTER
    return slicer.modules.volumerendering.logic().GetDefaultRenderingMethod() or CPU_RAY_CASTER


def _look_at_everything() -> None:
    """A 3-D view that was just made looks past what is in it."""
    layouts = slicer.app.layoutManager()
    for index in range(layouts.threeDViewCount):
        widget = layouts.threeDWidget(index)
        if widget.mrmlViewNode().GetSingletonTag() in (THREE_D_TAG, PROJECTION_TAG):
            widget.threeDView().resetFocalPoint()
            widget.threeDView().resetCamera()
