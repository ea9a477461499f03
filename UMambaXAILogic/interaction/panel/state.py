"""Everything that the panel's parts are shown from."""

from __future__ import annotations

from dataclasses import dataclass

from .. import job as jobs
from ..protocol import Step
from .inputs import PanelInputs
from .model_look import ModelLook
from .packages import PackagesFacts

RUNTIME_READY, RUNTIME_MISSING, RUNTIME_INSTALLING = "ready", "missing", "installing"
#: There are packages, but they have to be renewed before they can compute.
RUNTIME_OUTDATED, RUNTIME_BROKEN = "outdated", "broken"


@dataclass(frozen=True)
class PanelState:
    """What is chosen, what is installed and what the last job did.

    Args:
        inputs: what is chosen.
        model: what the chosen model is, or why it cannot be used.
        profile_problem: why the chosen profile cannot be used, empty where nothing is known against it.
        runtime: ``ready``, ``missing``, ``outdated``, ``broken`` or ``installing`` (or checking, deleting).
        runtime_problem: why the Python that was chosen cannot be used, empty where nothing is known against it.
        job_state: state of the job that runs or ran last, empty where there was none.
        progress: 0-1 of the whole.
        stage: the job's stage.
        step: which package the job is at, or None.
        seconds_left: its estimate, or None.
        device: where the job computes and why there, empty where it has not said so yet.
        error: message and remedy of what went wrong last, empty where nothing did.
        warnings: what the worker warned of.
        summary: the last result in one line, empty where there is none.
        packages: what is known of the packages.
        is_about_packages: the job that runs or ran last installs, checks or deletes packages.
        activity: name of what was begun last; see ``PanelController.begin``.
    """

    inputs: PanelInputs = PanelInputs()
    model: ModelLook = ModelLook()
    profile_problem: str = ""
    runtime: str = RUNTIME_READY
    runtime_problem: str = ""
    job_state: str = ""
    progress: float = 0.0
    stage: str = ""
    step: Step | None = None
    seconds_left: float | None = None
    device: str = ""
    error: str = ""
    warnings: tuple[str, ...] = ()
    summary: str = ""
    packages: PackagesFacts = PackagesFacts()
    is_about_packages: bool = False
    activity: str = ""

    @property
    def is_busy(self) -> bool:
        """Whether something runs that has to end before the next thing can begin."""
        return self.runtime == RUNTIME_INSTALLING or self.job_state in (jobs.WAITING, jobs.RUNNING, jobs.CANCELLING)
