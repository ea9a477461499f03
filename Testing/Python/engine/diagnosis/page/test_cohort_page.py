"""The page of one cohort, and the pages of its cases."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from UMambaXAILogic.cli.view import find_or_build_page
from UMambaXAILogic.engine.diagnosis.page.cohort_page import build_cohort_page
from UMambaXAILogic.engine.errors import InputError


@pytest.fixture
def folder(cohorts, tmp_path) -> Path:
    """The target cohort, with one failed case, as a copy with its volumes."""
    original = cohorts["target"]
    shutil.copytree(original, tmp_path / original.name)
    shutil.copytree(original.parent / f"{original.name}-volumes", tmp_path / f"{original.name}-volumes")
    return tmp_path / original.name


def test_every_case_is_listed_with_its_scores_and_the_failed_with_its_reason(folder):
    html = find_or_build_page(folder, None, None).read_text(encoding="utf-8")
    for index in range(6):
        metrics = json.loads((folder / "cases" / f"target_{index}" / "metrics.json").read_text())
        row = re.search(rf'<th scope="row" class="text">target_{index}</th>(.*?)</tr>', html)[1]
        assert f'<td class="number">{metrics["segmentation"]["dice"]:.3f}</td>' in row
    assert "6 cases finished, 1 failed" in html and "PHANTOM" in html
    assert re.search(
        r"target_6</th><td class=\"text\">The volume cannot be read\.</td><td class=\"number\">2</td>", html
    )


def test_a_case_with_a_page_is_a_link(folder, opened_links):
    (folder / "cases" / "target_2" / "index.html").write_text("<p>case</p>")
    assert opened_links(build_cohort_page(folder)) == [folder / "cases" / "target_2" / "index.html"]


def test_a_case_of_a_cohort_is_shown_over_the_volume_of_the_manifest(folder):
    case = folder / "cases" / "target_1"
    metrics = json.loads((case / "metrics.json").read_text())
    metrics["input"] |= {"size": [10, 10, 6], "spacing": [1, 1, 1], "intensity_range": [0, 300]}
    metrics["model"] |= {"trainer": "nnUNetTrainer", "fold": [0]}
    metrics["attribution"] |= {"layers": ["decoder.1"]}
    metrics["environment"] |= {"torch": "2"}
    (case / "metrics.json").write_text(json.dumps(metrics))
    html = find_or_build_page(case, None, None).read_text(encoding="utf-8")
    assert "The volume itself was not at hand" not in html and "The ground truth was not at hand" not in html
    shutil.rmtree(folder.parent / "hospital-b-volumes")
    (case / "index.html").unlink()
    assert "The volume itself was not at hand" in find_or_build_page(case, None, None).read_text(encoding="utf-8")


def test_a_page_is_built_anew_for_a_cohort_may_still_run(folder):
    page = find_or_build_page(folder, None, None)
    page.write_text("old")
    assert "target_0" in find_or_build_page(folder, None, None).read_text(encoding="utf-8")


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"cases\.parquet"):
        find_or_build_page(tmp_path, None, None)


@pytest.fixture
def opened_links(browser):
    """Where the links of a page lead, as the browser sees them."""

    def links(path: Path) -> list[Path]:
        page = browser.new_page()
        page.goto(path.as_uri())
        found = page.evaluate("[...document.querySelectorAll('table a')].map(a => a.href)")
        page.close()
        return [Path(link.removeprefix("file://")) for link in found]

    return links


@pytest.mark.parametrize("width", [375, 1280])
def test_it_fits_the_screen(folder, browser, width):
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(build_cohort_page(folder).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.querySelector('section').getBoundingClientRect().width") > 0.8 * min(width, 1200)
    page.close()
