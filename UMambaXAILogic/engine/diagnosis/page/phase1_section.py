"""Phase 1: how far the two cohorts' images are apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from ..table import Column, Table, text_column
from .difference_chart import Difference, difference_chart
from .histogram_chart import histogram_chart
from .plot import legend
from .scale import linear_scale
from .strip_chart import Strip, strip_chart
from .table_html import plain, table_html

Labels = Mapping[str, str]

SIDES = ("source", "target")
_AXES = (("right_left", "R-L"), ("anterior_posterior", "A-P"), ("superior_inferior", "S-I"))
_DISTANCES = {
    "intensity": "Intensity, all voxels",
    "intensity_in_window": "Intensity in the window",
    "noise": "Noise",
    "diameter": "Vessel diameter",
}
#: More than these would not be read.
_SHOWN_SHIFTS = 12


def phase1_content(phase1: Mapping[str, Any] | None, tables: Mapping[str, Any], labels: Labels) -> str:
    """The list of shifts, then tables 1 to 4, each with what it summarises.

    Args:
        phase1: JSON of ``domain.comparison``; None without profiles.
        tables: of the report.
        labels: names of the sides.
    """
    shown = {key: table_html(tables[key], f"table-{key}") for key in ("1", "2", "3", "4") if key in tables}
    if phase1 is None:
        return "".join(shown.values())
    drawn = phase1["distributions"]
    charts = {
        "1": _intensity(drawn, labels),
        "2": _resolution(drawn),
        "3": _noise(drawn),
        "4": _diameters(drawn, labels),
    }
    parts = [_notes(phase1["notes"]), _shifts(phase1)]
    parts += [html + figures(charts[key], labels) for key, html in shown.items()]
    return "".join([*parts, _distances(phase1["distances"])])


def figures(charts: Sequence[str], labels: Labels, words: str = "") -> str:
    """Charts side by side where there is room, with one legend; nothing without a chart.

    Args:
        charts: as SVG; empty ones are left out.
        labels: names of the sides.
        words: how to read them.
    """
    drawn = [chart for chart in charts if chart]
    if not drawn:
        return ""
    names = legend([(side, labels[side]) for side in SIDES])
    caption = f"<p>{escape(words)}</p>" if words else ""
    return f'<figure class="plots"><div>{"".join(drawn)}</div><figcaption>{names}{caption}</figcaption></figure>'


def _notes(notes: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{plain(note)}</li>" for note in notes) + "</ul>" if notes else ""


def _shifts(phase1: Mapping[str, Any]) -> str:
    shifts = phase1["shifts"]
    if not shifts:
        return ""
    rows = [Difference(shift["title"], shift["standardised_difference"]) for shift in shifts[:_SHOWN_SHIFTS]]
    chart = difference_chart(
        "largest-shifts", "Shifts, largest first", "Standardised difference, target - source", rows
    )
    more = f" The {_SHOWN_SHIFTS} largest of {len(shifts)} are shown." if len(shifts) > _SHOWN_SHIFTS else ""
    words = (
        "Difference of the means over cases, divided by the spread of the cases within the cohorts (at least a tenth "
        f"of the quantity's size), so that unlike quantities can be put in order.{more}"
    )
    missing = "".join(
        f'<p class="note">Not compared: {escape(entry["title"])}. {plain(entry["reason"])}</p>'
        for entry in phase1["not_compared"]
    )
    return (
        f'<h3 id="shifts-title">Largest shift first</h3><figure class="plots"><div>{chart}</div>'
        f"<figcaption>{words}</figcaption></figure>{missing}"
    )


def _intensity(drawn: Mapping[str, Any], labels: Labels) -> list[str]:
    return [
        _histogram(
            drawn["intensity"], "intensity-all", "Intensities of all voxels", "Intensity", "voxels", labels, True
        ),
        _histogram(
            drawn["intensity_in_window"],
            "intensity-window",
            "Intensities in the window of table 1",
            "Intensity in the window",
            "voxels in the window",
            labels,
        ),
    ]


def _diameters(drawn: Mapping[str, Any], labels: Labels) -> list[str]:
    words = ("Vessel diameters", "Vessel diameter", "skeleton voxels")
    return [_histogram(drawn["diameter"], "diameters", *words, labels)]


def _histogram(
    values: Mapping[str, Any], name: str, title: str, axis: str, of_what: str, labels: Labels, is_log: bool = False
) -> str:
    shares = {side: values[side] for side in SIDES if values[side] is not None}
    axis = f"{axis} ({values['unit']})"
    return histogram_chart(name, title, axis, of_what, values["edges"], shares, labels, is_log)


def _resolution(drawn: Mapping[str, Any]) -> list[str]:
    spacing = drawn["spacing"]
    scale = linear_scale([value for axis, _ in _AXES for side in SIDES for value in spacing[axis][side]], 5, True)
    charts = []
    for axis, short in _AXES:
        title = f"Spacing {short} of every case"
        name = f"spacing-{axis.replace('_', '-')}"
        words = f"Spacing {short} ({spacing['unit']})"
        charts.append(strip_chart(name, title, words, _strips(spacing[axis]), scale, digits=3))
    return charts


def _noise(drawn: Mapping[str, Any]) -> list[str]:
    noise = drawn["noise"]
    values = [value for side in SIDES for value in noise[side]]
    if not values:
        return []
    title = f"Noise of every case, estimator {noise['estimator']}"
    axis = f"Noise, {noise['estimator']} ({noise['unit']})"
    return [strip_chart("noise-cases", title, axis, _strips(noise), linear_scale(values, 5, True))]


def _strips(values: Mapping[str, Sequence[float]]) -> dict[str, Strip]:
    return {side: Strip(side, [("", value) for value in values[side]]) for side in SIDES}


def _distances(distances: Mapping[str, Any]) -> str:
    columns = (
        text_column("values", "Values"),
        text_column("over", "Over"),
        Column("wasserstein", "Wasserstein-1", digits=3),
        text_column("unit", "Unit"),
        Column("kolmogorov_smirnov", "Kolmogorov-Smirnov (0 to 1)", digits=3),
        text_column("missing_because", "Why not"),
    )
    rows = tuple(
        {column.key: _DISTANCES[key] if column.key == "values" else row[column.key] for column in columns}
        for key, row in distances.items()
    )
    table = Table("distances", None, "Distances between the distributions", columns, rows)
    return table_html(table.to_json(), "distances")
