"""Everything that is computed. Knows nothing of Slicer, VTK or Qt.

``run_case`` is loaded on first use: a door that only builds a ``Request`` (Slicer's own Python, say)
must not need torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import UMambaXAIError
from .request import Request

if TYPE_CHECKING:
    from .pipeline import CaseResult, run_case

__all__ = ["CaseResult", "Request", "UMambaXAIError", "run_case"]


def __getattr__(name: str) -> Any:
    if name in ("CaseResult", "run_case"):
        from . import pipeline

        return getattr(pipeline, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
