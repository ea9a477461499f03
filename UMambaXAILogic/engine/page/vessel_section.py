"""The vessel readout of a case on its page: two charts, a sentence, and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from .bar_chart import BarChart, Series
from .document import section
from .tables import table
from .words import number, percent, whole

_REFERENCES = {"gt": "ground truth", "pm": "prediction"}


def vessel_section(metrics: Mapping[str, Any]) -> str:
    """HTML of the section; empty where nothing was read out, as in results of earlier versions."""
    readout = metrics.get("vessel_readout")
    if readout is None:
        return ""
    charts = [_distance_chart(readout["radial"]), _diameter_chart(readout["by_diameter"])]
    figures = "".join(f"<figure>{chart}</figure>" for chart in charts if chart)
    return section(
        "Along the vessels",
        f'<p>{escape(_words(readout))}</p><div class="views">{figures}</div>'
        f"<details><summary>Numbers by diameter{' and vessel' if readout['by_label'] else ''}</summary>"
        f"{_diameter_table(readout['by_diameter'])}{_label_table(readout['by_label'])}</details>",
    )


def _words(readout: Mapping[str, Any]) -> str:
    summary, axial = readout["summary"], readout["axial"]
    text = f"Centreline of the {_REFERENCES[readout['reference']]}: {readout['centreline_mm']:.0f} mm"
    if axial["unfound"] is not None:
        text += f", in {axial['count']} segments; of {axial['unfound']} of them less than half was predicted"
    text += "."
    if summary["attention_share_within_radius"] is not None:
        text += f" {percent(summary['attention_share_within_radius'])} of all attention lies within one radius of it."
    if summary["attention_thin"] is not None and summary["attention_wide"] is not None:
        text += (
            f" Mean attention is {number(summary['attention_thin'], 2)} in vessels under 2 mm"
            f" and {number(summary['attention_wide'], 2)} in wider ones."
        )
    return text


def _distance_chart(radial: Mapping[str, Any] | None) -> str:
    if radial is None:
        return ""
    bins = radial["radii"]
    edges = bins["edges"]
    radius = edges.index(1.0)
    return BarChart(
        label="Mean attention against the distance from the centreline in radii",
        x_title="Distance from the centreline (local radii)",
        y_title="Mean attention",
        groups=[f"{low:g} to {high:g} radii" for low, high in zip(edges, edges[1:], strict=False)],
        ticks=[(index, f"{edge:g}") for index, edge in enumerate(edges) if index % 2 == 0],
        series=[Series("attention", "mean attention", bins["mean_attention"])],
        marked=(radius, "one radius"),
    ).svg()


def _diameter_chart(rows: Sequence[Mapping[str, Any]]) -> str:
    series = [
        Series(css, title, [row[name] if row["voxels"] else None for row in rows])
        for css, title, name in (
            ("attention", "mean attention", "mean_attention"),
            ("recall", "share that was predicted (recall)", "recall"),
        )
    ]
    known = [one for one in series if any(value is not None for value in one.values)]
    if not known:
        return ""
    names = [_range(row) for row in rows]
    return BarChart(
        label="Mean attention and recall by local vessel diameter",
        x_title="Local diameter (mm)",
        y_title=" and ".join({"attention": "Mean attention", "recall": "recall"}[one.css] for one in known),
        groups=[f"{name} mm" for name in names],
        ticks=[(index + 0.5, name) for index, name in enumerate(names)],
        series=known,
    ).svg()


def _diameter_table(rows: Sequence[Mapping[str, Any]]) -> str:
    head = "<tr><th>Diameter (mm)</th><th>Voxels</th><th>Recall</th><th>Attention</th><th>XAI IoU</th></tr>"
    return table(
        head,
        [
            f"<tr><th>{escape(_range(row))}</th><td>{whole(row['voxels'])}</td><td>{number(row['recall'])}</td>"
            f"<td>{number(row['mean_attention'])}</td><td>{number(row['attention_iou'])}</td></tr>"
            for row in rows
            if row["voxels"]
        ],
    )


def _label_table(rows: Sequence[Mapping[str, Any]] | None) -> str:
    if not rows:
        return ""
    head = (
        "<tr><th>Vessel</th><th>Voxels</th><th>Diameter (mm)</th><th>Recall</th><th>Attention</th>"
        "<th>Centreline recall</th></tr>"
    )
    return "<h3>By vessel</h3>" + table(
        head,
        [
            f"<tr><th>{escape(row['name'] or 'label ' + str(row['label']))}</th><td>{whole(row['voxels'])}</td>"
            f"<td>{number(row['diameter_mm'], 1)}</td><td>{number(row['recall'])}</td>"
            f"<td>{number(row['mean_attention'])}</td><td>{number(row['centreline_recall'])}</td></tr>"
            for row in rows
        ],
    )


def _range(row: Mapping[str, Any]) -> str:
    low, high = row["from_mm"], row["to_mm"]
    if high is None:
        return f"\u2265 {low:g}"
    return f"< {high:g}" if low == 0 else f"{low:g}\u2013{high:g}"
