"""Bringing files into a scene in steps short enough for a window that stays alive between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from .run_nodes import RunNodes


def do_all(steps: Iterator[None]) -> Any:
    """Do at once what could be done in steps: those of a generator that yields between them; returns its result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


class StepwiseImport:
    """Calls ``work()``'s functions one after the other; where one fails, what the earlier ones added goes again.

    Args:
        scene: the ``vtkMRMLScene``.
        volume_id: id of the volume that the nodes belong to.
        run_name: see ``RunNodes``.
    """

    def __init__(self, scene: Any, volume_id: str, run_name: str) -> None:
        self._scene = scene
        self._nodes = RunNodes(scene, volume_id, run_name)

    def work(self) -> Sequence[Callable[[], None]]:
        """The functions, in this order; each takes a fraction of a second. Overridden."""
        raise NotImplementedError

    def steps(self) -> list[Callable[[], None]]:
        """What to call in this order. After the last, the result is whole."""
        return [partial(self._do, step) for step in self.work()]

    def undo(self) -> None:
        """Remove everything that was added so far."""
        self._nodes.undo()

    def _do(self, step: Callable[[], None]) -> None:
        try:
            step()
        except BaseException:
            self.undo()
            raise
