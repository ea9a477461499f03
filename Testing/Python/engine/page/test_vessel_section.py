"""The section along the vessels: bars as long as their values, and nothing where nothing was read."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from UMambaXAILogic.engine.page import build_case_page
from UMambaXAILogic.engine.page.bar_chart import BOTTOM, HEIGHT, TOP, BarChart, Series
from UMambaXAILogic.engine.page.vessel_section import vessel_section


def chart(values, **options) -> str:
    names = [str(number) for number in range(len(values))]
    return BarChart(
        "what it shows", "x", "y", names, [(0.5, "<1")], [Series("recall", "found", values)], **options
    ).svg()


def bars(svg: str) -> list[tuple[float, str]]:
    drawing = ElementTree.fromstring(svg[: svg.index("</svg>") + 6])
    assert drawing.get("aria-label") == "what it shows"
    return [(float(bar.get("height")), bar.find("title").text) for bar in drawing.iter("rect")]


def test_bars_are_as_long_as_their_values_and_missing_ones_are_missing():
    found = bars(chart([0.5, None, 0.25, 0.0]))
    assert [title for _, title in found] == ["0: found 0.500", "2: found 0.250", "3: found 0.000"]
    assert [height for height, _ in found] == pytest.approx([HEIGHT - TOP - BOTTOM, (HEIGHT - TOP - BOTTOM) / 2, 0])


def test_the_axis_ends_above_the_largest_value_and_text_is_escaped():
    svg = chart([0.013], marked=(1, "a & b"))
    assert bars(svg)[0][0] <= HEIGHT - TOP - BOTTOM
    assert "a &amp; b" in svg and "&lt;1" in svg
    assert bars(chart([None, 0.0])) == [(0.0, "1: found 0.000")]


def test_the_section_says_whose_centreline_and_shows_both_charts(make_case):
    text = vessel_section(make_case().metrics)
    assert "Centreline of the ground truth" in text and text.count("<svg") == 2
    assert 'class="attention"' in text and 'class="recall"' in text
    assert "Numbers by diameter<" in text


def test_without_truth_there_is_no_recall_and_without_a_map_no_attention(make_case):
    alone = vessel_section(make_case("alone", with_gt=False).metrics)
    assert "Centreline of the prediction" in alone and 'class="recall"' not in alone and alone.count("<svg") == 2
    missed = vessel_section(make_case("missed", predicted=False).metrics)
    assert 'class="attention"' not in missed and missed.count("<svg") == 1


def test_labels_are_named_or_numbered(make_case):
    metrics = make_case().metrics
    row = {"voxels": 5, "diameter_mm": None, "mean_attention": 0.1, "recall": 0.5, "centreline_recall": None}
    labels = [{"label": 3, "name": "<MCA>", **row}, {"label": 4, "name": None, **row}]
    text = vessel_section({**metrics, "vessel_readout": {**metrics["vessel_readout"], "by_label": labels}})
    assert "&lt;MCA&gt;" in text and "label 4" in text and "by diameter and vessel" in text


def test_results_of_earlier_versions_have_a_page_without_it(make_case):
    case = make_case()
    del case.metrics["vessel_readout"], case.metrics["segmentation"]["cl_dice"]
    case.change()
    text = build_case_page(case.folder).read_text(encoding="utf-8")
    assert "Along the vessels" not in text
    assert re.search(r"\(clDice\)</dt><dd>n/a", text)
