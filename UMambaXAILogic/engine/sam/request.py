"""What is asked of a SAM. Standard library only."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import UsageError
from ..methods.catalogue import METHOD_FACTS
from ..methods.settings import SETTINGS, MethodOptions, MethodSettings
from ..request import DEFAULT_THRESHOLDS, REPORTING_THRESHOLD, Region

METHOD = "embedding-similarity"
KIND = "sam"
_VERSION = 1
#: Settings of the method that a SAM has: its box is the region's, without a margin.
OWN_SETTINGS = tuple(name for name in METHOD_FACTS[METHOD].settings if name != "box_margin_mm")
#: The depth that is explained where none is named: the image encoder's output.
DEFAULT_LAYERS = ("embedding",)


@dataclass(frozen=True)
class SamRequest:
    """One volume, prompted slice by slice with the box of a region.

    Args:
        volume: NIfTI, NRRD, MHA/MHD file, or a folder with a DICOM series.
        checkpoint: folder in Hugging Face's format, or .pth file of SAM or MedSAM.
        output: folder for the results; created if missing.
        region: what is prompted; each slice's box is the smallest around its voxels.
        case: name; None: from the volume's file.
        ground_truth, ground_truth_labels, resample_ground_truth, thresholds, reporting_threshold, device, series_uid,
            save_layer_maps, output_format: as for ``Request``. Without labels, every value > 0 of the ground truth
            counts.
        options: what is asked of the settings of embedding similarity.
        layers: depths, such as ``block.11`` or ``embedding``.
        window: lowest and highest intensity that matter; None: the CT angiography window for CT, else all there is.
        pixels: ``sam`` or ``medsam``, see ``checkpoint.PIXEL_SCALES``; None: found out.
    """

    volume: Path
    checkpoint: Path
    output: Path
    region: Region
    case: str | None = None
    ground_truth: Path | None = None
    ground_truth_labels: tuple[int, ...] | None = None
    resample_ground_truth: bool = False
    options: MethodOptions = field(default_factory=MethodOptions)
    layers: tuple[str, ...] = DEFAULT_LAYERS
    window: tuple[float, float] | None = None
    pixels: str | None = None
    thresholds: tuple[float, ...] = DEFAULT_THRESHOLDS
    reporting_threshold: float = REPORTING_THRESHOLD
    device: str = "auto"
    series_uid: str | None = None
    save_layer_maps: bool = False
    output_format: str = "nii.gz"

    def __post_init__(self) -> None:
        for name in ("volume", "checkpoint", "output", "ground_truth"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, Path(value))
        for name in ("ground_truth_labels", "layers", "window", "thresholds"):
            value = getattr(self, name)
            if value is None:
                continue
            if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
                raise UsageError(f"{name} is {value!r}, which is not a list.", f"Give a list, such as [{value!r}].")
            object.__setattr__(self, name, tuple(value))
        if self.window is not None:
            self._check_window(self.window)
        if not self.thresholds:
            raise UsageError("No attention threshold was given.", "Give at least one in (0, 1], for example 0.3.")
        for threshold in (*self.thresholds, self.reporting_threshold):
            if not _is_number(threshold) or not 0 < threshold <= 1:
                raise UsageError(f"The attention threshold {threshold!r} is not in (0, 1].")

    def method_settings(self) -> MethodSettings:
        """The settings of embedding similarity, with what was asked for.

        Raises:
            UsageError: a setting was given that is none of ``OWN_SETTINGS``.
        """
        for name in self.options.given():
            if name not in OWN_SETTINGS:
                raise UsageError(f"{SETTINGS[name].title} was given, and a SAM has no such setting.", "Leave it out.")
        return dataclasses.replace(METHOD_FACTS[METHOD].defaults, **self.options.given())

    def settings(self) -> dict[str, object]:
        """What shapes the result, JSON-ready, without a path."""
        left_out = {"volume", "checkpoint", "output", "region", "case", "ground_truth", "device", "series_uid"}
        body = {
            entry.name: getattr(self, entry.name) for entry in dataclasses.fields(self) if entry.name not in left_out
        }
        box = self.region.box_mm_ras
        return {
            **{name: list(value) if isinstance(value, tuple) else value for name, value in body.items()},
            "options": self.options.given(),
            "region_box_mm_ras": None if box is None else list(box),
        }

    def to_json(self) -> str:
        """The request as JSON text for the worker; ``from_json`` gives it back."""
        body = {"kind": KIND, "version": _VERSION, **dataclasses.asdict(self)}
        return json.dumps(body, default=str, indent=1, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> SamRequest:
        """Read ``to_json``'s text.

        Raises:
            UsageError: the text is no such request, or a value is out of its range.
        """
        try:
            body = json.loads(text)
            version = body.pop("version", None)
            if version != _VERSION:
                raise UsageError(f"The request has version {version!r}; this package reads {_VERSION}.")
            body.pop("kind", None)
            mask, box = body["region"].get("mask"), body["region"].get("box_mm_ras")
            body["region"] = Region(None if mask is None else Path(mask), None if box is None else tuple(box))
            body["options"] = MethodOptions(**body.get("options") or {})
            return cls(**body)
        except (json.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
            raise UsageError(f"The request to a SAM cannot be read: {error}.") from error

    @staticmethod
    def _check_window(window: tuple[float, ...]) -> None:
        if len(window) != 2 or not all(_is_number(value) for value in window) or not window[0] < window[1]:
            raise UsageError(
                f"The intensity window {', '.join(map(str, window))} is not two numbers, the lower one first.",
                "Give LOW,HIGH, such as -100,500 for CT angiography.",
            )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
