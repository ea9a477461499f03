"""The real worker, in which a threshold takes the network's place: ``python threshold_worker.py request.json``.

Everything around the network is real: the request, the protocol, the files and their form. Nothing imports torch.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import SimpleITK as sitk
from threshold_deletion import deletion_of_result

THRESHOLD_HU = 250


def explain(image: sitk.Image, truth: sitk.Image | None, out: Path, ending: str, case: str) -> dict:
    """Write what ``explain`` writes; returns the metrics."""
    hu = sitk.GetArrayFromImage(image)
    vessels = ((hu > THRESHOLD_HU) & (hu < 2 * THRESHOLD_HU)).astype(np.uint8)
    for name, values in (
        ("segmentation", vessels),
        ("attention", np.clip(hu / 400, 0, 1).astype(np.float32) * vessels),
    ):
        written = sitk.GetImageFromArray(values)
        written.CopyInformation(image)
        sitk.WriteImage(written, str(out / f"{name}{ending}"))
    dice = None
    if truth is not None:
        both = sitk.GetArrayFromImage(truth) > 0
        dice = float(2 * (both & (vessels > 0)).sum() / (both.sum() + vessels.sum()))
    metrics = {
        "case": case,
        "model": {"labels": {"background": 0, "vessel": 1}},
        "target": {"label": 1, "name": "vessel"},
        "segmentation": {"pm_voxels": int(vessels.sum()), "dice": dice},
        "alignment": [],
        "gap": None,
        "verdict": {
            "name": "inconclusive",
            "text": "inconclusive: a threshold attends to nothing",
            "reasons": [],
            "cutoffs": {"threshold": 0.3},
        },
        "attribution": {"method": "seg-xres-cam", "layers": []},
        "domain": None,
        "warnings": [],
    }
    (out / "metrics.json").write_text(json.dumps(metrics))
    (out / "slices.csv").write_text("slice,position_s_mm,dice,xai_gt_f1,xai_pm_f1,category\n0,1.5,,,0.5,\n")
    return metrics


def run_case(request, reporter):
    """In the pipeline's place."""
    out = Path(request.output)
    out.mkdir(parents=True, exist_ok=True)
    reporter.stage("segment")
    truth = None if request.ground_truth is None else sitk.ReadImage(str(request.ground_truth))
    explain(sitk.ReadImage(str(request.volume)), truth, out, ".nrrd", request.case)
    files = {name: out / f"{name}.nrrd" for name in ("segmentation", "attention")}
    files |= {"metrics": out / "metrics.json", "slices": out / "slices.csv"}
    return SimpleNamespace(folder=out, files=files)


def run_cohort(request, reporter):
    """In the cohort's place; a case without voxels above the threshold fails."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = request.output
    out.mkdir(parents=True, exist_ok=True)
    (out / "request.json").write_text(request.to_json())
    reporter.stage("cases")
    base, table = request.manifest.parent, []
    rows = list(csv.DictReader(request.manifest.open()))
    for number, row in enumerate(rows, 1):
        folder = out / "cases" / row["case"]
        folder.mkdir(parents=True, exist_ok=True)
        truth = sitk.ReadImage(str(base / row["gt"])) if row["gt"] else None
        metrics = explain(sitk.ReadImage(str(base / row["volume"])), truth, folder, ".nii.gz", row["case"])
        found = metrics["segmentation"]["pm_voxels"] > 0
        table.append(
            {
                "case": row["case"],
                "status": "done" if found else "failed",
                "dice": metrics["segmentation"]["dice"],
                "reason": None if found else "nothing there",
            }
        )
        reporter.cases(number, 0, len(rows), 1.5)
        reporter.progress(number / len(rows))
    pq.write_table(pa.Table.from_pylist(table), out / "cases.parquet")
    failed = sum(row["status"] == "failed" for row in table)
    summary = {
        "done": len(table) - failed,
        "failed": failed,
        "manifest": "../manifest.csv",
        "settings": {"resample_ground_truth": False, "ground_truth_labels": None},
    }
    (out / "summary.json").write_text(json.dumps(summary))
    return SimpleNamespace(folder=out, files={"cases": out / "cases.parquet", "summary": out / "summary.json"})


def run_benchmark(request, reporter):
    """In the benchmark's place: the first method is faithful, each further one less, and baselines are not."""
    case = request.case
    out = Path(case.output)
    out.mkdir(parents=True, exist_ok=True)
    reporter.stage("faithfulness")
    named = [(name, "method") for name in (case.method, *map(str, case.other_methods))]
    named += [(name, "baseline") for name in request.baselines]
    steps = [0.25, 0.5, 1.0, 2.0, 5.0]
    methods = []
    for place, (name, kind) in enumerate(named):
        score = 0.6 - 0.2 * place
        curves = {"k": steps, "target_drop": steps, "deletion": [1 - score * k / 5 for k in steps],
                  "insertion": [score * k / 5 for k in steps]}  # fmt: skip
        sanity = {"passed": kind == "method", "cutoff": 0.5, "random_input": 0.0,
                  "parameter_randomisation": [{"step": "all", "correlation": 0.1}]}  # fmt: skip
        methods.append(
            {
                "name": name,
                "title": name,
                "kind": kind,
                "constant": False,
                "settings": {},
                "rank": place + 1,
                "faithfulness": {"score": score, "deletion_area": 0.2, "insertion_area": 0.2 + score, **curves},
                "leakage": {"ratio": steps, "off_target_drop": steps, "far_share": 0.3},
                "robustness": None,
                "sanity": sanity if "sanity" in request.axes else None,
                "cost": {"seconds": 1.0, "forward_passes": 2, "backward_passes": 1},
                "badges": [],
            }
        )
    body = {
        "schema_version": 1,
        "case": case.case,
        "target": {"name": "vessel"},
        "settings": {"axes": list(request.axes)},
        "score": {"original": 1.0, "erased": 0.0},
        "methods": methods,
    }
    (out / "benchmark.json").write_text(json.dumps(body))
    return SimpleNamespace(folder=out)


def main() -> None:
    """Answer one request."""
    request = sys.argv[1]
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
    pipeline = ModuleType("UMambaXAILogic.engine.pipeline")
    pipeline.run_case = run_case
    sys.modules[pipeline.__name__] = pipeline
    deletion = ModuleType("UMambaXAILogic.engine.benchmark.deletion_of_result")
    deletion.deletion_of_result = deletion_of_result
    sys.modules[deletion.__name__] = deletion
    from UMambaXAILogic.engine import benchmark, cohort
    from UMambaXAILogic.engine.worker import process as worker

    cohort.run_cohort = run_cohort
    benchmark.run_benchmark = run_benchmark
    sys.exit(worker.main(["--request", request]))


if __name__ == "__main__":
    main()
