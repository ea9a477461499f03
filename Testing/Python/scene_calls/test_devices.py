"""Asking for the devices: of a real worker, without a scene's help."""

from __future__ import annotations

import tempfile

import pytest

pytest.importorskip("slicer", reason="slicer-core is not installed")

from UMambaXAILogic.engine.errors import NotInstalledError
from UMambaXAILogic.interaction import Command
from UMambaXAILogic.interaction.job import FINISHED
from UMambaXAILogic.logic import UMambaXAILogic


class NothingInstalled:
    is_ready = False

    def worker_command(self, request) -> Command:
        raise AssertionError("nothing may be started")


def test_the_devices_are_listed_in_the_background_and_nothing_stays_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    job = UMambaXAILogic().startListDevices()
    assert job.wait(60)
    assert (job.state, job.error) == (FINISHED, None)
    assert job.result.devices[-1].name == "cpu"
    assert not list(tmp_path.iterdir())


def test_without_the_packages_nobody_is_asked():
    with pytest.raises(NotInstalledError):
        UMambaXAILogic(environment=NothingInstalled()).listDevices()
