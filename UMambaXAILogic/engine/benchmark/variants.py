"""The same case with another input or another network: M stays, the stitched logits are predicted anew."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage

from ..inference.explanation import Explained
from ..inference.prediction import predict_stitched_logits
from ..inference.target import TargetSelection
from ..progress import Reporter
from .candidate import FloatMap

if TYPE_CHECKING:
    from ..model.loading import Model

FloatArray = npt.NDArray[np.floating]

#: Of the intensity range between the 0.5th and the 99.5th percentile.
NOISE, BRIGHTNESS, CONTRAST = 0.05, 0.1, 1.1
BLUR_SIGMA_MM = 0.5
_RANGE = (0.5, 99.5)
NAMES = ("noise", "brightness", "contrast", "blur", "flip")


@dataclass(frozen=True)
class Variant:
    """A case that differs in one respect.

    Args:
        name: of the difference.
        case: to explain again.
        flipped: the last axis runs the other way.
    """

    name: str
    case: Explained
    flipped: bool = False

    def back(self, values: FloatMap | None) -> FloatMap | None:
        """A map of the variant as it lies on the original."""
        return np.ascontiguousarray(values[..., ::-1]) if self.flipped and values is not None else values


def perturbed(case: Explained, seed: int, reporter: Reporter) -> Iterator[Variant]:
    """Noise of 5 % of the intensity range, 10 % brighter, 10 % more contrast, blur of 0.5 mm, and a flip of the last
    axis, one at a time."""
    data = case.data[(slice(None), *case.plan.valid)].numpy()
    low, high = np.percentile(data, _RANGE, axis=(1, 2, 3), keepdims=True)
    span = (high - low).astype(data.dtype)
    noise = np.random.default_rng(seed).standard_normal(data.shape).astype(data.dtype)
    yield with_data(case, "noise", data + NOISE * span * noise, reporter)
    del noise
    yield with_data(case, "brightness", data + BRIGHTNESS * span, reporter)
    mean = data.mean(axis=(1, 2, 3), keepdims=True)
    yield with_data(case, "contrast", mean + CONTRAST * (data - mean), reporter)
    sigma = [BLUR_SIGMA_MM / spacing for spacing in case.spacing_mm]
    blurred = np.stack([ndimage.gaussian_filter(channel, sigma, mode="nearest") for channel in data])
    yield with_data(case, "blur", blurred, reporter)
    yield _flipped(case, data, reporter)


def random_input(case: Explained, seed: int, reporter: Reporter) -> Variant:
    """The image with its voxels in an order of chance: the same histogram, and no vessel."""
    data = case.data[(slice(None), *case.plan.valid)].numpy()
    order = np.random.default_rng(seed).permutation(data[0].size)
    shuffled = data.reshape(len(data), -1)[:, order].reshape(data.shape)
    return with_data(case, "random_input", shuffled, reporter)


def with_data(case: Explained, name: str, data: FloatArray, reporter: Reporter) -> Variant:
    """The case with another image (channels, z, y, x) on the network grid."""
    padded = case.plan.pad(torch.from_numpy(np.ascontiguousarray(data, dtype=_kind(case))))
    return Variant(name, _predicted(dataclasses.replace(case, data=padded), reporter))


def with_network(case: Explained, name: str, model: Model, reporter: Reporter) -> Variant:
    """The case as another network sees it."""
    return Variant(name, _predicted(dataclasses.replace(case, model=model), reporter))


def _flipped(case: Explained, data: FloatArray, reporter: Reporter) -> Variant:
    def turned(mask: torch.Tensor) -> torch.Tensor:
        return case.plan.pad(torch.flip(mask[case.plan.valid], (-1,))[None])[0]

    selection = case.selection
    flipped = dataclasses.replace(
        case,
        mask=turned(case.mask),
        selection=TargetSelection(
            selection.kind,
            None if selection.truth is None else turned(selection.truth),
            None if selection.region is None else turned(selection.region),
            None if selection.part is None else turned(selection.part),
        ),
    )
    return dataclasses.replace(with_data(flipped, "flip", data[..., ::-1], reporter), flipped=True)


def _predicted(case: Explained, reporter: Reporter) -> Explained:
    logits = predict_stitched_logits(
        case.model, case.data, case.plan, mirror=case.mirror, reporter=reporter, memory=case.memory
    )
    return dataclasses.replace(case, logits=logits)


def _kind(case: Explained) -> np.dtype:
    return case.data[:0].numpy().dtype
