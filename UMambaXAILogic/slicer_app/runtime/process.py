"""The process that installs, checks, renews and deletes the private runtime.

It speaks the worker's protocol, so ``Job`` runs and cancels it:

``ACTION --target DIR [--build cpu|cu126|cu130] [--index URL] [--wheels DIR]``, and for tests ``[--constraints FILE]
[--sizes FILE] [--modules NAME,...] [--requirement TEXT]...``.
"""

from __future__ import annotations

import contextlib
import io
import os
import platform
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from UMambaXAILogic.engine.errors import CancelledError, NotInstalledError
from UMambaXAILogic.engine.failure import describe_failure
from UMambaXAILogic.engine.runtime_lock import RuntimeLock
from UMambaXAILogic.engine.worker.cancel import CancelWatch
from UMambaXAILogic.engine.worker.messages import MessageWriter
from UMambaXAILogic.engine.worker.path import place_packages
from UMambaXAILogic.engine.worker.streams import claim_standard_streams

from .build import Build, Machine
from .contents import MARKER, MODULES, REQUIREMENTS, Marker, constraints_file, read_marker
from .folders import RuntimeFolders, is_link, remove_tree
from .install import Installer, Order
from .plan import UNWANTED, expected_fingerprint, missing_wheels, plan_for

INSTALL, UPDATE, REPAIR, VERIFY, DELETE, CLEAN = "install", "update", "repair", "verify", "delete", "clean"

#: Action -> what happens to the runtime, as another Slicer is told.
_DOING = {
    INSTALL: "installed",
    UPDATE: "updated",
    REPAIR: "repaired",
    VERIFY: "checked",
    DELETE: "deleted",
    CLEAN: "cleaned up",
}


def main(arguments: list[str] | None = None) -> int:
    """Do one action; returns the exit status."""
    own_input, own_output = claim_standard_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace", line_buffering=True)  # pip's lines are shown live
    writer = MessageWriter(own_output)
    watch = CancelWatch(own_input, writer)
    watch.start()
    try:
        place_packages(None)
        action, folders, order = _read(arguments)
        writer.say("hello", pid=os.getpid(), versions={"python": sys.version.split()[0]})
        versions = RuntimeWork(folders, order, writer, watch).do(action)
        watch.disarm()
        writer.say("result", folder=str(folders.target), files={}, versions=versions)
        return 0
    except BaseException as error:
        watch.disarm()
        failure = describe_failure(error)
        if failure.code == "bug":
            traceback.print_exc(file=sys.stderr)
        with contextlib.suppress(CancelledError):
            writer.say("error", code=failure.code, message=failure.message, remedy=failure.remedy)
        return failure.exit_code


class RuntimeWork:
    """The actions, each under the runtime's lock.

    Args:
        folders: of the runtime.
        order: what belongs into it.
        writer: says what happens.
        watch: tells of a cancel.
    """

    def __init__(self, folders: RuntimeFolders, order: Order, writer: MessageWriter, watch: CancelWatch) -> None:
        self._folders = folders
        self._order = order
        self._writer = writer
        self._watch = watch
        self._installer = Installer(folders, order, writer.say, watch.cancelled)

    def do(self, action: str) -> Mapping[str, str]:
        """Returns the versions of the modules in the runtime; empty where there is none afterwards."""
        lock = RuntimeLock(self._folders.target)
        if action == VERIFY:
            lock.use()
        else:
            lock.change(_DOING[action])
        try:
            actions = {INSTALL: self._install, UPDATE: self._update, REPAIR: self._repair, VERIFY: self._verify}
            actions |= {DELETE: self._delete, CLEAN: self._clean}
            return actions[action]()
        finally:
            lock.release(remove=action != VERIFY)
            with contextlib.suppress(OSError):  # only an empty folder goes
                self._folders.target.parent.rmdir()

    def _install(self) -> Mapping[str, str]:
        self._prepare()
        return self._put_in_place(self._installer.install)

    def _update(self) -> Mapping[str, str]:
        self._prepare()
        marker, plan = read_marker(self._folders.target), self._order.plan
        if marker is None or not marker.packages or not plan.is_complete:
            return self._put_in_place(self._installer.install)
        wanted = {name: version for name, version in plan.packages.items() if name != UNWANTED}
        alike = {name: version for name, version in marker.packages.items() if wanted.get(name) == version}
        damaged = self._installer.damaged(alike)
        return self._put_in_place(
            lambda: self._installer.renew(wanted, [name for name in alike if name not in damaged])
        )

    def _repair(self) -> Mapping[str, str]:
        self._folders.clean()
        marker = read_marker(self._folders.target)
        if marker is None or not marker.packages:
            return self._install()
        damaged = self._installer.damaged(marker.packages)
        if not damaged:
            try:
                return self._verify()
            except NotInstalledError as error:
                text = f"Every file is as it was installed, and still: {error.message} Everything is installed anew."
                self._writer.say("warning", code="installed_anew", message=text)
                return self._install()
        problems = "; ".join(f"{name}: {problem}" for name, problem in damaged.items())
        self._writer.say("warning", code="packages_damaged", message=f"Installed again: {problems}.")
        whole = [name for name in marker.packages if name not in damaged]
        return self._put_in_place(lambda: self._installer.renew(marker.packages, whole))

    def _verify(self) -> Mapping[str, str]:
        """Also remembers what it found, so that the panel knows without looking again."""
        marker = read_marker(self._folders.target)
        if marker is None:
            raise NotInstalledError(f"There are no packages in {self._folders.target}.", "Install them.")
        try:
            versions = self._installer.verify(self._folders.target, "Repair them, or name an existing Python instead.")
        except NotInstalledError as error:
            replace(marker, problem=error.message).write(self._folders.target)
            raise
        replace(marker, problem="", versions=versions).write(self._folders.target)
        return versions

    def _delete(self) -> Mapping[str, str]:
        target = self._folders.target
        self._writer.say("stage", name="delete")
        if is_link(target):
            remove_tree(target)  # says why not
        if target.exists():
            if not (target / MARKER).is_file():
                raise NotInstalledError(
                    f"{target} was not installed by UMambaXAI ({MARKER} is not in it), and is not removed.",
                    "Look at it, and remove it by hand.",
                )
            for folder in self._folders.leftovers():
                remove_tree(folder)
            target.rename(self._folders.outdated)  # at once: half a runtime never looks like one
            (self._folders.outdated / MARKER).unlink()
        for folder in self._folders.leftovers():
            remove_tree(folder, self._on_removed)
        return {}

    def _on_removed(self, name: str, number: int, total: int) -> None:
        if self._watch.cancelled.is_set():
            raise CancelledError()
        self._writer.say("step", action="remove", name=name, number=number, total=total)
        self._writer.say("progress", stage="delete", fraction=(number - 1) / total)

    def _clean(self) -> Mapping[str, str]:
        self._folders.clean()
        return {}

    def _prepare(self) -> None:
        self._folders.clean()
        wheels = self._order.wheels
        if wheels is None:
            return
        if not wheels.is_dir():
            raise NotInstalledError(f"There is no folder of wheels at {wheels}.", "Choose another one, or none.")
        missing = missing_wheels(wheels, self._order.plan)
        if missing:
            raise NotInstalledError(
                f"{wheels} lacks {len(missing)} of {len(self._order.plan.packages)} packages: {', '.join(missing)}.",
                "Fill it with the command that Packages offers, on a machine with the same system and Python "
                f"{sys.version_info.major}.{sys.version_info.minor}.",
            )

    def _put_in_place(self, make: Callable[[], Marker]) -> Mapping[str, str]:
        try:
            marker = make()
            self._watch.disarm()  # from here on it is faster to end than to undo
            self._folders.put_in_place()
        except BaseException:
            with contextlib.suppress(NotInstalledError):  # what stays is removed by the next action
                for folder in (self._folders.temporary, self._folders.addition, self._folders.staging):
                    remove_tree(folder)
            raise
        for folder in self._folders.leftovers():
            with contextlib.suppress(NotInstalledError):
                remove_tree(folder)
        return marker.versions


def _read(arguments: list[str] | None) -> tuple[str, RuntimeFolders, Order]:
    import argparse  # after place_packages: a wrong argparse may lie in Slicer's site-packages

    parser = argparse.ArgumentParser(description="Install, check, renew or delete the private runtime.")
    parser.add_argument("action", choices=tuple(_DOING))
    parser.add_argument("--target", type=Path, required=True)
    parser.add_argument("--build", default="")
    parser.add_argument("--index")
    parser.add_argument("--wheels", type=Path)
    parser.add_argument("--constraints", type=Path, default=constraints_file())
    parser.add_argument("--sizes", type=Path)
    parser.add_argument("--modules", default=",".join(MODULES))
    parser.add_argument("--requirement", action="append", dest="requirements")
    options = parser.parse_args(arguments)
    requirements = tuple(options.requirements or REQUIREMENTS)
    order = Order(
        requirements=requirements,
        modules=tuple(options.modules.split(",")),
        constraints=options.constraints,
        index=options.index,
        wheels=options.wheels,
        build=options.build,
        fingerprint=expected_fingerprint(requirements, options.constraints, options.sizes),
        plan=plan_for(Machine(platform.system(), platform.machine()), Build(options.build, None, ""), options.sizes),
    )
    return options.action, RuntimeFolders(options.target), order
