"""Badges beside the map on a case's page."""

from __future__ import annotations

import json

import pytest

from UMambaXAILogic.engine.page import build_case_page
from UMambaXAILogic.engine.page.badge_strip import badge_strip

BADGES = [
    {"name": "parameter_randomisation", "passed": True, "value": 0.12, "limit": 0.5, "text": "Another map."},
    {"name": "better_than_vesselness", "passed": False, "value": 0.2, "limit": 0.31, "text": "Not <more> faithful."},
    {"name": "not_dominated_by_last_layer", "passed": None, "value": None, "limit": 0.9, "text": "No map."},
]


def test_every_badge_is_there_with_its_numbers():
    strip = badge_strip({"attribution": {}, "badges": BADGES})
    assert strip.count("<li") == 3
    assert 'class="tone-good"' in strip and "r = 0.12, to be below 0.5" in strip
    assert 'class="tone-bad"' in strip and "score 0.20 against 0.31" in strip and "&lt;more&gt;" in strip
    assert 'class="tone-none"' in strip and "not applicable" in strip


@pytest.mark.parametrize("metrics", [{"attribution": None, "badges": None}, {"attribution": {}}])
def test_nothing_is_said_of_what_is_no_map_or_never_judged(metrics):
    assert badge_strip(metrics) == ""


@pytest.mark.parametrize(
    ("badges", "words"),
    [(None, ["Not judged yet"]), (BADGES, ["Depends on what the network learned", "score 0.20 against 0.31"])],
)
def test_the_page_shows_them_beside_the_map(make_case, browser, badges, words):
    case = make_case()
    (case.folder / "metrics.json").write_text(json.dumps({**case.metrics, "badges": badges}))
    page = browser.new_page()
    page.goto(build_case_page(case.folder, case.volume, case.ground_truth).as_uri())
    strip = page.locator("ul.judged")
    assert strip.is_visible()
    assert all(word in strip.inner_text() for word in words)
    assert strip.bounding_box()["y"] < page.locator("#slice").bounding_box()["y"]
    page.close()
