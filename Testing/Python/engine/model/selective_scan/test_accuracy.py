"""Errors against float64 stay at 1e-6, for long sequences, slow and fast decays, large and tiny steps."""

from __future__ import annotations

import pytest
import torch

from UMambaXAILogic.engine.model.selective_scan import selective_scan


def float64_output(arguments: dict) -> torch.Tensor:
    """From torch-chunked in float64, itself checked against the loop in test_output."""
    wide = {name: value.double() if isinstance(value, torch.Tensor) else value for name, value in arguments.items()}
    return selective_scan(**wide, backend="torch-chunked")


def test_a_hundred_thousand_steps(fast_backend, make, relative_error):
    arguments = make(channels=4, length=100_000)
    assert relative_error(selective_scan(**arguments, backend=fast_backend), float64_output(arguments)) < 1e-6


@pytest.mark.parametrize("shift", [-12.0, -7.0, 0.0, 8.0, 30.0, 1000.0])
def test_steps_of_any_size(fast_backend, shift, make, relative_error):
    """Steps from 6e-6, where the state remembers everything, to 1000, where it forgets at once."""
    arguments = make(channels=4, length=3000, options="zs")
    arguments["delta"] = arguments["delta"] + 3 + shift
    assert relative_error(selective_scan(**arguments, backend=fast_backend), float64_output(arguments)) < 2e-6


def test_one_large_step_among_small_ones(make, relative_error):
    """Decays are computed in a faster way where all steps of a tile are small; one that is not must be noticed."""
    for shift in (2.0, 20.0, 500.0):
        arguments = make(channels=2, length=1024, states=16, options="")
        arguments["delta"] *= 1e-3
        for spot in range(0, 1024, 73):
            arguments["delta"][..., spot] = shift
        assert relative_error(selective_scan(**arguments, backend="numba"), float64_output(arguments)) < 1e-6


def test_equal_small_steps_do_not_add_up_their_rounding(make, relative_error):
    """exp(dt A) close to 1 and always the same: its rounding error would have one sign over the whole memory."""
    arguments = make(channels=4, length=20_000, states=4, options="")
    arguments["delta"] = torch.full_like(arguments["delta"], 1.1e-4)
    arguments["u"] = torch.rand_like(arguments["u"])
    arguments["A"] = -torch.ones(4, 4)
    arguments["B"], arguments["C"] = torch.ones_like(arguments["B"]), torch.ones_like(arguments["C"])
    assert relative_error(selective_scan(**arguments, backend="numba"), float64_output(arguments)) < 1e-5


def test_a_small_state_after_a_huge_one_keeps_its_digits(make, relative_error):
    arguments = make(channels=2, length=64, states=4, options="")
    arguments["delta"] = torch.full_like(arguments["delta"], 30.0)
    arguments["u"][:, :, :32] *= 1e8
    output, expected = selective_scan(**arguments, backend="numba"), float64_output(arguments)
    assert relative_error(output[:, :, 33:], expected[:, :, 33:]) < 1e-6


def test_negative_steps_let_the_state_grow(make, relative_error):
    arguments = make(channels=2, length=40, states=4, options="")
    arguments["delta"] = -arguments["delta"]
    assert relative_error(selective_scan(**arguments, backend="numba"), float64_output(arguments)) < 1e-5


def test_growth_without_bound_ends_in_non_finite_numbers(make):
    arguments = make(channels=2, length=400, states=4, options="")
    arguments["delta"] = torch.full_like(arguments["delta"], -50.0)
    assert not selective_scan(**arguments, backend="numba")[0, :, -1].isfinite().any()
