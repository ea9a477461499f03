"""The command sam: options become a request, and the summary says what the box did."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest

from UMambaXAILogic.cli import main
from UMambaXAILogic.engine.methods.settings import MethodOptions
from UMambaXAILogic.engine.request import Region
from UMambaXAILogic.engine.sam.request import SamRequest

SAM = ["sam", "head.nii.gz", "--checkpoint", "medsam.pth", "--region", "roi.nii.gz", "--out", "result"]
RATIOS = {"f1": 0.4, "precision": 0.4, "recall": 0.4}
METRICS = {
    "case": "head",
    "target": {"label": 1, "name": "object", "kind": "prediction"},
    "attribution": {"method": "embedding-similarity"},
    "segmentation": {"pm_voxels": 100, "gt_voxels": None, "dice": None, "iou": None, "overlap_voxels": None},
    "alignment": [{"reference": "pm", "threshold": 0.3, "layer": "mean", "iou": 0.5, **RATIOS}],
    "alignment_of_control": [
        {"reference": "pm", "threshold": 0.2, "layer": "control", "iou": 0.9, **RATIOS},
        {"reference": "pm", "threshold": 0.3, "layer": "control", "iou": 0.125, **RATIOS},
    ],
    "alignment_with_box": [
        {"reference": "box", "threshold": 0.3, "layer": "mean", "iou": 0.75, **RATIOS},
        {"reference": "box", "threshold": 0.3, "layer": "control", "iou": 0.25, **RATIOS},
    ],
    "verdict": {"text": "Not available", "reasons": ["There is no ground truth."], "cutoffs": {"threshold": 0.3}},
    "warnings": [],
    "timing": {"total": 41.2},
    "environment": {"device": "cpu"},
}


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """Stands in for the computation; the requests it got."""
    requests = []
    module = types.ModuleType("UMambaXAILogic.engine.sam.run")

    def run_sam(request, reporter=None):
        requests.append(request)
        files = {"segmentation": request.output / "segmentation.nii.gz"}
        return types.SimpleNamespace(folder=request.output, metrics=METRICS, files=files)

    module.run_sam = run_sam
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.chdir(tmp_path)
    return requests


def test_only_the_essentials_give_the_default_request(asked):
    assert main(SAM) == 0
    assert asked == [SamRequest("head.nii.gz", "medsam.pth", "result", Region(mask=Path("roi.nii.gz")))]


def test_every_option_reaches_the_request(asked):
    options = """--gt gt.nii.gz --gt-label 1,2 --resample-gt --series 1.2 --window -100,500.5 --pixels sam
        --layers block.2,embedding --threshold 0.2 0.3 --save-layer-maps --stage 2 --prompt-share 0.4
        --prototype-weight 0.6 --prompt-weight 0.1 --global-weight 0 --outside-weight -0.2 --spatial-floor 0.5
        --device cpu --quiet --debug"""
    region = ["--region", "-60,60,-80.5,40,-3e1,50"]
    words = [*SAM[:4], *region, *SAM[6:], *options.split()]
    assert main(words) == 0
    expected = SamRequest(
        volume="head.nii.gz",
        checkpoint="medsam.pth",
        output="result",
        region=Region(box_mm_ras=(-60, 60, -80.5, 40, -30, 50)),
        ground_truth="gt.nii.gz",
        ground_truth_labels=(1, 2),
        resample_ground_truth=True,
        series_uid="1.2",
        window=(-100, 500.5),
        pixels="sam",
        layers=("block.2", "embedding"),
        thresholds=(0.2, 0.3),
        save_layer_maps=True,
        device="cpu",
        options=MethodOptions(
            stage=2,
            prompt_share=0.4,
            prototype_weight=0.6,
            prompt_weight=0.1,
            global_weight=0,
            outside_weight=-0.2,
            spatial_floor=0.5,
        ),
    )
    assert asked == [expected]


def test_the_summary_sets_the_control_beside_the_map(asked, capsys):
    assert main(SAM) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "XAI-PM IoU 0.500" in text
    assert "Control XAI-PM IoU 0.125, without the box's weight by place" in text
    assert "Box IoU 0.750 (control 0.250) of attention with the prompt boxes" in text
    assert "umamba-xai view result --volume head.nii.gz" in text and "0.900" not in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([*SAM[:4], *SAM[6:]], "--region"),
        ([*SAM, "--gt-label", "1"], "without a ground truth"),
        ([*SAM, "--stage", "4"], "Stage 4"),
        ([*SAM, "--window", "5,1"], "window"),
        ([*SAM, "--pixels", "grey"], "grey"),
        ([*SAM, "--box-margin", "3"], "--box-margin"),
    ],
)
def test_wrong_usage_is_told_in_a_paragraph(asked, capsys, words, message):
    assert main(words) == 2
    assert message in capsys.readouterr().err and asked == []
