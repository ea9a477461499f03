"""Train the demo model from nothing: phantoms, nnU-Net data set, preprocessing, training, export.

    python Utilities/DemoModel/train_demo_model.py --work FOLDER [--device cpu|cuda]

Every step is skipped where its result is there, and training goes on from its last epoch, so an interrupted run is
continued by the same command. Nothing outside the work folder and the export folder is touched; nnU-Net's folders are
set for this process and its children only.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from UMambaXAILogic.engine.atomic import replacing, write_text
from UMambaXAILogic.engine.model.trainers import FOLDER as TRAINERS
from UMambaXAILogic.engine.phantom import write_cohort

HERE = Path(__file__).resolve().parent
EXPORT = HERE.parents[1] / "Resources" / "demo_model"
DATASET_ID = 901
DATASET = f"Dataset{DATASET_ID}_PhantomVessels"
TRAINER = "nnUNetTrainerUMambaEncDemo"
PLANS = "nnUNetDemoPlans"
CONFIGURATION = "3d_fullres"
TRAINING_SEED = 1001
TRAINING_CASES = 28
VALIDATION_CASES = 2  # of these; they steer nothing, their pseudo Dice is logged
DATASET_JSON: Mapping[str, Any] = {
    "name": "UMambaXAI source phantoms",
    "description": "Synthetic head CT angiograms. Not patients.",
    "channel_names": {"0": "CT"},
    "labels": {"background": 0, "vessel": 1},
    "numTraining": TRAINING_CASES,
    "file_ending": ".nii.gz",
    "overwrite_image_reader_writer": "SimpleITKIOWithReorient",
    "training_orientation": "RAS",
}


def main() -> None:
    """Run whatever is still missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("demo-model-work"), help="folder for everything in between")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--export", type=Path, default=EXPORT, help="folder of the finished model")
    parser.add_argument("--export-only", action="store_true", help="export the last epoch there is, train no further")
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    results = work / "nnUNet_results" / DATASET / f"{TRAINER}__{PLANS}__{CONFIGURATION}"
    if not arguments.export_only:
        environment = nnunet_environment(work)
        write_raw_dataset(work)
        preprocess(work, environment)
        train(results / "fold_0", environment, arguments.device)
    export_model(results, arguments.export)
    print(f"The model is in {arguments.export}. Measure it: {HERE.name}/measure_demo_model.py")


def nnunet_environment(work: Path) -> dict[str, str]:
    """The environment of nnU-Net's commands: its folders, our trainers, no augmentation processes."""
    return {
        **os.environ,
        "nnUNet_raw": str(work / "nnUNet_raw"),
        "nnUNet_preprocessed": str(work / "nnUNet_preprocessed"),
        "nnUNet_results": str(work / "nnUNet_results"),
        "nnUNet_extTrainer": str(TRAINERS),
        "nnUNet_n_proc_DA": "0",
        # Waiting threads sleep: on a shared machine spinning ones take the cores from those that work.
        "OMP_WAIT_POLICY": "PASSIVE",
        "PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
    }


def write_raw_dataset(work: Path) -> None:
    """Source phantoms in nnU-Net's raw layout; ``dataset.json`` is written last and marks completeness."""
    raw = work / "nnUNet_raw" / DATASET
    if (raw / "dataset.json").is_file():
        return
    cohort = work / "phantoms"
    write_cohort("source", TRAINING_CASES, TRAINING_SEED, cohort)
    for name in ("imagesTr", "labelsTr"):
        (raw / name).mkdir(parents=True, exist_ok=True)
    for volume in sorted((cohort / "volumes").glob("*.nii.gz")):
        case = volume.name.removesuffix(".nii.gz")
        shutil.copyfile(volume, raw / "imagesTr" / f"{case}_0000.nii.gz")
        shutil.copyfile(cohort / "masks" / f"{case}_vessels.nii.gz", raw / "labelsTr" / f"{case}.nii.gz")
    write_text(raw / "dataset.json", json.dumps(DATASET_JSON, indent=1))


def preprocess(work: Path, environment: Mapping[str, str]) -> None:
    """nnU-Net's own preprocessing by the committed plans."""
    folder = work / "nnUNet_preprocessed" / DATASET
    if (folder / "splits_final.json").is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(HERE / f"{PLANS}.json", folder / f"{PLANS}.json")
    shutil.copyfile(work / "nnUNet_raw" / DATASET / "dataset.json", folder / "dataset.json")
    run_nnunet("fingerprint", ["-d", str(DATASET_ID), "-np", "2"], environment)
    options = ["-d", str(DATASET_ID), "-plans_name", PLANS, "-c", CONFIGURATION, "-np", "2"]
    run_nnunet("preprocess", options, environment)
    cases = [f"phantom_source_{number:04d}" for number in range(1, TRAINING_CASES + 1)]
    split = {"train": cases[:-VALIDATION_CASES], "val": cases[-VALIDATION_CASES:]}
    write_text(folder / "splits_final.json", json.dumps([split], indent=1))


def train(fold: Path, environment: Mapping[str, str], device: str) -> None:
    """``nnUNetv2_train``, continued where it stopped."""
    if (fold / "checkpoint_final.pth").is_file():
        return
    options = [str(DATASET_ID), CONFIGURATION, "0", "-tr", TRAINER, "-p", PLANS, "-device", device]
    if (fold / "checkpoint_latest.pth").is_file():
        options.append("--c")
    run_nnunet("train", options, environment)


def run_nnunet(command: str, options: list[str], environment: Mapping[str, str]) -> None:
    """One of nnU-Net's commands as a process of its own.

    Raises:
        subprocess.CalledProcessError: it failed; it has said why.
    """
    subprocess.run([sys.executable, str(HERE / "nnunet_command.py"), command, *options], env=environment, check=True)


def export_model(results: Path, export: Path) -> None:
    """Copy what prediction needs; the checkpoint goes without optimiser state.

    Raises:
        FileNotFoundError: no epoch has been finished yet.
    """
    fold = export / "fold_0"
    fold.mkdir(parents=True, exist_ok=True)
    checkpoints = [results / "fold_0" / f"checkpoint_{name}.pth" for name in ("final", "latest")]
    newest = next((path for path in checkpoints if path.is_file()), checkpoints[0])
    # Our own file, written by the training above.
    checkpoint = torch.load(newest, map_location="cpu", weights_only=False)
    checkpoint["optimizer_state"] = None
    checkpoint["logging"] = None
    checkpoint["_best_ema"] = None
    with replacing(fold / "checkpoint_final.pth") as file:
        torch.save(checkpoint, file)
    for name in ("plans.json", "dataset.json"):
        shutil.copyfile(results / name, export / name)
    logs = sorted((results / "fold_0").glob("training_log_*.txt"))
    text = "".join(log.read_text(encoding="utf-8") for log in logs)
    write_text(fold / "training_log.txt", text.replace(str(results.parents[2]), "WORK"))


if __name__ == "__main__":
    main()
