"""What a result depends on, in one line: equal fingerprints, equal results up to rounding of the device."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from .request import Request

#: Fields that say where and with what to compute, or which files: files have a fingerprint of their own. Judging a map
#: does not change it, nor do names.
_NOT_SETTINGS = (
    *("version", "volume", "output", "case", "ground_truth", "ground_truth_names", "region", "series_uid", "model"),
    *("device", "memory_limit_gb", "scan_backend", "badges"),
)


def request_settings(request: Request) -> dict[str, Any]:
    """The settings of a request that shape its result, JSON-ready, without a path.

    Of the methods' options only those that were asked for, so that a method that gains one leaves results as they are;
    a part of the target likewise.
    """
    body = json.loads(request.to_json())
    settings = {name: value for name, value in body.items() if name not in _NOT_SETTINGS}
    settings["method_options"] = request.method_options.given()
    if not settings["method_options"]:
        del settings["method_options"]
    if request.target.part is None:
        del settings["target"]["part"]
    box = None if request.region is None else request.region.box_mm_ras
    return {**settings, "region_box_mm_ras": None if box is None else list(box)}


def request_fingerprint(request: Request, model_sha256: str) -> str:
    """SHA-256 over settings, model, and path, size and time of every file that is read.

    Args:
        request: with the paths as the run would open them.
        model_sha256: of the checkpoint; the model's path does not count.
    """
    mask = None if request.region is None else request.region.mask
    body = {
        "settings": request_settings(request),
        "model": model_sha256,
        "volume": _file_state(request.volume),
        "series": request.series_uid,
        "ground_truth": None if request.ground_truth is None else _file_state(request.ground_truth),
        "region": None if mask is None else _file_state(mask),
    }
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _file_state(path: Path) -> list[Any]:
    """Path, number of files, bytes, and time of the latest change in nanoseconds; a folder stands for its files."""
    files = 0
    size = 0
    latest_ns = 0
    try:
        entries = [entry.stat() for entry in os.scandir(path) if entry.is_file()] if path.is_dir() else [path.stat()]
    except OSError:  # reading it will say why
        entries = []
    for state in entries:
        files += 1
        size += state.st_size
        latest_ns = max(latest_ns, state.st_mtime_ns)
    return [str(path.absolute()), files, size, latest_ns]
