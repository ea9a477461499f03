"""Domain statistics of one whole head with its mask, beside a straightforward scipy and scikit-image version.

    python Testing/Benchmarks/bench_domain.py [--repeats 3] [--size full|default]

The volume is a phantom of the target cohort, 512 x 512 x 300 voxels of int16. Both versions run in turn, each time in a
fresh process that loads volume and mask, and then measures: seconds of the measurement alone, by the clock and of the
processor (which a busy machine does not stretch), and the largest memory of the process (volume and mask included). The
figures they find are kept side by side.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from machine_facts import describe_machine, write_results
from scipy import ndimage
from skimage.morphology import skeletonize

from UMambaXAILogic.engine.domain import HOUNSFIELD, PERCENTILES, measure_domain
from UMambaXAILogic.engine.phantom import make_phantom
from UMambaXAILogic.engine.volume import Geometry, Volume

VERSIONS = ("this package", "straightforward")
WINDOW_HU = (0, 80)


def measured_here(array: np.ndarray, vessels: np.ndarray, spacing_mm: tuple[float, ...]) -> dict[str, Any]:
    """The row, as ``explain`` and ``domain`` compute it."""
    volume = Volume(array, Geometry(array.shape[::-1], spacing_mm[::-1]))
    row = measure_domain(volume, case="head", vessels=vessels, modality="CT")
    found = {name: estimate.std for name, estimate in row.noise.items()}
    return found | {
        "window mean": row.intensity.in_window.mean,
        "window std": row.intensity.in_window.std,
        "99.5th percentile": row.intensity.percentiles[99.5],
        "diameter mean": row.morphology.diameters.mean,
        "diameter p99": row.morphology.p99,
    }


def measured_plainly(array: np.ndarray, vessels: np.ndarray, spacing_mm: tuple[float, ...]) -> dict[str, Any]:
    """The same statistics with whole-volume calls, as one writes them in a notebook."""
    window = array[(array >= WINDOW_HU[0]) & (array <= WINDOW_HU[1])]
    percentiles = np.percentile(array, PERCENTILES)
    np.histogram(array, HOUNSFIELD.edges)

    body = ndimage.binary_opening(ndimage.gaussian_filter(array.astype(np.float32), 1) > -500)
    parts, _ = ndimage.label(body)
    body = parts == np.bincount(parts.ravel())[1:].argmax() + 1
    body = np.stack([ndimage.binary_fill_holes(plane) for plane in body])
    parts, _ = ndimage.label(~body)
    air = parts == np.bincount(parts.ravel())[1:].argmax() + 1
    air = ndimage.binary_erosion(air, iterations=8, border_value=1) & (array > array.min())
    inside = ndimage.binary_erosion(body, iterations=8, border_value=1)
    smooth = ndimage.uniform_filter(array.astype(np.float32), 4)
    soft = ndimage.binary_erosion(inside & (smooth > 0) & (smooth < 100), iterations=4)

    laplacian = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    response = np.stack([ndimage.convolve(plane.astype(np.float32), laplacian) for plane in array])
    taps = np.array([-0.12940952, -0.22414387, 0.83651630, -0.48296291], np.float32)
    details = ndimage.correlate1d(ndimage.correlate1d(array.astype(np.float32), taps, axis=1), taps, axis=2)
    details = np.abs(details[:, ::2, ::2][inside[:, ::2, ::2]])

    diameters = 2 * ndimage.distance_transform_edt(vessels, sampling=spacing_mm)[skeletonize(vessels)]
    np.mean(array[vessels]), np.std(array[vessels])
    return {
        "air": float(array[air].std()) if air.any() else None,
        "parenchyma": float(np.sqrt(np.pi / 2) / 6 * np.abs(response[soft]).mean()),
        "wavelet": float(np.median(details) / 0.6745),
        "window mean": float(window.mean()),
        "window std": float(window.std()),
        "99.5th percentile": float(percentiles[-1]),
        "diameter mean": float(diameters.mean()),
        "diameter p99": float(np.percentile(diameters, 99)),
    }


def run_one(version: str, folder: Path) -> None:
    """In a process of its own: load, measure, print JSON."""
    array, vessels = np.load(folder / "array.npy"), np.load(folder / "vessels.npy")
    spacing_mm = tuple(json.loads((folder / "spacing.json").read_text()))
    measure = measured_here if version == VERSIONS[0] else measured_plainly
    loaded_mb = peak_memory_mb()
    since, processor_since = time.perf_counter(), time.process_time()
    found = measure(array, vessels, spacing_mm)
    seconds, processor_seconds = time.perf_counter() - since, time.process_time() - processor_since
    measured = {"seconds": seconds, "processor_seconds": processor_seconds}
    print(json.dumps({**measured, "peak_mb": peak_memory_mb(), "loaded_mb": loaded_mb, "found": found}))


def peak_memory_mb() -> float:
    """Of this process alone: the peak that getrusage tells begins with that of the parent that forked it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def in_a_fresh_process(version: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, __file__, "--one", version, "--folder", str(folder)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def save_phantom(folder: Path, size: str) -> tuple[int, ...]:
    phantom = make_phantom("target", 3, size=size)
    np.save(folder / "array.npy", phantom.image.array)
    np.save(folder / "vessels.npy", phantom.mask.array > 0)
    (folder / "spacing.json").write_text(json.dumps(phantom.image.geometry.spacing_mm[::-1]))
    return phantom.image.array.shape


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--size", choices=("full", "default"), default="full")
    parser.add_argument("--one", choices=VERSIONS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        run_one(options.one, options.folder)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_phantom(folder, "default")
        in_a_fresh_process(VERSIONS[0], folder)  # compiles, once a machine
        shape = save_phantom(folder, options.size)
        runs: dict[str, list[dict[str, Any]]] = {version: [] for version in VERSIONS}
        for _ in range(options.repeats):
            for version in VERSIONS:
                runs[version].append(in_a_fresh_process(version, folder))
                last = runs[version][-1]
                print(f"{version:16s} {last['seconds']:7.2f} s  {last['peak_mb']:6.0f} MB", flush=True)
    write_results(
        "domain",
        {
            "machine": describe_machine(),
            "load_average": [round(value, 2) for value in os.getloadavg()],
            "volume": f"{'x'.join(map(str, shape[::-1]))} int16 and a vessel mask",
            "versions": {
                version: {
                    "seconds": [round(run["seconds"], 2) for run in results],
                    "processor seconds": [round(run["processor_seconds"], 2) for run in results],
                    "seconds (median)": round(statistics.median(run["seconds"] for run in results), 2),
                    "processor seconds (median)": round(
                        statistics.median(run["processor_seconds"] for run in results), 2
                    ),
                    "peak memory in MB (largest)": round(max(run["peak_mb"] for run in results)),
                    "of these before measuring": round(max(run["loaded_mb"] for run in results)),
                    "found": {what: value and round(value, 3) for what, value in results[-1]["found"].items()},
                }
                for version, results in runs.items()
            },
            "straightforward / this package, processor seconds (median of runs)": round(
                statistics.median(
                    plain["processor_seconds"] / here["processor_seconds"]
                    for here, plain in zip(runs[VERSIONS[0]], runs[VERSIONS[1]], strict=True)
                ),
                1,
            ),
        },
    )


if __name__ == "__main__":
    main()
