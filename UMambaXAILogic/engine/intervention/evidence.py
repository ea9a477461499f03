"""What S loses when one region after the other is filled."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ..inference.explanation import Explained
from ..methods.settings import MethodSettings
from ..progress import Reporter
from .fills import Fill, FillSource, make_fill
from .reevaluate import Change, Intervention
from .regions import Regions, RegionSource, make_regions


@dataclass(frozen=True)
class RegionEvidence:
    """What filling each region costs.

    Args:
        regions: of the network grid.
        drops: S(x) - S(x with region r filled), float64 (count,); label 1 first.
        watched_windows: that hold a voxel of M.
        forward_passes: of the network.
        details: what metrics.json says about them.
    """

    regions: Regions
    drops: npt.NDArray[np.float64]
    watched_windows: int
    forward_passes: int
    details: dict[str, Any]

    def on_network_grid(self) -> npt.NDArray[np.float32]:
        """Every voxel with its region's drop; 0 where S does not drop, and outside all regions."""
        values = np.concatenate([[0.0], np.maximum(self.drops, 0)]).astype(np.float32)
        return values[self.regions.labels]


def gather_evidence(case: Explained, settings: MethodSettings, reporter: Reporter) -> RegionEvidence:
    """Fill every region in turn, and evaluate the windows that it touches.

    Args:
        case: with at least one voxel in M.
        settings: ``regions``, ``region_size_mm``, ``reach_mm``, ``max_regions`` and ``fill`` count.
        reporter: told beforehand how many passes there will be; warned where regions became larger than wanted, and
            where memory ran out.

    Raises:
        MemoryExhaustedError: memory ran out, and nothing was left to save.
        CancelledError: the user cancelled.
    """
    valid, fitting = case.plan.valid, partial(case.memory.until_it_fits, reporter=reporter)
    data = case.data[(slice(None), *valid)].numpy()
    predicted = fitting(lambda: case.score.predicted(case.logits[(slice(None), *valid)]).numpy())
    mask = case.mask[valid].numpy()
    regions = fitting(
        lambda: make_regions(
            settings.regions,
            RegionSource(data, predicted, mask, case.spacing_mm),
            size_mm=settings.region_size_mm,
            reach_mm=settings.reach_mm,
            max_regions=settings.max_regions,
        )
    )
    if regions.size_mm > settings.region_size_mm:
        reporter.warning(
            "regions_enlarged",
            f"There would be more than {settings.max_regions} regions of {settings.region_size_mm:g} mm: they are "
            f"{regions.size_mm:.3g} mm wide. Allow more regions, a smaller reach, or explain a smaller part.",
        )
    boxes = regions.boxes()
    passes = 0

    def on_pass() -> None:
        nonlocal passes
        reporter.progress(passes / expected)
        passes += 1

    intervention = Intervention(case, reporter, on_pass=on_pass)
    expected = intervention.expected_passes([_on_padded_grid(box, case) for box in boxes])
    whole = len(case.plan.windows) * intervention.passes_per_window
    reporter.announce(
        f"Filling {regions.count} regions of {regions.size_mm:.3g} mm takes up to {expected} forward passes; "
        f"the segmentation took {whole}."
    )
    fill = fitting(lambda: make_fill(settings.fill, FillSource(data, predicted | mask, case.spacing_mm)))
    drops = []
    for label, box in enumerate(boxes, 1):
        change = fitting(partial(_filled, case, data, regions.labels[box] == label, box, fill))
        drops.append(intervention.original[0] - intervention.score(change))
    return RegionEvidence(
        regions,
        np.array(drops),
        intervention.watched_windows,
        intervention.forward_passes,
        _details(regions, intervention, len(case.plan.windows)),
    )


def _filled(
    case: Explained, data: npt.NDArray[np.floating], region: npt.NDArray[np.bool_], box: tuple[slice, ...], fill: Fill
) -> Change:
    before = data[(slice(None), *box)]
    values = np.where(region, fill(region, box), before).astype(data.dtype)
    return Change(_on_padded_grid(box, case), torch.from_numpy(values))


def _on_padded_grid(box: tuple[slice, ...], case: Explained) -> tuple[slice, ...]:
    return tuple(
        slice(part.start + inside.start, part.stop + inside.start)
        for part, inside in zip(box, case.plan.valid, strict=True)
    )


def _details(regions: Regions, intervention: Intervention, windows: int) -> dict[str, Any]:
    """Counts, and the share of the windows that need not be predicted again."""
    whole = regions.count * windows
    return {
        "region_count": regions.count,
        "region_size_mm": round(regions.size_mm, 3),
        "evaluated_windows": intervention.evaluated_windows,
        "windows_of_whole_predictions": whole,
        "saved_share": round(1 - intervention.evaluated_windows / whole, 4),
    }
