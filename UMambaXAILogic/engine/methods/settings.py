"""What can be set of an attribution method: meaning, range, and what was asked for. The standard library alone."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from ..errors import UsageError

REGION_KINDS = ("grid", "supervoxel")
FILLS = ("shell", "mean", "blur")
GRADIENT_METHODS = ("grad-x-input", "seg-xres-cam", "seg-grad-cam")


@dataclass(frozen=True)
class MethodSettings:
    """Settings of a method; which of them it has, its ``MethodFacts`` say.

    Args:
        pool: gradient pooling window, voxels per axis; 1 means none.
        pool_mode: ``max`` or ``mean``.
        per_window: normalise every window by itself, as the published tool does; for comparison only.
        regions, region_size_mm, max_regions, reach_mm, fill, base_method, samples, noise, seed, stage, prompt_share,
            prototype_weight, prompt_weight, global_weight, outside_weight, spatial_floor, box_margin_mm: see
            ``SETTINGS``.
    """

    pool: int = 1
    pool_mode: str = "max"
    per_window: bool = False
    regions: str = "supervoxel"
    region_size_mm: float = 8.0
    max_regions: int = 200
    reach_mm: float = 5.0
    fill: str = "shell"
    base_method: str = "grad-x-input"
    samples: int = 10
    noise: float = 0.1
    seed: int = 0
    stage: int = 3
    prompt_share: float = 0.3
    prototype_weight: float = 0.5
    prompt_weight: float = 0.2
    global_weight: float = 0.15
    outside_weight: float = -0.15
    spatial_floor: float = 0.3
    box_margin_mm: float = 5.0


@dataclass(frozen=True)
class SettingFacts:
    """One setting of methods, as doors offer it.

    Args:
        name: field of ``MethodSettings`` and ``MethodOptions``.
        title: label beside its control.
        explanation: what it does, in a sentence.
        choices: the texts it may be; empty for a number.
        minimum, maximum: of a number, both allowed.
        whole: only whole numbers.
        unit: of a number.
    """

    name: str
    title: str
    explanation: str
    choices: tuple[str, ...] = ()
    minimum: float = 0.0
    maximum: float = math.inf
    whole: bool = False
    unit: str = ""

    def check(self, value: Any) -> None:
        """Raise ``UsageError`` for a value that is none of the choices, or outside the range."""
        if self.choices:
            if value not in self.choices:
                raise UsageError(f"{self.title} {value!r} is not known.", f"Choose one of: {', '.join(self.choices)}.")
            return
        kinds: tuple[type, ...] = (int,) if self.whole else (int, float)
        number = isinstance(value, kinds) and not isinstance(value, bool)
        if not (number and math.isfinite(value) and self.minimum <= value <= self.maximum):
            raise UsageError(f"{self.title} {value!r} is not {self._range_text()}.")

    def _range_text(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        unit = f" {self.unit}" if self.unit else ""
        if self.maximum < math.inf:
            return f"{kind} from {self.minimum:g} to {self.maximum:g}{unit}"
        return f"{kind} of at least {self.minimum:g}{unit}"


#: By name. All are optional: what is not asked for is the method's default.
SETTINGS: dict[str, SettingFacts] = {
    facts.name: facts
    for facts in (
        SettingFacts(
            "regions",
            "Regions",
            "Parts of the image that are filled one after the other: cells of a grid, or supervoxels that follow the "
            "predicted vessels and the image.",
            choices=REGION_KINDS,
        ),
        SettingFacts(
            "region_size_mm",
            "Region size",
            "Extent of a region; larger where there would be too many.",
            minimum=0.1,
            maximum=1000,
            unit="mm",
        ),
        SettingFacts(
            "max_regions",
            "Most regions",
            "Each region costs a forward pass for every window that it touches.",
            minimum=2,
            maximum=100_000,
            whole=True,
        ),
        SettingFacts(
            "reach_mm",
            "Reach",
            "Only regions within this distance of the explained voxels are filled; beyond it the map is 0.",
            maximum=1000,
            unit="mm",
        ),
        SettingFacts(
            "fill",
            "Fill",
            "What takes a region's place: the mean of the tissue around it, the mean of the volume, or the blurred "
            "image.",
            choices=FILLS,
        ),
        SettingFacts(
            "base_method",
            "Averaged method",
            "The gradient method that is averaged over noisy inputs.",
            choices=GRADIENT_METHODS,
        ),
        SettingFacts(
            "samples",
            "Samples",
            "Noisy inputs; each costs what the averaged method costs.",
            minimum=1,
            maximum=1000,
            whole=True,
        ),
        SettingFacts(
            "noise",
            "Noise",
            "Standard deviation of the noise, as a share of the intensity range (0.5th to 99.5th percentile).",
            maximum=1,
        ),
        SettingFacts("seed", "Seed", "Equal seeds, equal noise.", maximum=2**31 - 1, whole=True),
        SettingFacts(
            "stage",
            "Stage",
            "1: likeness to the mean feature of the explained voxels; 2: of these and the prompt; 3: four likenesses, "
            "weighed by place.",
            minimum=1,
            maximum=3,
            whole=True,
        ),
        SettingFacts(
            "prompt_share",
            "Share of the prompt",
            "Stage 2: the prompt's part of the vector that features are compared with.",
            maximum=1,
        ),
        SettingFacts(
            "prototype_weight",
            "Weight of the prototype",
            "Stage 3: weight of the likeness to the explained voxels' mean feature.",
            minimum=-1,
            maximum=1,
        ),
        SettingFacts(
            "prompt_weight",
            "Weight of the prompt",
            "Stage 3: weight of the likeness to the prompt.",
            minimum=-1,
            maximum=1,
        ),
        SettingFacts(
            "global_weight",
            "Weight of the whole",
            "Stage 3: weight of the likeness to the mean feature of everything.",
            minimum=-1,
            maximum=1,
        ),
        SettingFacts(
            "outside_weight",
            "Weight of the outside",
            "Stage 3: weight of the likeness to the mean feature outside the box.",
            minimum=-1,
            maximum=1,
        ),
        SettingFacts(
            "spatial_floor",
            "Floor of the spatial weight",
            "Stage 3: what the weight by place falls to far from the box; 1 turns that weight off.",
            maximum=1,
        ),
        SettingFacts(
            "box_margin_mm",
            "Margin of the box",
            "Without a region, the box is that of the explained voxels with this margin.",
            maximum=1000,
            unit="mm",
        ),
    )
}


@dataclass(frozen=True)
class MethodOptions:
    """What is asked of the methods' settings; None: the method's default.

    Args:
        regions, region_size_mm, max_regions, reach_mm, fill, base_method, samples, noise, seed, stage, prompt_share,
            prototype_weight, prompt_weight, global_weight, outside_weight, spatial_floor, box_margin_mm: see
            ``SETTINGS``.
    """

    regions: str | None = None
    region_size_mm: float | None = None
    max_regions: int | None = None
    reach_mm: float | None = None
    fill: str | None = None
    base_method: str | None = None
    samples: int | None = None
    noise: float | None = None
    seed: int | None = None
    stage: int | None = None
    prompt_share: float | None = None
    prototype_weight: float | None = None
    prompt_weight: float | None = None
    global_weight: float | None = None
    outside_weight: float | None = None
    spatial_floor: float | None = None
    box_margin_mm: float | None = None

    def __post_init__(self) -> None:
        for name, value in self.given().items():
            SETTINGS[name].check(value)

    def given(self) -> dict[str, Any]:
        """The settings that were asked for, by name."""
        return {name: value for name, value in dataclasses.asdict(self).items() if value is not None}
