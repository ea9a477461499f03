"""What the stand-in worker answers when maps are to be judged: plausible numbers."""

from __future__ import annotations

import json
from pathlib import Path


def badge(name: str, passed: bool, value: float, limit: float) -> dict:
    return {"name": name, "passed": passed, "value": value, "limit": limit, "text": "A sentence."}


def write_badges(request: dict) -> dict[str, str]:
    path = Path(request["folder"]) / "metrics.json"
    badges = [
        badge("parameter_randomisation", True, 0.41, 0.5),
        badge("better_than_vesselness", True, 0.61, -0.23),
        badge("not_dominated_by_last_layer", False, 0.93, 0.9),
    ]
    path.write_text(json.dumps(json.loads(path.read_text()) | {"badges": badges, "gate_version": 1}))
    return {"metrics": "metrics.json"}


TITLES = {"seg-xres-cam": "Seg-XRes-CAM", "dea": "Dual-evidence attribution", "seg-grad-cam": "Seg-Grad-CAM"}


def judged_map(name: str, rank: int, score: float, passed: bool, kind: str) -> dict:
    """Plausible numbers of a map."""
    steps, left = [0.25, 0.5, 1.0, 2.0, 5.0], (1 - score) / 2
    return {
        "name": name,
        "title": TITLES.get(name, name.capitalize()),
        "kind": kind,
        "constant": False,
        "settings": {},
        "rank": rank,
        "faithfulness": {
            "score": score,
            "deletion_area": left,
            "insertion_area": 1 - left,
            "k": steps,
            "target_drop": [4 * (1 - left ** (k + 0.2)) for k in steps],
            "deletion": [4 * left ** (k + 0.2) for k in steps],
            "insertion": [4 * (1 - left ** (k + 0.2)) for k in steps],
        },
        "leakage": {"ratio": [0.1, 0.1, 0.12, 0.1, 0.1], "off_target_drop": [0.1] * 5, "far_share": 0.32},
        "robustness": None,
        "sanity": {
            "cutoff": 0.5,
            "passed": passed,
            "parameter_randomisation": [{"step": "all", "correlation": 0.41 if passed else 1.0}],
            "random_input": 0.1,
        },
        "cost": {"seconds": 12.3, "forward_passes": 2, "backward_passes": 1},
        "badges": [
            badge("parameter_randomisation", passed, 0.41, 0.5),
            *([badge("better_than_random", True, score, -0.9)] if kind == "method" else []),
            *([badge("better_than_prediction", False, score, 0.7)] if kind == "method" else []),
        ],
    }


def write_benchmark(request: dict) -> dict[str, str]:
    """The first and the last of the methods, and a baseline."""
    case = request["case"]
    folder = Path(case["output"])
    folder.mkdir(parents=True, exist_ok=True)
    body = {
        "schema_version": 1,
        "case": case["case"],
        "target": {"label": 1, "name": "vessel", "kind": "prediction"},
        "settings": {"axes": request["axes"]},
        "score": {"original": 4.0, "erased": 0.0},
        "methods": [
            judged_map(case["method"], 1, 0.61, True, "method"),
            judged_map(case["other_methods"][-1]["name"], 2, 0.08, True, "method"),
            judged_map("random", 3, -0.92, False, "baseline"),
        ],
    }
    (folder / "benchmark.json").write_text(json.dumps(body))
    return {"benchmark": "benchmark.json"}
