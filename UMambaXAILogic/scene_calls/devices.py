"""Which devices there are: asked of the worker, because Slicer's own Python has no torch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from UMambaXAILogic.engine.device_list import DeviceList, devices_request, read_devices
from UMambaXAILogic.interaction import Job
from UMambaXAILogic.scene_calls.job import SceneCall, ready


class DeviceListImport:
    """Reads the worker's answer; the scene has no part in it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.found = DeviceList(())

    def steps(self) -> list[Callable[[], None]]:
        """See ``SceneImport``."""
        return [self._read]

    def undo(self) -> None:
        """Nothing was added to the scene."""

    def _read(self) -> None:
        self.found = read_devices(self._path)


def devices_call(folder: Path) -> SceneCall[DeviceListImport, DeviceList]:
    """What ``listDevices`` asks."""

    def make_import(job: Job) -> DeviceListImport:
        path = job.files["devices"]
        assert path is not None
        return DeviceListImport(path)

    return SceneCall(ready(devices_request()), make_import, lambda done, job: done.found, {})
