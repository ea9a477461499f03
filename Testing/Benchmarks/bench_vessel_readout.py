"""Seconds and memory of the vessel readout of a head: ``python Testing/Benchmarks/bench_vessel_readout.py [COHORT]``.

The tree is the phantom's, on its grid of a whole head set into 512 x 512 x 300 voxels.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np
from scipy.ndimage import gaussian_filter, shift

from UMambaXAILogic.engine.alignment import CaseMeasurement
from UMambaXAILogic.engine.phantom import make_phantom
from UMambaXAILogic.engine.vessel_readout import VesselReadout
from UMambaXAILogic.engine.volume import Geometry

SHAPE = (300, 512, 512)


def main(cohort: str) -> None:
    truth = make_phantom(cohort, 0, "full").mask
    gt = np.zeros(SHAPE, bool)
    overlap = tuple(slice(0, min(sizes)) for sizes in zip(SHAPE, truth.array.shape, strict=True))
    gt[overlap] = truth.array[overlap] > 0
    pm = shift(gt.astype(np.uint8), (0, 0, 1), order=0).astype(bool)
    pm[: SHAPE[0] // 3] = False
    attention = gaussian_filter(pm.astype(np.float32), 2)
    attention /= attention.max()
    geometry = Geometry(SHAPE[::-1], truth.geometry.spacing_mm)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{SHAPE} of {geometry.spacing_mm} mm: {gt.sum()} vessel voxels, inputs {before / 1024:.0f} MB")
    marks = [time.perf_counter()]
    readout = VesselReadout(pm, gt, None, geometry, 0.3)
    readout.add_mean(attention)
    marks.append(time.perf_counter())
    case = CaseMeasurement(pm, gt, None, geometry)
    marks.append(time.perf_counter())
    case.add_mean(attention)
    marks.append(time.perf_counter())
    counted = case.result()
    marks.append(time.perf_counter())
    fields = readout.completed(counted).fields
    marks.append(time.perf_counter())
    names = ("readout", "counts", "mean with excess", "result", "centreline Dice")
    for name, seconds in zip(names, np.diff(marks), strict=True):
        print(f"{name:18s} {seconds:7.2f} s")
    found = fields["vessel_readout"]
    print(f"{found['centreline_mm']:.0f} mm in {found['axial']['count']} segments, {fields['segmentation']['cl_dice']}")
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "source")
