"""The Triton kernels, run by Triton's interpreter on the CPU, compute the definition and its gradients.

That they compile for GPUs is tested in test_triton_compilation, that they are right there in test_gpu.
"""

from __future__ import annotations

import importlib.util
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from UMambaXAILogic.engine.model.selective_scan import selective_scan

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None, reason="needs triton, which this platform's package index lacks"
)

Results = dict[str, torch.Tensor]
Interpret = Callable[..., Results]


@pytest.fixture(scope="module")
def interpreter() -> Iterator[Callable[[dict[str, Any], dict[str, Any]], list[torch.Tensor]]]:
    """Sends (arguments, settings) to a process of triton_interpreter.py, and gives back what it answers."""
    program = Path(__file__).with_name("triton_interpreter.py")
    process = subprocess.Popen([sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(arguments: dict[str, Any], settings: dict[str, Any]) -> list[torch.Tensor]:
        assert process.stdin is not None and process.stdout is not None
        pickle.dump((arguments, settings), process.stdin)
        process.stdin.flush()
        return pickle.load(process.stdout)

    yield ask
    process.stdin.close()
    process.wait(30)
    process.stdout.close()


def tensors(arguments: dict[str, Any]) -> list[str]:
    return [name for name, value in arguments.items() if isinstance(value, torch.Tensor)]


def weights(arguments: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
    """Of output and last state, in the dtypes that these have."""
    random = torch.Generator().manual_seed(7)
    u, states = arguments["u"], arguments["A"].shape
    wide = torch.float64 if u.dtype == torch.float64 else torch.float32
    of_output = torch.randn(u.shape, generator=random, dtype=torch.float64).to(u.dtype)
    return of_output, torch.randn((len(u), *states), generator=random, dtype=torch.float64).to(wide)


@pytest.fixture(scope="module")
def interpret(interpreter) -> Interpret:
    """Output, last state and gradients by the Triton kernels; settings replace the module's constants."""

    def run(arguments: dict[str, Any], **settings: Any) -> Results:
        settings = {"wanted": tensors(arguments), "weights": weights(arguments)} | settings
        values = interpreter(arguments, settings)
        return dict(zip(["output", "last state", *settings["wanted"]], values, strict=True))

    return run


def expected_results(arguments: dict[str, Any]) -> Results:
    """The same by the reference, in float64."""
    of_output, of_state = (weight.double() for weight in weights(arguments))
    names = tensors(arguments)
    leaves = {name: arguments[name].detach().double().requires_grad_() for name in names}
    output, last = selective_scan(**(arguments | leaves), return_last_state=True, backend="reference")
    total = (of_output * output).sum() + (of_state * last).sum()
    gradients = torch.autograd.grad(total, list(leaves.values()))
    return dict(zip(["output", "last state", *names], [output, last, *gradients], strict=True))


@pytest.fixture
def check(interpret, relative_error) -> Callable[..., None]:
    """All results agree with the reference in float64 to a tolerance."""

    def compare(arguments: dict[str, Any], tolerance: float, **settings: Any) -> None:
        expected = expected_results(arguments)
        for name, value in interpret(arguments, **settings).items():
            in_its_range = expected[name].to(value.dtype)
            assert relative_error(value, in_its_range) < tolerance, name

    return compare


@pytest.mark.parametrize("kinds", ["vv", "gg", "gv", "cg", "vc", "cc"])
def test_every_form_of_b_and_c_in_float64(kinds, make, check):
    """Three tiles, the last not full."""
    check(make(batch=2, channels=2, length=19, states=3, kinds=kinds, dtype=torch.float64), 1e-13)


@pytest.mark.parametrize("options", ["", "D", "z", "b", "s"])
def test_every_option_alone(options, make, check):
    check(make(channels=2, length=11, states=2, options=options, dtype=torch.float64), 1e-13)


@pytest.mark.parametrize("length", [1, 7, 8, 9, 64, 65])
def test_lengths_around_tiles_and_spans(length, make, check):
    """Tiles have 8 steps, spans of the carrying 8 tiles."""
    check(make(channels=1, length=length, states=4, dtype=torch.float64), 1e-13)


@pytest.mark.parametrize("states", [1, 5, 16, 17])
def test_numbers_of_states(states, make, check):
    check(make(channels=1, length=21, states=states, dtype=torch.float64), 1e-12)


@pytest.mark.parametrize("programs", [1, 5, 1000])
def test_blocks_of_channels(programs, make, check):
    """One for all, some of which the last is smaller, one for each: of the 7 channels of a group."""
    check(make(channels=14, length=8, states=2, kinds="gv"), 1e-5, PROGRAMS=programs)


def test_tiles_as_large_as_on_a_gpu(make, check):
    sizes = {"TILE_VALUES": 2048, "MIN_TILE_STEPS": 16, "MAX_TILE_STEPS": 512, "SPAN_VALUES": 4096}
    check(make(channels=2, length=150, states=16), 1e-5, **sizes)


def test_the_interpreters_own_element_by_element_scan(make, check):
    check(make(channels=1, length=9, states=2), 1e-5, element_by_element=True)


@pytest.mark.parametrize("shift", [-12.0, 0.0, 8.0, 1000.0])
def test_steps_of_any_size(shift, make, check):
    """From 6e-6, where the state remembers everything, to 1000, where it forgets at once."""
    arguments = make(channels=2, length=30, states=2, options="zs")
    arguments["delta"] = arguments["delta"] + 3 + shift
    check(arguments, 1e-5)


def test_large_steps_among_small_ones(make, check):
    arguments = make(channels=2, length=30, states=2, options="")
    arguments["delta"] *= 1e-3
    arguments["delta"][..., 5::11] = 500
    check(arguments, 1e-5)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    batch=st.integers(1, 2),
    half_channels=st.integers(1, 3),
    length=st.integers(1, 24),
    states=st.integers(1, 6),
    kinds=st.text("vgc", min_size=2, max_size=2),
    options=st.sets(st.sampled_from("Dzbs")),
    programs=st.integers(1, 20),
)
def test_any_shape(make, check, batch, half_channels, length, states, kinds, options, programs):
    check(make(batch, 2 * half_channels, length, states, kinds, "".join(options)), 1e-5, PROGRAMS=programs)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32_and_returned_as_it_came(dtype, make, interpret):
    arguments = make(channels=2, length=10, states=2)
    narrow = arguments | {name: arguments[name].to(dtype) for name in ("u", "delta", "B", "C", "z")}
    wide = narrow | {name: narrow[name].float() for name in ("u", "delta", "B", "C", "z")}
    same = {"weights": weights(narrow)}
    expected = interpret(wide, weights=tuple(weight.float() for weight in same["weights"]))
    step = 2**-7 if dtype == torch.bfloat16 else 0  # where a GPU rounds to bfloat16, the interpreter cuts off
    for name, value in interpret(narrow, **same).items():
        assert value.dtype == (dtype if name in ("output", "u", "delta", "B", "C", "z") else torch.float32)
        assert torch.allclose(value, expected[name].to(value.dtype), rtol=step, atol=0), name


@pytest.mark.parametrize("wanted", [["u"], ["A"], ["C", "delta_bias"], ["D", "z", "B"]])
def test_a_gradient_does_not_depend_on_which_others_are_wanted(wanted, make, interpret):
    for kinds in ("vc", "cv"):
        arguments = make(channels=2, length=10, states=2, kinds=kinds)
        expected, results = interpret(arguments), interpret(arguments, wanted=wanted)
        assert all(torch.equal(value, expected[name]) for name, value in results.items())


def test_no_gradient_is_needed(make, interpret, relative_error):
    arguments = make(length=20)
    results = interpret(arguments, wanted=[])
    assert relative_error(results["output"], selective_scan(**arguments, backend="reference")) < 1e-6


def test_slices_and_transposed_tensors(make, interpret):
    arguments = make(batch=2, channels=2, length=10, states=2)
    expected = interpret(arguments)
    both = torch.cat([torch.randn(2, 3, 10), arguments["B"], arguments["C"]], dim=1)
    changed = dict(arguments)
    _, changed["B"], changed["C"] = both.split([3, 2, 2], dim=1)
    changed["z"] = torch.cat([arguments["z"], arguments["u"]], dim=1)[:, :2]
    changed["u"] = arguments["u"].transpose(1, 2).contiguous().transpose(1, 2)
    for name, value in interpret(changed).items():
        assert torch.equal(value, expected[name]), name


def test_nan_in_the_input_shows_in_the_output_from_there_on(make, interpret):
    for name in ("u", "delta"):
        arguments = make(channels=2, length=40, states=4)
        arguments[name][0, 1, 25] = torch.nan
        output = interpret(arguments, wanted=[])["output"]
        assert output[0, 1, 25:].isnan().all()
        assert not output[0, 1, :25].isnan().any() and not output[0, 0].isnan().any()
