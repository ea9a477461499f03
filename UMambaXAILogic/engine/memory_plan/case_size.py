"""The sizes that decide how much memory a case takes, and what each stage holds of them in main memory."""

from __future__ import annotations

from dataclasses import dataclass

from .places import Place
from .window_peak import WindowPeak

#: Bytes a voxel that stages hold for a moment beside what the plan counts one by one. Measured with
#: Testing/Benchmarks/bench_memory.py on a network so small that only volumes count.
READ_BYTES = 1
PREPROCESS_BYTES, RESAMPLING_BYTES = 5, 14
EXPORT_BYTES = 16
METRICS_BYTES = 14
WRITE_BYTES = 6
#: Libraries that come into use after the model is loaded: oneDNN, and those that read and resample.
RUNTIME_BYTES = 55 * 2**20
#: The part of torch's compiler that any gradient brings in.
GRADIENT_BYTES = 40 * 2**20
#: Code and tables of the compiled kernels of the scan, read from their cache.
COMPILED_KERNELS_BYTES = 15 * 2**20
#: The rest of torch's compiler, which its checkpoints bring in.
RECOMPUTING_BYTES = 40 * 2**20
#: Stages in their order.
STAGES = ("read", "preprocess", "segment", "export", "explain", "metrics", "write")


@dataclass(frozen=True)
class CaseSize:
    """A case, in numbers.

    Args:
        image_voxels: of the input.
        image_bytes: of one of its voxels as read.
        masks: ground truth and region: arrays of the input's size, a byte a voxel.
        network_voxels, padded_voxels: of the network grid, and of it filled up to one window.
        patch_voxels: of one window.
        heads: segmentation heads.
        layers: whose maps are kept.
        folds: of the model.
        further_volumes: float32 arrays of the network grid's size that are held beside (maps to compare with).
        explain_volumes: the same, while maps are made.
        further_logits: stitched logits that are held beside: of another input or network.
        compiled_kernels: the scan's CPU kernels are used.
        gradients: of the score are computed, window by window.
        filling_volumes: as ``explain_volumes``, while windows are predicted with filled regions.
        at_input: the network's input is explained, no layers.
    """

    image_voxels: int
    image_bytes: int
    masks: int
    network_voxels: int
    padded_voxels: int
    patch_voxels: int
    heads: int
    layers: int
    folds: int = 1
    further_volumes: int = 0
    explain_volumes: int = 0
    further_logits: int = 0
    compiled_kernels: bool = False
    gradients: bool = True
    filling_volumes: int = 0
    at_input: bool = False

    @property
    def logits_bytes(self) -> int:
        """Of the stitched logits, float16."""
        return 2 * self.heads * self.padded_voxels

    @property
    def maps_bytes(self) -> int:
        """Of the maps of all layers, float32, if every window is explained."""
        return 4 * self.layers * self.padded_voxels

    @property
    def input_bytes(self) -> int:
        """Of the input, what belongs to it, and what the network reads: held all the time."""
        padded = 0 if self.padded_voxels == self.network_voxels else 4 * self.padded_voxels
        return self.image_voxels * (self.image_bytes + self.masks) + 4 * self.network_voxels + padded


def host_bytes(
    size: CaseSize, window: WindowPeak, *, on_cpu: bool, batch: int, recompute: bool, logits: Place, maps: Place
) -> dict[str, int]:
    """Main memory (bytes beside the loaded model) of every stage at its worst moment.

    Args:
        window: peaks of one window.
        on_cpu: windows are computed in main memory.
        batch, recompute, logits, maps: see ``MemoryPlan``.
    """
    image, network, padded = size.image_voxels, size.network_voxels, size.padded_voxels
    libraries = RUNTIME_BYTES + COMPILED_KERNELS_BYTES * (size.compiled_kernels and on_cpu)
    held_logits = 0 if logits is Place.FILE else size.logits_bytes
    held_maps = 0 if maps is Place.FILE else size.maps_bytes
    # What windows give is copied while the next ones are computed: float16 logits, and the prediction's dS/dZ.
    passing = 0 if on_cpu else 4 * batch * size.heads * size.patch_voxels
    # dS/dZ of the last window; on their way to a GPU those of all windows of a batch, one by one and joined.
    target = 4 * (size.heads * (1 if on_cpu else 1 + 2 * batch) + 2 * batch) * size.patch_voxels * size.gradients
    forward = batch * window.forward if on_cpu else passing
    explain = batch * (window.recomputed if recompute else window.explain) if on_cpu else passing
    # Folds need a second sum; a fold's that was added up on the device comes to main memory to join the others.
    sums = (1 + (size.folds > 1)) * held_logits + (0 if logits is Place.DEVICE else 2 * padded)
    kept = size.input_bytes + held_logits * (1 + size.further_logits) + 4 * size.further_volumes * network + libraries
    # Labels, the target on both grids.
    after = kept + 3 * image + padded + GRADIENT_BYTES * size.gradients + RECOMPUTING_BYTES * recompute
    return {
        "read": image * (size.image_bytes + size.masks + READ_BYTES),
        "preprocess": size.input_bytes
        + PREPROCESS_BYTES * max(image, network)
        + RESAMPLING_BYTES * (image != network) * image,
        "segment": kept - held_logits + max(sums, held_logits) + forward,
        "export": kept + EXPORT_BYTES * max(image, network),
        "explain": after
        + 4 * (1 + size.explain_volumes) * padded
        + max(target + explain, 4 * size.filling_volumes * padded + forward)
        + (0 if maps is Place.DEVICE else held_maps),
        # The mean of normalised layers; then a map on the input's grid that is measured, beside one of the network's.
        "metrics": after + held_maps + max(12 * network, 4 * network + METRICS_BYTES * image),
        "write": after + held_maps + WRITE_BYTES * image,
    }


def device_bytes(
    size: CaseSize, window: WindowPeak, *, batch: int, recompute: bool, logits: Place, maps: Place
) -> dict[str, int]:
    """Memory of the GPU (bytes beside the loaded model) of the stages that use it."""
    sums = size.logits_bytes + 2 * size.padded_voxels if logits is Place.DEVICE else 0
    held = size.maps_bytes if maps is Place.DEVICE else 0
    return {
        "segment": batch * window.forward + sums,
        "explain": batch * (window.recomputed if recompute else window.explain) + held,
    }
