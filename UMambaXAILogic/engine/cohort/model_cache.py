"""One model a process: loaded for the first case, kept for the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..device import resolve_device

if TYPE_CHECKING:
    import torch

    from ..model.loading import Model


class ModelCache:
    """Keeps the model that was asked for last, with the device it is on; another one takes its place.

    A word such as ``auto`` stands for the same device every time: asked anew, a second GPU would have more free memory
    than the one that holds the model.
    """

    def __init__(self) -> None:
        self._key: object = None
        self._model: Model | None = None
        self._devices: dict[str, str] = {}

    def device(self, name: str) -> str:
        """The device that a user's word stands for in this process.

        Raises:
            UsageError, NotInstalledError: as ``resolve_device``.
        """
        if name not in self._devices:
            self._devices[name] = str(resolve_device(name))
        return self._devices[name]

    def load(
        self, reference: str, *, folds: tuple[int | str, ...] | None, device: torch.device, scan_backend: str
    ) -> Model:
        """As ``load_model``, from memory where it is there.

        Raises:
            ModelError, UsageError, NotInstalledError: as ``load_model``.
        """
        from ..model.loading import load_model  # torch takes seconds

        key = (reference, folds, str(device), scan_backend)
        if self._model is None or key != self._key:
            self._model = None  # before the next one is loaded: two may not fit
            self._model = load_model(reference, folds=folds, device=device, scan_backend=scan_backend)
            self._key = key
        return self._model
