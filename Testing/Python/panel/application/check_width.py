"""The panel is as narrow as a user wants it, whatever the scene's nodes are called."""

from __future__ import annotations

import pytest
import slicer
from PySide6 import QtWidgets

#: Of the parts, in pixels, where the panel is 400 wide: the application's own margins take the rest.
ROOM = 378
LONG = "CTA of the head and neck, arterial phase, 0.5 mm, reconstructed with a soft kernel"


@pytest.fixture
def full(panel, run, opened):
    """The opened panel with long names, a result, and every part unfolded."""
    roi = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", LONG)
    roi.SetSize(400, 400, 400)
    panel.ui.regionSelector.setCurrentNode(roi)
    run(LONG, truth=True)
    panel.ui.groundTruthSelector.currentNode().SetName(LONG)
    for widget in opened.parent._object.findChildren(QtWidgets.QWidget):
        if widget.metaObject().className() == "ctkCollapsibleButton":
            widget.setProperty("collapsed", False)
    return panel


def test_it_fits_400_pixels(full, picture):
    assert picture("12-narrow", height=1700, width=400).width() == 400
    widths = {section.ui_file: section.widget._object.minimumSizeHint().width() for section in full.sections}
    assert {file: width for file, width in widths.items() if width > ROOM} == {}
