"""A result's deletion curve as tables and a chart, which grow while the worker computes."""

from __future__ import annotations

import json
import math
from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from UMambaXAILogic.engine.benchmark.baseline_names import BASELINE_TITLES
from UMambaXAILogic.engine.errors import InputError

from .colors import Color
from .plots import BLUE, ORANGE, Line, add_line, set_text_sizes
from .result_view.nodes import SEGMENTATION, VOLUME, ResultNodes
from .run_nodes import remove_with_display
from .tables import add_table, number_column

#: Roles among a result's nodes: the chart of the finished curve, and of the one that is being computed.
DELETION_CHART, GROWING_CHART = "deletion_chart", "deletion_growing"
#: Of a curve's table and of the lines over it, by the curve's name.
_TABLE, _SERIES, _SURVIVING = "deletion_table.", "deletion_series.", "deletion_surviving."
#: Attribute of every chart of a deletion curve.
_CHART_ATTRIBUTE = "UMambaXAI.deletionChart"
#: Attribute of the chart of a finished one: the content of deletion.json.
_BODY_ATTRIBUTE = "UMambaXAI.deletion"

MAP = "map"
_X = "removed"
#: Right of the last point, so that its marker is whole.
_MARGIN = 1.02
#: Column -> header.
_COLUMNS = {
    _X: "Removed / explained",
    "voxels": "Removed voxels",
    "score": "S per explained voxel",
    "relative": "Score left",
    "surviving": "Still segmented",
}
_GREY: Color = (0.45, 0.45, 0.48)
_OTHERS: tuple[Color, ...] = ((0.10, 0.50, 0.25), (0.45, 0.20, 0.60))
#: The map's own line stands out; chance is grey, vesselness orange.
_LINES = {
    MAP: Line("relative", "Map", BLUE, dashed=False, marked=True),
    "random": Line("relative", "Random", _GREY, dashed=False, marked=True),
    "frangi": Line("relative", "Vesselness", ORANGE, dashed=True, marked=True),
}
_MAP_SURVIVES = Line("surviving", "Map: segmented", (0.40, 0.65, 0.90), dashed=True)


class DeletionChart:
    """The chart of one deletion curve, growing until ``finish``.

    The nodes lie with the result's others and go with them. What an earlier curve of the result left stays until this
    one is finished; until then, a scene is saved without it.

    Args:
        nodes: of the result.
        title: of the map.
    """

    def __init__(self, nodes: ResultNodes, title: str) -> None:
        self._nodes, self._title = nodes, title
        self._record_id = nodes.record.GetID()
        self._chart: Any = None
        self._tables: dict[str, Any] = {}
        self._styles: dict[str, Line] = {}
        self._lines: dict[str, Any] = {}
        self._rows: dict[str, list[tuple[float, ...]]] = {}

    def take(self, points: Iterable[tuple[str, Mapping[str, float | None]]]) -> None:
        """Draw further points: the curve's name, and its values by column.

        Raises:
            InputError: the result or what was drawn of its curve was removed.
        """
        self._check()
        changed = []
        for curve, values in points:
            row = tuple(math.nan if values.get(name) is None else float(values[name] or 0.0) for name in _COLUMNS)
            insort(self._rows.setdefault(curve, []), row)
            changed.append(curve)
        for curve in dict.fromkeys(changed):
            if curve not in self._tables:
                self._add(curve)
            _fill(self._tables[curve], self._rows[curve])
            self._add_lines(curve)
        self._fit()

    def finish(self, body: Mapping[str, Any]) -> None:
        """Take over all of deletion.json, and take the place of an earlier curve.

        Raises:
            InputError: as ``take``.
        """
        self._rows = {}
        self.take(
            (curve["name"], dict(zip(_COLUMNS, values, strict=True)))
            for curve in body["curves"]
            for values in zip(*(curve[name] for name in _COLUMNS), strict=True)
        )
        remove_deletion_curve(self._nodes)
        self._chart.SetAttribute(_BODY_ATTRIBUTE, json.dumps(body))
        self._nodes.set(GROWING_CHART, None)
        self._nodes.set(DELETION_CHART, self._chart)
        for role, node in (*_by_role(_TABLE, self._tables), *self._lines.items()):
            self._nodes.set(role, node)
        for node in self._drawn():
            node.SetSaveWithScene(True)

    def drop(self) -> None:
        """Take away what was drawn."""
        scene = self._nodes.scene
        for node in self._drawn():
            if scene.IsNodePresent(node):
                remove_with_display(scene, node)
        self._chart, self._tables, self._lines, self._rows = None, {}, {}, {}

    def _check(self) -> None:
        scene = self._nodes.scene
        if scene.GetNodeByID(self._record_id) is not self._nodes.record:
            raise InputError("The result was removed from the scene while its curve was drawn.", "Choose another.")
        for role in (VOLUME, SEGMENTATION):  # further nodes are placed beside them
            self._nodes.needed(role)
        if not all(scene.IsNodePresent(node) for node in self._drawn()):
            raise InputError("The curve was removed from the scene while it was drawn.", "Start it again.")

    def _drawn(self) -> list[Any]:
        nodes = [self._chart, *self._lines.values(), *self._tables.values()]
        return [node for node in nodes if node is not None]

    def _place(self, node: Any) -> None:
        node.SetSaveWithScene(False)
        self._nodes.place(node)

    def _add(self, curve: str) -> None:
        """The table of another curve; the chart with the first."""
        nodes = self._nodes
        self._styles[curve] = _line(curve, len(self._tables))
        name = nodes.name(f"deletion, {self._styles[curve].name.lower()}")
        table = add_table(nodes.scene, name, [number_column(column, []) for column in _COLUMNS])
        for column, header in _COLUMNS.items():
            table.SetColumnTitle(column, header)
        self._place(table)
        self._tables[curve] = table
        if self._chart is None:
            self._chart = self._add_chart()

    def _add_lines(self, curve: str) -> None:
        """The curve's lines, each once it has two points: views complain of a line of one."""
        lines = {_SERIES + curve: self._styles[curve]}
        if curve == MAP:
            lines[_SURVIVING + curve] = _MAP_SURVIVES
        for role, line in lines.items():
            place = list(_COLUMNS).index(line.column)
            known = sum(not math.isnan(row[place]) for row in self._rows[curve])
            if role not in self._lines and known > 1:
                series = add_line(self._nodes.scene, line, self._tables[curve], _X)
                self._place(series)
                self._chart.AddAndObservePlotSeriesNodeID(series.GetID())
                self._lines[role] = series

    def _add_chart(self) -> Any:
        nodes = self._nodes
        chart = nodes.scene.AddNewNodeByClass("vtkMRMLPlotChartNode", nodes.name("deletion curve"))
        chart.SetAttribute(_CHART_ATTRIBUTE, "1")
        chart.SetTitle(f"Deletion: {self._title} ({nodes.run_name})")
        chart.SetXAxisTitle("Removed voxels / explained voxels")
        chart.SetYAxisTitle("Score left")
        set_text_sizes(chart)
        chart.SetXAxisRangeAuto(False)
        chart.SetYAxisRangeAuto(False)
        self._place(chart)
        nodes.set(GROWING_CHART, chart)
        return chart

    def _fit(self) -> None:
        """The whole range is there from the first points on, because the ends come first."""
        rows = [row for curve in self._rows.values() for row in curve]
        names = list(_COLUMNS)
        columns = {name: [row[names.index(name)] for row in rows] for name in (_X, "relative", "surviving")}
        heights = [value for value in (*columns["relative"], *columns["surviving"]) if not math.isnan(value)]
        self._chart.SetXAxisRange(0.0, _MARGIN * max(*columns[_X], 1.0))
        low, high = min([0.0, *heights]), max([1.0, *heights])
        self._chart.SetYAxisRange(math.floor(10 * low) / 10, math.ceil(10 * high + 0.5) / 10)


def deletion_chart(nodes: ResultNodes) -> Any:
    """The chart of the curve that is being computed, or else of the finished one; None where there is none."""
    return nodes.get(GROWING_CHART) or nodes.get(DELETION_CHART)


def is_deletion_chart(chart: Any) -> bool:
    """Whether a chart shows a deletion curve, finished or not."""
    return chart.GetAttribute(_CHART_ATTRIBUTE) is not None


def deletion_body(nodes: ResultNodes) -> dict[str, Any] | None:
    """The content of deletion.json of a result's finished curve; None where there is none."""
    chart = nodes.get(DELETION_CHART)
    text = None if chart is None else chart.GetAttribute(_BODY_ATTRIBUTE)
    return json.loads(text) if text else None


def deletion_tables(nodes: ResultNodes) -> dict[str, Any]:
    """The tables of a result's finished curves, by name, the map's first."""
    found = {role.removeprefix(_TABLE): nodes.get(role) for role in nodes.roles() if role.startswith(_TABLE)}
    names = [curve["name"] for curve in (deletion_body(nodes) or {"curves": []})["curves"]]
    return {name: found[name] for name in names if found.get(name) is not None}


def remove_deletion_curve(nodes: ResultNodes) -> None:
    """Take a result's finished curve out of the scene."""
    for role in nodes.roles():
        if role == DELETION_CHART or role.startswith((_TABLE, _SERIES, _SURVIVING)):
            node = nodes.get(role)
            if node is not None:
                remove_with_display(nodes.scene, node)
            nodes.set(role, None)


def _line(curve: str, number: int) -> Line:
    known = _LINES.get(curve)
    if known is not None:
        return known
    color = _OTHERS[number % len(_OTHERS)]
    return replace(_LINES["random"], name=BASELINE_TITLES.get(curve, curve), color=color)


def _fill(table_node: Any, rows: Sequence[tuple[float, ...]]) -> None:
    table = table_node.GetTable()
    for number in range(len(_COLUMNS)):
        column = table.GetColumn(number)
        column.SetNumberOfValues(len(rows))
        for index, row in enumerate(rows):
            column.SetValue(index, row[number])
        column.Modified()
    table.Modified()
    table_node.Modified()


def _by_role(prefix: str, nodes: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(prefix + name, node) for name, node in nodes.items()]
