"""Which build of PyTorch fits this machine, and why.

PyTorch 2.13 comes for the CPU, for CUDA 12.6 and for CUDA 13.0. The CUDA libraries come with it; the machine brings the
driver. What each build needs is from the support matrix in PyTorch's RELEASE.md (architectures) and from NVIDIA's CUDA
release notes (drivers: 525.60 or 528.33 on Windows for CUDA 12 by minor-version compatibility, 580 for CUDA 13).
"""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from UMambaXAILogic.engine.errors import NotInstalledError

#: What somebody can wish for; ``cuda`` is whichever CUDA build fits.
AUTOMATIC, CPU, CUDA = "automatic", "cpu", "cuda"

_INDEX = "https://download.pytorch.org/whl"
_QUERY_S = 10.0
#: On PyPI lies one build for each system; the others lie in PyTorch's own index.
_ON_PYPI = {"Linux": "cu130", "Windows": "cpu", "Darwin": "cpu"}


@dataclass(frozen=True)
class Gpu:
    """An NVIDIA GPU as ``nvidia-smi`` describes it.

    Args:
        name: of the product.
        driver: version of the driver, such as (580, 65, 6).
        capability: compute capability, such as (8, 6); None where the driver is too old to tell.
    """

    name: str
    driver: tuple[int, ...]
    capability: tuple[int, int] | None


@dataclass(frozen=True)
class Machine:
    """What decides which build fits.

    Args:
        system: as ``platform.system()`` names it.
        processor: as ``platform.machine()`` names it, of this process: arm64 also means "not under Rosetta".
        gpus: the NVIDIA GPUs.
        query_problem: why the GPUs could not be asked, empty where they were.
    """

    system: str
    processor: str
    gpus: tuple[Gpu, ...] = ()
    query_problem: str = ""


@dataclass(frozen=True)
class Build:
    """A build of PyTorch.

    Args:
        tag: ``cpu``, ``cu126`` or ``cu130``.
        index: package index to look at besides PyPI, or None where PyPI has that build.
        reason: why this one, as a sentence.
    """

    tag: str
    index: str | None
    reason: str

    @property
    def name(self) -> str:
        """As people call it: ``CPU``, ``CUDA 12.6``."""
        return "CPU" if self.tag == CPU else f"CUDA {self.tag[2:-1]}.{self.tag[-1]}"


@dataclass(frozen=True)
class _Cuda:
    """What a CUDA build asks for: oldest driver on Linux and on Windows, oldest and newest compute capability."""

    tag: str
    linux: tuple[int, ...]
    windows: tuple[int, ...]
    oldest: tuple[int, int]
    newest: tuple[int, int]

    def driver(self, system: str) -> tuple[int, ...]:
        return self.windows if system == "Windows" else self.linux

    def knows(self, gpu: Gpu) -> bool:
        return gpu.capability is None or self.oldest <= gpu.capability < self.newest

    def runs_on(self, gpu: Gpu, system: str) -> bool:
        return self.knows(gpu) and gpu.driver >= self.driver(system)


#: Newest first: it is tried first.
_CUDA = (
    _Cuda("cu130", (580,), (580,), (7, 5), (13, 0)),
    _Cuda("cu126", (525, 60), (528, 33), (5, 0), (10, 0)),
)


def build_for(machine: Machine, wish: str = AUTOMATIC) -> Build:
    """The build that fits a machine.

    Args:
        wish: ``automatic``, ``cpu`` or ``cuda``.

    Raises:
        NotInstalledError: there is none, or none for CUDA where that is wished for.
    """
    if machine.system == "Darwin" and machine.processor != "arm64":
        raise NotInstalledError(
            "There is no PyTorch 2.6 or newer for Macs with Intel processors, nor for a Slicer that runs under Rosetta "
            f"(this one says {machine.processor}).",
            "On a Mac with Apple silicon use the Slicer made for it; otherwise compute on another machine.",
        )
    if wish == CPU:
        return build_of(CPU, machine, "It was chosen by hand.")
    found, reason = _fitting_cuda(machine)
    if found is not None:
        return build_of(found, machine, reason)
    if wish == CUDA:
        raise NotInstalledError(f"The CUDA build was chosen, but it cannot work here. {reason}", "Choose Automatic.")
    return build_of(CPU, machine, reason)


def build_of(tag: str, machine: Machine, reason: str = "It is installed.") -> Build:
    """The build with a tag, and where this machine gets it from."""
    return Build(tag, None if _ON_PYPI.get(machine.system) == tag else f"{_INDEX}/{tag}", reason)


def this_machine() -> Machine:
    """This machine; asks the NVIDIA driver, which takes up to some seconds."""
    system, processor = platform.system(), platform.machine()
    if system == "Darwin":
        return Machine(system, processor)
    program = shutil.which("nvidia-smi")
    if program is None:
        return Machine(system, processor)
    fields = "name,driver_version,compute_cap"
    answer, problem = _ask([program, f"--query-gpu={fields}", "--format=csv,noheader"])
    if problem:  # drivers before 2021 do not know compute_cap
        answer, problem = _ask([program, "--query-gpu=name,driver_version", "--format=csv,noheader"])
    return Machine(system, processor, gpus_in(answer), problem)


def gpus_in(answer: str) -> tuple[Gpu, ...]:
    """The GPUs that ``nvidia-smi --query-gpu=name,driver_version[,compute_cap] --format=csv,noheader`` lists."""
    gpus = []
    for line in answer.splitlines():
        name, *rest = (part.strip() for part in line.split(","))
        driver = _numbers(rest[0]) if rest else ()
        if driver:
            capability = _numbers(rest[1]) if len(rest) > 1 else ()
            gpus.append(Gpu(name, driver, (capability[0], capability[1]) if len(capability) == 2 else None))
    return tuple(gpus)


def _fitting_cuda(machine: Machine) -> tuple[str | None, str]:
    """Tag of the CUDA build that fits, or None, and why."""
    if machine.system == "Darwin":
        return None, "PyTorch for the Mac has no CUDA; this extension computes on the CPU there."
    if not machine.gpus:
        problem = f" ({machine.query_problem})" if machine.query_problem else ""
        return None, f"No NVIDIA GPU with a working driver was found{problem}."
    for cuda in _CUDA:
        for gpu in machine.gpus:
            if cuda.runs_on(gpu, machine.system):
                return cuda.tag, f"{_describe(gpu)} runs CUDA {cuda.tag[2:-1]}.{cuda.tag[-1]}."
    gpu = machine.gpus[0]
    usable = [cuda for cuda in _CUDA if cuda.knows(gpu)]
    if not usable:
        return None, f"{_describe(gpu)} is not supported by PyTorch 2.13."
    needed = ".".join(map(str, usable[-1].driver(machine.system)))
    return None, f"{_describe(gpu)} needs driver {needed} or newer to compute with CUDA. Update it to use the GPU."


def _describe(gpu: Gpu) -> str:
    capability = "" if gpu.capability is None else f", compute capability {gpu.capability[0]}.{gpu.capability[1]}"
    return f"{gpu.name} (driver {'.'.join(map(str, gpu.driver))}{capability})"


def _numbers(text: str) -> tuple[int, ...]:
    parts = text.split(".")
    return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else ()


def _ask(command: Sequence[str]) -> tuple[str, str]:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_QUERY_S,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", f"nvidia-smi: {error}"
    answer = done.stdout.decode("utf-8", errors="replace")
    if done.returncode != 0:
        lines = (answer + done.stderr.decode("utf-8", errors="replace")).strip().splitlines()
        return "", f"nvidia-smi: {lines[0] if lines else f'status {done.returncode}'}"
    return answer, ""
