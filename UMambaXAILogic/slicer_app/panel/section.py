"""What all parts of the panel have in common."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import slicer

from UMambaXAILogic.interaction.panel.state import PanelState

if TYPE_CHECKING:
    from .panel import Panel


class Section:
    """One part of the panel: a .ui file, what its controls do, and what they show.

    A section names its ``ui_file``, connects its controls in ``connect_controls`` and copies what is known onto them in
    ``show``. Controls whose dynamic property ``SlicerParameterName`` names a parameter follow it, and it them. Names of
    controls are unique over all sections.

    Args:
        panel: that the section is a part of.
        ui_path: of its .ui file.
    """

    ui_file = ""

    def __init__(self, panel: Panel, ui_path: str) -> None:
        self.panel = panel
        self.widget = slicer.util.loadUI(ui_path)
        self.widget.setMRMLScene(slicer.mrmlScene)
        self.ui = _declared(slicer.util.childWidgetVariables(self.widget), ui_path)

    def connect_controls(self) -> None:
        """Connect buttons and fields, once."""

    def before_binding(self, parameters: Any) -> None:
        """The controls are about to follow these parameters."""

    def after_binding(self, parameters: Any) -> None:
        """The controls follow these parameters now."""

    def before_leaving(self) -> None:
        """The scene is about to be left: hold on to nothing of it."""

    def show(self, state: PanelState) -> None:
        """Copy what is known onto the controls."""

    def on_parameters_modified(self) -> None:
        """A choice changed, by hand or by script; ``show`` follows."""


def write(label: Any, text: str) -> None:
    """A label's text; none takes no room."""
    label.setVisible(bool(text))
    if label.text != text:
        label.setText(text)


def _declared(widgets: Any, ui_path: str) -> SimpleNamespace:
    """The widgets that a .ui file names, without those that these are made of: several sliders have a "Slider"."""
    names = [element.get("name") for element in ElementTree.parse(ui_path).iter("widget")]
    return SimpleNamespace(**{name: getattr(widgets, name) for name in names[1:]})  # the first is the root


def show_bar(bar: Any, visible: bool, percent: int | None) -> None:
    """Copy progress onto a progress bar; without a percentage it moves to and fro."""
    bar.setVisible(visible)
    bar.setMaximum(0 if percent is None else 100)
    bar.setValue(percent or 0)
