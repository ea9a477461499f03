"""One case's metrics in words."""

from __future__ import annotations

from typing import Any

from UMambaXAILogic.interaction.summary import summarise


def row(reference: str, f1: float | None, threshold: float = 0.3, layer: str = "mean") -> dict[str, Any]:
    return {"reference": reference, "threshold": threshold, "layer": layer, "f1": f1}


def metrics(dice: float | None, rows: list[dict[str, Any]], pm_voxels: int = 1234) -> dict[str, Any]:
    return {
        "segmentation": {"pm_voxels": pm_voxels, "dice": dice},
        "alignment": rows,
        "verdict": {"text": "Diffuse attention", "cutoffs": {"threshold": 0.3}},
    }


def test_with_a_ground_truth_everything_is_named():
    rows = [row("gt", 0.416), row("pm", 0.5), row("gt", 0.9, threshold=0.2), row("gt", 0.9, layer="encoder.4")]
    assert summarise(metrics(0.812, rows)) == (
        "Done: 1234 voxels segmented, Dice 0.81.\n"
        "Attention at threshold 0.3: F1 0.42 on the ground truth, F1 0.50 on the prediction.\n"
        "Verdict: Diffuse attention."
    )


def test_without_one_only_the_prediction_is():
    assert "ground truth" not in summarise(metrics(None, [row("pm", 0.5)]))
    assert "Dice" not in summarise(metrics(None, [row("pm", 0.5)]))


def test_a_value_that_cannot_be_computed_is_left_out():
    assert "Attention" not in summarise(metrics(0.0, [row("gt", None)]))


def test_nothing_predicted_is_said_plainly():
    assert summarise(metrics(0.0, [], pm_voxels=0)) == "Done: the model found no vessel in this volume."


def test_that_nothing_was_explained_is_not_that_nothing_was_found():
    found = metrics(0.5, [], pm_voxels=7) | {"warnings": [{"code": "empty_target", "message": "No FP."}]}
    assert summarise(found) == "Done: 7 voxels segmented, Dice 0.50. Nothing was explained: see below why."


def test_where_there_is_no_verdict_it_says_why():
    none = {"name": "not_available", "text": "No verdict", "reasons": ["There is no ground truth."]}
    found = metrics(None, [row("pm", 0.5)])
    found["verdict"] |= none
    assert summarise(found).endswith("\nNo verdict: There is no ground truth.")
