from __future__ import annotations

import csv
import errno
import json

import matplotlib.image
import numpy as np
import pytest
from filelock import FileLock

from UMambaXAILogic.engine.domain.comparison import compare_profiles
from UMambaXAILogic.engine.domain.comparison_files import write_comparison
from UMambaXAILogic.engine.domain.comparison_plots import (
    diameter_plot,
    intensity_plot,
    noise_plot,
    spacing_plot,
)
from UMambaXAILogic.engine.domain.measure_cases import FailedCase
from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.failure import describe_failure

FILES = [
    "diameters.png",
    "domain.json",
    "intensity.png",
    "noise.png",
    "shifts.csv",
    "spacing.png",
    "table1_intensity.csv",
    "table2_resolution.csv",
    "table3_noise.csv",
    "table4_diameters.csv",
]
PLOTS = [diameter_plot, intensity_plot, noise_plot, spacing_plot]


@pytest.fixture(scope="module")
def comparison(make_profile):
    return compare_profiles(make_profile("a", 3), make_profile("b", 4, noise=7.0, phantom=True))


@pytest.fixture(scope="module")
def folder(comparison, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out") / "new" / "folder"
    files = write_comparison(
        comparison,
        folder,
        {"target": [FailedCase("bad", "/home/DOE/bad.nii.gz is damaged.", "The volume is damaged.")]},
    )
    assert sorted(path.name for path in files) == FILES
    return folder


def table(folder, name):
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def texts(figure):
    everything = [figure._suptitle.get_text()]
    for axes in figure.axes:
        everything += [axes.get_title(), axes.get_xlabel(), axes.get_ylabel()]
        everything += [text.get_text() for text in axes.texts]
    return " | ".join(everything)


def test_only_the_results_are_left(folder):
    assert sorted(path.name for path in folder.iterdir()) == FILES


def test_the_json_is_the_comparison(folder, comparison):
    body = json.loads((folder / "domain.json").read_text())
    assert body.pop("failed_cases") == {"source": [], "target": [{"case": "bad", "reason": "The volume is damaged."}]}
    assert body == json.loads(json.dumps(comparison.to_json()))


def test_tables_are_those_of_the_json(folder, comparison):
    body = comparison.to_json()
    for number, name in ((1, "intensity"), (2, "resolution"), (3, "noise"), (4, "diameters")):
        lines, rows = table(folder, f"table{number}_{name}.csv"), body["tables"][str(number)]["rows"]
        assert [(line["key"], line["averaged"]) for line in lines] == [(row["key"], row["averaged"]) for row in rows]
        for line, row in zip(lines, rows, strict=True):
            for side in ("source", "target", "difference"):
                estimate = row[side]["estimate"]
                assert line[side] == ("" if estimate is None else str(estimate))
            assert line["source_cases"] == str(row["source"]["count"]) and line["phantom"] == "target"
    shifts = table(folder, "shifts.csv")
    assert [line["key"] for line in shifts] == [shift["key"] for shift in body["shifts"]]
    assert shifts[0]["rank"] == "1" and shifts[0]["phantom"] == "target"


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".png")])
def test_plots_show_both_cohorts(folder, name):
    pixels = matplotlib.image.imread(folder / name)[..., :3]
    for color in ((0, 0x72, 0xB2), (0xD5, 0x5E, 0)):
        near = np.abs(pixels * 255 - color).max(axis=-1) < 60
        assert near.sum() > 50
    assert pixels.shape[1] >= 700


@pytest.mark.parametrize("draw", PLOTS)
def test_plots_name_units_and_phantoms(comparison, draw):
    shown = texts(draw(comparison.to_json()))
    assert "phantom data: synthetic, not patients" in shown
    assert "(HU)" in shown or "(mm)" in shown


@pytest.mark.parametrize("draw", PLOTS)
def test_plots_of_patients_do_not_say_phantom(make_profile, draw):
    body = compare_profiles(make_profile("a", 1), make_profile("b", 1)).to_json()
    assert "phantom" not in texts(draw(body))


def test_what_there_is_not_is_said(make_profile):
    source = make_profile("a", 2, units="arbitrary", noise=(None, 1.0, None), diameters=None)
    body = compare_profiles(source, make_profile("b", 2, units="arbitrary", noise=(1.0, None, None), diameters=None))
    figures = [draw(body.to_json()) for draw in PLOTS]
    shown = [texts(figure) for figure in figures]
    assert not any(axes.get_xticks().size or axes.get_yticks().size for axes in figures[0].axes)
    assert "no case has vessels to measure" in shown[0] and "no case is in HU" in shown[1]
    assert "no estimator is valid in every case" in shown[2]


def test_a_second_run_replaces_the_first(make_profile, tmp_path):
    write_comparison(compare_profiles(make_profile("a", 1), make_profile("b", 1)), tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    write_comparison(compare_profiles(make_profile("a", 1), make_profile("b", 1, noise=9.0)), tmp_path)
    assert json.loads((tmp_path / "domain.json").read_text())["distances"]["noise"]["wasserstein"] == 4
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_run_that_fails_leaves_no_json(make_profile, tmp_path, monkeypatch):
    comparison = compare_profiles(make_profile("a", 1), make_profile("b", 1))
    write_comparison(comparison, tmp_path)
    monkeypatch.setattr(
        "UMambaXAILogic.engine.domain.comparison_files.save_png",
        lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")),
    )
    with pytest.raises(OSError) as caught:
        write_comparison(comparison, tmp_path)
    assert describe_failure(caught.value).exit_code == UsageError.exit_code
    assert not (tmp_path / "domain.json").exists() and not list(tmp_path.glob("*.part"))


def test_two_runs_into_one_folder_are_kept_apart(comparison, tmp_path):
    with FileLock(tmp_path / ".umamba-xai.lock"), pytest.raises(UsageError, match="Another run"):
        write_comparison(comparison, tmp_path)


def test_a_file_is_no_folder(comparison, tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(UsageError, match="is a file"):
        write_comparison(comparison, tmp_path / "out")
