"""What an installation brings, how large it is, and what of it a folder of wheels lacks."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.resources import resource_path

from .build import CPU, Build, Machine
from .contents import REQUIREMENTS, Marker, canonical, constraints_file, fingerprint, pinned_versions

#: argparse 1.4.0 comes with nnunetv2 and hides the standard library's (see ``engine.worker.path``): it is taken out.
UNWANTED = "argparse"


@dataclass(frozen=True)
class Plan:
    """An installation before it is made.

    Args:
        packages: version by canonical name.
        downloads: bytes of each package's wheel.
        installed: bytes of each package on disk.
        is_complete: ``packages`` holds everything and nothing is an estimate.
    """

    packages: Mapping[str, str] = field(default_factory=dict)
    downloads: Mapping[str, int] = field(default_factory=dict)
    installed: Mapping[str, int] = field(default_factory=dict)
    is_complete: bool = False

    @property
    def download_bytes(self) -> int:
        """Of everything."""
        return sum(self.downloads.values())

    @property
    def installed_bytes(self) -> int:
        """Of everything."""
        return sum(self.installed.values())

    def only(self, names: Iterable[str]) -> Plan:
        """The part about some packages."""
        chosen = set(names)

        def part(facts: Mapping[str, Any]) -> dict[str, Any]:
            return {name: fact for name, fact in facts.items() if name in chosen}

        return Plan(part(self.packages), part(self.downloads), part(self.installed), self.is_complete)

    @property
    def needed_bytes(self) -> int:
        """Free space that it takes: wheels are unpacked while they are still there."""
        return self.download_bytes + self.installed_bytes


def plan_for(machine: Machine, build: Build, sizes: Path | None = None) -> Plan:
    """The plan for a machine and build.

    Where that kind of machine was not measured, the largest measured build of the same kind stands for it, without
    saying which packages.

    Args:
        sizes: a file as ``Utilities/RuntimeSizes`` writes it; None: the one that ships with the package.
    """
    measured = _measured(sizes)
    builds = measured["builds"]
    key = f"{machine.system}-{machine.processor}/{build.tag}"
    if key in builds:
        same_python = measured["python"] == f"{sys.version_info[0]}.{sys.version_info[1]}"
        return _plan(builds[key]["packages"], same_python and not builds[key]["estimated"])
    alike = [name for name in builds if (name.endswith(f"/{CPU}")) == (build.tag == CPU)]
    largest = max((_plan(builds[name]["packages"], False) for name in alike), key=lambda plan: plan.needed_bytes)
    return Plan({}, {"": largest.download_bytes}, {"": largest.installed_bytes}, False)


def runtime_packages(sizes: Path | None = None) -> frozenset[str]:
    """Canonical names of everything that is part of a runtime somewhere; ``sizes`` as in ``plan_for``."""
    return frozenset(name for build in _measured(sizes)["builds"].values() for name in build["packages"])


def expected_fingerprint(
    requirements: tuple[str, ...] = REQUIREMENTS, constraints: Path | None = None, sizes: Path | None = None
) -> str:
    """That of the runtime that would be installed now.

    Args:
        constraints: the tested versions; None: those that ship with the package.
        sizes: as in ``plan_for``.
    """
    tested = pinned_versions(constraints_file() if constraints is None else constraints)
    part = runtime_packages(sizes)
    return fingerprint(requirements, {name: version for name, version in tested.items() if name in part})


def changes(marker: Marker) -> tuple[str, ...]:
    """What of an installed runtime is not the tested version, as "torch 2.12.0 -> 2.13.0", and what it lacks."""
    tested = pinned_versions(constraints_file())
    lacking = (canonical(line.partition(">")[0]) for line in REQUIREMENTS if line not in marker.requirements)
    new = [f"{name} {tested[name]} (new)" for name in lacking if name not in marker.packages]
    there = ((name, version.partition("+")[0]) for name, version in sorted(marker.packages.items()))
    found = [f"{name} {old} -> {tested[name]}" for name, old in there if tested.get(name, old) != old]
    return (*new, *found) or ("its list of packages",)


def missing_wheels(folder: Path, plan: Plan) -> tuple[str, ...]:
    """What ``folder`` lacks of a plan, as "name version"; a wheel for another Python or system counts as missing.

    Local versions do not matter: 2.13.0+cpu is a 2.13.0.

    Raises:
        OSError: the folder cannot be read.
    """
    from pip._vendor.packaging.tags import sys_tags
    from pip._vendor.packaging.utils import InvalidWheelFilename, parse_wheel_filename

    fitting = set(sys_tags())
    there: dict[tuple[str, str], bool] = {}  # whether the wheel of that name and version fits
    for path in folder.glob("*.whl"):
        try:
            name, version, _, tags = parse_wheel_filename(path.name)
        except InvalidWheelFilename:
            continue
        found = (str(name), version.public)
        there[found] = there.get(found, False) or not fitting.isdisjoint(tags)
    missing = []
    for package, planned in sorted(plan.packages.items()):
        if package == UNWANTED or "*" in package:
            continue
        fits = there.get((package, planned.partition("+")[0]))
        if fits is None:
            missing.append(f"{package} {planned}")
        elif not fits:
            missing.append(f"{package} {planned} (there is one for another Python or system)")
    return tuple(missing)


def _measured(sizes: Path | None) -> dict[str, Any]:
    file = resource_path("private_runtime.json") if sizes is None else sizes
    return json.loads(file.read_text(encoding="utf-8"))


def _plan(packages: Mapping[str, tuple[str, int, int]], is_complete: bool) -> Plan:
    return Plan(
        {name: version for name, (version, _, _) in packages.items()},
        {name: download for name, (_, download, _) in packages.items()},
        {name: installed for name, (_, _, installed) in packages.items()},
        is_complete,
    )
