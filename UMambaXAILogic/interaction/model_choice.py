"""Whether what the user chose can be a model at all: a glance that takes no time, before the worker reads it."""

from __future__ import annotations

import zipfile
from pathlib import Path

DEMO = "demo"


def problem_with_model(model: str) -> str:
    """Why ``model`` cannot be used, or an empty text where nothing speaks against it yet.

    Args:
        model: ``"demo"``, a folder that nnU-Net trained or a zip that it exported; empty is no problem but no choice.
    """
    if model in ("", DEMO):
        return ""
    path = Path(model)
    if not path.exists():
        return f"There is no model at {model}. Choose a trained nnU-Net folder or an exported zip."
    if path.is_file():
        return "" if zipfile.is_zipfile(path) else f"{path.name} is no zip archive. Choose a zip that nnU-Net exported."
    if not (path / "plans.json").is_file():
        return (
            f"{path.name} holds no plans.json, so it is no trained nnU-Net folder. Choose the folder named like "
            "nnUNetTrainer...__nnUNetPlans__3d_fullres."
        )
    if not any(path.glob("fold_*/checkpoint_*.pth")):
        return f"{path.name} holds no fold_*/checkpoint_*.pth: nothing was trained there yet."
    return ""
