"""What is asked of the pipeline: frozen dataclasses that travel as JSON.

Only the standard library is used here: doors without torch or numpy build requests too.
"""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import UsageError
from .methods.settings import MethodOptions
from .value_checks import as_tuple, check_choice, is_number

#: ``Target.label`` that means "any foreground label of the model".
FOREGROUND = "foreground"
TARGET_KINDS = ("prediction", "tp", "fp", "fn")
TARGET_SCORES = ("margin", "logit")
PART_UNITS = ("component", "segment")
POOL_MODES = ("max", "mean")
DEFAULT_THRESHOLDS = (0.2, 0.3, 0.4)
REPORTING_THRESHOLD = 0.3
REQUEST_VERSION = 1


@dataclass(frozen=True)
class TargetPart:
    """The one part of the explained voxels that lies at a point, such as one that somebody clicked.

    Args:
        point_mm_ras: in mm, RAS patient coordinates of the volume's file.
        unit: ``component`` (voxels that touch, if only at a corner) or ``segment`` (of a vessel, at least 5 mm long).
    """

    point_mm_ras: tuple[float, float, float]
    unit: str = "component"

    def __post_init__(self) -> None:
        check_choice("part", self.unit, PART_UNITS)
        point = as_tuple("point", self.point_mm_ras)
        if len(point) != 3 or not all(is_number(value) and math.isfinite(value) for value in point):
            raise UsageError(f"The point {self.point_mm_ras!r} is not three finite numbers.", "Give x,y,z in mm (RAS).")
        object.__setattr__(self, "point_mm_ras", tuple(map(float, point)))


@dataclass(frozen=True)
class Target:
    """Which voxels are explained, and by which score.

    Args:
        label: a label value or name of the model's dataset.json, or ``"foreground"`` for all of them together;
            None means the only foreground label, or ``"foreground"`` where there are several.
        kind: ``prediction`` (M = predicted target), ``tp``, ``fp`` or ``fn`` (these three need a ground truth).
        score: ``margin`` (default) or ``logit``; None means the default of the preset.
        part: only the part of them that lies at a point; None: all.
    """

    label: int | str | None = None
    kind: str = "prediction"
    score: str | None = None
    part: TargetPart | None = None

    def __post_init__(self) -> None:
        check_choice("target kind", self.kind, TARGET_KINDS)
        if self.score is not None:
            check_choice("target score", self.score, TARGET_SCORES)


@dataclass(frozen=True)
class Region:
    """Where targets are looked for and metrics are counted: a mask file or a box.

    Args:
        mask: path of a mask on the volume's grid; voxels > 0 belong to the region.
        box_mm_ras: (x0, x1, y0, y1, z0, z1) in mm, RAS patient coordinates; bounds may come in either order.
    """

    mask: Path | None = None
    box_mm_ras: tuple[float, float, float, float, float, float] | None = None

    def __post_init__(self) -> None:
        if (self.mask is None) == (self.box_mm_ras is None):
            raise UsageError("A region is either a mask file or a box of six numbers, not both and not neither.")
        if self.box_mm_ras is not None:
            box = tuple(float(value) for value in self.box_mm_ras)
            if len(box) != 6 or not all(math.isfinite(value) for value in box):
                raise UsageError(
                    f"The region box {self.box_mm_ras!r} is not six finite numbers.",
                    "Give x0,x1,y0,y1,z0,z1 in mm (RAS).",
                )
            object.__setattr__(self, "box_mm_ras", box)


@dataclass(frozen=True)
class MethodChoice:
    """An attribution method and its gradient pooling, written ``NAME`` or ``NAME@POOL``.

    Args:
        name: in the attribution registry.
        pool: gradient pooling window in voxels per axis; None: the method's default.
    """

    name: str
    pool: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise UsageError(f"The method {self.name!r} is not a name.", "Write NAME or NAME@POOL.")
        _check_pool(self.pool)

    @classmethod
    def parse(cls, text: str) -> MethodChoice:
        """Read ``seg-grad-cam`` or ``seg-xres-cam@2``.

        Raises:
            UsageError: what follows ``@`` is no whole number of at least 1.
        """
        name, at, pool = text.strip().partition("@")
        if at and not (pool.isascii() and pool.isdigit()):
            raise UsageError(
                f"{text!r} is no method: {pool!r} is not a whole number of at least 1.", "Write NAME or NAME@POOL."
            )
        return cls(name, int(pool) if at else None)

    def __str__(self) -> str:
        return self.name if self.pool is None else f"{self.name}@{self.pool}"


#: Between good and bad slices (table 11). The paper does not print its own; its group means only allow Dice in
#: (0.492, 0.643] and F1 in (0.244, 0.453].
JOINT_DICE_CUTOFF = 0.6
JOINT_F1_CUTOFF = 0.3


@dataclass(frozen=True)
class VerdictCutoffs:
    """Cut-offs of the diagnostic rule, applied to IoU at the reporting threshold."""

    high: float = 0.4
    low: float = 0.2
    gap: float = 0.1


@dataclass(frozen=True)
class Request:
    """One case: segment, explain, measure.

    Args:
        volume: NIfTI, NRRD, MHA/MHD file, or a folder with a DICOM series.
        model: trained folder, exported zip, or ``"demo"``.
        output: folder for the results; created if missing.
        ground_truth: label file on the volume's grid.
        ground_truth_labels: label values of the ground truth that count as target; None: equal to the target label
            for models with the same labels, else every value > 0.
        ground_truth_names: (label value, name) of a ground truth that tells vessels apart, for the vessel readout;
            empty: a dataset.json beside its file, or the model, may name them.
        method: name in the attribution registry.
        pool: gradient pooling window in voxels per axis; 1 means none. None: the default of the method or preset.
        pool_mode: ``max`` or ``mean``.
        other_methods: further methods, measured on the same segmentation and told apart in ``methods`` of
            metrics.json; attention map, layers and verdict are those of ``method``.
        method_options: what is asked of the methods' other settings; each method takes those that it has.
        layers: layer aliases such as ``encoder.4``; None: the default set.
        thresholds: attention thresholds in (0, 1].
        reporting_threshold: the one the gap and verdict rest on; it is measured even if not in ``thresholds``.
        preset: ``"paper"`` or None.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        folds: fold numbers, or ``("all",)`` for the fold of that name; None for all numbered folds there are.
        mirror: average over mirrored windows (test-time augmentation), as nnU-Net does by default.
        step: window step as a fraction of the patch, (0, 1].
        memory_limit_gb: main memory (GB of 2^30 bytes) that a case may take beside the loaded model; None: what is
            free.
        scan_backend: name of a selective-scan backend, or ``auto``.
        resample_ground_truth: resample a ground truth that lies on another grid instead of refusing it.
        series_uid: which DICOM series of the folder, where it holds several.
        output_format: ``nii.gz`` (files on disk) or ``nrrd`` (uncompressed, for exchange with a scene).
        save_layer_maps: also write one attention map per layer.
        badges: judge the map: the sanity gate (see ``benchmark.gate``), which takes several times as long.
    """

    volume: Path
    model: str
    output: Path
    case: str | None = None
    ground_truth: Path | None = None
    ground_truth_labels: tuple[int, ...] | None = None
    ground_truth_names: tuple[tuple[int, str], ...] = ()
    method: str = "seg-xres-cam"
    pool: int | None = None
    pool_mode: str = "max"
    other_methods: tuple[MethodChoice, ...] = ()
    method_options: MethodOptions = field(default_factory=MethodOptions)
    layers: tuple[str, ...] | None = None
    target: Target = field(default_factory=Target)
    thresholds: tuple[float, ...] = DEFAULT_THRESHOLDS
    reporting_threshold: float = REPORTING_THRESHOLD
    region: Region | None = None
    preset: str | None = None
    device: str = "auto"
    folds: tuple[int | str, ...] | None = None
    mirror: bool = False
    step: float = 0.5
    memory_limit_gb: float | None = None
    scan_backend: str = "auto"
    resample_ground_truth: bool = False
    series_uid: str | None = None
    output_format: str = "nii.gz"
    save_layer_maps: bool = False
    badges: bool = False
    cutoffs: VerdictCutoffs = field(default_factory=VerdictCutoffs)

    def __post_init__(self) -> None:
        for name in ("volume", "output", "ground_truth"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, Path(value))
        if isinstance(self.model, Path):
            object.__setattr__(self, "model", str(self.model))
        for name in ("ground_truth_labels", "layers", "thresholds", "folds", "other_methods"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, as_tuple(name, value))
        object.__setattr__(self, "ground_truth_names", _names(self.ground_truth_names))
        self._check_types()
        self._check()

    def _check_types(self) -> None:
        """Requests come from JSON and from scripts, where nothing else looks at types."""
        for name in ("mirror", "resample_ground_truth", "save_layer_maps", "badges"):
            if not isinstance(getattr(self, name), bool):
                raise UsageError(f"{name} is {getattr(self, name)!r}, and neither True nor False.")
        for name in ("step", "memory_limit_gb"):
            value = getattr(self, name)
            if not (is_number(value) or (value is None and name == "memory_limit_gb")):
                raise UsageError(f"{name} is {value!r}, which is not a number.")
        if not isinstance(self.model, str):
            raise UsageError(f"The model {self.model!r} is not a text.", "Give the path as a text, or 'demo'.")

    def _check(self) -> None:
        check_choice("pool mode", self.pool_mode, POOL_MODES)
        check_choice("output format", self.output_format, ("nii.gz", "nrrd"))
        if self.preset is not None:
            check_choice("preset", self.preset, ("paper",))
        _check_pool(self.pool)
        for method in self.other_methods:
            if not isinstance(method, MethodChoice):
                raise UsageError(f"The method {method!r} is not a MethodChoice.", "Give MethodChoice(name, pool).")
        if not isinstance(self.method_options, MethodOptions):
            raise UsageError(f"The method options {self.method_options!r} are not MethodOptions.")
        if not 0 < self.step <= 1:
            raise UsageError(f"The window step {self.step!r} is not in (0, 1].", "nnU-Net's default is 0.5.")
        if not self.thresholds:
            raise UsageError("No attention threshold was given.", "Give at least one in (0, 1], for example 0.3.")
        for threshold in (*self.thresholds, self.reporting_threshold):
            if not (is_number(threshold) and 0 < threshold <= 1):
                raise UsageError(f"The attention threshold {threshold!r} is not in (0, 1].")
        if self.target.kind != "prediction" and self.ground_truth is None:
            raise UsageError(
                f"Explaining the {self.target.kind.upper()} voxels needs a ground truth, and none was given.",
                "Give one, or explain the prediction.",
            )
        if self.memory_limit_gb is not None and not 0 < self.memory_limit_gb < math.inf:
            raise UsageError(f"The memory limit {self.memory_limit_gb!r} GB is not a number above 0.")
        if not self.model.strip():
            raise UsageError("No model was named.", "Give a trained folder, an exported zip, or 'demo'.")

    def to_json(self) -> str:
        """The request as JSON text; ``from_json`` gives it back."""
        body = {"version": REQUEST_VERSION, **dataclasses.asdict(self)}
        return json.dumps(body, default=_path_to_text, indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Request:
        """Read ``to_json``'s text.

        Raises:
            UsageError: the text is not a request of this version.
        """
        try:
            body = json.loads(text)
            version = body.pop("version", None)
            if version != REQUEST_VERSION:
                raise UsageError(f"The request has version {version!r}; this package reads {REQUEST_VERSION}.")
            target = dict(body.get("target") or {})
            if target.get("part") is not None:
                target["part"] = TargetPart(**target["part"])
            body["target"] = Target(**target)
            body["cutoffs"] = VerdictCutoffs(**body.get("cutoffs") or {})
            body["other_methods"] = tuple(MethodChoice(**method) for method in body.get("other_methods") or ())
            body["method_options"] = MethodOptions(**body.get("method_options") or {})
            if body.get("region") is not None:
                region = dict(body["region"])
                region["mask"] = Path(region["mask"]) if region.get("mask") else None
                region["box_mm_ras"] = tuple(region["box_mm_ras"]) if region.get("box_mm_ras") else None
                body["region"] = Region(**region)
            return cls(**body)
        except (json.JSONDecodeError, AttributeError, TypeError, KeyError) as error:
            raise UsageError(f"The request cannot be read: {error}.") from error


def _names(pairs: Any) -> tuple[tuple[int, str], ...]:
    try:
        return tuple((int(value), str(name)) for value, name in pairs)
    except (TypeError, ValueError):
        raise UsageError(
            f"ground_truth_names is {pairs!r}, and no list of label values with their names.", 'Give [(1, "BA"), ...].'
        ) from None


def _check_pool(pool: Any) -> None:
    if pool is not None and (not isinstance(pool, int) or isinstance(pool, bool) or pool < 1):
        raise UsageError(f"The pooling window {pool!r} is not a whole number of at least 1.")


def _path_to_text(value: Any) -> str:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} does not travel as JSON")
