from __future__ import annotations

import multiprocessing
import re
import shutil
import signal
import subprocess
import sys
from concurrent.futures.process import BrokenProcessPool

import psutil
import pytest
import SimpleITK as sitk

from UMambaXAILogic.engine.cohort.manifest import read_manifest
from UMambaXAILogic.engine.domain import DomainSettings
from UMambaXAILogic.engine.domain import measure_cases as measure_module
from UMambaXAILogic.engine.domain.cohort_source import is_stored, read_profile_source
from UMambaXAILogic.engine.domain.files import measure_files
from UMambaXAILogic.engine.domain.measure_cases import Measuring, measure_cases
from UMambaXAILogic.engine.domain.profile import write_profile
from UMambaXAILogic.engine.errors import CancelledError, InputError, MemoryExhaustedError, UsageError
from UMambaXAILogic.engine.progress import Reporter


class Listener(Reporter):
    """Remembers what it is told; cancels after ``patience`` cases."""

    def __init__(self, patience=None):
        super().__init__(lambda: patience is not None and len(self.fractions) >= patience)
        self.fractions, self.warnings = [], []

    def progress(self, fraction):
        self.fractions.append(fraction)

    def warning(self, code, message):
        self.warnings.append((code, message))


@pytest.fixture(scope="module")
def cohort(write_cohort_files, tmp_path_factory):
    return write_cohort_files(tmp_path_factory.mktemp("data") / "hospital", 3)


@pytest.fixture
def own_cohort(cohort, tmp_path):
    """A copy that a test may damage."""
    return shutil.copytree(cohort, tmp_path / "hospital")


def figures(source):
    return [row.to_json() for row in source.profile.rows]


@pytest.fixture(scope="module")
def measured(cohort):
    return read_profile_source(cohort / "manifest.csv")


def test_rows_are_those_of_the_cases(cohort, measured):
    assert [row.case for row in measured.profile.rows] == ["case_0", "case_1", "case_2"]
    expected = measure_files(
        cohort / "volumes" / "case_1.nii.gz", case="case_1", mask=cohort / "masks" / "case_1_vessels.nii.gz"
    )
    assert figures(measured)[1] == expected.to_json() and expected.units == "HU"
    assert measured.profile.settings == DomainSettings() and measured.failed == ()


def test_every_kind_of_path_gives_the_same_rows(cohort, measured, tmp_path):
    write_profile(measured.profile, tmp_path / "stored.json")
    (tmp_path / "result" / "cases").mkdir(parents=True)
    write_profile(measured.profile, tmp_path / "result" / "profile.json")
    others = {
        "folder with a manifest": read_profile_source(cohort),
        "folder of volumes": read_profile_source(cohort / "volumes", cohort / "masks"),
        "profile": read_profile_source(tmp_path / "stored.json"),
        "result folder": read_profile_source(tmp_path / "result"),
        "two workers": read_profile_source(cohort, workers=2),
    }
    for kind, source in others.items():
        assert figures(source) == figures(measured), kind
    one = read_profile_source(cohort / "volumes" / "case_2.nii.gz", cohort / "masks" / "case_2_vessels.nii.gz")
    assert figures(one) == figures(measured)[2:]
    assert is_stored(tmp_path / "stored.json") and is_stored(tmp_path / "result") and not is_stored(cohort)


def test_names(cohort, measured, tmp_path):
    write_profile(measured.profile, tmp_path / "stored.json")
    assert measured.profile.name == "hospital"
    assert read_profile_source(cohort / "volumes").profile.name == "volumes"
    assert read_profile_source(cohort / "volumes" / "case_2.nii.gz").profile.name == "case_2"
    assert read_profile_source(tmp_path / "stored.json").profile.name == "hospital"
    assert read_profile_source(tmp_path / "stored.json", name="other").profile.name == "other"


def test_volumes_without_masks_have_no_morphology(cohort):
    assert all(row.morphology is None for row in read_profile_source(cohort / "volumes").profile.rows)


def test_settings_reach_the_rows(cohort):
    how = Measuring(DomainSettings((0, 100), 0.5))
    profile = read_profile_source(cohort, how=how).profile
    assert profile.settings == how.settings
    assert profile.rows[0].intensity.window == (0, 100) and profile.rows[0].morphology.isotropic_mm == 0.5


def test_a_failing_case_is_named_and_does_not_stop_the_rest(own_cohort):
    (own_cohort / "volumes" / "case_1.nii.gz").write_bytes(b"no NIfTI")
    listener = Listener()
    source = read_profile_source(own_cohort, reporter=listener)
    assert [row.case for row in source.profile.rows] == ["case_0", "case_2"]
    (failed,) = source.failed
    assert failed.case == "case_1" and str(own_cohort / "volumes" / "case_1.nii.gz") in failed.reason
    assert failed.written_reason.startswith("The volume ") and "nii" not in failed.written_reason
    assert [code for code, _ in listener.warnings] == ["case_failed"] and "case_1 is left out" in listener.warnings[0][
        1
    ]
    assert listener.fractions == pytest.approx([1 / 3, 2 / 3, 1])


def test_what_is_written_of_a_failure_names_no_patient(reference_data, tmp_path):
    series = reference_data / "data" / "dicom" / "slicer_CTHeadAxialDicom"
    folder = tmp_path / "DOE_JOHN"
    shutil.copytree(series, folder)
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("case,volume,series\na,DOE_JOHN,1.2.3.4.5.6.7\n")
    with pytest.raises(InputError):
        read_profile_source(manifest)
    (measured,) = measure_cases(read_manifest(manifest).cases, Measuring())
    assert "DOE_JOHN" in measured.failed.reason and "1.2.3.4.5.6.7" in measured.failed.reason
    assert re.fullmatch(
        r"The folder the volume holds no DICOM series uid-[0-9a-f]{12}\. It holds", measured.failed.written_reason
    )


def test_no_case_left_is_an_error(own_cohort):
    for volume in (own_cohort / "volumes").iterdir():
        volume.write_bytes(b"no NIfTI")
    with pytest.raises(InputError, match="None of the 3 cases") as caught:
        read_profile_source(own_cohort)
    assert all(f"case_{number}: " in caught.value.message for number in range(3))


def test_a_mask_on_another_grid_fails_unless_resampled(own_cohort, write_cohort_files, tmp_path):
    other = write_cohort_files(tmp_path / "other", 1, spacing=(0.6, 0.6, 1.1))
    shutil.copy(other / "masks" / "case_0_vessels.nii.gz", own_cohort / "masks")
    source = read_profile_source(own_cohort)
    assert [failed.case for failed in source.failed] == ["case_0"] and "another grid" in source.failed[0].reason
    assert not read_profile_source(own_cohort, how=Measuring(resample_masks=True)).failed


def test_the_same_warning_of_many_cases_is_given_once(own_cohort, write_cohort_files, tmp_path):
    for number in range(3):
        (own_cohort / "masks" / f"case_{number}_vessels.nii.gz").unlink()
    empty = write_cohort_files(tmp_path / "empty", 1)

    blank = sitk.ReadImage(str(empty / "masks" / "case_0_vessels.nii.gz")) * 0
    for number in range(3):
        sitk.WriteImage(blank, str(own_cohort / "masks" / f"case_{number}_vessels.nii.gz"))
    listener = Listener()
    source = read_profile_source(own_cohort, reporter=listener)
    ((code, message),) = listener.warnings
    assert code == "mask_empty" and message.startswith("In 3 of 3 cases, for example: ")
    assert all(row.morphology.diameters.count == 0 for row in source.profile.rows)


def test_values_that_cannot_be_hounsfield_units_are_said_to_be_arbitrary(own_cohort):

    path = own_cohort / "volumes" / "case_0.nii.gz"
    sitk.WriteImage(sitk.Abs(sitk.ReadImage(str(path))), str(path))
    listener = Listener()
    profile = read_profile_source(own_cohort, reporter=listener).profile
    assert [row.units for row in profile.rows] == ["arbitrary", "HU", "HU"]
    ((code, message),) = listener.warnings
    assert code == "arbitrary_units" and "case_0.nii.gz" in message and "--modality CT" in message


def test_a_manifest_of_several_domains_is_one_cohort(own_cohort):
    manifest = own_cohort / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("vessels.nii.gz,hospital", "vessels.nii.gz,a", 1))
    listener = Listener()
    read_profile_source(manifest, reporter=listener)
    assert listener.warnings[0][0] == "several_domains" and "a (1), hospital (2)" in listener.warnings[0][1]


def test_masks_of_a_manifest_without_ground_truth_are_matched(own_cohort, measured):
    manifest = own_cohort / "manifest.csv"
    manifest.write_text("case,volume\n" + "".join(f"case_{i},volumes/case_{i}.nii.gz\n" for i in range(3)))
    assert figures(read_profile_source(manifest, own_cohort / "masks")) == figures(measured)


def test_masks_beside_what_has_its_own_are_refused(cohort, measured, tmp_path):
    write_profile(measured.profile, tmp_path / "stored.json")
    with pytest.raises(UsageError, match="column gt names them already"):
        read_profile_source(cohort, cohort / "masks")
    with pytest.raises(UsageError, match="holds the figures of a cohort"):
        read_profile_source(tmp_path / "stored.json", cohort / "masks")


@pytest.mark.parametrize("inside", ["manifest.csv", "case.nii.gz"])
def test_a_profile_beside_what_it_may_have_been_made_of_is_ambiguous(measured, tmp_path, inside):
    write_profile(measured.profile, tmp_path / "profile.json")
    (tmp_path / inside).touch()
    with pytest.raises(InputError, match=f"holds a stored profile and {inside}"):
        read_profile_source(tmp_path)
    assert figures(read_profile_source(tmp_path / "profile.json")) == figures(measured)


def test_an_unfinished_cohort_is_named(tmp_path):
    (tmp_path / "cases").mkdir()
    (tmp_path / "summary.json").write_text("{}")
    with pytest.raises(InputError, match="no case of it is done"):
        read_profile_source(tmp_path)


@pytest.mark.parametrize(("name", "message"), [("none", "does not exist"), ("notes.docx", "is neither a folder")])
def test_other_paths_are_refused(tmp_path, name, message):
    (tmp_path / "notes.docx").touch()
    with pytest.raises(InputError, match=message):
        read_profile_source(tmp_path / name)


@pytest.mark.parametrize("workers", [1, 2])
def test_cancelling_stops_between_cases(cohort, workers):
    others = set(multiprocessing.active_children())  # those of other tests' clusters
    listener = Listener(patience=1)
    with pytest.raises(CancelledError):
        read_profile_source(cohort, workers=workers, reporter=listener)
    assert listener.fractions == [pytest.approx(1 / 3)]
    assert set(multiprocessing.active_children()) <= others


def test_a_worker_that_the_system_ends_is_reported(cohort, monkeypatch):
    class Pool:
        def __init__(self, *_, **__):
            self.shut = False

        def submit(self, *_):
            raise BrokenProcessPool("killed")

        def shutdown(self, **_):
            self.shut = True

    monkeypatch.setattr(measure_module, "ProcessPoolExecutor", Pool)
    with pytest.raises(MemoryExhaustedError, match="ended by the system"):
        read_profile_source(cohort, workers=2)


LAUNCHER = """
import multiprocessing, os, time
from concurrent.futures import ProcessPoolExecutor
from UMambaXAILogic.engine.domain.measure_cases import _begin_worker

if __name__ == "__main__":
    pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), initializer=_begin_worker)
    print(pool.submit(os.getpid).result(), flush=True)
    time.sleep(60)
"""


def test_a_worker_ends_with_its_launcher_however_that_ends(tmp_path):
    (tmp_path / "launcher.py").write_text(LAUNCHER)
    launcher = subprocess.Popen([sys.executable, tmp_path / "launcher.py"], stdout=subprocess.PIPE, text=True)
    worker = psutil.Process(int(launcher.stdout.readline()))
    launcher.kill()
    launcher.communicate()
    gone, _ = psutil.wait_procs([worker], timeout=30)
    assert gone or worker.status() == psutil.STATUS_ZOMBIE


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="Windows has no signal masks")
def test_processes_started_for_workers_never_hear_of_an_interrupt():
    question = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    command = [sys.executable, "-c", question]
    with measure_module._interrupts_held():
        held = subprocess.run(command, capture_output=True, text=True).stdout
    assert held.strip() == "True"
    assert subprocess.run(command, capture_output=True, text=True).stdout.strip() == "False"


def test_a_bug_is_not_taken_for_a_failing_case(cohort, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(measure_module, "measure_files", broken)
    with pytest.raises(ZeroDivisionError):
        read_profile_source(cohort)
