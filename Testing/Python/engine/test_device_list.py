"""The list of devices, as it travels from the worker to a door without torch."""

from __future__ import annotations

import json

import pytest
import torch

from UMambaXAILogic.engine import device
from UMambaXAILogic.engine.device import device_facts
from UMambaXAILogic.engine.device_list import DeviceFacts, devices_request, read_devices
from UMambaXAILogic.engine.errors import InputError, UsageError
from UMambaXAILogic.engine.progress import Reporter
from UMambaXAILogic.engine.worker.requests import read_task
from UMambaXAILogic.interaction import SubprocessRunner, worker_command
from UMambaXAILogic.interaction.job import FINISHED, Job


def test_the_worker_answers_with_what_torch_finds(tmp_path, monkeypatch):
    found = [DeviceFacts("cuda:0", "Pretended GPU", 4096, None), device_facts("cpu")]
    monkeypatch.setattr(device, "list_devices", lambda: found)
    monkeypatch.setattr(device, "why_no_cuda", lambda: "")
    answer = read_task(devices_request(), tmp_path).run(Reporter())
    assert answer.folder == tmp_path
    listed = read_devices(answer.files["devices"])
    assert listed.devices == tuple(found)
    assert listed.why_no_cuda == ""


def test_a_request_of_another_version_is_refused(tmp_path):
    with pytest.raises(UsageError, match="version 99"):
        read_task(json.dumps({"kind": "devices", "version": 99}), tmp_path)


@pytest.mark.parametrize("content", ["", "[]", '{"devices": [{"name": "cpu"}], "why_no_cuda": ""}', '{"devices": []}'])
def test_another_file_is_refused(tmp_path, content):
    (tmp_path / "devices.json").write_text(content)
    with pytest.raises(InputError, match="cannot be read"):
        read_devices(tmp_path / "devices.json")


def test_a_real_worker_lists_this_machines_devices(tmp_path):
    (tmp_path / "request.json").write_text(devices_request())
    job = Job(worker_command(tmp_path / "request.json"), SubprocessRunner())
    job.start()
    assert job.wait(60)
    assert (job.state, job.error) == (FINISHED, None)
    listed = read_devices(job.files["devices"])
    assert listed.devices[-1].name == "cpu"
    assert len([one for one in listed.devices if one.name.startswith("cuda")]) == torch.cuda.device_count()
    assert bool(listed.why_no_cuda) == (not torch.cuda.is_available())
