"""The packages as the panel looks after them: what is there, what would be installed, and the jobs that do it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from slicer.i18n import tr as _

from UMambaXAILogic.engine.errors import NotInstalledError
from UMambaXAILogic.interaction import Job, Runner
from UMambaXAILogic.interaction import job as jobs
from UMambaXAILogic.interaction.panel.controller import Question
from UMambaXAILogic.interaction.panel.packages import (
    BROKEN,
    DELETE,
    INSTALL,
    MISSING,
    OLD,
    OUTDATED,
    READY,
    REPAIR,
    UPDATE,
    VERIFY,
    PackagesFacts,
)
from UMambaXAILogic.interaction.panel.packages_questions import (
    Offer,
    delete_question,
    offer_details,
    offer_question,
    outcome,
    repair_question,
)

from .environment import Environment
from .packages_settings import PackagesSettings
from .runtime.build import CPU, Build, Machine, build_for, build_of, this_machine
from .runtime.contents import REQUIREMENTS, Marker, missing_modules, read_marker
from .runtime.folders import RuntimeFolders, check_space, free_bytes
from .runtime.pip_progress import INSTALL_STAGES
from .runtime.plan import changes, expected_fingerprint, plan_for
from .runtime.process import CLEAN
from .runtime.wheels_command import wheels_command

_TRANSFORMING = (INSTALL, UPDATE, REPAIR)
_NEEDED = {MISSING: INSTALL, OUTDATED: UPDATE, BROKEN: REPAIR}


class PrivateRuntimeSetup:
    """See ``interaction.panel.controller.RuntimeSetup``.

    Args:
        environment: where the packages are.
        make_runner: gives a fresh runner for each process.
        settings: what the user chose; None: what the application remembers.
        ask_machine: says what the machine is; asked once, when it matters.
    """

    def __init__(
        self,
        environment: Environment,
        make_runner: Callable[[], Runner],
        settings: PackagesSettings | None = None,
        ask_machine: Callable[[], Machine] = this_machine,
    ) -> None:
        self._environment = environment
        self._make_runner = make_runner
        self._settings = PackagesSettings() if settings is None else settings
        self._ask_machine = ask_machine
        self._cleaning: Job | None = None
        self._build_reason = ""
        self._python_check: tuple[str, dict[str, str]] = ("", {})  # path, versions

    @cached_property
    def _machine(self) -> Machine:
        return self._ask_machine()

    @cached_property
    def _expected(self) -> str:
        return expected_fingerprint()

    @property
    def is_ready(self) -> bool:
        """Whether nothing needs to be installed."""
        return self._environment.is_ready

    @property
    def problem(self) -> str:
        """Why the Python that was chosen cannot be used."""
        return self._environment.problem

    def facts(self) -> PackagesFacts:
        """What is known of the packages; looks at a few files."""
        environment = self._environment
        marker, folder = read_marker(environment.folder), environment.folder
        state, differing = self._state(marker)
        checked, versions = self._python_check
        return PackagesFacts(
            state=state,
            folder=str(folder),
            size_bytes=0 if marker is None else marker.size_bytes,
            packages={} if marker is None else marker.packages,
            build="" if marker is None or not marker.build else Build(marker.build, None, "").name,
            problem=self._problem(marker),
            changes=differing,
            build_differs=marker is not None and not self._suits(marker.build),
            build_reason=self._build_reason,
            has_leftovers=bool(RuntimeFolders(folder).leftovers()),
            python=environment.python,
            python_problem=environment.problem,
            python_versions=versions if checked == environment.python else {},
        )

    def question(self, action: str = "") -> Question | None:
        """See ``RuntimeSetup.question``; refuses what the disk has no room for."""
        action = action or self._needed_action()
        if action == VERIFY:
            return None
        facts = self.facts()
        if action == DELETE:
            return Question(delete_question(facts.folder, facts.size_bytes, _))
        if action == REPAIR:
            return Question(repair_question(facts.folder, _))
        offer = self._offer(None) if action == INSTALL else self._offer(facts.packages, facts.changes)
        return Question(offer_question(offer, _), offer_details(offer))

    def start(self, action: str = "") -> Job:
        """Begin an action; what a cancel or a failure leaves behind is removed afterwards."""
        action = action or self._needed_action()
        if self._cleaning is not None and not self._cleaning.is_over:
            raise NotInstalledError(
                "What the last installation left behind is still being removed.", "Try again in some seconds."
            )
        if self._environment.python and action == VERIFY:
            job = Job(self._environment.python_check(), self._make_runner(), stages={"verify": 1.0})
            job.finished.connect(self._remember_check)
        else:
            build = self._build_of_action(action)
            wheels = self._settings.wheels if action in _TRANSFORMING else None
            command = self._environment.runtime_command(action, build, wheels)
            job = Job(command, self._make_runner(), stages=_stages(action))
            job.finished.connect(self._clean_up)
        job.start()
        return job

    def describe(self, job: Job) -> str:
        """The versions that work now, or that there are none."""
        return outcome(job.versions, job.device, _)

    def wheels_command(self) -> str:
        """What fills a folder of wheels on another machine of this kind.

        Raises:
            NotInstalledError: there is no PyTorch for this kind of machine.
        """
        build = self._build()
        return wheels_command(self._machine.system, plan_for(self._machine, build), build)

    def _needed_action(self) -> str:
        return _NEEDED.get(self.facts().state, INSTALL)

    def _state(self, marker: Marker | None) -> tuple[str, tuple[str, ...]]:
        """What is there, and how an update would change it."""
        if marker is None:
            return MISSING, ()
        differing = changes(marker) if marker.fingerprint != self._expected else ()
        if self._problem(marker):
            return BROKEN, differing
        if marker.requirements != REQUIREMENTS:
            return OUTDATED, differing
        return (OLD if differing else READY), differing

    def _problem(self, marker: Marker | None) -> str:
        if marker is None:
            return ""
        absent = missing_modules(self._environment.folder, tuple(marker.versions))
        gone = _("these packages are gone: {names}").format(names=", ".join(absent)) if absent else ""
        return marker.problem or gone

    def _suits(self, tag: str) -> bool:
        """Whether the installed build is of the kind that was chosen by hand."""
        wish = self._settings.build
        return not tag or wish not in ("cpu", "cuda") or (wish == CPU) == (tag == CPU)

    def _build(self) -> Build:
        build = build_for(self._machine, self._settings.build)
        self._build_reason = f"{build.name}: {build.reason}"
        return build

    def _build_of_action(self, action: str) -> Build | None:
        """A repair keeps the build that is installed."""
        if action not in _TRANSFORMING:
            return None
        marker = read_marker(self._environment.folder)
        if action == REPAIR and marker is not None and marker.build:
            return build_of(marker.build, self._machine)
        return self._build()

    def _offer(self, present: Mapping[str, str] | None, differing: tuple[str, ...] | None = None) -> Offer:
        """What would be installed.

        Args:
            present: version of what is there and can be kept; None: nothing is kept.
            differing: what an update changes; None: an installation.

        Raises:
            NotInstalledError: there is no such build for this machine, or no room for it.
        """
        build, wheels, folder = self._build(), self._settings.wheels, self._environment.folder
        plan = plan_for(self._machine, build)
        fetched = plan
        if present and plan.is_complete:
            fetched = plan.only(name for name, version in plan.packages.items() if present.get(name) != version)
        needed = fetched.needed_bytes if wheels is None else fetched.installed_bytes
        check_space(folder, needed)
        return Offer(
            packages=plan.packages,
            downloads=fetched.downloads,
            installed_bytes=plan.installed_bytes,
            needed_bytes=needed,
            free_bytes=free_bytes(folder.parent),
            is_exact=plan.is_complete,
            build=build.name,
            reason=build.reason,
            folder=str(folder),
            wheels="" if wheels is None else str(wheels),
            changes=differing,
        )

    def _remember_check(self, job: Job) -> None:
        self._python_check = (self._environment.python, dict(job.versions))

    def _clean_up(self, job: Job) -> None:
        if job.state == jobs.FINISHED or not RuntimeFolders(self._environment.folder).leftovers():
            return
        self._cleaning = Job(self._environment.runtime_command(CLEAN), self._make_runner())
        self._cleaning.start()


def _stages(action: str) -> dict[str, float]:
    """The stages that an action reports, with the share of the time each usually takes."""
    if action in (UPDATE, REPAIR):
        return {"check": 0.2, "download": 0.5, "install": 0.15, "verify": 0.15}
    return dict(INSTALL_STAGES) if action == INSTALL else {action: 1.0}
