"""What is chosen in the panel, as the controller takes it."""

from __future__ import annotations

from dataclasses import dataclass

from .benchmark_choices import BenchmarkChoices
from .choices import RunChoices
from .node_parts import NodeParts


@dataclass(frozen=True)
class ClickedPart:
    """What was clicked, and is to be explained instead of the whole target.

    Args:
        kind: of the target, instead of the chosen one.
        part: ``component`` or ``segment``: what of it lies at the point.
        point_mm: (R, A, S) in world coordinates.
    """

    kind: str
    part: str
    point_mm: tuple[float, float, float]


@dataclass(frozen=True)
class PanelInputs:
    """What is chosen. Nodes are named by id, because they may be gone when a job ends.

    Args:
        volume_id: empty where none is chosen.
        model: ``"demo"`` or a path, empty where none is chosen.
        ground_truth_id: empty where none is chosen.
        ground_truth_is_prediction: it is what an earlier run segmented.
        ground_truth_parts: its segments or labels, and which of them count.
        region_id, region_name: of the node that bounds what is explained and measured; empty where none is chosen.
        region_parts: its segments, and which of them count.
        choices: how the run is to be done.
        threshold: attention below it is not shown.
        profile: path of a stored reference profile; empty: the model's own.
        clicked: what was clicked; None: the whole target is meant.
        benchmark: what is judged by a benchmark, and how.
        sam_checkpoint: path of a SAM; empty where none is named.
    """

    volume_id: str = ""
    volume_name: str = ""
    model: str = ""
    ground_truth_id: str = ""
    ground_truth_name: str = ""
    ground_truth_is_prediction: bool = False
    ground_truth_parts: NodeParts = NodeParts()
    region_id: str = ""
    region_name: str = ""
    region_parts: NodeParts = NodeParts()
    choices: RunChoices = RunChoices()
    threshold: float = 0.3
    profile: str = ""
    clicked: ClickedPart | None = None
    benchmark: BenchmarkChoices = BenchmarkChoices()
    sam_checkpoint: str = ""

    @property
    def target_kind(self) -> str:
        """Kind of the voxels that are explained."""
        return self.choices.target_kind if self.clicked is None else self.clicked.kind
