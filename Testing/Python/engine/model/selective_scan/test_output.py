"""Every backend computes the definition, whatever is given, left out, grouped, constant or strided."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.model.selective_scan import selective_scan

pytestmark = pytest.mark.usefixtures("short_chunks")

ALL_OPTIONS = ["".join(chosen) for count in range(5) for chosen in itertools.combinations("Dzbs", count)]


@pytest.mark.parametrize("options", ALL_OPTIONS)
def test_every_combination_of_options(backend, options, make, loop, relative_error):
    arguments = make(batch=2, length=19, states=3, options=options)
    output, last = selective_scan(**arguments, return_last_state=True, backend=backend)
    expected, expected_last = loop(arguments)
    assert relative_error(output, expected) < 1e-6
    assert relative_error(last, expected_last) < 1e-6


@pytest.mark.parametrize("kinds", ["".join(pair) for pair in itertools.product("vgc", repeat=2)])
@pytest.mark.parametrize("length", [1, 40])
def test_every_form_of_b_and_c(backend, kinds, length, make, loop, relative_error):
    arguments = make(batch=2, channels=6, length=length, states=5, kinds=kinds)
    output, last = selective_scan(**arguments, return_last_state=True, backend=backend)
    expected, expected_last = loop(arguments)
    assert relative_error(output, expected) < 1e-6
    assert relative_error(last, expected_last) < 1e-6


@pytest.mark.parametrize("states", [1, 2, 15, 16, 17, 33, 64])
def test_every_number_of_states(fast_backend, states, make, loop, relative_error):
    arguments = make(length=37, states=states)
    assert relative_error(selective_scan(**arguments, backend=fast_backend), loop(arguments)[0]) < 1e-6


@pytest.mark.parametrize("length", [1, 15, 16, 17, 300, 511, 512, 513, 1030])
@pytest.mark.parametrize("channels", [1, 8, 9])
def test_lengths_and_channels_around_tile_and_block_sizes(fast_backend, channels, length, make, loop, relative_error):
    arguments = make(channels=channels, length=length, states=4)
    assert relative_error(selective_scan(**arguments, backend=fast_backend), loop(arguments)[0]) < 1e-6


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batch=st.integers(1, 3),
    half_channels=st.integers(1, 6),
    length=st.integers(1, 150),
    states=st.integers(1, 20),
    kinds=st.text("vgc", min_size=2, max_size=2),
    options=st.sets(st.sampled_from("Dzbs")),
    seed=st.integers(0, 100),
)
def test_any_shape(make, loop, relative_error, batch, half_channels, length, states, kinds, options, seed):
    arguments = make(batch, 2 * half_channels, length, states, kinds, "".join(options), seed=seed)
    expected, expected_last = loop(arguments)
    for name in ("numba", "torch-chunked"):
        output, last = selective_scan(**arguments, return_last_state=True, backend=name)
        assert relative_error(output, expected) < 2e-6
        assert relative_error(last, expected_last) < 2e-6


def test_float64_is_computed_in_float64(backend, make, loop, relative_error):
    arguments = make(length=30, dtype=torch.float64)
    output, last = selective_scan(**arguments, return_last_state=True, backend=backend)
    assert output.dtype == last.dtype == torch.float64
    assert relative_error(output, loop(arguments)[0]) < 1e-13


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32_and_returned_as_it_came(backend, dtype, make, relative_error):
    arguments = make(length=200, states=4, options="Dzbs")
    narrow = {
        name: value.to(dtype) if name in ("u", "delta", "B", "C", "z") else value for name, value in arguments.items()
    }
    wide = {name: value.float() if isinstance(value, torch.Tensor) else value for name, value in narrow.items()}
    output, last = selective_scan(**narrow, return_last_state=True, backend=backend)
    expected, expected_last = selective_scan(**wide, return_last_state=True, backend=backend)
    assert output.dtype == dtype and last.dtype == torch.float32
    assert torch.equal(output, expected.to(dtype))
    assert torch.equal(last, expected_last)


def test_strided_input_gives_the_same_as_contiguous_input(backend, make, relative_error):
    arguments = make(batch=2, channels=6, length=50, states=3)
    expected = selective_scan(**arguments, backend=backend)

    def strided(tensor: torch.Tensor) -> torch.Tensor:
        wide = torch.full((*tensor.shape[:-1], 2 * tensor.shape[-1]), torch.nan, dtype=tensor.dtype)
        wide[..., ::2] = tensor
        return wide[..., ::2]

    def transposed(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.transpose(-1, -2).contiguous().transpose(-1, -2)

    for change in (strided, transposed):
        changed = {
            name: change(value) if isinstance(value, torch.Tensor) and value.dim() > 1 else value
            for name, value in arguments.items()
        }
        assert relative_error(selective_scan(**changed, backend=backend), expected) < 1e-6


def test_slices_of_one_projection_as_mamba_makes_them(fast_backend, make):
    arguments = make(batch=2, channels=4, length=50, states=16)
    expected = selective_scan(**arguments, backend=fast_backend)
    both = torch.cat([torch.randn(2, 3, 50), arguments["B"], arguments["C"]], dim=1)
    _, arguments["B"], arguments["C"] = both.split([3, 16, 16], dim=1)
    assert torch.equal(selective_scan(**arguments, backend=fast_backend), expected)


def test_inputs_are_left_as_they_were(fast_backend, make):
    arguments = make(length=200)
    before = {name: value.clone() for name, value in arguments.items() if isinstance(value, torch.Tensor)}
    selective_scan(**arguments, backend=fast_backend)
    assert all(torch.equal(arguments[name], value) for name, value in before.items())


def test_nan_in_the_input_shows_in_the_output_from_there_on(backend, make):
    for name in ("u", "delta"):
        arguments = make(channels=2, length=40, states=4)
        arguments[name][0, 1, 25] = torch.nan
        output = selective_scan(**arguments, backend=backend)
        assert output[0, 1, 25:].isnan().all()
        assert not output[0, 1, :25].isnan().any() and not output[0, 0].isnan().any()


def test_a_nan_leaves_large_steps_before_it_as_they_are(make, relative_error, loop):
    arguments = make(channels=2, length=64, states=4, options="")
    arguments["delta"][..., 3] = 500
    expected = loop(arguments)[0]
    for spot in range(40, 56):
        changed = arguments | {"delta": arguments["delta"].clone()}
        changed["delta"][..., spot] = torch.nan
        output = selective_scan(**changed, backend="numba")
        assert relative_error(output[..., :spot], expected[..., :spot]) < 1e-6


def test_a_complex_state_stands_for_a_pair_of_conjugate_states(make):
    """A complex state and its conjugate, scanned as two real parts by hand."""
    arguments = make(batch=2, channels=3, length=12, states=2, options="Ds", dtype=torch.float64)
    imaginary = torch.randn(3, 2, dtype=torch.float64)
    B, C = (torch.randn(2, 2, 12, 2, dtype=torch.float64) for _ in range(2))
    arguments |= {"A": torch.complex(arguments["A"], imaginary), "B": B.flatten(2), "C": C.flatten(2)}
    output = selective_scan(**arguments, backend="reference")

    step = np.logaddexp(0, arguments["delta"].numpy())
    A, u = arguments["A"].numpy(), arguments["u"].numpy()
    Bc, Cc = (p[..., 0].numpy() + 1j * p[..., 1].numpy() for p in (B, C))
    for item in range(2):
        x = np.zeros((3, 2), complex)
        for index in range(12):
            dt = step[item, :, index, None]
            x = np.exp(dt * A) * x + dt * u[item, :, index, None] * Bc[item, :, index]
            y = 2 * (x * Cc[item, :, index]).sum(-1).real + arguments["D"].numpy() * u[item, :, index]
            assert np.allclose(output[item, :, index], y, rtol=1e-12, atol=1e-12)


def test_a_complex_state_is_refused_where_it_is_not_computed(fast_backend, make):
    arguments = make(kinds="cc")
    arguments["A"] = arguments["A"].to(torch.complex64)
    with pytest.raises(UsageError, match="complex64.*reference"):
        selective_scan(**arguments, backend=fast_backend)
    with pytest.raises(UsageError, match="complex"):
        selective_scan(**arguments)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("u", (4, 20)),
        ("u", (1, 4, 0)),
        ("delta", (1, 4, 21)),
        ("A", (5, 16)),
        ("A", (4,)),
        ("B", (1, 16, 21)),
        ("B", (1, 3, 16, 20)),
        ("C", (4, 15)),
        ("C", (2, 16, 20)),
        ("D", (1, 4)),
        ("z", (1, 4, 1)),
        ("delta_bias", (3,)),
    ],
)
def test_a_wrong_shape_is_named(make, name, shape):
    with pytest.raises(UsageError, match=rf"\b{name}\b.*{str(shape)[1:-1]}"):
        selective_scan(**(make() | {name: torch.zeros(shape)}))


def test_integer_input_is_refused(make):
    with pytest.raises(UsageError, match="int64"):
        selective_scan(**(make() | {"u": torch.zeros((1, 4, 20), dtype=torch.int64)}))


def test_tensors_on_different_devices_are_refused(make):
    with pytest.raises(UsageError, match="A is on meta"):
        selective_scan(**(make() | {"A": torch.zeros((4, 16), device="meta")}))
