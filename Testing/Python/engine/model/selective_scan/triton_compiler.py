"""Compiles what the Triton backend would launch, for a GPU that need not be there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

KERNELS = ("add_up_tiles", "carry", "outputs", "add_up_tile_gradients", "gradients")
TYPES = {torch.float32: "*fp32", torch.float64: "*fp64", torch.float16: "*fp16", torch.bfloat16: "*bf16"}

Launch = tuple[Any, tuple[Any, ...], dict[str, Any]]


class StandIn:
    """Takes a kernel's place: its launches go to ``take`` (launch, grid)."""

    def __init__(self, kernel: Any, take: Callable[[Launch, tuple[int, ...]], None]) -> None:
        self.kernel = kernel
        self.take = take

    def __getitem__(self, grid: tuple[int, ...]) -> Callable[..., None]:
        return lambda *values, **options: self.take((self.kernel, values, options), grid)


def is_constant(parameter: Any, value: Any) -> bool:
    """Whether Triton compiles a kernel of its own for this value."""
    specialised = not parameter.do_not_specialize and isinstance(value, int) and value == 1
    return parameter.is_constexpr or value is None or specialised


def compile_for(launch: Launch, capability: int) -> Any:
    """As Triton does it at a launch: types of the arguments, None and 1 as constants, what 16 divides."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    kernel, values, options = launch
    signature, constants, attributes = {}, {}, {}
    for index, parameter in enumerate(kernel.params):
        value = options[parameter.name] if parameter.is_constexpr else values[index]
        if isinstance(value, torch.Tensor):
            signature[parameter.name] = TYPES[value.dtype]
            attributes[(index,)] = [["tt.divisibility", 16]]
        elif is_constant(parameter, value):
            signature[parameter.name] = "constexpr"
            constants[(index,)] = value
        else:
            signature[parameter.name] = "i32" if value < 2**31 else "i64"
            if not parameter.do_not_specialize and value % 16 == 0:
                attributes[(index,)] = [["tt.divisibility", 16]]
    source = ASTSource(fn=kernel, signature=signature, constexprs=constants, attrs=attributes)
    target = GPUTarget("cuda", capability, 32)
    return triton.compile(source, target=target, options={"num_warps": options["num_warps"]})
