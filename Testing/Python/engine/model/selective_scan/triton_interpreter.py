"""Runs the Triton kernels in Triton's interpreter on the CPU, for tests in another process.

The interpreter must be switched on before triton is imported, which torch may do at any time; hence this program. It
reads pickled (arguments, settings) from its input and answers with the pickled output, last state and gradients.
"""

from __future__ import annotations

import os
import pickle
import sys
from typing import Any

os.environ["TRITON_INTERPRET"] = "1"

import numpy as np
import torch
from triton.runtime import interpreter

from UMambaXAILogic.engine.model.selective_scan import ScanArguments, triton_gpu

TINY = {"TILE_VALUES": 32, "MIN_TILE_STEPS": 8, "MAX_TILE_STEPS": 16, "SPAN_VALUES": 16, "PROGRAMS": 4}
"""Tiles, spans of the carrying and blocks of channels that few steps and channels already fill."""

ELEMENT_BY_ELEMENT = interpreter.ScanOps.generic_scan


def rows_at_once(operation: Any, inputs: Any) -> list[list[np.ndarray]]:
    """All partial results along the axis: what the interpreter computes one element after another."""
    arrays = [np.moveaxis(tensor.handle.data, operation.axis, 0) for tensor in inputs]

    def tensors(rows: list[np.ndarray]) -> list[Any]:
        return [operation.to_tensor(row, tensor.dtype) for row, tensor in zip(rows, inputs, strict=True)]

    results = [[array[0] for array in arrays]]
    for index in range(1, len(arrays[0])):
        combined = operation.combine_fn.fn(*tensors(results[-1]), *tensors([array[index] for array in arrays]))
        combined = combined if isinstance(combined, tuple) else (combined,)
        results.append([value.handle.data for value in combined])
    return results


def scan(self: Any, inputs: Any) -> list[Any]:
    columns = zip(*rows_at_once(self, inputs), strict=True)
    return [
        self.to_tensor(np.stack(column, axis=self.axis), tensor.dtype)
        for column, tensor in zip(columns, inputs, strict=True)
    ]


def reduce(self: Any, inputs: Any) -> list[Any]:
    last = rows_at_once(self, inputs)[-1]
    if self.keep_dims:
        last = [np.expand_dims(row, self.axis) for row in last]
    return [self.to_tensor(row, tensor.dtype) for row, tensor in zip(last, inputs, strict=True)]


def compute(arguments: dict[str, Any], settings: dict[str, Any]) -> list[torch.Tensor]:
    """Output, last state, and gradients of both, each weighted by one of ``settings["weights"]`` and added up."""
    for name, value in TINY.items():
        setattr(triton_gpu, name, settings.get(name, value))
    interpreter.ScanOps.generic_scan = ELEMENT_BY_ELEMENT if settings.get("element_by_element") else scan
    wanted = settings.get("wanted", [name for name, value in arguments.items() if isinstance(value, torch.Tensor)])
    arguments = arguments | {name: arguments[name].detach().requires_grad_() for name in wanted}
    output, last_state = triton_gpu.scan(ScanArguments(**arguments), True)
    results = [output.detach(), last_state.detach()]
    if wanted:
        total = sum(
            (weights * tensor).sum() for weights, tensor in zip(settings["weights"], (output, last_state), strict=True)
        )
        results += torch.autograd.grad(total, [arguments[name] for name in wanted])
    return results


def main() -> None:
    interpreter.ReduceOps.generic_reduce = reduce
    torch.set_num_threads(1)
    answers, sys.stdout = sys.stdout.buffer, sys.stderr
    while True:
        try:
            request = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(compute(*request), answers)
        answers.flush()


if __name__ == "__main__":
    main()
