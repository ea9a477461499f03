"""The doctor finds what is missing, says what to do, and shows which scan each device gets."""

from __future__ import annotations

import argparse
import json

import pytest

from UMambaXAILogic.cli import main
from UMambaXAILogic.engine import doctor
from UMambaXAILogic.engine.errors import NotInstalledError
from UMambaXAILogic.engine.model.selective_scan import choose_backend


@pytest.fixture(autouse=True)
def demo_model(monkeypatch, tmp_path):
    """These tests do not depend on whether the model has been built into the source tree."""
    monkeypatch.setattr("UMambaXAILogic.engine.resources.resource_path", lambda name: tmp_path / name)


def _check(name: str) -> doctor.Check:
    return next(check for check in doctor.examine().checks if check.name == name)


def test_this_environment_is_healthy(capsys):
    assert main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is True
    names = {check["name"] for check in report["checks"]}
    assert {"Python", "torch", "nnunetv2", "numba", "SimpleITK", "argparse", "torchvision", "demo model"} <= names
    cpu = report["devices"][-1]
    assert cpu["name"] == "cpu"
    assert cpu["free_memory_mb"] > 0
    assert (cpu["scan_backend"], cpu["reason"].partition(";")[0]) == (
        choose_backend("cpu").name,
        choose_backend("cpu").reason,
    )


def test_a_package_that_is_missing_ends_with_6_and_a_command(monkeypatch, capsys):
    version = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: None if name == "scipy" else version(name))
    assert main(["doctor"]) == 6
    text = capsys.readouterr().out
    assert "python -m pip install scipy" in " ".join(text.split())
    assert "Something needed is missing." in text


def test_a_package_that_does_not_import_is_broken_and_not_merely_installed(monkeypatch):
    problem = doctor._import_problem
    monkeypatch.setattr(
        doctor, "_import_problem", lambda module: "libx.so: no such file" if module == "numba" else problem(module)
    )
    check = _check("numba")
    assert check.state == doctor.BROKEN
    assert "libx.so" in check.value


def test_a_torchvision_of_another_build_is_explained_but_no_failure(monkeypatch):
    monkeypatch.setattr(doctor, "_version", lambda name: "0.28.0")
    monkeypatch.setattr(
        doctor,
        "_import_problem",
        lambda module: "operator torchvision::nms does not exist" if module == "torchvision" else None,
    )
    check = _check("torchvision")
    assert check.state == doctor.NOTE
    assert "nms" in check.value
    assert "where torch came from" in check.remedy


def test_a_shadowed_argparse_is_found(monkeypatch, tmp_path):
    monkeypatch.setattr(argparse, "__file__", str(tmp_path / "site-packages" / "argparse.py"))
    check = _check("argparse")
    assert check.state == doctor.BROKEN
    assert str(tmp_path) in check.value


@pytest.mark.parametrize("version", [(3, 10, 9), (3, 14, 0)])
def test_a_python_that_is_too_old_or_too_new_is_refused(monkeypatch, version):
    monkeypatch.setattr(doctor.sys, "version_info", version)
    assert _check("Python").state == doctor.BROKEN


def test_a_missing_demo_model_is_missed(monkeypatch):
    def refuse(name):
        raise NotInstalledError("It is not there.", "Install the package again.")

    monkeypatch.setattr("UMambaXAILogic.engine.resources.resource_path", refuse)
    assert _check("demo model").state == doctor.MISSING


def test_a_kernel_cache_that_cannot_be_written_is_noted(monkeypatch):
    monkeypatch.setattr("UMambaXAILogic.engine.model.cpu_kernels.compilation.cache_folder", lambda: None)
    check = _check("compiled kernels")
    assert check.state == doctor.NOTE
    assert "NUMBA_CACHE_DIR" in check.remedy


def test_every_finding_that_is_not_well_says_what_to_do():
    for check in doctor.examine().checks:
        assert check.state == doctor.OK or check.remedy or check.name.startswith("scan backend"), check
