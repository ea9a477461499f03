"""What the colours of outlines, fills and surfaces mean, written into the views that show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..colors import (
    ATTENTION_KEY,
    FALSE_NEGATIVE,
    FALSE_POSITIVE,
    GROUND_TRUTH,
    TRUE_POSITIVE,
    Color,
)
from ..result_layout_description import PROJECTION_TAG
from .legend import MAIN_SLICE_VIEW, add_legend_on, legend_is_elsewhere, make_legible
from .masks import GHOST_COLOR, prediction_color, truth_is_partly_drawn
from .nodes import SEGMENTATION, TRUTH, ResultNodes
from .state import CLOUD, CONTOURS, OFF, OVERLAY, SURFACE, ViewState
from .threshold_colors import DULL_KEY
from .views import three_d_views

_SLICES, _THREE_D = "slices", "3d"
#: Roles of the keys' legends.
KEYS = (f"key.{_SLICES}", f"key.{_THREE_D}")
#: Shares of a view: of its width a letter, of its height an entry. Letters are drawn as large as the width allows.
_LETTER_WIDTH, _ENTRY_HEIGHT, _MARGIN = 0.015, 0.047, 0.04
_TOP_LEFT = (0.005, 0.99)
_BYTE = 1 / 255


class KeyEntry(NamedTuple):
    """A colour, RGB in [0, 1], and what it means."""

    text: str
    color: Color


def slice_key(state: ViewState, single_label: bool) -> list[KeyEntry]:
    """What is drawn on slices.

    Args:
        single_label: the prediction has one colour; those of several labels are told apart by their segments' names.
    """
    entries = []
    if {OVERLAY, CONTOURS} & set(state.attention) and legend_is_elsewhere(state):
        entries.append(KeyEntry(f"Attention from {state.threshold:.2f}", ATTENTION_KEY))
    if state.prediction != OFF and single_label:
        entries.append(KeyEntry("Prediction", prediction_color(state)))
    if state.truth != OFF:
        entries.append(KeyEntry("Ground truth", GROUND_TRUTH))
    if state.errors:
        entries += [
            KeyEntry("True positive", TRUE_POSITIVE),
            KeyEntry("False positive", FALSE_POSITIVE),
            KeyEntry("False negative", FALSE_NEGATIVE),
        ]
    return entries


def three_d_key(state: ViewState, single_label: bool) -> list[KeyEntry]:
    """What is drawn in 3-D, where differences of one voxel are left out; arguments as of ``slice_key``."""
    entries = []
    if SURFACE in state.attention:
        entries.append(KeyEntry(f"Attention below {state.threshold:.2f}", DULL_KEY))
    elif state.errors:
        entries.append(KeyEntry("Found", TRUE_POSITIVE))
    elif state.prediction != OFF and single_label:
        entries.append(KeyEntry("Prediction", prediction_color(state)))
    if state.errors:
        if SURFACE not in state.attention:
            entries.append(KeyEntry("False, beyond 1 voxel", FALSE_POSITIVE))
        entries.append(KeyEntry("Missed, beyond 1 voxel", FALSE_NEGATIVE))
    elif state.truth != OFF:
        if CLOUD in state.attention:
            entries.append(KeyEntry("Ground truth", GHOST_COLOR))
        elif truth_is_partly_drawn(state):
            entries.append(KeyEntry("Missed, beyond 1 voxel", GROUND_TRUTH))
        else:
            entries.append(KeyEntry("Ground truth", GROUND_TRUTH))
    return entries


def show_keys(nodes: ResultNodes, state: ViewState) -> None:
    """Write the keys of slices and 3-D views into them; nothing where nothing needs one."""
    if nodes.get(TRUTH) is None:
        state = state.changed(truth=OFF, errors=False)
    single = nodes.needed(SEGMENTATION).GetSegmentation().GetNumberOfSegments() == 1
    three_d = [view.GetID() for view in three_d_views(nodes.scene) if view.GetSingletonTag() != PROJECTION_TAG]
    _show_key(nodes, _SLICES, slice_key(state, single), [MAIN_SLICE_VIEW])
    _show_key(nodes, _THREE_D, three_d_key(state, single), three_d)


def _show_key(nodes: ResultNodes, where: str, entries: Sequence[KeyEntry], views: Sequence[str]) -> None:
    legend = nodes.get(f"key.{where}")
    if not entries:
        if legend is not None:
            legend.SetVisibility(False)
        return
    shown = _shown(entries)
    table = nodes.made(f"key_colors.{where}", lambda name: _add_table(nodes.scene, name, shown), f"colour key {where}")
    if legend is None:
        legend = add_legend_on(nodes, f"key_carrier.{where}", f"colour key carrier {where}", table)
        legend.SetTitleText("")
        legend.SetUseColorNamesForLabels(True)
        legend.SetLabelFormat("%s")  # a number's would print the names as "(none)"
        legend.SetPosition(*_TOP_LEFT)
        make_legible(legend)
        nodes.set(f"key.{where}", legend)
    if not _holds(table, shown):
        _fill(table, shown)
    longest = max(len(entry.text) for entry in shown)
    legend.GetDisplayableNode().GetDisplayNode().SetScalarRange(0, len(shown) - 1)
    legend.SetSize(_LETTER_WIDTH * longest, _ENTRY_HEIGHT * len(shown) + _MARGIN)
    legend.SetViewNodeIDs(views)
    legend.SetVisibility(True)


def _shown(entries: Sequence[KeyEntry]) -> list[KeyEntry]:
    """Bottom to top. A legend of a single colour writes "(none)" beside it: twice, once without a word, it is right."""
    return list(reversed(entries)) if len(entries) > 1 else [entries[0], KeyEntry("", entries[0].color)]


def _add_table(scene: Any, name: str, entries: Sequence[KeyEntry]) -> Any:
    table = scene.CreateNodeByClass("vtkMRMLColorTableNode")
    table.UnRegister(None)
    table.SetName(name)
    table.SetTypeToUser()
    table.SetHideFromEditors(True)
    _fill(table, entries)
    return scene.AddNode(table)


def _fill(table: Any, entries: Sequence[KeyEntry]) -> None:
    table.SetNumberOfColors(len(entries))
    for index, entry in enumerate(entries):
        table.SetColor(index, entry.text, *entry.color, 1.0)
    table.GetLookupTable().SetTableRange(0, len(entries) - 1)


def _holds(table: Any, entries: Sequence[KeyEntry]) -> bool:
    found = key_entries(table)
    return [entry.text for entry in found] == [entry.text for entry in entries] and all(
        abs(level - wanted) < _BYTE
        for one, other in zip(found, entries, strict=True)
        for level, wanted in zip(one.color, other.color, strict=True)
    )


def key_entries(table: Any) -> list[KeyEntry]:
    """What a key's colour table holds, bottom to top; colours as its bytes say them."""
    found = []
    for index in range(table.GetNumberOfColors()):
        color = [0.0] * 4
        table.GetColor(index, color)
        found.append(KeyEntry(table.GetColorName(index), (color[0], color[1], color[2])))
    return found
