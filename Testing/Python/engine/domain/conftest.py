"""Rows of domain statistics as if they had been measured, with chosen figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from UMambaXAILogic.engine.domain import (
    DIAMETER,
    HOUNSFIELD,
    PERCENTILES,
    SIGNED_OCTAVES,
    DomainRow,
    DomainSettings,
    Histogram,
    IntensityStatistics,
    Moments,
    MorphologyStatistics,
    NoiseEstimate,
    PerAxis,
    ResolutionStatistics,
    VesselIntensity,
)
from UMambaXAILogic.engine.domain.profile import Profile
from UMambaXAILogic.engine.volume_io import PHANTOM_DESCRIPTION


def row_of(
    case: str = "case",
    tissue: tuple[float, float] = (40.0, 12.0),
    spacing: tuple[float, float, float] = (0.5, 0.5, 1.0),
    matrix: tuple[int, int, int] = (40, 40, 20),
    noise: float | tuple[float | None, float | None, float | None] = 5.0,
    diameters: tuple[float, float] | None = (2.4, 0.5),
    lumen: float = 350.0,
    phantom: bool = False,
    units: str = "HU",
    modality: str | None = "CT",
    mask: str = "ground_truth",
    settings: DomainSettings | None = None,
    seed: int = 0,
) -> DomainRow:
    """A row; ``tissue`` and ``diameters`` are (mean, standard deviation) of 400 values each.

    ``noise``: one value for all estimators, or one for each (None: not valid).
    """
    settings = settings or DomainSettings()
    rng = np.random.default_rng(seed)
    values = rng.normal(*tissue, 400)
    low, high = settings.window_hu
    hounsfield = units == "HU"
    stds = noise if isinstance(noise, tuple) else (noise,) * 3
    noises = [NoiseEstimate(std, 1000, None if std is not None else "too little of it") for std in stds]
    vessel = morphology = None
    if diameters is not None:
        sizes = np.abs(rng.normal(*diameters, 400))
        histogram = Histogram.of(sizes, DIAMETER)
        contrast = next(((lumen - tissue[0]) / std for std in stds if std), None)
        vessel = VesselIntensity(Moments(400, lumen, 30.0), tissue[0], "air", contrast)
        median, p99 = np.percentile(sizes, (50, 99))
        morphology = MorphologyStatistics(
            mask,
            settings.isotropic_mm,
            Moments.of(sizes),
            float(median),
            float(sizes.min()),
            float(sizes.max()),
            float(p99),
            histogram,
        )
    intensity = IntensityStatistics(
        settings.window_hu if hounsfield else None,
        Moments.of(values[(values >= low) & (values <= high)]) if hounsfield else None,
        Moments.of(values),
        float(values.min()),
        float(values.max()),
        {share: float(np.percentile(values, share)) for share in PERCENTILES},
        Histogram.of(values, HOUNSFIELD if hounsfield else SIGNED_OCTAVES),
        vessel,
    )
    field = PerAxis(*(float(size * voxels) for size, voxels in zip(spacing, matrix, strict=True)))
    resolution = ResolutionStatistics(PerAxis(*spacing), field, PerAxis(*matrix), None, 0.0)
    estimates = dict(zip(("air", "parenchyma", "wavelet"), noises, strict=True))
    return DomainRow(case, phantom, modality, units, None, intensity, resolution, estimates, morphology)


@pytest.fixture(scope="session")
def make_row() -> Callable[..., DomainRow]:
    """``make_row(case, tissue=(40, 12), ...)``: see ``row_of``."""
    return row_of


@pytest.fixture(scope="session")
def make_profile() -> Callable[..., Profile]:
    """``make_profile(name, count, **figures)``: a cohort of ``count`` rows.

    Figures of ``row_of`` that are callables give case ``i`` its own.
    """

    def make(name: str, count: int, settings: DomainSettings | None = None, **figures) -> Profile:
        settings = settings or DomainSettings()
        rows = []
        for number in range(count):
            own = {key: figure(number) if callable(figure) else figure for key, figure in figures.items()}
            rows.append(row_of(**{"case": f"{name}_{number}", "seed": number, "settings": settings} | own))
        return Profile(name, settings, tuple(rows))

    return make


@pytest.fixture(scope="session")
def write_cohort_files() -> Callable[..., Path]:
    """``write_cohort_files(folder, count, spacing, noise)``: small CT volumes, masks and a manifest.

    ``volumes/case_0.nii.gz`` and ``masks/case_0_vessels.nii.gz`` and so on: tissue at 40 HU in air, with a tube at
    350 HU along x.
    """

    def write(
        folder: Path, count: int = 2, spacing=(0.5, 0.5, 1.0), noise: float = 4.0, seed: int = 0, phantom: bool = False
    ) -> Path:
        lines = ["case,volume,gt,domain"]
        for name in ("volumes", "masks"):
            (folder / name).mkdir(parents=True)
        for number in range(count):
            rng = np.random.default_rng([seed, number])
            mask = np.zeros((20, 28, 30), np.uint8)
            mask[8:11, 12:16, 6:24] = 1
            values = np.full(mask.shape, -1000.0)
            values[3:17, 4:24, 4:26] = 40
            values[mask > 0] = 350
            values += rng.normal(0, noise, mask.shape)
            for array, path in (
                (np.rint(values).astype(np.int16), f"volumes/case_{number}.nii.gz"),
                (mask, f"masks/case_{number}_vessels.nii.gz"),
            ):
                image = sitk.GetImageFromArray(array)
                image.SetSpacing(spacing)
                if phantom:
                    image.SetMetaData("ITK_FileNotes", PHANTOM_DESCRIPTION)
                sitk.WriteImage(image, str(folder / path))
            lines.append(f"case_{number},volumes/case_{number}.nii.gz,masks/case_{number}_vessels.nii.gz,{folder.name}")
        (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
        return folder

    return write
