"""The tie between controls and the scene's parameters, undone without a trace."""

from __future__ import annotations

from typing import Any


class Binding:
    """Lets controls follow a parameter node, and it them, from ``__init__`` until ``release``.

    Args:
        parameters: made by ``parameterNodeWrapper``.
        ui: holds the controls; see ``connectGui``.
    """

    def __init__(self, parameters: Any, ui: Any) -> None:
        self._parameters = parameters
        self._observers: list[int] = []
        observe = parameters.AddObserver

        def observe_and_remember(*arguments: Any) -> int:
            self._observers.append(observe(*arguments))
            return self._observers[-1]

        parameters.AddObserver = observe_and_remember
        self._tag = parameters.connectGui(ui)
        del parameters.AddObserver  # the class's own again

    def release(self) -> None:
        """Let the controls go.

        Slicer 5.10 forgets to remove its observer, and that ends the application later: Python's garbage collector
        takes the function that the node goes on to call.
        """
        self._parameters.disconnectGui(self._tag)
        for observer in self._observers:
            self._parameters.RemoveObserver(observer)
