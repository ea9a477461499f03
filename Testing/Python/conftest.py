"""Fixtures that every part of the test suite shares."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parents[2]

# An example that takes long says that the machine is busy, not that something is wrong.
settings.register_profile("patient", settings(deadline=None))
settings.load_profile("patient")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the source tree."""
    return REPOSITORY


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder above ``oracle/`` and ``data/``: reference outputs and real volumes that are not shipped."""
    folder = os.environ.get("UMAMBAXAI_REFERENCE_DATA")
    if not folder or not (Path(folder) / "oracle").is_dir():
        pytest.skip("skipped: shared data not present")
    return Path(folder).resolve()


@pytest.fixture(scope="session")
def cmake() -> str:
    """CMake's program: the one of the test requirements, or the system's."""
    beside = Path(sys.executable).with_name("cmake.exe" if os.name == "nt" else "cmake")
    program = str(beside) if beside.is_file() else shutil.which("cmake")
    assert program, "cmake is not installed: pip install cmake"
    return program


@pytest.fixture(scope="session")
def configure(cmake: str) -> Callable[[Path, Path], subprocess.CompletedProcess[str]]:
    """Configures a checkout into a build folder, with Testing/cmake/SlicerStandIn in Slicer's place.

    Nothing is compiled, so no compiler is looked for.
    """

    def run(checkout: Path, build: Path) -> subprocess.CompletedProcess[str]:
        no_compiler = [
            f"-DCMAKE_{language}_COMPILER{what}"
            for language in ("C", "CXX")
            for what in (f"={sys.executable}", "_FORCED=ON")
        ]
        stand_in = f"-DSlicer_DIR={checkout / 'Testing' / 'cmake' / 'SlicerStandIn'}"
        return subprocess.run(
            [cmake, "-S", str(checkout), "-B", str(build), stand_in, *no_compiler], capture_output=True, text=True
        )

    return run


@pytest.fixture(scope="session")
def slicer_build(repository: Path, configure, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build folder of this checkout."""
    build = tmp_path_factory.mktemp("slicer-build")
    done = configure(repository, build)
    assert done.returncode == 0, done.stdout + done.stderr
    return build


@pytest.fixture(scope="session")
def slicer_install(slicer_build: Path, cmake: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder ``qt-scripted-modules`` of an installed tree: what Slicer gets."""
    prefix = tmp_path_factory.mktemp("slicer-install")
    done = subprocess.run(
        [cmake, "--install", str(slicer_build), "--prefix", str(prefix)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return next(prefix.rglob("qt-scripted-modules"))


@pytest.fixture
def slowness() -> float:
    """How many processes share each core, at least 1: on a busy machine everything takes so much longer."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 1.0
    return max(1.0, load / (os.cpu_count() or 1))


@pytest.fixture(scope="session")
def domain_row() -> Callable[..., dict[str, Any]]:
    """A case's domain statistics as JSON, with chosen figures: domain_row("case", noise=7.5, mean=42.0, ...)."""

    def make(
        case: str = "case",
        mean: float = 40.0,
        noise: float = 5.0,
        spacing: float = 0.5,
        units: str = "HU",
        vessels: bool = False,
    ) -> dict[str, Any]:
        hounsfield = units == "HU"
        axes = ("right_left", "anterior_posterior", "superior_inferior")
        percentiles = {"0.5": -10.0, "5": 0.0, "25": 30.0, "50": 40.0, "75": 50.0, "95": 300.0, "99.5": 400.0}
        row: dict[str, Any] = {
            "schema_version": 1,
            "case": case,
            "phantom": True,
            "modality": "CT" if hounsfield else "MR",
            "units": units,
            "region_voxels": None,
            "intensity": {
                "window": [0.0, 80.0] if hounsfield else None,
                **(
                    {"voxels": 900, "mean": mean, "std": 12.0}
                    if hounsfield
                    else dict.fromkeys(("voxels", "mean", "std"))
                ),
                "full": {
                    "voxels": 1000,
                    "mean": mean + 20,
                    "std": 90.0,
                    "minimum": -20.0,
                    "maximum": 410.0,
                    "percentiles": percentiles,
                },
                "histogram": {
                    "bins": "hounsfield-1" if hounsfield else "signed-octaves-1",
                    "first": 340 if hounsfield else 1500,
                    "counts": [100, 300, 500, 90, 10],
                    "below": 0,
                    "above": 0,
                    "minimum": -20.0,
                    "maximum": 410.0,
                },
                "vessel": None,
            },
            "resolution": {
                "spacing_mm": dict.fromkeys(axes, spacing),
                "field_of_view_mm": dict.fromkeys(axes, 100 * spacing),
                "matrix": dict.fromkeys(axes, 100.0),
                "slice_gap_irregularity": None,
                "obliquity_degrees": 0.0,
            },
            "noise": {
                "air": {"std": None, "voxels": 0, "reason": "no air was found"},
                "parenchyma": {"std": noise, "voxels": 800, "reason": None},
                "wavelet": {"std": noise * 1.1, "voxels": 800, "reason": None},
            },
            "morphology": None,
        }
        if vessels:
            row["intensity"]["vessel"] = {
                "voxels": 60,
                "mean": 350.0,
                "std": 30.0,
                "background": 40.0,
                "noise_estimator": "parenchyma",
                "contrast_to_noise": 310 / noise,
            }
            row["morphology"] = {
                "mask": "ground_truth",
                "isotropic_mm": None,
                "diameter_mm": {
                    "count": 20,
                    "mean": 2.4,
                    "std": 0.5,
                    "median": 2.3,
                    "minimum": 1.0,
                    "maximum": 4.0,
                    "p99": 3.9,
                },
                "histogram": {
                    "bins": "diameter-1",
                    "first": 50,
                    "counts": [2, 8, 6, 4],
                    "below": 0,
                    "above": 0,
                    "minimum": 1.0,
                    "maximum": 4.0,
                },
            }
        return row

    return make


@pytest.fixture(scope="session")
def profile_json(domain_row) -> Callable[..., dict[str, Any]]:
    """A reference profile's content of chosen rows: profile_json([row, ...], name="source")."""

    def make(rows: list[dict[str, Any]] | None = None, name: str = "source") -> dict[str, Any]:
        if rows is None:
            rows = [domain_row(f"case{number}", mean=38.0 + number, noise=5 + number / 10) for number in range(5)]
        return {
            "kind": "umamba-xai reference profile",
            "schema_version": 1,
            "package": "0",
            "name": name,
            "phantom": True,
            "settings": {"window_hu": [0.0, 80.0], "isotropic_mm": None},
            "rows": rows,
        }

    return make


@pytest.fixture(scope="session")
def benchmark_body() -> Callable[[], dict[str, Any]]:
    """The content of a small case's benchmark.json: a method, a constant one, the user's own map, and a baseline."""
    steps = [0.25, 0.5, 1.0, 2.0, 5.0]

    def judged(name: str, title: str, kind: str, rank: int, score: float, passed: bool | None) -> dict[str, Any]:
        known = kind != "given"
        shuffled = {"step": "all", "correlation": 0.1 if passed else 1.0}
        badge = {"name": "parameter_randomisation", "passed": passed, "value": 0.1, "limit": 0.5, "text": "So it is."}
        better = {"name": "better_than_random", "passed": score > 0, "value": score, "limit": -0.9, "text": "Better."}
        return {
            "name": name,
            "title": title,
            "kind": kind,
            "constant": False,
            "settings": {},
            "rank": rank,
            "faithfulness": {
                "score": score,
                "deletion_area": 0.5 - score / 2,
                "insertion_area": 0.5 + score / 2,
                "k": steps,
                "voxels": [25, 50, 100, 200, 500],
                "target_drop": [1.0, 2.0, 3.0, 3.5, 4.0],
                "deletion": [3.0, 2.0, 1.0, 0.5, 0.0],
                "insertion": [0.0, 1.0, 2.0, 3.0, 4.0],
            },
            "leakage": {"watched": ["a"], "off_target_drop": [0.1] * 5, "ratio": [0.1, 0.1, 0.25, 0.1, 0.1],
                        "far_share": 0.3},
            "robustness": None,
            "sanity": {
                "applicable": known,
                "cutoff": 0.5,
                "passed": passed,
                "parameter_randomisation": [shuffled] if known else [],
                "random_input": 0.2,
            },
            "cost": {"seconds": 1.5, "forward_passes": 2, "backward_passes": 1, "peak_host_mb": 900.0,
                     "peak_device_mb": None} if known else None,
            "badges": [badge] if kind == "baseline" else [badge, better],
        }  # fmt: skip

    def make() -> dict[str, Any]:
        nothing = {"rank": None, "faithfulness": None, "leakage": None, "robustness": None, "sanity": None}
        flat = {"name": "constant", "passed": False, "value": None, "limit": None, "text": "The map is constant."}
        methods = [
            judged("random", "Random", "baseline", 3, -0.9, False),
            judged("seg-xres-cam@2", "Seg-XRes-CAM", "method", 1, 0.61, True),
            {"name": "grad-x-input", "title": "Gradient x input", "kind": "method", "constant": True, "settings": {},
             "cost": {"seconds": 2.0, "forward_passes": 2, "backward_passes": 1, "peak_host_mb": None,
                      "peak_device_mb": None}, **nothing, "badges": [flat]},
            judged("mine", "mine (given)", "given", 2, 0.3, None),
        ]  # fmt: skip
        return {
            "schema_version": 1,
            "fingerprint": "f",
            "case": "CTA",
            "phantom": True,
            "target": {"label": 1, "name": "vessel", "kind": "prediction", "score": "margin"},
            "settings": {"baselines": ["random"], "axes": ["sanity"], "fill": "shell", "budget": 50, "seed": 0,
                         "k": steps},
            "score": {"original": 4.0, "erased": 0.0, "off_target": 1.0, "watched": ["a"]},
            "methods": methods,
            "warnings": [],
        }  # fmt: skip

    return make


@pytest.fixture
def layer_by_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work on whole volumes goes layer by layer, so that small ones take several steps too."""
    from UMambaXAILogic.scene import in_pieces, label_export, label_placing, nrrd_output, region

    for module in (in_pieces, label_export, label_placing, nrrd_output, region):
        monkeypatch.setattr(module, "slabs", lambda shape, voxels=0: [slice(k, k + 1) for k in range(shape[0])])


@pytest.fixture(scope="session")
def sam_folder(tmp_path_factory) -> Path:
    """A tiny SAM with random weights, a folder in Hugging Face's format: 3 blocks of 24 channels, frames of 64 x 64,
    8 x 8 cells of 16 channels."""
    pytest.importorskip("transformers", reason="transformers is not installed")
    import torch

    from UMambaXAILogic.engine.sam.transformers_import import import_sam_module

    transformers = import_sam_module()
    vision = {"hidden_size": 24, "output_channels": 16, "num_hidden_layers": 3, "num_attention_heads": 3}
    vision |= {"image_size": 64, "patch_size": 8, "mlp_dim": 48, "window_size": 3, "global_attn_indexes": [1]}
    vision |= {"num_pos_feats": 8, "initializer_range": 0.2}
    prompt = {"hidden_size": 16, "image_size": 64, "patch_size": 8, "mask_input_channels": 8}
    decoder = {"hidden_size": 16, "mlp_dim": 32, "iou_head_hidden_dim": 16}
    config = transformers.SamConfig(
        vision_config=vision, prompt_encoder_config=prompt, mask_decoder_config=decoder, initializer_range=0.2
    )
    torch.manual_seed(0)
    model = transformers.SamModel(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    folder = tmp_path_factory.mktemp("sam")
    model.save_pretrained(folder)
    return folder
