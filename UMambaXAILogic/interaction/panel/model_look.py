"""Looking at a model: what it is, or why it cannot be used. Looked at again only when its files have changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from UMambaXAILogic.engine.errors import UMambaXAIError
from UMambaXAILogic.engine.model.facts import ModelFacts, model_facts
from UMambaXAILogic.engine.model.folder import DATASET, PLANS
from UMambaXAILogic.engine.model.reference import model_path

Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class ModelLook:
    """What was seen.

    Args:
        facts: None where there is no model, or none that can be used.
        problem: why it cannot be used, and what to do; empty where it can, or where none was named.
    """

    facts: ModelFacts | None = None
    problem: str = ""


class ModelLookup:
    """Remembers what the models that were looked at are.

    Args:
        look: looks at a model's files.
    """

    def __init__(self, look: Callable[[str], ModelFacts] = model_facts) -> None:
        self._look = look
        self._seen: dict[str, tuple[Stamp, ModelLook]] = {}

    def look(self, reference: str, is_busy: bool = False) -> ModelLook:
        """What a model is.

        Args:
            reference: ``"demo"`` or a path; empty: none.
            is_busy: leave the disk alone where the model was looked at before.
        """
        if not reference:
            return ModelLook()
        seen = self._seen.get(reference)
        if seen is not None and is_busy:
            return seen[1]
        stamp = _stamp(reference)
        if seen is None or seen[0] != stamp:
            seen = self._seen[reference] = (stamp, self._fresh(reference))
        return seen[1]

    def _fresh(self, reference: str) -> ModelLook:
        try:
            return ModelLook(self._look(reference))
        except UMambaXAIError as error:
            return ModelLook(problem=f"{error.message}\n{error.remedy}".strip())


def _stamp(reference: str) -> Stamp:
    """Name, size and time of what decides what a model is; empty where there is nothing."""
    try:
        path = model_path(reference)
    except UMambaXAIError:
        return ()
    files = [path] if path.is_file() else [path, path / PLANS, path / DATASET, *sorted(path.glob("fold_*"))]
    return tuple(entry for file in files if (entry := _entry(file)) is not None)


def _entry(path: Path) -> tuple[str, int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return path.name, facts.st_size, facts.st_mtime_ns
