"""A result's nodes -> the files that its run left behind, for a worker that reads a result folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from UMambaXAILogic.engine.errors import InputError

from .export_volume import is_phantom
from .grid import Grid, image_array, local_grid, oriented_image_grid, parent_to_world, same_grid
from .in_pieces import Pieces, share, slabs
from .label_placing import Labels, place
from .nrrd_output import write_in_pieces
from .result_view.nodes import ATTENTION, METRICS, SEGMENTATION, VOLUME, ResultNodes
from .segments import LABELMAP

_ROLE = "prediction"


def result_in_pieces(nodes: ResultNodes, folder: Path) -> Pieces[None]:
    """Write ``metrics.json``, ``segmentation.nrrd`` and, of a result with a map, ``attention.nrrd``.

    All lie on the volume's local grid, as the run wrote them.

    Args:
        nodes: of the result.
        folder: there.

    Raises:
        InputError: a node is gone, or is not what the run made any more.
    """
    volume, prediction, attention = nodes.needed(VOLUME), nodes.needed(SEGMENTATION), nodes.get(ATTENTION)
    metrics = nodes.metrics
    grid = local_grid(volume)
    if metrics.get("attribution") and attention is None:
        raise InputError("The result's attention map was removed from the scene.", "Run Segment & Explain again.")
    if attention is not None and not same_grid(local_grid(attention), grid):
        raise InputError(
            f"'{attention.GetName()}' does not lie on its volume's grid any more.", "Run Segment & Explain again."
        )
    values = _label_values(prediction, metrics["model"]["labels"])
    yield 0.0
    (folder / "metrics.json").write_text(nodes.needed(METRICS).GetText(), encoding="utf-8")
    labels = yield from share(_labels_in_pieces(prediction, values, grid.moved(parent_to_world(volume))), 0.0, 0.4)
    _check_unchanged(labels, metrics)
    phantom = is_phantom(volume)
    yield from share(write_in_pieces(labels, grid, folder / "segmentation.nrrd", phantom), 0.4, 0.1)
    if attention is not None:
        array = image_array(attention.GetImageData())
        yield from share(write_in_pieces(array, grid, folder / "attention.nrrd", phantom), 0.5, 0.5)


def _label_values(prediction: Any, named: Mapping[str, Any]) -> dict[str, int]:
    """Label value of each segment by its id.

    Args:
        named: the labels of dataset.json; a region (a list of values) names none of them alone.
    """
    values = {name: value for name, value in named.items() if isinstance(value, int) and value > 0}
    segmentation = prediction.GetSegmentation()
    found = {}
    for index in range(segmentation.GetNumberOfSegments()):
        name = segmentation.GetNthSegment(index).GetName()
        nameless = name.removeprefix("label ")
        value = values.get(name, int(nameless) if name != nameless and nameless.isdigit() else None)
        if value is None:
            raise _changed(f"It has a segment {name!r}, which the model has not.")
        found[segmentation.GetNthSegmentID(index)] = value
    return found


def _labels_in_pieces(prediction: Any, values: Mapping[str, int], world_grid: Grid) -> Pieces[npt.NDArray]:
    labels = np.zeros(world_grid.size[::-1], np.uint8 if max(values.values(), default=0) < 256 else np.uint16)
    to_world = parent_to_world(prediction)
    for number, (segment_id, value) in enumerate(values.items()):
        segment = prediction.GetSegmentation().GetSegment(segment_id)
        image, own = segment.GetRepresentation(LABELMAP), segment.GetLabelValue()
        if image is None or image.GetNumberOfPoints() == 0:
            continue

        def chosen(some: npt.NDArray, own: int = own, value: int = value) -> npt.NDArray:
            return np.where(some == own, labels.dtype.type(value), labels.dtype.type(0))

        grid = oriented_image_grid(image).moved(to_world)
        found = Labels(image_array(image), grid, prediction.GetName(), _ROLE, chosen)
        yield from share(place(found, labels, world_grid, resample=False), number / len(values), 1 / len(values))
    return labels


def _check_unchanged(labels: npt.NDArray, metrics: Mapping[str, Any]) -> None:
    """A corrected segmentation is not what the network found, and must not be said to be."""
    target = metrics["target"]["label"]
    values = target if isinstance(target, list) else [target]
    counted = metrics["segmentation"]
    expected = counted["pm_voxels"] + (counted.get("pm_voxels_outside_region") or 0)
    found = sum(int(np.isin(labels[piece], values).sum()) for piece in slabs(labels.shape))
    if found != expected:
        raise _changed(f"It has {found} voxels of {metrics['target']['name']}; {expected} were segmented.")


def _changed(how: str) -> InputError:
    return InputError(
        f"The prediction was changed since it was computed. {how}",
        "Run Segment & Explain again; a corrected segmentation is exported by the extension QuantitativeReporting.",
    )
