"""``domain`` and ``profile`` as a user types them."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from UMambaXAILogic.cli import main
from UMambaXAILogic.engine.domain import measure_cases
from UMambaXAILogic.engine.domain.profile import read_profile
from UMambaXAILogic.engine.volume_io import PHANTOM_DESCRIPTION


def write_cohort(folder, count, spacing, noise, phantom=False):
    """Small heads of tissue in air with a vessel; a manifest beside ``volumes`` and ``masks``."""
    lines = ["case,volume,gt"]
    for name in ("volumes", "masks"):
        (folder / name).mkdir(parents=True)
    for number in range(count):
        mask = np.zeros((20, 28, 30), np.uint8)
        mask[8:11, 12:16, 6:24] = 1
        values = np.full(mask.shape, -1000.0)
        values[3:17, 4:24, 4:26] = 40
        values[mask > 0] = 350
        values += np.random.default_rng(number).normal(0, noise, mask.shape)
        for array, name in (
            (np.rint(values).astype(np.int16), f"volumes/p{number}.nii.gz"),
            (mask, f"masks/p{number}.nii.gz"),
        ):
            image = sitk.GetImageFromArray(array)
            image.SetSpacing(spacing)
            if phantom:
                image.SetMetaData("ITK_FileNotes", PHANTOM_DESCRIPTION)
            sitk.WriteImage(image, str(folder / name))
        lines.append(f"p{number},volumes/p{number}.nii.gz,masks/p{number}.nii.gz")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def cohorts(tmp_path_factory):
    root = tmp_path_factory.mktemp("cohorts")
    return write_cohort(root / "near", 2, (0.5, 0.5, 1.0), 3, True), write_cohort(root / "far", 2, (0.5, 0.5, 2.0), 4)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """``run("words ...")`` -> exit status, standard output, standard error; in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*words):
        status = main([str(word) for word in words])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return call


def domain(folder="out"):
    return json.loads(Path(folder, "domain.json").read_text())


def rows_of(profile):
    return read_profile(Path(profile)).rows


def test_two_manifests(cohorts, run):
    near, far = cohorts
    status, out, err = run("domain", "--source", near / "manifest.csv", "--target", far, "--out", "out")
    assert (status, err) == (0, "")
    assert "Source: near, 2 cases, phantom\nTarget: far, 2 cases\n" in out
    assert out.count("\nTable ") == 4 and "Largest shifts" in out and "domain.json" in out
    assert "Spacing S-I (mm)                                       1.000     2.000   +1.000, x 2.00" in out
    first = out.partition("Largest shifts")[2].splitlines()[1]
    assert first.split()[:2] == ["1.", "+6.67"] and "S-I: 1.000 -> 2.000 mm (+100%)" in first
    body = domain()
    assert body["phantom"] and body["source"]["name"] == "near" and body["target"]["masks"] == {"ground_truth": 2}
    assert body["shifts"][0]["standardised_difference"] == pytest.approx(1 / 0.15)


def test_folders_with_masks(cohorts, run):
    near, far = cohorts
    words = ["domain", "--source", near / "volumes", "--target", far / "volumes", "--out", "out", "--quiet"]
    assert run(*words) == (0, "", "")
    assert domain()["tables"]["4"]["rows"][0]["source"]["estimate"] is None
    for masks in (
        ["--masks", near / "masks", far / "masks"],
        ["--source-masks", near / "masks", "--target-masks", far / "masks"],
    ):
        assert run(*words, *masks) == (0, "", "")
        assert domain()["tables"]["4"]["rows"][0]["target"]["count"] == 2
    assert run(*words, "--target-masks", far / "masks")[0] == 0
    assert [domain()[side]["masks"] for side in ("source", "target")] == [{"unknown": 2}, {"ground_truth": 2}]


def test_masks_that_belong_to_the_other_cohort_are_no_news(cohorts, run, tmp_path):
    near, far = cohorts
    shutil.copytree(near / "masks", tmp_path / "masks")
    shutil.copytree(far / "volumes", tmp_path / "volumes")
    for number in range(2):
        shutil.move(tmp_path / "volumes" / f"p{number}.nii.gz", tmp_path / "volumes" / f"q{number}.nii.gz")
        shutil.copy(far / "masks" / f"p{number}.nii.gz", tmp_path / "masks" / f"q{number}.nii.gz")
    words = ["domain", "--source", near / "volumes", "--target", "volumes", "--masks", "masks", "--out", "out"]
    assert run(*words)[2] == ""


def test_a_stored_profile_stands_for_its_volumes(cohorts, run):
    near, far = cohorts
    assert run("profile", near, "--out", "deep/near.json", "--name", "training set", "--window", "0,100")[0] == 0
    status, _, err = run("domain", "--source", "deep/near.json", "--target", far, "--out", "out")
    assert (status, err) == (0, "")
    assert domain()["source"]["name"] == "training set"
    assert domain()["settings"]["window_hu"] == [0, 100]  # the volumes are measured as the profile was
    assert run("domain", "--source", far, "--target", "deep/near.json", "--out", "back", "--quiet")[0] == 0
    assert domain("back")["shifts"][0]["difference"] == -domain()["shifts"][0]["difference"]


def test_settings_that_do_not_fit_a_stored_profile_are_refused(cohorts, run, monkeypatch):
    near, far = cohorts
    run("profile", near, "--out", "near.json")
    run("profile", near, "--out", "wide.json", "--window", "0,200")
    monkeypatch.setattr(measure_cases, "measure_case", lambda *_: pytest.fail("measured in vain"))
    for words, message in (
        (
            ["domain", "--source", "near.json", "--target", far, "--window", "0,90"],
            "--window asks for: 0 to 80 HU, not",
        ),
        (["domain", "--source", "near.json", "--target", "near.json", "--isotropic", "0.4"], "--isotropic asks for"),
        (["profile", far, "near.json", "--window", "0,90"], "--window asks for: 0 to 80 HU, not 0 to 90 HU"),
        (["profile", "near.json", far, "wide.json"], "were made with other settings"),
    ):
        status, _, err = run(*words, "--out", "out")
        assert status == 3 and message in err and "Traceback" not in err
        assert not Path("out").exists()
    assert run("domain", "--source", "near.json", "--target", "near.json", "--out", "out", "--window", "0,80")[0] == 0


def test_volumes_are_measured_as_the_profile_they_are_merged_with(cohorts, run):
    near, far = cohorts
    run("profile", near, "--out", "near.json", "--window", "0,100")
    assert run("profile", far, "near.json", "--out", "both.json", "--quiet") == (0, "", "")
    assert read_profile(Path("both.json")).settings.window_hu == (0, 100)
    assert [row.case for row in rows_of("both.json")] == ["far/p0", "far/p1", "near/p0", "near/p1"]


def test_empty_masks_are_no_vessels(cohorts, run, tmp_path):
    near, _ = cohorts
    emptied = shutil.copytree(near, tmp_path / "emptied")
    path = str(emptied / "masks" / "p1.nii.gz")
    sitk.WriteImage(sitk.ReadImage(path) * 0, path)
    status, out, err = run("profile", emptied, "--out", "p.json")
    assert status == 0 and "2 phantom cases, 1 with vessels" in out and "mask_empty" in err


@pytest.mark.parametrize("command", ["domain --source near.json --target near.json", "profile near.json"])
def test_ctrl_c_is_heard_while_libraries_swallow_it(cohorts, run, monkeypatch, command):
    run("profile", cohorts[0], "--out", "near.json", "--quiet")

    class Swallowing:
        """Stands for a library whose import catches everything."""

        def find_spec(self, name, *_):
            if name == module:
                with contextlib.suppress(KeyboardInterrupt):
                    signal.raise_signal(signal.SIGINT)

    module = "UMambaXAILogic.engine.domain.cohort_source"
    monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(sys, "meta_path", [Swallowing(), *sys.meta_path])
    status, out, err = run(*command.split(), "--out", "out")
    assert (status, out) == (130, "") and "Cancelled" in err and not Path("out").exists()


def test_profile_says_what_it_stored(cohorts, run):
    near, far = cohorts
    status, out, err = run("profile", near / "volumes", "--masks", near / "masks", "--out", "p.json")
    assert (status, out, err) == (0, "p.json: profile 'volumes' of 2 phantom cases, 2 with vessels\n", "")
    assert [row.case for row in rows_of("p.json")] == ["p0", "p1"]


def test_profiles_are_merged(cohorts, run):
    near, far = cohorts
    run("profile", near, "--out", "near.json")
    status, out, _ = run("profile", "near.json", far, "--out", "both.json")
    assert status == 0 and "'near + far' of 4 cases, 2 of them phantom, 4 with vessels" in out
    assert [row.case for row in rows_of("both.json")] == ["near/p0", "near/p1", "far/p0", "far/p1"]


def test_a_failing_case_is_named_and_left_out(cohorts, run, tmp_path):
    near, far = cohorts
    broken = shutil.copytree(near, tmp_path / "broken")
    (broken / "volumes" / "p1.nii.gz").write_bytes(b"")
    status, out, err = run("domain", "--source", far, "--target", broken, "--out", "out")
    assert status == 0 and err.startswith("Warning: target: p1 is left out: ")
    assert [case["case"] for case in domain()["failed_cases"]["target"]] == ["p1"]
    assert domain()["target"]["cases"] == 1 and "Intervals need 6 cases" in out


def test_no_case_left_is_unusable_input(cohorts, run, tmp_path):
    near, far = cohorts
    broken = shutil.copytree(near, tmp_path / "broken")
    for volume in (broken / "volumes").iterdir():
        volume.write_bytes(b"")
    status, out, err = run("domain", "--source", far, "--target", broken, "--out", "out")
    assert status == 3 and out == "" and "None of the 2 cases" in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        ("domain --source none --target none --out out", 3, "none does not exist"),
        ("domain --source none --out out", 2, "--target"),
        ("domain --source a --target b --out out --masks a b c", 2, "names 3 folders"),
        ("domain --source a --target b --out out --masks a --source-masks b", 2, "again for one cohort"),
        ("domain --source a --target b --out out --window 80", 2, "not two numbers"),
        ("domain --source a --target b --out out --window 80,0", 2, "window 80 to 0 HU is empty"),
        ("domain --source a --target b --out out --isotropic 0", 2, "not a number above 0"),
        ("domain --source a --target b --out out --workers 0", 2, "0 workers"),
        ("domain --source a --target b --out out --seed -1", 2, "is negative"),
        ("domain --source a --target b --out file", 2, "file is a file"),
        ("profile a b --out p.json --masks m", 2, "One folder of masks was named for 2 cohorts"),
        ("profile a --out .", 2, "is a folder"),
        ("profile none --out p.json", 3, "none does not exist"),
    ],
)
def test_mistakes_are_explained(run, tmp_path, words, status, message):
    (tmp_path / "file").touch()
    found, out, err = run(*words.split())
    assert (found, out) == (status, "") and message in err and "Traceback" not in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_volumes_whose_files_do_not_say_are_ct_if_told(cohorts, run, tmp_path):
    _, far = cohorts
    cropped = shutil.copytree(far, tmp_path / "cropped")
    for path in (cropped / "volumes").iterdir():
        image = sitk.ReadImage(str(path))
        sitk.WriteImage(sitk.Clamp(image, sitk.sitkInt16, -120, 900), str(path))
    status, _, err = run("profile", cropped, "--out", "p.json")
    assert status == 0 and "arbitrary_units" in err
    assert {row.units for row in rows_of("p.json")} == {"arbitrary"}
    assert run("profile", cropped, "--out", "p.json", "--modality", "CT")[2] == ""
    assert {row.units for row in rows_of("p.json")} == {"HU"}
