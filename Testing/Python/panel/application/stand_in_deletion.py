"""The stand-in worker's deletion curves: plausible points in the order in which the real worker gives them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: How fast the score is lost, and how much of it stays.
SHAPES = {"map": (1.6, 0.05), "random": (0.05, 0.6), "frangi": (0.5, 0.15)}
COLUMNS = ("removed", "voxels", "score", "relative", "surviving")
#: Places that come before the worker waits.
FIRST = 5


def point(curve: str, place: int, count: int) -> dict[str, float]:
    removed = 5.0 * (place / (count - 1)) ** 2
    pace, floor = SHAPES[curve]
    left = floor + (1 - floor) * math.exp(-pace * removed)
    surviving = min(1.0, max(0.0, 1.4 * left - 0.2))
    return dict(zip(COLUMNS, (removed, round(320 * removed), 6 * left - 1, left, surviving), strict=True))


def order(count: int) -> list[int]:
    found, gaps = [0, count - 1], [(0, count - 1)]
    while len(found) < count:
        gap = max(gaps, key=lambda one: (one[1] - one[0], -one[0]))
        middle = sum(gap) // 2
        gaps = [one for one in gaps if one != gap] + [(gap[0], middle), (middle, gap[1])]
        found.append(middle)
    return found


def say_points(request: dict[str, Any], say: Callable[..., None], places: slice) -> None:
    for place in order(request["points"])[places]:
        for curve in ("map", *request["references"]):
            say("point", curve=curve, values=point(curve, place, request["points"]))


def write_deletion(request: dict[str, Any]) -> dict[str, str]:
    curves = []
    for name in ("map", *request["references"]):
        points = [point(name, place, request["points"]) for place in range(request["points"])]
        curve: dict[str, Any] = {column: [one[column] for one in points] for column in COLUMNS}
        pairs = list(zip(curve["removed"], curve["relative"], strict=True))
        area = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in zip(pairs, pairs[1:], strict=False)) / 5
        curves.append({"name": name, "title": request["map"] if name == "map" else name, "area": area, **curve})
    text = "The map's most attributed voxels carry the score: area {:.2f} against {}.".format(
        curves[0]["area"],
        " and ".join(
            f"{one['area']:.2f} for {'vesselness' if one['name'] == 'frangi' else one['name']}" for one in curves[1:]
        ),
    )
    body = {"settings": {"map": request["map"]}, "curves": curves, "verdict": {"name": "carries", "text": text}}
    (Path(request["result"]["folder"]) / "deletion.json").write_text(json.dumps(body))
    return {"deletion": "deletion.json"}
