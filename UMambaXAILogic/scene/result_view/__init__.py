"""A result's views: each way to show it in a file of its own, ``ResultView`` to choose among them."""

from __future__ import annotations

from .layers import keep_layer_files, layer_files, set_layer_files
from .nodes import ResultNodes, add_result_nodes, find_result_of, find_results
from .showing import Showing
from .state import ATTENTION_MODES, MASK_MODES, MEAN, ViewState
from .view import ResultView

__all__ = [
    "ATTENTION_MODES",
    "MASK_MODES",
    "MEAN",
    "ResultNodes",
    "ResultView",
    "Showing",
    "ViewState",
    "add_result_nodes",
    "find_result_of",
    "find_results",
    "keep_layer_files",
    "layer_files",
    "set_layer_files",
]
