"""Making a private runtime: from nothing, or from an older or damaged one of which the whole packages are kept.

Packages go into a fresh ``staging`` folder, are verified there by importing them in a process of their own, and only
then take the place of ``target``: pip skips what already exists in a target folder and still reports success.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.errors import CancelledError, NotInstalledError
from UMambaXAILogic.interaction.worker_command import python_command

from .child import own_python, run_child
from .contents import Marker, canonical
from .device_report import say_device
from .folders import RuntimeFolders, check_space, folder_bytes
from .integrity import carry_over, damaged_packages, installed_versions, merge, take_out
from .pip_progress import PipProgress, Say
from .plan import UNWANTED, Plan

_VERIFY = f"{__package__}.verify"
_PIP = f"{__package__}.pip_process"


@dataclass(frozen=True)
class Order:
    """What is to be installed.

    Args:
        requirements: as pip takes them.
        modules: imported afterwards.
        constraints: file with the tested versions, or None.
        index: package index to look at besides the user's own, or None.
        wheels: folder to install from without any index, or None.
        build: tag of PyTorch's build.
        fingerprint: see ``contents.fingerprint``.
        plan: what is expected.
    """

    requirements: tuple[str, ...]
    modules: tuple[str, ...]
    constraints: Path | None = None
    index: str | None = None
    wheels: Path | None = None
    build: str = ""
    fingerprint: str = ""
    plan: Plan = Plan()

    @property
    def exact_requirements(self) -> tuple[str, ...]:
        """With the very build of torch, where only PyTorch's own index has it: PyPI's would be taken without a word."""
        torch = self.plan.packages.get("torch", "")
        return self.requirements if self.wheels or "+" not in torch else (f"torch=={torch}", *self.requirements)


class Installer:
    """Makes and checks runtimes; whoever uses it holds the lock.

    Args:
        folders: where.
        order: what.
        say: sends a message; see ``interaction.protocol``.
        cancelled: set when it shall stop.
    """

    def __init__(self, folders: RuntimeFolders, order: Order, say: Say, cancelled: threading.Event) -> None:
        self._folders = folders
        self._order = order
        self._say = say
        self._cancelled = cancelled

    def install(self) -> Marker:
        """Everything anew into ``staging``, verified.

        Raises:
            NotInstalledError: pip did not succeed, or what it installed does not work.
            CancelledError: it was cancelled.
        """
        self._say("stage", name="download")
        plan = self._order.plan
        check_space(self._folders.target, plan.installed_bytes if self._order.wheels else plan.needed_bytes)
        self._run_pip(self._folders.staging, self._order.exact_requirements, plan, with_dependencies=True)
        return self._finish()

    def renew(self, wanted: Mapping[str, str], kept: Sequence[str]) -> Marker:
        """``wanted`` into ``staging``, verified: some packages of ``target``, and the others from where they come.

        Args:
            wanted: version by canonical name, complete.
            kept: names of those that are whole in ``target``, in that version.

        Raises:
            NotInstalledError, CancelledError: as ``install``.
        """
        fresh = {name: version for name, version in wanted.items() if name not in kept}
        self._say("stage", name="download")
        if fresh:
            exact = tuple(f"{name}=={version}" for name, version in sorted(fresh.items()))
            plan = self._order.plan.only(fresh)
            check_space(self._folders.target, plan.needed_bytes)
            self._run_pip(self._folders.addition, exact, plan, with_dependencies=False)
        self._folders.staging.mkdir()
        carry_over(self._folders.target, list(kept), self._folders.staging, self._on_package("keep"))
        if fresh:
            merge(self._folders.addition, self._folders.staging)
        return self._finish()

    def damaged(self, expected: Mapping[str, str]) -> dict[str, str]:
        """What is wrong with which package of ``target``, of those that are expected there."""
        self._say("stage", name="check")
        return damaged_packages(self._folders.target, expected, self._on_package("check"))

    def verify(self, folder: Path, remedy: str) -> dict[str, str]:
        """Import the modules from ``folder`` in a process that ends before the folder is renamed.

        Windows does not rename a folder whose libraries are loaded.

        Args:
            remedy: what to do where they do not work.

        Returns:
            The version of each module.

        Raises:
            NotInstalledError: a module does not load, or loads from elsewhere.
            CancelledError: it was cancelled.
        """
        self._say("stage", name="verify")
        report = VerifyReport(self._order.modules, self._say)
        command = python_command(_VERIFY, (str(folder), *self._order.modules), program=own_python())
        status, complaints = run_child(command, self._cancelled, report.take_line)
        if status != 0:
            raise NotInstalledError(
                f"The packages do not work: {complaints[-1] if complaints else f'status {status}'}",
                remedy,
            )
        return report.versions

    def _finish(self) -> Marker:
        staging = self._folders.staging
        take_out(staging, UNWANTED)
        versions = self.verify(staging, "Try again, or name an existing Python under Packages instead.")
        installed = installed_versions(staging)
        self._compare_builds(installed)
        marker = Marker(
            self._order.requirements,
            self._order.fingerprint,
            self._order.build or _build_of(installed.get("torch", "")),
            installed,
            versions,
            folder_bytes(staging),
        )
        marker.write(staging)
        if self._cancelled.is_set():
            raise CancelledError()
        return marker

    def _compare_builds(self, installed: Mapping[str, str]) -> None:
        torch, vision = installed.get("torch", ""), installed.get("torchvision", "")
        if vision and _build_of(torch) != _build_of(vision):
            text = f"torch {torch} and torchvision {vision} are different builds. UMambaXAI works without torchvision."
            self._say("warning", code="torchvision_differs", message=text)

    def _run_pip(self, folder: Path, packages: tuple[str, ...], plan: Plan, with_dependencies: bool) -> None:
        order, temporary = self._order, self._folders.temporary
        temporary.mkdir(parents=True, exist_ok=True)
        log = temporary / "pip.log"
        options = ["--target", str(folder), "--log", str(log), "--progress-bar", "off", "--no-input"]
        options += ["--disable-pip-version-check", "--no-cache-dir"]  # what is downloaded leaves nothing elsewhere
        options += ["--no-warn-script-location", "--no-warn-conflicts"]  # neither concerns a folder of its own
        if not with_dependencies:
            options += ["--no-deps"]
        if order.wheels is not None:
            options += ["--no-index", "--find-links", str(order.wheels), "--only-binary", ":all:"]
        elif order.index is not None:
            options += ["--extra-index-url", order.index]
        if order.constraints is not None:
            options += ["--constraint", str(order.constraints)]
        progress = PipProgress(self._say, temporary, plan.downloads)
        command = python_command(_PIP, ("install", *options, *packages), program=own_python())

        def on_line(line: str) -> None:
            print(line, file=sys.stderr)
            progress.take_line(line)

        status, _ = run_child(command, self._cancelled, on_line, progress.look, _pip_environment(temporary))
        if status != 0:
            raise self._not_installed(_pip_errors(log) or f"pip ended with {status}.")

    def _not_installed(self, reason: str) -> NotInstalledError:
        if self._order.wheels is not None:
            return NotInstalledError(
                f"The packages could not be installed from {self._order.wheels}: {reason}",
                "Fill the folder again, with the command that Packages offers, for this system and Python "
                f"{sys.version_info.major}.{sys.version_info.minor}.",
            )
        return NotInstalledError(
            f"The packages could not be installed: {reason}",
            "Check the connection to the internet (and the proxy) and the free disk space, and try again. Without the "
            "internet: under Packages choose a folder of wheels, or an existing Python that has torch and nnunetv2.",
        )

    def _on_package(self, action: str) -> Callable[[str, int, int], None]:
        def tell(name: str, number: int, total: int) -> None:
            if self._cancelled.is_set():
                raise CancelledError()
            self._say("step", action=action, name=name, number=number, total=total)
            if action == "check":
                self._say("progress", stage="check", fraction=(number - 1) / total)

        return tell


class VerifyReport:
    """What ``verify`` says, passed on.

    Args:
        modules: that it imports.
        say: sends a message.
    """

    def __init__(self, modules: tuple[str, ...], say: Say) -> None:
        self.versions: dict[str, str] = {}
        self._modules = modules
        self._say = say
        self._next()

    def take_line(self, line: str) -> None:
        """A line of its output; what libraries print is passed to the log."""
        try:
            found: Any = json.loads(line)
        except ValueError:
            found = None
        if isinstance(found, dict) and "module" in found:
            self.versions[found["module"]] = found["version"]
            self._next()
        elif isinstance(found, dict) and "torch" in found:
            say_device(found["torch"], self._say)
        else:
            print(line, file=sys.stderr)

    def _next(self) -> None:
        done, total = len(self.versions), len(self._modules)
        self._say("progress", stage="verify", fraction=done / max(1, total))
        if done < total:
            self._say("step", action="import", name=self._modules[done], number=done + 1, total=total)


def _build_of(torch_version: str) -> str:
    """The build that a version's local part names: 2.13.0+cu126."""
    return canonical(torch_version.partition("+")[2])


def _pip_environment(temporary: Path) -> dict[str, str]:
    """The user's settings for pip hold (index, proxy, certificates), but for those that would lead it elsewhere."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PIP_PREFIX", "PIP_QUIET")}
    # Its temporary files (as large as the runtime) go where they can be moved from and are cleaned up.
    environment.update(TMPDIR=str(temporary), TEMP=str(temporary), TMP=str(temporary))
    return {**environment, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PYTHONUNBUFFERED": "1"}


def _pip_errors(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return " ".join(line.partition("ERROR: ")[2] for line in lines if "ERROR: " in line)
