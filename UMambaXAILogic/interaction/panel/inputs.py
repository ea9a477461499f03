"""What is chosen in the panel, as the controller takes it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PanelInputs:
    """What is chosen. Nodes are named by id, because they may be gone when a job ends.

    Args:
        volume_id: empty where none is chosen.
        model: ``"demo"`` or a path, empty where none is chosen.
        ground_truth_id: empty where none is chosen.
        threshold: attention below it is not shown.
        profile: path of a stored reference profile; empty: the model's own.
    """

    volume_id: str = ""
    volume_name: str = ""
    model: str = ""
    ground_truth_id: str = ""
    ground_truth_name: str = ""
    threshold: float = 0.3
    profile: str = ""
