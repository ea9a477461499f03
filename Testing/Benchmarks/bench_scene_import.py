"""How long a 512 x 512 x 300 case blocks the window: inputs written, result brought in, shown, and by a slider.

    python Testing/Benchmarks/bench_scene_import.py [--repeats 5]

The volume is a whole-head phantom with its vessel mask as ground truth; prediction (a part is missed, a part invented),
attention (float32) and two layers' maps are made from it, measured by the package and written as the worker writes
them. Each repeat is a fresh process with a scene, three slice views and a 3-D view on the ``slicer-core`` wheel. What
is timed, in seconds by the clock (the shortest of the repeats), is what happens between two turns of the event loop:

- ``export``: the slowest step of what is written before the worker starts, for ground truths and regions of each kind.
- ``import``: each step of ``ResultImport``.
- ``first show`` and ``first click``: each step of ``ResultView.steps``, of what the panel shows after the import and of
  each way to show a result when it is first asked for.
- ``slider``: the slowest of several changes of threshold and of opacity in each way.

Where the machine is busy, compare import and first show with the seconds of the processor, which that does not stretch.
The limits are 0.1 s a step of the export, 0.7 s a step and 2.5 s for import and first show together, on two cores, and
0.1 s a slider's change. A segment drawn as a surface is filled by one call of Slicer: that is a step of its own length.
Drawing is not timed: that is Slicer's own, and it depends on the graphics card.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from machine_facts import describe_machine, write_results
from scipy import ndimage

from UMambaXAILogic.engine.alignment import CaseMeasurement, write_slices_csv
from UMambaXAILogic.engine.json_text import json_text
from UMambaXAILogic.engine.phantom import make_phantom
from UMambaXAILogic.engine.volume import Volume
from UMambaXAILogic.engine.volume_io import write_volume

EXPORT_STEP_LIMIT_S, STEP_LIMIT_S, TOTAL_LIMIT_S, SLIDER_LIMIT_S = 0.1, 0.7, 2.5, 0.1
#: A layer's map is as wide as the voxels of its grid: deep ones are coarse.
LAYERS = {"encoder.4": 8.0, "decoder.3": 2.0}
COARSE, FINE = LAYERS
#: Each way to show a result, as ``ResultView.show`` takes it.
WAYS: dict[str, dict[str, Any]] = {
    "overlay": {"attention": "overlay", "prediction": "off", "truth": "off", "errors": False},
    "contours": {"attention": "contours", "prediction": "off", "truth": "off", "errors": False},
    "surface": {"attention": "surface", "prediction": "off", "truth": "off", "errors": False},
    "cloud": {"attention": "cloud", "prediction": "off", "truth": "off", "errors": False},
    "projection": {"attention": "projection", "prediction": "off", "truth": "off", "errors": False},
    "prediction": {"attention": (), "prediction": "fill", "truth": "off", "errors": False},
    "ground truth": {"attention": (), "prediction": "off", "truth": "outline", "errors": False},
    "errors": {"attention": (), "prediction": "off", "truth": "off", "errors": True},
    "ghost around the cloud": {"attention": "cloud", "prediction": "off", "truth": "outline", "errors": False},
    "another layer, everywhere": {"attention": ("overlay", "contours", "surface"), "layer": COARSE},
    "a layer from a compressed file": {"attention": "overlay", "layer": FINE},
    "the mean again, everywhere": {"attention": ("overlay", "contours", "surface"), "layer": "mean"},
}
#: Contours are recomputed by nobody, but VTK sorts out their lines when they are drawn.
SLIDER_WAYS = ("overlay", "contours", "surface", "cloud", "projection", "prediction", "ground truth", "errors")
SLIDER_CHANGES = 8


def write_case(folder: Path) -> dict[str, Any]:
    """Write ``volume``, ``ground_truth`` and a result folder; returns what there is in it."""
    phantom = make_phantom("target", 3, size="full")
    truth = phantom.mask.array > 0
    geometry = phantom.image.geometry
    prediction = predicted(truth)
    attention, layers = attention_maps(prediction)
    write_volume(phantom.image.array, folder / "volume.nrrd", like=phantom.image)
    write_volume(truth, folder / "ground_truth.nrrd", like=phantom.image)
    result = folder / "result"
    (result / "layers").mkdir(parents=True)
    write_volume(prediction, result / "segmentation.nrrd", like=phantom.image)
    write_volume(attention, result / "attention.nrrd", like=phantom.image)
    for layer, ending in zip(LAYERS, (".nrrd", ".nii.gz"), strict=True):
        write_volume(layers[layer], result / "layers" / f"attention.{layer}{ending}", like=phantom.image)
    write_metrics(result, prediction, truth, attention, layers, phantom.image)
    return {
        "volume": "x".join(map(str, geometry.size)),
        "predicted voxels": int(prediction.sum()),
        "ground-truth voxels": int(truth.sum()),
        "attention of at least 0.3, voxels": int((attention >= 0.3).sum()),
    }


def predicted(truth: np.ndarray) -> np.ndarray:
    """The truth with blurred walls, without some of its parts and with some that are none, bool (z, y, x)."""
    stream = np.random.default_rng(1)
    box = ndimage.find_objects(truth.astype(np.uint8))[0]
    vessels = ndimage.gaussian_filter(truth[box].astype(np.float32), 0.7)
    trust = smooth_noise(vessels.shape, 24, stream)
    invented = (smooth_noise(vessels.shape, 6, stream) > 3.2) & (ndimage.gaussian_filter(vessels, 8) > 0.01)
    prediction = np.zeros(truth.shape, bool)
    prediction[box] = ((vessels > 0.35) & (trust > -1.0)) | invented
    return prediction


def attention_maps(prediction: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The mean and each layer's map, float32 in [0, 1]: high around the prediction, patchy elsewhere in the head."""
    stream = np.random.default_rng(2)
    layers = {}
    for layer, width in LAYERS.items():
        near = ndimage.gaussian_filter(prediction.astype(np.float32), (width / 2, width, width))
        near = np.clip(near / np.quantile(near[prediction], 0.9), 0, 1)
        elsewhere = np.clip(smooth_noise(prediction.shape, int(4 * width), stream), 0, None)
        layer_map = np.clip(0.85 * near + 0.1 * elsewhere, 0, 1).astype(np.float32)
        layer_map[layer_map < 0.02] = 0
        layers[layer] = layer_map
    return ((layers[COARSE] + layers[FINE]) / 2).astype(np.float32), layers


def smooth_noise(shape: Sequence[int], width: int, stream: np.random.Generator) -> np.ndarray:
    """Noise of unit variance that changes over ``width`` voxels, float32 (z, y, x)."""
    coarse = stream.standard_normal([-(-count // width) + 1 for count in shape]).astype(np.float32)
    fine = ndimage.zoom(coarse, width, order=1)[tuple(slice(count) for count in shape)]
    return fine / fine.std()


def write_metrics(
    folder: Path,
    prediction: np.ndarray,
    truth: np.ndarray,
    attention: np.ndarray,
    layers: dict[str, np.ndarray],
    volume: Volume,
) -> None:
    """Write metrics.json, with the fields that a scene reads, and slices.csv."""
    measurement = CaseMeasurement(prediction, truth, None, volume.geometry)
    measurement.add_mean(attention)
    for layer, layer_map in layers.items():
        measurement.add_layer(layer, layer_map)
    measured = measurement.result()
    write_slices_csv(folder / "slices.csv", measured.slices)
    metrics = {
        "schema_version": 1,
        "case": "phantom",
        "phantom": True,
        "model": {"labels": {"background": 0, "vessel": 1}},
        "target": {"label": 1, "name": "vessel", "kind": "prediction", "score": "margin"},
        "attribution": {"method": "seg-xres-cam", "layers": list(LAYERS)},
        **measured.fields,
        "domain": None,
        "warnings": [],
    }
    (folder / "metrics.json").write_text(json_text(metrics), encoding="utf-8")


def run_one(folder: Path) -> dict[str, Any]:
    """In a process of its own: import the case, show it in every way, and move the sliders."""
    from UMambaXAILogic.scene.grid import local_grid
    from UMambaXAILogic.scene.headless import start_headless_slicer
    from UMambaXAILogic.scene.import_results import GroundTruthFile, ImportRequest, ResultImport
    from UMambaXAILogic.scene.result_files import result_folder_files
    from UMambaXAILogic.scene.views import SliceView, ThreeDView
    from UMambaXAILogic.scene.volume_node import add_volume

    application = start_headless_slicer()
    views = [SliceView(application, name, name, 400, 400) for name in ("Axial", "Coronal", "Sagittal")]
    views_3d = ThreeDView(application, 400, 400)
    volume = add_volume(application.scene, "CTA", folder / "volume.nrrd", is_hounsfield=True)
    request = ImportRequest(
        volume_id=volume.GetID(),
        grid=local_grid(volume),
        files=result_folder_files(folder / "result"),
        model="demo",
        method="seg-xres-cam",
        threshold=0.3,
        ground_truth=GroundTruthFile(folder / "ground_truth.nrrd"),
    )
    running = ResultImport(application.scene, request)
    names = [step.__name__.strip("_").replace("_", " ") for step in running.work()]
    timed: dict[str, Any] = {"import": {}}
    processor_since = time.process_time()
    for name, seconds in zip(names, timed_calls(running.steps()), strict=True):
        timed["import"].setdefault(name, []).append(seconds)
    view = running.result.view
    assert view is not None
    timed["first show"] = timed_steps(view.steps())
    timed["processor"] = time.process_time() - processor_since
    timed["first click"] = {way: timed_steps(view.steps(**changes)) for way, changes in WAYS.items()}
    timed["slider"] = {}
    for way in SLIDER_WAYS:
        view.show(**WAYS[way], layer="mean")
        for name in ("threshold", "opacity"):
            values = np.linspace(0.35, 0.75, SLIDER_CHANGES)
            calls = [lambda value=value, name=name: view.show(**{name: float(value)}) for value in values]
            timed["slider"][f"{way}, {name}"] = max(timed_calls(calls))
    timed["export"] = timed_exports(application.scene, volume, folder)
    for one in (*views, views_3d):
        one.close()
    application.close()
    return timed


def timed_exports(scene: Any, volume: Any, case: Path) -> dict[str, dict[str, float]]:
    """What writing the inputs of a run takes, from the click to the worker's start, with one kind of input each."""
    from UMambaXAILogic.scene_calls.case import case_call
    from UMambaXAILogic.scene_calls.domain import domain_call
    from UMambaXAILogic.scene_calls.options import options_from

    nodes = export_inputs(scene, volume, case)
    calls: dict[str, Callable[[Path], Any]] = {
        name: case_call(volume, "demo", nodes[truth], 0.3, options_from(options))
        for name, truth, options in (
            ("volume alone", None, {}),
            ("segment", "segment", {}),
            ("label volume", "labels", {}),
            ("label volume of fractions' type", "float labels", {}),
            ("label volume along other axes", "turned labels", {}),
            ("label volume on another grid, resampled", "shifted labels", {"resampleGroundTruth": True}),
            ("segment drawn as a surface", "surface", {}),
            ("region that is a segment as large as the volume", "segment", {"regionNode": nodes["head"]}),
            ("region that is a tilted box", "segment", {"regionNode": nodes["tilted box"]}),
        )
    }
    calls["statistics, of a segment"] = domain_call(volume, nodes["segment"], None, None, "CT", True)
    timed = {}
    for name, call in calls.items():
        with tempfile.TemporaryDirectory() as folder:
            since = time.perf_counter()
            writing = call(Path(folder)).request
            seconds = timed_steps(writing)
            seconds[0] += time.perf_counter() - since - sum(seconds)
        timed[name] = {"steps": len(seconds), "longest": max(seconds), "in all": sum(seconds)}
    return timed


def export_inputs(scene: Any, volume: Any, case: Path) -> dict[str | None, Any]:
    """Nodes of every kind that can be a ground truth or a region of the volume."""
    import slicer

    from UMambaXAILogic.scene.grid import image_array, image_data, local_grid, vtk_matrix
    from UMambaXAILogic.scene.voxel_file import read_voxels

    grid = local_grid(volume)
    truth = image_array(read_voxels(case / "ground_truth.nrrd"))

    def add_labels(name: str, labels: np.ndarray, matrix: np.ndarray) -> Any:
        node = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", name)
        node.SetAndObserveImageData(image_data(labels))
        node.SetIJKToRASMatrix(vtk_matrix(matrix))
        return node

    def add_segment(name: str, labels: Any) -> Any:
        node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
        slicer.vtkSlicerSegmentationsModuleLogic.ImportLabelmapToSegmentationNode(labels, node)
        return node

    shift = np.eye(4)
    shift[:3, 3] = 0.5
    labels = add_labels("labels", truth, grid.ijk_to_ras)
    head = image_array(volume.GetImageData()) > -5000  # everywhere: as large as a segment can be
    surface = add_segment("surface", labels)
    surface.CreateClosedSurfaceRepresentation()
    surface.SetSourceRepresentationToClosedSurface()
    box = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "tilted box")
    middle = np.eye(4)
    middle[:2, :2] = [[0.8, -0.6], [0.6, 0.8]]
    middle[:3, 3] = (grid.ijk_to_ras @ [*(count / 2 for count in grid.size), 1.0])[:3]
    box.SetSize(100.0, 100.0, 100.0)
    box.SetAndObserveObjectToNodeMatrix(vtk_matrix(middle))
    return {
        None: None,
        "segment": add_segment("segment", labels),
        "labels": labels,
        "float labels": add_labels("float labels", truth.astype(np.float32), grid.ijk_to_ras),
        "turned labels": add_labels("turned", truth.transpose(2, 1, 0), grid.ijk_to_ras[:, [2, 1, 0, 3]]),
        "shifted labels": add_labels("shifted", truth, grid.ijk_to_ras @ shift),
        "surface": surface,
        "head": add_segment("head", add_labels("head", head.astype(np.uint8), grid.ijk_to_ras)),
        "tilted box": box,
    }


def timed_calls(calls: Sequence[Callable[[], Any]]) -> list[float]:
    """Seconds of each call."""
    seconds = []
    for call in calls:
        since = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - since)
    return seconds


def timed_steps(steps: Iterator[Any]) -> list[float]:
    """Seconds of each step that a generator takes."""
    seconds, more = [], True
    while more:
        since = time.perf_counter()
        more = next(steps, "end") != "end"
        seconds.append(time.perf_counter() - since)
    return seconds


def in_a_fresh_process(folder: Path) -> dict[str, Any]:
    command = [sys.executable, __file__, "--one", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout.strip().splitlines()[-1])


def summarised(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The shortest of the runs, because whatever else the machine does can only add to it, and the limits."""

    def shortest(values: Sequence[float]) -> float:
        return round(min(values), 3)

    def steps(pick: Callable[[dict[str, Any]], list[float]]) -> list[float]:
        return [shortest(values) for values in zip(*map(pick, runs), strict=True)]

    imported = {name: steps(lambda run, name=name: run["import"][name]) for name in runs[0]["import"]}
    import_steps = [value for values in imported.values() for value in values]
    first_show = steps(lambda run: run["first show"])
    clicks = {way: steps(lambda run, way=way: run["first click"][way]) for way in WAYS}
    sliders = {name: shortest([run["slider"][name] for run in runs]) for name in runs[0]["slider"]}
    exports = {
        name: {key: shortest([run["export"][name][key] for run in runs]) for key in facts}
        for name, facts in runs[0]["export"].items()
    }
    every_step = [*import_steps, *first_show, *(value for values in clicks.values() for value in values)]
    return {
        "export": exports,
        "export, limit of a step": EXPORT_STEP_LIMIT_S,
        "import, seconds": imported,
        "import, in all": round(sum(import_steps), 2),
        "first show, seconds": first_show,
        "import and first show, in all": round(sum(import_steps) + sum(first_show), 2),
        "of the processor": shortest([run["processor"] for run in runs]),
        "limit of that": TOTAL_LIMIT_S,
        "first click, seconds": clicks,
        "longest step": max(every_step),
        "limit of a step": STEP_LIMIT_S,
        "slider, slowest change in seconds": sliders,
        "limit of a change": SLIDER_LIMIT_S,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--case", type=Path, help="a folder that an earlier run of --write made")
    parser.add_argument("--write", type=Path, help="only write the case into this folder")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(run_one(options.one)))
        return
    if options.write:
        options.write.mkdir(parents=True)
        (options.write / "facts.json").write_text(json.dumps(write_case(options.write)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = options.case or Path(name)
        facts = json.loads((folder / "facts.json").read_text()) if options.case else write_case(folder)
        runs = []
        for _ in range(options.repeats):
            runs.append(in_a_fresh_process(folder))
            print(json.dumps(summarised(runs[-1:]), indent=1), flush=True)
    load = {"load_average": [round(value, 2) for value in os.getloadavg()]}
    write_results("scene_import", {"machine": describe_machine(), **load, "case": facts, **summarised(runs)})


if __name__ == "__main__":
    main()
