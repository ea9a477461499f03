"""Rows of tables from metrics.json."""

from __future__ import annotations

from UMambaXAILogic.engine.cohort.columns import ALIGNMENT, alignment_rows


def row(layer: str, iou: float) -> dict:
    ratios = dict.fromkeys(("f1", "precision", "recall"), 0.5)
    counts = {"attention_voxels": 10, "overlap_voxels": 4}
    return {"reference": "pm", "threshold": 0.3, "layer": layer, "iou": iou, **ratios, **counts}


def test_controls_are_rows_of_their_method_and_older_results_have_none():
    method = {"pool": None, "pool_mode": None, "gap": None}
    metrics = {
        "case": "a",
        "segmentation": {"gt_voxels": None, "pm_voxels": 30},
        "alignment": [row("mean", 0.4), row("decoder.0", 0.3)],
        "alignment_without_last_layer": [],
        "alignment_of_control": [row("control", 0.1)],
        "methods": [
            {**method, "method": "embedding-similarity", "alignment": [row("mean", 0.4)]},
            {**method, "method": "x", "alignment": [row("mean", 0.2)], "alignment_of_control": [row("control", 0.6)]},
            {**method, "method": "y", "alignment": [row("mean", 0.5)]},
        ],
    }
    rows = list(alignment_rows(metrics, "source"))
    assert [(found["method"], found["main"], found["layer"], found["iou"]) for found in rows] == [
        ("embedding-similarity", True, "mean", 0.4),
        ("embedding-similarity", True, "decoder.0", 0.3),
        ("embedding-similarity", True, "control", 0.1),
        ("x", False, "mean", 0.2),
        ("x", False, "control", 0.6),
        ("y", False, "mean", 0.5),
    ]
    assert all(set(found) == set(ALIGNMENT.names) for found in rows)
    del metrics["alignment_of_control"]
    assert "control" not in [found["layer"] for found in alignment_rows(metrics, None) if found["main"]]
