"""The worker process: one request in, one JSON message a line out.

``python -m UMambaXAILogic.engine.worker --request DIR/request.json [--packages DIR]``, DIR being a private runtime.

What may be asked is listed in ``requests``, and the messages are described in
``UMambaXAILogic.interaction.protocol``. Standard output carries nothing else; what libraries print, and the traceback
of a bug, goes to standard error. Closing standard input cancels.
"""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import traceback
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import UMambaXAILogic

from ..deferred_imports import defer_rarely_used
from ..errors import CancelledError, UsageError
from ..failure import describe_failure
from ..idle_threads import let_idle_threads_sleep
from ..runtime_lock import RuntimeLock
from .cancel import CancelWatch
from .messages import MessageReporter, MessageWriter
from .path import place_packages
from .requests import read_task
from .streams import claim_standard_streams

if TYPE_CHECKING:
    import argparse

_REPORTED_PACKAGES = ("torch", "nnunetv2", "numba", "numpy", "SimpleITK", "mamba-ssm")


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run one request and end the process.

    It ends without Python's own tidying up: everything of ours is closed by then, and libraries have been seen to
    take seconds for unloading, or to hang.
    """
    own_input, own_output = claim_standard_streams()
    writer = MessageWriter(own_output)
    watch = CancelWatch(own_input, writer)
    watch.start()
    status = 1
    try:
        status = _run(arguments, writer, watch)
        sys.stderr.flush()
    finally:
        os._exit(status)


def _run(arguments: list[str] | None, writer: MessageWriter, watch: CancelWatch) -> int:
    try:
        return _answer(arguments, writer, watch)
    except BaseException as error:
        watch.disarm()
        failure = describe_failure(error)
        if failure.code == "bug":
            traceback.print_exc(file=sys.stderr)
        with contextlib.suppress(CancelledError):  # nobody listens any more: the exit status has to do
            writer.say("error", code=failure.code, message=failure.message, remedy=failure.remedy)
        return failure.exit_code


def _answer(arguments: list[str] | None, writer: MessageWriter, watch: CancelWatch) -> int:
    place_packages(None)
    options = _parse(arguments)
    if options.packages is not None:
        RuntimeLock(options.packages).use()  # to the end of this process
    place_packages(options.packages)
    writer.say("hello", pid=os.getpid(), versions=_versions())
    defer_rarely_used()
    let_idle_threads_sleep()
    task = read_task(_read_request(options.request), options.request.absolute().parent)
    watch.clean_up = task.clean_up
    answer = task.run(MessageReporter(writer, watch.cancelled))
    watch.disarm()
    files = {name: None if path is None else str(path) for name, path in answer.files.items()}
    writer.say("result", folder=str(answer.folder), files=files)
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    import argparse  # only now: another argparse may have stood before the standard library's

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise UsageError(f"The worker was called wrongly: {message}.", self.format_usage())

    parser = Parser(prog="python -m UMambaXAILogic.engine.worker", add_help=False)
    parser.add_argument("--request", type=Path, required=True, metavar="FILE")
    parser.add_argument("--packages", type=Path, metavar="DIR")
    return parser.parse_args(arguments)


def _read_request(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The request file {path} cannot be read: {error}.") from error


def _versions() -> dict[str, str]:
    versions = {"umamba-xai": UMambaXAILogic.__version__, "python": platform.python_version()}
    for name in _REPORTED_PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return versions
