"""The slice chart as a user sees it; its pictures are left in ``test-output/result-view``: look at them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from UMambaXAILogic.engine.errors import NotInstalledError
from UMambaXAILogic.scene.category_bands import category_bands
from UMambaXAILogic.scene.picture_chart import draw_chart
from UMambaXAILogic.scene.pictures import write_png
from UMambaXAILogic.scene.plots import BLUE, ORANGE, Line, add_line, add_slice_chart
from UMambaXAILogic.scene.tables import add_slices_table, add_table, number_column
from UMambaXAILogic.scene.views import check_rendering

WIDTH, HEIGHT = 430, 270


@pytest.fixture(scope="module", autouse=True)
def opengl():
    try:
        check_rendering()
    except NotInstalledError as error:
        pytest.skip(f"skipped: {error.message}")


@pytest.fixture
def rows():
    """60 slices from good to bad, the last three without anything in them."""
    found = []
    for index in range(60):
        empty = index >= 57
        dice = 0.95 - 0.012 * index + 0.05 * math.sin(index)
        f1 = 0.8 - 0.013 * index + 0.06 * math.cos(1.3 * index)
        row = {"slice": index, "position_s_mm": -20 + 0.7 * index, "dice": dice, "xai_gt_f1": f1, "xai_pm_f1": f1}
        found.append({name: "" if empty and index and name not in row else str(value) for name, value in row.items()})
        if empty:
            found[-1] |= {"dice": "", "xai_gt_f1": "", "xai_pm_f1": ""}
    return found


@pytest.fixture
def keep(repository):
    def write(name: str, picture: np.ndarray) -> np.ndarray:
        folder = repository / "test-output" / "result-view"
        folder.mkdir(parents=True, exist_ok=True)
        write_png(folder / f"{name}.png", picture)
        return picture

    return write


def columns_of(picture: np.ndarray, color) -> np.ndarray:
    """Whether each column holds pixels of a colour."""
    return (np.abs(picture / 255 - np.array(color)) < 0.02).all(-1).sum(0) > 0


def share(picture: np.ndarray, color) -> float:
    return float((np.abs(picture / 255 - np.array(color)) < 0.02).all(-1).mean())


def test_bands_cover_the_plot_without_gaps_and_lines_stand_out(scene, rows, keep):
    table = add_slices_table(scene, "Slices", rows)
    chart, _ = add_slice_chart(scene, "CT scores by slice", table, True, "demo, seg-xres-cam, attention >= 0.3")
    picture = keep("chart-with-truth", draw_chart(chart, WIDTH, HEIGHT))
    shares = {band.name: share(picture, band.color) / (band.high - band.low) for band in category_bands()}
    assert min(shares.values()) > 0.75 * max(shares.values()) > 0.2  # as high as their ranges
    assert share(picture, BLUE) > 0.001 and share(picture, ORANGE) > 0.001
    wide = draw_chart(chart, 2000, 500)
    assert share(wide, (1.0, 253 / 255, 246 / 255)) < 0.3  # a band with gaps would show the background


def test_the_legend_hides_no_line(scene, rows):
    """A line that is high all along is seen wherever the lowest band is, which no legend reaches."""
    table = add_slices_table(scene, "Slices", [{**row, "dice": "0.92", "xai_gt_f1": "0.1"} for row in rows])
    chart, _ = add_slice_chart(scene, "CT scores by slice", table, True)

    def seen(picture) -> float:
        plot = columns_of(picture, category_bands()[-1].color)
        return float((columns_of(picture, BLUE) & plot).sum() / plot.sum())

    assert seen(draw_chart(chart, WIDTH, HEIGHT)) > 0.97
    assert seen(draw_chart(chart, WIDTH, HEIGHT, legend_beside=False)) < 0.8  # where VTK puts it


def test_the_cursor_is_an_upright_line_from_bottom_to_top(scene, rows, keep):
    chart, _ = add_slice_chart(scene, "C", add_slices_table(scene, "Slices", rows), True)
    before = draw_chart(chart, WIDTH, HEIGHT)
    columns = [number_column("position_s_mm", [0.0, 0.0]), number_column("height", [0.0, 1.0])]
    series = add_line(
        scene,
        Line("height", "Slice shown", (0.1, 0.1, 0.12), False),
        add_table(scene, "cursor", columns),
        "position_s_mm",
    )
    chart.AddAndObservePlotSeriesNodeID(series.GetID())
    picture = keep("chart-cursor", draw_chart(chart, WIDTH, HEIGHT))
    assert picture.shape == before.shape
    dark = (picture.astype(int).sum(-1) < 120).sum(0)
    assert dark.max() > 0.7 * HEIGHT


def test_without_ground_truth_there_are_no_bands(scene, rows, keep):
    chart, _ = add_slice_chart(scene, "CT scores by slice", add_slices_table(scene, "Slices", rows), False)
    picture = keep("chart-without-truth", draw_chart(chart, WIDTH, HEIGHT))
    assert all(share(picture, band.color) < 0.001 for band in category_bands())
    assert share(picture, ORANGE) > 0.001
