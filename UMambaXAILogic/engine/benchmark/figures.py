"""A plot for each axis of benchmark.json."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

_INK, _SOFT, _GRID = "#1c232b", "#5d6873", "#e3e7eb"
#: Told apart in the common kinds of colour blindness (Okabe, Ito 2008); baselines are grey and dashed.
_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#8c564b", "#1c232b")
_GREYS = ("#6b7580", "#8f98a1", "#aab1b8", "#4d565f")
_DASHES = ("--", ":", "-.", (0, (5, 1, 1, 1)))
_METHOD_MARKERS = "osD^vP*Xh"


#: What ``axis_figures`` may give.
FIGURE_NAMES = ("faithfulness", "leakage", "cost", "robustness", "sanity")


def axis_figures(body: Mapping[str, Any]) -> dict[str, bytes]:
    """PNGs by name: ``faithfulness``, ``leakage``, ``cost``; ``robustness`` and ``sanity`` where they were asked."""
    methods = [method for method in body["methods"] if method["faithfulness"] is not None]
    styles = _styles(body["methods"])
    figures = {
        "faithfulness": _faithfulness(body, methods, styles),
        "leakage": _leakage(body, methods, styles),
        "cost": _bars(body, "Cost", "seconds", [(m, (m["cost"] or {}).get("seconds")) for m in methods], styles),
    }
    if any(method["robustness"] for method in methods):
        figures["robustness"] = _steps(body, "Robustness", _robustness, methods, styles, None)
    if any(method["sanity"] and method["sanity"]["parameter_randomisation"] for method in methods):
        cutoff = next(method["sanity"]["cutoff"] for method in methods if method["sanity"])
        figures["sanity"] = _steps(body, "Sanity", _sanity, methods, styles, cutoff)
    return figures


def _styles(methods: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    styles, methods_seen, baselines_seen = {}, 0, 0
    for method in methods:
        if method["kind"] == "baseline":
            number, baselines_seen = baselines_seen, baselines_seen + 1
            color, line = _GREYS[number % len(_GREYS)], _DASHES[number % len(_DASHES)]
            styles[method["name"]] = {"color": color, "linestyle": line, "linewidth": 1.4}
        else:
            number, methods_seen = methods_seen, methods_seen + 1
            styles[method["name"]] = {
                "color": _COLORS[number % len(_COLORS)],
                "linewidth": 1.8,
                "marker": _METHOD_MARKERS[number % len(_METHOD_MARKERS)],
                "markersize": 4.5,
            }
    return styles


def _faithfulness(body: Mapping[str, Any], methods: Sequence[Any], styles: Mapping[str, Any]) -> bytes:
    figure, (left, right) = _figure(body, "Faithfulness", 2)
    original, erased = body["score"]["original"], body["score"]["erased"]
    for axes, key, start, title in (
        (left, "deletion", original, "Deletion: first voxels filled (low is good)"),
        (right, "insertion", erased, "Insertion: only first voxels shown (high is good)"),
    ):
        for method in methods:
            found = method["faithfulness"]
            axes.plot([0, *found["k"]], [start, *found[key]], label=method["name"], **styles[method["name"]])
        for level, word in ((original, "image as it is"), (erased, "all erased")):
            axes.axhline(level, color=_SOFT, linewidth=0.8, linestyle=(0, (1, 2)))
            axes.annotate(word, (1, level), xycoords=("axes fraction", "data"), fontsize=7, color=_SOFT,
                          ha="right", va="bottom")  # fmt: skip
        _label(axes, title, "k, in multiples of the explained voxels", "score per voxel")
    return _png(figure, left)


def _leakage(body: Mapping[str, Any], methods: Sequence[Any], styles: Mapping[str, Any]) -> bytes:
    figure, (left, right) = _figure(body, "Leakage", 2)
    for method in methods:
        found, steps = method["leakage"], method["faithfulness"]["k"]
        points = [(k, value) for k, value in zip(steps, found["off_target_drop"], strict=True) if value is not None]
        if points:
            left.plot(*zip(*points, strict=True), label=method["name"], **styles[method["name"]])
    watched = ", ".join(body["score"]["watched"]) or "nothing to watch"
    _label(left, f"What else changes: {watched}", "k, in multiples of the explained voxels", "change per voxel")
    names = [method["name"] for method in methods]
    shares = [method["leakage"]["far_share"] for method in methods]
    _draw_bars(right, names, shares, styles)
    _label(right, "Share of the map farther than 3 mm from the target", "share", "")
    right.set_xlim(0, 1)
    return _png(figure, left)


def _robustness(method: Mapping[str, Any]) -> dict[str, float | None]:
    return method["robustness"] or {}


def _sanity(method: Mapping[str, Any]) -> dict[str, float | None]:
    sanity = method["sanity"] or {"parameter_randomisation": [], "random_input": None}
    steps = {f"shuffled:\n{entry['step']}": entry["correlation"] for entry in sanity["parameter_randomisation"]}
    return {**steps, "random\ninput": sanity["random_input"]} if steps else {}


def _steps(
    body: Mapping[str, Any], title: str, values_of: Any, methods: Sequence[Any], styles: Any, cutoff: float | None
) -> bytes:
    figure, (axes,) = _figure(body, title, 1)
    names: list[str] = []
    for method in methods:
        names += [name for name in values_of(method) if name not in names]
    for method in methods:
        found = values_of(method)
        points = [(names.index(name), value) for name, value in found.items() if value is not None]
        if points:
            axes.plot(*zip(*points, strict=True), label=method["name"], **styles[method["name"]])
    axes.set_xticks(range(len(names)), names)
    if cutoff is not None:
        axes.axhspan(cutoff, 1.02, color="#c2334d", alpha=0.07, linewidth=0)
        axes.annotate(f"hardly another map (r >= {cutoff:g})", (0.01, 1.0), xycoords=("axes fraction", "data"),
                      fontsize=7.5, color="#a02a40", va="top")  # fmt: skip
    axes.set_ylim(top=1.02)
    good = "low is good" if cutoff is not None else "high is good"
    _label(axes, f"Correlation with the original map ({good})", "", "Pearson's r")
    return _png(figure, axes)


def _bars(body: Mapping[str, Any], title: str, unit: str, values: Sequence[tuple[Any, Any]], styles: Any) -> bytes:
    figure, (axes,) = _figure(body, title, 1)
    _draw_bars(axes, [method["name"] for method, _ in values], [value for _, value in values], styles)
    _label(axes, "Time to make the map", unit, "")
    return _png(figure, None)


def _draw_bars(axes: Axes, names: Sequence[str], values: Sequence[float | None], styles: Any) -> None:
    rows = range(len(names))
    axes.barh(rows, [value or 0.0 for value in values], color=[styles[name]["color"] for name in names], height=0.6)
    axes.set_yticks(rows, names)
    axes.invert_yaxis()
    for row, value in zip(rows, values, strict=True):
        words = "n/a" if value is None else f"{value:.3g}"
        axes.annotate(words, (value or 0.0, row), xytext=(3, 0), textcoords="offset points", fontsize=7.5, va="center")


def _figure(body: Mapping[str, Any], title: str, count: int) -> tuple[Figure, tuple[Axes, ...]]:
    figure = Figure(figsize=(5.2 * count + 2.4, 4.2), dpi=130, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    mark = "   PHANTOM: synthetic data, not a patient" if body["phantom"] else ""
    figure.suptitle(f"{title}: {body['case']}, {body['target']['name']}{mark}", fontsize=10.5, fontweight="bold",
                    color=_INK)  # fmt: skip
    return figure, tuple(figure.subplots(1, count, squeeze=False)[0])


def _label(axes: Axes, title: str, below: str, beside: str) -> None:
    axes.set_title(title, fontsize=9, color=_INK, loc="left")
    axes.set_xlabel(below, fontsize=8.5, color=_SOFT)
    axes.set_ylabel(beside, fontsize=8.5, color=_SOFT)
    axes.tick_params(labelsize=8, colors=_SOFT)
    axes.grid(color=_GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _png(figure: Figure, labelled: Axes | None) -> bytes:
    if labelled is not None:
        handles, labels = labelled.get_legend_handles_labels()
        if handles:
            figure.legend(handles, labels, loc="outside right center", fontsize=8, frameon=False)
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()
