"""Legends for views that did not exist when a result was shown."""

from __future__ import annotations

from .key import KEYS, show_keys
from .legend import LEGEND, show_legend
from .nodes import ATTENTION, ResultNodes


def renew_legends(nodes: ResultNodes) -> None:
    """Add the legends that are shown anew: a view draws only those that were added after it was made.

    Displayable managers learn of a colour legend when it is added to the scene, and look for none that are there.
    """
    state = nodes.state
    for role in (LEGEND, *KEYS):
        legend = nodes.get(role)
        if legend is not None:
            nodes.scene.RemoveNode(legend)
    if state is None:
        return
    if nodes.get(ATTENTION) is not None:
        show_legend(nodes, state)
    show_keys(nodes, state)
