"""Run one of nnU-Net's commands: ``python nnunet_command.py fingerprint|preprocess|train OPTIONS``.

nnU-Net imports every trainer it knows while it looks for one, and with them timm and torchvision. A torchvision of
another build than torch (CPU and CUDA) fails at its first operator; declaring it is enough, nothing here calls it.
"""

from __future__ import annotations

import sys

import torch


def main() -> None:
    """Dispatch to nnU-Net's own entry point with the options that follow the command's name."""
    declared = declare_torchvision_operators()  # noqa: F841 - its operators end with it
    command = sys.argv.pop(1)
    if command == "fingerprint":
        from nnunetv2.experiment_planning.plan_and_preprocess_entrypoints import extract_fingerprint_entry as run
    elif command == "preprocess":
        from nnunetv2.experiment_planning.plan_and_preprocess_entrypoints import preprocess_entry as run
    elif command == "train":
        from nnunetv2.run.run_training import run_training_entry as run
    else:
        raise SystemExit(f"{command!r} is not fingerprint, preprocess or train")
    run()


def declare_torchvision_operators() -> torch.library.Library:
    """Declare what a mismatched torchvision registers on import; keep the returned object alive."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


if __name__ == "__main__":
    main()
