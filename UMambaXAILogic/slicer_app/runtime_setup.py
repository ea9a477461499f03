"""Installing the private runtime from the panel: what is asked, and the job that does it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from UMambaXAILogic.interaction import Job, Runner

from .environment import Environment
from .runtime import build_for_this_machine


class PrivateRuntimeSetup:
    """See ``interaction.panel.controller.RuntimeSetup``.

    Args:
        environment: where the packages go.
        make_runner: gives a fresh runner for each process.
        wheels: folder of wheels to install from, without the internet.
    """

    def __init__(
        self,
        environment: Environment,
        make_runner: Callable[[], Runner],
        wheels: Path | None = None,
    ) -> None:
        self._environment = environment
        self._make_runner = make_runner
        self._wheels = wheels
        self._build = build_for_this_machine()

    @property
    def is_ready(self) -> bool:
        """Whether nothing needs to be installed."""
        return self._environment.is_ready

    @property
    def problem(self) -> str:
        """Why the Python that was chosen cannot be used."""
        return self._environment.problem

    def question(self) -> str:
        """What would be installed, how large it is and where."""
        environment = self._environment
        return (
            f"Segment & Explain needs PyTorch ({self._build.name}), nnU-Net and a few more Python packages, about "
            f"{self._build.size_gb:.1f} GB. They go into a folder of their own, and Slicer's own Python stays as it "
            f"is:\n\n{environment.folder}\n\nInstall them now? This takes some minutes and can be cancelled. "
            "Without the internet: cancel, and under Advanced name an existing Python that has torch and nnunetv2."
        )

    def start(self) -> Job:
        """Begin to install; what a cancel or a failure leaves behind is removed afterwards."""
        installation = self._environment.installation(self._build, self._wheels)
        job = Job(installation.install, self._make_runner())
        job.finished.connect(lambda ended: None if ended.error is None else self._clean(installation.clean))
        job.start()
        return job

    def _clean(self, command) -> None:
        Job(command, self._make_runner()).start()
