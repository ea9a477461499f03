"""The Triton kernels compile for every generation of NVIDIA GPUs since Turing; no GPU is needed for that."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="needs triton, which this platform's package index lacks"
)

MAX_REGISTERS = 255


@pytest.fixture
def compiler(sibling) -> ModuleType:
    return sibling("triton_compiler")


@pytest.fixture
def launches_of(monkeypatch, compiler) -> Callable[[dict[str, Any]], list]:
    """The launches of a scan and of all its gradients."""
    from UMambaXAILogic.engine.model.selective_scan import ScanArguments, triton_gpu

    def record(arguments: dict[str, Any]) -> list:
        launches: list = []
        with monkeypatch.context() as patch:
            for name in compiler.KERNELS:
                stand_in = compiler.StandIn(getattr(triton_gpu, name), lambda launch, grid: launches.append(launch))
                patch.setattr(triton_gpu, name, stand_in)
            leaves = {
                name: value.requires_grad_() for name, value in arguments.items() if isinstance(value, torch.Tensor)
            }
            output, last_state = triton_gpu.scan(ScanArguments(**(arguments | leaves)), True)
            (output.sum() + last_state.sum()).backward()
        return launches

    return record


def registers_and_spills(compiled: Any, capability: int, folder: Path) -> tuple[int, int]:
    """Of a thread, by the assembler that Triton brings along."""
    import triton

    assembler = Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / "ptxas"
    if not assembler.is_file():
        pytest.skip("this triton brings no assembler for NVIDIA GPUs")
    source = folder / "kernel.ptx"
    source.write_text(compiled.asm["ptx"])
    architecture = re.search(r"\.target (\w+)", compiled.asm["ptx"])
    assert architecture
    command = [str(assembler), "-v", f"-arch={architecture[1]}", str(source), "-o", str(folder / "kernel.cubin")]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    spills = sum(int(count) for count in re.findall(r"(\d+) bytes spill", report))
    return max(int(count) for count in re.findall(r"Used (\d+) registers", report)), spills


@pytest.mark.parametrize("capability", [75, 80, 86, 90])
def test_umambas_scan_compiles_and_stays_in_registers(capability, make, launches_of, compiler, tmp_path):
    """16 states, everything given: what the Mamba layers launch."""
    launches = launches_of(make(channels=64, length=4096))
    assert [kernel.fn.__name__ for kernel, *_ in launches] == [
        "add_up_tiles",
        "carry",
        "outputs",
        "add_up_tile_gradients",
        "carry",
        "gradients",
    ]
    for launch in launches:
        compiled = compiler.compile_for(launch, capability)
        registers, spills = registers_and_spills(compiled, capability, tmp_path)
        assert registers <= MAX_REGISTERS and spills == 0, launch[0].fn.__name__
        assert compiled.metadata.shared <= 16 * 1024  # the smallest GPU then holds several programs at once


@pytest.mark.parametrize(
    "case",
    [
        {"dtype": torch.float64, "length": 100},
        {"dtype": torch.bfloat16, "kinds": "gv"},
        {"dtype": torch.float16, "kinds": "cc", "options": ""},
        {"states": 1, "kinds": "cv", "options": "s"},
        {"states": 20, "kinds": "vc", "options": "z"},
        {"states": 256},
    ],
    ids=str,
)
def test_every_other_kind_of_scan_compiles(case, make, launches_of, compiler):
    for launch in launches_of(make(**({"channels": 8, "length": 512} | case))):
        assert compiler.compile_for(launch, 80).asm["cubin"]
