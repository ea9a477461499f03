"""What the panel's controls do to the results of the scene, one of which they are about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from UMambaXAILogic.engine.errors import InputError, UMambaXAIError
from UMambaXAILogic.interaction import Signal
from UMambaXAILogic.interaction.numbers_text import numbers_text
from UMambaXAILogic.interaction.panel.numbers import ResultNumbers, result_numbers
from UMambaXAILogic.interaction.panel.result import ResultFacts, dicom_obstacle
from UMambaXAILogic.scene.dicom_series import is_from_dicom
from UMambaXAILogic.scene.export_results import export_deletion, export_metrics, export_tables
from UMambaXAILogic.scene.result_layout import is_shown, restore_layout
from UMambaXAILogic.scene.result_view import ResultNodes, ResultView, Showing, find_result_of, find_results
from UMambaXAILogic.scene.result_view.nodes import METRICS, SEGMENTATION, VOLUME
from UMambaXAILogic.scene.result_view.state import OFF
from UMambaXAILogic.scene.sequence_frame import name_without_frame

from .. import event_loop
from .ray_caster import ray_caster
from .result_arrangement import ResultArrangement

#: Of names that Slicer's screen capture knows a writer for.
_PICTURE_ENDINGS = (".png", ".jpg", ".jpeg")


class ResultControls:
    """Shows, arranges and exports one result: that of the segmentation it is told.

    Signals:
        shown(error: UMambaXAIError or None): what was asked for last is in sight, or cannot be shown.

    Args:
        scene: gives the scene.
        call_later: calls a function as soon as the event loop turns.
    """

    def __init__(
        self,
        scene: Callable[[], Any] = lambda: slicer.mrmlScene,
        call_later: Callable[[float, Callable[[], None]], Any] | None = None,
    ) -> None:
        self.shown = Signal()
        self._scene = scene
        self._call_later = call_later or event_loop.call_later
        self._segmentation_id = ""
        self._showing = Showing(self._call_later)
        self._arrangement = ResultArrangement(lambda: self.nodes)
        self._numbers: tuple[Any, ResultNumbers] | None = None
        #: Where the result is to be written as DICOM.
        self.dicom_folder = ""

    def use(self, segmentation_node: Any) -> None:
        """Be about the result that this prediction belongs to; None: about none."""
        self._segmentation_id = "" if segmentation_node is None else segmentation_node.GetID()

    def restore(self) -> None:
        """Bring back the layout that the scene was saved in."""
        nodes = self.nodes
        if nodes is not None:
            self._arrangement.restore(nodes)

    def pause(self) -> None:
        """The scene is left: take no further step, follow no view."""
        self._showing.stop()
        self._arrangement.stop()

    def leave(self) -> None:
        """Others take over: hold on to nothing."""
        self._showing.stop()
        self._arrangement.leave()

    def later(self, callback: Callable[[], None]) -> None:
        """Call something as soon as the event loop turns."""
        self._call_later(0.0, callback)

    @property
    def scene(self) -> Any:
        """The scene."""
        return self._scene()

    @property
    def nodes(self) -> ResultNodes | None:
        """The result's nodes; None where there is no result, or its volume or prediction was removed."""
        node = self._scene().GetNodeByID(self._segmentation_id) if self._segmentation_id else None
        nodes = None if node is None else find_result_of(node)
        return nodes if nodes is not None and _is_whole(nodes) else None

    @property
    def view(self) -> ResultView | None:
        """The result's view; None where there is none."""
        nodes = self.nodes
        return None if nodes is None else ResultView(nodes, ray_caster())

    @property
    def latest_segmentation(self) -> Any:
        """The prediction of the scene's latest result; None where there is no result."""
        whole = [nodes for nodes in find_results(self._scene()) if _is_whole(nodes)]
        return whole[-1].get(SEGMENTATION) if whole else None

    def facts(self) -> ResultFacts:
        """What there is to show."""
        nodes, in_layout = self.nodes, is_shown(self._scene())
        results = tuple(
            (one.get(SEGMENTATION).GetID(), f"{name_without_frame(one.get(VOLUME))}: {one.run_name}")
            for one in find_results(self._scene())
            if _is_whole(one)
        )
        if nodes is None:
            return ResultFacts(in_layout=in_layout, results=results)
        view = ResultView(nodes)
        return ResultFacts(
            has_result=True,
            has_attention=view.has_attention,
            has_truth=view.has_truth,
            layers=view.layers,
            layer=view.state.layer,
            in_layout=in_layout,
            results=results,
            chosen=self._segmentation_id,
            is_preparing=self._showing.is_running,
            numbers=self._numbers_of(nodes),
            dicom_obstacle=_dicom_obstacle(nodes.get(VOLUME)),
        )

    def show(self, attention: list[str], prediction: str, truth: str, errors: bool, **attention_settings: Any) -> None:
        """Begin to show the result so, and no other; what it has not got is left out. See ``ResultView.show``.

        ``shown`` says when it is in sight.

        Raises:
            UMambaXAIError: it cannot be shown.
        """
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
        self._showing.start(view, self._on_end, **changes)
        self._hide_others(view.nodes)
        if is_shown(self._scene()):  # views that are to show something are there before it is
            self.arrange(True)

    def arrange(self, wanted: bool) -> None:
        """Show the result's own layout, or the one that was there before."""
        nodes = self.nodes
        if not wanted or nodes is None:
            restore_layout(self._scene())
            self._arrangement.stop()
        else:
            self._arrangement.show(nodes)

    def export(self, folder: Path) -> list[Path]:
        """Write tables and metrics file into a folder; raises ``InputError`` where that cannot be done."""
        nodes = self._needed_nodes()
        try:
            export_metrics(nodes, folder / "metrics.json")
            tables = export_tables(nodes, folder, "table-")
            return [folder / "metrics.json", *tables, *export_deletion(nodes, folder)]
        except OSError as error:
            raise InputError(f"Nothing can be written into {folder}: {error.strerror}.", "Choose another.") from error

    def save_picture(self, path: Path) -> Path:
        """Save all views as they are now as a picture, a PNG where the name does not say otherwise; returns where.

        Raises:
            InputError: there are no views to be seen, or the file cannot be written.
        """
        import ScreenCapture

        written = path if path.suffix.lower() in _PICTURE_ENDINGS else path.with_name(f"{path.name}.png")
        try:
            ScreenCapture.ScreenCaptureLogic().captureImageFromView(None, str(written))
        except ValueError as error:  # no main window, or one that is too small
            raise InputError(f"No picture could be taken: {error}.", "Enlarge Slicer's window.") from error
        if not written.is_file():  # its writer complains nowhere but in the log
            raise InputError(f"The picture could not be written: {written}.", "Choose another folder.")
        return written

    def copy_numbers(self) -> None:
        """Put the result's numbers onto the clipboard."""
        qt.QApplication.clipboard().setText(numbers_text(self._needed_nodes().metrics))

    def _needed_nodes(self) -> ResultNodes:
        nodes = self.nodes
        if nodes is None:
            raise InputError("The result was removed from the scene.", "Run Segment & Explain again.")
        return nodes

    def _on_end(self, error: UMambaXAIError | None) -> None:
        self.shown.emit(error)

    def _hide_others(self, shown: ResultNodes) -> None:
        """Two results in the same views cannot be told apart."""
        for nodes in find_results(self._scene()):
            state = nodes.state
            if nodes.record is shown.record or state is None or not _is_whole(nodes):
                continue
            if state.attention or state.errors or (state.prediction, state.truth) != (OFF, OFF):
                ResultView(nodes).hide()

    def _numbers_of(self, nodes: ResultNodes) -> ResultNumbers | None:
        """Read once: sliders ask many times a second."""
        file = nodes.get(METRICS)
        if file is None:
            return None
        version = (file.GetID(), file.GetMTime())
        if self._numbers is None or self._numbers[0] != version:
            self._numbers = version, result_numbers(nodes.metrics)
        return self._numbers[1]


def _dicom_obstacle(volume: Any) -> str:
    return dicom_obstacle(is_from_dicom(volume), name_without_frame(volume), _)


def _is_whole(nodes: ResultNodes) -> bool:
    return nodes.get(VOLUME) is not None and nodes.get(SEGMENTATION) is not None
