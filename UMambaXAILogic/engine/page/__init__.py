"""Result pages: self-contained HTML with pictures, for people.

Loaded on first use: who only needs one of the parts, a grey window say, must not need matplotlib.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .case_page import build_case_page
    from .demo_page import build_demo_page

__all__ = ["build_case_page", "build_demo_page"]


def __getattr__(name: str) -> Any:
    if name == "build_case_page":
        from .case_page import build_case_page

        return build_case_page
    if name == "build_demo_page":
        from .demo_page import build_demo_page

        return build_demo_page
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
