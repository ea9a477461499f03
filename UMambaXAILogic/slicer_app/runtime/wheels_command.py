"""What fills a folder of wheels on another machine, to be copied and pasted there."""

from __future__ import annotations

import sys

from .build import Build
from .contents import REQUIREMENTS, canonical, constraints_file, pinned_versions
from .plan import UNWANTED, Plan

FOLDER = "umamba-xai-wheels"


def wheels_command(system: str, plan: Plan, build: Build) -> str:
    """One line for a terminal on a machine with the internet, of the same kind and with the same Python version.

    It names every package with its version, so it needs no other file. ``pip wheel`` and not ``pip download``: some
    packages come as source, and their wheels are made there.

    Args:
        system: as ``platform.system()`` names it; the other machine's as well.
        plan: what is to be there.
        build: of PyTorch.
    """
    major, minor = sys.version_info[:2]
    python = f"py -{major}.{minor}" if system == "Windows" else f"python{major}.{minor}"
    index = [] if build.index is None else ["--extra-index-url", build.index]
    wanted = [f"{name}=={version}" for name, version in sorted(_versions(plan).items())]
    return " ".join([python, "-m pip wheel --wheel-dir", FOLDER, *index, *wanted])


def _versions(plan: Plan) -> dict[str, str]:
    if plan.packages:
        return {name: version for name, version in plan.packages.items() if name != UNWANTED and "*" not in name}
    pinned = pinned_versions(constraints_file())
    needed = (canonical(line.partition(">")[0]) for line in REQUIREMENTS)
    return {name: pinned[name] for name in needed}
