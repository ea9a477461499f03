"""A row of the slice table, or a point of the slice chart: shown on the slices, and marked in the chart."""

from __future__ import annotations

from .jump import jump_to_slice
from .result_view.layers import layer_map
from .result_view.nodes import ATTENTION, SLICES_TABLE, VOLUME, ResultNodes
from .result_view.state import MEAN
from .slice_cursor import mark_position


def select_slice(nodes: ResultNodes, row: int) -> int | None:
    """Show the slice of a row of the slice table, which is also the number of its point in the chart.

    Returns:
        The slice's index in the volume; None where there is no such row any more.
    """
    table = nodes.get(SLICES_TABLE)
    if table is None or not 0 <= row < table.GetNumberOfRows():
        return None
    index = int(table.GetTable().GetColumnByName("slice").GetValue(row))
    state = nodes.state
    layer = MEAN if state is None else state.layer
    attention = None if nodes.get(ATTENTION) is None else layer_map(nodes, layer)
    jump_to_slice(nodes.scene, nodes.needed(VOLUME), index, attention)
    mark_position(nodes, table.GetTable().GetColumnByName("position_s_mm").GetValue(row))
    return index
