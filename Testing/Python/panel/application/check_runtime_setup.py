"""The private runtime as the panel installs it: what is asked, what runs, what a failure leaves behind."""

from __future__ import annotations

import sys
import time

import pytest
import slicer

from UMambaXAILogic.engine.errors import NotInstalledError
from UMambaXAILogic.engine.runtime_lock import RuntimeLock
from UMambaXAILogic.interaction.panel.packages import size_in_words
from UMambaXAILogic.slicer_app.dialogs import Dialogs
from UMambaXAILogic.slicer_app.environment import Environment, default_folder
from UMambaXAILogic.slicer_app.packages_settings import PackagesSettings
from UMambaXAILogic.slicer_app.process_runner import ProcessRunner
from UMambaXAILogic.slicer_app.runtime.build import Gpu, Machine, build_of
from UMambaXAILogic.slicer_app.runtime.contents import MODULES, REQUIREMENTS, Marker
from UMambaXAILogic.slicer_app.runtime.folders import RuntimeFolders
from UMambaXAILogic.slicer_app.runtime.plan import expected_fingerprint, plan_for
from UMambaXAILogic.slicer_app.runtime_setup import PrivateRuntimeSetup

LAPTOP = Machine("Linux", "x86_64")
WORKSTATION = Machine("Linux", "x86_64", (Gpu("NVIDIA RTX 4090", (580, 65, 6), (8, 9)),))


@pytest.fixture
def setup_in(tmp_path):
    """Makes a setup for ``tmp_path/data/py312``: setup_in(machine, python="")."""

    def make(machine: Machine = LAPTOP, python: str = "", wheels=None) -> PrivateRuntimeSetup:
        settings = PackagesSettings()
        settings.wheels, settings.build = wheels, "automatic"
        environment = Environment(tmp_path / "data" / "py312", python=python)
        return PrivateRuntimeSetup(environment, lambda: ProcessRunner(slicer.app), settings, lambda: machine)

    yield make
    PackagesSettings().wheels = None


@pytest.fixture
def pretend_installed(tmp_path):
    """Makes what looks like an installed runtime: pretend_installed(packages, requirements, problem)."""

    def make(packages=None, requirements=REQUIREMENTS, problem: str = "", fingerprint: str = "") -> None:
        folder = tmp_path / "data" / "py312"
        folder.mkdir(parents=True, exist_ok=True)
        for name in MODULES:
            (folder / f"{name}.py").write_text("raise RuntimeError('nobody imports this in Slicer')")
        marker = Marker(
            requirements,
            fingerprint or expected_fingerprint(),
            "cpu",
            packages or {"torch": "2.13.0+cpu", "nnunetv2": "2.8.1", "nibabel": "5.4.2"},
            dict.fromkeys(MODULES, "1"),
            2_300_000_000,
            problem,
        )
        marker.write(folder)

    return make


def test_the_question_says_what_how_large_where_and_why_this_build(setup_in, tmp_path):
    question = setup_in().question()
    assert "PyTorch 2.13.0+cpu, nnU-Net 2.8.1 and 107 more" in question.text
    assert "Build: CPU. No NVIDIA GPU" in question.text
    download = size_in_words(plan_for(LAPTOP, build_of("cpu", LAPTOP)).download_bytes)
    assert f"{download} to download" in question.text.replace("about ", "")
    assert "2.5 GB on disk" in question.text.replace("about ", "")
    assert "are free" in question.text
    assert str(tmp_path / "data" / "py312") in question.text
    assert "Slicer's own Python stays" in question.text
    assert question.details.startswith("torch 2.13.0+cpu: 192 MB")
    assert not (tmp_path / "data").exists()


def test_a_gpu_gets_the_cuda_build_and_its_size(setup_in):
    text = setup_in(WORKSTATION).question().text
    assert "CUDA 13.0. NVIDIA RTX 4090 (driver 580.65.6" in text
    assert "3.1 GB" in text
    assert "6.5 GB" in text


def test_the_build_that_was_chosen_by_hand_is_asked_for(setup_in):
    setup = setup_in(WORKSTATION)
    PackagesSettings().build = "cpu"
    assert "CPU. It was chosen by hand." in setup.question().text
    setup = setup_in(LAPTOP)
    PackagesSettings().build = "cuda"
    with pytest.raises(NotInstalledError, match="No NVIDIA GPU"):
        setup.question()
    PackagesSettings().build = "automatic"


def test_a_disk_that_is_too_full_is_refused_with_numbers_instead_of_asking(setup_in, monkeypatch):
    monkeypatch.setattr("UMambaXAILogic.slicer_app.runtime.folders.free_bytes", lambda folder: 1_000_000_000)
    with pytest.raises(NotInstalledError, match=r"needs 3\.0 GB .* 1\.0 GB are free"):
        setup_in().question()


def test_the_default_place_belongs_to_the_user_and_this_python():
    folder = default_folder()
    assert folder.parent.name == "UMambaXAI"
    assert folder.name.startswith("py3")


def test_what_is_there_is_told_without_importing_any_of_it(setup_in, pretend_installed, tmp_path):
    setup = setup_in()
    assert setup.facts().state == "missing"
    assert not setup.is_ready
    pretend_installed()
    facts = setup.facts()
    assert (facts.state, facts.build, facts.size_bytes) == ("ready", "CPU", 2_300_000_000)
    assert facts.packages["nnunetv2"] == "2.8.1"
    assert setup.is_ready
    (tmp_path / "data" / "py312" / "numba.py").unlink()
    facts = setup.facts()
    assert (facts.state, facts.problem) == ("broken", "these packages are gone: numba")
    assert not setup.is_ready
    assert not {"torch", "numba", "nnunetv2"} & set(sys.modules)


def test_other_tested_versions_make_it_old_and_other_requirements_outdated(setup_in, pretend_installed):
    setup = setup_in()
    pretend_installed({"torch": "2.13.0+cpu", "nibabel": "5.3.0"}, fingerprint="another")
    facts = setup.facts()
    assert (facts.state, facts.changes) == ("old", ("nibabel 5.3.0 -> 5.4.2",))
    assert setup.is_ready
    pretend_installed({"torch": "2.13.0+cpu"}, requirements=("torch>=1",), fingerprint="another")
    assert setup.facts().state == "outdated"
    assert not setup.is_ready
    assert "Update now?" in setup.question().text
    pretend_installed(problem="torch: OSError: no such library")
    assert setup.facts().state == "broken"
    assert "checksum" in setup.question().text


def test_an_update_says_what_it_fetches_and_not_the_size_of_everything(setup_in, pretend_installed, monkeypatch):
    monkeypatch.setattr("UMambaXAILogic.slicer_app.runtime.plan.sys.version_info", (3, 12, 0))  # Slicer's
    plan = plan_for(LAPTOP, build_of("cpu", LAPTOP))
    assert plan.is_complete
    pretend_installed({**plan.packages, "nibabel": "5.3.0"}, fingerprint="another")
    question = setup_in().question("update")
    assert "Changes: nibabel 5.3.0 -> 5.4.2." in question.text
    assert f"{size_in_words(plan.downloads['nibabel'])} to download, 2.5 GB on disk" in question.text
    assert question.details == f"nibabel 5.4.2: {size_in_words(plan.downloads['nibabel'])}"


def test_looking_asks_no_driver_starts_nothing_and_imports_nothing(setup_in, pretend_installed, monkeypatch):
    def forbidden(*arguments, **options):
        raise AssertionError("nobody has asked for anything yet")

    monkeypatch.setattr("subprocess.Popen", forbidden)
    environment = setup_in()._environment
    setup = PrivateRuntimeSetup(environment, forbidden, PackagesSettings(), ask_machine=forbidden)
    before = set(sys.modules)
    for prepare in (lambda: None, pretend_installed):
        prepare()
        setup.facts()
        assert setup.problem == ""
        assert setup.is_ready == (prepare is pretend_installed)
    assert {name.partition(".")[0] for name in set(sys.modules) - before} <= {"UMambaXAILogic"}


def test_a_look_takes_no_time(setup_in, pretend_installed):
    setup = setup_in()
    pretend_installed()
    setup.facts()
    begin = time.perf_counter()
    for _ in range(20):
        setup.facts()
    assert (time.perf_counter() - begin) / 20 < 0.02  # while a slider is dragged


def test_another_kind_of_build_can_be_had_by_an_update(setup_in, pretend_installed):
    setup = setup_in(WORKSTATION)
    pretend_installed()
    assert not setup.facts().build_differs
    PackagesSettings().build = "cuda"
    assert setup.facts().build_differs
    PackagesSettings().build = "automatic"


def test_a_folder_of_wheels_that_lacks_something_says_what(setup_in, spin, tmp_path):
    (tmp_path / "wheels").mkdir()
    setup = setup_in(wheels=tmp_path / "wheels")
    assert f"from the wheels in {tmp_path / 'wheels'}" in setup.question().text
    job = setup.start()
    spin(lambda: job.is_over, 120)
    assert job.state == "failed"
    assert "lacks 109 of 109 packages" in job.error.message or "lacks 108 of 109 packages" in job.error.message
    assert "nnunetv2 2.8.1" in job.error.message
    spin(lambda: not (tmp_path / "data").exists(), 60)
    assert not setup.is_ready


def test_a_cancelled_installation_leaves_nothing(setup_in, spin, tmp_path):
    (tmp_path / "wheels").mkdir()
    setup = setup_in(wheels=tmp_path / "wheels")
    RuntimeFolders(tmp_path / "data" / "py312").staging.mkdir(parents=True)  # as if it had come far
    job = setup.start()
    begin = time.monotonic()
    job.cancel()
    spin(lambda: job.is_over, 3)
    assert time.monotonic() - begin < 2.0
    spin(lambda: not (tmp_path / "data").exists(), 60)


def test_packages_that_are_used_are_not_deleted(setup_in, pretend_installed, spin, tmp_path):
    pretend_installed()
    setup = setup_in()
    assert "2.3 GB" in setup.question("delete").text
    worker = RuntimeLock(tmp_path / "data" / "py312")
    worker.use()
    job = setup.start("delete")
    spin(lambda: job.is_over, 60)
    worker.release()
    assert "computation is using" in job.error.message
    job = setup.start("delete")
    spin(lambda: job.is_over, 60)
    assert job.state == "finished", job.error
    assert setup.describe(job) == "The packages are deleted."
    assert not (tmp_path / "data").exists()
    assert setup.facts().state == "missing"


def test_an_existing_python_is_checked_on_demand(setup_in, spin, tmp_path):
    missing = setup_in(python=str(tmp_path / "python"))
    assert "no Python at" in missing.facts().python_problem
    setup = setup_in(python=sys.executable)
    assert setup.facts().python_versions == {}
    assert setup.question("verify") is None
    job = setup.start("verify")
    spin(lambda: job.is_over, 100)
    if job.state == "finished":
        assert setup.facts().python_versions["torch"].startswith("2.")
        assert "The packages work: python 3." in setup.describe(job)
    else:
        assert "cannot be used" in job.error.message


def test_nobody_is_asked_in_testing_mode_and_nothing_is_installed():
    assert not Dialogs().confirm("Install 2.5 GB?", "everything")
