"""The deletion curve of a threshold: S is the share of the explained voxels that are still above it."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import SimpleITK as sitk

SCORES = ("score", "relative", "surviving")


def deletion_of_result(request: Any, reporter: Any) -> SimpleNamespace:
    """In the place of the engine's: removed voxels become 0 HU."""
    reporter.stage("remove")
    hu = sitk.GetArrayFromImage(sitk.ReadImage(str(request.result.volume))).reshape(-1)
    ranked_map = sitk.GetArrayFromImage(sitk.ReadImage(str(request.map_file))).reshape(-1)
    explained = (hu > 250) & (hu < 500)
    rankings = {"map": ranked_map, "random": np.random.default_rng(request.seed).random(hu.size)}
    rankings |= {name: hu for name in request.references if name == "frangi"}
    curves = []
    for name, values in rankings.items():
        order = np.argsort(-values, kind="stable")
        rows = []
        for removed in 5 * (np.arange(request.points) / (request.points - 1)) ** 2:
            count = int(round(removed * explained.sum()))
            left = hu.copy()
            left[order[:count]] = 0
            share = float((left[explained] > 250).mean())
            rows.append({"removed": float(removed), "voxels": count, **dict.fromkeys(SCORES, share)})
            reporter.point(name, rows[-1])
        columns = {column: [row[column] for row in rows] for column in rows[0]}
        area = float(np.trapezoid(columns["relative"], columns["removed"])) / 5
        curves.append({"name": name, "title": request.map if name == "map" else name, "area": area, **columns})
    body = {
        "settings": {"map": request.map},
        "curves": curves,
        "verdict": {"name": "carries", "text": f"The threshold depends on these voxels: area {curves[0]['area']:.2f}."},
    }
    path = request.result.folder / "deletion.json"
    path.write_text(json.dumps(body))
    return SimpleNamespace(folder=request.result.folder, files={"deletion": path})
