"""Measure the demo model on unseen phantoms of both cohorts with nnU-Net's own predictor, and write its model card.

    python Utilities/DemoModel/measure_demo_model.py [--count 8]

The cases come from another seed than the training's, so none of them was trained on.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from nnunet_command import declare_torchvision_operators
from train_demo_model import EXPORT, TRAINER, TRAINING_CASES, TRAINING_SEED, VALIDATION_CASES

from UMambaXAILogic.engine.atomic import write_text
from UMambaXAILogic.engine.model.loading import Model, load_model
from UMambaXAILogic.engine.model.reference_profile import REFERENCE_PROFILE
from UMambaXAILogic.engine.phantom import case_seed, make_phantom, write_volume

MEASURING_SEED = 2002
COHORTS = ("source", "target")


def main() -> None:
    """Measure, then write ``measured.json`` and ``MODEL_CARD.md`` into the model's folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=8, help="cases of each cohort")
    parser.add_argument("--model", type=Path, default=EXPORT)
    arguments = parser.parse_args()
    declared = declare_torchvision_operators()  # noqa: F841 - its operators end with it
    model = load_model(str(arguments.model))
    predictor = nnunet_predictor(model)
    dice = {cohort: [] for cohort in COHORTS}
    for number in range(1, arguments.count + 1):
        for cohort in COHORTS:
            dice[cohort].append(dice_of_case(model, predictor, cohort, case_seed(MEASURING_SEED, number)))
            print(f"{cohort} {number}: Dice {dice[cohort][-1]:.4f}", flush=True)
    measured = {
        "date": datetime.now(UTC).date().isoformat(),
        "seed": MEASURING_SEED,
        "checkpoint_sha256": model.sha256,
        "dice": {cohort: [round(value, 4) for value in values] for cohort, values in dice.items()},
        "dice_case_mean": {cohort: round(float(np.mean(values)), 4) for cohort, values in dice.items()},
    }
    write_text(arguments.model / "measured.json", json.dumps(measured, indent=1) + "\n")
    write_text(arguments.model / "MODEL_CARD.md", model_card(model, measured))


def nnunet_predictor(model: Model) -> Any:
    """nnU-Net's predictor with this model's network and its defaults, but no mirroring."""
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    predictor = nnUNetPredictor(use_mirroring=False, device=torch.device("cpu"), perform_everything_on_device=False)
    predictor.manual_initialization(
        model.network,
        model.plans_manager,
        model.configuration_manager,
        [model.parameter_sets[fold] for fold in model.folds],
        model.dataset_json,
        model.trainer_name,
        model.allowed_mirroring_axes,
    )
    return predictor


def dice_of_case(model: Model, predictor: Any, cohort: str, seed: int) -> float:
    """Dice of one phantom, predicted from its file."""
    phantom = make_phantom(cohort, seed)
    reader = model.plans_manager.image_reader_writer_class()
    with tempfile.TemporaryDirectory() as folder:
        volume, mask = Path(folder) / "phantom.nii.gz", Path(folder) / "mask.nii.gz"
        write_volume(phantom.image, volume)
        write_volume(phantom.mask, mask)
        image, properties = reader.read_images([str(volume)])
        truth = reader.read_seg(str(mask))[0][0] > 0
    predicted = predictor.predict_single_npy_array(image, properties) > 0
    return float(2 * (predicted & truth).sum() / (predicted.sum() + truth.sum()))


def model_card(model: Model, measured: dict[str, Any]) -> str:
    """The model card, with what was measured."""
    source, target = (measured["dice_case_mean"][cohort] for cohort in COHORTS)
    rows = "\n".join(
        f"| {number} | {a:.3f} | {b:.3f} |"
        for number, (a, b) in enumerate(zip(*(measured["dice"][cohort] for cohort in COHORTS), strict=True), start=1)
    )
    architecture = model.configuration_manager.network_arch_init_kwargs
    parameters = sum(tensor.numel() for tensor in model.network.parameters()) / 1e6
    return f"""# Demo model

**For demonstration only.** It was trained on phantoms (synthetic head CT angiograms made by this package), never on a
patient, and is of no use on one.

| | |
|---|---|
| network | {model.architecture} 3-D, {architecture["n_stages"]} stages, features {list(architecture["features_per_stage"])}, {parameters:.2f} million parameters |
| input | CT angiogram, HU, spacing {list(model.spacing_mm)} mm (z, y, x), window {list(model.patch_size)}; read with SimpleITKIOWithReorient, so storage order does not matter |
| labels | 0 background, 1 vessel (aneurysms included) |
| training | nnU-Net v2, `{TRAINER}`, {TRAINING_CASES - VALIDATION_CASES} source phantoms of seed {TRAINING_SEED} (and {VALIDATION_CASES} for its log); log in `fold_0/training_log.txt` |
| made by | `make demo-model` (`python Utilities/DemoModel/train_demo_model.py`, then `measure_demo_model.py`); plans in `Utilities/DemoModel` |
| profile | `{REFERENCE_PROFILE}`: domain statistics of the first training phantoms, made by `profile_demo_model.py`; a volume outside their range is warned of |
| checkpoint | SHA-256 `{measured["checkpoint_sha256"]}`, without optimiser state |

## Measured on {measured["date"]}

Dice on {len(measured["dice"]["source"])} unseen phantoms of each cohort (seed {measured["seed"]}), nnU-Net's own predictor, step 0.5, no mirroring:

**source {source:.3f}, target {target:.3f}** (mean over cases)

| case | source | target |
|---|---|---|
{rows}

The target cohort differs in spacing, noise, contrast phase, kernel, calcification and calibres; nothing was tuned
toward either figure.
"""  # noqa: E501


if __name__ == "__main__":
    main()
