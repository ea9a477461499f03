"""What one run brought into a scene."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .result_view import ResultView


@dataclass
class ImportedResult:
    """The nodes of one run; None for what there is none of (nothing predicted, no ground truth)."""

    folder_item: int = 0
    metrics: dict[str, Any] = field(default_factory=dict)
    volume_node: Any = None
    segmentation_node: Any = None
    attention_node: Any = None
    truth_node: Any = None
    metrics_node: Any = None
    metrics_table_node: Any = None
    alignment_table_node: Any = None
    slices_table_node: Any = None
    chart_node: Any = None
    domain_table_node: Any = None
    view: ResultView | None = None

    @property
    def surface_node(self) -> Any:
        """See ``ResultView.surface_node``."""
        return None if self.view is None else self.view.surface_node

    @property
    def missed_node(self) -> Any:
        """See ``ResultView.missed_node``."""
        return None if self.view is None else self.view.missed_node
