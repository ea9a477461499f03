"""What happens when somebody clicks: install if needed, run or measure, cancel, and what is known meanwhile.

No Qt, no scene.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from UMambaXAILogic.engine.errors import UMambaXAIError
from UMambaXAILogic.engine.failure import Failure, describe_failure

from .. import job as jobs
from ..profile_choice import problem_with_profile
from ..protocol import Device, Step
from ..signal import Signal
from .activities import MEASURE, RUN
from .inputs import PanelInputs
from .model_look import ModelLookup
from .packages import BROKEN, OUTDATED, PackagesFacts
from .state import (
    RUNTIME_BROKEN,
    RUNTIME_INSTALLING,
    RUNTIME_MISSING,
    RUNTIME_OUTDATED,
    RUNTIME_READY,
    PanelState,
)
from .words import Translate, untranslated


class PanelJob(Protocol):
    """What the panel needs of a job; ``Job`` has it, and so has the job that also fills the scene."""

    progressed: Signal
    warned: Signal
    logged: Signal
    finished: Signal

    @property
    def state(self) -> str: ...
    @property
    def error(self) -> UMambaXAIError | None: ...
    @property
    def is_over(self) -> bool: ...
    @property
    def progress(self) -> float: ...
    @property
    def stage(self) -> str: ...
    @property
    def seconds_left(self) -> float | None: ...
    @property
    def device(self) -> Device | None: ...
    @property
    def step(self) -> Step | None: ...
    def cancel(self) -> None: ...


class RuntimeSetup(Protocol):
    """The packages the worker needs, and how they get there."""

    @property
    def is_ready(self) -> bool: ...
    @property
    def problem(self) -> str:
        """Why the Python that was chosen cannot be used, empty where nothing is known against it."""
        ...

    def facts(self) -> PackagesFacts:
        """What is known of the packages."""
        ...

    def question(self, action: str = "") -> Question | None:
        """What to ask before an action begins, or None where nothing needs to be asked.

        Args:
            action: one of ``panel.packages.ACTIONS``; empty: whichever is needed to compute.

        Raises:
            UMambaXAIError: it cannot be done here.
        """
        ...

    def start(self, action: str = "") -> PanelJob:
        """Begin an action; see ``question``."""
        ...

    def describe(self, job: Any) -> str:
        """What the action of a finished job has achieved, in a line or two."""
        ...

    def wheels_command(self) -> str:
        """What fills a folder of wheels on another machine.

        Raises:
            UMambaXAIError: there is nothing that could be installed here.
        """
        ...


@dataclass(frozen=True)
class Question:
    """What the user is asked before something is done.

    Args:
        text: all that somebody needs to know to answer.
        details: what only some want to read.
    """

    text: str
    details: str = ""


@dataclass(frozen=True)
class Activity:
    """Something that a button starts.

    Args:
        start: starts it; raises ``UMambaXAIError`` where the inputs cannot be used.
        describe: the result of the finished job in a line or two.
        told: warnings of the finished job that its result says wherever it is shown.
    """

    start: Callable[[PanelInputs], PanelJob]
    describe: Callable[[Any], str]
    told: Callable[[Any], Collection[str]] = lambda job: ()


class PanelController:
    """Runs one thing at a time for a panel.

    Signals:
        changed(): ask for ``state`` again.
        progressed(): ask for ``state`` again, but this may come many times a second.
        logged(line: str)
        succeeded(job): Segment & Explain has ended with a result.
        measured(job): the domain statistics have ended with a result.
        ended(name: str, job): a further activity has ended with a result.

    Args:
        segment: Segment & Explain.
        measure: the domain statistics.
        runtime: the packages.
        confirm: asks the user a text and its details; True means go on.
        models: says what a model is; None: looks at the disk.
        translate: into the user's language.
        further: what else ``begin`` can be asked for, by name.
    """

    def __init__(
        self,
        segment: Activity,
        measure: Activity,
        runtime: RuntimeSetup,
        confirm: Callable[[str, str], bool],
        models: ModelLookup | None = None,
        translate: Translate = untranslated,
        further: Mapping[str, Activity] | None = None,
    ) -> None:
        self.changed = Signal()
        self.progressed = Signal()
        self.logged = Signal()
        self.succeeded = Signal()
        self.measured = Signal()
        self.ended = Signal()
        self._activities = {RUN: segment, MEASURE: measure, **(further or {})}
        self._runtime = runtime
        self._confirm = confirm
        self.models = ModelLookup() if models is None else models
        self._translate = translate
        self._activity = RUN
        self._job: PanelJob | None = None
        self._installing = False
        self._is_dropped = False  # nobody wants to know how it ends
        self._run_after_install = False
        self._error = ""
        self._summary = ""
        self._warnings: list[str] = []
        self._packages = PackagesFacts()  # as they were before what runs now
        self._subject = PanelInputs()

    @property
    def is_busy(self) -> bool:
        """Whether something runs."""
        return self._job is not None and not self._job.is_over

    def state(self, inputs: PanelInputs) -> PanelState:
        """Everything that is known, for the panel's parts."""
        job = self._job
        if not self.is_busy:
            self._packages = self._runtime.facts()
        return PanelState(
            inputs=inputs,
            model=self.models.look(inputs.model, is_busy=self.is_busy),
            profile_problem="" if self.is_busy else problem_with_profile(inputs.profile, self._translate),
            runtime=self._runtime_state(),
            runtime_problem="" if self.is_busy else self._runtime.problem,
            job_state=self._job_state(),
            progress=0.0 if job is None else job.progress,
            stage="" if job is None else job.stage,
            step=None if job is None or not self._installing else job.step,
            seconds_left=None if job is None else job.seconds_left,
            device="" if job is None or job.device is None else _in_words(job.device, self._translate),
            error=self._error,
            warnings=tuple(self._warnings),
            summary=self._summary,
            packages=self._packages,
            is_about_packages=self._installing,
            activity=self._activity,
        )

    def run(self, inputs: PanelInputs) -> None:
        """Segment and explain; where packages are missing, ask and install them first."""
        self.begin(RUN, inputs)

    def measure(self, inputs: PanelInputs) -> None:
        """Measure the volume's domain statistics; where packages are missing, ask and install them first."""
        self.begin(MEASURE, inputs)

    def begin(self, name: str, inputs: PanelInputs) -> None:
        """Begin an activity by its name; where packages are missing, ask and install them first."""
        if self.is_busy:
            return
        self._forget_last()
        self._activity, self._subject = name, _subject(inputs)
        if not self._runtime.is_ready:
            if self._agreed():
                self._run_after_install = True
                self._watch(self._runtime.start, installing=True, then=lambda job: self._after_install(inputs))
        else:
            activity = self._activities[name]

            def after(job: Any) -> None:
                self._summary, told = activity.describe(job), activity.told(job)
                self._warnings = [message for message in self._warnings if message not in told]
                self._tell(name, job)

            self._watch(lambda: activity.start(inputs), installing=False, then=after)
        self.changed.emit()

    def _tell(self, name: str, job: Any) -> None:
        if name == RUN:
            self.succeeded.emit(job)
        elif name == MEASURE:
            self.measured.emit(job)
        else:
            self.ended.emit(name, job)

    def maintain(self, action: str) -> None:
        """Do something to the packages: one of ``panel.packages.ACTIONS``."""
        if self.is_busy:
            return
        self._forget_last()
        if self._agreed(action):
            self._watch(lambda: self._runtime.start(action), installing=True, then=self._after_maintenance)
        self.changed.emit()

    def wheels_command(self) -> str:
        """See ``RuntimeSetup.wheels_command``."""
        return self._runtime.wheels_command()

    def _agreed(self, action: str = "") -> bool:
        """Whether nothing needs to be asked before an action, or the user agrees."""
        try:
            question = self._runtime.question(action)
        except UMambaXAIError as error:
            self._error = _in_lines(error)
            return False
        return question is None or self._confirm(question.text, question.details)

    def _after_maintenance(self, job: Any) -> None:
        self._summary = self._runtime.describe(job)

    def follow(self, inputs: PanelInputs) -> None:
        """Something else may be chosen now: then what was said last is about something else, and is forgotten."""
        subject = _subject(inputs)
        if subject != self._subject and not self.is_busy:
            self._job = None
            self._forget_last()
        self._subject = subject

    def cancel(self) -> None:
        """Stop what runs."""
        if self._job is not None and self.is_busy:
            self._job.cancel()
            self.changed.emit()

    def report(self, error: UMambaXAIError) -> None:
        """Show what went wrong outside a job."""
        self._forget_last()
        self._error = _in_lines(error)
        self.changed.emit()

    def forget(self) -> None:
        """The scene closes: keep nothing of what was shown, and stop what works for that scene.

        Installing goes on, but what was to run after it has lost its volume.
        """
        self._run_after_install = False
        if not self._installing:
            self.cancel()
        self._is_dropped = self.is_busy and not self._installing
        if not self.is_busy:
            self._job = None
        self._forget_last()
        self.changed.emit()

    def _job_state(self) -> str:
        if self._job is None or (self._installing and self._job.state in (jobs.WAITING, jobs.RUNNING)):
            return ""  # installing has its own words
        return self._job.state

    def _runtime_state(self) -> str:
        if self.is_busy:  # nothing can be chosen now: leave the disk alone
            return RUNTIME_INSTALLING if self._installing else RUNTIME_READY
        if self._runtime.is_ready:
            return RUNTIME_READY
        return {OUTDATED: RUNTIME_OUTDATED, BROKEN: RUNTIME_BROKEN}.get(self._packages.state, RUNTIME_MISSING)

    def _forget_last(self) -> None:
        self._error = self._summary = ""
        self._warnings.clear()

    def _watch(self, start: Callable[[], PanelJob], installing: bool, then: Callable[[Any], None]) -> None:
        try:
            job = start()
        except Exception as error:
            failure = describe_failure(error)
            self._error = _in_lines(failure)
            if failure.code == "bug":
                self.changed.emit()
                raise  # to sys.excepthook, with its traceback
            return
        self._job, self._installing, self._is_dropped = job, installing, False
        job.progressed.connect(lambda *_: self.progressed.emit())
        job.warned.connect(lambda code, message: self._warnings.append(message))
        job.logged.connect(self._take_line)
        job.finished.connect(lambda ended: self._after(ended, then))

    def _take_line(self, line: str) -> None:
        self.logged.emit(line)

    def _after(self, job: PanelJob, then: Callable[[Any], None]) -> None:
        if job is not self._job:
            return
        if self._is_dropped:
            self._job = None
        elif job.error is not None and job.state != jobs.CANCELLED:
            self._error = _in_lines(job.error)
        elif job.state == jobs.FINISHED:
            then(job)
        self.changed.emit()

    def _after_install(self, inputs: PanelInputs) -> None:
        self._installing = False
        self._job = None
        if self._runtime.is_ready:
            if self._run_after_install:
                self.begin(self._activity, inputs)
        else:  # asking again would go on for ever
            _ = self._translate
            self._error = _("The packages were installed, and still they are not there. Restart Slicer and try again.")


def _subject(inputs: PanelInputs) -> PanelInputs:
    """What is chosen of a run: not names, nor what is shown of its result, nor where in a view was clicked for it."""
    nameless = replace(inputs, volume_name="", ground_truth_name="", region_name="")
    return replace(nameless, threshold=PanelInputs.threshold, clicked=None)


def _in_lines(error: UMambaXAIError | Failure) -> str:
    return "\n".join(filter(None, (error.message, error.remedy)))


def _in_words(device: Device, _: Translate) -> str:
    where = device.device
    if device.free_memory_mb is not None:
        where = _("{device}, {size:.1f} GB free").format(device=where, size=device.free_memory_mb / 1024)
    if device.scan_backend:
        where = _("{device}; selective scan: {backend}").format(device=where, backend=device.scan_backend)
    return _("Computes on {device}.").format(device=where)
