"""Where the time and the memory of a whole case go: reading, preprocessing, network, metrics, writing.

    python Testing/Benchmarks/bench_case_stages.py [--large] [--profile]

Every case is computed by ``run_case`` in a process of its own, after the phantom, which does not count (it compiles
kernels and warms caches). ``network`` is both passes of the network; ``outside`` is everything else, the resampling of
logits and maps included: its share of the whole is to be at most a fifth. Memory is the peak of a stage above what the
process held before it, as metrics.json tells it. The demo model explains the phantom that comes with it and one of
256 x 256 x 150 voxels; ``--large`` adds 512 x 512 x 300 voxels with a network of a few channels, where the network
is cheap and the rest weighs most. ``--profile`` prints the dearest functions outside the network too.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import json
import multiprocessing
import pstats
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from machine_facts import describe_machine, write_results
from random_model import write_random_model

from UMambaXAILogic.engine.request import Request

ALLOWED_SHARE = 0.2
_SHOWN = 25


@contextmanager
def timed(owner: Any, name: str, seconds: dict[str, float], label: str) -> Iterator[None]:
    """Add the seconds of every call of ``owner.name`` to ``seconds[label]``."""
    original: Callable[..., Any] = getattr(owner, name)

    def measured(*arguments: Any, **named: Any) -> Any:
        start = time.perf_counter()
        try:
            return original(*arguments, **named)
        finally:
            seconds[label] = seconds.get(label, 0.0) + time.perf_counter() - start

    setattr(owner, name, measured)
    try:
        yield
    finally:
        setattr(owner, name, original)


def one_case(phantom: Path, volume: Path, model: str, output: Path, profile: bool) -> dict[str, Any]:
    """The figures of a volume's run, after one of the phantom."""
    from UMambaXAILogic.engine import pipeline
    from UMambaXAILogic.engine.case import segmentation
    from UMambaXAILogic.engine.inference.network_grid import NetworkGrid

    for last, read in ((False, phantom), (True, volume)):
        shutil.rmtree(output, ignore_errors=True)
        parts: dict[str, float] = {}
        profiler = cProfile.Profile()
        with (
            timed(segmentation, "predict_stitched_logits", parts, "segment"),
            timed(NetworkGrid, "export", parts, "export of labels"),
            timed(NetworkGrid, "to_input", parts, "maps to the input's grid"),
            timed(pipeline, "to_network_grid", parts, "to the network's grid"),
            timed(pipeline, "plan_memory", parts, "memory plan"),
            timed(pipeline, "content_fingerprint", parts, "fingerprint"),
            timed(pipeline, "case_domain", parts, "domain statistics"),
            timed(pipeline.CaseWriter, "_write_volume", parts, "volumes written"),
            timed(pipeline.CaseMeasurement, "result", parts, "alignment tables"),
        ):
            if profile and last:
                profiler.enable()
            result = pipeline.run_case(Request(volume=read, model=model, output=output))
            profiler.disable()
    timing = result.metrics["timing"]
    network = parts.pop("segment") + timing["explain"]
    report = io.StringIO()
    if profile:
        pstats.Stats(profiler, stream=report).sort_stats("tottime").print_stats(_SHOWN)
    return {
        "size": result.metrics["input"]["size"],
        "explained windows": result.metrics["attribution"] and result.metrics["attribution"]["passes"],
        "seconds by stage": timing,
        "seconds in parts outside the network": {name: round(value, 2) for name, value in parts.items()},
        "network seconds": round(network, 2),
        "outside seconds": round(timing["total"] - network, 2),
        "outside share": round(1 - network / timing["total"], 3),
        "memory": result.metrics["memory"]["host_mb_by_stage"]["measured"],
        "profile": report.getvalue(),
    }


def write_volume(path: Path, shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]) -> Path:
    """Noise with bright tubes along z, as int16 NIfTI; ``shape`` is (z, y, x), ``spacing_mm`` (x, y, z)."""
    generator = np.random.default_rng(0)
    values = generator.normal(40, 12, shape).astype(np.int16)
    _, height, width = shape
    y, x = np.mgrid[:height, :width]
    for centre_y, centre_x in generator.uniform(0.3, 0.7, (8, 2)):
        tube = (y - centre_y * height) ** 2 + (x - centre_x * width) ** 2 < 9
        values[:, tube] += 300
    image = sitk.GetImageFromArray(values)
    image.SetSpacing(spacing_mm)
    sitk.WriteImage(image, str(path))
    return path


def cases(folder: Path, large: bool) -> Iterator[tuple[str, Path, str]]:
    """(name, volume, model) of each."""
    from UMambaXAILogic.engine.phantom import write_cohort

    write_cohort("source", 1, 9000, folder / "phantom")
    yield "demo model, its phantom", next((folder / "phantom").rglob("phantom_source_*.nii.gz")), "demo"
    middle = write_volume(folder / "middle.nii.gz", (150, 256, 256), (0.457, 0.457, 1.1))
    yield "demo model, 256 x 256 x 150", middle, "demo"
    if large:
        model = write_random_model(folder / "model", features=(4, 8), patch=(64, 128, 128), trainer="nnUNetTrainer")
        volume = write_volume(folder / "large.nii.gz", (300, 512, 512), (0.9, 0.9, 0.9))
        yield "tiny network, 512 x 512 x 300, resampled", volume, str(model)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    table = {}
    with tempfile.TemporaryDirectory() as folder:
        measured = list(cases(Path(folder), options.large))
        phantom = measured[0][1]
        for name, volume, model in measured:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                found = pool.apply(one_case, (phantom, volume, model, Path(folder) / "out", options.profile))
            print(found.pop("profile"))
            table[name] = found
            print(name, json.dumps(found, indent=1))
    result = {"machine": describe_machine(), "allowed share outside the network": ALLOWED_SHARE, "cases": table}
    write_results("case_stages", result)


if __name__ == "__main__":
    main()
