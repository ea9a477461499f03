"""The numbers in the panel: what was measured, to three digits, and why something could not be."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from UMambaXAILogic.interaction.panel.numbers import result_numbers
from UMambaXAILogic.interaction.panel.numbers_html import numbers_html

THRESHOLDS = (0.2, 0.3, 0.4)


def alignment(reference: str, thresholds=THRESHOLDS, **values) -> list[dict[str, Any]]:
    """Rows of the mean, whose IoU is 1 - threshold (ground truth) or 1 - threshold / 2 (prediction)."""
    share = 1.0 if reference == "gt" else 0.5
    return [
        {
            "reference": reference,
            "threshold": threshold,
            "layer": "mean",
            "iou": 1 - share * threshold,
            "f1": 0.75,
            "precision": 0.5,
            "recall": 0.25,
            "attention_voxels": 10,
            **values,
        }
        for threshold in thresholds
    ]


@pytest.fixture
def metrics() -> dict[str, Any]:
    return {
        "case": "a",
        "phantom": True,
        "model": {"architecture": "UMambaEnc", "labels": {"background": 0, "vessel": 1}},
        "target": {"label": 1, "name": "vessel"},
        "attribution": {"method": "seg-xres-cam", "layers": ["encoder.2", "decoder.0"]},
        "segmentation": {
            "pm_voxels": 10,
            "gt_voxels": 12,
            "dice": 0.81254,
            "iou": 0.7,
            "precision": 0.9,
            "recall": 0.6,
        },
        "alignment": [
            *alignment("gt"),
            *alignment("pm"),
            {**alignment("gt")[0], "layer": "encoder.2", "iou": 0.123},
        ],
        "gap": 0.15,
        "excess_alignment": {"in_pm_excess": 1.021, "p_value": 0.309},
        "verdict": {
            "name": "inconclusive",
            "text": "Inconclusive: between the cut-offs",
            "paper_rule": "inconclusive",
            "reasons": ["XAI-GT IoU 0.700 is high (>= 0.4) at attention >= 0.3."],
            "cutoffs": {"high": 0.4, "low": 0.2, "gap": 0.1, "threshold": 0.3, "significance": 0.05},
        },
        "warnings": [{"code": "phantom", "message": "A phantom."}, {"code": "again", "message": "A phantom."}],
    }


def rows(table) -> dict[str, tuple[str, ...]]:
    return {row[0]: row[1:] for row in table.rows}


def test_every_threshold_is_a_column_and_the_decisive_one_stands_out(metrics):
    numbers = result_numbers(metrics)
    table = numbers.alignment
    assert table.header == ("Attention from", "0.2", "0.3", "0.4")
    assert table.header[table.emphasis] == "0.3"
    found = rows(table)
    assert found["XAI-GT IoU"] == ("0.800", "0.700", "0.600")
    assert found["XAI-PM IoU"] == ("0.900", "0.850", "0.800")
    assert found["XAI-GT precision"][0] == "0.500" and found["XAI-GT recall"][0] == "0.250"
    assert found["XAI-GT F1"] == found["XAI-PM F1"] == ("0.750",) * 3
    assert rows(numbers.segmentation) == {"Prediction": ("0.813", "0.700", "0.900", "0.600")}
    assert not numbers.notes


def test_centreline_dice_stands_beside_dice_where_it_was_measured(metrics):
    metrics["segmentation"]["cl_dice"] = 0.9
    table = result_numbers(metrics).segmentation
    assert dict(zip(table.header, table.rows[0], strict=True))["clDice"] == "0.900"
    metrics["segmentation"] |= {"cl_dice": None, "pm_voxels": 0}
    numbers = result_numbers(metrics)
    assert numbers.segmentation.rows[0][-1] == "n/a (1)" and numbers.notes == ("(1) nothing was predicted",)


def test_the_gap_is_that_of_the_metrics_file_and_of_the_other_thresholds(metrics):
    found = rows(result_numbers(metrics).alignment)["Gap of IoU (PM - GT)"]
    assert found == ("0.100", "0.150", "0.200")
    assert found[1] == f"{metrics['gap']:.3f}"


def test_it_says_whose_numbers_they_are_and_that_a_phantom_is_no_patient(metrics):
    assert result_numbers(metrics).origin == (
        "UMambaEnc, seg-xres-cam, mean of 2 layers, target: vessel, PHANTOM, not a patient"
    )


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"unit": "component", "voxels": 246}, "only one connected part (246 voxels)"),
        ({"unit": "segment", "voxels": None}, "only one vessel segment (0 voxels)"),
    ],
)
def test_it_says_where_only_one_part_was_explained(metrics, part, words):
    metrics["target"]["part"] = part
    assert f"target: vessel, {words}" in result_numbers(metrics).origin


def test_the_verdict_stands_on_its_numbers_and_cutoffs(metrics):
    numbers = result_numbers(metrics)
    assert numbers.verdict == "Inconclusive: between the cut-offs"
    first, excess, cutoffs = numbers.reasons
    assert first == metrics["verdict"]["reasons"][0]
    assert "1.021" in excess and "p = 0.309" in excess
    for number in ("0.4", "0.2", "0.1", "0.3"):
        assert number in cutoffs
    assert numbers.warnings == ("A phantom.",)  # once


def test_a_stricter_verdict_than_the_published_rule_says_so(metrics):
    metrics["verdict"]["paper_rule"] = "spurious_correlation"
    assert any("spurious correlation" in reason for reason in result_numbers(metrics).reasons)


def test_an_excess_that_a_reason_names_is_not_said_twice(metrics):
    metrics["verdict"]["reasons"].append("In-PM excess alignment 1.021 is not significantly under 1.")
    assert sum("excess alignment" in reason for reason in result_numbers(metrics).reasons) == 1


def test_without_ground_truth_the_cells_say_so_and_the_rest_is_there(metrics):
    metrics["segmentation"] |= {"gt_voxels": None, "dice": None, "iou": None, "precision": None, "recall": None}
    metrics["alignment"] = alignment("pm")
    metrics["gap"] = metrics["excess_alignment"] = None
    numbers = result_numbers(metrics)
    assert numbers.notes == ("(1) there is no ground truth",)
    found = rows(numbers.alignment)
    assert found["XAI-GT IoU"] == found["Gap of IoU (PM - GT)"] == ("n/a (1)",) * 3
    assert found["XAI-PM IoU"] == ("0.900", "0.850", "0.800")
    assert rows(numbers.segmentation)["Prediction"] == ("n/a (1)",) * 4


def test_a_threshold_above_all_attention_has_its_own_reason(metrics):
    nothing = {"iou": 0.0, "f1": 0.0, "precision": None, "recall": 0.0, "attention_voxels": 0}
    metrics["alignment"] = [*alignment("gt", (0.3,)), *alignment("gt", (0.9,), **nothing)]
    numbers = result_numbers(metrics)
    assert rows(numbers.alignment)["XAI-GT precision"] == ("0.500", "n/a (1)")
    assert numbers.notes[0] == "(1) no voxel has attention from 0.9"


def test_an_empty_ground_truth_is_not_a_missing_one(metrics):
    metrics["segmentation"].update(gt_voxels=0, dice=0.0, recall=None)
    metrics["alignment"] = [*alignment("gt", iou=0.0, f1=0.0, precision=0.0, recall=None), *alignment("pm")]
    numbers = result_numbers(metrics)
    assert numbers.notes == ("(1) the ground truth is empty",)
    assert rows(numbers.alignment)["XAI-GT recall"] == ("n/a (1)",) * 3
    assert rows(numbers.segmentation)["Prediction"] == ("0.000", "0.700", "0.900", "n/a (1)")


def test_nothing_predicted_has_a_table_of_its_own_and_no_attention(metrics):
    metrics["segmentation"] = {"pm_voxels": 0, "gt_voxels": 12, "dice": 0.0, "iou": 0.0, "precision": None, "recall": 0}
    metrics |= {"alignment": [], "attribution": None, "excess_alignment": None, "gap": None}
    numbers = result_numbers(metrics)
    assert numbers.alignment is None
    assert numbers.notes == ("(1) nothing was predicted",)
    assert numbers.origin.startswith("UMambaEnc, target")


def test_a_file_of_a_version_that_measured_less_is_no_empty_prediction(metrics):
    del metrics["segmentation"]["recall"]
    assert result_numbers(metrics).notes == ("(1) it was not measured",)


class _Cells(HTMLParser):
    """Rows of cells, and what is no tag that a label knows."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        assert tag in {"p", "b", "table", "tr", "td", "div"}
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "td" in self.open:
            self.rows[-1][-1] += data


def parsed(html: str) -> _Cells:
    parser = _Cells()
    parser.feed(html)
    parser.close()
    assert not parser.open
    return parser


def judged(name, passed, value=0.1234, limit=0.5):
    return {"name": name, "passed": passed, "value": value, "limit": limit, "text": "So it is."}


def test_badges_say_what_was_earned_and_by_which_numbers(metrics):
    metrics |= {"badges": [judged("parameter_randomisation", True), judged("better_than_vesselness", False, 0.2, 0.3)]}
    numbers = result_numbers(metrics)
    assert numbers.badges == (
        "\u2713 Depends on what the network learned: earned (r = 0.12, to be below 0.5)",
        "\u2717 More faithful than vesselness: not earned (score 0.20 against 0.30)",
    )
    assert all(badge in numbers_html(numbers) for badge in numbers.badges)


def test_a_map_that_nobody_judged_says_so_and_one_that_nobody_can_judge_nothing(metrics):
    assert result_numbers(metrics).badges == ()
    (asked,) = result_numbers({**metrics, "badges": None}).badges
    assert asked.startswith("Not judged yet")
    assert result_numbers({**metrics, "badges": None, "attribution": None}).badges == ()


def test_vessels_that_the_ground_truth_tells_apart_have_a_row_each(metrics):
    assert result_numbers(metrics).vessels is None
    rows = [
        {"label": 1, "name": "BA <left>", "diameter_mm": 3.04, "recall": 0.875, "mean_attention": 0.5},
        {"label": 7, "name": None, "diameter_mm": None, "recall": 0.25, "mean_attention": None},
    ]
    numbers = result_numbers({**metrics, "vessel_readout": {"by_label": rows}})
    assert numbers.vessels.rows == (
        ("BA <left>", "3.0", "0.875", "0.500"),
        ("label 7", "n/a (1)", "0.250", "n/a (2)"),
    )
    assert numbers.notes == ("(1) no centreline runs in it", "(2) there is no attention map")
    assert "BA &lt;left&gt;" in numbers_html(numbers)
    assert result_numbers({**metrics, "vessel_readout": {"by_label": None}}).vessels is None


def test_the_html_holds_every_cell_and_no_markup_of_others(metrics):
    metrics["target"]["name"] = "<b>vessel</b> & <script>"
    html = numbers_html(result_numbers(metrics))
    found = parsed(html).rows
    assert ["XAI-PM IoU", "0.900", "0.850", "0.800"] in found
    assert "<script>" not in html and "&lt;script&gt;" in html
    assert "(&gt;= 0.4)" in html


def test_many_thresholds_make_the_table_longer_not_wider(metrics):
    many = tuple(round(0.05 * step, 2) for step in range(1, 13))
    metrics["alignment"] = [*alignment("gt", many), *alignment("pm", many)]
    html = numbers_html(result_numbers(metrics))
    found = parsed(html).rows
    assert max(map(len, found)) == 6
    headers = [row[1:] for row in found if row[0] == "Attention from"]
    assert [cell for row in headers for cell in row] == [f"{threshold:g}" for threshold in many]
    assert len(re.findall("<b>0.3</b>", html)) == 1


VALUE = st.one_of(st.none(), st.floats(-1, 1))


@given(
    st.lists(st.sampled_from([0.1, 0.3, 0.5]), unique=True),
    st.lists(st.sampled_from(["gt", "pm"]), unique=True),
    VALUE,
    st.sampled_from([None, 0, 5]),
    st.sampled_from([0, 5]),
)
def test_whatever_is_null_there_is_a_cell_and_a_reason(thresholds, references, value, gt_voxels, attended):
    table = [
        row
        for reference in references
        for row in alignment(
            reference, thresholds, iou=value, f1=value, precision=value, recall=value, attention_voxels=attended
        )
    ]
    metrics = {"segmentation": {"pm_voxels": 1, "gt_voxels": gt_voxels, "dice": value}, "alignment": table}
    numbers = result_numbers(json.loads(json.dumps(metrics)))
    cells = [
        cell for part in (numbers.segmentation, numbers.alignment) if part for row in part.rows for cell in row[1:]
    ]
    named = {f"n/a {note.split(' ')[0]}" for note in numbers.notes}
    assert {cell for cell in cells if cell.startswith("n/a")} == named
    assert all(cell.startswith("n/a") or -2 <= float(cell) <= 2 for cell in cells)
    parsed(numbers_html(numbers))
