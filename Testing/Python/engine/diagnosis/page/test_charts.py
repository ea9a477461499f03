from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from UMambaXAILogic.engine.diagnosis.page.alignment_chart import alignment_chart
from UMambaXAILogic.engine.diagnosis.page.difference_chart import Difference, difference_chart
from UMambaXAILogic.engine.diagnosis.page.histogram_chart import histogram_chart
from UMambaXAILogic.engine.diagnosis.page.joint_chart import BINS, bin_of, joint_chart
from UMambaXAILogic.engine.diagnosis.page.layer_chart import layer_chart
from UMambaXAILogic.engine.diagnosis.page.plot import MARK
from UMambaXAILogic.engine.diagnosis.page.strip_chart import MOST_NAMED, Strip, strip_chart, swarm
from UMambaXAILogic.engine.statistics import mean_interval

LABELS = {"source": "A <b>", "target": "B & co"}
CUTOFFS = {"high": 0.4, "low": 0.2, "gap": 0.1}


def drawn(svg: str) -> ET.Element:
    """The chart as a tree; a chart that is no well-formed XML fails here."""
    return ET.fromstring(svg)


def described(chart: ET.Element) -> str:
    """Checks that title and description are there and named, and returns the description."""
    title, text = chart.find("title"), chart.find("desc")
    assert chart.get("role") == "img" and chart.get("aria-labelledby").split() == [title.get("id"), text.get("id")]
    assert title.text and text.text
    return text.text


def marks(chart: ET.Element, side: str) -> list[ET.Element]:
    return [element for element in chart.iter() if element.get("class") == f"mark {side}"]


def place(mark: ET.Element) -> tuple[float, float]:
    if mark.tag == "circle":
        return float(mark.get("cx")), float(mark.get("cy"))
    x, y = mark.get("d")[1:].split("l")[0].split()
    return float(x), float(y) + 1.25 * MARK


def test_every_case_is_a_mark_at_its_value_with_its_name():
    values = {"source": [("one", 0.2), ("two & more", 0.8)], "target": [("three", 0.5)]}
    strips = {
        side: Strip(side, cases, mean_interval([v for _, v in cases]).to_json()) for side, cases in values.items()
    }
    chart = drawn(strip_chart("dice", "Dice of every case", "Dice", strips))
    found = marks(chart, "source")
    assert [mark.find("title").text for mark in found] == ["one: 0.20", "two & more: 0.80"]
    assert place(found[0])[1] > place(found[1])[1]  # higher values are drawn higher
    assert all(mark.tag == "circle" for mark in found) and all(mark.tag == "path" for mark in marks(chart, "target"))
    assert described(chart) == (
        "source: 2 cases, lowest 0.20, median 0.50, highest 0.80. "
        "target: 1 case, lowest 0.50, median 0.50, highest 0.50."
    )


def test_a_mean_has_a_box_only_where_it_has_an_interval():
    cases = [(str(index), 0.1 * index) for index in range(8)]
    many = Strip("source", cases, mean_interval([value for _, value in cases]).to_json())
    few = Strip("target", cases[:3], mean_interval([value for _, value in cases[:3]]).to_json())
    chart = drawn(strip_chart("dice", "Dice", "Dice", {"source": many, "target": few}))
    classes = [element.get("class") for element in chart.iter()]
    assert "limits source" in classes and "limits target" not in classes
    assert "mean-bar source" in classes and "mean-bar target" in classes


def test_thousands_of_cases_stay_small_and_are_all_drawn():
    values = [(f"case {index}", index / 5000) for index in range(5000)]
    svg = strip_chart("dice", "Dice", "Dice", {"source": Strip("source", values)})
    chart = drawn(svg)
    (dots,) = [element for element in chart.iter() if element.get("class") == "dots source"]
    assert dots.get("d").count("M") == 5000 > MOST_NAMED
    assert len(svg) < 120_000


@given(st.lists(st.floats(0, 200), max_size=60))
def test_marks_of_a_swarm_do_not_hide_each_other(heights):
    shifts = swarm(heights)
    places = np.column_stack([shifts, heights]) if heights else np.zeros((0, 2))
    for index in range(len(heights)):
        others = np.delete(places, index, axis=0)
        distance = np.hypot(*(others - places[index]).T)
        assert abs(shifts[index]) <= 50
        if len(heights) <= 10:  # there is always room for so few
            assert (distance >= 2 * MARK).all()


def test_a_chart_without_values_is_not_drawn():
    assert strip_chart("a", "A", "A", {"source": Strip("source", [])}) == ""
    assert alignment_chart("a", {"source": [], "target": []}, {}, CUTOFFS, LABELS) == ""
    assert joint_chart("a", "source", "A", {}, {}, (0.6, 0.3)) == ""
    assert layer_chart("a", "A", ["one"], {"source": {"one": None}}, LABELS) == ""
    assert difference_chart("a", "A", "A", []) == ""
    assert histogram_chart("a", "A", "A", "voxels", [0, 1], {}, LABELS) == ""


@pytest.mark.parametrize(("gap", "low"), [(0.1, 0.2), (0.3, 0.2), (0.2, 0.2), (0.0, 0.2)])
def test_the_suspect_zone_is_where_the_rule_says(gap, low):
    cutoffs = {"high": 0.4, "low": low, "gap": gap}
    chart = drawn(alignment_chart("zones", {"source": [("one", 0.3, 0.5)], "target": []}, {}, cutoffs, LABELS))
    (zone,) = [element for element in chart.iter() if element.get("class") == "zone bad"]
    (mark,) = marks(chart, "source")
    left, right, bottom, top = (46, 448, 428, 28)  # of the frame: 460 x 470 with an axis title
    corners = [tuple(map(float, point.split(","))) for point in zone.get("points").split()]
    inside = [((x - left) / (right - left), (bottom - y) / (bottom - top)) for x, y in corners]
    assert place(mark) == pytest.approx((left + 0.3 * (right - left), bottom - 0.5 * (bottom - top)), abs=0.1)
    area = 0.5 * abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(inside, [*inside[1:], inside[0]], strict=True)))
    x, y = np.meshgrid((np.arange(400) + 0.5) / 400, (np.arange(400) + 0.5) / 400)
    expected = ((x < low) & (y - x >= gap) & ~((x < low) & (y < low))).mean()
    assert area == pytest.approx(expected, abs=0.003)


def test_the_alignment_chart_counts_cases_in_zones():
    cases = {"source": [("a", 0.5, 0.6), ("b", 0.1, 0.1)], "target": [("c", 0.1, 0.5), ("d", 0.3, 0.3)]}
    chart = drawn(alignment_chart("zones", cases, {"source": (0.3, 0.35)}, CUTOFFS, LABELS))
    words = described(chart)
    assert "A <b>: 2 cases, 1 in the faithful zone, 1 in the diffuse one, 0 with low XAI-GT" in words
    assert "B & co: 2 cases, 0 in the faithful zone, 0 in the diffuse one, 1 with low XAI-GT" in words
    assert "Mean of A <b>: XAI-GT 0.300, XAI-PM 0.350." in words


def test_squares_of_the_joint_chart_have_the_area_of_their_count():
    cells = {(bin_of(0.9), bin_of(0.8)): 40, (bin_of(0.1), bin_of(0.1)): 10}
    groups = {(True, True): (40, 80.0), (False, False): (10, 20.0), (True, False): (0, 0.0), (False, True): (0, None)}
    chart = drawn(joint_chart("joint", "target", "B", cells, groups, (0.6, 0.3)))
    sides = {}
    for element in chart.iter("polygon"):
        xs = [float(point.split(",")[0]) for point in element.get("points").split()]
        sides[element.find("title").text.split()[0]] = max(xs) - min(xs)
    assert (sides["40"] / sides["10"]) ** 2 == pytest.approx(4, rel=0.05)
    assert [text.text for text in chart.iter("text") if text.get("class") == "share"] == ["80 %", "20 %", "0 %"]
    assert "10 slices have bad Dice and bad XAI-GT F1." in described(chart)


def test_scores_of_one_belong_to_the_last_step():
    assert (bin_of(0.0), bin_of(0.5), bin_of(1.0)) == (0, BINS // 2, BINS - 1)


def test_histograms_keep_the_area_of_their_shares():
    edges, shares = [0.0, 1.0, 2.0, 3.0], {"source": [0.2, 0.5, 0.3], "target": [0.0, 0.1, 0.9]}
    chart = drawn(histogram_chart("h", "H", "Intensity (HU)", "voxels", edges, shares, LABELS))
    for side, values in shares.items():
        (curve,) = [element for element in chart.iter("polyline") if element.get("class") == f"curve {side}"]
        points = [tuple(map(float, point.split(","))) for point in curve.get("points").split()]
        floor = max(y for _, y in points) if side == "target" else None
        heights = [points[2 * index][1] for index in range(3)]
        if floor is not None:
            assert (floor - heights[1]) / (floor - heights[2]) == pytest.approx(values[1] / values[2], abs=0.01)
        assert points[0][0] < points[1][0] == points[2][0]
    assert "A <b>: 5 percent lie below about 0.5, 50 percent lie below about 1.5" in described(chart)


def test_layers_stand_in_order_with_their_intervals():
    interval = mean_interval([0.4, 0.5, 0.6, 0.5, 0.4, 0.6, 0.5]).to_json()
    chart = drawn(layer_chart("l", "XAI-GT IoU", ["in", "out"], {"source": {"in": interval, "out": 0.2}}, LABELS))
    first, second = marks(chart, "source")
    assert place(first)[0] < place(second)[0] and place(first)[1] < place(second)[1]
    assert len([element for element in chart.iter() if element.get("class") == "whisker source"]) == 1
    assert described(chart) == "A <b>: in 0.50, out 0.20."


def test_differences_stand_on_their_side_of_zero():
    rows = [Difference("Dice", -0.4, -0.5, -0.3), Difference("<gap>", 0.2)]
    box = drawn(difference_chart("d", "D", "target - source", rows))
    assert box.get("tabindex") == "0" and box.get("aria-label") == "D"
    chart = box.find("svg")
    (zero,) = [element for element in chart.iter("polyline") if element.get("class") == "reference"]
    middle = float(zero.get("points").split(",")[0])
    first, second = (place(mark) for mark in marks(chart, "difference"))
    assert second[1] > first[1]  # the first row is on top
    assert first[0] < middle < second[0]
    assert described(chart) == "Dice: -0.400, 95 percent interval -0.500 to -0.300. <gap>: 0.200."
