from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from UMambaXAILogic.engine.page.chart import SliceChart, SliceValues, slice_values


def value(slice_number: int, dice: float | None, category: str = "good") -> SliceValues:
    return SliceValues(slice_number, 2.0 * slice_number, dice, 0.5, None, category)


def drawn(values: list[SliceValues]) -> ET.Element:
    svg = SliceChart(values, 0.3).svg()
    return ET.fromstring(f"<div>{svg}</div>")


def test_rows_are_put_from_feet_to_head_and_empty_cells_are_unknown():
    empty = {"xai_gt_f1": "", "xai_pm_f1": "", "category": ""}
    rows = [{"slice": "0", "position_s_mm": "7", "dice": "0.5", **empty}]
    rows += [{"slice": "1", "position_s_mm": "-3.5", "dice": "", **empty}]
    assert [(v.slice, v.dice) for v in slice_values(rows)] == [(1, None), (0, 0.5)]


def test_a_line_has_gaps_where_a_value_is_unknown():
    chart = drawn([value(0, 0.1), value(1, 0.2), value(2, None), value(3, 0.4), value(4, None)])
    dice = chart.find("svg/g[@class='series dice']")
    (line,) = dice.findall("polyline")
    assert len(line.get("points").split()) == 2
    assert len(dice.findall("circle")) == 1  # the lonely value between two gaps


def test_the_range_is_always_zero_to_one():
    chart = SliceChart([value(0, 0.1), value(1, 0.2)], 0.3)
    assert chart.y(1.0) < chart.y(0.5) < chart.y(0.0)
    ticks = [text.text for text in drawn([value(0, 0.1), value(1, 0.2)]).iter("text")]
    assert ticks[:6] == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]


def test_every_slice_has_its_category_and_touches_its_neighbour():
    chart = drawn([value(n, 0.9, category) for n, category in enumerate(["perfect", "worst", "true_negative"])])
    bands = [rect for rect in chart.iter("rect") if rect.get("class").startswith("band")]
    assert [rect.get("class") for rect in bands] == ["band perfect", "band worst", "band true_negative"]
    ends = [float(rect.get("x")) + float(rect.get("width")) for rect in bands]
    assert ends[0] >= float(bands[1].get("x")) and ends[1] >= float(bands[2].get("x"))


def test_one_slice_is_a_chart():
    assert drawn([value(0, 0.5)]).find("svg") is not None


@pytest.mark.parametrize("span", [0.004, 3.0, 57.0, 1200.0])
def test_ticks_are_few_and_round(span):
    values = [SliceValues(n, n * span / 10, 0.5, None, None, "") for n in range(11)]
    labels = [text.text for text in drawn(values).iter("text") if text.get("text-anchor") == "middle"]
    assert 3 <= len(labels) - 1 <= 12
