"""The panel from the installed tree, in a process with stand-ins for qt, ctk and the application's half of slicer.

Pictures of the panel in each of its states are left in ``test-output/panel``: look at them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKS = sorted(path.name for path in (Path(__file__).parent / "application").glob("check_*.py"))


@pytest.mark.parametrize("check", CHECKS)
def test_installed(check: str, slicer_install: Path, repository: Path, tmp_path: Path):
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "UMAMBAXAI_INSTALLED_TREE": str(slicer_install),
        "UMAMBAXAI_PANEL_PICTURES": str(repository / "test-output" / "panel"),
    }
    environment.pop("PYTHONPATH", None)
    checks = Path(__file__).parent / "application" / check
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "python_files=check_*.py"]
    done = subprocess.run(
        [*command, f"--rootdir={repository}", "-c", str(repository / "pyproject.toml"), str(checks)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=570,
    )
    print(done.stdout[-20000:], done.stderr[-5000:])
    assert done.returncode == 0
