"""The Triton kernels compile for every generation of NVIDIA GPUs since Turing; no GPU is needed for that."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="needs triton, which this platform's package index lacks"
)

KERNELS = ("add_up_tiles", "carry", "outputs", "add_up_tile_gradients", "gradients")
TYPES = {torch.float32: "*fp32", torch.float64: "*fp64", torch.float16: "*fp16", torch.bfloat16: "*bf16"}
MAX_REGISTERS = 255

Launch = tuple[Any, tuple[Any, ...], dict[str, Any]]


class Recorder:
    """Takes a kernel's place, and notes what it would have been launched with."""

    def __init__(self, kernel: Any, launches: list[Launch]) -> None:
        self.kernel = kernel
        self.launches = launches

    def __getitem__(self, grid: tuple[int]) -> Callable[..., None]:
        return lambda *values, **options: self.launches.append((self.kernel, values, options))


@pytest.fixture
def launches_of(monkeypatch) -> Callable[[dict[str, Any]], list[Launch]]:
    """The launches of a scan and of all its gradients."""
    from UMambaXAILogic.engine.model.selective_scan import ScanArguments, triton_gpu

    def record(arguments: dict[str, Any]) -> list[Launch]:
        launches: list[Launch] = []
        with monkeypatch.context() as patch:
            for name in KERNELS:
                patch.setattr(triton_gpu, name, Recorder(getattr(triton_gpu, name), launches))
            leaves = {
                name: value.requires_grad_() for name, value in arguments.items() if isinstance(value, torch.Tensor)
            }
            output, last_state = triton_gpu.scan(ScanArguments(**(arguments | leaves)), True)
            (output.sum() + last_state.sum()).backward()
        return launches

    return record


def compile_for(launch: Launch, capability: int) -> Any:
    """As Triton does it at a launch: types of the arguments, None and 1 as constants, what 16 divides."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    kernel, values, options = launch
    signature, constants, attributes = {}, {}, {}
    for index, parameter in enumerate(kernel.params):
        value = options[parameter.name] if parameter.is_constexpr else values[index]
        specialised = not (parameter.is_constexpr or parameter.do_not_specialize)
        if isinstance(value, torch.Tensor):
            signature[parameter.name] = TYPES[value.dtype]
            attributes[(index,)] = [["tt.divisibility", 16]]
        elif parameter.is_constexpr or value is None or (specialised and value == 1):
            signature[parameter.name] = "constexpr"
            constants[(index,)] = value
        else:
            signature[parameter.name] = "i32" if value < 2**31 else "i64"
            if specialised and value % 16 == 0:
                attributes[(index,)] = [["tt.divisibility", 16]]
    source = ASTSource(fn=kernel, signature=signature, constexprs=constants, attrs=attributes)
    target = GPUTarget("cuda", capability, 32)
    return triton.compile(source, target=target, options={"num_warps": options["num_warps"]})


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
def test_umambas_scan_compiles_and_stays_in_registers(capability, make, launches_of, tmp_path):
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
        compiled = compile_for(launch, capability)
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
def test_every_other_kind_of_scan_compiles(case, make, launches_of):
    for launch in launches_of(make(**({"channels": 8, "length": 512} | case))):
        assert compile_for(launch, 80).asm["cubin"]
