"""Which build of PyTorch a machine gets, and why."""

from __future__ import annotations

import pytest

from UMambaXAILogic.engine.errors import NotInstalledError
from UMambaXAILogic.slicer_app.runtime import build
from UMambaXAILogic.slicer_app.runtime.build import Gpu, Machine, build_for, gpus_in, this_machine

INDEX = "https://download.pytorch.org/whl"


def machine(system: str, *gpus: Gpu, processor: str = "x86_64", problem: str = "") -> Machine:
    return Machine(system, processor, gpus, problem)


def gpu(driver: str, capability: tuple[int, int] | None = (8, 9), name: str = "NVIDIA RTX 4090") -> Gpu:
    return Gpu(name, tuple(map(int, driver.split("."))), capability)


@pytest.mark.parametrize(
    ("where", "tag", "index"),
    [
        (machine("Linux"), "cpu", f"{INDEX}/cpu"),
        (machine("Windows"), "cpu", None),  # PyPI's own build
        (machine("Darwin", processor="arm64"), "cpu", None),
        (machine("Linux", gpu("580.65.06")), "cu130", None),
        (machine("Windows", gpu("591.86")), "cu130", f"{INDEX}/cu130"),
        (machine("Linux", gpu("570.86.10")), "cu126", f"{INDEX}/cu126"),
        (machine("Windows", gpu("560.94")), "cu126", f"{INDEX}/cu126"),
        (machine("Linux", gpu("525.60.13")), "cu126", f"{INDEX}/cu126"),
        (machine("Windows", gpu("527.41")), "cpu", None),  # too old by a hair
        (machine("Linux", gpu("470.256.02")), "cpu", f"{INDEX}/cpu"),
        (machine("Linux", gpu("580.65.06", (6, 1), "GTX 1080")), "cu126", f"{INDEX}/cu126"),  # CUDA 13 knows no Pascal
        (machine("Linux", gpu("570.0", (12, 0), "RTX 5090")), "cpu", f"{INDEX}/cpu"),  # Blackwell needs CUDA 13
        (machine("Linux", gpu("580.0", (12, 0), "RTX 5090")), "cu130", None),
        (machine("Linux", gpu("580.0", (3, 5), "Tesla K40")), "cpu", f"{INDEX}/cpu"),
        (machine("Linux", gpu("530.30.02", None)), "cu126", f"{INDEX}/cu126"),
        (machine("Linux", gpu("580.0", (3, 5), "Tesla K40"), gpu("580.0")), "cu130", None),  # the second one will do
    ],
)
def test_the_build_follows_system_driver_and_gpu(where, tag, index):
    found = build_for(where)
    assert (found.tag, found.index) == (tag, index)
    assert found.reason.endswith(".")


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (machine("Linux"), "No NVIDIA GPU with a working driver"),
        (machine("Linux", problem="nvidia-smi: Failed to initialize NVML"), "Failed to initialize NVML"),
        (machine("Linux", gpu("470.256.02")), "needs driver 525.60 or newer"),
        (machine("Windows", gpu("512.15")), "needs driver 528.33 or newer"),
        (machine("Linux", gpu("570.0", (12, 0))), "needs driver 580 or newer"),
        (machine("Linux", gpu("580.0", (3, 5))), "compute capability 3.5) is not supported"),
        (machine("Darwin", processor="arm64"), "no CUDA"),
    ],
)
def test_the_cpu_build_comes_with_an_honest_reason(where, words):
    assert words in build_for(where).reason
    with pytest.raises(NotInstalledError, match="chosen, but it cannot work") as refusal:
        build_for(where, "cuda")
    assert words in refusal.value.message


def test_a_choice_by_hand_is_followed():
    with_gpu = machine("Linux", gpu("580.65.06"))
    assert build_for(with_gpu, "cpu").tag == "cpu"
    assert build_for(with_gpu, "cuda").tag == "cu130"
    assert build_for(with_gpu, "cuda").name == "CUDA 13.0"
    assert build_for(machine("Linux", gpu("570.0")), "cuda").name == "CUDA 12.6"


def test_macs_that_pytorch_no_longer_supports_are_refused():
    with pytest.raises(NotInstalledError, match="Intel"):
        build_for(machine("Darwin"))


def test_what_nvidia_smi_says_is_understood():
    found = gpus_in("NVIDIA H100 80GB HBM3, 580.65.06, 9.0\nNVIDIA GeForce GTX 1080, 580.65.06, 6.1\n")
    assert found[0] == Gpu("NVIDIA H100 80GB HBM3", (580, 65, 6), (9, 0))
    assert found[1].capability == (6, 1)
    assert gpus_in("Tesla K40, 390.10\n") == (Gpu("Tesla K40", (390, 10), None),)
    assert gpus_in("NVIDIA RTX, 580.1, [N/A]\n")[0].capability is None
    assert gpus_in("Failed to initialize NVML: Driver/library version mismatch\n") == ()
    assert gpus_in("") == ()


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """Makes a program of that name with a shell script: nvidia_smi(script)."""

    def make(script: str) -> None:
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setattr(build.shutil, "which", lambda name: str(program))
        monkeypatch.setattr(build.platform, "system", lambda: "Linux")

    return make


def test_the_driver_is_asked(nvidia_smi):
    nvidia_smi("echo 'NVIDIA RTX A6000, 550.54.14, 8.6'")
    assert this_machine().gpus == (Gpu("NVIDIA RTX A6000", (550, 54, 14), (8, 6)),)


def test_an_old_driver_that_does_not_know_capabilities_is_asked_again(nvidia_smi):
    nvidia_smi('case "$1" in *compute_cap*) exit 2;; esac; echo "Quadro M4000, 418.56"')
    assert this_machine().gpus == (Gpu("Quadro M4000", (418, 56), None),)


def test_a_driver_that_does_not_work_is_a_reason(nvidia_smi):
    nvidia_smi("echo 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.'; exit 9")
    found = this_machine()
    assert found.gpus == ()
    assert "could not communicate" in build_for(found).reason
