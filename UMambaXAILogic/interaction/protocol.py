"""What the worker process says: one JSON object a line on its standard output.

Every message is ``{"v": 1, "type": TYPE, ...}`` with these further fields:

=========  =====================================================================================================
type       fields
=========  =====================================================================================================
hello      ``pid`` (int, the worker's own: a launcher may hide it), ``versions`` {package: version}
device     ``device``, ``free_memory_mb`` (number or null), ``scan_backend``, ``reason`` (why these were chosen)
stage      ``name`` (a key of ``engine.progress``'s stages of that kind of request)
progress   ``stage``, ``fraction`` (0-1 of that stage)
step       of packages: ``action`` (check, keep, collect, download, build, unpack, import, remove), ``name`` of the
           package, and where they are known (else null) ``number`` of ``total``, ``bytes_done`` of ``bytes_total``
cases      of a cohort: ``done``, ``failed``, ``total``, ``seconds_left`` (number or null)
point      of a curve that is being computed, as soon as it is known and in any order: ``curve`` (its name),
           ``values`` {name of the quantity: number or null}
warning    ``code``, ``message``
result     ``folder``, ``files`` {name: path}: paths, absolute or relative to ``folder``; null for what does not exist
           (nothing predicted: no attention); their names by kind of request below; of packages also ``versions``
           {module: version}
error      ``code`` (that of a class in ``engine.errors``), ``message``, ``remedy``
=========  =====================================================================================================

Requests are JSON files; ``kind`` says which, and a file without one is a ``case``:

============  ========================================================  ==========================================
kind          asked with                                                files of its result
============  ========================================================  ==========================================
case          ``engine.request.Request``                                segmentation, attention, metrics, slices, log
deletion      ``engine.deletion_request.DeletionRequest``               deletion, table
domain        ``engine.domain.DomainRequest``                           domain, comparison
cohort        ``engine.cohort.CohortRequest``                           cases, alignment, slices, profile, summary,
                                                                        cases_csv (beside the request file)
cohort_table  ``engine.cohort.scene_requests.CasesTableRequest``        cases_csv
cohort_case   ``engine.cohort.scene_requests.CaseFilesRequest``         volume, ground_truth, segmentation, attention,
                                                                        metrics, slices
devices       ``engine.device_list.devices_request``                    devices (beside the request file)
============  ========================================================  ==========================================

The curves of ``deletion`` are named ``map`` and by their baselines; the values of their points are the fields of
``engine.benchmark.deletion_curve.Point``.

Fields that are not named here are ignored, so that a newer worker may say more. A line that is not such a message, or
one of a type that is not named here, is no error either: it belongs to the log.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROTOCOL_VERSION = 1


@dataclass(frozen=True)
class Hello:
    """The worker runs."""

    pid: int
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Device:
    """Where it computes, and why there."""

    device: str
    free_memory_mb: float | None
    scan_backend: str
    reason: str


@dataclass(frozen=True)
class Stage:
    """A stage begins."""

    name: str


@dataclass(frozen=True)
class Progress:
    """A stage is ``fraction`` (0-1) done."""

    stage: str
    fraction: float


@dataclass(frozen=True)
class Step:
    """A package is downloaded, unpacked, checked ...; what nobody knows is None."""

    action: str
    name: str
    number: int | None = None
    total: int | None = None
    bytes_done: int | None = None
    bytes_total: int | None = None


@dataclass(frozen=True)
class Cases:
    """Of a cohort's cases so many have ended."""

    done: int
    failed: int
    total: int
    seconds_left: float | None


@dataclass(frozen=True)
class Point:
    """A point of a curve; what cannot be computed is None."""

    curve: str
    values: Mapping[str, float | None]


@dataclass(frozen=True)
class Caution:
    """A warning: the computation goes on."""

    code: str
    message: str


@dataclass(frozen=True)
class Result:
    """Everything is written."""

    folder: Path
    files: Mapping[str, Path | None]
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """The computation ended with a typed error."""

    code: str
    message: str
    remedy: str


Message = Hello | Device | Stage | Progress | Step | Cases | Point | Caution | Result | Failure


class LineSplitter:
    """Turns byte chunks, cut anywhere, into complete lines.

    Bytes are split at newlines first and decoded after, so that a chunk may end in the middle of a character.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[str]:
        """The lines that ``chunk`` completes, without their line ends."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return [_decode(line) for line in lines]

    def flush(self) -> list[str]:
        """The last line, where the stream ended without a newline."""
        rest, self._rest = self._rest, b""
        return [_decode(rest)] if rest else []


def parse_line(line: str) -> Message | None:
    """The message that a line holds, or None where it holds none."""
    try:
        body = json.loads(line)
        if not isinstance(body, dict) or body.get("v") != PROTOCOL_VERSION:
            return None
        return _READERS[body["type"]](body)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _decode(line: bytes) -> str:
    return line.removesuffix(b"\r").decode("utf-8", errors="replace")


def _read_hello(body: dict[str, Any]) -> Hello:
    return Hello(int(body["pid"]), _read_versions(body))


def _read_versions(body: dict[str, Any]) -> dict[str, str]:
    return {str(name): str(version) for name, version in (body.get("versions") or {}).items()}


def _read_device(body: dict[str, Any]) -> Device:
    free = body.get("free_memory_mb")
    free_mb = None if free is None else float(free)
    return Device(str(body["device"]), free_mb, str(body.get("scan_backend") or ""), str(body.get("reason") or ""))


def _read_progress(body: dict[str, Any]) -> Progress:
    return Progress(str(body["stage"]), min(1.0, max(0.0, float(body["fraction"]))))


def _read_step(body: dict[str, Any]) -> Step:
    counts = (None if body.get(name) is None else int(body[name]) for name in _STEP_COUNTS)
    return Step(str(body["action"]), str(body["name"]), *counts)


def _read_cases(body: dict[str, Any]) -> Cases:
    left = body.get("seconds_left")
    return Cases(int(body["done"]), int(body["failed"]), int(body["total"]), None if left is None else float(left))


def _read_point(body: dict[str, Any]) -> Point:
    values = {str(name): None if value is None else float(value) for name, value in body["values"].items()}
    return Point(str(body["curve"]), values)


def _read_result(body: dict[str, Any]) -> Result:
    folder = Path(body["folder"])
    files = {str(name): None if path is None else folder / path for name, path in body["files"].items()}
    return Result(folder, files, _read_versions(body))


def _read_failure(body: dict[str, Any]) -> Failure:
    return Failure(str(body["code"]), str(body["message"]), str(body.get("remedy") or ""))


_STEP_COUNTS = ("number", "total", "bytes_done", "bytes_total")

_READERS: Mapping[str, Callable[[dict[str, Any]], Message]] = {
    "hello": _read_hello,
    "device": _read_device,
    "stage": lambda body: Stage(str(body["name"])),
    "progress": _read_progress,
    "step": _read_step,
    "cases": _read_cases,
    "point": _read_point,
    "warning": lambda body: Caution(str(body["code"]), str(body["message"])),
    "result": _read_result,
    "error": _read_failure,
}
