"""What the panel's part about the packages shows and allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..protocol import Step
from .activities import why_wait
from .words import Translate, untranslated

if TYPE_CHECKING:
    from .state import PanelState

#: What is there. ``OLD`` can compute and be updated; ``OUTDATED`` has to be updated first.
MISSING, READY, OLD, OUTDATED, BROKEN = "missing", "ready", "old", "outdated", "broken"
#: What can be done; the same words as the process that does it takes.
INSTALL, VERIFY, REPAIR, UPDATE, DELETE = "install", "verify", "repair", "update", "delete"
ACTIONS = (INSTALL, VERIFY, REPAIR, UPDATE, DELETE)

_NAMED = ("torch", "nnunetv2")
_CHANGES_SHOWN = 3
_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


@dataclass(frozen=True)
class PackagesFacts:
    """What is known of the packages without importing any.

    Args:
        state: of the private runtime: ``missing``, ``ready``, ``old``, ``outdated`` or ``broken``.
        folder: of the private runtime.
        size_bytes: of the private runtime on disk.
        packages: version of everything in it.
        build: of PyTorch in it, as people call it: "CPU", "CUDA 13.0"; empty where nobody knows.
        problem: what is broken.
        changes: what an update would change, as "torch 2.12.0 -> 2.13.0".
        build_differs: another build was chosen than is installed.
        build_reason: which build would be installed and why; empty as long as nobody asked.
        has_leftovers: an interrupted installation left something on disk.
        python: an existing Python that is used instead; empty: none.
        python_problem: why it cannot be used, empty where nothing is known against it.
        python_versions: what a check found in it; empty: not checked yet.
    """

    state: str = MISSING
    folder: str = ""
    size_bytes: int = 0
    packages: Mapping[str, str] = field(default_factory=dict)
    build: str = ""
    problem: str = ""
    changes: tuple[str, ...] = ()
    build_differs: bool = False
    build_reason: str = ""
    has_leftovers: bool = False
    python: str = ""
    python_problem: str = ""
    python_versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_installed(self) -> bool:
        """Whether there is a private runtime, in whatever state."""
        return self.state != MISSING


@dataclass(frozen=True)
class PackagesUi:
    """What each control shows and allows; ``actions`` and ``tooltips`` by action."""

    state_text: str
    is_problem: bool
    folder_text: str
    open_enabled: bool
    choices_enabled: bool
    actions: Mapping[str, bool]
    tooltips: Mapping[str, str]
    delete_text: str
    build_text: str


def packages_ui(state: PanelState, _: Translate = untranslated) -> PackagesUi:
    """What the part shows for ``state``."""
    facts, busy = state.packages, state.is_busy
    offered = _offered(facts)
    tooltips = _tooltips(facts, _)
    if busy:
        tooltips = dict.fromkeys(ACTIONS, why_wait(state, _))
    text, is_problem = _state_text(facts, _)
    if busy and state.is_about_packages:
        text, is_problem = _("At work on the packages: see the progress above."), False
    return PackagesUi(
        state_text=text,
        is_problem=is_problem,
        folder_text=facts.folder,
        open_enabled=facts.is_installed,
        choices_enabled=not busy,
        actions={action: not busy and action in offered for action in ACTIONS},
        tooltips=tooltips,
        delete_text=_("Delete ({size})...").format(size=size_in_words(facts.size_bytes))
        if facts.size_bytes
        else _("Delete..."),
        build_text=facts.build_reason,
    )


def size_in_words(size_bytes: float) -> str:
    """A size as people say it: "940 MB", "2.3 GB"."""
    if size_bytes < 1e6:
        return f"{size_bytes / 1e3:.0f} kB"
    return f"{size_bytes / 1e6:.0f} MB" if size_bytes < 999.5e6 else f"{size_bytes / 1e9:.1f} GB"


def step_in_words(step: Step, _: Translate = untranslated) -> str:
    """What an installation is doing: "Downloading torch (3 of 99): 120 of 527 MB"."""
    words = {
        "check": _("Checking the files of {name}"),
        "keep": _("Keeping {name}"),
        "collect": _("Reading {name}"),
        "download": _("Downloading {name}"),
        "build": _("Building {name}"),
        "unpack": _("Unpacking {name}"),
        "remove": _("Deleting {name}"),
        "import": _("Trying whether {name} works"),
    }
    text = words.get(step.action, "{name}").format(name=step.name)
    if step.number is not None:
        which = _("{number} of {total}") if step.total is not None else _("package {number}")
        text += f" ({which.format(number=step.number, total=step.total)})"
    if step.bytes_done is not None:
        text += f": {_bytes_in_words(step.bytes_done, step.bytes_total, _)}"
    return text


def _bytes_in_words(done: int, total: int | None, _: Translate) -> str:
    if total is None:
        return size_in_words(done)
    unit, name = next(known for known in _UNITS if total >= known[0] or known[0] == 1e3)
    digits = 2 if unit == 1e9 else int(total < 10 * unit)
    return _("{done} of {total}").format(done=f"{done / unit:.{digits}f}", total=f"{total / unit:.{digits}f} {name}")


def _offered(facts: PackagesFacts) -> set[str]:
    """The actions that make sense."""
    offered = set()
    if facts.python:
        offered.add(VERIFY)
    elif facts.is_installed:
        offered |= {VERIFY, REPAIR}
        if facts.changes or facts.build_differs or facts.state == OUTDATED:
            offered.add(UPDATE)
    else:
        offered.add(INSTALL)
    if facts.is_installed or facts.has_leftovers:
        offered.add(DELETE)
    return offered


def _state_text(facts: PackagesFacts, _: Translate) -> tuple[str, bool]:
    """One line on what is there, and whether something is wrong with it."""
    if facts.python:
        return _python_text(facts, _), bool(facts.python_problem)
    if facts.state == MISSING:
        text = _("Not installed. The first run asks before it downloads anything.")
        if facts.has_leftovers:
            text += " " + _("An interrupted installation left files, which the next one or Delete removes.")
        return text, False
    if facts.state == BROKEN:
        return _("Broken: {problem}").format(problem=facts.problem), True
    installed = _("Installed: {contents}.").format(contents=_contents(facts, _))
    if facts.state == READY:
        return installed, False
    shown = ", ".join(facts.changes[:_CHANGES_SHOWN]) or _("other packages are needed")
    if len(facts.changes) > _CHANGES_SHOWN:
        shown += _(" and {count} more").format(count=len(facts.changes) - _CHANGES_SHOWN)
    if facts.state == OLD:
        return installed + " " + _("An update is there: {changes}.").format(changes=shown), False
    return _("Out of date, update before computing: {changes}.").format(changes=shown), True


def _contents(facts: PackagesFacts, _: Translate) -> str:
    named = [f"{name} {facts.packages[name]}" for name in _NAMED if name in facts.packages]
    more = len(facts.packages) - len(named)
    parts = [", ".join(named) + (_(" and {count} more").format(count=more) if named and more else "")]
    parts += [_("{build} build").format(build=facts.build)] if facts.build else []
    return "; ".join([*filter(None, parts), size_in_words(facts.size_bytes)])


def _python_text(facts: PackagesFacts, _: Translate) -> str:
    if facts.python_problem:
        return facts.python_problem
    if not facts.python_versions:
        return _("Another Python computes: {python}. Verify says what is in it.").format(python=facts.python)
    found = ", ".join(f"{name} {version}".rstrip() for name, version in facts.python_versions.items())
    return _("Another Python computes: {python}. It works: {found}.").format(python=facts.python, found=found)


def _tooltips(facts: PackagesFacts, _: Translate) -> dict[str, str]:
    python = _(" Empty the field Existing Python first.") if facts.python else ""
    nothing = _("Nothing is installed.")
    verify = _("Imports every package in a process of its own, as a run does, and says the versions.")
    repair = _("Compares every file with its checksum, and installs again what is damaged. The rest is kept.")
    update = _("Installs the versions that this UMambaXAI was tested with. What has not changed is kept.")
    up_to_date = _("The installed packages are those that this UMambaXAI was tested with.")
    delete = _("Removes the folder with the packages. Models, results and Slicer's own Python stay.")
    install = _("Asks, then downloads PyTorch, nnU-Net and what they need into a folder of their own.")
    if not facts.is_installed:
        return {
            INSTALL: install + python,
            VERIFY: verify if facts.python else nothing,
            REPAIR: nothing,
            UPDATE: nothing,
            DELETE: delete if facts.has_leftovers else nothing,
        }
    return {
        INSTALL: _("The packages are installed already: see Repair and Update."),
        VERIFY: verify,
        REPAIR: repair + python,
        UPDATE: (update if UPDATE in _offered(facts) else up_to_date) + python,
        DELETE: delete,
    }
