"""Combo boxes whose items come and go: filled without telling whoever listens for the user's choice."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import qt


class Item(Protocol):
    """A line of a combo box."""

    @property
    def key(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def tooltip(self) -> str: ...


def show_choice(combo_box: Any, items: Sequence[Item], key: str) -> None:
    """Let a combo box offer ``items``, the one of ``key`` chosen."""
    with _silent(combo_box):
        _fill(combo_box, items)
        combo_box.setCurrentIndex(combo_box.findData(key))


def chosen_key(combo_box: Any) -> str:
    """Key of the item that is chosen."""
    return str(combo_box.itemData(combo_box.currentIndex))


def show_checks(combo_box: Any, items: Sequence[Item], checked: Collection[str]) -> None:
    """Let a ctkCheckableComboBox offer ``items``, those of ``checked`` checked."""
    with _silent(combo_box):
        _fill(combo_box, items)
        for row, item in enumerate(items):
            index = combo_box.model().index(row, 0)
            state = qt.Qt.Checked if item.key in checked else qt.Qt.Unchecked
            if combo_box.checkState(index) != state:
                combo_box.setCheckState(index, state)
    combo_box.update()


def checked_keys(combo_box: Any) -> tuple[str, ...]:
    """Keys of the items that are checked."""
    return tuple(str(combo_box.itemData(index.row())) for index in combo_box.checkedIndexes())


def _fill(combo_box: Any, items: Sequence[Item]) -> None:
    rows = range(combo_box.count)
    shown = [(combo_box.itemData(row), combo_box.itemText(row)) for row in rows]
    if shown == [(item.key, item.text) for item in items]:  # its list may be open
        return
    combo_box.clear()
    for row, item in enumerate(items):
        combo_box.addItem(item.text, item.key)
        combo_box.setItemData(row, item.tooltip, qt.Qt.ToolTipRole)


@contextmanager
def _silent(widget: Any) -> Iterator[None]:
    was_blocked = widget.blockSignals(True)
    try:
        yield
    finally:
        widget.blockSignals(was_blocked)
