"""Which devices there are, as a worker tells it to doors without torch. The standard library alone is imported here."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from .errors import InputError, UsageError

KIND = "devices"
DEVICES_NAME = "devices.json"
VERSION = 1


@dataclass(frozen=True)
class DeviceFacts:
    """One device as it is now.

    Args:
        name: ``cpu``, ``cuda:N`` or ``mps``.
        description: the maker's name for it.
        free_memory_mb: memory that could be allocated now (MiB); None where it cannot be asked.
        total_memory_mb: memory there is (MiB); None where it cannot be asked.
    """

    name: str
    description: str
    free_memory_mb: int | None
    total_memory_mb: int | None


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


def devices_text(found: DeviceList) -> str:
    """The answer as JSON, for ``read_devices``."""
    return json.dumps(dataclasses.asdict(found), allow_nan=False)


def read_devices(path: Path) -> DeviceList:
    """Read a file of ``devices_text``.

    Raises:
        InputError: it is not one.
    """
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        return DeviceList(tuple(DeviceFacts(**facts) for facts in body["devices"]), str(body["why_no_cuda"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"The list of devices in {path} cannot be read: {error}.", "Ask for it again.") from error
