"""Result pages: self-contained HTML with pictures, for people."""

from __future__ import annotations

from .case_page import build_case_page
from .demo_page import build_demo_page

__all__ = ["build_case_page", "build_demo_page"]
