"""The keyword arguments of a run on a scene, and the worker's request they become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.methods.settings import MethodOptions
from UMambaXAILogic.engine.request import (
    DEFAULT_THRESHOLDS,
    PART_UNITS,
    MethodChoice,
    Region,
    Request,
    Target,
    TargetPart,
    VerdictCutoffs,
)
from UMambaXAILogic.scene.export_volume import volume_file
from UMambaXAILogic.scene.import_results import GroundTruthFile


@dataclass(frozen=True, kw_only=True)
class Options:
    """Keyword arguments of ``segmentAndExplain``; ``processCohort`` takes those that are not about nodes.

    Args:
        method: name in the attribution registry.
        pool: gradient pooling window in voxels per axis; 1 means none; None: the default of the method or preset.
        poolMode: ``max`` or ``mean``.
        otherMethods: further methods, ``NAME`` or ``NAME@POOL``, that are measured on the same segmentation: what
            ``methods`` of the metrics compares.
        regions: ``grid`` or ``supervoxel``: what is filled by the method ``dea``.
        regionSizeMm: extent of a region, for methods that fill regions.
        maxRegions: most regions; larger ones are taken where there would be more.
        reachMm: only regions within this distance of the explained voxels are filled.
        fill: what takes a region's place: ``shell`` (mean of the tissue around it), ``mean`` (of the volume) or
            ``blur``.
        baseMethod: gradient method that ``smoothgrad`` averages.
        samples: noisy inputs of ``smoothgrad``.
        noise: standard deviation of its noise, as a share of the intensity range.
        seed: of its noise.
        stage: 1, 2 or 3 of ``embedding-similarity``.
        promptShare: of stage 2.
        prototypeWeight, promptWeight, globalWeight, outsideWeight, spatialFloor: of stage 3.
        boxMarginMm: around the explained voxels, where there is no region. All of ``regions`` to ``boxMarginMm``: None
            means the method's default.
        layers: layer aliases such as ``encoder.4``; None: the default set.
        target: label value or name, or ``"foreground"`` for all labels together; None: the only label, or all.
        targetKind: ``prediction``, or ``tp``, ``fp``, ``fn`` (these three need a ground truth).
        targetScore: ``margin`` or ``logit``; None: the default of the preset.
        thresholds: attention thresholds at which alignment is measured, beside ``threshold``.
        preset: ``"paper"`` or None.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        folds: fold numbers, ``"all"`` for the fold of that name; None: all numbered ones that were trained.
        mirror: average over mirrored windows, as nnU-Net does by default.
        step: window step as a fraction of the patch, (0, 1].
        memoryLimitGb: host memory the computation may plan with.
        scanBackend: name of a selective-scan backend, or ``auto``.
        groundTruthSegments: names or ids of the segments that count as ground truth, ``"all"``, or None where the
            ground truth has only one.
        groundTruthLabels: values of a ground-truth label volume that count as target; None: those of the target, or
            every value above 0 where the model has one label or the target is all of them.
        resampleGroundTruth: resample a ground truth that lies on another grid instead of refusing it.
        saveLayerMaps: also keep one attention map a layer, which ``result.view.show(layer=...)`` shows.
        badges: judge the map: the sanity gate, ``badges`` of the metrics; takes several times as long. Not for a
            cohort.
        regionNode: markups ROI, segmentation or label volume in which targets are looked for and metrics counted.
        regionSegments: names or ids of the region's segments, ``"all"``, or None where there is only one.
        at: (R, A, S) in mm of a point, world coordinates: only the part of the target that lies there is explained.
        part: ``component`` (default) or ``segment``, with ``at``: what of the target lies there.
        cutoffs: (high, low, gap) of the diagnostic rule; None: its defaults.
        replace: remove the nodes of an earlier run with the same method, model and part on this volume.
    """

    method: str = "seg-xres-cam"
    pool: int | None = None
    poolMode: str = "max"
    otherMethods: Sequence[str] = ()
    regions: str | None = None
    regionSizeMm: float | None = None
    maxRegions: int | None = None
    reachMm: float | None = None
    fill: str | None = None
    baseMethod: str | None = None
    samples: int | None = None
    noise: float | None = None
    seed: int | None = None
    stage: int | None = None
    promptShare: float | None = None
    prototypeWeight: float | None = None
    promptWeight: float | None = None
    globalWeight: float | None = None
    outsideWeight: float | None = None
    spatialFloor: float | None = None
    boxMarginMm: float | None = None
    layers: Sequence[str] | None = None
    target: int | str | None = None
    targetKind: str = "prediction"
    targetScore: str | None = None
    thresholds: Sequence[float] = DEFAULT_THRESHOLDS
    preset: str | None = None
    device: str = "auto"
    folds: Sequence[int | str] | None = None
    mirror: bool = False
    step: float = 0.5
    memoryLimitGb: float | None = None
    scanBackend: str = "auto"
    groundTruthSegments: Sequence[str] | str | None = None
    groundTruthLabels: Sequence[int] | None = None
    resampleGroundTruth: bool = False
    saveLayerMaps: bool = False
    badges: bool = False
    regionNode: Any = None
    regionSegments: Sequence[str] | str | None = None
    at: Sequence[float] | None = None
    part: str | None = None
    cutoffs: tuple[float, float, float] | None = None
    replace: bool = True


def options_from(given: dict[str, Any]) -> Options:
    """The options in ``given``; raises ``UsageError`` for a name that is not one."""
    return Options(**known_only(given, [field.name for field in fields(Options)]))


def cohort_options_from(given: dict[str, Any]) -> Options:
    """The options in ``given`` of a cohort: those of a case but for the ones that are about nodes.

    Raises:
        UsageError: a name that is not one.
    """
    return Options(**known_only(given, [field.name for field in fields(Options) if field.name not in _OF_ONE_CASE]))


def build_request(
    case: str,
    model: str | Path,
    threshold: float,
    options: Options,
    folder: Path,
    ground_truth: GroundTruthFile | None,
    region: Region | None,
) -> Request:
    """The worker's request on the files in ``folder``; raises ``UsageError`` for a value that is out of its range."""
    return Request(
        volume=volume_file(folder, case),
        output=folder / "result",
        case=case,
        ground_truth=ground_truth.path if ground_truth else None,
        ground_truth_labels=ground_truth.labels if ground_truth else None,
        ground_truth_names=ground_truth.names if ground_truth else (),
        region=region,
        output_format="nrrd",
        **_settings(model, threshold, options),
    )


def _target_part(options: Options) -> TargetPart | None:
    """The one part that is to be explained, in world coordinates; None where all is."""
    if options.at is None:
        if options.part is not None:
            raise UsageError(f"part is {options.part!r}, and there is no point.", "Name one with at=(R, A, S), in mm.")
        return None
    return TargetPart(tuple(options.at), options.part or PART_UNITS[0])


def cohort_template(manifest: Path, output: Path, model: str | Path, threshold: float, options: Options) -> Request:
    """The settings of every case of a cohort; what a case reads and writes comes from the manifest.

    Raises:
        UsageError: a value that is out of its range.
    """
    labels = options.groundTruthLabels
    return Request(
        volume=manifest,
        output=output,
        # Explaining errors asks for a ground truth, which each case of the manifest has of its own.
        ground_truth=None if options.targetKind == "prediction" else manifest,
        ground_truth_labels=None if labels is None else tuple(labels),
        resample_ground_truth=options.resampleGroundTruth,
        **_settings(model, threshold, options),
    )


#: Options that name nodes of the scene or places in it, or say what becomes of them.
ABOUT_NODES = ("groundTruthSegments", "regionNode", "regionSegments", "at", "part", "replace")
#: A cohort that goes on would take finished cases over unjudged.
_OF_ONE_CASE = (*ABOUT_NODES, "badges")


def known_only(given: dict[str, Any], known: Sequence[str]) -> dict[str, Any]:
    """``given``; raises ``UsageError`` for a name that is not known."""
    """What was given; raises ``UsageError`` for a name that is none of the known ones."""
    for name in given:
        if name not in known:
            raise UsageError(f"There is no option {name!r}.", f"The options are: {', '.join(known)}.")
    return given


def _settings(model: str | Path, threshold: float, options: Options) -> dict[str, Any]:
    """How a case is computed, as fields of its request."""
    return {
        "model": str(model),
        "method": options.method,
        "pool": options.pool,
        "pool_mode": options.poolMode,
        "other_methods": _methods(options.otherMethods),
        "method_options": _method_options(options),
        "layers": None if options.layers is None else tuple(options.layers),
        "target": Target(options.target, options.targetKind, options.targetScore, _target_part(options)),
        "thresholds": tuple(options.thresholds),
        "reporting_threshold": threshold,
        "preset": options.preset,
        "save_layer_maps": options.saveLayerMaps,
        "badges": options.badges,
        "device": options.device,
        "folds": None if options.folds is None else tuple(options.folds),
        "mirror": options.mirror,
        "step": options.step,
        "memory_limit_gb": options.memoryLimitGb,
        "scan_backend": options.scanBackend,
        "cutoffs": VerdictCutoffs() if options.cutoffs is None else VerdictCutoffs(*options.cutoffs),
    }


def _method_options(options: Options) -> MethodOptions:
    return MethodOptions(
        regions=options.regions,
        region_size_mm=options.regionSizeMm,
        max_regions=options.maxRegions,
        reach_mm=options.reachMm,
        fill=options.fill,
        base_method=options.baseMethod,
        samples=options.samples,
        noise=options.noise,
        seed=options.seed,
        stage=options.stage,
        prompt_share=options.promptShare,
        prototype_weight=options.prototypeWeight,
        prompt_weight=options.promptWeight,
        global_weight=options.globalWeight,
        outside_weight=options.outsideWeight,
        spatial_floor=options.spatialFloor,
        box_margin_mm=options.boxMarginMm,
    )


def _methods(names: Sequence[str]) -> tuple[MethodChoice, ...]:
    if isinstance(names, str):  # its characters would be taken for names
        raise UsageError(f"otherMethods is {names!r}, which is not a list.", f"Give a list, such as [{names!r}].")
    return tuple(map(MethodChoice.parse, names))
