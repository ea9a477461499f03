"""Seconds and memory of measuring one case: ``python Testing/Benchmarks/bench_alignment.py [SLICES ROWS COLUMNS]``."""

from __future__ import annotations

import resource
import sys
import time

import numpy as np
from scipy.ndimage import gaussian_filter

from UMambaXAILogic.engine.alignment import CaseMeasurement
from UMambaXAILogic.engine.volume import Geometry

SPACING_MM = (0.457, 0.457, 0.715)


def vessel_like(shape: tuple[int, int, int], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Winding tubes of 2-3 mm through the volume, and a smooth map around them."""
    random = np.random.default_rng(seed)
    mask = np.zeros(shape, bool)
    for _ in range(60):
        steps = np.cumsum(gaussian_filter(random.normal(size=(4000, 3)), (40, 0)) * 3, axis=0)
        track = np.round(steps + random.random(3) * shape).astype(int)
        track = track[((track >= 3) & (track < np.array(shape) - 3)).all(axis=1)]
        for dz, dy, dx in np.ndindex(3, 5, 5):
            mask[tuple((track + (dz - 1, dy - 2, dx - 2)).T)] = True
    attention = mask.astype(np.float32)
    attention[mask] = random.random(int(mask.sum()), dtype=np.float32)
    return mask, attention


def main(shape: tuple[int, int, int]) -> None:
    pm, attention = vessel_like(shape, 0)
    gt = np.roll(pm, 2, axis=2)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{shape}: {pm.sum()} predicted voxels ({100 * pm.mean():.2f} %), inputs {before / 1024:.0f} MB")
    marks = [time.perf_counter()]
    case = CaseMeasurement(pm, gt, None, Geometry(shape[::-1], SPACING_MM))
    marks.append(time.perf_counter())
    case.add_layer("decoder.0", attention)
    marks.append(time.perf_counter())
    case.add_mean(attention)
    marks.append(time.perf_counter())
    fields = case.result().fields
    marks.append(time.perf_counter())
    for name, seconds in zip(("counts", "one layer", "mean with excess", "result"), np.diff(marks), strict=True):
        print(f"{name:18s} {seconds:7.2f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak {peak / 1024:.0f} MB; {fields['excess_alignment']['segments']} segments")


if __name__ == "__main__":
    numbers = [int(value) for value in sys.argv[1:]]
    main((numbers[0], numbers[1], numbers[2]) if numbers else (300, 512, 512))
