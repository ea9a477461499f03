"""Whether a Python that somebody names has what is needed. A process of that Python finds out.

It speaks the worker's protocol, so ``Job`` runs and cancels it, and says the version of each module.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from UMambaXAILogic.engine.errors import CancelledError, NotInstalledError
from UMambaXAILogic.engine.failure import describe_failure
from UMambaXAILogic.engine.worker.cancel import CancelWatch
from UMambaXAILogic.engine.worker.messages import MessageWriter
from UMambaXAILogic.engine.worker.path import place_packages
from UMambaXAILogic.engine.worker.streams import claim_standard_streams
from UMambaXAILogic.interaction import Command
from UMambaXAILogic.interaction.worker_command import python_command

from .contents import NEEDED_MODULES
from .device_report import say_device
from .verify import torch_facts, version_of

#: Oldest and newest Python that the engine works with, as in pyproject.toml.
PYTHONS = ((3, 11), (3, 13))

#: Put before what would not even compile in an old Python, and understood by each since 2.7. No double quotes, no line
#: breaks: it passes through Windows command lines.
_REFUSAL = (
    "import sys, json; MESSAGE = 'This is Python %d.%d, and UMambaXAI needs {oldest} to {newest}: ' "
    "% sys.version_info[:2] + sys.executable + '.'; REMEDY = 'Choose an environment with such a Python.'; "
    "sys.version_info[:2] in {supported} or (sys.stdout.write(json.dumps(dict(v=1, type='error', "
    "code='not_installed', message=MESSAGE, remedy=REMEDY))), sys.exit(6)); "
    "eval(compile(sys.argv.pop(1), 'start', 'exec'))"
)


def check_command(program: str, environment: Mapping[str, str], modules: tuple[str, ...] = NEEDED_MODULES) -> Command:
    """What checks a Python.

    Args:
        program: its path.
        environment: that Slicer's launcher has not changed.
        modules: that it must have.
    """
    (oldest_major, oldest), (_, newest) = PYTHONS
    refusal = _REFUSAL.replace("{oldest}", f"{oldest_major}.{oldest}").replace("{newest}", f"{oldest_major}.{newest}")
    supported = tuple((oldest_major, minor) for minor in range(oldest, newest + 1))
    command = python_command(__name__, modules, program, environment)
    code, *rest = command.arguments[1:]
    return replace(command, arguments=("-c", refusal.replace("{supported}", repr(supported)), code, *rest))


def main() -> int:
    """``MODULE...``; returns the exit status."""
    own_input, own_output = claim_standard_streams()
    writer = MessageWriter(own_output)
    watch = CancelWatch(own_input, writer)
    watch.start()
    try:
        place_packages(None)
        writer.say("hello", pid=os.getpid(), versions={"python": sys.version.split()[0]})
        versions = {"python": sys.version.split()[0], **_import(tuple(sys.argv[1:]), writer, watch)}
        watch.disarm()
        writer.say("result", folder=str(Path(sys.executable).parent), files={}, versions=versions)
        return 0
    except BaseException as error:
        watch.disarm()
        failure = describe_failure(error)
        with contextlib.suppress(CancelledError):
            writer.say("error", code=failure.code, message=failure.message, remedy=failure.remedy)
        return failure.exit_code


def _import(modules: tuple[str, ...], writer: MessageWriter, watch: CancelWatch) -> dict[str, str]:
    versions, problems = {}, []
    writer.say("stage", name="verify")
    for number, name in enumerate(modules, start=1):
        if watch.cancelled.is_set():
            raise CancelledError()
        writer.say("step", action="import", name=name, number=number, total=len(modules))
        writer.say("progress", stage="verify", fraction=(number - 1) / len(modules))
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            problems.append(f"{name} is not installed" if error.name == name else f"{name}: {error}")
        except Exception as error:  # compiled packages fail to load in many ways
            problems.append(f"{name}: {type(error).__name__}: {error}")
        else:
            versions[name] = version_of(module)
            if name == "torch":
                say_device(torch_facts(module), writer.say)
    if problems:
        raise NotInstalledError(
            f"{sys.executable} (Python {sys.version.split()[0]}) cannot be used: {'; '.join(problems)}.",
            "Install what is missing there, choose another Python, or empty the field to let UMambaXAI install a "
            "runtime of its own.",
        )
    return versions
