"""What is said of an installation before it is made."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from UMambaXAILogic.slicer_app.runtime.build import Build, Machine, build_for
from UMambaXAILogic.slicer_app.runtime.contents import (
    REQUIREMENTS,
    Marker,
    canonical,
    constraints_file,
    pinned_versions,
)
from UMambaXAILogic.slicer_app.runtime.plan import (
    Plan,
    changes,
    expected_fingerprint,
    missing_wheels,
    plan_for,
    runtime_packages,
)

#: (system, processor, build) -> smallest and largest honest download, and size on disk, in GB.
MEASURED = {
    ("Linux", "x86_64", "cpu"): ((0.4, 0.7), (1.8, 2.8)),
    ("Linux", "x86_64", "cu126"): ((3.0, 5.0), (6.0, 9.0)),
    ("Linux", "x86_64", "cu130"): ((2.5, 3.5), (5.5, 7.0)),
    ("Windows", "AMD64", "cpu"): ((0.3, 0.5), (1.3, 2.0)),
    ("Windows", "AMD64", "cu126"): ((2.6, 3.2), (4.5, 6.5)),
    ("Windows", "AMD64", "cu130"): ((1.9, 2.5), (3.5, 5.5)),
    ("Darwin", "arm64", "cpu"): ((0.3, 0.5), (1.3, 2.0)),
}


def test_a_plan_without_sizes_needs_nothing():
    assert Plan().needed_bytes == 0


@pytest.mark.parametrize("kind", MEASURED, ids="-".join)
def test_every_build_that_can_be_chosen_has_its_sizes(kind):
    system, processor, tag = kind
    plan = plan_for(Machine(system, processor), Build(tag, None, ""))
    (least, most), (smallest, largest) = MEASURED[kind]
    assert least < plan.download_bytes / 1e9 < most
    assert smallest < plan.installed_bytes / 1e9 < largest
    assert plan.needed_bytes == plan.download_bytes + plan.installed_bytes
    assert {canonical(line.partition(">")[0]) for line in REQUIREMENTS} <= set(plan.packages)


def test_the_measured_versions_are_the_tested_ones():
    tested = pinned_versions(constraints_file())
    for system, processor, tag in MEASURED:
        plan = plan_for(Machine(system, processor), Build(tag, None, ""))
        for name, version in plan.packages.items():
            assert tested.get(name, version.partition("+")[0]) == version.partition("+")[0], (
                f"{name}: run Utilities/RuntimeSizes/measure_runtime.py again"
            )


def test_a_machine_that_nobody_measured_gets_an_estimate_on_the_safe_side():
    plan = plan_for(Machine("Linux", "aarch64"), build_for(Machine("Linux", "aarch64")))
    assert not plan.is_complete
    assert plan.download_bytes == plan_for(Machine("Linux", "x86_64"), Build("cpu", None, "")).download_bytes
    assert plan.packages == {}


def test_an_update_names_what_changes():
    assert changes(Marker(REQUIREMENTS, "", packages={"nibabel": "5.0", "torch": "2.13.0+cu126"})) == (
        f"nibabel 5.0 -> {pinned_versions(constraints_file())['nibabel']}",
    )
    assert changes(Marker(REQUIREMENTS, "", packages={})) == ("its list of packages",)


def test_what_a_runtime_of_an_earlier_release_lacks_is_named():
    earlier = tuple(line for line in REQUIREMENTS if not line.startswith("highdicom"))
    found = changes(Marker(earlier, "", packages={"nibabel": "5.0"}))
    assert found[0].startswith("highdicom 0.28") and found[0].endswith(" (new)")
    assert found[1].startswith("nibabel 5.0 -> ")
    assert changes(Marker(earlier, "", packages={"highdicom": found[0].split()[1]})) == ("its list of packages",)


def test_the_fingerprint_ignores_versions_of_what_is_no_part_of_a_runtime(tmp_path):
    original = constraints_file().read_text()
    pins = tmp_path / "pins.txt"
    pins.write_text(original.replace("ruff==", "ruff==9"))
    assert "ruff" not in runtime_packages()
    assert expected_fingerprint(constraints=pins) == expected_fingerprint()
    pins.write_text(original.replace("nibabel==", "nibabel==9"))
    assert expected_fingerprint(constraints=pins) != expected_fingerprint()


def test_a_folder_of_wheels_is_compared_by_name_version_python_and_system(tmp_path: Path):
    here = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    for name in (
        "plain-1.0-py3-none-any.whl",
        "Odd_Name-2.0-py3-none-any.whl",
        "torch-2.13.0+cpu-py3-none-any.whl",
        "old-0.9-py3-none-any.whl",
        f"foreign-1.0-{here}-{here}-win_arm64.whl",
        "foreign2-1.0-cp39-cp39-any.whl",
        "source-1.0.tar.gz",
        "not a wheel.whl",
    ):
        (tmp_path / name).write_text("")
    wanted = {"plain": "1.0", "odd-name": "2.0", "torch": "2.13.0", "old": "1.0", "source": "1.0", "argparse": "1.4.0"}
    plan = Plan({**wanted, "foreign": "1.0", "foreign2": "1.0", "nvidia-*, triton": "13"})
    another = "(there is one for another Python or system)"
    assert missing_wheels(tmp_path, plan) == (
        f"foreign 1.0 {another}",
        f"foreign2 1.0 {another}",
        "old 1.0",
        "source 1.0",
    )
