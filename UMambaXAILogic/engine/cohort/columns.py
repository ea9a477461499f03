"""The columns of a cohort's tables, and how a case's metrics.json and slices.csv become rows of them.

``cases.parquet`` has a row a case, ``alignment.parquet`` a row per case, method, layer, reference and threshold,
``slices.parquet`` a row per case and slice. What cannot be computed is null.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

import pyarrow as pa

from ..alignment import SliceRow
from ..alignment.categories import CATEGORIES

DONE, FAILED = "done", "failed"

_RATIOS = ("iou", "f1", "precision", "recall")
_SEGMENTATION_COUNTS = ("pm_voxels", "gt_voxels", "overlap_voxels", "region_voxels", "pm_voxels_outside_region")
_CENTRELINE_RATIOS = ("cl_dice", "topology_precision", "topology_sensitivity")
#: Of ``vessel_readout``: its ``summary``, after the reference and the length of its centreline.
_READOUT = (
    "attention_share_within_radius",
    "attention_thin",
    "attention_wide",
    "recall_thin",
    "recall_wide",
)
_EXCESS_RATIOS = ("q", "p", "b", "observed", "expected")
_SECONDS = ("read", "preprocess", "segment", "explain", "metrics", "total")

#: Which row of the manifest, and how its computation ended.
_STATE = [
    ("number", pa.int32()),  # of the row in the manifest, from 1
    ("case", pa.string()),
    ("domain", pa.string()),
    ("status", pa.string()),  # done or failed
    ("attempts", pa.int32()),  # how often the case was begun, over all runs
    ("code", pa.string()),  # of the failure, as in engine/errors.py
    ("reason", pa.string()),  # of the failure
    ("folder", pa.string()),  # relative to the cohort's folder
]
_IDENTITY = [
    ("phantom", pa.bool_()),
    ("modality", pa.string()),
    ("model_sha256", pa.string()),
    ("target", pa.string()),
    ("target_kind", pa.string()),
    ("method", pa.string()),
    ("pool", pa.int32()),
    ("pool_mode", pa.string()),
    ("preset", pa.string()),
    ("threshold", pa.float64()),  # the reporting threshold: attention, gap, excess and verdict are at this one
]
_MEASURES = [
    ("dice", pa.float64()),
    ("iou", pa.float64()),
    ("precision", pa.float64()),
    ("recall", pa.float64()),
    *((name, pa.float64()) for name in _CENTRELINE_RATIOS),
    *((name, pa.int64()) for name in _SEGMENTATION_COUNTS),
    ("attention_voxels", pa.int64()),
    *((f"xai_{reference}_{name}", pa.float64()) for reference in ("gt", "pm") for name in _RATIOS),
    *((f"xai_{reference}_overlap_voxels", pa.int64()) for reference in ("gt", "pm")),
    ("gap", pa.float64()),
    ("excess", pa.float64()),
    ("in_pm_excess", pa.float64()),
    ("in_pm_excess_of_segments", pa.float64()),
    ("p_value", pa.float64()),
    ("p_value_missing_because", pa.string()),
    ("segments", pa.int32()),
    *((f"excess_{name}", pa.float64()) for name in _EXCESS_RATIOS),
    ("vessel_reference", pa.string()),  # gt or pm: whose centreline the following columns rest on
    ("centreline_mm", pa.float64()),
    *((name, pa.float64()) for name in _READOUT),
    ("vessel_segments", pa.int32()),
    ("vessel_segments_unfound", pa.int32()),
    ("verdict", pa.string()),
    ("paper_rule", pa.string()),
    ("slices", pa.int32()),
    *((f"slices_{name}", pa.int32()) for name in CATEGORIES),
]
_COMPUTATION = [
    ("windows", pa.int32()),
    ("explained_windows", pa.int32()),
    ("warnings", pa.list_(pa.string())),  # codes
    *((f"seconds_{name}", pa.float64()) for name in _SECONDS),
    ("peak_memory_host_mb", pa.float64()),
    ("peak_memory_device_mb", pa.float64()),
    ("device", pa.string()),
    ("scan_backend", pa.string()),
    ("package", pa.string()),
]
CASES = pa.schema([*_STATE, *_IDENTITY, *_MEASURES, *_COMPUTATION])

ALIGNMENT = pa.schema(
    [
        ("case", pa.string()),
        ("domain", pa.string()),
        ("method", pa.string()),
        ("pool", pa.int32()),
        ("pool_mode", pa.string()),
        ("main", pa.bool_()),  # the method whose map was written and judged
        ("layer", pa.string()),  # mean, mean_without_last, control, or a layer's name; other methods: mean and control
        ("reference", pa.string()),  # gt or pm
        ("threshold", pa.float64()),
        *((name, pa.float64()) for name in _RATIOS),
        ("attention_voxels", pa.int64()),
        ("reference_voxels", pa.int64()),
        ("overlap_voxels", pa.int64()),
    ]
)

_SLICE_TYPES = {"int": pa.int64(), "float": pa.float64(), "str": pa.string()}
SLICES = pa.schema(
    [
        ("case", pa.string()),
        ("domain", pa.string()),
        *((field.name, _SLICE_TYPES[str(field.type).removesuffix(" | None")]) for field in fields(SliceRow)),
    ]
)


def case_row(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of ``cases.parquet`` that a metrics.json fills; the columns about its state are not among them."""
    attribution = metrics["attribution"] or {}
    verdict, segmentation = metrics["verdict"], metrics["segmentation"]
    threshold = verdict["cutoffs"]["threshold"]
    row: dict[str, Any] = {
        "phantom": metrics["phantom"],
        "modality": metrics["input"]["modality"],
        "model_sha256": metrics["model"]["sha256"],
        "target": metrics["target"]["name"],
        "target_kind": metrics["target"]["kind"],
        "threshold": threshold,
        **{name: attribution.get(name) for name in ("method", "pool", "pool_mode", "preset")},
        **{name: segmentation[name] for name in ("dice", "iou", "precision", "recall", *_SEGMENTATION_COUNTS)},
        **{name: segmentation.get(name) for name in _CENTRELINE_RATIOS},
        "gap": metrics["gap"],
        "verdict": verdict["name"],
        "paper_rule": verdict["paper_rule"],
        "windows": attribution.get("passes", {}).get("windows"),
        "explained_windows": attribution.get("passes", {}).get("explained_windows"),
        "warnings": [warning["code"] for warning in metrics["warnings"]],
        **{f"seconds_{name}": metrics["timing"][name] for name in _SECONDS},
        "peak_memory_host_mb": metrics["peak_memory_mb"]["host"],
        "peak_memory_device_mb": metrics["peak_memory_mb"]["device"],
        **{name: metrics["environment"][name] for name in ("device", "scan_backend", "package")},
    }
    for found in metrics["alignment"]:
        if found["layer"] == "mean" and found["threshold"] == threshold:
            row |= {f"xai_{found['reference']}_{name}": found[name] for name in (*_RATIOS, "overlap_voxels")}
            row["attention_voxels"] = found["attention_voxels"]
    if metrics["excess_alignment"] is not None:
        excess = metrics["excess_alignment"]
        row |= {f"excess_{name}": excess[name] for name in _EXCESS_RATIOS}
        names = ("excess", "in_pm_excess", "in_pm_excess_of_segments", "p_value", "p_value_missing_because", "segments")
        row |= {name: excess[name] for name in names}
    readout = metrics.get("vessel_readout")
    if readout is not None:
        row |= {"vessel_reference": readout["reference"], "centreline_mm": readout["centreline_mm"]}
        row |= {name: readout["summary"][name] for name in _READOUT}
        row |= {"vessel_segments": readout["axial"]["count"], "vessel_segments_unfound": readout["axial"]["unfound"]}
    if metrics["slice_categories"] is not None:
        row["slices"] = metrics["slice_categories"]["total"]
        row |= {f"slices_{name}": count for name, count in metrics["slice_categories"]["counts"].items()}
    return row


def alignment_rows(metrics: Mapping[str, Any], domain: str | None) -> Iterator[dict[str, Any]]:
    """Rows of ``alignment.parquet``: all layers of the main method, the others' mean over layers, all controls."""
    sizes = {reference: metrics["segmentation"][f"{reference}_voxels"] for reference in ("gt", "pm")}
    for number, method in enumerate(metrics["methods"]):
        found = method["alignment"]
        if number == 0:
            found = metrics["alignment"] + metrics["alignment_without_last_layer"]
        found = found + (metrics if number == 0 else method).get("alignment_of_control", [])
        for row in found:
            yield {
                "case": metrics["case"],
                "domain": domain,
                **{name: method[name] for name in ("method", "pool", "pool_mode")},
                "main": number == 0,
                **row,
                "reference_voxels": sizes[row["reference"]],
            }


def slice_rows(slices_csv: str, case: str, domain: str | None) -> Iterator[dict[str, Any]]:
    """Rows of ``slices.parquet`` from the text of a case's slices.csv."""
    kinds = {field.name: SLICES.field(field.name).type for field in fields(SliceRow)}
    for cells in csv.DictReader(io.StringIO(slices_csv)):
        values = {name: _value(cells[name], kind) for name, kind in kinds.items()}
        yield {"case": case, "domain": domain, **values}


def _value(text: str, kind: pa.DataType) -> int | float | str | None:
    if not text:
        return None
    if pa.types.is_integer(kind):
        return int(text)
    return float(text) if pa.types.is_floating(kind) else text
