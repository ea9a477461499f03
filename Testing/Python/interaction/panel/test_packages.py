"""What the part about the packages says and offers, and what is asked before they are changed."""

from __future__ import annotations

import dataclasses

import pytest

from UMambaXAILogic.interaction.panel.packages import (
    ACTIONS,
    PackagesFacts,
    packages_ui,
    size_in_words,
    step_in_words,
)
from UMambaXAILogic.interaction.panel.packages_questions import (
    Offer,
    delete_question,
    offer_details,
    offer_question,
    outcome,
    repair_question,
)
from UMambaXAILogic.interaction.panel.run import run_ui
from UMambaXAILogic.interaction.panel.state import PanelState
from UMambaXAILogic.interaction.protocol import Device, Step

INSTALLED = PackagesFacts(
    state="ready", folder="/data/py312", size_bytes=2_260_000_000, packages={"torch": "2.13.0", "nnunetv2": "2.8.1"}
)
OFFER = Offer(
    packages={"torch": "2.13.0+cpu", "nnunetv2": "2.8.1", "nibabel": "5.4.2"},
    downloads={"torch": 192_000_000, "nnunetv2": 300_000, "nibabel": 3_000_000},
    installed_bytes=2_260_000_000,
    needed_bytes=2_810_000_000,
    free_bytes=71_000_000_000,
    is_exact=True,
    build="CPU",
    reason="No NVIDIA GPU with a working driver was found.",
    folder="/data/py312",
)


def ui(facts: PackagesFacts, **state):
    return packages_ui(PanelState(packages=facts, **state))


def test_nothing_is_offered_while_something_runs():
    shown = ui(INSTALLED, job_state="running")
    assert not any(shown.actions.values())
    assert not shown.choices_enabled
    assert all("Wait" in shown.tooltips[action] for action in ACTIONS)
    assert "Installed" in shown.state_text
    assert "At work" in ui(INSTALLED, runtime="installing", is_about_packages=True).state_text


def test_every_action_has_its_own_words():
    for facts in (PackagesFacts(), INSTALLED):
        shown = ui(facts)
        assert set(shown.actions) == set(shown.tooltips) == set(ACTIONS)


def test_what_another_python_computes_without_is_not_touched_but_can_be_deleted():
    shown = ui(dataclasses.replace(INSTALLED, python="/opt/python"))
    assert {action for action, offered in shown.actions.items() if offered} == {"verify", "delete"}
    assert "Empty the field" in shown.tooltips["repair"]


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 kB"), (11_400, "11 kB"), (940e6, "940 MB"), (2.26e9, "2.3 GB"), (999.6e6, "1.0 GB")]
)
def test_sizes_are_said_as_people_say_them(size, words):
    assert size_in_words(size) == words


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Step("download", "torch", 3, 99, 120_000_000, 527_000_000), "Downloading torch (3 of 99): 120 of 527 MB"),
        (Step("download", "nccl", 3, 99, 1_230_000_000, 2_590_000_000), "Downloading nccl (3 of 99): 1.23 of 2.59 GB"),
        (Step("download", "small", 4, None, 200_000, 3_000_000), "Downloading small (package 4): 0.2 of 3.0 MB"),
        (Step("download", "tiny", 5, 99, 8_000, 23_000), "Downloading tiny (5 of 99): 8 of 23 kB"),
        (Step("download", "big", 4, None, 200_000, None), "Downloading big (package 4): 200 kB"),
        (Step("unpack", "torch", 5, 99), "Unpacking torch (5 of 99)"),
        (Step("build", "future"), "Building future"),
        (Step("something new", "torch"), "torch"),
    ],
)
def test_a_step_says_which_package_how_many_and_how_far(step, words):
    assert step_in_words(step) == words


def test_the_progress_of_an_installation_has_a_percentage_and_a_time_left():
    state = PanelState(runtime="installing", step=Step("unpack", "torch", 5, 99), progress=0.72, seconds_left=70.0)
    shown = run_ui(state)
    assert (shown.progress_percent, shown.progress_text) == (72, "Unpacking torch (5 of 99) - 72 % - 1 min left")
    assert run_ui(dataclasses.replace(state, progress=0.0)).progress_percent is None


def test_a_cancelled_installation_says_that_the_packages_are_as_they_were():
    cancelled = PanelState(job_state="cancelled", is_about_packages=True, packages=INSTALLED)
    assert "packages are as they were" in run_ui(cancelled).message
    assert "No packages" in run_ui(dataclasses.replace(cancelled, packages=PackagesFacts())).message
    assert "scene is as it was" in run_ui(PanelState(job_state="cancelled")).message


def test_the_question_says_what_how_large_where_and_why():
    text = offer_question(OFFER)
    for words in (
        "PyTorch 2.13.0+cpu, nnU-Net 2.8.1 and 1 more",
        "195 MB to download, 2.3 GB on disk; takes 2.8 GB while installing, 71.0 GB are free",
        "Folder: /data/py312",
        "Build: CPU. No NVIDIA GPU with a working driver was found.",
        "Slicer's own Python stays",
        "can be cancelled",
        "Install now?",
    ):
        assert words in text
    assert "about" not in text
    assert offer_details(OFFER).splitlines() == [
        "torch 2.13.0+cpu: 192 MB",
        "nibabel 5.4.2: 3 MB",
        "nnunetv2 2.8.1: 300 kB",
    ]


def test_estimates_are_called_so_and_wheels_need_no_download():
    assert "about 195 MB to download, about 2.3 GB" in offer_question(dataclasses.replace(OFFER, is_exact=False))
    text = offer_question(dataclasses.replace(OFFER, wheels="/media/stick"))
    assert "from the wheels in /media/stick" in text
    assert "download" not in text
    unknown = dataclasses.replace(OFFER, packages={}, downloads={"": 5e8}, is_exact=False)
    assert "PyTorch, nnU-Net and what they need" in offer_question(unknown)
    assert offer_details(unknown) == ""


def test_an_update_says_what_changes_and_what_is_kept():
    text = offer_question(dataclasses.replace(OFFER, changes=("torch 2.12.0 -> 2.13.0",)))
    assert "Changes: torch 2.12.0 -> 2.13.0." in text
    assert "not downloaded again" in text
    assert "Update now?" in text


def test_repairing_and_deleting_say_what_stays():
    assert "/data/py312" in repair_question("/data/py312")
    assert "stays until the new packages are verified" in repair_question("/data/py312")
    assert "2.3 GB" in delete_question("/data/py312", 2_260_000_000)
    assert "Slicer's own Python stay" in delete_question("/data/py312", 0)


def test_the_outcome_names_versions_and_device():
    device = Device("NVIDIA RTX 4090", 24000.0, "", "PyTorch is built for CUDA 13.0.")
    assert outcome({"torch": "2.13.0", "skimage": ""}, device) == (
        "The packages work: torch 2.13.0, skimage. Computes on NVIDIA RTX 4090. PyTorch is built for CUDA 13.0."
    )
    assert outcome({}, None) == "The packages are deleted."
