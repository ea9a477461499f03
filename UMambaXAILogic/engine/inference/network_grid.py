"""The way of one volume to the network grid and back.

The network grid is nnU-Net's own: transposed, cropped to the non-zero box, resampled to the plans' spacing,
normalised. Masks come there by nearest neighbour; the attention map returns by linear interpolation, zero outside the
crop. Both use the voxel correspondence of nnU-Net's resampling: grids share their outer faces, so that index i of n
voxels lies at (i + 0.5) / n of the box.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from nnunetv2.preprocessing.preprocessors.default_preprocessor import DefaultPreprocessor

from ..errors import InputError
from ..nnunet_bridge import as_nnunet_input, from_nnunet_output, in_reader_order
from ..volume import Volume
from .label_export import export_labels
from .lean_configuration import LeanConfiguration

if TYPE_CHECKING:
    from ..model.loading import Model


@dataclass
class NetworkGrid:
    """One preprocessed volume.

    Args:
        volume: as read.
        model: whose plans were followed.
        data: (1, z, y, x) float32 on the network grid.
        properties: nnU-Net's record of transposition, crop and resampling.
    """

    volume: Volume
    model: Model
    data: torch.Tensor
    properties: dict[str, Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """Network grid (z, y, x)."""
        return tuple(self.data.shape[1:])

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Of the network grid (z, y, x): that of the plans but for rounding to whole voxels; 2-D plans keep z."""
        stored = [float(self.properties["spacing"][axis]) for axis in self._forward]
        z, y, x = (mm * old / new for mm, old, new in zip(stored, self._cropped_shape, self.shape, strict=True))
        return z, y, x

    def to_network(self, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """A mask of the input grid on the network grid, nearest neighbour."""
        stored = in_reader_order(Volume(mask, self.volume.geometry), self.model.reader_writer_name)[0][0]
        cropped = stored.transpose(self._forward)[self._crop]
        return cropped[np.ix_(*_nearest(cropped.shape, self.shape))]

    def map_to_network(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """A map of the input grid on the network grid, linear: the way back of ``to_input``."""
        stored = as_nnunet_input(Volume(values, self.volume.geometry), self.model.reader_writer_name)[0][0]
        cropped = np.ascontiguousarray(stored.transpose(self._forward)[self._crop], dtype=np.float32)
        tensor = torch.from_numpy(cropped)[None, None]
        return F.interpolate(tensor, size=self.shape, mode="trilinear", align_corners=False)[0, 0].numpy()

    def mask_to_input(self, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """A mask of the network grid on the input grid, as maps and logits return: linear, then at least one half."""
        if mask.shape == self._cropped_shape:
            return self._to_input(mask)
        return self.to_input(mask.astype(np.float32)) >= 0.5

    def to_input(self, attention: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """A map in [0, 1] of the network grid on the input grid: linear, 0 outside the crop, not renormalised."""
        if attention.shape != self._cropped_shape:
            tensor = torch.from_numpy(attention)[None, None]
            tensor = F.interpolate(tensor, size=self._cropped_shape, mode="trilinear", align_corners=False)
            attention = tensor[0, 0].numpy()
        return self._to_input(attention, limits=(0, 1))

    def export(self, logits: torch.Tensor) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
        """nnU-Net's export of stitched logits (heads, z, y, x): label values on the input grid."""
        model = self.model
        labels = export_labels(
            logits, model.plans_manager, model.configuration_manager, model.label_manager, self.properties
        )
        return from_nnunet_output(labels, self.volume.geometry, model.reader_writer_name)

    def _to_input(self, cropped: npt.NDArray, limits: tuple[float, float] | None = None) -> npt.NDArray:
        full = np.zeros(self.properties["shape_before_cropping"], dtype=cropped.dtype)
        inside = full[self._crop]
        if limits is None:
            inside[...] = cropped
        else:
            np.clip(cropped, *limits, out=inside)
        stored = full.transpose(self.model.plans_manager.transpose_backward)
        return from_nnunet_output(stored, self.volume.geometry, self.model.reader_writer_name)

    @property
    def _forward(self) -> list[int]:
        return list(self.model.plans_manager.transpose_forward)

    @property
    def _crop(self) -> tuple[slice, ...]:
        return tuple(slice(low, high) for low, high in self.properties["bbox_used_for_cropping"])

    @property
    def _cropped_shape(self) -> tuple[int, ...]:
        return tuple(int(n) for n in self.properties["shape_after_cropping_and_before_resampling"])


def to_network_grid(volume: Volume, model: Model) -> NetworkGrid:
    """Preprocess a volume with nnU-Net's own code.

    Raises:
        InputError: the volume, or its part that is not zero, is thinner than half a voxel of the network grid.
    """
    array, properties = in_reader_order(volume, model.reader_writer_name)
    preprocessor = model.configuration_manager.preprocessor_class(verbose=False)
    if type(preprocessor).run_case_npy is not DefaultPreprocessor.run_case_npy:  # which begins by doing so in a copy
        array = array.astype(np.float32)
    configuration = LeanConfiguration(model.configuration_manager.configuration)
    try:
        data, _, properties = preprocessor.run_case_npy(
            array, None, properties, model.plans_manager, configuration, model.dataset_json
        )
    except (RuntimeError, ValueError):
        _refuse_what_vanishes(properties, model)
        raise
    if 0 in data.shape:
        _refuse_what_vanishes(properties, model)
    return NetworkGrid(volume, model, torch.from_numpy(np.ascontiguousarray(data, dtype=np.float32)), properties)


def _refuse_what_vanishes(properties: dict[str, Any], model: Model) -> None:
    """Raise ``InputError`` if resampling leaves no voxel along some axis, which nnU-Net does not expect."""
    shape = properties.get("shape_after_cropping_and_before_resampling", ())
    spacing = [properties["spacing"][axis] for axis in model.plans_manager.transpose_forward]
    in_plane = len(model.spacing_mm)  # a 2-D configuration leaves the first axis as it is
    pairs = zip(shape[-in_plane:], spacing[-in_plane:], model.spacing_mm, strict=False)
    for voxels, found, wanted in pairs:
        if round(voxels * found / wanted) == 0:
            raise InputError(
                f"The part of the volume that is not zero is only {voxels * found:.3g} mm thick ({voxels} voxels of "
                f"{found:.3g} mm), less than half of the {wanted:.3g} mm at which the model works.",
                "Give a volume that covers the vessels; check that its spacing is in mm.",
            )


def _nearest(shape: tuple[int, ...], new_shape: tuple[int, ...]) -> list[npt.NDArray[np.intp]]:
    """Per axis, the index on a grid of ``shape`` that lies nearest to each index of ``new_shape``."""
    return [
        np.minimum(((np.arange(new) + 0.5) * (old / new)).astype(np.intp), old - 1)
        for old, new in zip(shape, new_shape, strict=True)
    ]
