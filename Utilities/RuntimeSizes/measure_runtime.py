"""Measures what the private runtime of the Slicer module downloads and takes on disk, for each kind of machine.

    python Utilities/RuntimeSizes/measure_runtime.py --work /tmp/sizes

Writes ``Resources/private_runtime.json``, from which the panel says what it would install. Run it in an environment
that holds the tested versions (``make test`` made one), whenever ``constraints.txt`` changes. It downloads about 5 GB.
Wheels that are not on PyPI (PyTorch's own index) are not downloaded: ``ELSEWHERE`` holds their sizes.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name, parse_wheel_filename

from UMambaXAILogic.slicer_app.runtime.contents import REQUIREMENTS

REPOSITORY = Path(__file__).resolve().parents[2]
OUTPUT = REPOSITORY / "Resources" / "private_runtime.json"
PYTHON = "3.12"  # Slicer's
#: Size of compiled Python files for each byte of source, measured over the tested environment.
COMPILED_RATIO = 1.35

_LINUX = [f"manylinux_2_{minor}_x86_64" for minor in range(5, 29)] + ["manylinux2014_x86_64"]
_WINDOWS, _MAC = ["win_amd64"], ["macosx_14_0_arm64"]
#: What torch needs besides on Linux with CUDA 13.0, from the metadata of PyPI's wheel of torch 2.13.0.
_CUDA_13 = (
    "cuda-toolkit[cublas,cudart,cufft,cufile,cupti,curand,cusolver,cusparse,nvjitlink,nvrtc,nvtx]==13.0.3",
    "cuda-bindings<14,>=13.0.3",
    "nvidia-cudnn-cu13==9.20.0.48",
    "nvidia-cusparselt-cu13==0.8.1",
    "nvidia-nccl-cu13==2.29.7",
    "nvidia-nvshmem-cu13==3.4.5",
    "triton==3.7.1",
)
#: Build -> wheels of PyTorch's own index: version, bytes of the file (Content-Length), bytes unpacked. Unpacked sizes
#: of wheels that could not be opened, and files whose length is not known, are estimates (see ESTIMATED).
ELSEWHERE: Mapping[str, Mapping[str, tuple[str, int, int]]] = {
    "Linux-x86_64/cpu": {"torch": ("2.13.0+cpu", 191_794_682, 0), "torchvision": ("0.28.0+cpu", 2_100_000, 7_000_000)},
    "Linux-x86_64/cu126": {
        "torch": ("2.13.0+cu126", 850_000_000, 1_700_000_000),
        "torchvision": ("0.28.0+cu126", 8_000_000, 22_000_000),
        "nvidia-*-cu12, triton": ("12.6", 2_750_000_000, 4_700_000_000),
    },
    "Windows-AMD64/cu126": {
        "torch": ("2.13.0+cu126", 2_594_590_371, 4_400_000_000),
        "torchvision": ("0.28.0+cu126", 8_800_000, 22_000_000),
    },
    "Windows-AMD64/cu130": {
        "torch": ("2.13.0+cu130", 1_915_519_202, 3_400_000_000),
        "torchvision": ("0.28.0+cu130", 8_800_000, 22_000_000),
    },
}
ESTIMATED = {"Linux-x86_64/cu126", "Windows-AMD64/cu126", "Windows-AMD64/cu130"}

#: Build -> platform tags of its wheels on PyPI, and requirements besides those that every platform has.
BUILDS = {
    "Linux-x86_64/cpu": (_LINUX, ()),
    "Linux-x86_64/cu126": (_LINUX, ()),
    "Linux-x86_64/cu130": (_LINUX, _CUDA_13),
    "Windows-AMD64/cpu": (_WINDOWS, ("colorama",)),
    "Windows-AMD64/cu126": (_WINDOWS, ("colorama",)),
    "Windows-AMD64/cu130": (_WINDOWS, ("colorama",)),
    "Darwin-arm64/cpu": (_MAC, ()),
}

Sizes = dict[str, tuple[str, int, int]]


def main() -> None:
    """Measure every build and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder for the downloads")
    parser.add_argument("--cpu-torch", type=Path, help="a wheel of Linux' CPU torch, to measure what it unpacks to")
    options = parser.parse_args()
    pins = closure()
    builds = {}
    for build, (platforms, more) in BUILDS.items():
        elsewhere = dict(ELSEWHERE.get(build, {}))
        wanted = [f"{name}=={version}" for name, version in pins.items() if name not in elsewhere]
        folder = options.work / build.replace("/", "-")
        download(folder, options.work / "own-wheels", wanted, platforms, with_dependencies=False)
        if more:
            download(folder, options.work / "own-wheels", list(more), platforms, with_dependencies=True)
        if build == "Linux-x86_64/cpu" and options.cpu_torch is not None:
            elsewhere["torch"] = ("2.13.0+cpu", options.cpu_torch.stat().st_size, unpacked(options.cpu_torch))
        sizes: Sizes = {**measure(folder), **elsewhere}
        builds[build] = {"estimated": build in ESTIMATED, "packages": dict(sorted(sizes.items()))}
        print(build, len(sizes), *(f"{sum(size[i] for size in sizes.values()) / 1e9:.2f} GB" for i in (1, 2)))
    OUTPUT.write_text(as_text({"python": PYTHON, "builds": builds}), encoding="utf-8")


def closure() -> dict[str, str]:
    """Version of everything that the requirements bring along, as installed here (on Linux, for the CPU)."""
    waiting, found = [Requirement(line) for line in REQUIREMENTS], {}
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        distribution = importlib.metadata.distribution(requirement.name)
        found[name] = distribution.version.partition("+")[0]
        waiting += [Requirement(line) for line in distribution.requires or []]
    return found


def download(folder: Path, own: Path, wanted: list[str], platforms: list[str], with_dependencies: bool) -> None:
    """Wheels of ``wanted`` for a platform; what PyPI has as source only is made into wheels, which fit all."""
    own.mkdir(parents=True, exist_ok=True)
    source = [sys.executable, "-m", "pip", "download", "--quiet", "--python-version", PYTHON, "--dest", str(folder)]
    source += ["--only-binary", ":all:", "--find-links", str(own), "--constraint", str(REPOSITORY / "constraints.txt")]
    for platform in platforms:
        source += ["--platform", platform]
    if with_dependencies:
        subprocess.run([*source, *wanted], check=True)
        return
    for requirement in wanted:
        if subprocess.run([*source, "--no-deps", requirement], capture_output=True).returncode != 0:
            wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(own), requirement]
            subprocess.run(wheel, check=True)
            subprocess.run([*source, "--no-deps", requirement], check=True)


def measure(folder: Path) -> Sizes:
    """Version, size and unpacked size of each wheel in a folder."""
    sizes: Sizes = {}
    for wheel in folder.glob("*.whl"):
        name, version, _, _ = parse_wheel_filename(wheel.name)
        sizes[str(name)] = (str(version), wheel.stat().st_size, unpacked(wheel))
    return sizes


def unpacked(wheel: Path) -> int:
    """Bytes of a wheel's files once installed, with the compiled Python files that pip adds."""
    with zipfile.ZipFile(wheel) as archive:
        files = archive.infolist()
    compiled = COMPILED_RATIO * sum(file.file_size for file in files if file.filename.endswith(".py"))
    return sum(file.file_size for file in files) + int(compiled)


def as_text(content: dict) -> str:
    """JSON with a line for each package, so that a change shows as such."""
    lines = ["{", f' "python": {json.dumps(content["python"])},', ' "builds": {']
    builds = []
    for build, entry in content["builds"].items():
        packages = ",\n".join(f"   {json.dumps(name)}: {json.dumps(size)}" for name, size in entry["packages"].items())
        builds.append(
            f'  {json.dumps(build)}: {{\n   "estimated": {json.dumps(entry["estimated"])},\n   "packages": {{\n'
            f"{packages}\n   }}\n  }}"
        )
    return "\n".join([*lines, ",\n".join(builds), " }", "}", ""])


if __name__ == "__main__":
    main()
