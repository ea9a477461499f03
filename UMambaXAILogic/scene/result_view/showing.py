"""Showing a result without blocking the window: a step a turn of the event loop, and only what was asked for last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from UMambaXAILogic.engine.errors import UMambaXAIError

from .nodes import ResultNodes

#: Is told that everything is shown, or why not.
OnEnd = Callable[[UMambaXAIError | None], None]


class Stepwise(Protocol):
    """What can be shown in steps: a ``ResultView``, or a comparison of two."""

    nodes: ResultNodes

    def steps(self, **changes: Any) -> Iterator[None]:
        """As ``ResultView.steps``."""


class Showing:
    """Takes the steps of ``ResultView.steps`` on an event loop; one for all results that a window shows.

        showing = Showing(runner.call_later)
        showing.start(view, on_end, attention="contours", threshold=0.4)
        showing.stop()  # the scene closes, or the window does

    A request takes the place of one that is not done: a slider that is dragged computes what it shows last, not all
    that it passed. A result that is removed meanwhile ends it quietly.

    Args:
        call_later: calls a function once, as soon as the event loop turns: ``Runner.call_later``.
    """

    def __init__(self, call_later: Callable[[float, Callable[[], None]], Any]) -> None:
        self._call_later = call_later
        self._view: Stepwise | None = None
        self._steps: Iterator[None] = iter(())
        self._on_end: OnEnd = _nobody_listens
        self._is_turn_due = False

    @property
    def is_running(self) -> bool:
        """Whether there are steps left."""
        return self._view is not None

    def start(self, view: Stepwise, on_end: OnEnd | None = None, **changes: Any) -> None:
        """Begin to show a result and return at once; ``view.state`` is what will be shown.

        Args:
            view: of the result; the panel may make a new one each time.
            on_end: called once, at the end: with None, or with what went wrong (the view then is as it was). Not
                called where a newer request or ``stop`` came before the end.
            changes: as in ``ResultView.show``.

        Raises:
            UsageError, InputError: what cannot be shown, as ``ResultView.show``; an older request goes on then.
        """
        steps = view.steps(**changes)
        self._view, self._steps, self._on_end = view, steps, on_end or _nobody_listens
        if not self._is_turn_due:
            self._take_turn()

    def stop(self) -> None:
        """Take no further step. Harmless where nothing runs."""
        self._view, self._steps, self._on_end = None, iter(()), _nobody_listens

    def _take_turn(self) -> None:
        self._is_turn_due = True
        self._call_later(0.0, self._next_step)

    def _next_step(self) -> None:
        self._is_turn_due = False
        if self._view is None:
            return
        if not self._view.nodes.are_there:
            self._end(None)
            return
        try:
            next(self._steps)
        except StopIteration:
            self._end(None)
        except UMambaXAIError as error:
            self._end(error)
        except Exception as error:
            self._end(_unexpected(error))
            raise  # to sys.excepthook, with its traceback
        else:
            self._take_turn()

    def _end(self, error: UMambaXAIError | None) -> None:
        on_end = self._on_end
        self.stop()
        on_end(error)


def _unexpected(error: Exception) -> UMambaXAIError:
    return UMambaXAIError(
        f"The result could not be shown: {type(error).__name__}: {error}",
        "This is a bug in UMambaXAI: please report it with the lines above from the Python console.",
    )


def _nobody_listens(error: UMambaXAIError | None) -> None:
    """In place of a listener."""
