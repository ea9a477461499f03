"""One volume through a SAM: prompt every slice with the region's box, keep the masks, map what the features say."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from ..alignment import CONTROL, MEAN_LAYER, CaseMeasurement
from ..attribution.aggregation import AttentionMaps, control_attention
from ..case.record import CaseRecord
from ..case.results import CaseResult, CaseWriter
from ..device import device_facts, resolve_device
from ..embedding.references import COMPONENT_TEXTS
from ..embedding.stages import stage_of
from ..inference.explanation import full_precision
from ..memory_plan.places import Place
from ..memory_plan.run_memory import RunMemory
from ..page.grey_window import CT_ANGIOGRAPHY_HU, is_hounsfield
from ..progress import Reporter
from ..vessel_readout import VesselReadout
from .case_input import SamInput, read_input
from .checkpoint import load_checkpoint
from .feature_store import FeatureStore
from .maps import SamMaps, similarity_maps
from .metrics import Measured, box_alignment, sam_metrics
from .network import EMBEDDING, Sam
from .preprocessing import choose_grey_scale, slice_image
from .prompts import PromptedSlices, prompt_slices
from .request import SamRequest

BoolArray = npt.NDArray[np.bool_]


def run_sam(request: SamRequest, reporter: Reporter | None = None) -> CaseResult:
    """Segment by prompt, explain, measure, and write the results.

    Args:
        request: what is asked.
        reporter: hears of stages, progress and warnings, and is asked whether to stop.

    Returns:
        The files and metrics; the folder is laid out as ``run_case`` does it. It holds either all of them or none.

    Raises:
        UsageError, ModelError, InputError: what is wrong with the request, checkpoint or input.
        MemoryExhaustedError, NotInstalledError: it cannot run here.
        CancelledError: the user cancelled.
    """
    record = CaseRecord(reporter or Reporter())
    with CaseWriter(request, record) as writer:
        # All arrays are gone when this returns: Windows does not remove a folder with a file that one lies in.
        return _computed(request, record, writer)


def _computed(request: SamRequest, record: CaseRecord, writer: CaseWriter) -> CaseResult:
    stage = stage_of(request.method_settings())
    record.stage("load_model")
    device = resolve_device(request.device)
    checkpoint = load_checkpoint(request.checkpoint, device, request.pixels)
    sam = Sam(checkpoint)
    depths = sam.check_depths(request.layers)
    _tell_device(device, record)
    record.stage("read")
    case = read_input(request, record)
    record.stage("preprocess")
    slices = prompt_slices(case.volume, case.region, sam.frame)
    record.note(f"{len(slices.numbers)} of {len(slices.values)} axial slices hold the region")
    memory = RunMemory(scratch=writer.scratch)
    with _feature_store(sam, depths, writer) as store, full_precision(device):
        record.stage("segment")
        mask, prompts = _segment(request, case, sam, slices, store, record, memory)
        record.stage("explain")
        maps = similarity_maps(store, depths, slices.boxes, prompts, slices.placement, stage, record, memory)
    writer.write_segmentation(mask.astype(np.uint8), case.volume)
    _warn(mask, maps, record)
    record.stage("metrics")
    measured = _measure(request, case, slices, mask, maps, writer, record)
    record.stage("write")
    metrics = sam_metrics(request, checkpoint, sam, case, slices, maps, measured, record)
    return writer.publish(metrics, measured.case.slices)


@contextlib.contextmanager
def _feature_store(sam: Sam, depths: Sequence[str], writer: CaseWriter) -> Iterator[FeatureStore]:
    """A store on the results' disk, gone afterwards."""
    widths = {depth: sam.width(depth) for depth in depths}
    with (
        tempfile.TemporaryDirectory(dir=writer.scratch) as folder,
        FeatureStore(Path(folder), widths, sam.cells) as store,
    ):
        yield store


def _segment(
    request: SamRequest,
    case: SamInput,
    sam: Sam,
    slices: PromptedSlices,
    store: FeatureStore,
    record: CaseRecord,
    memory: RunMemory,
) -> tuple[BoolArray, list[torch.Tensor]]:
    """The prompted masks on the volume's grid, and e_b of every prompted slice; features go into the store."""
    window = request.window
    if window is None and is_hounsfield(case.facts.intensity_range[0], case.facts.modality):
        window = CT_ANGIOGRAPHY_HU
    scale = choose_grey_scale(slices.values, window)
    record.note(f"shown from {scale.black:g} (black) to {scale.white:g} (white)")
    masks = memory.accumulator((len(slices.numbers), *slices.placement.shape), torch.bool, Place.HOST)
    fitting, prompts = partial(memory.until_it_fits, reporter=record), []
    for number, (index, box) in enumerate(zip(slices.numbers, slices.boxes, strict=True)):
        record.check_cancelled()
        image = slice_image(slices.values[index], scale)
        features = fitting(partial(sam.encode, image, slices.placement, store.depths))
        fitting(partial(store.write, number, features))
        masks.tensor[number] = fitting(partial(sam.mask_logits, features[EMBEDDING], box, slices.placement)) > 0
        prompts.append(fitting(partial(sam.prompt_embedding, box, slices.placement)))
        record.progress((number + 1) / len(slices.numbers))
    return slices.to_input(masks.tensor.numpy()), prompts


def _measure(
    request: SamRequest,
    case: SamInput,
    slices: PromptedSlices,
    mask: BoolArray,
    maps: SamMaps,
    writer: CaseWriter,
    record: CaseRecord,
) -> Measured:
    """Write and measure the map, its control and the layers' maps; only prompted slices count."""
    geometry, covered = case.volume.geometry, slices.covered
    thresholds = (request.thresholds, request.reporting_threshold)
    measurement = CaseMeasurement(mask, case.ground_truth, covered, geometry, *thresholds)
    readout = VesselReadout(mask, case.ground_truth, covered, geometry, request.reporting_threshold)
    with_box = CaseMeasurement(slices.boxed, None, covered, geometry, *thresholds)
    attention = AttentionMaps(maps, record)
    mean = attention.mean()
    if mean is None:
        record.warning("no_attribution", "The features are alike everywhere: there is no map.")
        return Measured(readout.completed(measurement.result()), [], [])
    on_input = slices.to_input(mean)
    writer.write_attention(on_input, case.volume)
    measurement.add_mean(on_input)
    readout.add_mean(on_input)
    box_rows = box_alignment(with_box, on_input, MEAN_LAYER)
    control = control_attention(maps)
    if control is not None:
        on_input = slices.to_input(control)
        writer.write_attention(on_input, case.volume, layer=CONTROL)
        measurement.add_control(on_input)
        box_rows += box_alignment(with_box, on_input, CONTROL)
    for alias in attention.useful_layers:
        record.check_cancelled()
        layer = attention.layer(alias)
        assert layer is not None
        on_input = slices.to_input(layer)
        measurement.add_layer(alias, on_input)
        if request.save_layer_maps:
            writer.write_attention(on_input, case.volume, layer=alias)
    return Measured(readout.completed(measurement.result()), box_rows, attention.useful_layers)


def _warn(mask: BoolArray, maps: SamMaps, record: CaseRecord) -> None:
    if not mask.any():
        record.warning("nothing_predicted", "The prompts give no voxel of an object.")
    for component, layers in maps.details["components_left_out"].items():
        record.warning(
            "component_left_out",
            f"There is no {COMPONENT_TEXTS[component]} at {', '.join(layers)}: its weight is shared out there.",
        )


def _tell_device(device: torch.device, record: CaseRecord) -> None:
    facts = device_facts(device)
    record.device({"device": facts.name, "free_memory_mb": facts.free_memory_mb, "reason": ""})
