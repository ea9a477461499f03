"""Who computes for a scene: which Python, which kind of process, and how a call becomes a job."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import slicer

from UMambaXAILogic.engine.errors import NotInstalledError
from UMambaXAILogic.interaction import Command, Job, Runner, SubprocessRunner, worker_command
from UMambaXAILogic.scene_calls.job import ImportT, ResultT, SceneCall, SceneJob


class PythonEnvironment(Protocol):
    """Which Python the worker gets; in Slicer ``slicer_app.environment.Environment``."""

    @property
    def is_ready(self) -> bool:
        """Whether the worker can be started without installing anything."""
        ...

    def worker_command(self, request: Path | str) -> Command:
        """The command that answers a request file."""
        ...


class ThisPython:
    """The Python that runs now, with its packages: scripts outside Slicer."""

    is_ready = True

    def worker_command(self, request: Path | str) -> Command:
        """See ``PythonEnvironment.worker_command``."""
        return worker_command(request)


class SceneWorker:
    """Runs calls in worker processes, a process each.

    Args:
        runner_factory: makes the runner of each call that does not block; None: QProcess in Slicer, ``subprocess``
            elsewhere.
        environment: the Python that the worker gets; None: the private runtime in Slicer, this Python elsewhere.
    """

    def __init__(self, runner_factory: Callable[[], Runner] | None, environment: PythonEnvironment | None) -> None:
        self._make_runner = runner_factory or _default_runner
        self._environment = environment or _default_environment()

    def run(self, prepare: Callable[[Path], SceneCall[ImportT, ResultT]]) -> ResultT:
        """Do a call on this thread and return its result.

        Args:
            prepare: says what to ask of the worker, whose files go into a folder.

        Raises:
            UMambaXAIError: whatever was wrong.
        """
        job = self._job(SubprocessRunner(), prepare)
        job.start()
        try:
            job.wait()
        finally:
            job.cancel()
        if job.error is not None:
            raise job.error
        assert job.result is not None
        return job.result

    def start(self, prepare: Callable[[Path], SceneCall[ImportT, ResultT]]) -> SceneJob[ImportT, ResultT]:
        """Begin a call and return its job at once; ``prepare`` as in ``run``."""
        job = self._job(self._make_runner(), prepare)
        job.start()
        return job

    def _job(
        self, runner: Runner, prepare: Callable[[Path], SceneCall[ImportT, ResultT]]
    ) -> SceneJob[ImportT, ResultT]:
        if not self._environment.is_ready:
            raise NotInstalledError(
                "The packages that compute (torch, nnunetv2) are not installed for UMambaXAI, or have to be updated.",
                "Open the UMambaXAI module and let it do that (Packages): they lie in a folder of their own.",
            )
        work_folder = Path(tempfile.mkdtemp(prefix="umamba-xai-"))
        try:
            call = prepare(work_folder)
            next(call.request)  # refuses at once what it can
            request_file = work_folder / "request.json"
            job = Job(self._environment.worker_command(request_file), runner, stages=call.stages)
            return SceneJob(job, runner, call, request_file, work_folder)
        except BaseException:
            shutil.rmtree(work_folder, ignore_errors=True)
            raise


def _default_runner() -> Runner:
    if not _is_application():
        return SubprocessRunner()
    from UMambaXAILogic.slicer_app.process_runner import ProcessRunner

    return ProcessRunner(slicer.app)


def _default_environment() -> PythonEnvironment:
    if not _is_application():
        return ThisPython()
    from UMambaXAILogic.slicer_app.environment import Environment

    return Environment()


def _is_application() -> bool:
    """Whether this is the Slicer application and not the wheel."""
    return hasattr(slicer, "app")
