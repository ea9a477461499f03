from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import SimpleITK as sitk
from PIL import Image

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.engine.page import build_case_page, build_demo_page

VOID = {"meta", "img", "input", "br"}


class Outline(HTMLParser):
    """Checks that elements nest, and collects texts, attributes and scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.scripts: dict[str, str] = {}
        self.text = ""
        self._script = ""

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        self.links += [known[name] for name in ("src", "href") if name in known]
        self._script = known.get("id", "") if tag == "script" else ""
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[self._script] = data
        elif self.open and self.open[-1] != "style":
            self.text += f" {data}"


def outline(page) -> Outline:
    parsed = Outline()
    parsed.feed(page.read_text(encoding="utf-8"))
    assert parsed.open == []
    return parsed


def test_the_page_holds_everything_and_points_nowhere(make_case):
    case = make_case()
    page = build_case_page(case.folder, case.volume, case.ground_truth)
    assert page == case.folder / "index.html"
    parsed = outline(page)
    assert all(link.startswith("data:image/") for link in parsed.links)
    assert not re.search(r"https?://", page.read_text(encoding="utf-8"))
    data = json.loads(parsed.scripts["slice-data"])
    assert data["grey"].startswith("data:image/jpeg") and data["attention"].startswith("data:image/png")
    assert data["count"] == 9 and [entry["slice"] for entry in data["slices"]] == list(range(9))
    assert [path.name for path in sorted(case.folder.glob("*.png"))] == ["chart.png", "slices.png"]


def test_words_and_numbers_are_those_of_metrics_json(make_case):
    case = make_case()
    text = outline(build_case_page(case.folder, case.volume, case.ground_truth)).text
    assert f"{case.metrics['segmentation']['dice']:.3f}" in text
    assert f"{case.metrics['gap']:.3f}" in text
    for reason in case.metrics["verdict"]["reasons"]:
        assert reason in text
    assert "predicted voxels" in text  # the warning about unannotated vessels
    assert "seg-xres-cam" in text and "3 of 4" in text


def test_a_control_stands_beside_the_map_it_belongs_to(make_case):
    case = make_case()
    assert "control" not in outline(build_case_page(case.folder)).text
    rows = [{**row, "layer": "control", "iou": 0.123} for row in case.metrics["alignment"] if row["layer"] == "mean"]
    case.change(alignment_of_control=rows)
    text = outline(build_case_page(case.folder)).text
    assert "control: without the box's weight" in text and "0.123" in text and "put there by the box" in text


def test_pictures_show_the_slices_in_true_proportion(make_case):
    case = make_case(spacing_mm=(0.5, 1.0, 1.5))  # 15 mm wide, 24 mm high
    page = build_case_page(case.folder, case.volume, case.ground_truth)
    data = json.loads(outline(page).scripts["slice-data"])
    height, width = data["rows"] * data["pixel_mm"][0], data["columns"] * data["pixel_mm"][1]
    assert (height, width) == (24.0, 15.0)
    assert Image.open(case.folder / "slices.png").size == (1200, 860)


def test_what_cannot_be_computed_is_na(make_case):
    case = make_case(with_gt=False)
    text = outline(build_case_page(case.folder, case.volume)).text
    assert "no ground truth" in text and "Dice" in text and "n/a" in text
    assert "NaN" not in text and "None" not in text


def test_nothing_predicted_still_has_a_page(make_case):
    case = make_case(predicted=False)
    parsed = outline(build_case_page(case.folder, case.volume, case.ground_truth))
    assert "Nothing was predicted" in parsed.text
    assert json.loads(parsed.scripts["slice-data"])["attention"] is None


def test_without_the_volume_the_results_are_shown_and_the_page_says_so(make_case):
    case = make_case()
    parsed = outline(build_case_page(case.folder))
    assert "The volume itself was not at hand" in parsed.text
    assert json.loads(parsed.scripts["slice-data"])["grey"] is None


def test_phantoms_are_called_phantoms_everywhere(make_case):
    case = make_case()
    case.change(phantom=True)
    parsed = outline(build_case_page(case.folder, case.volume))
    assert "PHANTOM" in parsed.text and json.loads(parsed.scripts["slice-data"])["phantom"] is True
    demo = outline(build_demo_page(case.folder.parent, [case.folder]))
    assert "PHANTOM" in demo.text


def test_names_cannot_break_the_page(make_case):
    case = make_case()
    case.change(case="</script><script>alert(1)</script>", warnings=[{"code": "x", "message": "<b>bold</b>"}])
    parsed = outline(build_case_page(case.folder))
    assert set(parsed.scripts) == {"slice-data", ""} and "alert(1)" not in parsed.scripts[""]
    assert "<b>bold</b>" in parsed.text


def test_rendered_views_are_shown(make_case):
    case = make_case()
    Image.fromarray(np.zeros((50, 60, 3), np.uint8)).save(case.folder / "view_3d.png")
    parsed = outline(build_case_page(case.folder))
    assert "As 3D Slicer shows it" in parsed.text and len(parsed.links) == 2  # the view, and slices.png without script


def test_a_volume_on_another_grid_is_refused_with_both_grids(make_case, tmp_path):
    case = make_case()
    image = sitk.ReadImage(str(case.volume))
    image.SetSpacing((0.6, 0.5, 1.5))
    sitk.WriteImage(image, str(tmp_path / "other.nii.gz"))
    with pytest.raises(InputError, match=r"other.nii.gz does not lie on the grid(.|\n)*\n Give the very file"):
        build_case_page(case.folder, tmp_path / "other.nii.gz")
    assert not (case.folder / "index.html").exists()


def test_a_folder_without_results_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"metrics\.json"):
        build_case_page(tmp_path)


def test_the_demo_page_links_cases_and_compares_them(make_case, tmp_path):
    cases = [make_case("one"), make_case("two & a half", with_gt=False)]
    for case in cases:
        build_case_page(case.folder, case.volume)
    parsed = outline(build_demo_page(tmp_path, [case.folder for case in cases]))
    links = [link for link in parsed.links if not link.startswith("data:")]
    assert set(links) == {"one/index.html", "two%20%26%20a%20half/index.html"}
    assert "Side by side" in parsed.text and "two & a half" in parsed.text


def test_the_settings_of_a_method_are_named_as_they_became(make_case):
    case = make_case()
    path = case.folder / "metrics.json"
    metrics = json.loads(path.read_text())
    metrics["attribution"]["settings"] = {"regions": "grid", "region_size_mm": 8.0, "max_regions": 200, "fill": "shell"}
    metrics["attribution"]["details"] = {"region_count": 190, "region_size_mm": 10.2}
    path.write_text(json.dumps(metrics))
    text = outline(build_case_page(case.folder, case.volume, case.ground_truth)).text
    assert all(words in text for words in ("Regions grid", "Region size 10.2 mm", "Most regions 200", "Fill shell"))
