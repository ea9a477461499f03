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

from stand_in_benchmark import write_badges, write_benchmark
from stand_in_deletion import FIRST, say_points, write_deletion


def say(kind: str, **fields) -> None:
    os.write(1, (json.dumps({"v": 1, "type": kind, **fields}) + "\n").encode())


def end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(130)


PERCENTILES = ("0.5", "5", "25", "50", "75", "95", "99.5")
EXTREMES = {"minimum": 1.0, "maximum": 4.0, "p99": 3.9}


def domain_row(case: str, spacing: float, noise: float, vessels: bool) -> dict:
    """Plausible statistics."""
    axes = ("right_left", "anterior_posterior", "superior_inferior")
    counts = [round(4000 * 2.718 ** (-(((number - 60) / 14) ** 2))) + number // 20 for number in range(160)]
    row = {
        "schema_version": 1,
        "case": case,
        "phantom": False,
        "modality": "CT",
        "units": "HU",
        "region_voxels": None,
        "intensity": {
            "window": [0.0, 80.0],
            "voxels": 4_321_000,
            "mean": 38.42,
            "std": 11.9,
            "full": {
                "voxels": 6_144_000,
                "mean": -211.7,
                "std": 512.3,
                "minimum": -1024.0,
                "maximum": 2210.0,
                "percentiles": dict(zip(PERCENTILES, (-1010.0, -998.0, -80.0, 33.0, 45.0, 310.0, 1240.0), strict=True)),
            },
            "histogram": {"bins": "hounsfield-1", "first": 245, "counts": counts, "below": 9, "above": 0,
                          "minimum": -1024.0, "maximum": 2210.0},
            "vessel": None,
        },
        "resolution": {
            "spacing_mm": dict.fromkeys(axes, spacing),
            "field_of_view_mm": dict.fromkeys(axes, 160.0),
            "matrix": dict.fromkeys(axes, 160.0 / spacing),
            "slice_gap_irregularity": None,
            "obliquity_degrees": 3.2,
        },
        "noise": {
            "air": {"std": noise, "voxels": 90_000, "reason": None},
            "parenchyma": {"std": noise * 0.9, "voxels": 800_000, "reason": None},
            "wavelet": {"std": noise * 0.95, "voxels": 700_000, "reason": None},
        },
        "morphology": None,
    }  # fmt: skip
    if vessels:
        row["morphology"] = {
            "mask": "ground_truth",
            "isotropic_mm": None,
            "diameter_mm": {"count": 90, "mean": 2.4, "std": 0.5, "median": 2.3} | EXTREMES,
            "histogram": {"bins": "diameter-1", "first": 50, "counts": [9, 30, 40, 11], "below": 0, "above": 0,
                          "minimum": 1.0, "maximum": 1.08},
        }  # fmt: skip
    return row


def write_statistics(request: dict) -> dict[str, str | None]:
    folder = Path(request["output"])
    folder.mkdir(parents=True, exist_ok=True)
    row = domain_row(request["case"], 0.6, 14.2, request["mask"] is not None)
    (folder / "domain.json").write_text(json.dumps(row))
    if request["profile"] is None:
        return {"domain": "domain.json", "comparison": None}
    message = "Its noise is outside what the model was trained on (profile source): noise std (air) 14.2 HU "
    message += "(12 training cases 2.31 to 2.72 HU)."
    say("warning", code="noise_outside_profile", message=message)
    positions = [
        ("intensity.mean", 35.6, 39.5, False),
        ("intensity.std", 10.4, 12.8, False),
        ("resolution.spacing_mm.right_left", 0.457, 0.625, False),
        ("resolution.spacing_mm.anterior_posterior", 0.457, 0.625, False),
        ("resolution.spacing_mm.superior_inferior", 0.5, 1.114, False),
        ("noise.air", 2.31, 2.72, True),
    ]
    comparison = {
        "case": request["case"],
        "profile": "source",
        "profile_cases": 12,
        "positions": [
            {"key": key, "minimum": low, "maximum": high, "is_outside": outside}
            for key, low, high, outside in positions
        ],
        "warnings": [{"code": "noise_outside_profile", "message": message}],
        "profile_histograms": {
            "intensity": domain_row("x", 0.5, 2.5, False)["intensity"]["histogram"] | {"first": 240},
            "diameter": None,
        },
    }
    (folder / "comparison.json").write_text(json.dumps(comparison))
    return {"domain": "domain.json", "comparison": "comparison.json"}


def write_results(request: dict) -> dict[str, str | None]:
    import numpy as np
    import SimpleITK

    folder = Path(request["output"])
    folder.mkdir(parents=True, exist_ok=True)
    volume = SimpleITK.ReadImage(request["volume"])
    array = SimpleITK.GetArrayFromImage(volume)
    labels = (array > 100).astype(np.uint8)
    attention = np.clip(array / 300.0, 0, 1).astype(np.float32)
    (folder / "layers").mkdir(exist_ok=True)
    layers = {f"layers/attention.{layer}": attention**2 for layer in ("decoder.0", "encoder.1")}
    for name, content in {"segmentation": labels, "attention": attention, **layers}.items():
        image = SimpleITK.GetImageFromArray(content)
        image.CopyInformation(volume)
        SimpleITK.WriteImage(image, str(folder / f"{name}.nrrd"))
    truth = request["ground_truth"] is not None
    threshold = request["reporting_threshold"]
    scores = {"layer": "mean", "iou": 0.5, "f1": 0.67, "precision": 0.7, "recall": 0.6, "attention_voxels": 9}
    measured = sorted({*request["thresholds"], threshold})
    metrics = {
        "schema_version": 1,
        "model": {
            "architecture": "SAM" if request.get("kind") == "sam" else "UMambaEnc",
            "labels": {"background": 0, "vessel": 1},
        },
        "target": {"label": 1, "name": "vessel", "kind": "prediction"},
        "attribution": {"method": request.get("method", "embedding-similarity"), "layers": ["encoder.1"]},
        "segmentation": {
            "pm_voxels": int(labels.sum()),
            "gt_voxels": int(labels.sum()) if truth else None,
            "overlap_voxels": int(labels.sum()) if truth else None,
            "dice": 0.81 if truth else None,
            "iou": 0.68 if truth else None,
            "precision": 0.9 if truth else None,
            "recall": 0.74 if truth else None,
        },
        "alignment": [
            {"reference": reference, "threshold": one, **scores}
            for reference in (("gt", "pm") if truth else ("pm",))
            for one in measured
        ],
        "gap": 0.0 if truth else None,
        "verdict": {
            "name": "inconclusive",
            "text": "Inconclusive: between the cut-offs",
            "reasons": [f"XAI-GT IoU 0.500 is high (>= 0.4) at attention >= {threshold:g}."],
            "paper_rule": "inconclusive",
            "cutoffs": {"high": 0.4, "low": 0.2, "gap": 0.1, "threshold": threshold, "significance": 0.05},
        },
        "warnings": [],
        "request": {"content": "0", "settings": {"resample_ground_truth": False, "region_box_mm_ras": None}},
        "badges": None,
        "gate_version": None,
    }
    (folder / "metrics.json").write_text(json.dumps(metrics))
    lines = ["slice,position_s_mm,pm_voxels,dice,xai_gt_f1,xai_pm_f1,category"]
    lines += [f"{index},{index:.2f},{int(labels[index].sum())},0.8,0.6,0.7,good" for index in range(len(labels))]
    (folder / "slices.csv").write_text("\n".join(lines) + "\n")
    names = {"segmentation": ".nrrd", "attention": ".nrrd", "metrics": ".json", "slices": ".csv"}
    return {name: name + ending for name, ending in names.items()}


def chat() -> None:
    """Three seconds with 20 messages and 200 lines of log a second, and each as often at once in the end."""
    for number in range(60):
        say("progress", stage="segment", fraction=number / 60)
        os.write(2, b"".join(b"line %d of a library that says much\n" % line for line in range(10)))
        time.sleep(0.05)
    for number in range(60):
        say("progress", stage="segment", fraction=number / 60)
    os.write(2, b"a last line\n" * 600)


def write_devices(folder: Path) -> dict[str, str]:
    devices = [
        {"name": "cuda:0", "description": "NVIDIA Stand-in", "free_memory_mb": 22016, "total_memory_mb": 24576},
        {"name": "cpu", "description": "CPU, 8 threads", "free_memory_mb": 30720, "total_memory_mb": 32768},
    ]
    (folder / "devices.json").write_text(json.dumps({"devices": devices, "why_no_cuda": ""}))
    return {"devices": "devices.json"}


def write_dicom(request: dict) -> dict[str, str]:
    folder, result = Path(request["output"]), Path(request["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    say("warning", code="dicom_values_left_empty", message="Left empty: PatientSex.")
    for name in ("attention", "segmentation"):
        assert (result / f"{name}.nrrd").is_file() and all(Path(path).is_file() for path in request["series"])
        (folder / f"{name}.dcm").write_bytes(b"DICM")
    return {name: f"{name}.dcm" for name in ("attention", "segmentation")}


#: In which stage each kind of request waits, where that is not segmenting.
STAGES = {"domain": "metrics", "badges": "judge", "benchmark": "faithfulness", "deletion": "remove"}


def main() -> None:
    mode, folder, request_file = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    if mode == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        threading.Thread(target=end_with_input, daemon=True).start()
    say("hello", pid=os.getpid(), versions={})
    request = json.loads(Path(request_file).read_text())
    (folder / "request.json").write_text(json.dumps(request))
    if request.get("kind") == "devices" and mode != "error":
        scratch = Path(request_file).parent
        say("result", folder=str(scratch), files=write_devices(scratch))
        return
    say("device", device="cpu", free_memory_mb=4000, scan_backend="numba", reason="no NVIDIA GPU was found")
    statistics = request.get("kind") == "domain"
    stage = STAGES.get(request.get("kind"), "segment")
    say("stage", name=stage)
    os.write(2, "Gefäß 50 %\n".encode()[:5])
    time.sleep(0.05)
    os.write(2, "Gefäß 50 %\n".encode()[5:])
    say("progress", stage=stage, fraction=0.5)
    if mode == "chatty":
        chat()
    if request.get("kind") == "deletion":
        say_points(request, say, slice(FIRST))
    while request.get("kind") != "devices" and not (folder / "go").exists():
        time.sleep(0.02)
    if mode == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if mode == "oom":
        os.kill(os.getpid(), signal.SIGKILL)
    if mode == "error":
        say("error", code="model", message="The checkpoint holds no U-Mamba.", remedy="Choose another model.")
        sys.exit(4)
    if request.get("kind") == "deletion":
        say_points(request, say, slice(FIRST, None))
        say("result", folder=request["result"]["folder"], files=write_deletion(request))
        return
    if request.get("kind") == "dicom":
        say("result", folder=request["output"], files=write_dicom(request))
        return
    if request.get("kind") == "badges":
        say("result", folder=request["folder"], files=write_badges(request))
        return
    if request.get("kind") == "benchmark":
        say("result", folder=request["case"]["output"], files=write_benchmark(request))
        return
    if statistics:
        say("result", folder=request["output"], files=write_statistics(request))
        return
    say("stage", name="explain")
    files = write_results(request)
    say("warning", code="outside_training_range", message="Intensities are unlike those of the training data.")
    say("result", folder=request["output"], files=files)


main()
