"""The command that fills a folder of wheels on another machine: it works there as it is pasted."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import pytest

from UMambaXAILogic.slicer_app.runtime.build import Build, Machine
from UMambaXAILogic.slicer_app.runtime.plan import Plan, missing_wheels, plan_for
from UMambaXAILogic.slicer_app.runtime.wheels_command import FOLDER, wheels_command

LINUX = Machine("Linux", "x86_64")


@pytest.mark.parametrize("tag", ["cpu", "cu126", "cu130"])
def test_it_is_one_line_that_names_every_package(tag):
    build = Build(tag, f"https://download.pytorch.org/whl/{tag}", "")
    plan = plan_for(LINUX, build)
    command = wheels_command("Linux", plan, build)
    words = shlex.split(command)
    assert words[:5] == [f"python3.{sys.version_info[1]}", "-m", "pip", "wheel", "--wheel-dir"]
    assert words[5:8] == [FOLDER, "--extra-index-url", build.index]
    assert {"nnunetv2==2.8.1", f"torch=={plan.packages['torch']}"} <= set(words[8:])
    assert len(words[8:]) >= 98
    assert not any(letter in command for letter in "\n\"'*<>|&$`")  # means the same in every shell
    assert not any(word.startswith("argparse") for word in words)
    assert len(command) < 8000  # what the command line of Windows takes


def test_windows_has_its_own_way_to_name_a_python():
    build = Build("cpu", None, "")
    command = wheels_command("Windows", plan_for(Machine("Windows", "AMD64"), build), build)
    assert command.startswith(f"py -3.{sys.version_info[1]} -m pip wheel --wheel-dir {FOLDER} acvl-utils==")


def test_a_machine_that_nobody_measured_gets_the_tested_versions_of_what_is_required():
    build = Build("cpu", None, "")
    assert "torch==2." in wheels_command("Linux", plan_for(Machine("Linux", "aarch64"), build), build)


@pytest.mark.skipif(os.name == "nt", reason="pastes into a POSIX shell")
def test_pasted_into_a_shell_it_fills_a_folder_that_can_be_installed_from(tmp_path, wheels, do, target):
    plan = Plan({"payload": "1.0", "helper": "1.0"})
    command = wheels_command("Linux", plan, Build("cpu", None, ""))
    programs = tmp_path / "programs"
    programs.mkdir()
    python = programs / f"python3.{sys.version_info[1]}"
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)
    environment = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    environment["PATH"] = f"{programs}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert missing_wheels(tmp_path / FOLDER, plan) == ()
    job = do("install", wheels=tmp_path / FOLDER)
    assert job.state == "finished", job.error
    assert (target / "payload.py").is_file()
