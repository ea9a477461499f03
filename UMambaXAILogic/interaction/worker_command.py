"""How the worker is started: with any Python, from an installed tree or a checkout, with or without packages beside."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from .runner import Command, package_parent

#: Slicer points these at its own ITK plugins, which do not fit the ITK inside another SimpleITK.
FOREIGN_PLUGIN_VARIABLES = ("ITK_AUTOLOAD_PATH", "SITK_AUTOLOAD_PATH")

#: Children do not inherit Slicer's module paths, launchers overrule PYTHONPATH, and ``-m`` would put the current folder
#: first: so the first argument becomes the path's first entry, and the empty entry (the current folder) goes.
#: No double quotes and no line breaks: the text passes through Windows command lines.
_BOOTSTRAP = (
    "import os, sys; sys.path[:] = [sys.argv.pop(1), *filter(None, sys.path)]; "
    f"[os.environ.pop(name, None) for name in {FOREIGN_PLUGIN_VARIABLES!r}]; "
    "from {module} import main; sys.exit(main())"
)


def python_command(
    module: str, arguments: tuple[str, ...], program: str | None = None, environment: Mapping[str, str] | None = None
) -> Command:
    """Start ``main()`` of a module of this package in a process of its own.

    Args:
        module: dotted name.
        arguments: what ``main`` finds in ``sys.argv[1:]``.
        program: the Python that runs it; None: the one that runs now.
        environment: the whole environment of the child; None: that of this process.
    """
    assert all(letter.isalnum() or letter in "._" for letter in module)
    code = _BOOTSTRAP.replace("{module}", module)
    return Command(program or sys.executable, ("-c", code, str(package_parent()), *arguments), environment)


def worker_command(
    request: Path | str,
    program: str | None = None,
    packages: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Command:
    """Start the worker on a request file.

    Args:
        packages: the private runtime's folder, where ``program`` does not bring torch and nnunetv2 itself.
    """
    beside = () if packages is None else ("--packages", os.fspath(packages))
    arguments = ("--request", os.fspath(request), *beside)
    return python_command("UMambaXAILogic.engine.worker.process", arguments, program, environment)
