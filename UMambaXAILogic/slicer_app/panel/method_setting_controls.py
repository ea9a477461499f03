"""A row for every setting that attribution methods have, made from what the engine knows of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import qt

from UMambaXAILogic.engine.methods.catalogue import METHOD_FACTS
from UMambaXAILogic.engine.methods.settings import SETTINGS, SettingFacts
from UMambaXAILogic.interaction.panel.option import Option

from ..connections import connect
from .option_controls import chosen_key, show_choice

_LARGEST = 10**9


class MethodSettingControls:
    """Shows the settings of one method at a time.

    Args:
        layout: a QFormLayout, which receives a label and a control for each setting.
        row: of the form, from which on they are put.
        changed: called with name and value whenever somebody changes one.
    """

    def __init__(self, layout: Any, row: int, changed: Callable[[str, Any], None]) -> None:
        self._changed = changed
        self._rows: dict[str, tuple[Any, Any]] = {}
        for place, facts in enumerate(SETTINGS.values()):
            label, control = qt.QLabel(f"{facts.title}:"), _control(facts)
            control.objectName = f"setting_{facts.name}"
            layout.insertRow(row + place, label, control)
            connect(control, _SIGNALS[control.className()], partial(self._on_changed, facts.name))
            self._rows[facts.name] = (label, control)

    def control(self, name: str) -> Any:
        """The control of a setting."""
        return self._rows[name][1]

    def show(self, values: Mapping[str, Any], reason: str) -> None:
        """Show these settings and no others.

        Args:
            values: by name.
            reason: why they cannot be changed; empty where they can.
        """
        for name, (label, control) in self._rows.items():
            label.setVisible(name in values)
            control.setVisible(name in values)
            control.setEnabled(not reason)
            explanation = SETTINGS[name].explanation
            control.setToolTip(f"{reason}\n\n{explanation}" if reason else explanation)
            if name in values:
                _set(control, SETTINGS[name], values[name])

    def _on_changed(self, name: str, _argument: Any = None) -> None:
        control, facts = self.control(name), SETTINGS[name]
        if facts.choices:
            self._changed(name, chosen_key(control))
        else:
            self._changed(name, int(control.value) if facts.whole else round(control.value, 4))


_SIGNALS = {
    "QComboBox": "currentIndexChanged(int)",
    "QSpinBox": "valueChanged(int)",
    "QDoubleSpinBox": "valueChanged(double)",
}


def _control(facts: SettingFacts) -> Any:
    if facts.choices:
        control = qt.QComboBox()
        show_choice(control, [Option(choice, _title(facts, choice)) for choice in facts.choices], facts.choices[0])
        return control
    control = qt.QSpinBox() if facts.whole else qt.QDoubleSpinBox()
    highest = facts.maximum if math.isfinite(facts.maximum) else _LARGEST
    control.setRange(*((int(facts.minimum), int(highest)) if facts.whole else (facts.minimum, highest)))
    if not facts.whole:
        control.setSingleStep(0.01 if highest <= 1 else 0.5)
    if facts.unit:
        control.setSuffix(f" {facts.unit}")
    return control


def _title(facts: SettingFacts, choice: str) -> str:
    return METHOD_FACTS[choice].title if facts.name == "base_method" else choice.capitalize()


def _set(control: Any, facts: SettingFacts, value: Any) -> None:
    was_blocked = control.blockSignals(True)
    if facts.choices:
        control.setCurrentIndex(control.findData(value))
    else:
        control.setValue(int(value) if facts.whole else float(value))
    control.blockSignals(was_blocked)
