"""A worker that needs no packages: it speaks the worker's protocol and segments by a threshold.

``main()`` with ``MODE FOLDER request.json``. With the mode ``answer`` it answers at once; with ``wait`` it goes on
until it is stopped, and lets the file ``FOLDER/heartbeat`` grow as long as it lives.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from UMambaXAILogic.engine.device import DeviceFacts
from UMambaXAILogic.engine.device_list import DEVICES_NAME, KIND
from UMambaXAILogic.engine.errors import CancelledError
from UMambaXAILogic.engine.failure import describe_failure
from UMambaXAILogic.engine.worker.cancel import CancelWatch
from UMambaXAILogic.engine.worker.messages import MessageWriter
from UMambaXAILogic.engine.worker.path import place_packages
from UMambaXAILogic.engine.worker.streams import claim_standard_streams

ANSWER, WAIT = "answer", "wait"
HEARTBEAT = "heartbeat"
_BEAT_S = 0.05


def main() -> int:
    """Answer one request; returns the exit status."""
    own_input, own_output = claim_standard_streams()
    writer = MessageWriter(own_output)
    watch = CancelWatch(own_input, writer)
    watch.start()
    try:
        place_packages(None)
        mode, folder, request_file = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
        writer.say("hello", pid=os.getpid(), versions={})
        request = json.loads(request_file.read_text(encoding="utf-8"))
        if request.get("kind") == KIND:
            files = _write_devices(request_file.parent)
        else:
            files = _segment(request, mode, folder, writer, watch)
        watch.disarm()
        writer.say("result", folder=str(request_file.parent), files=files)
        return 0
    except BaseException as error:
        watch.disarm()
        failure = describe_failure(error)
        with contextlib.suppress(CancelledError):  # nobody listens any more
            writer.say("error", code=failure.code, message=failure.message, remedy=failure.remedy)
        return failure.exit_code


def _segment(
    request: Mapping[str, object], mode: str, folder: Path, writer: MessageWriter, watch: CancelWatch
) -> dict[str, str]:
    writer.say("device", device="cpu", free_memory_mb=4000, scan_backend="none", reason="a threshold needs no network")
    writer.say("stage", name="segment")
    while mode == WAIT and not watch.cancelled.is_set():
        with (folder / HEARTBEAT).open("a") as heartbeat:
            heartbeat.write(".")
        writer.say("progress", stage="segment", fraction=0.5)
        time.sleep(_BEAT_S)
    if watch.cancelled.is_set():
        raise CancelledError()
    writer.say("stage", name="explain")
    from .stand_in_result import write_result

    return {name: str(path) for name, path in write_result(request).items()}


def _write_devices(folder: Path) -> dict[str, str]:
    cpu = DeviceFacts("cpu", "processor", None, None)
    answer = {"devices": [dataclasses.asdict(cpu)], "why_no_cuda": "the self-test asks for none"}
    (folder / DEVICES_NAME).write_text(json.dumps(answer), encoding="utf-8")
    return {"devices": str(folder / DEVICES_NAME)}
