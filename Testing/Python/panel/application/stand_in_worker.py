"""A worker that computes nothing: it speaks the protocol, writes plausible files, or misbehaves as it is told.

``python stand_in_worker.py MODE FOLDER request.json``; it waits in the middle until ``FOLDER/go`` exists.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path


def say(kind: str, **fields) -> None:
    os.write(1, (json.dumps({"v": 1, "type": kind, **fields}) + "\n").encode())


def end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(130)


def write_results(request: dict) -> dict[str, str | None]:
    import numpy as np
    import SimpleITK

    folder = Path(request["output"])
    folder.mkdir(parents=True, exist_ok=True)
    volume = SimpleITK.ReadImage(request["volume"])
    array = SimpleITK.GetArrayFromImage(volume)
    labels = (array > 100).astype(np.uint8)
    attention = np.clip(array / 300.0, 0, 1).astype(np.float32)
    for name, content in (("segmentation", labels), ("attention", attention)):
        image = SimpleITK.GetImageFromArray(content)
        image.CopyInformation(volume)
        SimpleITK.WriteImage(image, str(folder / f"{name}.nrrd"))
    truth = request["ground_truth"] is not None
    threshold = request["reporting_threshold"]
    row = {"threshold": threshold, "layer": "mean", "iou": 0.5, "f1": 0.67, "precision": 0.7, "recall": 0.6}
    metrics = {
        "schema_version": 1,
        "model": {"labels": {"background": 0, "vessel": 1}},
        "target": {"label": 1, "name": "vessel", "kind": "prediction"},
        "attribution": {"method": request["method"], "layers": ["encoder.1"]},
        "segmentation": {
            "pm_voxels": int(labels.sum()),
            "gt_voxels": int(labels.sum()) if truth else None,
            "overlap_voxels": int(labels.sum()) if truth else None,
            "dice": 0.81 if truth else None,
            "iou": 0.68 if truth else None,
        },
        "alignment": [{"reference": reference, **row} for reference in (("gt", "pm") if truth else ("pm",))],
        "gap": 0.0 if truth else None,
        "verdict": {
            "name": "inconclusive",
            "text": "Inconclusive: between the cut-offs",
            "reasons": [],
            "cutoffs": {"threshold": threshold},
        },
        "warnings": [],
    }
    (folder / "metrics.json").write_text(json.dumps(metrics))
    lines = ["slice,position_s_mm,pm_voxels,dice,xai_gt_f1,xai_pm_f1,category"]
    lines += [f"{index},{index:.2f},{int(labels[index].sum())},0.8,0.6,0.7,good" for index in range(len(labels))]
    (folder / "slices.csv").write_text("\n".join(lines) + "\n")
    names = {"segmentation": ".nrrd", "attention": ".nrrd", "metrics": ".json", "slices": ".csv"}
    return {name: name + ending for name, ending in names.items()}


def main() -> None:
    mode, folder, request_file = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    if mode == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        threading.Thread(target=end_with_input, daemon=True).start()
    say("hello", pid=os.getpid(), versions={})
    request = json.loads(Path(request_file).read_text())
    (folder / "request.json").write_text(json.dumps(request))
    say("device", device="cpu", free_memory_mb=4000, scan_backend="numba", reason="no NVIDIA GPU was found")
    say("stage", name="segment")
    os.write(2, "Gefäß 50 %\n".encode()[:5])
    time.sleep(0.05)
    os.write(2, "Gefäß 50 %\n".encode()[5:])
    say("progress", stage="segment", fraction=0.5)
    while not (folder / "go").exists():
        time.sleep(0.02)
    if mode == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if mode == "oom":
        os.kill(os.getpid(), signal.SIGKILL)
    if mode == "error":
        say("error", code="model", message="The checkpoint holds no U-Mamba.", remedy="Choose another model.")
        sys.exit(4)
    say("stage", name="explain")
    files = write_results(request)
    say("warning", code="outside_training_range", message="Intensities are unlike those of the training data.")
    say("result", folder=request["output"], files=files)


main()
