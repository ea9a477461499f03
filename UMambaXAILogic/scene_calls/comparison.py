"""Two attention maps compared, from the console."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from UMambaXAILogic.scene.comparison.comparison import Comparison, compare_maps
from UMambaXAILogic.scene.comparison.maps import MapChoice
from UMambaXAILogic.scene.comparison.views import leave_side_by_side, show_side_by_side
from UMambaXAILogic.scene.result_view import ResultView
from UMambaXAILogic.scene.subject_hierarchy import folder_of

from .results import SegmentAndExplainResult, view_of


@dataclass(frozen=True)
class MapComparison:
    """Two maps of one volume, A and B.

    Args:
        numbers: the fields of ``scene.comparison.agreement.Agreement`` by name: ``pearson``, ``spearman``, ``iou`` and
            so on; None where one cannot be computed.
        differenceNode: A - B, float32 in [-1, 1].
        tableNode: the numbers in words.
        folderItem: the subject hierarchy item of the folder that holds both.
    """

    numbers: dict[str, float | int | None]
    differenceNode: Any
    tableNode: Any
    folderItem: int
    _comparison: Comparison = field(repr=False)

    def show(self) -> None:
        """Show A, B and A - B side by side in linked slice views, with the numbers beside them.

        Raises:
            InputError: a result of the comparison was removed.
        """
        show_side_by_side(self._comparison)

    def hide(self) -> None:
        """Go back to the layout that ``show`` found."""
        leave_side_by_side(self._comparison.scene)


def compare(
    first: SegmentAndExplainResult | ResultView,
    second: SegmentAndExplainResult | ResultView,
    layers: tuple[str, str],
    threshold: float | None,
    replace: bool,
) -> MapComparison:
    """See ``UMambaXAILogic.compareMaps``."""
    views = [view_of(result) for result in (first, second)]
    choices = [MapChoice(view.nodes, layer) for view, layer in zip(views, layers, strict=True)]
    chosen = views[0].state.threshold if threshold is None else threshold
    comparison = compare_maps(choices[0], choices[1], chosen, replace)
    return MapComparison(
        numbers=asdict(comparison.agreement),
        differenceNode=comparison.difference_node,
        tableNode=comparison.table_node,
        folderItem=folder_of(comparison.scene, comparison.difference_node),
        _comparison=comparison,
    )
