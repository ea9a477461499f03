"""One case from request to result: the whole story on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from .alignment import CONTROL, PART, CaseMeasurement
from .attribution.aggregation import AttentionMaps, control_attention
from .case_domain import case_domain
from .case_input import CaseInput, read_case
from .case_plan import CasePlan, ModelLoader, plan_case
from .case_record import CaseRecord
from .case_results import CaseResult, CaseWriter
from .content_fingerprint import content_fingerprint
from .inference.explanation import Explained
from .inference.network_grid import NetworkGrid, to_network_grid
from .inference.prediction import predict_stitched_logits
from .inference.target import TargetSelection
from .inference.windows import WindowPlan, mirror_branches, plan_windows
from .memory import check_memory
from .method_comparison import method_entry, other_methods
from .progress import Reporter
from .request import Request
from .target_part import index_of, target_part
from .vessel_readout import VesselReadout

if TYPE_CHECKING:
    from .benchmark.gate import MapJudge

__all__ = ["CaseResult", "run_case"]

#: Below this Dice, the prediction on the network grid is too different from the exported one to stand for it.
MIN_GRID_AGREEMENT = 0.95
_WHAT = {
    "prediction": "prediction",
    "tp": "true positives (TP)",
    "fp": "false positives (FP)",
    "fn": "false negatives (FN)",
}


def run_case(request: Request, reporter: Reporter | None = None, load: ModelLoader | None = None) -> CaseResult:
    """Segment one volume, explain the segmentation, measure both, and write the results.

    Args:
        request: what is asked.
        reporter: hears of stages, progress and warnings, and is asked whether to stop.
        load: takes the place of ``load_model``, for callers that keep a model between cases.

    Returns:
        The files and metrics. ``request.output`` holds either all of them or none.

    Raises:
        UsageError, ModelError, InputError: what is wrong with the request, model or input, checked in this order.
        MemoryExhaustedError, NotInstalledError: it cannot run here.
        CancelledError: the user cancelled.
    """
    record = CaseRecord(reporter or Reporter())
    with CaseWriter(request, record) as writer:
        plan = plan_case(request, record, load)
        record.stage("read")
        case = read_case(request, plan.model, plan.score.target, record)
        if request.target.part is not None:
            index_of(request.target.part, case.volume.geometry)  # refuse now what lies outside, not after segmenting
        record.stage("preprocess")
        content = content_fingerprint(request, plan.model.sha256, case)
        judge = map_judge(plan, content, record)
        grid = to_network_grid(case.volume, plan.model)
        held = plan.volumes_per_explanation + (0 if judge is None else judge.volumes)
        check_memory(case.volume.array.shape, grid.shape, plan.heads, held, request.memory_limit_gb)
        record.stage("segment")
        explained, labels = segment(plan, case, grid, record)
        writer.write_segmentation(labels, case.volume)
        pm = np.isin(labels, plan.score.target.label_values)
        measurement = CaseMeasurement(
            pm,
            case.ground_truth,
            case.region,
            case.volume.geometry,
            request.thresholds,
            request.reporting_threshold,
            request.cutoffs,
            explained=PART if request.target.part and request.target.kind == "prediction" else request.target.kind,
        )
        readout = VesselReadout(
            pm,
            case.ground_truth,
            case.region,
            case.volume.geometry,
            request.reporting_threshold,
            case.vessel_labels,
        )
        attribution, methods, badges = None, [], None
        if check_target(plan, case, explained, grid, pm, record):
            attribution = explain(plan, explained, case, grid, measurement, readout, judge, writer, record)
            methods = [method_entry(plan.methods[0], measurement.mean_alignment())]
            methods += other_methods(plan, explained, grid, measurement, record)
            badges = None if judge is None else judge.badges(explained)
        record.stage("metrics")
        measured = readout.completed(measurement.result())
        domain = case_domain(plan, case, pm)
        record.stage("write")
        return writer.finish(
            plan, case, measured, attribution, methods, domain, explained.part_voxels, content=content, badges=badges
        )


def map_judge(plan: CasePlan, content: str, record: CaseRecord) -> MapJudge | None:
    """What judges the map; None where that was not asked."""
    if not plan.request.badges:
        return None
    from .benchmark.gate import MapJudge  # the benchmark segments by this module

    return MapJudge(plan, content, record)


def segment(
    plan: CasePlan, case: CaseInput, grid: NetworkGrid, record: CaseRecord
) -> tuple[Explained, npt.NDArray[np.uint8] | npt.NDArray[np.uint16]]:
    """Pass 1: stitched logits, the frozen target M, and nnU-Net's own export on the input grid."""
    request = plan.request
    windows = plan_windows(grid.shape, plan.model.patch_size, request.step)
    record.note(f"{len(windows.windows)} windows of {windows.patch_size} on a grid of {grid.shape}")
    data = windows.pad(grid.data)
    logits = predict_stitched_logits(plan.model, data, windows, mirror=request.mirror, reporter=record)
    on_grid = logits[(slice(None), *windows.valid)]
    labels = grid.export(on_grid)
    part = find_part(plan, case, labels)
    selection = select_target(plan, case, grid, windows, part)
    mask = torch.zeros(windows.padded_shape, dtype=torch.bool)
    mask[windows.valid] = selection.select(plan.score.predicted(on_grid), windows.valid)
    part_voxels = None if part is None else int(np.count_nonzero(part))
    explained = Explained(
        plan.model, windows, data, logits, mask, plan.score, request.mirror, grid.spacing_mm, selection, part_voxels
    )
    return explained, labels


def find_part(plan: CasePlan, case: CaseInput, labels: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_] | None:
    """The one part that is to be explained, on the volume's grid; None where all is, or there is nothing.

    Args:
        labels: the exported segmentation.

    Raises:
        InputError: there is no such part at the point; see ``target_part``.
    """
    wanted = plan.request.target.part
    if wanted is None:
        return None
    pm = np.isin(labels, plan.score.target.label_values)
    kind, name = plan.request.target.kind, plan.score.target.name
    selection = TargetSelection(kind, _tensor(case.ground_truth), _tensor(case.region))
    target = selection.select(torch.from_numpy(pm)).numpy()
    return target_part(target, case.volume.geometry, wanted, f"{_WHAT[kind]} of {name}") if target.any() else None


def select_target(
    plan: CasePlan,
    case: CaseInput,
    grid: NetworkGrid,
    windows: WindowPlan,
    part: npt.NDArray[np.bool_] | None,
) -> TargetSelection:
    """What M takes of the prediction: all, or one kind of error, inside the region, or one part of them."""

    def padded(mask: npt.NDArray[np.bool_] | None) -> torch.Tensor | None:
        return None if mask is None else windows.pad(torch.from_numpy(grid.to_network(mask))[None])[0]

    kind = plan.request.target.kind
    truth = padded(case.ground_truth) if kind != "prediction" else None
    return TargetSelection(kind, truth, padded(case.region), padded(part))


def check_target(
    plan: CasePlan,
    case: CaseInput,
    explained: Explained,
    grid: NetworkGrid,
    pm: npt.NDArray[np.bool_],
    record: CaseRecord,
) -> bool:
    """Whether there is something to explain; says so if not, and warns where the two grids disagree."""
    kind, name = plan.request.target.kind, plan.score.target.name
    valid = explained.plan.valid
    predicted = plan.score.predicted(explained.logits[(slice(None), *valid)]).numpy()
    if kind != "fn" and not (predicted.any() and pm.any()):
        record.warning("nothing_predicted", f"The model predicts no voxel of {name}: there is nothing to explain.")
        return False
    on_input = TargetSelection(kind, _tensor(case.ground_truth), _tensor(case.region)).select(torch.from_numpy(pm))
    if not (bool(explained.mask.any()) and bool(on_input.any())):
        where = " inside the region" if plan.request.region is not None else ""
        if on_input.any():
            where += " on the network's grid"
        what = "predicted" if kind == "prediction" else kind.upper()
        record.warning("empty_target", f"There are no {what} voxels of {name}{where}: there is nothing to explain.")
        return False
    carried = grid.mask_to_input(predicted)
    total = int(carried.sum()) + int(pm.sum())
    dice = 2 * int((carried & pm).sum()) / total if total else 1.0
    if dice < MIN_GRID_AGREEMENT:
        record.warning(
            "grids_disagree",
            f"The prediction on the network's grid and the exported one agree with a Dice of {dice:.3f} only: "
            f"resampling to {tuple(round(s, 2) for s in plan.model.spacing_mm)} mm and back changes thin vessels. "
            "Attention explains the former.",
        )
    return True


def explain(
    plan: CasePlan,
    explained: Explained,
    case: CaseInput,
    grid: NetworkGrid,
    measurement: CaseMeasurement,
    readout: VesselReadout,
    judge: MapJudge | None,
    writer: CaseWriter,
    record: CaseRecord,
) -> dict[str, Any] | None:
    """Pass 2, aggregation and measurement; returns metrics.json's ``attribution``, None without a map."""
    record.stage("explain")
    main = plan.methods[0]
    maps = main.method.explain(explained, plan.layers, main.settings, record)
    record.stage("metrics")
    attention = AttentionMaps(maps, record, plan.last_decoder_layer)
    mean = attention.mean()
    if mean is None:
        record.warning("no_attribution", "No layer has positive attribution for this target: there is no map.")
        return None
    mean_on_input = grid.to_input(mean)
    writer.write_attention(mean_on_input, case.volume)
    measurement.add_mean(mean_on_input)
    readout.add_mean(mean_on_input)
    if judge is not None:
        judge.add_mean(mean, attention)
    del mean, mean_on_input
    control = control_attention(maps)
    if control is not None:
        control_on_input = grid.to_input(control)
        writer.write_attention(control_on_input, case.volume, layer=CONTROL)
        measurement.add_control(control_on_input)
        del control, control_on_input
    without_last = attention.mean_without_last_layer()
    if without_last is not None:
        measurement.add_mean_without_last_layer(grid.to_input(without_last))
        del without_last
    for number, alias in enumerate(attention.useful_layers):
        record.check_cancelled()
        layer = attention.layer(alias)
        assert layer is not None
        layer_on_input = grid.to_input(layer)
        measurement.add_layer(alias, layer_on_input)
        if plan.request.save_layer_maps:
            writer.write_attention(layer_on_input, case.volume, layer=alias)
        record.progress((number + 1) / len(attention.useful_layers))
    windows = len(explained.plan.windows)
    branches = mirror_branches(plan.model.allowed_mirroring_axes if plan.request.mirror else None)
    return {
        **main.facts(),
        "settings": main.own_settings(),
        "details": dict(maps.details),
        "layers": attention.useful_layers,
        "layers_without_map": [alias for alias in maps.aliases if alias not in attention.useful_layers],
        "preset": plan.request.preset,
        "score": plan.score.score,
        "passes": {
            "windows": windows,
            "explained_windows": maps.explained_windows,
            "explained_share": round(maps.explained_windows / windows, 4),
            "forward": windows * len(branches) * len(plan.model.folds) + maps.forward_passes,
            "backward": maps.backward_passes,
        },
    }


def _tensor(mask: npt.NDArray[np.bool_] | None) -> torch.Tensor | None:
    return None if mask is None else torch.from_numpy(mask)
