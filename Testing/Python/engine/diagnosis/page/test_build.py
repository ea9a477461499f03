"""From cohorts' folders to the page, with pictures."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image

from UMambaXAILogic.engine.diagnosis import DiagnosisOptions, diagnose
from UMambaXAILogic.engine.diagnosis.page import build_report
from UMambaXAILogic.engine.diagnosis.page.case_inputs import NO_FOLDER, NO_TRUTH, NO_VOLUME
from UMambaXAILogic.engine.errors import CancelledError
from UMambaXAILogic.engine.page.display_plane import display_plane
from UMambaXAILogic.engine.page.pictures import slice_jpeg
from UMambaXAILogic.engine.page.slice_stack import SliceStack
from UMambaXAILogic.engine.progress import Reporter
from UMambaXAILogic.engine.volume import Geometry

PICTURE = re.compile(r'src="data:image/jpeg;base64,([^"]+)" alt="([^"]+)"')


@pytest.fixture(scope="module")
def diagnosed(cohorts, tmp_path_factory) -> tuple[dict, str]:
    """report.json and report.html."""
    out = tmp_path_factory.mktemp("report")
    diagnosis = diagnose(cohorts["source"], cohorts["target"], out, DiagnosisOptions(paper=True))
    assert diagnosis.files["report_html"] == out / "report.html"
    return diagnosis.report, (out / "report.html").read_text(encoding="utf-8")


def pictures(html: str) -> list[tuple[Image.Image, str]]:
    return [(Image.open(io.BytesIO(base64.b64decode(data))), words) for data, words in PICTURE.findall(html)]


def test_every_case_to_look_at_has_its_slices(diagnosed):
    report, html = diagnosed
    entries = report["cases_to_look_at"]
    assert len(entries) >= 4
    for entry in entries:
        of_case = [image for image, words in pictures(html) if f"Slice of {entry['case']} with" in words]
        assert 1 <= len(of_case) <= 3
        for image in of_case:
            assert image.size == (440, 440)
            assert image.getexif() == {}
    assert "is not at hand" not in html


def test_pictures_show_volume_prediction_and_truth(diagnosed):
    _, html = diagnosed
    image, _ = pictures(html)[0]
    colors = image.convert("RGB").getcolors(maxcolors=image.width * image.height)
    shades = [color for _, color in colors]
    assert any(r > 180 and 90 < g < 190 and b < 90 for r, g, b in shades)  # prediction
    assert any(r < 110 and g > 180 and b > 180 for r, g, b in shades)  # outline of the truth
    assert any(abs(r - g) < 6 and abs(g - b) < 6 and r > 40 for r, g, b in shades)  # the volume's grey


def test_charts_have_a_mark_for_every_case(diagnosed):
    report, html = diagnosed
    (dice,) = re.findall(r'<svg[^>]*aria-labelledby="dice-cases-title.*?</svg>', html)
    for side, count in (("source", 8), ("target", 6)):
        assert len(re.findall(rf'class="mark {side}"', dice)) == count
        for index in range(count):
            assert re.search(rf"<title>{side}_{index}: 0\.\d\d</title>", dice)
    for name in (
        "diameters",
        "spacing-superior-inferior",
        "alignment-cases",
        "joint-source",
        "layers-0",
        "excess-cases",
    ):
        assert f'aria-labelledby="{name}-title' in html
    assert "The volume cannot be read." in html


def test_a_browser_shows_the_pictures_and_asks_for_nothing(diagnosed, browser, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(diagnosed[1], encoding="utf-8")
    page = browser.new_page(viewport={"width": 375, "height": 800})
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    widths = page.evaluate("[...document.images].map(image => [image.naturalWidth, image.clientWidth])")
    assert len(widths) == len(pictures(diagnosed[1])) and all(own == 440 and 200 < drawn < 375 for own, drawn in widths)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.close()
    assert said == [] and {url for url in asked if not url.startswith("data:image/jpeg")} == {path.as_uri()}


def test_no_path_reaches_the_page(diagnosed, cohorts):
    report, html = diagnosed
    text = json.dumps(report)
    for folder in (cohorts["source"].parent, cohorts["target"].parent, Path.home(), Path.cwd()):
        assert str(folder) not in html and str(folder) not in text
    assert ".nii.gz" not in html


def test_names_can_be_hidden_everywhere(cohorts, tmp_path):
    report = diagnose(cohorts["source"], cohorts["target"], tmp_path, DiagnosisOptions(anonymise=True)).report
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    for side, count in (("source", 8), ("target", 7)):
        for index in range(count):
            assert f"{side}_{index}" not in html and f"{side}_{index}" not in json.dumps(report)
    assert len(pictures(html)) >= 4  # they are found by the hash
    assert re.search(r"<title>case-[0-9a-f]{10}: 0\.\d\d</title>", html)


@pytest.fixture
def moved(cohorts, tmp_path) -> dict[str, Path]:
    """Copies of the cohorts' folders, with the volumes beside them."""
    for folder in cohorts.values():
        shutil.copytree(folder, tmp_path / folder.name)
        shutil.copytree(folder.parent / f"{folder.name}-volumes", tmp_path / f"{folder.name}-volumes")
    return {side: tmp_path / folder.name for side, folder in cohorts.items()}


def test_folders_that_moved_together_still_show_the_volumes(diagnosed, moved, tmp_path):
    html = build_report(diagnosed[0], moved["source"], moved["target"], tmp_path).read_text(encoding="utf-8")
    assert "is not at hand" not in html


def test_without_the_volumes_the_slices_are_drawn_and_it_is_said(diagnosed, moved, tmp_path):
    shutil.rmtree(tmp_path / "hospital-a-volumes")
    html = build_report(diagnosed[0], moved["source"], moved["target"], tmp_path).read_text(encoding="utf-8")
    of_source = [entry for entry in diagnosed[0]["cases_to_look_at"] if entry["cohort"] == "source"]
    assert html.count(NO_VOLUME) == html.count(NO_TRUTH) == len(of_source)
    assert len(pictures(html)) == len(pictures(diagnosed[1]))


def test_a_volume_that_was_replaced_by_another_is_left_out(diagnosed, moved, tmp_path):
    for path in (tmp_path / "hospital-a-volumes").glob("[0-9]*.nii.gz"):
        image = sitk.ReadImage(str(path))
        sitk.WriteImage(image[1:, :, :], str(path))
    html = build_report(diagnosed[0], moved["source"], moved["target"], tmp_path).read_text(encoding="utf-8")
    assert NO_VOLUME in html and NO_TRUTH not in html


def test_without_the_case_folders_there_is_a_report_all_the_same(diagnosed, moved, tmp_path):
    for folder in moved.values():
        shutil.rmtree(folder / "cases")
    html = build_report(diagnosed[0], moved["source"], moved["target"], tmp_path).read_text(encoding="utf-8")
    assert html.count(NO_FOLDER.replace("'", "&#x27;")) == len(diagnosed[0]["cases_to_look_at"])
    assert pictures(html) == []


def test_a_cancelled_report_leaves_nothing(diagnosed, cohorts, tmp_path):
    with pytest.raises(CancelledError):
        build_report(diagnosed[0], cohorts["source"], cohorts["target"], tmp_path, Reporter(lambda: True))
    assert list(tmp_path.iterdir()) == []


def test_cohorts_without_truth_have_a_page(known, write_cohort_with_files, tmp_path):
    cases = {side: [known(f"{side}_{index}", index) for index in range(3)] for side in ("source", "target")}
    for side in cases:
        for case in cases[side]:
            case.gt = None
    folders = {side: write_cohort_with_files(side, some) for side, some in cases.items()}
    diagnose(folders["source"], folders["target"], tmp_path)
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "no ground truth" in html and "NaN" not in html and ">None<" not in html
    assert 'aria-labelledby="alignment-cases-title' not in html and 'aria-labelledby="layers-0-title' in html


def test_the_page_of_two_times_twenty_cases_stays_small(known, write_cohort, tmp_path):
    cases = {side: [known(f"{side}_{index}", index) for index in range(20)] for side in ("source", "target")}
    folders = {side: write_cohort(side, some) for side, some in cases.items()}
    diagnose(folders["source"], folders["target"], tmp_path, DiagnosisOptions(paper=True))
    assert (tmp_path / "report.html").stat().st_size < 1_000_000  # without pictures


def test_a_picture_stays_small_however_noisy_the_volume_is():
    noise = np.random.default_rng(0).integers(0, 256, (1, 384, 384), dtype=np.uint8)
    plane = display_plane(Geometry((384, 384, 1), (0.5, 0.5, 1.0)))
    stack = SliceStack(plane, (0,), 1, None, noise, noise, (noise > 250).astype(np.uint8))
    assert len(slice_jpeg(stack, 0, True)) < 200_000  # 18 of them in a report: less than 4 MB
