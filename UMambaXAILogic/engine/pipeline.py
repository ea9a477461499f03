"""One case from request to result: the whole story on one page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .alignment import CONTROL, PART, CaseMeasurement
from .attribution.aggregation import AttentionMaps, control_attention
from .case.domain import case_domain
from .case.input import CaseInput, read_case
from .case.plan import CasePlan, ModelLoader, plan_case
from .case.record import CaseRecord
from .case.results import CaseResult, CaseWriter
from .case.segmentation import check_target, segment
from .content_fingerprint import content_fingerprint
from .inference.explanation import Explained
from .inference.network_grid import NetworkGrid, to_network_grid
from .inference.windows import mirror_branches
from .label_voxels import label_voxels
from .memory_plan.for_case import plan_memory
from .memory_plan.heap import give_back
from .memory_plan.watch import MemoryWatch
from .methods.comparison import method_entry, other_methods
from .progress import Reporter
from .request import Request
from .target_part import index_of
from .vessel_readout import VesselReadout

if TYPE_CHECKING:
    from .benchmark.gate import MapJudge

__all__ = ["CaseResult", "run_case"]


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
    with CaseWriter(request, record) as writer, MemoryWatch(lambda: record.current_stage) as watch:
        # All arrays are gone when this returns: Windows does not remove a folder with a file that one lies in.
        return _computed(request, record, load, writer, watch)


def _computed(
    request: Request, record: CaseRecord, load: ModelLoader | None, writer: CaseWriter, watch: MemoryWatch
) -> CaseResult:
    plan = plan_case(request, record, load)
    watch.begin()
    record.stage("read")
    case = read_case(request, plan.model, plan.score.target, record)
    if request.target.part is not None:
        index_of(request.target.part, case.volume.geometry)  # refuse now what lies outside, not after segmenting
    record.stage("preprocess")
    content = content_fingerprint(request, plan.model.sha256, case)
    judge = map_judge(plan, case, record)
    grid = to_network_grid(case.volume, plan.model)
    give_back()
    memory = plan_memory(
        plan,
        case,
        grid,
        further_volumes=0 if judge is None else judge.volumes,
        further_logits=int(judge is not None),
    )
    record.announce(memory.words())
    record.stage("segment")
    explained, labels = segment(plan, case, grid, record, memory.run_memory(writer.scratch))
    give_back()
    writer.write_segmentation(labels, case.volume)
    pm = label_voxels(labels, plan.score.target.label_values)
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
        methods += other_methods(plan, explained, grid, measurement, judge, record)
        if judge is not None:
            by_method = judge.badges(explained)
            badges = by_method[0]
            methods = [{**entry, "badges": found} for entry, found in zip(methods, by_method, strict=True)]
    record.stage("metrics")
    measured = readout.completed(measurement.result())
    domain = case_domain(plan, case, pm)
    record.stage("write")
    return writer.finish(
        plan,
        case,
        measured,
        attribution,
        methods,
        domain,
        explained.part_voxels,
        content=content,
        badges=badges,
        memory=memory.fields(watch),
    )


def map_judge(plan: CasePlan, case: CaseInput, record: CaseRecord) -> MapJudge | None:
    """What judges the maps; None where that was not asked."""
    if not plan.request.badges:
        return None
    from .benchmark.gate import MapJudge  # the benchmark segments by this module

    return MapJudge(plan, case, record)


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
    give_back()
    record.stage("metrics")
    attention = AttentionMaps(maps, record, plan.last_decoder_layer)
    mean = attention.mean()
    if mean is None:
        record.warning("no_attribution", "No layer has positive attribution for this target: there is no map.")
        return None
    mean_on_input = grid.to_input(mean)
    if judge is not None:
        judge.add_mean(0, mean, attention)
    del mean  # before measuring, which takes most of a case's memory
    writer.write_attention(mean_on_input, case.volume)
    measurement.add_mean(mean_on_input)
    readout.add_mean(mean_on_input)
    del mean_on_input
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
