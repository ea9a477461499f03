"""Every control says what it does to the result."""

from __future__ import annotations

CONTROLS = ("Button", "Selector", "Slider", "Edit", "CheckBox", "SpinBox")


def test_every_control_has_a_tooltip(panel):
    controls = {name: widget for name, widget in vars(panel.ui).items() if name.endswith(CONTROLS)}
    assert len(controls) > 50
    silent = {name for name, widget in controls.items() if len(widget.toolTip) < 20}
    assert {name for name in silent if not name.endswith("CollapsibleButton")} == set()  # those only fold a part
