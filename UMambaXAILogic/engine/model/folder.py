"""Trained folders of nnU-Net v2: where the plans, the labels and the folds are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ModelError, UsageError

#: The finished training first; nnU-Net's ``checkpoint_latest.pth`` is a training still under way.
CHECKPOINT_NAMES = ("checkpoint_final.pth", "checkpoint_best.pth")
#: The fold that nnU-Net trains on every case.
ALL_CASES = "all"
PLANS, DATASET = "plans.json", "dataset.json"
#: Plans and labels take some thousand characters.
MAX_JSON_BYTES = 64 * 2**20
#: Domain statistics of the training cases, beside the plans.
REFERENCE_PROFILE = "reference_profile.json"
_NEEDED_OF_PLANS = ("configurations", "image_reader_writer", "transpose_forward", "transpose_backward")
_COMPLETE = "Give a complete folder as nnU-Net leaves it after training."
_SEARCH_DEPTH = 3
_SEARCH_LIMIT = 5000


@dataclass(frozen=True)
class TrainedFolder:
    """One trained configuration.

    Args:
        path: the folder with plans.json, dataset.json and fold_K.
        plans: content of plans.json.
        dataset_json: content of dataset.json.
        checkpoints: fold (number or ``"all"``) -> checkpoint file.
    """

    path: Path
    plans: dict[str, Any]
    dataset_json: dict[str, Any]
    checkpoints: Mapping[int | str, Path]

    @property
    def configuration_name(self) -> str | None:
        """Last part of ``Trainer__Plans__configuration``, if the folder is called so."""
        parts = self.path.name.split("__")
        return parts[2] if len(parts) == 3 else None

    def select(self, folds: Sequence[int | str] | None) -> dict[int | str, Path]:
        """The checkpoints of some folds.

        Args:
            folds: fold numbers or ``"all"`` for the fold of that name; None: every numbered fold, as nnU-Net does,
                those with a final checkpoint where any has one; else the fold ``all``.

        Raises:
            ModelError: a fold was not trained.
            UsageError: ``folds`` is empty.
        """
        if folds is None:
            numbered = {fold: path for fold, path in self.checkpoints.items() if fold != ALL_CASES}
            final = {fold: path for fold, path in numbered.items() if path.name == CHECKPOINT_NAMES[0]}
            return final or numbered or dict(self.checkpoints)
        if not folds:
            raise UsageError("No fold was chosen.", "Leave the folds out to use all that were trained.")
        missing = [fold for fold in folds if fold not in self.checkpoints]
        if missing:
            raise ModelError(
                f"{self.path} has no trained fold {', '.join(map(str, missing))}.",
                f"It has: {', '.join(map(str, self.checkpoints))}.",
            )
        return {fold: self.checkpoints[fold] for fold in dict.fromkeys(folds)}


def find_trained_folder(path: Path, configuration: str | None = None) -> TrainedFolder:
    """Open a trained folder, or the only one below ``path``.

    Args:
        path: a trained folder, or one above it (a dataset's folder among nnU-Net's results, say).
        configuration: which one, where several lie below ``path``.

    Raises:
        ModelError: nothing or several were found, or files are missing or damaged.
    """
    if (path / PLANS).is_file():
        return open_trained_folder(path)
    candidates = _trained_folders_below(path)
    if configuration is not None:
        candidates = [folder for folder in candidates if folder.name.split("__")[-1] == configuration]
    if len(candidates) == 1:
        return open_trained_folder(candidates[0])
    if candidates:
        names = ", ".join(str(folder.relative_to(path)) for folder in candidates)
        raise ModelError(
            f"{path} holds {len(candidates)} trained models: {names}.",
            "Name one of these folders.",
        )
    above = next((parent for parent in list(path.parents)[:2] if (parent / PLANS).is_file()), None)
    raise ModelError(
        f"{path} is not a trained nnU-Net folder: plans.json is missing"
        + (f", and there is no configuration {configuration!r} below it." if configuration else "."),
        f"Give the folder above it, {above}."
        if above
        else "Give the folder that holds plans.json, dataset.json and fold_0, or the zip nnU-Net exports.",
    )


def open_trained_folder(path: Path) -> TrainedFolder:
    """Read a trained folder's plans and labels and list its folds.

    Raises:
        ModelError: a file is missing or damaged, or no fold was trained.
    """
    plans = _read_json(path / PLANS, _NEEDED_OF_PLANS)
    dataset_json = _read_json(path / DATASET, ("labels",))
    checkpoints: dict[int | str, Path] = {}
    for folder in sorted(path.glob("fold_*"), key=lambda item: (len(item.name), item.name)):
        fold = folder.name.removeprefix("fold_")
        found = next((folder / name for name in CHECKPOINT_NAMES if (folder / name).is_file()), None)
        if found is not None and (fold == ALL_CASES or fold.isdecimal()):
            checkpoints[fold if fold == ALL_CASES else int(fold)] = found
    if not checkpoints:
        raise ModelError(
            f"{path} holds no trained fold: neither {' nor '.join(CHECKPOINT_NAMES)} lies in a folder fold_0, "
            "fold_1 ... or fold_all.",
            "Train at least one fold to the end.",
        )
    return TrainedFolder(path, plans, dataset_json, checkpoints)


def _trained_folders_below(path: Path) -> list[Path]:
    found: list[Path] = []
    level, visited = [path], 0
    for _ in range(_SEARCH_DEPTH):
        children = [child for folder in level for child in _subfolders(folder)]
        visited += len(children)
        if visited > _SEARCH_LIMIT:
            raise ModelError(
                f"{path} holds too many folders to look for a model in.", "Give the trained folder itself."
            )
        trained = [folder for folder in children if (folder / PLANS).is_file()]
        found += [folder for folder in trained if any(folder.glob("fold_*"))]
        level = [folder for folder in children if folder not in trained]
    return found


def _subfolders(folder: Path) -> list[Path]:
    try:
        return sorted(child for child in folder.iterdir() if child.is_dir())
    except OSError:  # a folder that may not be read holds no model for this user
        return []


def _read_json(path: Path, required: tuple[str, ...]) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise ModelError(
                f"{path} is larger than {MAX_JSON_BYTES // 2**20} MiB: nnU-Net did not write that.", _COMPLETE
            )
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path.name} is missing in {path.parent}.", _COMPLETE) from None
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read: {error}.", _COMPLETE) from error
    missing = [key for key in required if not isinstance(content, dict) or key not in content]
    if missing:
        raise ModelError(f"{path} is not nnU-Net v2's {path.name}: it has no {', '.join(missing)}.", _COMPLETE)
    if not isinstance(content.get("configurations", {}), dict):
        raise ModelError(f"The configurations of {path} are not a set of named configurations.", _COMPLETE)
    return content
