"""The fastest plan that fits, and words where none does."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from UMambaXAILogic.engine.errors import MemoryExhaustedError
from UMambaXAILogic.engine.memory_plan.case_size import GRADIENT_BYTES, CaseSize, host_bytes
from UMambaXAILogic.engine.memory_plan.choose import choose_plan
from UMambaXAILogic.engine.memory_plan.places import Place
from UMambaXAILogic.engine.memory_plan.window_peak import WindowPeak

GIB = 2**30
#: Of a U-Mamba Enc as people train it, windows of 32 x 128 x 128 voxels.
PATCH_VOXELS = 32 * 128 * 128
WINDOW = WindowPeak(int(1.3 * GIB), int(1.4 * GIB), lambda: int(1.35 * GIB))


def case(voxels: int, **changes) -> CaseSize:
    sizes = {
        "image_voxels": voxels, "image_bytes": 2, "masks": 1, "network_voxels": voxels, "padded_voxels": voxels,
        "patch_voxels": PATCH_VOXELS, "heads": 14, "layers": 7, **changes,
    }  # fmt: skip
    return CaseSize(**sizes)


def test_a_whole_head_fits_8_gb():
    size = case(512 * 512 * 600)
    assert size.logits_bytes + size.maps_bytes > 8 * GIB, "not without files"
    on_cpu = choose_plan(size, WINDOW, host_limit=8 * GIB)
    assert on_cpu.host_peak <= 8 * GIB and on_cpu.logits is on_cpu.maps is Place.FILE and on_cpu.batch == 1
    on_gpu = choose_plan(size, WINDOW, host_limit=8 * GIB, device_limit=8 * GIB, on_cpu=False)
    assert on_gpu.host_peak <= 8 * GIB and on_gpu.device_peak <= 8 * GIB
    assert on_gpu.batch > 1 and Place.DEVICE not in (on_gpu.logits, on_gpu.maps)


def test_plenty_of_memory_is_used():
    size = case(10**8)
    on_gpu = choose_plan(size, WINDOW, host_limit=100 * GIB, device_limit=80 * GIB, on_cpu=False)
    assert (on_gpu.batch, on_gpu.recompute, on_gpu.logits, on_gpu.maps) == (8, False, Place.DEVICE, Place.DEVICE)
    on_cpu = choose_plan(size, WINDOW, host_limit=100 * GIB)
    assert (on_cpu.batch, on_cpu.recompute, on_cpu.logits, on_cpu.maps) == (1, False, Place.HOST, Place.HOST)
    assert on_cpu.device_peak is None


@pytest.mark.parametrize("patch, batch", [((128, 128, 128), 8), ((192, 160, 160), 2), ((192, 256, 256), 1)])
def test_a_batch_of_windows_has_few_enough_values_for_cuda(patch, batch):
    plan = choose_plan(
        case(10**8, patch_voxels=math.prod(patch)), WINDOW, host_limit=100 * GIB, device_limit=10**15, on_cpu=False
    )
    assert plan.batch == batch and plan.batch * math.prod(patch) * 64 < 2**31


def test_a_small_gpu_saves_step_by_step():
    size, window = case(2 * 10**7), WindowPeak(GIB, 6 * GIB, lambda: 3 * GIB)

    def plan(device_gib):
        return choose_plan(size, window, host_limit=50 * GIB, device_limit=int(device_gib * GIB), on_cpu=False)

    assert (plan(13).batch, plan(13).recompute) == (2, False)
    assert plan(6.1).logits is plan(6.1).maps.__class__.DEVICE and plan(6.1).maps is Place.HOST
    assert (plan(4).recompute, plan(4).batch) == (True, 1)


@given(
    voxels=st.integers(128**3, 10**9),
    limits=st.tuples(st.floats(0.5, 200), st.floats(0.5, 200)).map(sorted),
    heads=st.integers(1, 40),
    layers=st.integers(1, 12),
)
def test_more_memory_never_makes_it_slower(voxels, limits, heads, layers):
    size = case(voxels, heads=heads, layers=layers)

    def rank(limit):
        try:
            plan = choose_plan(size, WINDOW, host_limit=int(limit * GIB))
        except MemoryExhaustedError:
            return (9,)
        assert plan.host_peak <= limit * GIB
        return (plan.recompute, list(Place).index(plan.logits), list(Place).index(plan.maps))

    assert rank(limits[1]) <= rank(limits[0])


def test_the_refusal_names_what_would_help():
    size = case(512 * 512 * 600)
    with pytest.raises(MemoryExhaustedError, match=r"4 GB may be used") as refused:
        choose_plan(size, WINDOW, host_limit=4 * GIB)
    allow = float(re.search(r"Allow ([\d.]+) GB", refused.value.remedy)[1])
    millions = float(re.search(r"at most ([\d.]+) million", refused.value.remedy)[1])
    assert choose_plan(size, WINDOW, host_limit=math.ceil(allow * GIB)).fits()
    with pytest.raises(MemoryExhaustedError):
        choose_plan(size, WINDOW, host_limit=int((allow - 0.2) * GIB))
    assert choose_plan(case(int(0.99 * millions * 1e6)), WINDOW, host_limit=4 * GIB).fits()
    with pytest.raises(MemoryExhaustedError):
        choose_plan(case(int(1.05 * millions * 1e6)), WINDOW, host_limit=4 * GIB)


def test_a_gpu_that_is_too_small_is_named():
    with pytest.raises(MemoryExhaustedError, match=r"GPU's memory.*1 GB may be used") as refused:
        choose_plan(case(10**7), WINDOW, host_limit=50 * GIB, device_limit=GIB, on_cpu=False)
    assert "compute on the CPU" in refused.value.remedy
    more = float(re.search(r"Free ([\d.]+) GB more", refused.value.remedy)[1])
    assert choose_plan(case(10**7), WINDOW, host_limit=50 * GIB, device_limit=int((1.01 + more) * GIB), on_cpu=False)


def test_the_plan_is_told_in_one_line():
    size = case(10**7)
    plan = choose_plan(size, WINDOW, host_limit=50 * GIB, device_limit=5 * GIB, on_cpu=False)
    host, device = (f"{peak / GIB:.3g} GB" for peak in (plan.host_peak, plan.device_peak))
    assert re.fullmatch(
        rf"Memory planned beside the model: about {host} of main memory \(in stage \w+; 50 GB may be used\) and "
        rf"{device} of the GPU's \(5 GB may be used\); 2 windows at a time, sums over windows on the GPU\.",
        plan.words(),
    )
    small = choose_plan(size, WindowPeak(GIB, 6 * GIB, lambda: 3 * GIB), host_limit=4 * GIB)
    assert "GPU" not in small.words() and "inner activations computed twice" in small.words()


def test_what_is_held_counts_everywhere():
    plain = host_bytes(case(10**7), WINDOW, on_cpu=True, batch=1, recompute=False, logits=Place.HOST, maps=Place.HOST)
    for change in ({"further_volumes": 3}, {"further_logits": 1}, {"heads": 28}, {"masks": 2}):
        more = host_bytes(
            case(10**7, **change), WINDOW, on_cpu=True, batch=1, recompute=False, logits=Place.HOST, maps=Place.HOST
        )
        assert more["explain"] > plain["explain"] and more["metrics"] > plain["metrics"], change
    two_folds = host_bytes(
        case(10**7, folds=2), WINDOW, on_cpu=True, batch=1, recompute=False, logits=Place.HOST, maps=Place.HOST
    )
    assert two_folds["segment"] - plain["segment"] == case(10**7).logits_bytes, "one fold is added to the other"


def test_folds_added_up_on_the_gpu_meet_in_main_memory():
    def on_gpu(folds, place):
        size = case(10**7, folds=folds)
        return host_bytes(size, WINDOW, on_cpu=False, batch=1, recompute=False, logits=place, maps=place)["segment"]

    assert on_gpu(2, Place.DEVICE) - on_gpu(1, Place.DEVICE) == case(10**7).logits_bytes
    assert on_gpu(2, Place.HOST) - on_gpu(2, Place.DEVICE) == 2 * 10**7, "the sum of weights"


def test_filled_regions_and_gradients_are_not_held_together():
    def explain(**changes):
        size = case(10**7, **changes)
        return host_bytes(size, WINDOW, on_cpu=True, batch=1, recompute=False, logits=Place.HOST, maps=Place.HOST)[
            "explain"
        ]

    backward = explain()
    gradient = 4 * (14 + 2) * PATCH_VOXELS  # dS/dZ of a window, the window and its weights
    assert backward - explain(gradients=False) == gradient + GRADIENT_BYTES
    beside = backward - gradient - WINDOW.explain
    assert explain(filling_volumes=5) == beside + max(gradient + WINDOW.explain, 4 * 5 * 10**7 + WINDOW.forward)
    assert explain(filling_volumes=5) > backward and explain(filling_volumes=1) == backward


@pytest.mark.parametrize(("at_input", "advice"), [(False, "explain deeper layers only"), (True, "a method of layers")])
def test_the_advice_fits_what_is_explained(at_input: bool, advice: str):
    with pytest.raises(MemoryExhaustedError) as caught:
        choose_plan(case(10**7, at_input=at_input), WINDOW, host_limit=GIB)
    assert advice in caught.value.remedy
