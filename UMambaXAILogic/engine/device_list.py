"""Which devices there are, asked of a worker by doors without torch. The standard library alone is imported here."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from .atomic import write_text
from .device import DeviceFacts, list_devices, why_no_cuda
from .errors import InputError, UsageError

KIND = "devices"
DEVICES_NAME = "devices.json"
VERSION = 1


@dataclass(frozen=True)
class DeviceList:
    """What can compute.

    Args:
        devices: each as it was when it was asked, the CPU last.
        why_no_cuda: why torch offers no CUDA device, in a few words; empty where it does.
    """

    devices: tuple[DeviceFacts, ...]
    why_no_cuda: str = ""


def devices_request() -> str:
    """The text of a request file."""
    return json.dumps({"kind": KIND, "version": VERSION})


def check_request(text: str) -> None:
    """Raise ``UsageError`` for a request of another version."""
    version = json.loads(text).get("version")
    if version != VERSION:
        raise UsageError(f"The request for the devices has version {version!r}; this package reads {VERSION}.")


def write_devices(path: Path) -> None:
    """Ask torch, and write the answer down for ``read_devices``."""
    found = {"devices": [dataclasses.asdict(facts) for facts in list_devices()], "why_no_cuda": why_no_cuda()}
    write_text(path, json.dumps(found, allow_nan=False))


def read_devices(path: Path) -> DeviceList:
    """Read ``write_devices``'s file.

    Raises:
        InputError: it is not one.
    """
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        return DeviceList(tuple(DeviceFacts(**facts) for facts in body["devices"]), str(body["why_no_cuda"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"The list of devices in {path} cannot be read: {error}.", "Ask for it again.") from error
