"""The numbers for the clipboard: every one with its name, nothing that breaks a spreadsheet."""

from __future__ import annotations

from UMambaXAILogic.interaction.numbers_text import numbers_text

METRICS = {
    "case": "a\tb",
    "phantom": True,
    "attribution": {"method": "seg-xres-cam", "layers": ["encoder.1", "decoder.0"]},
    "segmentation": {"dice": 0.81254, "iou": None, "precision": 0.75, "recall": 1.0},
    "alignment": [
        {
            "reference": "gt",
            "layer": "mean",
            "threshold": 0.3,
            "iou": 0.4,
            "f1": 0.5714,
            "precision": 1.0,
            "recall": None,
        },
        {
            "reference": "pm",
            "layer": "encoder.1",
            "threshold": 0.3,
            "iou": 0.9,
            "f1": 0.9,
            "precision": 0.9,
            "recall": 0.9,
        },
    ],
    "gap": -0.125,
    "verdict": {
        "name": "diffuse",
        "text": "Diffuse attention",
        "reasons": ["both are low", "and\nfar apart"],
        "cutoffs": {"high": 0.4},
    },
    "warnings": [{"code": "not_hu", "message": "Values do not\tlook like HU."}],
}


def test_every_number_has_a_name():
    lines = dict(line.split("\t") for line in numbers_text(METRICS).splitlines())
    assert lines["Dice"] == "0.8125"
    assert lines["IoU"] == "n/a"
    assert lines["Attention >= 0.3 and ground truth: F1"] == "0.5714"
    assert lines["Attention >= 0.3 and ground truth: recall"] == "n/a"
    assert lines["Gap: IoU with prediction - IoU with ground truth"] == "-0.1250"
    assert lines["Verdict"] == "Diffuse attention"
    assert lines["Case"] == "a b"
    assert (lines["Precision"], lines["Recall"]) == ("0.7500", "1.0000")
    assert lines["Layers"] == "encoder.1, decoder.0"
    assert lines["Cut-off: high"] == "0.4000"
    assert lines["Warning"] == "Values do not look like HU."
    assert lines["Phantom"] == "yes, not a patient"


def test_each_line_is_two_cells_and_single_layers_are_left_out():
    lines = numbers_text(METRICS).splitlines()
    assert all(line.count("\t") == 1 for line in lines)
    assert "Reason\tand far apart" in lines
    assert not any("0.9" in line for line in lines)


def test_badges_are_named_with_their_numbers():
    badge = {"name": "parameter_randomisation", "passed": True, "value": 0.12, "limit": 0.5, "text": "So it is."}
    lines = numbers_text({**METRICS, "badges": [badge]}).splitlines()
    assert "Map: Depends on what the network learned\tearned (r = 0.12, to be below 0.5)" in lines


def test_nothing_explained_has_numbers_too():
    text = numbers_text({"segmentation": {"dice": None}, "attribution": None, "verdict": None, "alignment": []})
    assert "Method\tn/a\n" in text
    assert "Verdict\tn/a\n" in text


def test_vessels_are_named():
    row = {"label": 2, "name": "PCom", "diameter_mm": 1.25, "recall": 0.5, "mean_attention": None}
    lines = numbers_text({**METRICS, "vessel_readout": {"by_label": [row, {**row, "name": None}]}}).splitlines()
    assert "PCom: diameter in mm\t1.2500" in lines and "label 2: recall\t0.5000" in lines
    assert "PCom: mean attention\tn/a" in lines
